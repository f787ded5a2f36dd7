"""Fine-tunes a LLaVA checkpoint, with or without FlexAttention rows. One process, or many under torchrun.

    python -m flexattn_train.train --checkpoint DIR --data DIR --images DIR --out DIR --settings JSON [--states DIR]

Progress goes to standard output, one JSON object a line.
"""
from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from .board import Board
from .checkpoint import load_model, write_checkpoint
from .data import Sample, TokenFile, collate, step_indices
from .features import FeatureStore
from .lora import add_lora, lora_updates, start_lora
from .model import FlexAttentionLlava, answer_loss
from .optimise import LossScale, make_optimizer, schedule
from .ranks import Ranks, clip_gradients, join_ranks, leave_ranks, shard, sum_gradients, sum_values, whole
from .settings import Settings, choose_parameters
from .spikes import WINDOW, is_spike
from .state import States
from .watch import Interrupts, end_with_stdin


def read_batch(data: TokenFile, step: int, s: Settings) -> list[Sample]:
    """Samples of one optimiser step over all processes; none after the last."""
    return [data[i] for i in step_indices(len(data), s.batch_size, step, s.seed)] if step < s.steps else []


def train(
    model: FlexAttentionLlava,
    data: TokenFile,
    images: Path,
    s: Settings,
    ranks: Ranks,
    states: States,
    board: Board,
) -> list[dict[str, Any]]:
    """The loop; gives the metrics of each step. The loss is the mean over all answer tokens of the global batch, so
    it does not depend on how the batch is split into processes and micro batches.
    """
    store = FeatureStore(model, data, images, s, ranks.device)
    optimizer, scale, interrupts = make_optimizer(model, s), LossScale(s), Interrupts()
    trained = [p for p in model.parameters() if p.requires_grad]
    share = s.batch_size // ranks.world  # samples of this process in each step
    own = slice(ranks.rank * share, (ranks.rank + 1) * share)
    metrics = resume(model, optimizer, scale, states, ranks)
    done, tokens, waited, began = len(metrics), 0, 0.0, time.monotonic()
    coming = read_batch(data, done, s)
    for step in range(done, s.steps):
        batch, coming = coming, read_batch(data, step + 1, s)
        epoch = step * s.batch_size / len(data)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * schedule(step, s)
        optimizer.zero_grad(set_to_none=True)
        answer_tokens = max(1, sum(len(sample.rows) for sample in batch))
        sums = gradients(model, store, batch[own], coming[own], epoch, answer_tokens, scale.value, s, ranks)
        sum_gradients(trained, ranks)
        for p in trained if scale.active else ():
            p.grad.div_(scale.value)
        norm = clip_gradients(trained, s.max_grad_norm)
        loss, picked, pickable, stopping = sum_values([*sums, interrupts.count], ranks)
        metrics.append({"step": step + 1, "loss": loss, "learningRate": s.learning_rate * schedule(step, s)})
        metrics[-1].update(gradNorm=norm, **({"selectedShare": picked / pickable} if pickable else {}))
        if math.isfinite(loss) and math.isfinite(norm):
            optimizer.step()
        overflowed = scale.overflowed(norm)  # float16: the scale is lowered, the samples are not to blame
        lost = name_samples(metrics, batch) and not overflowed
        tokens += sum(len(sample.tokens) for sample in batch)
        seconds = time.monotonic() - began
        rates = {"samplesPerSecond": (step + 1 - done) * s.batch_size / seconds, "tokensPerSecond": tokens / seconds}
        rates.update(memoryMegabytes=peak_megabytes(ranks.device), waitingSeconds=store.waited - waited)
        waited = store.waited
        say(ranks, event="step", **metrics[-1], **rates)
        board.add({**metrics[-1], **rates})
        if lost and s.on_nan == "stop":
            raise FloatingPointError(
                f"step {step + 1}: loss {loss}, gradient norm {norm}, samples {', '.join(metrics[-1]['skipped'])}; "
                "lower learningRate, look at these samples, or set onNaN to skip"
            )
        if step + 1 < s.steps and (stopping or (s.save_every_steps and (step + 1) % s.save_every_steps == 0)):
            states.save(step + 1, model, optimizer, {"metrics": metrics, "scale": vars(scale)})
        if step + 1 < s.steps and stopping:
            raise KeyboardInterrupt
    store.close()
    return metrics


