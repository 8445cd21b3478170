"""Commands killed at random moments and given again: by hand ``python tests/killing.py train generate --kills 50``.

A kill loses what is under way and no more: what is there can be read, the same command goes on, the end is bit for bit
that of a run that was left alone, and nothing is left over.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from small_training import differences
from toy_jets import toy_jets

from qgan.cli import main
from qgan.data import read_jets, write_jets
from qgan.runs import checkpoint
from qgan.runs.recorders import read_log

#: Loaded once, before each command is started in a fork.
SLOW = ("torch.utils.tensorboard", "qgan.training.experiment", "qgan.studies.compare.run", "qgan.studies.augment",
        "qgan.sampling.pretrained", "sklearn.ensemble")

CONFIG = """\
generator: {n_qubits: 5, n_layers: 1, n_rotations: 5, noise: 6, channels: 4}
discriminator: {channels: 4, batch_comparison: 4}
data: {codings: [delta_r_mean, pixel_mean, soft_nnz]}
batch_size: 8
threads: 1
device: cpu
symmetry: none
logging: {quality: 0, costly: 0, scalars: 1, checkpoint: 1, validation_jets: 10}
"""


@dataclass(frozen=True)
class Case:
    """A command, and what it leaves.

    Attributes:
        words: to give it, first and again, for an output of that name in a folder with jets.h5, test.h5, config.yaml.
        look: raises if anything that is there cannot be read.
        found: what must be the same in the end, whatever happened on the way.
    """

    words: Callable[[Path], list[str]]
    look: Callable[[Path], object]
    found: Callable[[Path], Any]


def _options(out: Path) -> list[str]:
    return ["--data", str(out.parent / "jets.h5"), "--config", str(out.parent / "config.yaml"), "--quiet"]


def _train(out: Path) -> list[str]:
    again = "--resume" if (out / "checkpoint.pt").exists() else "--overwrite"
    return ["train", "--out", str(out), again, "--steps", "40", *_options(out)]


def _look_at_runs(out: Path) -> None:
    for path in out.rglob("*.pt"):
        checkpoint.load(path)
    for path in out.rglob("*.jsonl"):
        read_log(path)
    for path in out.rglob("*.json"):
        json.loads(path.read_text())


def _runs(out: Path) -> Any:
    """Weights, figures and results, without times."""
    logs = {str(path.relative_to(out)): [_timeless(line) for line in read_log(path)] for path in out.rglob("log.jsonl")}
    results = {str(path.relative_to(out)): _timeless(json.loads(path.read_text())) for path in out.rglob("*.json")
               if path.name != "environment.json"}
    states = {str(path.relative_to(out)): checkpoint.load(path).states for path in out.rglob("*.pt")}
    kept = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.npz")}
    return states, logs, results, kept


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(inner) for key, inner in value.items()
                if not key.startswith(("speed", "seconds")) and key not in ("made_of", "fake", "real", "reference")}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value


def _look_at_jets(out: Path) -> None:
    if out.exists():
        read_jets(out)


CASES = {
    "simulate": Case(lambda out: ["simulate", "--process", "quark", "--n", "150", "--seed", "3", "--out", str(out),
                                  "--quiet"], _look_at_jets, Path.read_bytes),
    "train": Case(_train, _look_at_runs, _runs),
    "generate": Case(lambda out: ["generate", "--model", "w_qcd", "--n", "3000", "--seed", "2", "--out", str(out),
                                  "--quiet"], _look_at_jets, Path.read_bytes),
    "compare": Case(lambda out: ["compare", "--out", str(out), "--configs", str(out.parent / "config.yaml"), "--seeds",
                                 "2", "--steps", "10", "--data", str(out.parent / "jets.h5"), "--test",
                                 str(out.parent / "test.h5"), "--n", "60", "--quick", "--no-controls", "--quiet"],
                    _look_at_runs, _runs),
    "augment": Case(lambda out: ["augment", "--out", str(out), "--test", str(out.parent / "test.h5"), "--sizes", "40",
                                 "--seeds", "2", "--steps", "10", "--taggers", "trees", "--observables", "mass",
                                 "--bins", "5", *_options(out)], _look_at_runs, _runs),
}


@dataclass
class Killed:
    """What became of the kills.

    Attributes:
        kills: how many.
        ends: how many runs came to their end, each compared with the one that was left alone.
        seconds: of the run that was left alone.
        faults: what was not as it should be.
    """

    kills: int
    ends: int
    seconds: float
    faults: list[str]


def kill(name: str, kills: int, seed: int = 0) -> Killed:
    """Kills a command so often, and lets it end as often as it comes to its end."""
    case, moments = CASES[name], random.Random(f"{name} {seed}")
    for module in SLOW:
        import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        for place in ("alone", "killed"):
            prepare(Path(folder) / place)
        suffix = ".h5" if case.found is Path.read_bytes else ""
        alone, out = Path(folder) / "alone" / f"out{suffix}", Path(folder) / "killed" / f"out{suffix}"
        begun = time.monotonic()
        if _ended(case.words(alone), None) != 0:
            return Killed(0, 0, 0.0, [f"{name} fails when it is left alone"])
        found = Killed(0, 0, time.monotonic() - begun, [])
        while found.kills < kills or not found.ends:
            last = found.kills >= kills
            status = _ended(case.words(out), None if last else moments.uniform(0, 1.2 * found.seconds))
            found.kills += status == -signal.SIGKILL
            try:
                case.look(out)
                if status >= 0:
                    found.faults += [f"exit status {status}"] * (status != 0) + list(_unlike(case, alone, out))
                    found.ends += 1
                    _clear(out)
            except Exception as error:
                found.faults.append(f"after kill {found.kills}: {error!r}"[:300])
                _clear(out)
        return found


def prepare(folder: Path) -> None:
    folder.mkdir()
    write_jets(folder / "jets.h5", toy_jets(60, 1))
    write_jets(folder / "test.h5", toy_jets(80, 2))
    (folder / "config.yaml").write_text(CONFIG)


def _ended(words: list[str], after: float | None) -> int:
    """The exit status of a command in a process of its own, which is killed after so many seconds."""
    child = os.fork()
    if not child:
        status = 70
        try:
            os.setsid()
            status = main(words)
        finally:
            os._exit(status)
    if after is not None:
        until = time.monotonic() + after
        while time.monotonic() < until and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _unlike(case: Case, alone: Path, out: Path) -> Iterator[str]:
    """In what two ended runs differ."""
    one, other = case.found(alone), case.found(out)
    if isinstance(one, bytes):
        if one != other:
            yield "the file is another"
    else:
        yield from (f"{path}: {inside}" for path, states in one[0].items()
                    for inside in differences(states, other[0].get(path, {})))
        yield from (f"{name} are others" for name, mine, theirs in zip(
            ("logs", "results", "kept files"), one[1:], other[1:], strict=True) if mine != theirs)
    mine, theirs = ({str(path.relative_to(top.parent)) for path in top.parent.rglob("*") if "tfevents" not in path.name}
                    for top in (alone, out))
    if mine != theirs:
        yield f"left over: {sorted(theirs - mine)}, missing: {sorted(mine - theirs)}"


def _clear(out: Path) -> None:
    for path in out.parent.glob(f"*{out.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def run() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for name in asked.names or CASES:
        begun = time.monotonic()
        found = kill(name, asked.kills, asked.seed)
        sys.stdout.write(f"{name}: {found.kills} kills, seed {asked.seed}, {found.ends} ends, {len(found.faults)} "
                         f"faults, {found.seconds:.1f} s left alone, {time.monotonic() - begun:.0f} s\n")
        sys.stdout.writelines(f"    {fault}\n" for fault in dict.fromkeys(found.faults))
        sys.stdout.flush()


if __name__ == "__main__":
    run()
