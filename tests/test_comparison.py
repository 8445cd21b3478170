"""Generators side by side: figures, spreads, controls, what is kept, and the sentence the numbers write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_evaluation import few_draws
from small_training import Stopping, small, with_delta_r
from small_training import differences as unlike
from test_cli import complaint  # noqa: F401 (a fixture)
from toy_jets import toy_jets

from qgan.base.errors import CheckpointError, ConfigError, DataError
from qgan.cli import main
from qgan.data import JetImages, write_jets
from qgan.data.convert import crop_to
from qgan.evaluation import Evaluation, Row
from qgan.evaluation.pictures import mean_image_difference
from qgan.runs import RunFolder, checkpoint
from qgan.runs.recorders import read_log
from qgan.sampling.source import JetSource
from qgan.studies.compare.controls import REAL, controls
from qgan.studies.compare.entries import Entry
from qgan.studies.compare.headlines import HeadlineValue, by_class, class_values, from_plain, plain
from qgan.studies.compare.judge import Judge, RealSets
from qgan.studies.compare.run import Judging, compare
from qgan.studies.compare.text import aligned, cells, markdown, measured, number, title
from qgan.studies.compare.trained import existing_runs, train_runs
from qgan.studies.compare.verdict import differences, pairs, sentence
from qgan.training.experiment import train

TRAIN, TEST = with_delta_r(toy_jets(400, 1)), with_delta_r(toy_jets(200, 2))
JUDGING = Judging(100, 0, True)


def row(metric: str, observable: str, value: float, floor: float = 0.5, group: str = "w") -> Row:
    return Row(metric, observable, group, value, 0.1, floor, None, None, "", 100)


def entry(name: str, core: str, values: list[float], kind: str = "trained", errors: float = 0.01) -> Entry:
    """A model with one figure, lower is better, and coverage, the other way round."""
    found = [{"all": {"w1_median": HeadlineValue(v, errors, 0.02), "coverage": HeadlineValue(1 - v, errors, 1.0)}}
             for v in values]
    return Entry(name, kind, list(range(len(values))), found, {"quantum": 8, "core": 8, "generator": 100}, 0.1, 10,
                 {"generator": {"core": core, "n_qubits": 8}, "steps": 10})


def cheap(judge: Judge, fake: JetImages, generator: JetSource | None = None) -> Evaluation:
    """An evaluation of one metric: jets of hardly trained generators take the others minutes."""
    fake, test = crop_to(fake, judge.grid), judge.reference.side.real
    return Evaluation([row("mean_image", "", mean_image_difference(test.only(c).images, fake.only(c).images), group=c)
                       for c in ("w", "qcd")])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Judge, "__call__", cheap)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_jets(folder / "train.h5", TRAIN)
    write_jets(folder / "test.h5", TEST)
    return folder


def test_figures_are_those_of_the_rows() -> None:
    rows = [*(row("w1", name, value) for name, value in (("pt", 0.1), ("mass", 0.4), ("nnz", 0.2), ("ptd", 0.3))),
            row("mean_image", "", 0.05, 0.03), row("c2st_auc", "features", 0.6), row("fpd", "features", 20.0),
            row("fpd", "energy_flow", 30.0), row("coverage", "features", 0.9), row("closure_bias", "mass", -1.0, 0.5),
            row("closure_resolution", "mass", 5.0, 3.0), row("closure_resolution", "pt", 9.0, 3.0)]
    found = class_values(Evaluation(rows), "w")
    assert {name: figure.value for name, figure in found.items()} == pytest.approx({
        "w1_worst": 0.4, "w1_median": 0.25, "mean_image": 0.05, "auc_trees": 0.6, "fpd_features": 20.0,
        "fpd_energy_flow": 30.0, "coverage": 0.9, "mass_bias": 1.5, "mass_resolution": 4.0})
    assert found["mean_image"] == (0.05, 0.1, 0.03)
    both = by_class(Evaluation([*rows, *(replace(r, group="qcd", value=3 * r.value) for r in rows)]))
    assert both["all"]["w1_worst"].value == pytest.approx(1.2)
    assert both["all"]["mean_image"].value == pytest.approx(0.1)
    assert both["all"]["mean_image"].error == pytest.approx(0.1 / 2**0.5)
    assert from_plain(json.loads(json.dumps(plain(both)))) == both


def test_the_spread_is_over_seeds() -> None:
    figure = entry("a", "quantum", [0.1, 0.3]).figure("w1_median")
    assert figure is not None
    assert (figure.mean, figure.spread) == pytest.approx((0.2, 0.2 / 2**0.5))
    assert figure.uncertainty == pytest.approx(0.1)
    alone = entry("a", "quantum", [0.1]).figure("w1_median")
    assert alone is not None
    assert (alone.spread, alone.uncertainty) == (None, 0.01)
    assert entry("a", "quantum", [0.1]).figure("auc_cnn") is None


@pytest.mark.parametrize(("dense", "said"), [
    ([0.12, 0.08, 0.1], "adds nothing that shows: all 2 figures agree"),
    ([0.31, 0.29, 0.3], "with the quantum layer it is better in median W1 (0.1 against 0.3,"),
    ([0.031, 0.029, 0.03], "with the quantum layer it is worse in median W1 (0.1 against 0.03,"),
])
def test_the_sentence_follows_from_the_numbers(dense: list[float], said: str) -> None:
    quantum, other = entry("q", "quantum", [0.11, 0.09, 0.1]), entry("d", "dense", dense)
    text = sentence(quantum, other)
    assert said in text
    assert "3 seeds each" in text
    assert "8 against 8 trained numbers" in text
    gains = {d.name: d.gain for d in differences(quantum, other)}
    assert gains["w1_median"] is not None
    assert gains["coverage"] is not None
    assert np.sign(gains["w1_median"]) == np.sign(gains["coverage"])


def test_one_seed_is_said_to_be_one() -> None:
    assert "One seed has no spread" in sentence(entry("q", "quantum", [0.1]), entry("d", "dense", [0.3]))


def test_only_models_that_differ_in_the_core_alone_are_set_against_each_other() -> None:
    quantum, dense, frozen = (entry(core, core, [0.1]) for core in ("quantum", "dense", "frozen"))
    wide = replace(dense, name="wide", configuration={**dense.configuration, "generator": {"core": "dense",
                                                                                            "n_qubits": 9}})
    found = [(one.name, other.name) for one, other in pairs([quantum, dense, frozen, wide])]
    assert found == [("quantum", "dense"), ("quantum", "frozen")]


def test_the_table_has_a_line_for_each() -> None:
    entries = [entry("q", "quantum", [0.1, 0.3]), replace(entry("real jets", "", [0.02], "real"), parameters=None)]
    rows = cells(entries)
    assert [len(line) for line in rows] == [len(rows[0])] * 3
    assert rows[1][:4] == ["q", "2", "0.200 ± 0.14", "80.0 ± 14"]
    assert rows[2][:4] == ["real jets", "1", "0.0200", "98.0"]
    assert "8" in rows[1]
    assert len(set(map(len, aligned(rows).splitlines()[3:]))) == 1
    assert markdown(rows).splitlines()[1].count("---") == len(rows[0])
    assert (number(123.4), number(0.0123), number(2e7)) == ("123", "0.0123", "2.0e+07")
    assert (title("mean_image"), title("of another version")) == ("mean image [%]", "of another version")
    assert measured(HeadlineValue(0.0406, 0.0065, 0.027), "mean_image") == "4.06 ± 0.65 (2.70)"
    assert measured(HeadlineValue(1234.5, 104.0, None), "fpd_features") == "1234 ± 104"
    assert measured(HeadlineValue(0.5, None, None), "auc_trees") == "0.500"


def test_controls_are_what_they_are_called() -> None:
    made = {(c.name, c.seed): c for c in controls(TRAIN, 3)}
    assert [name for name, _ in made] == [REAL, REAL, "mean image", "independent pixels", "shuffled conditions",
                                          "smeared", "shifted", "memorised"]
    one, other = made[REAL, 0], made[REAL, 1]
    assert not {image.tobytes() for image in one.jets.images} & {image.tobytes() for image in other.jets.images}
    assert len(one.jets) == len(TRAIN) // 2
    assert {image.tobytes() for image in one.reference.images} == {image.tobytes() for image in other.jets.images}
    for control in made.values():
        assert len(control.jets.only("w")) == len(control.jets.only("qcd")) == 200
        np.testing.assert_allclose(control.jets.only("w").images.mean(), one.jets.only("w").images.mean(), rtol=0.05)
    copies = {image.tobytes() for image in made["memorised", 0].jets.images}
    assert copies == {image.tobytes() for image in one.jets.images}
    assert made["memorised", 0].reference is TRAIN
    assert np.ptp(made["mean image", 0].jets.only("w").images, axis=0).max() == 0
    shuffled = made["shuffled conditions", 0].jets
    assert np.array_equal(shuffled.images, one.jets.images)
    assert abs(np.corrcoef(shuffled.conditions["mass"], one.jets.conditions["mass"])[0, 1]) < 0.5


@pytest.mark.slow
def test_the_figures_catch_the_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which figure sees which control, with a wide margin; memorised jets are for another metric alone."""
    few_draws(monkeypatch)
    found = {}
    for c in controls(TRAIN, 3):
        if c.seed == 0 and c.name != "memorised":
            by = Judge.of(RealSets(TEST, c.reference), TEST.grid, n_per_class=200, seed=0, quick=True)
            found[c.name] = by_class(by(c.jets))
    for group in ("w", "qcd"):
        values = {name: {k: v.value for k, v in f[group].items()} for name, f in found.items()}
        real = values[REAL]
        assert values["mean image"]["auc_trees"] > 0.9 > real["auc_trees"]
        assert values["independent pixels"]["w1_worst"] > 3 * real["w1_worst"]
        assert values["independent pixels"]["fpd_features"] > 300
        assert values["shuffled conditions"]["mass_resolution"] > 3
        assert values["shuffled conditions"]["w1_worst"] == pytest.approx(real["w1_worst"])
        # Pixels of 0.2 already blur the mass of QCD jets as much as smearing does; their pT they do not.
        assert values["smeared"]["w1_worst"] > 3 * real["w1_worst"]
    resolution = {name: f["w"]["mass_resolution"].value for name, f in found.items()}
    assert resolution["smeared"] > resolution[REAL] + 3


