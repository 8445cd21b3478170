"""What referees must see, and what they must not: real jets, and jets that are wrong in a known way."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from qgan.base.seeding import numpy_rng
from qgan.data import JetImages, embedded_jets
from qgan.evaluation.controls import negative_controls
from qgan.evaluation.referee import Dealt, Refereed, referee
from qgan.observables.broad import broad
from qgan.taggers import Seen


class Halves(NamedTuple):
    """Jets of one class, no jet in two of them."""

    train: JetImages
    changed_train: JetImages
    test: JetImages
    changed_test: JetImages


@cache
def w_jets(train: int, test: int) -> Halves:
    """W jets that ship, in the canonical frame."""
    training, tested = (embedded_jets("w_qcd", split).only("w") for split in ("train", "test"))
    return Halves(training[:train], training[train:2 * train], tested[:test], tested[test:2 * test])


def changed(jets: JetImages, name: str) -> JetImages:
    """As a negative control, or wrong in a way that most metrics hardly see."""
    rng, images = numpy_rng(1, name, 1), jets.images
    if name == "mirrored":  # half of the jets in Δφ, which the canonical frame forbids
        return replace(jets, images=np.where(rng.random(len(jets))[:, None, None] < 0.5, images[:, :, ::-1], images))
    if name == "nudged":  # a fifth of the jets by a pixel
        moved = np.pad(images[:, :-1], ((0, 0), (1, 0), (0, 0)))
        return replace(jets, images=np.where(rng.random(len(jets))[:, None, None] < 0.2, moved, images))
    if name == "faded":  # a fifth of the pixels below 1 GeV are lost
        return replace(jets, images=np.where((rng.random(images.shape) < 0.2) & (images < 1), np.float32(0), images))
    return jets if name == "real" else negative_controls(jets, seed=1)[name]


def seen_by_trees(name: str, train: int = 2500, test: int = 2500) -> Refereed:
    """Trees on the broad list."""
    halves = w_jets(train, test)

    def table(jets: JetImages) -> Seen:
        return Seen(observables=np.stack(list(broad(jets.images, jets.grid).values()), axis=1))

    return referee(Dealt(table(halves.train), table(changed(halves.changed_train, name)), table(halves.test),
                         table(changed(halves.changed_test, name))), "trees", seeds=(0,), sizes=(train,))


def seen_by_network(name: str, train: int = 5000, test: int = 2500, seeds: tuple[int, ...] = (0,)) -> Refereed:
    halves = w_jets(train, test)
    sides = (halves.train, changed(halves.changed_train, name), halves.test, changed(halves.changed_test, name))
    return referee(Dealt(*map(Seen.of, sides)), seeds=seeds, sizes=(train,))


def check_seen(found: Refereed, null: Refereed) -> None:
    """By more than five errors above real against real."""
    error = np.hypot(found.verdict.error, null.verdict.error)
    assert found.verdict.auc - null.verdict.auc > 5 * error, (found.verdict, null.verdict)


@pytest.fixture(scope="module")
def trees_on_real() -> Refereed:
    return seen_by_trees("real")


def test_trees_see_nothing_in_real_jets(trees_on_real: Refereed) -> None:
    assert abs(trees_on_real.verdict.auc - 0.5) < 4 * trees_on_real.verdict.error
    assert trees_on_real.verdict.error < 0.012


@pytest.mark.parametrize("name", ["mirrored", "nudged", "faded"])
def test_trees_on_the_broad_list_see(name: str, trees_on_real: Refereed) -> None:
    check_seen(seen_by_trees(name), trees_on_real)


def test_half_of_the_jets_are_mirrored_a_fifth_moved_and_a_fifth_of_soft_pixels_lost() -> None:
    jets = w_jets(2500, 2500).test
    mirrored, nudged, faded = (changed(jets, name).images for name in ("mirrored", "nudged", "faded"))
    same = np.array([np.array_equal(a, b) for a, b in zip(mirrored, jets.images, strict=True)])
    assert 0.45 < same.mean() < 0.55
    np.testing.assert_array_equal(mirrored[~same], jets.images[~same, :, ::-1])
    same = np.array([np.array_equal(a, b) for a, b in zip(nudged, jets.images, strict=True)])
    assert 0.77 < same.mean() < 0.83
    np.testing.assert_array_equal(nudged[~same, 1:], jets.images[~same, :-1])
    soft = (jets.images > 0) & (jets.images < 1)
    assert (faded[soft] == 0).mean() == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(faded[~soft], jets.images[~soft])


def test_a_network_on_few_jets_sees_a_plain_fault() -> None:
    found = seen_by_network("mean_image", 300, 300)
    assert found.verdict.auc > 0.99
    assert found.verdict.size == 300


@pytest.fixture(scope="module")
def network_on_real() -> Refereed:
    return seen_by_network("real")


@pytest.mark.slow
def test_the_network_sees_nothing_in_real_jets(network_on_real: Refereed) -> None:
    assert abs(network_on_real.verdict.auc - 0.5) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mirrored", "nudged", "faded"])
def test_the_network_sees(name: str, network_on_real: Refereed) -> None:
    check_seen(seen_by_network(name), network_on_real)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("mean_image", 0.9995), ("independent_pixels", 0.95)])
def test_the_network_is_sure_of_plain_faults(name: str, least: float) -> None:
    assert seen_by_network(name).verdict.auc > least
