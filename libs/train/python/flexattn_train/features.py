"""Pictures of a batch as CLIP features. A frozen tower's features are computed once per picture and kept."""
from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from .data import Sample, TokenFile
from .feature_cache import FeatureCache, Features
from .images import Picture, blank_picture, load_picture
from .model import FlexAttentionLlava
from .settings import Settings

READERS = 4  # threads; decoding, reading and writing leave Python's lock
MOST_WRITES = 32  # features that wait for the disk, at most


class FeatureStore:
    """Reads pictures ahead in threads; keeps frozen features in memory up to a limit, and on disk where settings say so."""

    def __init__(
        self, model: FlexAttentionLlava, data: TokenFile, images: Path, s: Settings, device: torch.device
    ) -> None:
        self.model, self.images, self.device = model, images, device
        self.frozen = not any(p.requires_grad for p in model.model.vision_tower.parameters())
        self.dtype = s.dtype if self.frozen else None  # products take them in this type anyway
        self.free = s.feature_cache_megabytes * 1_000_000 if self.frozen else 0
        self.kept: dict[str | None, Features] = {}
        self.reading: dict[str | None, Future[Picture | Features]] = {}
        self.writing: list[Future[None]] = []
        self.pool = ThreadPoolExecutor(max_workers=READERS)
        self.waited = 0.0  # seconds for pictures that were not read yet
        self.cache: FeatureCache | None = None
        if s.feature_cache_folder:
            if not self.frozen:
                raise ValueError("settings.featureCacheFolder: the vision tower is trained; freeze it, or name no folder")
            self.cache = FeatureCache(s.feature_cache_folder, model, images, s.dtype)
            self.cache.check_room(data.images())

    def request(self, samples: Iterable[Sample]) -> None:
        """Starts to read the pictures of samples that come next."""
        for key in {s.image for s in samples if s.image_begin >= 0} - self.kept.keys() - self.reading.keys():
            self.reading[key] = self.pool.submit(self._read, key)

    def of(self, samples: list[Sample]) -> tuple[Tensor, Tensor | None, list[tuple[int, int]]]:
        """low (I, L, Dv) and high (I, N, Dv) of the samples with image tokens, in order; every sample's size."""
        self.request(samples)
        keys = [s.image for s in samples if s.image_begin >= 0]
        missing = sorted(set(keys) - self.kept.keys(), key=str)
        fresh = self._fetch(missing) if missing else {}
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

    def close(self) -> None:
        """Waits until everything is on disk that is to be there."""
        self._finish_writes(0)
        self.pool.shutdown()

    def _read(self, key: str | None) -> Picture | Features:
        cached = self.cache.read(key) if self.cache else None
        if cached is not None:
            return cached
        size = self.model.c.highres_size
        return blank_picture(size) if key is None else load_picture(self.images / key, size)

    def _fetch(self, keys: list[str | None]) -> dict[str | None, Features]:
        began = time.monotonic()
        read = {key: self.reading.pop(key).result() for key in keys}
        self.waited += time.monotonic() - began
        pictures = {key: p for key, p in read.items() if isinstance(p, Picture)}
        fresh = self._compute(pictures) if pictures else {}
        return fresh | {key: features for key, features in read.items() if isinstance(features, Features)}

    def _compute(self, pictures: dict[str | None, Picture]) -> dict[str | None, Features]:
        pixels = torch.stack([p.pixels for p in pictures.values()]).to(self.device)
        with torch.set_grad_enabled(not self.frozen):
            low, high = self.model.features(pixels)
        if self.dtype:
            low, high = low.to(self.dtype), None if high is None else high.to(self.dtype)
        fresh = {}
        for i, (key, p) in enumerate(pictures.items()):
            fresh[key] = Features(low[i], None if high is None else high[i], p.width, p.height)
            self._keep(key, fresh[key])
        return fresh

    def _keep(self, key: str | None, features: Features) -> None:
        fits = features.bytes() <= self.free
        if not fits and not self.cache:
            return
        high = None if features.high is None else features.high.to("cpu", copy=True)
        copy = Features(features.low.to("cpu", copy=True), high, features.width, features.height)
        if fits:
            self.free -= features.bytes()
            self.kept[key] = copy
        if self.cache:
            self._finish_writes(MOST_WRITES - 1)
            self.writing.append(self.pool.submit(self.cache.write, key, copy))

    def _finish_writes(self, most: int) -> None:
        """Waits until at most `most` writes are under way; the error of one that failed is raised here."""
        while len(self.writing) > most or (self.writing and self.writing[0].done()):
            self.writing.pop(0).result()