def test_a_comparison_trains_judges_and_keeps(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                              quick: None) -> None:
    configurations = {"quantum": small({"steps": 2}), "dense": small({"steps": 2, "generator.core": "dense"})}
    options: dict[str, Any] = {"out": tmp_path, "seeds": (1, 2), "data": [files / "train.h5"],
                               "real": [files / "test.h5"], "judging": JUDGING, "with_controls": False, "quiet": True}
    first = compare(configurations, **options)
    assert [(e.name, e.seeds, e.steps) for e in first.entries] == [("quantum", [1, 2], 2), ("dense", [1, 2], 2)]
    assert first.entries[0].figures[0] != first.entries[0].figures[1]
    mine, other = (e.parameters for e in first.entries)
    assert mine is not None
    assert other is not None
    assert mine["quantum"] == 10
    assert other["quantum"] == 0 < other["core"]
    assert len(first.sentences) == 1
    assert "quantum against dense" in first.text()
    assert first.text().startswith("100 generated jets of each class at most")
    assert replace(first, judging=Judging(5000, 0, True)).text().startswith("1000 generated jets")
    assert json.loads(json.dumps(first.to_dict()))["entries"][0]["figures"]["all"]["mean_image"]["seeds"] == 2

    def never(*_: object, **__: object) -> None:
        raise AssertionError("done again")

    monkeypatch.setattr("qgan.studies.compare.trained.train", never)
    monkeypatch.setattr(Judge, "__call__", never)
    again = compare(configurations, **options)
    assert [e.figures for e in again.entries] == [e.figures for e in first.entries]
    # Another way to judge is another evaluation.
    with pytest.raises(AssertionError, match="done again"):
        compare(configurations, **{**options, "judging": Judging(90, 0, True)})
    with pytest.raises(CheckpointError, match=r"steps: was 2 .* 3 is asked for"):
        compare({name: replace(one, steps=3) for name, one in configurations.items()}, **options)
    with pytest.raises(CheckpointError, match="data: was trained on"):
        compare(configurations, **{**options, "data": [files / "test.h5"]})
    # As runs they are grouped by configuration.
    runs = existing_runs(sorted(tmp_path.glob("runs/*/*")))
    assert [(run.model, run.seed) for run in runs] == [("dense", 1), ("dense", 2), ("quantum", 1), ("quantum", 2)]


