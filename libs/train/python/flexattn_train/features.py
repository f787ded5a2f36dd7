"""Pictures of a batch as CLIP features. A frozen tower's features are computed once per picture and kept."""
from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .data import Sample
from .images import Picture, blank_picture, load_picture
from .model import FlexAttentionLlava


@dataclass(frozen=True)
class Features:
    """CLIP features of one picture and its size before padding."""

    low: Tensor  # (L, Dv)
    high: Tensor | None  # (N, Dv)
    width: int
    height: int

    def bytes(self) -> int:
        """Memory that keeping this takes."""
        return sum(t.numel() * t.element_size() for t in (self.low, self.high) if t is not None)


class FeatureStore:
    """Reads pictures ahead in threads; keeps frozen features in memory up to a limit."""

    def __init__(self, model: FlexAttentionLlava, images: Path, cache_bytes: int, device: torch.device) -> None:
        self.model, self.images, self.device = model, images, device
        tower = model.model.vision_tower
        self.frozen = not any(p.requires_grad for p in tower.parameters())
        self.free = cache_bytes if self.frozen else 0
        self.kept: dict[str | None, Features] = {}
        self.reading: dict[str | None, Future[Picture]] = {}
        self.pool = ThreadPoolExecutor(max_workers=4)

    def request(self, samples: Iterable[Sample]) -> None:
        """Starts to read the pictures of samples that come next."""
        for key in {s.image for s in samples if s.image_begin >= 0} - self.kept.keys() - self.reading.keys():
            self.reading[key] = self.pool.submit(self._read, key)

    def of(self, samples: list[Sample]) -> tuple[Tensor, Tensor | None, list[tuple[int, int]]]:
        """low (I, L, Dv) and high (I, N, Dv) of the samples with image tokens, in order; every sample's size."""
        self.request(samples)
        keys = [s.image for s in samples if s.image_begin >= 0]
        missing = sorted(set(keys) - self.kept.keys(), key=str)
        fresh = self._compute(missing) if missing else {}
        found = [fresh.get(k) or self.kept[k] for k in keys]
        sizes = iter((f.width, f.height) for f in found)
        c = self.model.c
        if not found:
            empty = torch.zeros(0, c.low_tokens, c.vision.hidden_size, device=self.device)
            return empty, empty.new_zeros(0, c.high_tokens, c.vision.hidden_size), [(1, 1)] * len(samples)
        low = torch.stack([f.low for f in found]).to(self.device, non_blocking=True)
        high = [f.high for f in found if f.high is not None]
        return (
            low,
            torch.stack(high).to(self.device, non_blocking=True) if high else None,
            [next(sizes) if s.image_begin >= 0 else (1, 1) for s in samples],
        )

    def _read(self, key: str | None) -> Picture:
        size = self.model.c.highres_size
        return blank_picture(size) if key is None else load_picture(self.images / key, size)

    def _compute(self, keys: list[str | None]) -> dict[str | None, Features]:
        pictures = [self.reading.pop(k).result() for k in keys]
        pixels = torch.stack([p.pixels for p in pictures]).to(self.device)
        with torch.set_grad_enabled(not self.frozen):
            low, high = self.model.features(pixels)
        fresh = {}
        for i, (key, p) in enumerate(zip(keys, pictures)):
            features = Features(low[i], None if high is None else high[i], p.width, p.height)
            fresh[key] = features
            self._keep(key, features)
        return fresh

    def _keep(self, key: str | None, features: Features) -> None:
        if features.bytes() > self.free:
            return
        self.free -= features.bytes()
        high = None if features.high is None else features.high.to("cpu", copy=True)
        self.kept[key] = Features(features.low.to("cpu", copy=True), high, features.width, features.height)
