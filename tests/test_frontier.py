"""Quality against size: fits, choices, verdicts, and results that are kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.cli import main
from qgan.data.jets import JetImages
from qgan.models.shares import SHARES
from qgan.runs.configuration import Configuration, DataOptions, FitOptions, GeneratorOptions, OptimiserOptions
from qgan.runs.recorders import read_log
from qgan.studies.compare.run import Judging
from qgan.studies.frontier import GanPlan, Plan, Point, circuits_among, frontier_plot, gans
from qgan.studies.frontier.fit import divergences, fitted, told
from qgan.studies.frontier.gans import _configuration, _validated
from qgan.studies.frontier.run import point
from qgan.studies.frontier.text import rows, sentences

SPLITS = {"train": toy_jets(200, 1), "validation": toy_jets(100, 2), "test": toy_jets(150, 3)}
PLAN = Plan("w_qcd", ("w",), ("coordinates", "mean_image"), (100,), 2, 30, rates=(0.01, 0.1))


#: One image for all conditions.
FLAT = """
import torch
from torch import nn
from qgan.models.shares import SHARES

class Flat(nn.Module):
    def __init__(self, setting):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(setting.shape))

    def forward(self, inputs):
        return (self.logits - self.logits.logsumexp((0, 1))).expand(len(inputs), -1, -1)

SHARES.add("flat", Flat)
"""


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.studies.frontier.run.embedded_jets", lambda pair, split: SPLITS[split])


def only(split: str, name: str = "w") -> JetImages:
    jets = SPLITS[split]
    return jets.only(jets.class_names.index(name))


def test_inputs_are_standardised_by_the_training_jets() -> None:
    train, test = told(only("train"), only("test"))
    assert torch.allclose(train.inputs.mean(0), torch.zeros(train.inputs.shape[1]), atol=1e-4)
    assert torch.allclose(train.inputs.std(0), torch.ones(train.inputs.shape[1]), atol=0.01)
    assert test.inputs.shape[1] == train.inputs.shape[1] >= 5
    assert torch.allclose(test.shares.sum((1, 2)), torch.ones(len(test.shares)), atol=1e-5)


def test_the_mean_image_comes_to_its_own_minimum() -> None:
    (train,) = told(only("train"))
    best = train.shares.mean(0)
    least = (torch.xlogy(train.shares, train.shares) - train.shares * best.clamp_min(1e-12).log()).sum((1, 2)).mean()
    network = fitted("mean_image", 0, train, steps=1500, batch_size=100, rate=0.1, seed=0).network
    assert float(least) < divergences(network, train).mean() < 1.02 * float(least)


def test_who_is_told_more_does_better() -> None:
    train, test = told(only("train"), only("test"))
    scores = {family: divergences(fitted(family, 550, train, steps=300, batch_size=64, rate=0.03, seed=0).network,
                                  test).mean() for family in ("coordinates", "mean_image")}
    assert scores["coordinates"] < 0.9 * scores["mean_image"]


def test_the_rate_is_chosen_on_validation_jets_and_seeds_repeat() -> None:
    found, again = (point(PLAN, "w", "coordinates", 100) for _ in range(2))
    assert found._replace(milliseconds=0.0) == again._replace(milliseconds=0.0)
    assert len(found.values) == len(found.validation) == 2
    train, validation = told(only("train"), only("validation"))
    by_rate = {rate: divergences(fitted("coordinates", 100, train, steps=30, batch_size=64, rate=rate, seed=0).network,
                                 validation).mean() for rate in PLAN.rates}
    assert found.rate == min(by_rate, key=by_rate.__getitem__)
    assert found.validation[0] == pytest.approx(by_rate[found.rate])


def test_a_fit_that_ends_in_no_numbers_is_told_in_a_line() -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.number = nn.Parameter(torch.zeros(1))

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.number.log() * torch.ones(len(inputs), 12, 12) - self.number.log()

    SHARES.add("broken", lambda setting: Broken(), replace=True)
    try:
        with pytest.raises(ConfigError, match="broken, 100 numbers: the shares of a fit are no numbers"):
            point(PLAN, "w", "broken", 100)
    finally:
        SHARES._things.pop("broken")


@pytest.mark.slow
def test_a_family_of_ones_own_is_fitted_in_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is found whatever the folder that the process works in."""
    (tmp_path / "flat_shares.py").write_text(FLAT)
    monkeypatch.chdir(tmp_path)
    assert main(["frontier", "--plugins", "flat_shares.py", "--families", "flat", "--sizes", "100", "--seeds", "1",
                 "--steps", "1", "--out", "out", "--json", "out.json", "--quiet"]) == 0
    (found,) = json.loads((tmp_path / "out.json").read_text())["points"]
    assert (found["family"], found["numbers"]) == ("flat", 625)


def made(family: str, values: list[float], numbers: int = 500) -> Point:
    return Point("w", family, 500, numbers, 0.01, values, 0.01, values, 1.0)