def test_a_training_that_was_broken_off_goes_on(files: Path, tmp_path: Path, quick: None) -> None:
    configurations = {"quantum": small({"steps": 4, "logging.checkpoint": 1})}
    options: dict[str, Any] = {"out": tmp_path, "seeds": (1,), "data": [files / "train.h5"],
                               "real": [files / "test.h5"], "judging": JUDGING, "with_controls": False, "quiet": True}
    (tmp_path / "runs" / "quantum").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        train(replace(configurations["quantum"], seed=1), data=options["data"],
              out=tmp_path / "runs" / "quantum" / "seed-1", quiet=True, recorder=Stopping(2))
    assert compare(configurations, **options).entries[0].steps == 4


@pytest.mark.slow
def test_side_by_side_is_one_after_another(files: Path, tmp_path: Path) -> None:
    configurations = {"quantum": small({"steps": 3, "threads": 0}), "dense": small({"steps": 2,
                                                                                    "generator.core": "dense"})}
    data = [files / "train.h5"]
    together = train_runs(configurations, (1, 2), tmp_path / "together", data=data, workers=2, quiet=True)
    alone = train_runs({name: replace(c, threads=1) for name, c in configurations.items()}, (1, 2),
                       tmp_path / "alone", data=data, quiet=True)
    assert [(run.model, run.seed, run.steps) for run in together] == [
        ("quantum", 1, 3), ("dense", 1, 2), ("quantum", 2, 3), ("dense", 2, 2)]
    for one, other in zip(together, alone, strict=True):
        assert not unlike(checkpoint.load(RunFolder(one.folder).checkpoint).states,
                          checkpoint.load(RunFolder(other.folder).checkpoint).states)


