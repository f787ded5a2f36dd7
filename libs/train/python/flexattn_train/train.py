"""Fine-tunes a LLaVA checkpoint, with or without FlexAttention rows. One process, or many under torchrun.

    python -m flexattn_train.train --checkpoint DIR --data DIR --images DIR --out DIR --settings JSON

Progress goes to standard output, one JSON object a line.
"""
from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from .checkpoint import load_model, write_checkpoint
from .data import Sample, TokenFile, collate, step_indices
from .features import FeatureStore
from .model import FlexAttentionLlava, answer_loss
from .ranks import Ranks, join_ranks, leave_ranks, sum_gradients, sum_value
from .settings import Settings, freeze_parameters
from .watch import end_with_stdin


def learning_rate(step: int, s: Settings) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    if step < s.warmup_steps:
        return s.learning_rate * (step + 1) / s.warmup_steps
    done = (step - s.warmup_steps) / max(1, s.steps - s.warmup_steps)
    return s.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def make_optimizer(model: nn.Module, s: Settings) -> torch.optim.AdamW:
    """AdamW; vectors (biases, norms) do not decay."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": s.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=s.learning_rate, betas=(0.9, 0.999), eps=1e-8, fused=True)


def read_batch(data: TokenFile, step: int, s: Settings) -> list[Sample]:
    """Samples of one optimiser step over all processes; none after the last."""
    return [data[i] for i in step_indices(len(data), s.batch_size, step, s.seed)] if step < s.steps else []


def train(model: FlexAttentionLlava, data: TokenFile, images: Path, s: Settings, ranks: Ranks) -> list[dict]:
    """The loop; gives the metrics of each step. The loss is the mean over all answer tokens of the global batch, so
    it does not depend on how the batch is split into processes and micro batches.
    """
    store = FeatureStore(model, images, s.feature_cache_megabytes * 1_000_000, ranks.device)
    optimizer = make_optimizer(model, s)
    trained = [p for p in model.parameters() if p.requires_grad]
    share = s.batch_size // ranks.world  # samples of this process in each step
    own = slice(ranks.rank * share, (ranks.rank + 1) * share)
    coming = read_batch(data, 0, s)
    metrics: list[dict] = []
    began = time.monotonic()
    for step in range(s.steps):
        batch, coming = coming, read_batch(data, step + 1, s)
        epoch = step * s.batch_size / len(data)
        answer_tokens = max(1, sum(len(sample.rows) for sample in batch))
        mine, next_mine = batch[own], coming[own]
        rate = learning_rate(step, s)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=ranks.device)
        for first in range(0, share, s.micro_batch_size):
            micro = mine[first : first + s.micro_batch_size]
            store.request((mine + next_mine)[first : first + 2 * s.micro_batch_size])  # reads while it computes
            with torch.autocast(ranks.device.type, torch.bfloat16, enabled=s.precision == "bfloat16"):
                low, high, sizes = store.of(micro)
                inputs = collate(micro, sizes, model.c.low_tokens).to(ranks.device)
                loss = answer_loss(model(inputs, low, high, epoch), inputs, answer_tokens)
            loss.backward()
            total += loss.detach()
        sum_gradients(trained, ranks)
        norm = nn.utils.clip_grad_norm_(trained, s.max_grad_norm).item()
        value = sum_value(total, ranks)
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise FloatingPointError(f"step {step + 1}: loss {value}, gradient norm {norm}; lower learningRate")
        optimizer.step()
        metrics.append({"step": step + 1, "loss": value, "learningRate": rate, "gradNorm": norm})
        speed = (step + 1) * s.batch_size / (time.monotonic() - began)
        say(ranks, event="step", **metrics[-1], samplesPerSecond=speed)
    return metrics


def say(ranks: Ranks, **fields: object) -> None:
    """One JSON line, from the first process only."""
    if ranks.rank == 0:
        print(json.dumps(fields), flush=True)


def run(a: argparse.Namespace) -> None:
    """Loads, trains, writes."""
    s = Settings.parse(a.settings)
    torch.set_num_threads(s.threads)
    torch.set_flush_denormal(True)  # AdamW's moments decay into denormals, which are slow on a CPU
    torch.manual_seed(s.seed)
    ranks = join_ranks()
    model = load_model(a.checkpoint, s.highres).to(ranks.device)
    freeze_parameters(model, s.freeze)
    data = TokenFile(a.data / "tokens.jsonl", model.c.low_tokens, s.model_max_length)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    say(
        ranks,
        event="start",
        python=platform.python_version(),
        torch=torch.__version__,
        device=ranks.device.type,
        processes=ranks.world,
        samples=len(data),
        parameters=sum(p.numel() for p in model.parameters()),
        trainedParameters=sum(p.numel() for p in trained.values()),
    )
    metrics = train(model, data, a.images, s, ranks)
    if ranks.rank == 0:
        lines = "".join(json.dumps(line) + "\n" for line in metrics)
        write_checkpoint(a.checkpoint, a.out, trained, {"metrics.jsonl": lines})
    leave_ranks(ranks)
    say(ranks, event="done", tensors=len(trained))


def main() -> int:
    """Command line. Exit 2 with one line for what the user can mend, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="flexattn_train.train")
    for name in ("checkpoint", "data", "images", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input does")
    arguments = parser.parse_args()
    if arguments.watch_stdin:
        end_with_stdin()
    try:
        run(arguments)
    except (OSError, ValueError, FloatingPointError, SafetensorError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
