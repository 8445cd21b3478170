"""Progress of long work on standard error: how much, how fast, how long yet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

#: Seconds from one line to the next where there is no terminal.
INTERVAL = 10.0


@contextmanager
def progress(total: int | None, label: str, unit: str, start: int = 0, quiet: bool = False) -> Iterator[tqdm]:
    """A bar with rate and ETA; call ``.update(n)`` and, for figures beside it,
    ``.set_postfix_str(text, refresh=False)``.

    Without a total it only counts. Off a terminal it writes a line every 10 s instead of redrawing, and nothing at all
    if ``quiet``.
    """
    terminal = sys.stderr.isatty()
    with tqdm(total=total, desc=label, unit=f" {unit}", initial=start, disable=quiet, miniters=1,
              mininterval=0.1 if terminal else INTERVAL, dynamic_ncols=terminal,
              file=sys.stderr if terminal else _Lines()) as bar:
        yield bar


class _Lines:
    """Standard error to which each state of a bar is a line of its own."""

    def write(self, text: str) -> None:
        if text.strip():
            sys.stderr.write(text.strip() + "\n")

    def flush(self) -> None:
        sys.stderr.flush()
