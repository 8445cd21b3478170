"""Broken files of every kind that is read: each is read or refused in one line, soon and in little memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzed_kinds import KINDS, Kind
from fuzzing import Met, _met, fuzz

from qgan.base.errors import DataError

#: Those whose libraries load for seconds, or that take a tenth of a second each.
COSTLY = {"checkpoint", "autoencoder", "card", "weights", "yaml", "table", "fixed table", "parquet"}


def faults(found: list[Met]) -> list[Met]:
    return [met for met in found if met.end == "fault"]


def test_few_broken_files() -> None:
    found = list(fuzz([kind for kind in KINDS if kind not in COSTLY], 12))
    assert faults(found) == []
    assert sum(met.end == "read" for met in found) > 50
    assert sum(met.end == "refused" for met in found) > 150


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_many_broken_files(kind: str) -> None:
    assert faults(list(fuzz([kind], 60))) == []


def _raising(error: BaseException) -> Any:
    def read(path: Path, rng: np.random.Generator) -> None:
        raise error

    return read


@pytest.mark.parametrize(("read", "what"), [
    (_raising(KeyError("image")), "KeyError: 'image'"),
    (_raising(DataError("a.h5", "image", "two\nlines")), ""),
    (_raising(DataError("other.h5", "image", "is wrong")), "says 'other.h5"),
    (_raising(DataError("a.h5", "image", "is wrong")), ""),
    (lambda path, rng: np.ones(80_000_000), "takes 6"),
    (lambda path, rng: np.log(np.zeros(1)), "RuntimeWarning"),
    (lambda path, rng: None, ""),
])
def test_what_counts_as_a_fault(tmp_path: Path, read: Any, what: str) -> None:
    (tmp_path / "a.h5").touch()
    found = _met(Kind("a.h5", lambda path: None, read), tmp_path / "a.h5", np.random.default_rng(0))
    assert what in found.get("what", "")
    assert (found["end"] == "fault") == bool(what)
