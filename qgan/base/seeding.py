"""Every random number comes from a seed and a path of names, so that each part repeats alone."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

#: Held by who draws from torch's global generator, which all threads share.
_GLOBAL = threading.RLock()


def spawn_key(*path: int | str) -> tuple[int, ...]:
    """The path as integers; a name counts by its CRC-32, which never changes between runs."""
    return tuple(zlib.crc32(p.encode()) if isinstance(p, str) else int(p) for p in path)


def numpy_rng(seed: int, *path: int | str) -> np.random.Generator:
    """An independent NumPy generator for ``(seed, *path)``, e.g. ``numpy_rng(1, "split", 0)``."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=spawn_key(*path))))


def integer_seed(seed: int, *path: int | str) -> int:
    """An independent 63-bit seed for ``(seed, *path)``, for libraries that take an integer."""
    words = np.random.SeedSequence(seed, spawn_key=spawn_key(*path)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def torch_rng(seed: int, *path: int | str, device: str | torch.device = "cpu") -> torch.Generator:
    """An independent torch generator for ``(seed, *path)``."""
    import torch  # here, so that programs that only read files start fast

    return torch.Generator(device=device).manual_seed(integer_seed(seed, *path))


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
