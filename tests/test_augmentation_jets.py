"""Which jets generators and taggers see, and that taggers differ by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_training import differences, small
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.data import JetImages
from qgan.data.convert import crop
from qgan.models import PixelStatistics
from qgan.runs import checkpoint
from qgan.sampling.conditions import ConditionDensity
from qgan.studies.augment import StudyPlan, taggers
from qgan.studies.augment.gain import auc
from qgan.studies.augment.held_out import HeldOut
from qgan.studies.augment.part import Part
from qgan.studies.augment.subsets import (
    COPIES,
    GENERATED,
    MIXED,
    REAL,
    copies,
    deal,
    draw,
    flip_of,
    observe,
    overlap,
    training_sets,
)
from qgan.taggers import Alike, Labelled, Seen, training
from qgan.taggers.trees import least_in_leaf

POOL, TEST = toy_jets(80, 1), toy_jets(60, 2)
PLAN = StudyPlan(sizes=(40,), seeds=1, generated_per_real=2, observables=("pt",), truth_jets=1000)


def observed(jets: JetImages, first: float = 0.0) -> Labelled:
    """With the position of each jet as the only observable."""
    values = first + np.arange(len(jets), dtype=float)[:, None]
    return Labelled(Seen(jets.grid, images=jets.images, observables=values), jets.label)


def part_of(pool: JetImages, folder: Path, test: JetImages = TEST, plan: StudyPlan = PLAN) -> Part:
    return Part(HeldOut(pool, test, plan), small({"steps": 3}), plan, folder, 40, 0, quiet=True)


# who sees which jets

def test_drawn_jets_are_half_of_each_class_and_others_each_time() -> None:
    turns = [draw(POOL, 40, 3, turn) for turn in range(4)]
    for chosen in turns:
        assert np.bincount(POOL.label[chosen]).tolist() == [20, 20]
    assert len(set(np.concatenate(turns))) == 160
    assert not overlap(POOL, 40, 4)
    assert overlap(POOL, 40, 5)
    later = draw(POOL, 40, 3, 4)
    assert len(set(later)) == 40
    assert not any(np.array_equal(later, chosen) for chosen in turns)
    np.testing.assert_array_equal(draw(POOL, 40, 3, 2), turns[2])
    with pytest.raises(DataError, match=r"toy.h5: signal: holds 80 jets of class qcd, 100 are needed for 200 jets"):
        draw(POOL, 200, 3, 0)


def test_the_generator_is_fitted_on_the_drawn_jets_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else is replaced by other jets: not a bit of the generator, its densities and scales changes."""
    seen: list[int] = []

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(jets: Any, *rest: Any) -> Any:
            seen.append(len(jets))
            return function(jets, *rest)

        return call

    monkeypatch.setattr(ConditionDensity, "fit", watched(ConditionDensity.fit))
    monkeypatch.setattr(PixelStatistics, "of", watched(PixelStatistics.of))
    first = part_of(POOL, tmp_path / "first")
    spoiled = spoil(POOL, np.setdiff1d(np.arange(len(POOL)), first.chosen))
    second = part_of(spoiled, tmp_path / "second", test=spoil(TEST, np.arange(len(TEST))))
    np.testing.assert_array_equal(first.chosen, second.chosen)
    states = [_state(part) for part in (first, second)]
    assert differences(states[0], states[1]) == []
    assert seen == [40, 40, 40, 40]
    one_of_them = part_of(spoil(POOL, first.chosen[:1]), tmp_path / "third")
    assert differences(states[0], _state(one_of_them)) != []


