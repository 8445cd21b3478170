"""What a killed program left half-written is removed by the next that writes the same, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qgan.base.errors import DataError
from qgan.base.io import atomic_folder, atomic_path, remove_leftovers, write_json, write_text

WRITE = """
import sys, time
from pathlib import Path
from qgan.base.io import {kind}
with {kind}(Path(sys.argv[1])) as temporary:
    (temporary / "page.html" if temporary.is_dir() else temporary).write_text("half")
    print(temporary.name, flush=True)
    time.sleep(600)
"""


def writing(path: Path, kind: str = "atomic_path") -> tuple[subprocess.Popen[str], str]:
    """A program that writes for ten minutes, and the name of what it writes."""
    program = subprocess.Popen([sys.executable, "-c", WRITE.format(kind=kind), path], stdout=subprocess.PIPE,
                               text=True, cwd=Path(__file__).parents[1])
    assert program.stdout is not None
    return program, program.stdout.readline().strip()


def kill(program: subprocess.Popen[str]) -> None:
    program.send_signal(signal.SIGKILL)
    program.communicate()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["atomic_path", "atomic_folder"])
def test_the_next_removes_what_a_killed_one_left_and_not_what_is_written(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out [1].h5"
    killed, left = writing(out, kind)
    kill(killed)
    other = tmp_path / "out [1].h5.more"
    alive, theirs = writing(out, kind)
    further, others = writing(other, kind)
    assert names(tmp_path) == sorted([theirs, others]), "the second program removed the first's"
    if kind == "atomic_path":
        write_text(out, "mine")
    else:
        with atomic_folder(out) as temporary:
            (temporary / "a.txt").write_text("mine")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted([theirs, others, out.name])
    for program in (alive, further):
        kill(program)
    assert left not in names(tmp_path)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [out.name]


@pytest.mark.parametrize("new", [False, True])
def test_a_kill_between_the_two_names_of_a_folder(tmp_path: Path, new: bool) -> None:
    (tmp_path / ".out.abcdefgh.old").mkdir()
    (tmp_path / ".out.abcdefgh.old" / "old.txt").touch()
    if new:
        (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="stops"), atomic_folder(tmp_path / "out"):
        raise ValueError("stops")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ([] if new else ["old.txt"])


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link.json").symlink_to("store/real.json")
    for value in (1, 2):
        write_json(tmp_path / "link.json", value)
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "store" / "real.json").read_text() == "2\n"
    assert names(tmp_path) == ["link.json", "store"]


def test_pipes_and_devices_are_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(DataError, match=f"{path}: is a pipe or a device"):
            write_json(path, 1)


def test_a_folder_that_may_not_be_written_is_named_by_the_file(tmp_path: Path) -> None:
    out = tmp_path / ("x" * 250)
    with pytest.raises(DataError, match=rf"{out}: could not be written: File name too long"), atomic_path(out):
        pass
