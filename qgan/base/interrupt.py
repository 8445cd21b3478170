"""Ctrl-C, or being told to end (SIGTERM), waits for the step under way: a checkpoint never holds half of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from types import FrameType, TracebackType
from typing import Any

from . import processes

_USUAL: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


@contextmanager
def kept_if_interrupted(where: str | PathLike[str], by: str = "the same command") -> Iterator[None]:
    """Ctrl-C in the block says what is kept, and what goes on from there."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"interrupted; {where} is kept, and {by} goes on from there") from stop


class PostponedInterrupt:
    """A block in which the first Ctrl-C is raised by :meth:`check`, and a second one at once.

    Only in the main thread and where these signals would do what they usually do; elsewhere it does nothing. Of
    several processes all end at the same :meth:`check`; a second Ctrl-C is ignored there, since ``torchrun`` passes
    the terminal's on once more.
    """

    def __init__(self) -> None:
        self._asked = False
        self._installed: list[signal.Signals] = []

    def check(self) -> None:
        """Raises KeyboardInterrupt if there was a signal, to any of the processes, since the block began."""
        if processes.any_of(self._asked):
            raise KeyboardInterrupt

    def __enter__(self) -> PostponedInterrupt:
        if threading.current_thread() is threading.main_thread():
            self._installed = [number for number, usual in _USUAL.items() if signal.getsignal(number) is usual]
        for number in self._installed:
            signal.signal(number, self._ask)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for number in self._installed:
            signal.signal(number, _USUAL[number])

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked and processes.size() == 1:
            raise KeyboardInterrupt
        self._asked = True
