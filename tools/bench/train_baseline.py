"""The trainer, with its own attention or with that of the published code: both sides of `npm run bench -- train`.

Everything but the attention is the same program: data, projector, loss, optimiser, weights. A line on standard input
starts each step; each step's JSON line gets its wall-clock and CPU seconds.

    python train_baseline.py ours|published [--random] [what flexattn_train.train takes]
"""
from __future__ import annotations

import os
import resource
import sys
import time

import torch
from torch import Tensor, nn

from flexattn_train import checkpoint, model, train
from flexattn_train.attention import Attention, HighRes, Rows
from flexattn_train.rotary import rotate
from flexattn_train.selection import select_regions

MASKED = -65504.0  # what the published masks add


class PublishedAttention(Attention):
    """Eager attention of the published code, as many key/value heads as heads.

    Above the selecting layer all high-res tokens are projected in every layer, every row is scored against all of
    them under a full additive mask, there are two float32 softmaxes and two products with the values, and every row
    blends the two. A selecting layer keeps the whole attention tensor and takes some of its rows.
    """

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None, chosen: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """(B, T, D) -> (B, T, D); chosen: regions (B, R, 81) that the layer before picked -> those that this one picks."""
        t = x.shape[1]
        q, k = (rotate(self.split(p(x)), cos, sin) for p in (self.q_proj, self.k_proj))
        v = self.split(self.v_proj(x))
        causal = torch.full((t, t), MASKED, device=x.device).triu(1)
        scores = q @ k.transpose(2, 3) * self.c.head_dim**-0.5  # (B, H, T, T)
        weights = (scores + causal).softmax(-1, dtype=torch.float32).to(v.dtype)
        out = weights @ v
        if hr is not None and chosen is not None:
            kh = rotate(self.split(self.k_proj_hd(hr.tokens)), hr.cos, hr.sin)
            vh = self.split(self.v_proj_hd(hr.tokens))
            high = q @ kh.transpose(2, 3) * self.c.head_dim**-0.5  # (B, H, T, N)
            mask = torch.cat([causal.expand(len(x), 1, t, t), self.high_mask(x, rows, hr, chosen)], -1)
            both = (torch.cat([scores, high], -1) + mask).softmax(-1, dtype=torch.float32).to(v.dtype)
            out = (1 - hr.alpha) * out + hr.alpha * (both @ torch.cat([v, vh], 2))
        picked = self.pick(weights, rows, hr) if hr is not None and self.layer >= self.c.select_from_layer else None
        return self.o_proj(out.transpose(1, 2).flatten(2)), picked

    def forward_rows(
        self, x: Tensor, cos: Tensor, sin: Tensor, rows: Rows, hr: HighRes | None, chosen: Tensor | None
    ) -> Tensor:
        """(B, T, D) -> (B, R, D): all rows are computed, in the last layer too."""
        return rows.take(self.forward(x, cos, sin, rows, hr, chosen)[0])

    def high_mask(self, x: Tensor, rows: Rows, hr: HighRes, chosen: Tensor) -> Tensor:
        """(B, 1, T, N): 0 where a row may see a high-res token."""
        mask = torch.full((*x.shape[:2], len(hr.region)), MASKED, device=x.device)
        seen = torch.zeros_like(mask[:, :1].expand(-1, chosen.shape[1], -1))
        seen = seen.masked_fill(~chosen.index_select(-1, hr.region), MASKED)
        where = (rows.valid.nonzero(as_tuple=True)[0], rows.at[rows.valid])
        return mask.index_put(where, seen[rows.valid])[:, None]

    @torch.no_grad()
    def pick(self, weights: Tensor, rows: Rows, hr: HighRes) -> Tensor:
        """(B, H, T, T) -> the next layer's regions (B, R, 81)."""
        mass = rows.take(weights.float().sum(1)).gather(2, hr.columns)
        return select_regions(mass, hr.keep, self.c.threshold) & hr.has_image


class Turns:
    """Stands in for `say`: after the first line and after every step it waits until it is told to go on."""

    def __init__(self) -> None:
        self.say, self.began = train.say, (0.0, 0.0)

    def __call__(self, ranks, **fields: object) -> None:
        """Says the line; a step's with `seconds`, `cpuSeconds` and `peakRss` (bytes)."""
        if ranks.device.type == "cuda":
            torch.cuda.synchronize()
        if fields["event"] == "step":
            wall, cpu = (now - then for now, then in zip(_now(), self.began))
            fields |= {"seconds": wall, "cpuSeconds": cpu, "peakRss": _peak_rss()}
        self.say(ranks, **fields)
        if fields["event"] != "done":
            if not sys.stdin.readline():
                sys.exit(1)  # nobody measures any more
            self.began = _now()


def _now() -> tuple[float, float]:
    times = os.times()
    return time.perf_counter(), times.user + times.system


def _peak_rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def load_random(*arguments: object) -> nn.Module:
    """The checkpoint's shapes with random matrices: its file may be all zeros."""
    loaded = checkpoint.load_model(*arguments)
    generator = torch.Generator(next(loaded.parameters()).device).manual_seed(1)
    with torch.no_grad():
        for name, p in loaded.named_parameters():
            if "lora_" in name:
                continue
            if p.ndim > 1:
                p.normal_(0.0, 0.02, generator=generator)
            else:
                p.fill_(0.0 if name.endswith(".bias") else 1.0)
    return loaded


def main() -> int:
    """The trainer's own command line behind the two words."""
    side, *arguments = sys.argv[1:]
    if side == "published":
        model.Attention = PublishedAttention
    if arguments[0] == "--random":
        train.load_model = load_random
        arguments = arguments[1:]
    train.say = Turns()
    sys.argv[1:] = arguments
    return train.main()


if __name__ == "__main__":
    sys.exit(main())
