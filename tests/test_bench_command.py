"""``qgan bench``: the whole training step, the sampling, the simulation and the memory, and the command around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.container import ErrorbarContainer
from matplotlib.image import imread
from small_training import prepared_from, small, with_delta_r
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.cli import main
from qgan.cli.bench import PARTS
from qgan.data import write_jets
from qgan.report.plots.style import to_png
from qgan.sampling.source import JetSource
from qgan.simulation.chunks import Settings
from qgan.studies.bench import as_text, bench, memory, run
from qgan.studies.bench import gan as gan_part
from qgan.studies.bench.gan import (
    CONTROLS,
    PER_SAMPLE,
    QUANTUM,
    fewer_jets,
    gan_rows,
    sample_by_sample,
    steps_of,
    trainer_with,
)
from qgan.studies.bench.memory import memory_rows, peak_memory, resident_memory
from qgan.studies.bench.plot import bench_plot
from qgan.studies.bench.run import QUICK, Extent, _Session
from qgan.studies.bench.sampling import sampling_rows, simulation_row, simulation_rows
from qgan.studies.bench.text import product_shares
from qgan.studies.bench.timing import Estimate
from qgan.training.assembly import source_from
from qgan.training.preparation import Prepared
from qgan.training.trainer import Record

GROWTH = {name: Estimate(1.0, 0.9, 1.2) for name in ("batch 1 to 256", "batch 256 to 4096", "layers",
                                                     "factor per qubit")}
TINY = Extent(layer=0.001, gan=0.001, sampling=0.001, requests=(1, 20), processes=("w",), batches=1)


@pytest.fixture(scope="module")
def jets_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "toy.h5"
    write_jets(path, with_delta_r(toy_jets(60, seed=1)))
    return path


@pytest.fixture(scope="module")
def prepared(jets_file: Path) -> Prepared:
    return prepared_from(small(), jets_file)


def test_each_core_is_trained_in_the_same_gan(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gan_part, "FEW", 4)
    # Of one call each, another program decides which is the slower.
    rows = gan_rows(small(), prepared, 0.6)
    assert [row["core"] for row in rows] == [QUANTUM, *CONTROLS, PER_SAMPLE]
    quantum, slow = rows[0], rows[-1]
    assert {value for name, value in quantum.items() if name.startswith("quantum_over")} == {1}
    assert all(row["steps"] >= 1 and row["seconds"] > 0 for row in rows)
    assert slow["scaled"] == gan_part.FEW
    assert slow["seconds"] > 2 * quantum["seconds"]
    assert slow["quantum_over"] == pytest.approx(quantum["seconds"] / slow["seconds"], rel=0.2)


def test_the_core_alone_differs(prepared: Prepared) -> None:
    shapes = [{name: p.shape for name, p in trainer_with(core, small(), prepared).generator.named_parameters()
               if ".core." not in name and not name.startswith(("network.mapping.0", "network.start.0"))}
              for core in (QUANTUM, "dense", "none")]
    assert shapes[0] == shapes[1] == shapes[2]


def test_the_slow_circuit_takes_the_same_step(prepared: Prepared) -> None:
    fast = trainer_with(QUANTUM, small(), prepared)
    slow = sample_by_sample(trainer_with(QUANTUM, small(), prepared))
    first, second = steps_of(fast)(), steps_of(slow)()
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert first.step == second.step == 1
    for name, value in first.figures.items():
        torch.testing.assert_close(second.figures[name], value, rtol=1e-3, atol=1e-4)


def test_fewer_jets_keep_what_was_fitted(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gan_part, "JETS", 20)
    fewer = fewer_jets(prepared)
    assert len(fewer.train) == len(fewer.table) == 20
    assert fewer.blueprint == prepared.blueprint
    assert (fewer.table[:, 0] == fewer.train.label).all()


def test_sampling_counts_whole_requests(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.sampling.source.BLOCK", 16)
    source = source_from(trainer_with(QUANTUM, small(), prepared), prepared)
    rows = sampling_rows(source, 0.001, (1, 200))
    assert [(row["jets"], row["substructure"]) for row in rows] == [(200, False), (200, True), (1, False), (1, True)]
    assert all(row["rate"] == pytest.approx(row["jets"] / row["seconds"]) for row in rows)
    assert all(row["rate_low"] <= row["rate"] <= row["rate_high"] and row["threads"] == 1 for row in rows)
    assert rows[0]["seconds"] > rows[2]["seconds"]


def test_one_core_is_measured_with_one_thread(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.sampling.source.BLOCK", 16)
    source = source_from(trainer_with(QUANTUM, small(), prepared), prepared)
    seen: list[int] = []
    whole = JetSource.block

    def watched(self: JetSource, *words: Any) -> Any:
        seen.append(torch.get_num_threads())
        return whole(self, *words)

    monkeypatch.setattr(JetSource, "block", watched)
    torch.set_num_threads(2)
    try:
        rows = sampling_rows(source, 0.001, (1, 20))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert [(row["jets"], row["threads"]) for row in rows[::2]] == [(20, 1), (1, 2), (20, 2)]
    assert set(seen) == {1, 2}


def test_the_simulation_is_left_out_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.simulation.engines._missing", "pythia8mc")
    rows, why = simulation_rows(("w",), 1)
    assert rows == []
    assert "pythia8mc" in why
    with pytest.raises(DataError, match="pip install"):
        simulation_row("w", 1)


def test_the_simulation_counts_what_follows_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def make_chunk(settings: Settings, chunk: int, made: Callable[[int], object]) -> None:
        seen.append(settings.n)
        for jets in (60, 60, 0, 7):
            made(jets)

    monkeypatch.setattr("qgan.studies.bench.sampling.make_chunk", make_chunk)
    monkeypatch.setattr("qgan.studies.bench.sampling.require_engines", lambda: None)
    row = simulation_row("w", 1)
    assert (seen, row["jets"]) == ([120], 67)
    assert row["rate"] == row["jets"] / row["seconds"]
    rows, why = simulation_rows(("w", "qcd"), 1, end=0)
    assert (rows, why) == ([], "no time left for w")


def test_the_peak_is_at_least_what_is_there() -> None:
    before = peak_memory()
    block = torch.ones(2**24)
    assert resident_memory() >= block.nbytes
    assert peak_memory() >= max(before, resident_memory())


def test_memory_is_measured_in_processes_of_its_own(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_jobs", lambda *given: [("a step", memory._training, ("none", *given))])
    assert list(memory_rows(small(), prepared, 1, end=0)) == [], "no time left"
    block = torch.ones(2**28)  # a gigabyte here that may not count there
    rows = list(memory_rows(small(), prepared, 1))
    assert [row["what"] for row in rows] == ["a step"]
    assert 50e6 < rows[0]["loaded"] <= rows[0]["peak"] < block.nbytes
    assert (rows[0]["added"], rows[0]["gpu"]) == (rows[0]["peak"] - rows[0]["loaded"], 0)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts that take no time, and the others without their work."""
    rows = [{"what": what, "direction": direction, "n_qubits": n, "n_layers": 2, "n_rotations": n, "inputs": 9,
             "batch": batch, "seconds": 1e-3 * batch * ratio, "seconds_low": 9e-4 * batch * ratio,
             "seconds_high": 2e-3 * batch * ratio, "wall": 1e-3 * batch * ratio, "ratio": ratio,
             "ratio_low": 0.9 * ratio, "ratio_high": 1.1 * ratio, "wall_ratio": ratio, "turns": 3, "calls": 3,
             "scaled": 2 if ratio > 1 else None}
            for n, batch in ((8, 384), (8, 1), (8, 64), (4, 384))
            for what, ratio in (("quantum layer", 1), ("matrix product", 0.5), ("PennyLane per sample", 1000.0))
            for direction in ("forward", "forward+backward")]
    layer = {"other_simulators": [], "rows": rows, "counts": {"quoted": run.counts()},
             "kept_for_backward": {"quantum layer": 100000},
             "growth": {name: power._asdict() for name, power in GROWTH.items()}}
    rate = {"process": "w", "jets": 60, "seconds": 2.0, "rate": 30.0, "rate_spread": 4.0, "wall_rate": 20.0}
    step = {"what": "born, 10 layers", "numbers": 703, "batch": 64, "seconds": 0.02, "seconds_low": 0.02,
            "seconds_high": 0.03, "wall": 0.02, "over": 2.5, "over_low": 2.4, "over_high": 2.6, "over_wall": 2.7,
            "turns": 3}
    monkeypatch.setattr(_Session, "layer", lambda self: layer)
    monkeypatch.setattr(_Session, "shares", lambda self: [step])
    monkeypatch.setattr(_Session, "simulation", lambda self: {"rows": [rate], "left_out": ""})
    monkeypatch.setattr(_Session, "memory", lambda self: [{"what": "a", "loaded": 1, "peak": 3, "added": 2, "gpu": 0}])
    monkeypatch.setattr(run, "capacity_table", lambda quick, seed: [])
    monkeypatch.setattr(run, "QUICK", TINY)
    monkeypatch.setattr("qgan.sampling.source.BLOCK", 16)
    monkeypatch.setattr(gan_part, "FEW", 4)
    monkeypatch.setattr(run, "Configuration", lambda seed: replace(small(), seed=seed))


