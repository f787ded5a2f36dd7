"""Attention whose answer rows also look at selected high-resolution tokens. Shapes as in `model.py`."""
from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig
from .rotary import rotate
from .selection import select_regions


GATHER_BELOW = 0.75  # share of the high-res tokens up to which the picked ones are gathered


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


@dataclass(frozen=True)
class HighRes:
    """The high-resolution tokens of a batch."""

    tokens: Tensor  # (B, N, D), no gradient
    cos: Tensor  # (B or 1, 1, N, d / 2): the low-res tokens' rotary tables, enlarged
    sin: Tensor
    region: Tensor  # (N,) region of each high-res token
    columns: Tensor  # (B, R, L) positions of the low-res tokens
    has_image: Tensor  # (B, 1, 1) bool
    keep: Tensor  # (B, L) bool, False on padding
    alpha: float  # share of the joint softmax in the answer rows' output

    def of(self, chosen: Tensor) -> tuple[HighRes, Tensor]:
        """What any row of each sample picked, padded to the longest, and which of it each row picked (B, R, M).

        chosen (B, R, 81). Where little would be spared, all N are taken: gathering costs a copy.
        """
        picked = chosen.index_select(-1, self.region)  # (B, R, N)
        union = picked.any(1)
        most = int(union.sum(-1).max())
        if most > GATHER_BELOW * union.shape[-1]:
            return self, picked
        at = union.byte().argsort(dim=-1, descending=True, stable=True)[:, :most]  # (B, M)
        some = replace(
            self,
            tokens=self.tokens.gather(1, at[..., None].expand(-1, -1, self.tokens.shape[-1])),
            cos=_gather_table(self.cos, at),
            sin=_gather_table(self.sin, at),
        )
        return some, picked.gather(2, at[:, None].expand(-1, picked.shape[1], -1))


def _gather_table(table: Tensor, at: Tensor) -> Tensor:
    """(B or 1, 1, N, d / 2) at (B, M) -> (B, 1, M, d / 2)."""
    index = at[:, None, :, None].expand(-1, 1, -1, table.shape[-1])
    return table.expand(len(at), -1, -1, -1).gather(2, index)


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

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None, chosen: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """(B, T, D) -> (B, T, D); chosen: regions (B, R, 81) that the layer before picked -> those that this one picks."""
        k, v = rotate(self.split(self.k_proj(x)), cos, sin), self.split(self.v_proj(x))
        q = rotate(self.split(self.q_proj(x)), cos, sin)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])
        out = out.transpose(1, 2).flatten(2)
        if hr is not None and self.layer >= self.c.select_from_layer:
            index = rows.at[:, None, :, None].expand(-1, q.shape[1], -1, q.shape[3])
            q, scores = self.row_scores(q.gather(2, index), k, rows)
            if chosen is not None:
                out = rows.put(out, self.joint(q, scores, v, hr, chosen), hr.alpha)
            chosen = self.select(scores, hr)
        return self.o_proj(out), chosen

    def forward_rows(
        self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None, chosen: Tensor | None
    ) -> Tensor:
        """(B, T, D) -> (B, R, D): the same for the last layer, where only the answer rows are ever read."""
        k, v = rotate(self.split(self.k_proj(x)), cos, sin), self.split(self.v_proj(x))
        q = rotate(self.split(self.q_proj(rows.take(x))), cos[rows.at][:, None], sin[rows.at][:, None])
        q, scores = self.row_scores(q, k, rows)
        out = self.merge(scores.softmax(-1).flatten(2, 3).to(v.dtype) @ v, rows.at.shape[1])
        if hr is not None and chosen is not None:
            out = (1 - hr.alpha) * out + hr.alpha * self.joint(q, scores, v, hr, chosen)
        return self.o_proj(out)

    def row_scores(self, q: Tensor, k: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
        """q (B, H, R, d) -> q grouped and scaled (B, K, G * R, d), causal scores (B, K, G, R, T) in float32."""
        q = q.unflatten(1, (k.shape[1], -1)).flatten(2, 3) * self.c.head_dim**-0.5
        scores = (q @ k.transpose(2, 3)).float().unflatten(2, (-1, rows.at.shape[1]))
        return q, scores.masked_fill(rows.future, -torch.inf)

    def merge(self, out: Tensor, rows: int) -> Tensor:
        """(B, K, G * R, d) -> (B, R, H * d)."""
        return out.unflatten(2, (-1, rows)).permute(0, 3, 1, 2, 4).flatten(2)

    def joint(self, q: Tensor, scores: Tensor, v: Tensor, hr: HighRes, chosen: Tensor) -> Tensor:
        """One softmax over ordinary scores and the M selected high-res tokens -> (B, R, H * d).

        Written out, for few rows: `select` reads the ordinary scores anyway, which
        `scaled_dot_product_attention` keeps to itself, and `high_values` needs the weights.
        """
        hr, picked = hr.of(chosen)
        kh = rotate(self.split(self.k_proj_hd(hr.tokens)), hr.cos, hr.sin)  # (B, K, M, d)
        high = (q @ kh.transpose(2, 3)).float().unflatten(2, scores.shape[2:4])  # (B, K, G, R, M)
        high = high.masked_fill(~picked[:, None, None], -torch.inf)
        w = torch.cat([scores, high], -1).softmax(-1).flatten(2, 3).to(v.dtype)
        low, high = w.split([scores.shape[-1], picked.shape[-1]], -1)  # (B, K, G * R, T), (B, K, G * R, M)
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
    def select(self, scores: Tensor, hr: HighRes) -> Tensor:
        """The next layer's regions (B, R, 81), from ordinary attention alone, even where the output used both."""
        mass = scores.softmax(-1).sum((1, 2)).gather(2, hr.columns)  # (B, R, L)
        return select_regions(mass, hr.keep, self.c.threshold) & hr.has_image