def spoil(jets: JetImages, index: np.ndarray) -> JetImages:
    """The same labels, but images and quantities of other jets, twice as hard."""
    others, images = toy_jets(len(jets) // 2, 9), jets.images.copy()
    images[index] = 2 * others.images[index]
    conditions = {name: values.copy() for name, values in jets.conditions.items()}
    for name, values in conditions.items():
        values[index] = 2 * others.conditions[name][index]
    return replace(jets, images=images, conditions=conditions)


def _state(part: Part) -> dict[str, object]:
    made = part.generated()
    saved = checkpoint.load(part.checkpoint)
    return {"states": saved.states, "transforms": saved.transforms, "images": torch.from_numpy(made.images)}


def test_the_truth_of_a_histogram_has_no_jet_the_generator_saw() -> None:
    held_out, chosen = HeldOut(POOL, TEST, PLAN), draw(POOL, 40, 0, 0)
    for label in (0, 1):
        truth = held_out.truth(chosen, label)["pt"]
        kept = np.setdiff1d(np.flatnonzero(POOL.label == label), chosen)
        expected = np.concatenate([POOL.images[kept], TEST.images[TEST.label == label]]).sum((1, 2))
        np.testing.assert_allclose(np.sort(truth), np.sort(expected), rtol=1e-4)


def test_no_jet_that_stops_a_tagger_trains_it() -> None:
    real, fake = observed(POOL), observed(TEST, 1000)
    sets = dict(training_sets(real, fake, None, seed=1))
    assert list(sets) == [REAL, COPIES, GENERATED, MIXED]
    values = {way: [part.jets.observables[:, 0] for part in parts] for way, parts in sets.items()}
    for way, (_, validation) in sets.items():
        assert not set(values[way][0]) & set(values[way][1])
        assert np.bincount(validation.label).tolist() == [16, 16]
    for way in (COPIES, MIXED):
        np.testing.assert_array_equal(values[way][1], values[REAL][1])
    assert len(sets[MIXED][0]) == len(sets[REAL][0]) + len(fake)
    assert sorted(values[COPIES][0]) == sorted(2 * list(values[REAL][0]))
    assert values[GENERATED][0].min() >= 1000
    assert values[GENERATED][1].min() >= 1000


def test_the_truth_of_a_histogram_is_no_more_jets_than_asked_for() -> None:
    capped, everything = HeldOut(POOL, TEST, replace(PLAN, truth_jets=100)), HeldOut(POOL, TEST, PLAN)
    assert np.bincount(capped.truth_jets.label).tolist() == [100, 100]
    assert len(everything.truth_jets) == len(POOL) + len(TEST)
    np.testing.assert_array_equal(capped.truth_jets.images, everything.truth_jets.images[capped.places])
    without = draw(POOL, 40, 0, 0)
    left = len(capped.truth(without, 1)["pt"])
    assert left == 100 - np.isin(capped.places, without[POOL.label[without] == 1]).sum() < 100
    other = HeldOut(POOL, TEST, replace(PLAN, truth_jets=100, seed=1)).places
    assert len(np.unique(capped.places)) == 200
    assert not np.array_equal(other, capped.places)


@pytest.mark.parametrize("frame", ["raw", "canonical"])
def test_copies_are_mirrored_where_the_frame_shows_it(frame: str) -> None:
    jets = replace(toy_jets(5, 1), frame=frame)  # type: ignore[arg-type]
    made = copies(observed(jets), 24, flip_of(jets)).jets
    first = jets.images[:, ::-1] if frame == "raw" else jets.images
    np.testing.assert_array_equal(made.images[:10], first)
    np.testing.assert_array_equal(made.images[10:20], jets.images)
    np.testing.assert_array_equal(made.images[20:], first[:4])


def test_copies_of_an_image_that_is_not_symmetric_are_plain() -> None:
    jets = crop(replace(toy_jets(5, 1), frame="raw"), (0, 9), (0, 12))
    np.testing.assert_array_equal(copies(observed(jets), 10, flip_of(jets)).jets.images, jets.images)


# what a tagger does with them

def test_trees_on_copies_are_those_on_the_real_jets() -> None:
    real, test = observe(toy_jets(150, 4)), observe(TEST)
    sets = dict(training_sets(real, observe(toy_jets(400, 5)), None, 0))
    alike = Alike(len(sets[REAL][0]), 1, 1, 1, 0.1)
    assert [least_in_leaf(len(sets[way][0]), alike) for way in (REAL, COPIES, MIXED)] == [40, 160, 173]
    scores = {way: taggers.scores("trees", sets[way], test, 0, torch.device("cpu")) for way in (REAL, COPIES, MIXED)}
    np.testing.assert_allclose(scores[COPIES], scores[REAL], rtol=1e-6)
    assert np.abs(scores[MIXED] - scores[REAL]).max() > 0.01


def test_every_network_takes_the_same_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    forward = training._batches

    def counted(*arguments: Any) -> Iterator[torch.Tensor]:
        for index in forward(*arguments):
            sizes.append(len(index))
            yield index

    monkeypatch.setattr(training, "_batches", counted)
    monkeypatch.setattr(taggers, "STEPS", 2 * taggers.LOOKS)
    for jets in dict(training_sets(observed(toy_jets(20, 1)), observed(TEST), None, 0)).values():
        sizes.clear()
        taggers.scores("resnet", jets, observed(TEST[55:65]), 0, torch.device("cpu"))
        assert sizes == [taggers.BATCH] * 2 * taggers.LOOKS


def test_both_taggers_learn() -> None:
    jets, test = deal(observe(toy_jets(150, 4)), 0), observe(TEST)
    for tagger in StudyPlan().taggers:
        assert auc([taggers.scores(tagger, jets, test, 0, torch.device("cpu"))], TEST.label).value > 0.8
