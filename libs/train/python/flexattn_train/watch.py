"""Hears the launcher on standard input, a pipe that it holds open, and Ctrl-C where there is a terminal."""
from __future__ import annotations

import os
import signal
import threading
import time

_asked_to_stop = threading.Event()


def end_with_stdin() -> None:
    """A line on standard input asks for the end of the step, as the first Ctrl-C does; the processes of a machine share
    the pipe, so one of them reads it, and the loop asks all. At its end of file the launcher is gone: we die at once,
    and what we started with us."""

    def wait() -> None:
        while os.read(0, 4096):
            _asked_to_stop.set()
        if os.getpgrp() == os.getpid():  # the group is ours alone
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


class Interrupts:
    """Counts Ctrl-C: the first is for the loop to see after its step, the second ends the process at once."""

    SAME = 1.0  # seconds: a launcher that got the first too passes it on

    def __init__(self) -> None:
        self.first: float | None = None
        signal.signal(signal.SIGINT, self._add)

    @property
    def count(self) -> int:
        """More than 0 where someone wants us to stop."""
        return int(self.first is not None or _asked_to_stop.is_set())

    def _add(self, number: int, _frame: object) -> None:
        now = time.monotonic()
        if self.first is None:
            self.first = now
        elif now - self.first > self.SAME:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
