"""Work divided among local processes: bounded in memory, ended with the program, however that ends."""

from __future__ import annotations

import ast
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from inspect import currentframe
from multiprocessing import connection, get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from .errors import QganError
from .progress import progress

Result = TypeVar("Result")
#: Seconds in which a worker that is told to end may write its checkpoint.
GRACE = 30.0


@contextmanager
def local_workers(number: int, prepare: Callable[..., object] | None = None,
                  *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes for the block; an error or Ctrl-C in it ends them at once, and so does the program's end.

    Args:
        number: of processes.
        prepare: called with ``arguments`` once in each; a function of a module.

    Raises:
        QganError: one of them was killed, or could not be prepared; or a script would run again in each.
    """
    _check_script()
    with TemporaryDirectory() as folder:
        # In a file: a process that dies on its start would leave this one writing into a full pipe for ever. Plain
        # pickles hold tensors themselves, where a pipe would pass shared memory that the process may outlive.
        file = Path(folder) / "prepare.pickle"
        file.write_bytes(pickle.dumps((prepare, arguments)))
        pool = ProcessPoolExecutor(number, get_context("spawn"), initializer=_start, initargs=(file,))
        try:
            yield pool
        except BrokenProcessPool as error:
            raise QganError("a worker process ended before its work was done: it was killed, or memory ran "
                            "out") from error
        except BaseException:
            _end(list((pool._processes or {}).values()))
            # One that ended within a result leaves its reader waiting for the rest, of which this end is the last.
            pool._result_queue._writer.close()  # type: ignore[attr-defined]
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _check_script() -> None:
    """A fresh process reads the user's script first, up to what stands under ``if __name__ == "__main__":``.

    Raises:
        QganError: this very call stands in it without.
    """
    frame = currentframe()
    while frame is not None and not (frame.f_code.co_name == "<module>" and frame.f_globals["__name__"] == "__main__"):
        frame = frame.f_back
    if frame is None or not (script := Path(frame.f_code.co_filename)).is_file() or script.name == "__main__.py":
        return  # which processes do not read again
    guards = [node for node in ast.parse(script.read_text(encoding="utf-8")).body
              if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)]
    if not any(node.lineno <= frame.f_lineno <= (node.end_lineno or 0) for node in guards):
        raise QganError(f"{script}: line {frame.f_lineno}: starts processes, each of which would run the script again; "
                        "write it under if __name__ == \"__main__\": or take one worker")


def _end(processes: Sequence[BaseProcess]) -> None:
    """Asks them to end, so that each leaves its checkpoint; one that goes on, between two pieces of work, is killed."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()


def in_order(pool: Any, work: Callable[..., Result], count: int, ahead: int) -> Iterator[Result]:
    """``work(0)`` to ``work(count - 1)``, in this order; at most ``ahead`` of them are made before they are asked for.

    Args:
        pool: an executor, or what has its ``submit``.
        work: a function of a module, or a partial of one.
    """
    waiting = deque(pool.submit(work, index) for index in range(min(ahead, count)))
    for index in range(count):
        result = waiting.popleft().result()
        if index + ahead < count:
            waiting.append(pool.submit(work, index + ahead))
        yield result


def side_by_side(work: Callable[..., object], items: Sequence[tuple[Any, ...]], number: int, *, label: str, unit: str,
                 total: int, done: Callable[[], int], quiet: bool = False,
                 prepare: tuple[Any, ...] = (None,)) -> None:
    """``work(*item)`` for each item in any order, each in a process, so many at once, under one bar.

    The processes leave what they find in files (see :mod:`qgan.runs.kept`). An error or Ctrl-C ends all of them.

    Args:
        work: a function of a module.
        number: of processes.
        label, unit, total: of the bar.
        done: how far the files say that all of it is; asked about once a second.
        prepare: a function and its arguments, as of :func:`local_workers`.
    """
    left, running = deque(items), set[Future[object]]()
    number = min(number, len(left))
    with local_workers(number, *prepare) as pool, \
            progress(total, f"{label}, {number} at once", unit, done(), quiet) as bar:
        while left or running:
            # No more than are at work: a process that is told to end would begin one that waits.
            while left and len(running) < number:
                running.add(pool.submit(work, *left.popleft()))
            ended, running = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            for one in ended:
                one.result()
            bar.update(done() - bar.n)


def _start(file: Path) -> None:
    """Ctrl-C is the parent's to handle; and a worker ends with its parent, even one that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def follow() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    prepare, arguments = pickle.loads(file.read_bytes())
    if prepare is not None:
        prepare(*arguments)
