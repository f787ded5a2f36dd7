"""LLaVA whose answer rows also look at selected high-resolution tokens (FlexAttention, arXiv 2407.20228).

Shapes: B samples, T positions, R answer rows, L low-res tokens (size x size), N high-res tokens (hd x hd),
D hidden, H heads, K key/value heads, G = H / K, d of a head. Parameter names are the checkpoint's.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig
from .data import Batch
from .rotary import enlarge, rope_table, rotate
from .selection import region_of_token, select_regions
from .vision import VisionTower, shrink, tiles, untile


@dataclass
class Rows:
    """The answer rows of a batch: where they stand and what they must not see."""

    at: Tensor  # (B, R) positions, 0 where not valid
    valid: Tensor  # (B, R) bool
    future: Tensor  # (B, 1, 1, R, T) bool: columns behind each row

    def take(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, R, D)."""
        return x.gather(1, self.at[..., None].expand(-1, -1, x.shape[-1]))

    def put(self, x: Tensor, rows: Tensor, share: float) -> Tensor:
        """(B, T, D) whose valid rows become (1 - share) * old + share * new."""
        where = (self.valid.nonzero(as_tuple=True)[0], self.at[self.valid])
        mixed = (1 - share) * x[where] + share * rows[self.valid]
        return x.index_put(where, mixed.to(x.dtype))


@dataclass
class HighRes:
    """The high-resolution tokens, and what the answer rows picked of them."""

    tokens: Tensor  # (B, N, D), no gradient
    cos: Tensor  # (B or 1, 1, N, d / 2): the low-res tokens' rotary tables, enlarged
    sin: Tensor
    region: Tensor  # (N,) region of each high-res token
    columns: Tensor  # (B, R, L) positions of the low-res tokens
    has_image: Tensor  # (B, 1, 1) bool
    keep: Tensor  # (B, L) bool, False on padding
    alpha: float  # share of the joint softmax in the answer rows' output
    chosen: Tensor | None = None  # (B, R, 81) regions picked by the layer before


