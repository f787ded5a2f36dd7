"""Frozen features on disk: a safetensors file a picture, memory-mapped when it is read. Any number of processes and of
runs share them; a file is there whole or not at all."""
from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import PIL
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .checkpoint import sync_folder
from .images import CLIP_MEAN, CLIP_STD, PAD_COLOUR
from .model import FlexAttentionLlava

FORMAT = 1  # raise it when `images.py` or `vision.py` come to compute other numbers
STALE = 3600.0  # seconds after which nobody finishes a half-written file any more


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


class FeatureCache:
    """`folder/<tower, preprocessing, type>/<picture>.safetensors`."""

    def __init__(self, folder: Path, model: FlexAttentionLlava, images: Path, dtype: torch.dtype) -> None:
        self.folder, self.images, self.highres = folder / tower_identity(model, dtype), images, model.highres
        tokens = model.c.low_tokens + (model.c.high_tokens if model.highres else 0)
        self.picture_bytes = tokens * model.c.vision.hidden_size * dtype.itemsize
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("*.partial"):
            if time.time() - left.stat().st_mtime > STALE:
                left.unlink(missing_ok=True)

    def check_room(self, pictures: Set[str | None]) -> None:
        """Refuses to begin what would fill the disk."""
        missing = sum(not self.file(key).exists() for key in pictures)
        needed, free = missing * self.picture_bytes, shutil.disk_usage(self.folder).free
        if needed > free:
            raise ValueError(
                f"settings.featureCacheFolder: the features of {missing} pictures take {needed / 1e9:.1f} GB, "
                f"{free / 1e9:.1f} GB are free in {self.folder}; name a folder on another disk, or null"
            )

    def file(self, key: str | None) -> Path:
        """Where a picture's features are: named by its path, size and time, `blank` for none."""
        if key is None:
            return self.folder / "blank.safetensors"
        path = (self.images / key).resolve()
        found = path.stat()
        name = hashlib.sha256(f"{found.st_size} {found.st_mtime_ns} {path}".encode()).hexdigest()
        return self.folder / f"{name[:32]}.safetensors"

    def read(self, key: str | None) -> Features | None:
        """Features as views of the mapped file; none where there is no such file, or it lacks the high-res ones."""
        try:
            with safe_open(self.file(key), "pt") as opened:
                if self.highres and "high" not in opened.keys():
                    return None
                size = opened.metadata()
                high = opened.get_tensor("high") if self.highres else None
                return Features(opened.get_tensor("low"), high, int(size["width"]), int(size["height"]))
        except FileNotFoundError:
            return None
        except SafetensorError:  # a damaged file is written again
            return None

    def write(self, key: str | None, features: Features) -> None:
        """Two writers of one picture write the same; the last one stays."""
        target = self.file(key)
        partial = target.with_name(f"{target.stem}.{uuid.uuid4().hex}.partial")
        tensors = {"low": features.low, **({} if features.high is None else {"high": features.high})}
        size = {"width": str(features.width), "height": str(features.height)}
        save_file({name: t.contiguous() for name, t in tensors.items()}, partial, size)
        sync_folder(partial)
        os.replace(partial, target)


def tower_identity(model: FlexAttentionLlava, dtype: torch.dtype) -> str:
    """A hash of all that features depend on beside the picture."""
    c = model.c
    found = hashlib.sha256()
    programs = (torch.__version__, PIL.__version__, next(model.parameters()).device.type)
    sizes = (c.lowres_size, c.highres_size, c.zoom_ratio, CLIP_MEAN.tolist(), CLIP_STD.tolist(), PAD_COLOUR)
    found.update(repr((FORMAT, dtype, programs, sizes, c.vision)).encode())
    for name, weight in model.model.vision_tower.state_dict().items():
        found.update(name.encode())
        found.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy())
    return found.hexdigest()[:32]
