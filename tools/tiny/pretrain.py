"""Trains the tiny world's base on coarse pictures only: first its vision tower, then LLaVA around it, lesson by lesson.

    PYTHONPATH=libs/train/python python tools/tiny/pretrain.py --base UNTRAINED --data DIR --out DIR --lesson NAME SETTINGS

DIR holds `images/`, `scenes.jsonl` and a folder with `tokens.jsonl` for each lesson. The tower's stage stands for what CLIP
brings along in a large model: each patch learns to tell which plate it shows. A lesson is the ordinary trainer without
high-resolution rows; the first ask one thing at a time, because a model that is asked several at once settles for naming
the stripes of either plate.
"""
from __future__ import annotations

import argparse
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flexattn_train.checkpoint import load_model, write_checkpoint
from flexattn_train.data import TokenFile
from flexattn_train.images import load_picture
from flexattn_train.model import FlexAttentionLlava
from flexattn_train.ranks import join_ranks
from flexattn_train.settings import Settings, freeze_parameters
from flexattn_train.train import train
from flexattn_train.vision import shrink

COLOURS, DIRECTIONS = 4, 4
CLASSES = 1 + COLOURS * DIRECTIONS  # class 0: no plate
MIXED = -1  # a patch that shows the rim of a plate: no label
SEED = 1


def patch_labels(scene: dict, grid: int) -> Tensor:
    """(grid, grid) classes of the low-resolution patches of a picture padded to a square."""
    side = max(scene["width"], scene["height"])
    cell = side / grid
    offset = (side - scene["width"]) // 2, (side - scene["height"]) // 2
    begins = torch.arange(grid) * cell
    labels = torch.zeros(grid, grid, dtype=torch.long)
    for plate in scene["plates"]:
        x, y, width, height = plate["box"]
        covered = []  # part of each column, of each row
        for start, size in ((x + offset[0], width), (y + offset[1], height)):
            end = torch.minimum(begins + cell, torch.tensor(float(start + size)))
            covered.append((end - torch.maximum(begins, torch.tensor(float(start)))).clamp(min=0) / cell)
        area = covered[1][:, None] * covered[0]
        labels[(area > 0.05) & (area < 0.4)] = MIXED
        labels[area >= 0.4] = 1 + plate["label"]
    return labels


def mirrored() -> tuple[Tensor, Tensor]:
    """What becomes of each class when a picture is mirrored (rising, falling change places) and transposed (the others do)."""
    mirror, transpose = torch.arange(CLASSES), torch.arange(CLASSES)
    for first in range(1, CLASSES, DIRECTIONS):  # horizontal, vertical, rising, falling
        transpose[[first, first + 1]] = torch.tensor([first + 1, first])
        mirror[[first + 2, first + 3]] = torch.tensor([first + 3, first + 2])
    return mirror, transpose


def renamed(labels: Tensor, table: Tensor) -> Tensor:
    """Labels after a change of classes; MIXED stays."""
    return torch.where(labels == MIXED, labels, table[labels.clamp(min=0)])


def turned(step: int, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Each step sees the pictures mirrored, transposed or both, in turn."""
    mirror, transpose = mirrored()
    if step & 1:
        pixels, labels = pixels.flip(-1), renamed(labels.flip(-1), mirror)
    if step & 2:
        pixels, labels = pixels.transpose(-1, -2), renamed(labels.transpose(-1, -2), transpose)
    if step & 4:
        pixels, labels = pixels.flip(-2), renamed(labels.flip(-2), mirror)
    return pixels, labels


def train_tower(model: FlexAttentionLlava, data: Path, steps: int, batch: int, peak: float) -> None:
    """Each patch learns its class (empty patches, which are many, count a tenth) and its own column and row."""
    c = model.c
    scenes = [json.loads(line) for line in (data / "scenes.jsonl").read_text("utf-8").splitlines()]

    def low_input(scene: dict) -> Tensor:
        return shrink(load_picture(data / "images" / scene["image"], c.highres_size).pixels[None], c.lowres_size)[0]

    with ThreadPoolExecutor(4) as pool:
        pixels = torch.stack(list(pool.map(low_input, scenes)))
    labels = torch.stack([patch_labels(scene, c.vision.grid) for scene in scenes])
    tower = model.model.vision_tower.vision_tower.vision_model
    grid = c.vision.grid
    columns = torch.arange(grid).repeat(grid)  # of each patch, row by row
    rows = torch.arange(grid).repeat_interleave(grid)
    head = nn.Linear(c.vision.hidden_size, CLASSES + 2 * grid)
    trained = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(trained, lr=peak, weight_decay=0.01)
    order = torch.Generator().manual_seed(SEED)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = peak * min((step + 1) / 50, 0.5 * (1 + math.cos(math.pi * step / steps)))
        chosen = torch.randint(len(scenes), (batch,), generator=order)
        x, y = turned(step, pixels[chosen], labels[chosen])
        logits, column, row = head(tower(x)).flatten(0, 1).split([CLASSES, grid, grid], -1)
        y = y.flatten()
        weight = torch.where(y > 0, 1.0, 0.1) * (y != MIXED)
        loss = (F.cross_entropy(logits, y.clamp(min=0), reduction="none") * weight).sum() / weight.sum()
        place = F.cross_entropy(column, columns.repeat(batch)) + F.cross_entropy(row, rows.repeat(batch))
        optimizer.zero_grad(set_to_none=True)
        (loss + place).backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        if (step + 1) % 50 == 0:
            plate = y > 0
            right = (logits.argmax(-1) == y)[plate].float().mean().item()
            print(json.dumps({"event": "tower", "step": step + 1, "loss": loss.item(), "place": place.item(), "plates": right}), flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="pretrain")
    for name in ("base", "data", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--lesson", nargs=2, action="append", required=True, metavar=("NAME", "SETTINGS"))
    parser.add_argument("--tower-steps", type=int, default=500)
    a = parser.parse_args()
    lessons = [(name, Settings.parse(settings)) for name, settings in a.lesson]
    torch.set_num_threads(lessons[0][1].threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(SEED)
    model = load_model(a.base, highres=False)
    train_tower(model, a.data, a.tower_steps, batch=64, peak=2e-3)
    for name, settings in lessons:
        freeze_parameters(model, settings.freeze)
        data = TokenFile(a.data / name / "tokens.jsonl", model.c.low_tokens, settings.model_max_length)
        train(model, data, a.data / "images", settings, join_ranks())
    write_checkpoint(a.base, a.out, dict(model.named_parameters()), {})


if __name__ == "__main__":
    main()
