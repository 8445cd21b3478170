"""Thousands of broken files, each read under guard: by hand ``python tests/fuzzing.py native npz --n 5000``.

A broken file must be read, or refused in one line that names it, within :data:`SECONDS` of computing and with no more
memory than three times the file and :data:`ROOM`. What is broken how depends on the kind, the seed and a number, so
that each can be made again: ``--only 17 --keep folder``.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

SECONDS, ROOM = 20.0, 500_000_000
#: Seconds after which a child that is silent and idle waits for what never comes.
_PATIENCE = 60.0
#: More than this many bytes no reader is given.
_MOST = 8_000_000_000
_LONGEST = 1200


@dataclass(frozen=True)
class Met:
    """How a broken file was met: ``read`` all the same, ``refused`` as it should be, or with a ``fault``."""

    kind: str
    number: int
    end: str
    what: str = ""


def fuzz(kinds: Sequence[str], n: int, seed: int = 0) -> Iterator[Met]:
    """Breaks ``n`` files of each kind and reads them, in a process that may hang or crash, and is then another."""
    work = [(kind, number) for kind in kinds for number in range(n)]
    done = 0
    while done < len(work):
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen([sys.executable, __file__, *kinds, "--n", str(n), "--seed", str(seed), "--child",
                                      str(done)], stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[1])
            for line in _lines(child):
                yield Met(*work[done], **json.loads(line))
                done += 1
            if done < len(work):
                child.kill()
                ended = child.wait()
                errors.seek(0)
                said = errors.read().decode(errors="replace").splitlines()[-1:]
                hangs = ended in (-signal.SIGKILL, -signal.SIGPROF)
                yield Met(*work[done], "fault", "hangs" if hangs else f"ends the interpreter ({ended}): {said}")
                done += 1
            child.wait()


def _lines(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What a child says, until it neither says nor computes anything for too long."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as waiting, child.stdout:
        waiting.register(child.stdout, selectors.EVENT_READ)
        computed = 0
        while waiting.select(_PATIENCE) or _computed(child.pid) > computed:
            computed = _computed(child.pid)
            if not waiting.select(0):
                continue
            line = child.stdout.readline()
            if not line:
                return
            if line.startswith(b"{"):
                yield line


def _computed(process: int) -> int:
    """The ticks that a process has computed."""
    try:
        return sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]))
    except OSError:
        return 0


def _child(work: Sequence[tuple[str, int]], seed: int, keep: Path | None = None) -> None:
    """Says of each broken file how it was met, a line each."""
    from fuzzed_kinds import KINDS

    from qgan.base.seeding import numpy_rng

    resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
    with tempfile.TemporaryDirectory() as folder:
        made = ""
        for kind, number in work:
            good, one = Path(folder) / "good", Path(folder) / "one"
            if kind != made:
                _say(f"making {kind}")
                shutil.rmtree(good, ignore_errors=True)
                good.mkdir()
                KINDS[kind].make(good / KINDS[kind].name)
                made = kind
            shutil.rmtree(one, ignore_errors=True)
            shutil.copytree(good, one)
            path, rng = one / KINDS[kind].name, numpy_rng(seed, kind, number)
            KINDS[kind].break_one(path, rng)
            if keep is not None:
                shutil.copytree(one, keep, dirs_exist_ok=True)
            _say(json.dumps(_met(KINDS[kind], path, rng)))


def _met(kind: Any, path: Path, rng: Any) -> dict[str, str]:
    from qgan.base.errors import QganError
    from qgan.base.notes import DataNote

    before, begun = _memory(fresh=True), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS + 1)  # ends a process that computes for ever, in whatever library
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DataNote)
            warnings.simplefilter("ignore", ResourceWarning)
            kind.read(path, rng)
        found = {"end": "read"}
    except QganError as error:
        said = str(error)
        named = not kind.named or path.name in said or str(path.parent) in said
        bad = "\n" in said or len(said) > _LONGEST or not named
        found = {"end": "fault", "what": f"says {said[:400]!r}"} if bad else {"end": "refused"}
    except Exception:
        found = {"end": "fault", "what": traceback.format_exc(limit=-6)}
    used, seconds = _memory() - before, time.process_time() - begun
    signal.setitimer(signal.ITIMER_PROF, 0)
    allowed = 3 * (path.stat().st_size if path.is_file() else 0) + ROOM
    if used > allowed:
        found = {"end": "fault", "what": f"takes {used / 1e6:.0f} MB"}
    if seconds > SECONDS:
        found = {"end": "fault", "what": f"takes {seconds:.0f} s"}
    if used > ROOM / 10:
        gc.collect()
    return found


def _memory(fresh: bool = False) -> int:
    """The most bytes that this process held since it was last asked afresh."""
    if fresh:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--child", type=int)
    asked = parser.parse_args()
    from fuzzed_kinds import KINDS

    kinds = asked.kinds or list(KINDS)
    if asked.child is not None:
        _child([(kind, number) for kind in kinds for number in range(asked.n)][asked.child:], asked.seed)
        return
    if asked.only is not None:
        _child([(kinds[0], asked.only)], asked.seed, asked.keep)
        return
    begun = time.monotonic()
    for kind, some in groupby(fuzz(kinds, asked.n, asked.seed), lambda met: met.kind):
        all_met = list(some)
        ends = Counter(met.end for met in all_met)
        _say(f"{kind}: {asked.n} broken files, seed {asked.seed}: {ends['read']} read, {ends['refused']} refused, "
             f"{ends['fault']} faults, {time.monotonic() - begun:.0f} s")
        faults = [met for met in all_met if met.end == "fault"]
        for what, count in Counter(map(_last, faults)).most_common():
            first = next(met for met in faults if _last(met) == what)
            _say(f"--- {count} times, first number {first.number}:\n{first.what}")
        begun = time.monotonic()


def _last(met: Met) -> str:
    """By which faults of one kind are known."""
    return met.what.strip().splitlines()[-1][:100]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
