"""TensorBoard event files of the metrics, for those who have the package `tensorboard`."""
from __future__ import annotations

import atexit
import sys
from pathlib import Path
from typing import Any

CURVES = (
    *("loss", "learningRate", "gradNorm", "selectedShare"),
    *("samplesPerSecond", "tokensPerSecond", "memoryMegabytes"),
)


class Board:
    """Event files in `folder`, by the first process; none without a folder, or without the package, which is said once."""

    def __init__(self, folder: Path | None, rank: int) -> None:
        self.folder, self.open, self.writer = folder, None, None
        if folder is None or rank > 0:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            print("note: no TensorBoard files: this Python has no package tensorboard", file=sys.stderr, flush=True)
            return
        self.open = SummaryWriter

    def add(self, metric: dict[str, Any]) -> None:
        """One step's numbers. A run that goes on from a state takes the place of what was drawn of these steps."""
        if self.open is None:
            return
        if self.writer is None:
            self.writer = self.open(str(self.folder), purge_step=metric["step"])
            atexit.register(self.writer.close)  # however the run ends
        for name in CURVES:
            if metric.get(name) is not None:
                self.writer.add_scalar(name, metric[name], metric["step"])
