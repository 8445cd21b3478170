"""Progress of long work on standard error: how much, how fast, how long yet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress(total: int, label: str, unit: str, start: int = 0, quiet: bool = False) -> Iterator[tqdm]:
    """A bar with rate and ETA; call ``.update(n)`` and, for figures beside it, ``.set_postfix_str(text)``.

    Off a terminal it writes a line every 10 s instead of redrawing, and nothing at all if ``quiet``.
    """
    interval = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(total=total, desc=label, unit=f" {unit}", initial=start, disable=quiet,
              mininterval=interval, dynamic_ncols=True, file=sys.stderr) as bar:
        yield bar
