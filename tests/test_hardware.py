"""A generator with its circuit measured: nothing changes without shots and noise, and everything is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_training import small, with_delta_r
from test_cli import complaint  # noqa: F401 (a fixture)
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.cli import main
from qgan.data import JetImages, concatenate, write_jets
from qgan.evaluation import Evaluation, Row
from qgan.evaluation.pictures import mean_image_difference
from qgan.sampling.source import JetSource, load_source
from qgan.studies.compare.headlines import HeadlineValue, followed
from qgan.studies.compare.judge import Judge, RealSets
from qgan.studies.hardware import HardwareStudy, Point, on_hardware, study
from qgan.studies.hardware_plot import hardware_plot
from qgan.training.experiment import train

TEST = with_delta_r(toy_jets(100, 2))


def trained(folder: Path, **changes: object) -> Path:
    folder.mkdir(exist_ok=True)
    write_jets(folder / "jets.h5", with_delta_r(toy_jets(100, 1)))
    options = {name.replace("__", "."): value for name, value in changes.items()}
    return train(small({"steps": 2, **options}), data=[folder / "jets.h5"], out=folder / "run", quiet=True).path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("probs"), generator__readout="probs")


@pytest.fixture(scope="module")
def source(run: Path) -> JetSource:
    return load_source(run)


def images(source: JetSource, n: int = 200) -> np.ndarray:
    return concatenate(list(source.jets(n, 3))).images


def cheap(judge: Judge, fake: JetImages, generator: JetSource | None = None) -> Evaluation:
    """Every figure is the difference of the mean images: jets of hardly trained generators take others minutes."""
    rows, real = [], judge.reference.side.real
    for c in ("w", "qcd"):
        value = mean_image_difference(real.only(c).images, fake.only(c).images)
        rows += [Row(metric, name, c, value, 0.01, 0.1, None, None, "", 100)
                 for metric, name in (("w1", "pt"), ("c2st_auc", "features"), ("fpd", "features"))]
    return Evaluation(rows)


def test_infinite_shots_without_noise_make_the_same_jets(source: JetSource) -> None:
    before = images(source)
    assert np.array_equal(images(on_hardware(source, shots=None, noise=0.0)), before)
    assert not np.array_equal(images(on_hardware(source, shots=100, noise=0.0)), before)
    assert not np.array_equal(images(on_hardware(source, shots=None, noise=0.01)), before)
    assert np.array_equal(images(source), before), "the source itself is left as it was"


def test_jets_approach_the_exact_ones_with_shots_and_less_noise(source: JetSource) -> None:
    exact = images(source)

    def far(shots: int | None = None, noise: float = 0.0) -> float:
        return float(np.abs(images(on_hardware(source, shots=shots, noise=noise)) - exact).mean())

    shots = [far(shots=n) for n in (30, 1000, 100_000)]
    noise = [far(noise=p) for p in (0.2, 0.02, 0.0005)]
    assert shots[0] > 2 * shots[1] > 4 * shots[2] > 0
    assert noise[0] > 2 * noise[1] > 4 * noise[2] > 0


def test_expectation_values_are_measured_too(tmp_path: Path) -> None:
    source = load_source(trained(tmp_path, generator__readout="expval"))
    measured = on_hardware(source, shots=50, noise=0.01, seed=4)
    assert images(measured).shape == images(source).shape
    assert (measured.origin["shots"], measured.origin["depolarising"], measured.origin["shots_seed"]) == (50, 0.01, 4)


def test_a_study_has_every_combination_and_says_what_it_found(source: JetSource, monkeypatch: pytest.MonkeyPatch,
                                                              ) -> None:
    monkeypatch.setattr(Judge, "__call__", cheap)
    found = study(source, RealSets(TEST, None), shots=[1000, 10], noise=[0.05], n_per_class=60, quiet=True)
    assert [(p.shots, p.noise) for p in found.points] == [(None, 0.0), (10, 0.0), (1000, 0.0),
                                                          (None, 0.05), (10, 0.05), (1000, 0.05)]
    told = json.loads(json.dumps(found.to_dict()))
    assert told["readout"] == "probs"
    assert told["cost_of_a_jet"]["two_qubit_gates"] > 0
    assert len(told["sentences"]) == 3
    figure = hardware_plot(told)
    panels = [axes for axes in figure.axes if axes.get_ylabel()]
    assert len(panels) == 4
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["10", "1,000", "∞"]


@pytest.mark.parametrize(("lowest", "scale"), [(-0.1, "symlog"), (0.01, "symlog"), (0.03, "log")])
def test_a_distance_that_stays_above_zero_has_no_axis_below_it(lowest: float, scale: str) -> None:
    points = [{"shots": shots, "noise": 0.0, "figures": {"fpd_features": {
        "value": value, "error": 0.02, "floor": None}}} for shots, value in ((None, lowest), (100, 2.0))]
    axes = hardware_plot({"points": points, "readout": "shares", "n_per_class": 10}).axes[0]
    assert axes.get_yscale() == scale
    assert (axes.get_ylim()[0] > 0) == (scale == "log")


@pytest.mark.parametrize(("values", "said"), [
    ({100: 0.5, 1000: 0.11, 10_000: 0.10}, "1,000 shots a jet are enough"),
    ({100: 0.10, 1000: 0.30, 10_000: 0.10}, "10,000 shots a jet are enough"),
    ({100: 0.5, 1000: 0.4, 10_000: 0.3}, "10,000 shots a jet are not enough")])
def test_the_sentence_on_shots_follows_from_the_numbers(values: dict[int, float], said: str) -> None:
    def point(shots: int | None, noise: float, value: float) -> Point:
        return Point(shots, noise, {name: HeadlineValue(value, 0.01, 0.05) for name in followed()})

    points = [point(None, 0.0, 0.1), *(point(n, 0.0, v) for n, v in values.items()), point(None, 0.01, 0.4)]
    cost = {"embedding_two_qubit_gates": 247, "two_qubit_gates": 270, "embedding_depth": 500, "depth": 540}
    sentences = HardwareStudy(points, "probs", cost, 100, 0, True).sentences()
    assert said in sentences[0]
    assert "0.01 after each gate shows" in sentences[1]
    assert "247 of the 270" in sentences[2]


def test_what_cannot_run_on_hardware(tmp_path: Path, complaint: Callable[..., str]) -> None:  # noqa: F811
    state = trained(tmp_path)
    real = tmp_path / "jets.h5"
    assert "'state' is known to simulators only" in complaint("hardware", "--run", state, "--test", real)
    with pytest.raises(ConfigError, match="'state' is known"):
        on_hardware(load_source(state), shots=10, noise=0.0)
    assert "no depolarising probability" in complaint("hardware", "--run", state, "--noise", "0.9")
    assert "0.9" in complaint("hardware", "--run", state, "--noise", "0.9")


def test_a_classical_generator_has_nothing_to_measure(tmp_path: Path) -> None:
    source = load_source(trained(tmp_path, generator__core="dense"))
    with pytest.raises(ConfigError, match="no quantum layer"):
        on_hardware(source, shots=10, noise=0.0)


def test_a_circuit_that_makes_the_pixels_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judge, "__call__", cheap)
    options = {"generator__core": "tree_fed", "generator__numbers": 300, "generator__noise": 2}
    source = load_source(trained(tmp_path / "shares", **options))
    exact = images(source, 60)
    assert np.array_equal(images(on_hardware(source, shots=None, noise=0.0), 60), exact)
    few, many, noisy = (np.abs(images(on_hardware(source, shots=shots, noise=noise), 60) - exact).mean()
                        for shots, noise in ((100, 0.0), (100_000, 0.0), (None, 0.1)))
    assert few > 2 * many
    assert noisy > 2 * many
    found = study(source, RealSets(TEST, None), shots=[100], noise=[0.01], n_per_class=20, quiet=True)
    assert (found.readout, len(found.points)) == ("shares", 4)
    assert "A run takes 11 qubits, " in found.sentences()[-1]
    shooting = load_source(trained(tmp_path / "shots", **options, generator__shots=30))
    assert images(on_hardware(shooting, shots=None, noise=0.1), 20).any()
    with pytest.raises(ConfigError, match="takes 30 shots of its own"):
        on_hardware(shooting, shots=10, noise=0.0)


def test_the_command_writes_numbers_and_a_picture(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Judge, "__call__", cheap)
    write_jets(tmp_path / "test.h5", TEST)
    assert main(["hardware", "--run", str(run), "--test", str(tmp_path / "test.h5"), "--shots", "20", "--noise", "0",
                 "--n", "40", "--json", str(tmp_path / "h.json"), "--plots", str(tmp_path / "h")]) == 0
    assert len(json.loads((tmp_path / "h.json").read_text())["points"]) == 2
    assert (tmp_path / "h" / "hardware.png").read_bytes()[:4] == b"\x89PNG"
    assert "exact" in capsys.readouterr().out
