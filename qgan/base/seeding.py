"""Every random number comes from a seed and a path of names, so that each part repeats alone."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import index
from typing import TYPE_CHECKING

import numpy as np

from .errors import ConfigError

if TYPE_CHECKING:
    import torch

#: Held by who draws from torch's global generator, which all threads share.
_GLOBAL = threading.RLock()


def spawn_key(*path: int | str) -> tuple[int, ...]:
    """The path as integers; a name counts by its CRC-32, which never changes between runs."""
    return tuple(zlib.crc32(p.encode()) if isinstance(p, str) else int(p) for p in path)


def whole(number: object, name: str, least: int = 0) -> int:
    """A whole number of any kind of integer.

    Raises:
        ConfigError: it is none, or too small; says which number of the user's it is.

    >>> whole(np.int64(3), "seed")
    3
    """
    try:
        found = index(number)  # type: ignore[arg-type]
    except TypeError:
        found = least - 1
    if found < least:
        raise ConfigError(f"{name}: {number}, expected a whole number of at least {least}")
    return found


def numpy_rng(seed: int, *path: int | str) -> np.random.Generator:
    """An independent NumPy generator for ``(seed, *path)``, e.g. ``numpy_rng(1, "split", 0)``."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, path)))


def integer_seed(seed: int, *path: int | str) -> int:
    """An independent 63-bit seed for ``(seed, *path)``, for libraries that take an integer."""
    words = _sequence(seed, path).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def torch_rng(seed: int, *path: int | str, device: str | torch.device = "cpu") -> torch.Generator:
    """An independent torch generator for ``(seed, *path)``."""
    import torch  # here, so that programs that only read files start fast

    return torch.Generator(device=device).manual_seed(integer_seed(seed, *path))


def _sequence(seed: int, path: Sequence[int | str]) -> np.random.SeedSequence:
    return np.random.SeedSequence(whole(seed, "seed"), spawn_key=spawn_key(*path))


@contextmanager
def seeded(seed: int, *path: int | str) -> Iterator[None]:
    """A block in which torch's global generator starts from ``(seed, *path)``, and after which it is as before.

    For what can draw from no other, such as first weights and dropout; one thread at a time.
    """
    import torch

    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with _GLOBAL, torch.random.fork_rng(devices):
        torch.manual_seed(integer_seed(seed, *path))
        yield
