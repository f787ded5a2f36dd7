"""Rotary positions: tables, their enlargement for high-resolution tokens, and the rotation with its own gradient."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def rope_table(positions: int, d: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """cos and sin, each (positions, d / 2), float32: the two halves of d share them."""
    inverse = 1.0 / theta ** (torch.arange(0, d, 2, dtype=torch.float32, device=device) / d)
    angle = torch.outer(torch.arange(positions, dtype=torch.float32, device=device), inverse)
    return angle.cos(), angle.sin()


def enlarge(table: Tensor, hd: int) -> Tensor:
    """(B, L, d / 2) -> (B, 1, N, d / 2): plain bicubic interpolation, a = -0.75, clamped border.

    High-res tokens take no positions of their own; they stand between the low-res ones.
    """
    size = round(table.shape[1] ** 0.5)
    grid = table.transpose(1, 2).unflatten(2, (size, size))  # (B, d / 2, size, size)
    big = F.interpolate(grid, size=(hd, hd), mode="bicubic", align_corners=False)
    return big.flatten(2).transpose(1, 2).contiguous()[:, None]


class _Rotate(torch.autograd.Function):
    """Writes each half once, straight into the layout that attention reads: a third of the memory traffic."""

    @staticmethod
    def forward(ctx, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _turn(x, cos, sin, torch.empty(x.shape, dtype=x.dtype, device=x.device))

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        b, heads, t, d = grad.shape
        into = torch.empty(b, t, heads, d, dtype=grad.dtype, device=grad.device).transpose(1, 2)
        return _turn(grad, cos, -sin, into), None, None


def _turn(x: Tensor, cos: Tensor, sin: Tensor, out: Tensor) -> Tensor:
    (a, b), (u, v) = x.chunk(2, -1), out.chunk(2, -1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    torch.mul(a, cos, out=u).addcmul_(b, sin, value=-1)
    torch.mul(b, cos, out=v).addcmul_(a, sin)
    return out


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (B, heads, T, d) by tables that broadcast to (B, 1, T, d / 2); no gradient to the tables."""
    return _Rotate.apply(x, cos, sin)
