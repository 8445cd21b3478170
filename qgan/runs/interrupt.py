"""Ctrl-C waits for the step under way, so that a checkpoint never holds half of one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class PostponedInterrupt:
    """A block in which the first Ctrl-C is raised by :meth:`check`, and a second one at once.

    Only in the main thread and where Ctrl-C would raise KeyboardInterrupt; elsewhere it does nothing.
    """

    def __init__(self) -> None:
        self._asked = self._installed = False

    def check(self) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was pressed since the block began."""
        if self._asked:
            raise KeyboardInterrupt

    def __enter__(self) -> PostponedInterrupt:
        usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if usual and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._ask)
            self._installed = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.check()
        self._asked = True
