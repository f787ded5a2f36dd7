"""Pictures as the model sees them: padded square, PIL bicubic, CLIP statistics."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
PAD_COLOUR = (122, 116, 104)  # int(mean * 255)


@dataclass(frozen=True)
class Picture:
    """Normalised pixels and the size before padding, which selection needs."""

    pixels: Tensor  # (3, size, size) float32
    width: int
    height: int


def load_picture(path: Path, size: int) -> Picture:
    """Reads, pads, resizes to size x size and normalises one picture."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: cannot be decoded ({error}); fetch it again, or drop its samples") from error
    width, height = image.size
    square = pad_to_square(image).resize((size, size), Image.Resampling.BICUBIC)
    values = (np.asarray(square, np.float32) / np.float32(255) - CLIP_MEAN) / CLIP_STD
    return Picture(torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1))), width, height)


def blank_picture(size: int) -> Picture:
    """The zero picture of a sample without an image (zero after normalisation)."""
    return Picture(torch.zeros(3, size, size), size, size)


def pad_to_square(image: Image.Image) -> Image.Image:
    """Centres the picture on a square of the mean colour; the offset is rounded down."""
    width, height = image.size
    side = max(width, height)
    square = Image.new("RGB", (side, side), PAD_COLOUR)
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square
