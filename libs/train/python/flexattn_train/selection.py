"""Which high-resolution regions a row picks from its ordinary attention."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

POOL = 9  # the selection grid is POOL x POOL regions


def keep_map(size: int, width: int, height: int) -> Tensor:
    """(size * size,) bool: low-res tokens that are picture, not padding. Width and height: pixels before padding."""
    margin = int((abs(width - height) // 2) / max(width, height) * size)
    keep = torch.ones(size, size, dtype=torch.bool)
    if margin and width > height:
        keep[:margin] = keep[-margin:] = False
    elif margin:
        keep[:, :margin] = keep[:, -margin:] = False
    return keep.flatten()


def select_regions(mass: Tensor, keep: Tensor, threshold: int) -> Tensor:
    """mass (B, R, L): attention on the low-res tokens summed over heads; keep (B, L) -> bool (B, R, POOL * POOL).

    A row whose mass is the same everywhere selects nothing: 0 / 0 is not above any threshold.
    """
    a = mass.masked_fill(~keep[:, None], 0.0)
    lo, hi = a.amin(-1, keepdim=True), a.amax(-1, keepdim=True)
    hot = (a - lo) / (hi - lo) * 255 > threshold
    size = round(mass.shape[-1] ** 0.5)
    if size == POOL:  # pooling 9 x 9 to 9 x 9 is the identity
        return hot
    return F.adaptive_max_pool2d(hot.float().unflatten(-1, (size, size)), POOL).flatten(2) > 0


def region_of_token(hd: int, device: torch.device) -> Tensor:
    """(hd * hd,) long: the region of each high-res token (nearest-neighbour enlargement of the POOL grid)."""
    side = torch.arange(hd, device=device) * POOL // hd
    return (side[:, None] * POOL + side).flatten()
