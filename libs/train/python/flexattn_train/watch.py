"""Ends this process when its launcher is gone."""
from __future__ import annotations

import os
import signal
import threading
import time


def end_with_stdin() -> None:
    """Standard input is a pipe that the launcher holds open: at its end of file nobody waits for us any more."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


class Interrupts:
    """Counts Ctrl-C: the first is for the loop to see after its step, the second ends the process at once."""

    SAME = 1.0  # seconds: a launcher that got the first too passes it on

    def __init__(self) -> None:
        self.count, self.first = 0, 0.0
        signal.signal(signal.SIGINT, self._add)

    def _add(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if self.count == 0:
            self.count, self.first = 1, now
        elif now - self.first > self.SAME:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
