"""What the library says of its work: to a logger where programs embed it, as lines in the shell."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Lines(logging.Handler):
    """One line on standard output, as it is now, for each message."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage())


@contextmanager
def log_as_lines(*packages: str) -> Iterator[None]:
    """Whatever these packages log from INFO on stands on standard output."""
    handler, loggers = _Lines(), [logging.getLogger(package) for package in packages]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