class RmsNorm(nn.Module):
    """x / rms(x) * weight, computed in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps)


class Attention(nn.Module):
    """Causal attention; in layers above `select_from_layer` answer rows add their selected high-res tokens."""

    def __init__(self, c: ModelConfig, layer: int, highres: bool) -> None:
        super().__init__()
        self.c, self.layer = c, layer
        q, kv = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
        self.q_proj = nn.Linear(c.hidden_size, q, bias="q_proj" in c.biases)
        self.k_proj = nn.Linear(c.hidden_size, kv, bias="k_proj" in c.biases)
        self.v_proj = nn.Linear(c.hidden_size, kv, bias="v_proj" in c.biases)
        self.o_proj = nn.Linear(q, c.hidden_size, bias="o_proj" in c.biases)
        if highres and layer > c.select_from_layer:  # lower layers have these weights too but never use them
            self.k_proj_hd = nn.Linear(c.hidden_size, kv, bias="k_proj_hd" in c.biases)
            self.v_proj_hd = nn.Linear(c.hidden_size, kv, bias="v_proj_hd" in c.biases)

    def split(self, x: Tensor) -> Tensor:  # (B, T, heads * d) -> (B, heads, T, d)
        return x.unflatten(-1, (-1, self.c.head_dim)).transpose(1, 2)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        k, v = rotate(self.split(self.k_proj(x)), cos, sin), self.split(self.v_proj(x))
        q = rotate(self.split(self.q_proj(x)), cos, sin)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])
        out = out.transpose(1, 2).flatten(2)
        if hr is not None and self.layer >= self.c.select_from_layer:
            index = rows.at[:, None, :, None].expand(-1, q.shape[1], -1, q.shape[3])
            q, scores = self.row_scores(q.gather(2, index), k, rows)
            if self.layer > self.c.select_from_layer:
                out = rows.put(out, self.joint(q, scores, v, hr), hr.alpha)
            self.select(scores, hr)
        return self.o_proj(out)

    def forward_rows(self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None) -> Tensor:
        """(B, T, D) -> (B, R, D): the same for the last layer, where only the answer rows are ever read."""
        k, v = rotate(self.split(self.k_proj(x)), cos, sin), self.split(self.v_proj(x))
        q = rotate(self.split(self.q_proj(rows.take(x))), cos[rows.at][:, None], sin[rows.at][:, None])
        q, scores = self.row_scores(q, k, rows)
        out = self.merge(scores.softmax(-1).flatten(2, 3).to(v.dtype) @ v, rows.at.shape[1])
        if hr is not None and self.layer > self.c.select_from_layer:
            out = (1 - hr.alpha) * out + hr.alpha * self.joint(q, scores, v, hr)
        return self.o_proj(out)

    def row_scores(self, q: Tensor, k: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """q (B, H, R, d) -> q grouped and scaled (B, K, G * R, d), causal scores (B, K, G, R, T) in float32."""
        q = q.unflatten(1, (k.shape[1], -1)).flatten(2, 3) * self.c.head_dim**-0.5
        scores = (q @ k.transpose(2, 3)).float().unflatten(2, (-1, rows.at.shape[1]))
        return q, scores.masked_fill(rows.future, -torch.inf)

    def merge(self, out: Tensor, rows: int) -> Tensor:
        """(B, K, G * R, d) -> (B, R, H * d)."""
        return out.unflatten(2, (-1, rows)).permute(0, 3, 1, 2, 4).flatten(2)

    def joint(self, q: Tensor, scores: Tensor, v: Tensor, hr: HighRes) -> Tensor:
        """One softmax over ordinary scores and the selected high-res tokens -> (B, R, H * d)."""
        kh = rotate(self.split(self.k_proj_hd(hr.tokens)), hr.cos, hr.sin)  # (B, K, N, d)
        high = (q @ kh.transpose(2, 3)).float().unflatten(2, scores.shape[2:4])  # (B, K, G, R, N)
        picked = hr.chosen.index_select(-1, hr.region)[:, None, None]
        w = torch.cat([scores, high.masked_fill(~picked, -torch.inf)], -1).softmax(-1).flatten(2, 3).to(v.dtype)
        low, high = w.split([scores.shape[-1], len(hr.region)], -1)  # (B, K, G * R, T), (B, K, G * R, N)
        return self.merge(low @ v + self.high_values(high, hr.tokens), scores.shape[3])

    def high_values(self, w: Tensor, tokens: Tensor) -> Tensor:
        """Weights (B, K, G * R, N) times v_proj_hd(tokens) -> (B, K, G * R, d).

        Few rows: weigh the tokens first and project the sums, which is the same and spares the (B, N, K * d) values.
        """
        b, kv, few, n = w.shape
        if kv * few > self.v_proj_hd.out_features:
            return w @ self.split(self.v_proj_hd(tokens))
        sums = (w.flatten(1, 2) @ tokens.to(w.dtype)).view(b, kv, few, -1)  # (B, K, G * R, D)
        weight = self.v_proj_hd.weight.unflatten(0, (kv, -1)).to(w.dtype)  # (K, d, D)
        out = sums @ weight.transpose(1, 2)
        if self.v_proj_hd.bias is not None:
            out = out + w.sum(-1, keepdim=True) * self.v_proj_hd.bias.view(kv, 1, -1)
        return out

    @torch.no_grad()
    def select(self, scores: Tensor, hr: HighRes) -> None:
        """Picks the next layer's regions from ordinary attention alone, even where the output used both."""
        mass = scores.softmax(-1).sum((1, 2)).gather(2, hr.columns)  # (B, R, L)
        hr.chosen = select_regions(mass, hr.keep, self.c.threshold) & hr.has_image


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

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None) -> Tensor:
        """(B, T, D) -> (B, T, D); the last layer gives its answer rows alone, (B, R, D)."""
        h = self.input_layernorm(x)
        if self.last:
            x = rows.take(x) + self.self_attn.forward_rows(h, cos, sin, rows, hr)
        else:
            x = x + self.self_attn(h, cos, sin, rows, hr)
        return x + self.mlp(self.post_attention_layernorm(x))


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
        self.model = Body(c, highres)
        self.lm_head = nn.Linear(c.hidden_size, c.vocab_size, bias=False)
        if c.tied:
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
        for layer in self.model.layers:
            x = layer(x, cos, sin, rows, hr)
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
