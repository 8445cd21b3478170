"""Every random number comes from a seed and a path of names, so that each part repeats alone."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


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