def gradients(
    model: FlexAttentionLlava,
    store: FeatureStore,
    batch: list[Sample],
    coming: list[Sample],
    epoch: float,
    answer_tokens: int,
    scale: float,
    s: Settings,
    ranks: Ranks,
) -> Tensor:
    """Adds up the gradients of this process's samples, a micro batch at a time; gives (3,): their loss, the regions
    that their rows picked, and all that they could.
    """
    sums = torch.zeros(3, device=ranks.device)
    for first in range(0, len(batch), s.micro_batch_size):
        micro = batch[first : first + s.micro_batch_size]
        store.request((batch + coming)[first : first + 2 * s.micro_batch_size])  # reads while it computes
        # A cache of weights in half precision would hold the whole of a model that is spread over the processes.
        cached, half = s.sharding == "none", s.dtype != torch.float32
        with torch.autocast(ranks.device.type, s.dtype, enabled=half, cache_enabled=cached):
            low, high, sizes = store.of(micro)
            inputs = collate(micro, sizes, model.c.low_tokens).to(ranks.device)
            loss = answer_loss(model(inputs, low, high, epoch), inputs, answer_tokens)
        (loss * scale).backward()
        sums += torch.cat([loss.detach()[None], model.picked])
    return sums


def resume(
    model: FlexAttentionLlava, optimizer: torch.optim.Optimizer, scale: LossScale, states: States, ranks: Ranks
) -> list[dict[str, Any]]:
    """Goes back to the newest state; gives the metrics of the steps before it, none where there is no state."""
    found = states.restore(model, optimizer)
    if found is None:
        return []
    vars(scale).update(found["scale"])
    metrics = found["metrics"]
    lost, spikes = (sum(name in metric for metric in metrics) for name in ("skipped", "spike"))
    losses = [metric["loss"] for metric in metrics]
    say(ranks, event="resumed", losses=losses, skippedSteps=lost, lossSpikes=spikes)
    return metrics


def name_samples(metrics: list[dict[str, Any]], batch: list[Sample]) -> bool:
    """Names the samples of a step whose loss is a spike, or whose loss or gradients are no numbers; gives whether it is
    the latter, which changes no weight."""
    metric, ids = metrics[-1], [sample.id for sample in batch]
    if math.isfinite(metric["loss"]) and math.isfinite(metric["gradNorm"]):
        if is_spike([m["loss"] for m in metrics[-WINDOW - 1 :]]):
            metric["spike"] = ids
        return False
    metric.update(loss=metric["loss"] if math.isfinite(metric["loss"]) else None, gradNorm=None, skipped=ids)
    return True


def peak_megabytes(device: torch.device) -> float:
    """The most memory that this process held so far: of its GPU, else of its RAM."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def say(ranks: Ranks, **fields: object) -> None:
    """One JSON line, from the first process only."""
    if ranks.rank == 0:
        print(json.dumps(fields), flush=True)


def build(checkpoint: Path, s: Settings, ranks: Ranks) -> FlexAttentionLlava:
    """The model, spread over the processes where the settings say so, with what is trained marked."""

    def prepare(model: FlexAttentionLlava) -> None:
        if s.lora:
            add_lora(model.model.layers, s.lora)
        if s.sharding == "full" and ranks.world > 1:
            shard(model, ranks)

    model = load_model(checkpoint, s.highres, ranks.device, prepare)
    model.recompute = s.activation_checkpointing
    choose_parameters(model, s)
    if s.lora:
        start_lora(model, s.seed)
    return model


def run(a: argparse.Namespace) -> None:
    """Loads, trains, writes."""
    if a.out.exists():  # else its last act would fail
        raise FileExistsError(f"{a.out}: expected a new folder, got one that exists; remove it, or choose another")
    s = Settings.parse(a.settings)
    torch.set_num_threads(s.threads)
    torch.set_flush_denormal(True)  # AdamW's moments decay into denormals, which are slow on a CPU
    torch.manual_seed(s.seed)
    ranks = join_ranks()
    model = build(a.checkpoint, s, ranks)
    data = TokenFile(a.data / "tokens.jsonl", model.c.low_tokens, s.model_max_length)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    states = States(a.states, s.keep_states, ranks)
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
    board = Board(s.tensorboard_folder and s.tensorboard_folder / a.out.name, ranks.rank)
    metrics = train(model, data, a.images, s, ranks, states, board)
    weights = {name: whole(p) for name, p in trained.items() if "lora_" not in name}
    updates = lora_updates(model)
    if ranks.rank == 0:
        lines = "".join(json.dumps(line) + "\n" for line in metrics)
        write_checkpoint(a.checkpoint, a.out, weights, updates, {"metrics.jsonl": lines})
    leave_ranks(ranks)
    say(ranks, event="done", tensors=len(weights) + len(updates))


def main() -> int:
    """Command line. Exit 2 with one line for what the user can mend, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="flexattn_train.train")
    for name in ("checkpoint", "data", "images", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--states", type=Path, help="keep states here, and go on from the newest one")
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
