"""Taggers with generated jets: what is kept of a study, and what the tables say of made-up numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_training import differences, small
from toy_jets import toy_jets

from qgan.base.errors import CheckpointError, ConfigError, DataError
from qgan.data import Grid, read_jets
from qgan.runs import checkpoint
from qgan.sampling.source import load_source
from qgan.studies.augment import Results, StudyPlan, as_text, study, summarise
from qgan.studies.augment import generators as training
from qgan.studies.augment.amplification import Power
from qgan.studies.augment.generators import generator_of, sample
from qgan.studies.augment.subsets import COPIES, GENERATED, MIXED, MIXED_GIVEN, REAL, draw, mixed_jets
from qgan.studies.augment.summary import sentence
from qgan.training.assembly import build_trainer
from qgan.training.trainer import Record, Trainer

POOL, TEST = toy_jets(80, 1), toy_jets(60, 2)
PLAN = StudyPlan(sizes=(40, 60), seeds=1, generated_per_real=2, taggers=("trees",), observables=("mass",), bins=4,
            power_jets=100)


# what is kept

def test_a_stopped_training_goes_on_to_the_same_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = small({"steps": 4, "logging.checkpoint": 0})
    whole = generator_of(POOL, configuration, tmp_path / "whole.pt", quiet=True)

    def stopping(*arguments: Any) -> Trainer:
        trainer = build_trainer(*arguments)
        run = trainer.run

        def two_steps(steps: int) -> Iterator[Record]:
            for record in run(steps):
                if record.step == 3:
                    raise KeyboardInterrupt
                yield record

        trainer.run = two_steps  # type: ignore[method-assign]
        return trainer

    with monkeypatch.context() as patched:
        patched.setattr(training, "build_trainer", stopping)
        with pytest.raises(KeyboardInterrupt):
            generator_of(POOL, configuration, tmp_path / "stopped.pt", quiet=True)
    assert checkpoint.load(tmp_path / "stopped.pt").step == 3
    again = generator_of(POOL, configuration, tmp_path / "stopped.pt", quiet=True)
    assert differences(whole.generator.state_dict(), again.generator.state_dict()) == []
    assert list(checkpoint.load(tmp_path / "stopped.pt").states) == ["average"]
    np.testing.assert_array_equal(sample(load_source(tmp_path / "whole.pt"), 10, 3).images, sample(again, 10, 3).images)
    with pytest.raises(CheckpointError, match="steps: was 4"):
        generator_of(POOL, small({"steps": 5, "logging.checkpoint": 0}), tmp_path / "whole.pt", quiet=True)


def test_a_study_goes_on_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = small({"steps": 2})
    results = study(POOL, TEST, configuration, PLAN, tmp_path / "study", quiet=True, mixed=tmp_path / "mixed.h5")
    assert set(results.powers) == {(size, group, "mass") for size in (40, 60) for group in ("qcd", "w")}
    assert results.powers[40, "w", "mass"][0].n == 20
    assert set(results.scores) == {(size, "trees", way) for size in (40, 60) for way in (REAL, COPIES, GENERATED,
                                                                                         MIXED)}
    assert [len(scores[0]) for scores in results.scores.values()] == [len(TEST)] * 8
    _check_mixed(tmp_path / "mixed.h5")
    gone = tmp_path / "study" / "jets_60_0" / "trees_real_+_generated.npz"
    before = np.load(gone)["scores"]
    gone.unlink()
    monkeypatch.setattr(training, "build_trainer", None)
    again = study(POOL, TEST, configuration, PLAN, tmp_path / "study", quiet=True)
    np.testing.assert_array_equal(np.load(gone)["scores"], before)
    summaries = [summarise(r, PLAN, configuration, POOL) for r in (results, again)]
    assert summaries[0] == summaries[1]
    json.dumps(summaries[0], allow_nan=False)
    text = as_text(summaries[0])
    assert text.count("cannot be judged from one seed for the trees") == 2
    assert "qcd mass*" not in text
    with pytest.raises(ConfigError, match=r"study: generated_per_real: was 2 .* 3 is asked for; .*--restart"):
        study(POOL, TEST, configuration, replace(PLAN, generated_per_real=3), tmp_path / "study", quiet=True)


@pytest.mark.slow
def test_parts_side_by_side_are_parts_one_after_another(tmp_path: Path) -> None:
    configuration, plan = small({"steps": 2}), replace(PLAN, seeds=2)
    alone = study(POOL, TEST, replace(configuration, threads=1), plan, tmp_path / "alone", quiet=True)
    together = study(POOL, TEST, configuration, plan, tmp_path / "together", workers=3, quiet=True)
    assert summarise(together, plan, configuration, POOL) == summarise(alone, plan, configuration, POOL)
    for names, scores in alone.scores.items():
        np.testing.assert_array_equal(together.scores[names], scores)


def test_an_error_in_one_of_several_parts_ends_all(tmp_path: Path) -> None:
    flat = [replace(jets, images=jets.images + 1) for jets in (POOL, TEST)]
    with pytest.raises(ConfigError, match=r"observables: nnz of (qcd|w) jets: all values of the truth"):
        study(flat[0], flat[1], small({"steps": 1}), replace(PLAN, observables=("nnz",), taggers=()),
              tmp_path / "study", workers=2, quiet=True)


def _check_mixed(path: Path) -> None:
    mixed = read_jets(path)
    assert mixed.generated is not None
    assert mixed.generated.tolist() == [0] * 60 + [1] * 120
    assert np.bincount(mixed.label[mixed.generated == 1]).tolist() == [60, 60]
    chosen = POOL[draw(POOL, 60, 0, 0)]
    np.testing.assert_array_equal(mixed.images[:60], chosen.images)
    np.testing.assert_array_equal(mixed.conditions["mass"][:60], chosen.conditions["mass"])
    assert (mixed.origin["real_jets"], mixed.origin["generated_jets"]) == (60, 120)


def test_marks_of_mixed_jets() -> None:
    both = mixed_jets(POOL[:3], TEST[:2])
    assert both.generated is not None
    assert both.generated.tolist() == [0, 0, 0, 1, 1]
    assert both[np.array([4, 0])].generated.tolist() == [1, 0]  # type: ignore[union-attr]


# what the tables say

def made_up(seeds: int) -> tuple[Results, StudyPlan]:
    """The trees gain from generated jets, the network loses, copies do nothing."""
    rng, label = np.random.default_rng(0), np.repeat([0, 1], 1500)
    noise = [rng.normal(size=3000) for _ in range(seeds)]
    shifts = {"trees": {REAL: 1.0, COPIES: 1.0, GENERATED: 0.5, MIXED: 1.3},
              "resnet": {REAL: 1.5, COPIES: 1.5, GENERATED: 1.0, MIXED: 1.2}}
    results = Results(label)
    for tagger, ways in shifts.items():
        for way, shift in ways.items():
            results.scores[1000, tagger, way] = [n + shift * label for n in noise]
    good, bad = Power(500, 0.0002, 1e-10, 1e-10, 0.9, 0.9), Power(500, 0.009, 1e-8, 1e-8, 0.9, 0.9)
    unclear = Power(500, -0.0001, 1e-7, 1e-7, 0.9, 0.9)
    for (group, name), one in {("qcd", "c2"): good, ("qcd", "mass"): bad, ("w", "c2"): unclear}.items():
        results.powers[1000, group, name] = [one] * seeds
    return results, StudyPlan(sizes=(1000,), seeds=seeds)


def test_the_report_says_what_the_numbers_say() -> None:
    results, plan = made_up(3)
    result = summarise(results, plan, small(), POOL)
    said = result["verdicts"][0]
    assert said.startswith("With 1,000 real jets, adding generated ones helped the trees (AUC +0.0")
    assert " and hurt the network (AUC -0.0" in said
    assert said.count("copies +0.0000 ± 0.0000") == 2
    text = as_text(result)
    rows = {row["training"]: row for row in result["taggers"] if row["tagger"] == "trees"}
    given = sentence(1000, [{**rows[MIXED], "training": MIXED_GIVEN}, rows[COPIES]], MIXED_GIVEN)
    assert given.startswith("With 1,000 real jets, adding those of the given run, which saw more, helped the trees (A")
    assert "copies" not in given
    assert len(result["verdicts"]) == 1
    assert rows[REAL]["gain"] is None
    assert rows[MIXED]["verdict"] == "helped"
    assert rows[GENERATED]["verdict"] == "hurt"
    # Φ(shift/√2) for unit Gaussians.
    assert rows[REAL]["auc"]["value"] == pytest.approx(0.760, abs=0.02)
    assert f"{rows[MIXED]['auc']['value']:.4f} ± " in text
    assert f"{rows[MIXED]['gain']['value']:+.4f} ± " in text
    power = dict(re.split(r"\s{2,}", line) for line in text.splitlines() if line.startswith(("qcd ", "w ")))
    # 0.9 / 500 = 0.0018 is the error of the real jets: nine times the first bias, a fifth of the second.
    assert power["qcd c2"] == "9.00 ± 0.52 [562 ± 4]"
    assert power["qcd mass"].startswith("0.20 ± 0.00")
    assert power["qcd mass"].endswith("[never]")
    assert power["w c2"].startswith("> ")
    assert any("canonical" in note for note in result["notes"])
    assert result["truth_jets"] == [1580, 1580]
    assert not any("truth" in note for note in result["notes"])
    capped = summarise(results, replace(plan, truth_jets=1000), small(), POOL)
    assert capped["truth_jets"] == [1000, 1000]
    assert "truth: 1,000 and 1,000 held-out jets" in as_text(capped)
    assert "the histograms' truth is 1,000 jets of a class at most, drawn from the 3,160 there are" in capped["notes"]
    assert any("are more than the 160 there are" in note for note in result["notes"])


def test_pictures_of_the_report() -> None:
    from qgan.studies.augment.plot import amplification_plot, tagger_plot

    results, plan = made_up(2)
    result = summarise(results, plan, small(), POOL)
    for figure, panels in ((tagger_plot(result), 2), (amplification_plot(result), 3)):
        assert len([axes for axes in figure.axes if axes.get_visible()]) == panels
        assert all(axes.lines for axes in figure.axes[:panels])


@pytest.mark.parametrize(("changed", "message"), [
    ({"sizes": (41,)}, "sizes: 41, expected even numbers of at least 40"),
    ({"sizes": (20,)}, "sizes: 20, expected even"),
    ({"seeds": 0}, "seeds: 0, expected at least 1"),
    ({"taggers": ("svm",)}, "taggers: 'svm', expected some of .*trees"),
    ({"observables": ("colour",)}, "observables: 'colour', expected some of pt, mass"),
])
def test_impossible_plans_are_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(PLAN, **changed).check()  # type: ignore[arg-type]


def test_jets_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for pool, test, message in ((POOL, replace(TEST, grid=Grid.square(12, 0.8)), "grid"),
                                (POOL, TEST.only(1), "one class alone")):
        with pytest.raises(DataError, match=message):
            study(pool, test, small(), PLAN, tmp_path / "study", quiet=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="full: holds other files"):
        study(POOL, TEST, small(), PLAN, tmp_path / "full", quiet=True)
