"""Two sets of jets: paired by the names of their classes, refused in other units, and the jets that they share said."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from foreign_files import quark_gluon
from small_evaluation import few_draws

from anomaly.baselines import baselines
from qgan.base.errors import DataError
from qgan.base.notes import DataNote
from qgan.data import JetImages, embedded_jets
from qgan.data.jets import UNNAMED
from qgan.data.matching import copies, matched, shared, training_jets
from qgan.data.units import Units, scaled_to
from qgan.evaluation import Evaluation, evaluate
from qgan.observables.arrays import observables
from qgan.studies.slices import slices


@pytest.fixture(autouse=True)
def notes_are_allowed() -> None:
    warnings.simplefilter("ignore", DataNote)


def renumbered(jets: JetImages) -> JetImages:
    """The same jets of the same classes, whose labels and names are reversed."""
    return replace(jets, label=1 - jets.label, class_names=jets.class_names[::-1], source="renumbered.h5")


def in_shares(jets: JetImages, units: Units) -> JetImages:
    whole = jets.images.sum((1, 2), keepdims=True) if units == "sum" else jets.images.max((1, 2), keepdims=True)
    return replace(jets, images=jets.images / whole, units=units, conditions={}, source=f"{units}_1.h5")


def numbers(evaluation: Evaluation) -> dict[tuple[str, str, str], float]:
    return {(row.metric, row.observable, row.group): row.value for row in evaluation.rows}


REAL, FAKE = quark_gluon(150, 1), embedded_jets("quark_gluon", "validation").sample(150, 2)


@pytest.mark.slow
def test_classes_are_compared_by_name_whatever_their_numbers() -> None:
    straight = numbers(evaluate(REAL, FAKE, quick=True, workers=1))
    turned = numbers(evaluate(REAL, renumbered(FAKE), quick=True, workers=1))
    assert straight == pytest.approx(turned, rel=0.3, abs=0.1)
    assert straight["w1", "nnz", "quark"] < 0.5
    unnamed = numbers(evaluate(REAL, replace(FAKE, class_names=UNNAMED), quick=True, workers=1))
    assert straight == unnamed
    found, again = (slices(REAL, fake, 2) for fake in (FAKE, renumbered(FAKE)))
    assert [row.to_dict() for row in found] == [row.to_dict() for row in again]


def test_other_names_are_refused_and_both_lists_named() -> None:
    others = replace(FAKE, class_names=("w", "qcd"), source="other_names.h5")
    for compare in (lambda: evaluate(REAL, others, quick=True), lambda: evaluate(REAL, FAKE, reference=others),
                    lambda: slices(REAL, others), lambda: baselines(REAL.only("quark"), others)):
        with pytest.raises(DataError, match=r"other_names.h5: class_names: w and qcd are not gluon and quark"):
            compare()


def test_simple_scores_are_those_of_the_named_classes() -> None:
    train = embedded_jets("quark", "train")[:500]
    straight, turned = (baselines(train, test, components=[4], n_bootstrap=10) for test in (REAL, renumbered(REAL)))
    assert [s.auc.value for s in straight] == [s.auc.value for s in turned]


# units

@pytest.mark.parametrize("units", ["sum", "max"])
def test_jets_of_other_units_are_never_compared(units: Units) -> None:
    with pytest.raises(DataError, match=rf"{units}_1.h5: units: {units} differs from GeV"):
        evaluate(REAL, in_shares(FAKE, units), quick=True)
    with pytest.raises(DataError, match=rf"{units}_1.h5: units: {units} differs from GeV"):
        matched(REAL, in_shares(FAKE, units))


@pytest.mark.parametrize("units", ["sum", "max"])
def test_cuts_are_shares_of_the_pt_where_there_are_no_gev(units: Units) -> None:
    scaled = in_shares(REAL, units)
    assert scaled_to(scaled.images) == units
    count = observables(scaled.images, REAL.grid, ["nnz"], units=units)["nnz"]
    in_gev = observables(REAL.images, REAL.grid, ["nnz"])["nnz"]
    assert count.mean() == pytest.approx(in_gev.mean(), rel=0.02)
    train, test = embedded_jets("quark", "train")[:300], REAL
    of_gev = baselines(train, test, components=[4], n_bootstrap=10)
    of_shares = baselines(in_shares(train, units), in_shares(test, units), components=[4], n_bootstrap=10)
    for mine, theirs in zip(of_gev, of_shares, strict=True):
        assert theirs.auc.value == pytest.approx(mine.auc.value, abs=0.01), mine.name


def test_the_table_says_the_unit_and_numbers_in_standard_deviations_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    in_gev = evaluate(REAL, FAKE, quick=True, workers=1)
    of_sum = evaluate(in_shares(REAL, "sum"), in_shares(FAKE, "sum"), quick=True, workers=1)
    units = {row.unit for row in of_sum.rows}
    assert "share of the sum" in units
    assert not any("GeV" in unit for unit in units)
    assert any("share of the sum, no GeV" in note for note in of_sum.notes)
    mine, theirs = numbers(in_gev), numbers(of_sum)
    for name in ("width", "ptd", "leading_1"):
        assert theirs["w1", name, "quark"] == pytest.approx(mine["w1", name, "quark"], rel=1e-3)
    assert ("w1", "pt", "quark") not in theirs, "the same in all jets: it has no scale"
    assert theirs["w1_unit", "pt", "quark"] < 1e-6
    assert theirs["w1", "nnz", "quark"] == pytest.approx(mine["w1", "nnz", "quark"], abs=0.03)


# jets that two sets share

def test_generated_jets_that_are_real_ones_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    copied = replace(REAL, images=np.where(np.arange(300)[:, None, None] < 40, REAL.images, FAKE.images),
                     source="copied.h5")
    assert shared(REAL, copied) == 40
    assert shared(REAL, FAKE) == 0
    said = evaluate(REAL, copied, quick=True, workers=1).notes
    assert any("40 of 300 jets of copied.h5 are copies of the real ones" in line for line in said)
    assert copies(REAL, FAKE, FAKE) == [f"300 of 300 jets of {FAKE.source} are copies of the training jets of "
                                        f"{FAKE.source}."]


def test_test_jets_are_not_among_the_training_jets_unless_asked_for() -> None:
    part = replace(REAL[:100], source="train.h5")
    with pytest.raises(DataError, match=r"image: 100 of 300 jets are among those of train.h5: .*--allow-shared"):
        evaluate(REAL, FAKE, reference=part, quick=True)
    with pytest.raises(DataError, match=r"are among those of"):
        baselines(REAL.only("quark"), REAL)
    with pytest.warns(DataNote, match=r"100 of 300 jets are among those of train.h5"):
        evaluate(REAL, FAKE, reference=part, quick=True, allow_shared=True, workers=1)


def test_generated_jets_are_no_training_jets() -> None:
    made = replace(FAKE, origin={"checkpoint": "runs/gan/checkpoint.pt"}, source="made.h5")
    with pytest.raises(DataError, match=r"made.h5: origin: names a generator, expected real jets"):
        training_jets(REAL, made)