def test_verdicts_need_a_difference_beyond_the_seeds() -> None:
    points = [made("tree", [0.60, 0.61, 0.62]), made("worse", [0.70, 0.712, 0.718]), made("alike", [0.66, 0.60, 0.59]),
              made("better", [0.50, 0.512, 0.518])]
    (said,) = sentences(points, ["tree"])
    assert said.startswith("w, 500 numbers: tree is better than worse (by +0.1000 ± ")
    assert "not told from alike" in said
    assert "worse than better (by -0.1000 ± " in said
    (said,) = sentences([made("tree", [0.6]), made("other", [0.7])], ["tree"])
    assert said.endswith("tree is not told from other (by +0.1000, one seed)."), "one seed has no spread"
    turned = [point._replace(more_is_better=True) for point in points]
    (said,) = sentences(turned, ["tree"])
    assert "tree is better than better (by +0.1000 ± " in said
    assert "worse than worse (by -0.1000 ± " in said


def test_the_table_has_a_column_for_each_size() -> None:
    points = [made("tree", [0.6, 0.62]), made("tree", [0.5, 0.5], 1000)._replace(size=1000)]
    assert rows(points) == [["class", "family", "500", "1,000"],
                            ["w", "tree", "0.6100 ± 0.0100 (500)", "0.5000 ± 0.0000 (1,000)"]]
    assert rows([made("tree", [0.6])])[1] == ["w", "tree", "0.6000 (500)"]


def test_the_picture_draws_each_family() -> None:
    points = [made(family, [0.6, 0.61], n)._replace(size=n) for family in ("tree", "bits") for n in (100, 1000)]
    axes = frontier_plot(points, ["tree"]).axes[0]
    assert {line.get_label(): line.get_linestyle() for line in axes.lines} == {"tree": "-", "bits": "--"}
    assert np.array_equal(axes.lines[0].get_xdata(), [100, 1000])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["100", "1,000"]
    assert [text.get_text() for text in frontier_plot(points, ["tree"]).legends[0].get_texts()] == ["tree", "bits"]


def test_an_axis_is_logarithmic_where_values_reach_far_and_less_is_better() -> None:
    points = [made("tree", values, n)._replace(size=n, floor=floor) for n, values, floor in
              ((100, [0.0, 0.4], 0.0), (1000, [20.0, 20.1], 0.1))]
    axes = frontier_plot(points, ["tree"]).axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] == pytest.approx(0.05)
    assert frontier_plot([point._replace(more_is_better=True) for point in points], []).axes[0].get_yscale() == "linear"


def test_of_one_size_the_picture_has_a_row_for_each_family() -> None:
    points = [made("tree", [0.6, 0.62]), made("bits", [0.5, 0.5], 510), made("thin", [0.7, 0.7])]
    figure = frontier_plot(points, ["tree"])
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["thin (500)", "tree (500)", "bits (510)"]
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [np.ravel(mark.get_xdata())[0] for mark in marks] == [0.7, 0.61, 0.5]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no circuit", "a circuit"]


def test_the_command_keeps_its_results_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    def one_by_one(work: Callable[..., None], items: Sequence[tuple[Any, ...]], *_: Any, **__: Any) -> None:
        for item in items:
            work(*item)

    monkeypatch.setattr("qgan.studies.frontier.run.side_by_side", one_by_one)
    words = ["frontier", "--families", "low_rank", "mean_image", "--sizes", "200", "--seeds", "2", "--steps", "5",
             "--out", str(tmp_path / "out")]
    assert main([*words, "--json", str(tmp_path / "a.json"), "--plots", str(tmp_path / "plots")]) == 0
    told = json.loads((tmp_path / "a.json").read_text())
    assert [one["family"] for one in told["points"]] == ["low_rank", "mean_image"]
    assert (tmp_path / "plots" / "frontier.png").stat().st_size > 5000
    assert "low_rank" in capsys.readouterr().out
    pieces = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("w-*.json")}
    assert len(pieces) == 2
    assert main([*words, "--json", str(tmp_path / "b.json")]) == 0
    assert {path: path.stat().st_mtime_ns for path in pieces} == pieces
    assert json.loads((tmp_path / "b.json").read_text()) == told
    assert main([*words[:-1], str(tmp_path / "none"), "--classes", "top"]) == 2
    assert "classes: 'top', expected some of" in capsys.readouterr().err
    assert main([*words, "--steps", "6"]) == 2
    assert "steps: was 5 when this work began, 6 is asked for" in capsys.readouterr().err


