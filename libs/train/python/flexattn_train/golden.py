"""Runs a golden training case (`expected.json` with `batch` and `results`) and prints how far we are from it.

    python -m flexattn_train.golden CASE
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from .checkpoint import load_model
from .data import collate, expand_sample
from .images import blank_picture, load_picture
from .model import FlexAttentionLlava, answer_loss

LOSS_TOLERANCE = 1e-4  # absolute; float32 sums in another order
GRADIENT_TOLERANCE = 1e-3  # norm of difference / norm, for the same reason


def gradients(model: FlexAttentionLlava, case: Path, lines: list[dict], epoch: float) -> tuple[float, dict]:
    """Loss of the batch and gradient of every trained parameter."""
    size, low_tokens = model.c.highres_size, model.c.low_tokens
    samples = [
        expand_sample({"id": i, "image": s["image"], "inputIds": s["input_ids"], "answers": s["answers"]}, low_tokens)
        for i, s in enumerate(lines)
    ]
    pictures = [load_picture(case / s.image, size) if s.image else blank_picture(size) for s in samples]
    batch = collate(samples, [(p.width, p.height) for p in pictures], low_tokens)
    with_image = torch.stack([p.pixels for p, s in zip(pictures, samples) if s.image_begin >= 0])
    model.zero_grad()
    low, high = model.features(with_image)
    loss = answer_loss(model(batch, low, high, epoch), batch, int(batch.valid.sum()))
    loss.backward()
    return loss.item(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def relative_error(got: torch.Tensor | None, expected: torch.Tensor) -> float:
    """Norm of the difference over the norm; 0 / 0 is 0."""
    got = torch.zeros_like(expected) if got is None else got
    difference, norm = (got - expected).norm().item(), expected.norm().item()
    return difference / norm if norm else difference


def run_case(case: Path) -> dict:
    """The JSON that `flexattn verify` prints for a training case."""
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    model = load_model(case, highres=True)
    model.model.vision_tower.requires_grad_(False)
    training = []
    for result in expected["results"]:
        loss, grads = gradients(model, case, expected["batch"], result["epoch"])
        wanted = load_file(case / result["grads"])
        errors = {name: relative_error(grads.get(name), tensor) for name, tensor in sorted(wanted.items())}
        unexpected = [name for name, grad in grads.items() if name not in wanted and grad.any()]
        close = abs(loss - result["loss"]) <= LOSS_TOLERANCE and max(errors.values()) <= GRADIENT_TOLERANCE
        ok = close and not unexpected
        training.append({"epoch": result["epoch"], "loss": loss, "gradientErrors": errors, "ok": ok})
    return {"training": training}


def main() -> int:
    """Command line. Exit 2 with one line for what the user can mend."""
    try:
        print(json.dumps(run_case(Path(sys.argv[1]))))
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
