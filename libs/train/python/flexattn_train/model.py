"""LLaVA whose answer rows also look at selected high-resolution tokens (FlexAttention, arXiv 2407.20228).

Shapes: B samples, T positions, R answer rows, L low-res tokens (size x size), N high-res tokens (hd x hd),
D hidden, H heads, K key/value heads, G = H / K, d of a head. Parameter names are the checkpoint's.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .attention import Attention, HighRes, Rows
from .config import ModelConfig
from .data import Batch
from .rotary import enlarge, rope_table
from .selection import region_of_token
from .vision import VisionTower, shrink, tiles, untile


class RmsNorm(nn.Module):
    """x / rms(x) * weight, computed in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps)


class Mlp(nn.Module):
    """SwiGLU."""

    def __init__(self, c: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias="gate_proj" in c.biases)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias="up_proj" in c.biases)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, bias="down_proj" in c.biases)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Pre-norm decoder block."""

    def __init__(self, c: ModelConfig, layer: int, highres: bool) -> None:
        super().__init__()
        self.last = layer + 1 == c.num_hidden_layers
        self.self_attn = Attention(c, layer, highres)
        self.mlp = Mlp(c)
        self.input_layernorm = RmsNorm(c.hidden_size, c.rms_norm_eps)
        self.post_attention_layernorm = RmsNorm(c.hidden_size, c.rms_norm_eps)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None, chosen: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """(B, T, D) -> (B, T, D), the last layer gives its answer rows alone, (B, R, D); and the regions picked."""
        h = self.input_layernorm(x)
        if self.last:
            x = rows.take(x) + self.self_attn.forward_rows(h, cos, sin, rows, hr, chosen)
        else:
            out, chosen = self.self_attn(h, cos, sin, rows, hr, chosen)
            x = x + out
        return x + self.mlp(self.post_attention_layernorm(x)), chosen


def projector(c: ModelConfig) -> nn.Sequential:
    """`mlpNx_gelu`: linear layers at even indices, GELU between."""
    layers: list[nn.Module] = [nn.Linear(c.vision.hidden_size, c.hidden_size)]
    for _ in range(c.projector_depth - 1):
        layers += [nn.GELU(), nn.Linear(c.hidden_size, c.hidden_size)]
    return nn.Sequential(*layers)


class TowerHolder(nn.Module):
    """Only here so that parameter names equal the checkpoint's."""

    def __init__(self, c: ModelConfig) -> None:
        super().__init__()
        self.vision_tower = VisionTower(c.vision)


class Body(nn.Module):
    """Everything under `model.`."""

    def __init__(self, c: ModelConfig, highres: bool) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(Layer(c, i, highres) for i in range(c.num_hidden_layers))
        self.norm = RmsNorm(c.hidden_size, c.rms_norm_eps)
        self.mm_projector = projector(c)
        self.vision_tower = TowerHolder(c)


class FlexAttentionLlava(nn.Module):
    """The whole model. `highres=False` is plain LLaVA-1.5."""

    def __init__(self, c: ModelConfig, highres: bool = True) -> None:
        super().__init__()
        self.c, self.highres = c, highres
        self.picked = torch.zeros(2)  # regions that the answer rows of the last batch picked, and all that they could
        self.recompute = False  # activation checkpointing: a layer's activations are computed again in the backward pass
        self.model = Body(c, highres)
        self.lm_head = nn.Linear(c.hidden_size, c.vocab_size, bias=False)
        self.tie()

    def tie(self) -> None:
        """Lets the head be the embedding where the checkpoint says so."""
        if self.c.tied:
            self.lm_head.weight = self.model.embed_tokens.weight

    def clip(self, pixels: Tensor) -> Tensor:
        """(B, 3, s, s) -> (B, L, Dv)."""
        return self.model.vision_tower.vision_tower.vision_model(pixels)

    def features(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """CLIP features of pictures (B, 3, highres_size, highres_size): low (B, L, Dv) and high (B, N, Dv)."""
        low = self.clip(shrink(pixels, self.c.lowres_size))
        if not self.highres:
            return low, None
        with torch.no_grad():
            return low, untile(self.clip(tiles(pixels, self.c.zoom_ratio)), self.c.zoom_ratio)

    def forward(self, batch: Batch, low: Tensor, high: Tensor | None, epoch: float) -> Tensor:
        """Logits of the answer rows (all rows of the batch together, in order): (rows, vocab).

        low (I, L, Dv) and high (I, N, Dv): CLIP features of the batch's I pictures; epoch: fraction of an epoch done.
        """
        x = self.embed(batch, low)
        cos, sin = rope_table(x.shape[1], self.c.head_dim, self.c.rope_theta, x.device)
        positions = torch.arange(x.shape[1], device=x.device)
        rows = Rows(batch.rows, batch.valid, (positions > batch.rows[..., None])[:, None, None])
        hr = self.high_res(batch, high, cos, sin, epoch) if high is not None and self.highres else None
        chosen: Tensor | None = None
        seen = batch.valid & (batch.image_begin >= 0)[:, None]  # rows that have something to pick from
        picked = torch.zeros(2, device=x.device)
        for layer in self.model.layers:
            if self.recompute:
                x, chosen = checkpoint(layer, x, cos, sin, rows, hr, chosen, use_reentrant=False)
            else:
                x, chosen = layer(x, cos, sin, rows, hr, chosen)
            if chosen is not None and not layer.last:
                picked += torch.stack([chosen[seen].sum(), chosen.shape[-1] * seen.sum()])
        self.picked = picked
        return self.lm_head(self.model.norm(x[batch.valid]))

    def embed(self, batch: Batch, low: Tensor) -> Tensor:
        """(B, T, D): token embeddings with the projected low-res tokens where each sample's picture goes."""
        x = self.model.embed_tokens(batch.tokens)
        tokens = self.model.mm_projector(low)  # (I, L, D)
        return x.masked_scatter(batch.is_image[..., None], tokens.to(x.dtype))

    @torch.no_grad()
    def high_res(self, batch: Batch, high: Tensor, cos: Tensor, sin: Tensor, epoch: float) -> HighRes:
        """No gradient flows through high-res features, so their projection is computed outside the graph."""
        tokens = high.new_zeros(len(batch.tokens), high.shape[1], self.c.hidden_size)
        has_image = batch.image_begin >= 0
        tokens[has_image] = self.model.mm_projector(high).to(tokens.dtype)
        begin = batch.image_begin.clamp(min=0)
        columns = (begin[:, None] + torch.arange(self.c.low_tokens, device=begin.device)).clamp(max=len(cos) - 1)
        hd = self.c.vision.grid * self.c.zoom_ratio
        if bool((begin == begin[0]).all()):  # the usual case: every picture stands at the same position
            hcos, hsin = enlarge(cos[columns[:1]], hd), enlarge(sin[columns[:1]], hd)
        else:
            hcos, hsin = enlarge(cos[columns], hd), enlarge(sin[columns], hd)
        return HighRes(
            tokens=tokens,
            cos=hcos,
            sin=hsin,
            region=region_of_token(hd, begin.device),
            columns=columns[:, None].expand(-1, batch.rows.shape[1], -1),
            has_image=has_image[:, None, None],
            keep=batch.keep,
            alpha=min(1.0, epoch * self.c.warmup),
        )


def answer_loss(logits: Tensor, batch: Batch, answer_tokens: int) -> Tensor:
    """Sum of the cross-entropies of the batch's answer tokens over `answer_tokens` (of the whole optimiser step)."""
    return F.cross_entropy(logits.float(), batch.targets[batch.valid], reduction="sum") / answer_tokens