@pytest.mark.slow
def test_gans_are_trained_at_every_rate_and_judged_at_the_best(tmp_path: Path) -> None:
    recipe = Configuration(steps=3, generator=GeneratorOptions(noise=4), fit=FitOptions(2))
    plan = GanPlan(recipe, ("low_rank",), (200,), 2, rates=(0.001, 0.1))
    points = gans(plan, tmp_path / "out", judging=Judging(60, quick=True), quiet=True)
    looked = {run.parent.name: _validated(run) for run in (tmp_path / "out" / "runs").glob("*/seed-1")}
    assert set(looked) == {f"{family}-200-rate-{rate}" for family in plan.families for rate in plan.rates}
    for family in plan.families:
        mine = [point for point in points if point.family == family]
        assert [point.label for point in mine][:2] == ["median W1 [sd]", "worst W1 [sd]"]
        assert {point.rate for point in mine} == {min(plan.rates, key=lambda rate: looked[f"{family}-200-rate-{rate}"])}
        assert {len(point.values) for point in mine} == {2}
        assert all(point.floor for point in mine if "W1" in point.label)
        assert [(point.label, 0 <= point.mean <= 100) for point in mine if point.more_is_better] == [
            ("coverage [%]", True)]
        assert {"mass bias [GeV]", "mass resolution [GeV]"} < {point.label for point in mine}
    assert {read_log(run / "log.jsonl")[-1]["step"] for run in (tmp_path / "out" / "runs").glob("*/seed-*")} == {3}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")
              if path.suffix in (".pt", ".jsonl") or "eval" in str(path)}
    (tmp_path / "out" / "gan-low_rank-200.json").unlink()
    assert gans(plan, tmp_path / "out", judging=Judging(60, quick=True), quiet=True) == points
    assert {path: path.stat().st_mtime_ns for path in before} == before, "runs and evaluations are enough, too"
    for left in ("runs", "evaluations"):
        shutil.rmtree(tmp_path / "out" / left)
    assert gans(plan, tmp_path / "out", judging=Judging(60, quick=True), quiet=True) == points, "small files are enough"
    assert not (tmp_path / "out" / "runs").exists()
    with pytest.raises(ConfigError, match="steps: was 3 when this work began, 4 is asked for"):
        gans(replace(plan, recipe=replace(plan.recipe, steps=4)), tmp_path / "out", quiet=True)


def test_a_recipe_tells_all_but_what_is_compared() -> None:
    recipe = Configuration(steps=7, data=DataOptions(jets="quark_gluon"), fit=FitOptions(5), symmetry="average",
                           generator=GeneratorOptions(noise=3, core="bits"), optimiser=OptimiserOptions(ema=0.5))
    one = _configuration(GanPlan(recipe, ("tree",), (300,), 1), "tree", 300, 0.2)
    assert (one.generator.core, one.generator.numbers, one.optimiser.generator_rate) == ("tree", 300, 0.2)
    assert (one.steps, one.generator.noise, one.optimiser.ema, one.fit.steps, one.symmetry) == (7, 3, 0.5, 5, "average")
    assert GanPlan(recipe, (), (), 1).settings == {
        "pair": "quark_gluon", "steps": 7, "noise": 3,
        "recipe": {"symmetry": "average", "fit.steps": 5, "optimiser.ema": 0.5}}
    assert GanPlan(Configuration(steps=500, generator=GeneratorOptions(noise=4)), (), (), 1).settings == {
        "pair": "w_qcd", "steps": 500, "noise": 4}, "folders of before go on"


def test_a_recipe_is_read_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[GanPlan] = []

    def trained(plan: GanPlan, *_: Any, **__: Any) -> list[Point]:
        seen.append(plan)
        return []

    monkeypatch.setattr("qgan.studies.frontier.gans", trained)
    words = ["frontier", "--sizes", "300", "--out", str(tmp_path / "out"), "--gans", "--quiet"]
    assert main(words) == 0
    assert main([*words, "--config", "quark_gluon_small", "--steps", "9", "--losses.mean_image", "3"]) == 0
    assert main([*words, "--pair", "quark_gluon"]) == 0
    assert [(plan.recipe.data.jets, plan.recipe.steps, plan.recipe.generator.noise, plan.recipe.losses.mean_image)
            for plan in seen] == [("w_qcd", 800, 4, 36.0), ("quark_gluon", 9, 4, 3.0), ("quark_gluon", 800, 4, 36.0)]
    assert main(["frontier", "--config", "w_qcd_small", "--out", str(tmp_path / "fits")]) == 2
    assert "--config and its options are for GANs, expected --gans beside them" in capsys.readouterr().err


def test_circuits_are_told_from_their_twins() -> None:
    assert circuits_among(["tree", "tree_measured", "tree_free", "tree_fed", "tree_fed_measured", "bits_fed", "born",
                           "born_free", "born_dephased", "waves", "bits"]) == ["tree", "tree_fed", "born", "waves"]


def test_a_figure_has_a_panel_of_its_own_with_what_real_jets_have() -> None:
    points = [made(family, [0.6, 0.61], n)._replace(size=n, label=label, floor=0.1)
              for label in ("median W1 [sd]", "AUC images", "mean image [%]", "worst W1 [sd]")
              for family in ("tree", "bits") for n in (100, 1000)]
    figure = frontier_plot(points, ["tree"], title="{}", axis="")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["median W1 [sd]", "AUC images", "mean image [%]", "worst W1 [sd]"]
    assert [np.ravel(line.get_ydata())[0] for line in shown[0].lines if line.get_label() == "real jets"] == [0.1]


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no network of shares trees; did you mean tree"):
        point(PLAN, "w", "trees", 100)
