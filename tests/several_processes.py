"""Python functions run by several processes as torchrun would start them, and what each returned."""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from qgan.base import processes


def together(function: Callable[..., Any], *arguments: Any, number: int = 2) -> list[Any]:
    """``function(*arguments)`` in each of the processes at once; what it returned, or its error as text, by rank."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    # Forked from a process that has imported everything, once: each import takes seconds.
    context, started = get_context("forkserver"), []
    context.set_forkserver_preload(["qgan.training.experiment", "torch.distributed", "torch.utils.tensorboard"])
    for rank in range(number):
        here, there = context.Pipe()
        variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": number, "MASTER_ADDR": "localhost",
                     "MASTER_PORT": port}
        process = context.Process(target=_one, args=(there, variables, function, arguments))
        process.start()
        started.append((process, here))
    results = [pickle.loads(here.recv_bytes()) if here.poll(60) else "no answer" for _, here in started]
    for process, _ in started:
        process.join(10)
        process.kill()
    return results


def threads() -> list[str]:
    """Names of this process's threads, those of libraries too (Linux; elsewhere none)."""
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


def _one(answer: Connection, variables: dict[str, Any], function: Callable[..., Any],
         arguments: tuple[Any, ...]) -> None:
    os.environ |= {name: str(value) for name, value in variables.items()}
    torch.set_num_threads(1)
    try:
        with processes.group(torch.device("cpu")):
            result = function(*arguments)
        assert not (left := [name for name in threads() if "gloo" in name]), f"still running: {left}"
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    # Not send(), which would pass tensors by files that end with this process.
    answer.send_bytes(pickle.dumps(result))
