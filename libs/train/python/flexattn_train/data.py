"""Training samples that our tokenizer wrote (`tokens.jsonl`), and right-padded batches of them.

One line: `{"id", "image": path | null, "inputIds": [.. at most one -200 ..], "answers": [[begin, end), ..]}`.
"""
from __future__ import annotations

import json
import mmap
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .selection import keep_map

IMAGE_TOKEN = -200


@dataclass(frozen=True)
class Sample:
    """One tokenised conversation, its picture expanded to L positions."""

    id: str
    image: str | None
    tokens: list[int]  # 0 at image positions
    image_begin: int  # -1: no image tokens in the sequence
    rows: list[int]  # positions that predict an answer token
    targets: list[int]  # the token each of them predicts


def expand_sample(line: dict, low_tokens: int, max_length: int = 1 << 30) -> Sample:
    """Puts `low_tokens` positions where -200 stands, moves the answer spans, cuts at `max_length` as LLaVA does."""
    ids: list[int] = line["inputIds"]
    at = ids.index(IMAGE_TOKEN) if IMAGE_TOKEN in ids else -1
    if at >= 0 and at + low_tokens > max_length:
        end = at + low_tokens
        raise ValueError(f"sample {line['id']}: its image tokens end at {end}, above modelMaxLength {max_length}")
    tokens = ids if at < 0 else ids[:at] + [0] * low_tokens + ids[at + 1 :]
    shift = 0 if at < 0 else low_tokens - 1
    rows: list[int] = []
    for begin, end in line["answers"]:
        if not 1 <= begin <= end <= len(ids) or begin <= at < end:
            raise ValueError(f"sample {line['id']}: answer [{begin}, {end}) does not fit its {len(ids)} ids")
        moved = shift if begin > at >= 0 else 0
        rows += range(begin + moved - 1, min(end + moved, max_length) - 1)
    targets = [tokens[r + 1] for r in rows]
    return Sample(str(line["id"]), line["image"], tokens[:max_length], at, rows, targets)


class TokenFile:
    """`tokens.jsonl`, memory-mapped: one parsed line at a time, however large the file."""

    def __init__(self, path: Path, low_tokens: int, max_length: int) -> None:
        with path.open("rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        ends = np.flatnonzero(np.frombuffer(self.bytes, np.uint8) == ord("\n")) + 1
        self.begins = np.concatenate([[0], ends[:-1]])
        self.ends = ends
        self.low_tokens, self.max_length = low_tokens, max_length

    def __len__(self) -> int:
        return len(self.ends)

    def images(self) -> set[str | None]:
        """Every picture once, None for the blank one; reads the whole file."""
        lines = (json.loads(self.bytes[begin:end]) for begin, end in zip(self.begins, self.ends))
        return {line["image"] for line in lines if IMAGE_TOKEN in line["inputIds"]}

    def __getitem__(self, i: int) -> Sample:
        line = json.loads(self.bytes[self.begins[i] : self.ends[i]])
        return expand_sample(line, self.low_tokens, self.max_length)


@dataclass
class Batch:
    """Right-padded samples. Causal rows never see the padding, so it needs no mask."""

    tokens: Tensor  # (B, T) long; 0 at image positions and padding
    is_image: Tensor  # (B, T) bool
    image_begin: Tensor  # (B,) long, -1 without image tokens
    keep: Tensor  # (B, L) bool: low-res tokens that are not padding of the picture
    rows: Tensor  # (B, R) long
    targets: Tensor  # (B, R) long
    valid: Tensor  # (B, R) bool

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch(**{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


def collate(samples: Sequence[Sample], sizes: Sequence[tuple[int, int]], low_tokens: int) -> Batch:
    """Batch of samples; sizes: (width, height) before padding of each sample's picture."""
    b = len(samples)
    width = max(len(s.tokens) for s in samples)
    answers = max(1, max(len(s.rows) for s in samples))
    batch = Batch(
        tokens=torch.zeros(b, width, dtype=torch.long),
        is_image=torch.zeros(b, width, dtype=torch.bool),
        image_begin=torch.tensor([s.image_begin for s in samples]),
        keep=torch.stack([keep_map(round(low_tokens**0.5), w, h) for w, h in sizes]),
        rows=torch.zeros(b, answers, dtype=torch.long),
        targets=torch.zeros(b, answers, dtype=torch.long),
        valid=torch.zeros(b, answers, dtype=torch.bool),
    )
    for i, s in enumerate(samples):
        batch.tokens[i, : len(s.tokens)] = torch.tensor(s.tokens)
        if s.image_begin >= 0:
            batch.is_image[i, s.image_begin : s.image_begin + low_tokens] = True
        batch.rows[i, : len(s.rows)] = torch.tensor(s.rows, dtype=torch.long)
        batch.targets[i, : len(s.rows)] = torch.tensor(s.targets, dtype=torch.long)
        batch.valid[i, : len(s.rows)] = True
    return batch


@lru_cache(maxsize=2)
def epoch_order(samples: int, seed: int, epoch: int) -> list[int]:
    """The order of one epoch; the same on every machine."""
    order = list(range(samples))
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return order


def step_indices(samples: int, batch_size: int, step: int, seed: int) -> list[int]:
    """Samples of one optimiser step: a new order every epoch, one epoch after the other without a gap."""
    first = step * batch_size
    return [epoch_order(samples, seed, i // samples)[i % samples] for i in range(first, first + batch_size)]
