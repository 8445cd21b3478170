"""Two trainings at once are each what it is alone, and nobody's random numbers are others for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_files import quark_gluon
from small_training import differences, small, with_delta_r
from toy_jets import toy_jets

from anomaly import train as train_anomaly
from anomaly.configuration import Configuration as AnomalyConfiguration
from anomaly.detector import load_detector
from qgan.base.workers import local_workers
from qgan.data import write_jets
from qgan.runs import checkpoint
from qgan.sampling.pretrained import load_model
from qgan.sampling.source import generate, load_source
from qgan.training.experiment import train


def one(out: Path, data: Path, seed: int = 0) -> dict[str, Any]:
    """The states that a training ends with."""
    run = train(small({"steps": 8, "seed": seed, "symmetry": "exact"}), data=[data], out=out, quiet=True)
    return checkpoint.load(run.checkpoint).states


def another(out: Path) -> dict[str, Any]:
    options = AnomalyConfiguration()
    options.model.name, options.training.epochs, options.preprocessing.size, options.threads = "mlp", 2, 8, 1
    run = train_anomaly(options, data=quark_gluon(60).only("quark"), out=out, quiet=True)
    return checkpoint.load(run.checkpoint).states


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(100, 1)))
    return path


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return one(tmp_path_factory.mktemp("alone") / "run", data)


def test_trainings_in_threads(data: Path, alone: dict[str, Any], tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        same = [pool.submit(one, tmp_path / f"{i}", data) for i in range(2)]
        other, detector = pool.submit(one, tmp_path / "other", data, 1), pool.submit(another, tmp_path / "detector")
    assert [differences(alone, found.result()) for found in same] == [[], []]
    assert differences(alone, other.result())
    assert differences(another(tmp_path / "again"), detector.result()) == []


@pytest.mark.slow
def test_trainings_in_processes(data: Path, alone: dict[str, Any], tmp_path: Path) -> None:
    with local_workers(2) as pool:
        same = [pool.submit(one, tmp_path / f"{i}", data) for i in range(2)]
        assert [differences(alone, found.result()) for found in same] == [[], []]


def _generators() -> list[bytes]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 (what others may use)
    return [torch.get_rng_state().numpy().tobytes(), np.asarray(keys).tobytes(), repr((kind, rest)).encode()]


def test_nobody_draws_from_the_callers_generators(data: Path, tmp_path: Path) -> None:
    another(tmp_path / "detector")
    doings: dict[str, Callable[[], object]] = {
        "train": lambda: one(tmp_path / "run", data), "load_source": lambda: load_source(tmp_path / "run"),
        "load_model": lambda: load_model("w_qcd"), "anomaly train": lambda: another(tmp_path / "detector 2"),
        "generate": lambda: generate(tmp_path / "run", tmp_path / "fake.h5", n=10, quiet=True),
        "score": lambda: load_detector(tmp_path / "detector").scores(quark_gluon(10))}
    torch.manual_seed(7)
    for name, do in doings.items():
        before = _generators()
        do()
        assert _generators() == before, name
