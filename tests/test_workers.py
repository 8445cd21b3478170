"""Local processes: results in order and bounded, errors as they were, nothing left running."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from qgan.base.errors import DataError, QganError
from qgan.base.workers import in_order, local_workers

_base = 0


def prepare(base: int) -> None:
    global _base
    _base = base


def made(index: int, folder: Path) -> int:
    (folder / str(index)).touch()
    time.sleep(0.02 * (index % 3))
    return _base + index


def broken(index: int) -> int:
    if index == 1:
        raise DataError("jets.h5", "image", "is broken")
    return index


def killed(index: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def asleep(index: int) -> int:
    time.sleep(60 * index)
    return os.getpid()


def test_results_come_in_order_and_only_so_far_ahead(tmp_path: Path) -> None:
    with local_workers(2, prepare, 100) as pool:
        results = in_order(pool, partial(made, folder=tmp_path), 12, ahead=4)
        assert next(results) == 100
        time.sleep(0.5)
        assert len(list(tmp_path.iterdir())) <= 5
        assert list(results) == list(range(101, 112))
        assert list(in_order(pool, partial(made, folder=tmp_path), 1, ahead=4)) == [100]


def deaf(index: int, folder: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / str(os.getpid())).touch()
    time.sleep(600)


def test_a_worker_that_does_not_hear_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.base.workers.GRACE", 0.5)
    broken_at: list[float] = []

    def break_when_deaf() -> None:
        with local_workers(1) as pool:
            pool.submit(deaf, 0, tmp_path)
            while not list(tmp_path.iterdir()):
                time.sleep(0.02)
            broken_at.append(time.monotonic())
            raise DataError("jets.h5", "image", "is broken")

    with pytest.raises(DataError):
        break_when_deaf()
    assert time.monotonic() - broken_at[0] < 30
    (deafened,) = tmp_path.iterdir()
    with pytest.raises(ProcessLookupError):
        os.kill(int(deafened.name), 0)


class Sent:
    """Tells, as the last of a result that is pickled, that the result is on its way."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[type[Path], tuple[str]]:
        self.file.touch()
        return Path, (str(self.file),)


def large(file: Path) -> tuple[bytes, Sent]:
    return bytes(400_000_000), Sent(file)


def test_a_worker_that_is_ended_within_a_result_leaves_no_one_waiting_for_the_rest(tmp_path: Path) -> None:
    def break_within_a_result() -> None:
        with local_workers(1) as pool:
            pool.submit(large, tmp_path / "sent")
            while not (tmp_path / "sent").exists():
                time.sleep(0.001)
            time.sleep(0.01)
            raise DataError("jets.h5", "image", "is broken")

    with pytest.raises(DataError):
        break_within_a_result()


def test_an_error_comes_as_it_was() -> None:
    with pytest.raises(DataError, match=r"^jets.h5: image: is broken$"), local_workers(1) as pool:
        list(in_order(pool, broken, 3, ahead=2))
    error = DataError(Path("a.h5"), "", "is no file")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "a.h5: is no file"


def test_a_worker_that_was_killed_is_told_in_a_line() -> None:
    with pytest.raises(QganError, match="worker process ended before"), local_workers(1) as pool:
        list(in_order(pool, killed, 2, ahead=2))


def test_a_worker_that_cannot_start_is_told_too() -> None:
    """A program on standard input cannot be started again by a worker, however much that was to be sent to it."""
    program = ("from qgan.base.workers import in_order, local_workers\n"
               "with local_workers(1, len, bytes(1_000_000)) as pool:\n"
               "    print(list(in_order(pool, abs, 1, ahead=1)))\n")
    ended = subprocess.run([sys.executable, "-"], input=program, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert "QganError: a worker process ended before" in ended.stderr.splitlines()[-1]


def test_ctrl_c_does_not_wait_for_the_workers() -> None:
    pids: list[int] = []
    pressed_at: list[float] = []

    def press_at_the_first_result() -> None:
        with local_workers(1) as pool:
            pids.append(next(in_order(pool, asleep, 3, ahead=3)))
            pressed_at.append(time.monotonic())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        press_at_the_first_result()
    assert time.monotonic() - pressed_at[0] < 10
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