def begun(log: Path) -> bool:
    """Whether a training has taken a step; what it is measured against is logged before."""
    return log.is_file() and any(record["step"] > 0 for record in read_log(log))


@pytest.mark.slow
def test_trainings_side_by_side_leave_checkpoints_when_stopped(files: Path, tmp_path: Path) -> None:
    endless = {name: small({"steps": 100000, "logging.checkpoint": 100000, "generator.core": name})
               for name in ("quantum", "dense", "frozen")}
    for name, configuration in endless.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(configuration.to_dict()))
    command = [sys.executable, "-m", "qgan", "compare", "--configs", *(f"{name}.yaml" for name in endless),
               "--seeds", "1", "--workers", "2", "--data", str(files / "train.h5"), "--out", "out"]
    runs = tmp_path / "out" / "runs"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, process_group=0) as process:
        logs = [runs / name / "seed-1" / "log.jsonl" for name in ("quantum", "dense")]
        deadline = time.monotonic() + 120
        while not all(map(begun, logs)) and time.monotonic() < deadline:
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    taken = {log.parent.parent.name: read_log(log)[-1]["step"] for log in logs}
    for name, steps in taken.items():
        assert checkpoint.load(RunFolder(runs / name / "seed-1").checkpoint).step == steps > 0
    assert not (runs / "frozen").exists()


def test_an_error_in_one_of_several_trainings_ends_all(files: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no-jets\.h5"):
        train_runs({"quantum": small()}, (1, 2), tmp_path, data=[files / "no-jets.h5"], workers=2, quiet=True)


def test_the_command_writes_a_table(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                    quick: None) -> None:
    train(small({"steps": 1}), data=[files / "train.h5"], out=tmp_path / "run", quiet=True)
    assert main(["compare", "--runs", str(tmp_path / "run"), "--out", str(tmp_path / "out"), "--n", "60", "--quick",
                 "--test", str(files / "test.h5"), "--data", str(files / "train.h5"), "--rows", "1:11",
                 "--columns", "2:12"]) == 0
    said = capsys.readouterr().out
    table = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert table["pixels"] == [10, 10]
    assert [e["name"] for e in table["entries"]][:3] == ["run", REAL, "mean image"]
    for e in table["entries"]:
        assert e["name"] in said
        assert f"| {e['name']} |" in (tmp_path / "out" / "comparison.md").read_text()


def test_what_cannot_be_compared(tmp_path: Path, files: Path, complaint: Callable[..., str]) -> None:  # noqa: F811
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="nothing to compare"):
        compare(out=tmp_path / "new")
    assert "no such folder" in complaint("compare", "--runs", tmp_path / "x", "--out", tmp_path / "out")
    assert "no such configuration file" in complaint("compare", "--configs", "x.yaml", "--out", tmp_path / "out")