def test_the_command_prints_and_leaves_json_and_a_picture(tiny: None, jets_file: Path, tmp_path: Path,
                                                          capsys: pytest.CaptureFixture[str]) -> None:
    json_file, picture = tmp_path / "bench.json", tmp_path / "plots" / "bench.png"
    words = ["bench", "--quick", "--threads", "1", "--seed", "3", "--data", str(jets_file), "--json", str(json_file),
             "--plots", str(picture.parent)]
    assert main(words) == 0
    out = capsys.readouterr().out
    found = json.loads(json_file.read_text())
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert (found["quick"], found["threads"], found["seed"], found["machine"]["threads"]) == (True, 1, 3, 1)
    assert found["machine"]["libraries"]["torch"] == version("torch")
    assert set(found["seconds"]) == {*PARTS, "all"}
    assert found["gan"]["configuration"]["seed"] == 3
    assert len(found["marks"]) == 5
    assert "lower quartile" in found["estimator"]
    assert "with layers to the power 1 (0.9–1.2)" in out
    for said in ("PennyLane per sample | ≥ 1,000 | 1,000 (900–1,100) | 1,000 | cannot be told |", "lower quartile",
                  "measured 384.00 ms", "| training step, quantum over dense core | ≤ 1.1 |", "times w",
                  "| step of born, 10 layers, over coordinates of equal size | ≤ 3 | 2.5 (2.4–2.6) | 2.7 | yes |",
                  "| sampling, jets a second on one core | ≥ 5,000 |", "share of the matrix product", "quantum / it",
                  "resident memory"):
        assert said in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.json", "plots"]


