"""Taggers: what each that is registered must do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_jets import toy_jets

from qgan.evaluation.two_sample import roc_auc
from qgan.observables.arrays import observables
from qgan.taggers import TAGGERS, Alike, Labelled, Seen, Setting, join
from qgan.taggers.seen import pixels_as_particles

SHORT = Alike(200, 40, 32, 4, 3e-3)
#: Every tagger, those whose training takes a while on a CPU, and those whose library is not installed.
SLOW = ("particlenet", "lorentznet", "lorentznet-alone", "lie_eqgnn", "lie_eqgnn-product", "quantum_vit-dot", "pelican",
        "pelican-13k", "lgatr")
NAMES = [pytest.param(name, marks=[
    *([pytest.mark.slow] if name in SLOW else []),
    pytest.mark.skipif(TAGGERS.lacks(name) is not None, reason=f"the extra {TAGGERS.lacks(name)} is not installed")])
    for name in TAGGERS]
TRAIN, TEST = toy_jets(100, 1), toy_jets(60, 2)


@pytest.mark.parametrize("name", NAMES)
def test_every_tagger_learns_repeats_and_sees_each_jet_by_itself(name: str) -> None:
    setting = Setting(3, alike=SHORT)
    data, state = Labelled(Seen.of(TRAIN), TRAIN.label), torch.get_rng_state()
    first, again = (TAGGERS[name].fit(data, data, setting) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    score = first.scores(Seen.of(TEST))
    assert score.shape == (120, 2)
    assert score.dtype == np.float64
    np.testing.assert_allclose(score.sum(1), 1)
    np.testing.assert_array_equal(score, again.scores(Seen.of(TEST)))
    assert roc_auc(score[TEST.label == 0, 1], score[TEST.label == 1, 1]) > (0.5 if name in ("pt_sum", "nnz") else 0.65)
    some = np.array([70, 3, 118])
    np.testing.assert_allclose(first.scores(Seen.of(TEST[some])), score[some], rtol=1e-4, atol=1e-6)
    assert first.numbers > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_tagger_takes_any_number_of_classes(name: str) -> None:
    soft = replace(TRAIN[:60], images=TRAIN.images[:60] * 0.3)
    data = Labelled.of(Seen.of(TRAIN.only(0)), Seen.of(TRAIN.only(1)), Seen.of(soft))
    fitted = TAGGERS[name].fit(data, None, Setting(alike=SHORT))
    score = fitted.scores(Seen.of(TEST))
    assert score.shape == (120, 3)
    np.testing.assert_allclose(score.sum(1), 1)


def test_pixels_are_massless_particles_in_their_centres() -> None:
    momenta = pixels_as_particles(TEST.images, TEST.grid)
    energy, px, py, pz = momenta.sum(1).T
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    np.testing.assert_allclose(mass, observables(TEST.images, TEST.grid, ["mass"])["mass"], rtol=1e-6)
    pt = np.hypot(momenta[..., 1], momenta[..., 2])
    assert (np.diff(pt) <= 1e-12).all()
    np.testing.assert_array_equal((pt > 0).sum(1), (TEST.images > 0).sum((1, 2)))
    assert momenta.shape[1] == (TEST.images > 0).sum((1, 2)).max()
    np.testing.assert_array_equal(Seen.of(TEST).hardest(3).momenta, momenta[:, :3])
    np.testing.assert_array_equal(Seen.of(TEST).hardest(3).images, TEST.images)


def test_jets_are_joined_as_they_are_seen() -> None:
    parts = [Seen(momenta=np.ones((n, m, 4))) for n, m in ((2, 3), (1, 5))]
    together = join(parts)
    assert len(together) == 3
    np.testing.assert_array_equal((together.momenta[..., 0] > 0).sum(1), [3, 3, 5])
    with pytest.raises(ValueError, match="only the momenta of these jets are known, not their images"):
        _ = together.images
