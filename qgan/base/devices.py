"""Where a run computes, with how many threads, and on which versions."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from . import processes
from .errors import ConfigError
from .version import __version__

_LIBRARIES = ("torch", "numpy", "pennylane", "pennylane-lightning", "h5py", "scipy", "scikit-learn", "tensorboard")


def resolve_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` is the first GPU, or the CPU where there is none.

    Of several processes on a machine, each has the GPU of its own number for ``auto`` and ``cuda``.

    Raises:
        ConfigError: there is no such device here.
    """
    gpus, own = torch.cuda.device_count() if torch.cuda.is_available() else 0, processes.local_rank()
    if name == "auto":
        name = "cuda" if gpus else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device {name!r}: unknown, expected auto, cpu, cuda or cuda:1") from error
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device {name!r}: not supported, expected auto, cpu, cuda or cuda:1")
    if device.type == "cpu":
        return torch.device("cpu")
    if device.index is not None and processes.started() > 1:
        raise ConfigError(f"device {name!r}: each of several processes takes a GPU of its own; use cuda")
    index = own if device.index is None else device.index
    if index >= gpus:
        seen = f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "no GPU"
        wanted = f", process {own} needs one of its own" if gpus and own else ""
        raise ConfigError(f"device {name!r}: torch sees {seen} here{wanted}; use auto or cpu")
    return torch.device("cuda", index)


@contextmanager
def single_precision() -> Iterator[None]:
    """New tensors are float32 in the block (or the function), as networks are, whatever the caller's default is."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def set_threads(n: int = 0) -> int:
    """Sets the threads of the arithmetic on the CPU and returns their number; 0 leaves torch's choice.

    More threads are slower on small networks and circuits, and the rounding of a sum depends on their
    number: it belongs in the record of a run.

    Raises:
        ConfigError: a negative number.
    """
    if n < 0:
        raise ConfigError(f"threads: {n}, expected 0 (torch's choice) or more")
    if n:
        torch.set_num_threads(n)
    return torch.get_num_threads()


@contextmanager
def one_thread() -> Iterator[None]:
    """A block whose arithmetic runs on one thread, so that its rounding does not depend on the machine's number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def environment(device: torch.device) -> dict[str, Any]:
    """What a run's numbers and speed depend on beside its configuration: plain values."""
    return {
        "qgan": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "processes": processes.size(),
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text(encoding="utf-8", errors="replace").splitlines() if cpus.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