def test_what_is_left_out_for_lack_of_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "growth", lambda *given: GROWTH)
    monkeypatch.setattr(run, "layer_rows", lambda *given: [])
    monkeypatch.setattr(run, "memory_rows", lambda *given: [])
    monkeypatch.setattr(_Session, "prepared", None)
    result = bench(parts=["layer", "memory"], extent=replace(TINY, limit=0.0))
    assert "8 qubits, batch 4096" in result["left_out"]
    assert "left out for lack of time: " in as_text(result)
    assert "6 of 6 measurements of memory" in as_text(result)


def test_one_part_alone_and_quiet(tiny: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "--only", "simulation", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    result = bench(quick=True, parts=["simulation"])
    assert set(result) >= {"machine", "simulation"}
    assert "layer" not in result
    assert "30.0 ± 4.0 jets a second" in as_text(result)


@pytest.mark.parametrize(("words", "complaint"), [
    (["--only", "gan", "--plots", "plots"], "--plots"),
    (["--only", "speed"], "speed"),
    (["--threads", "0"], "--threads"),
    (["--device", "cuda:7"], "cuda:7"),
    (["--json", "no/such/folder.json"], "no/such"),
])
def test_a_mistake_is_named_before_the_work(words: list[str], complaint: str, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *words]) == 2
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bench.json"
    path.write_text("mine")
    assert main(["bench", "--json", str(path)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_the_picture_shows_every_contender_with_its_spread(tiny: None) -> None:
    rows = bench(parts=["layer"])["layer"]["rows"]
    figure = bench_plot(rows)
    assert len(figure.axes) == 4
    for axes in figure.axes:
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert len(axes.containers) == 3
    for panel, expected in ((0, [1, 64, 384]), (2, [2**4, 2**8])):
        points = figure.axes[panel].containers[0]
        assert isinstance(points, ErrorbarContainer)
        assert np.asarray(points.lines[0].get_xdata()).tolist() == expected
    assert imread(BytesIO(to_png(figure))).std() > 0.02


def test_the_share_of_the_product_is_that_of_the_quoted_circuit(tiny: None) -> None:
    rows = bench(parts=["layer"])["layer"]["rows"]
    assert product_shares(rows) == {1: 0.5, 64: 0.5, 384: 0.5}


def test_the_parts_of_the_command_are_those_of_the_benchmark() -> None:
    assert PARTS == run.PARTS
    assert max(QUICK.requests) < max(run.LONG.requests)
