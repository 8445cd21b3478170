"""Taggers: what each that is registered must do, and one of a user's own, which is one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import small
from toy_jets import toy_jets

from qgan.evaluation.referee import Dealt, referee
from qgan.evaluation.two_sample import roc_auc
from qgan.observables.arrays import observables
from qgan.studies.augment import Plan, study, summarise
from qgan.taggers import TAGGERS, Alike, Labelled, Seen, Setting, join
from qgan.taggers.seen import pixels_as_particles

SHORT = Alike(200, 40, 32, 4, 3e-3)
TRAIN, TEST = toy_jets(100, 1), toy_jets(60, 2)
FILE = '''
"""Jets are of the class whose mean image is nearer."""

from dataclasses import dataclass

import numpy as np

from qgan.taggers import TAGGERS, Tagger


@dataclass
class Nearest:
    means: np.ndarray
    steps: int = 0
    seconds: float = 0.0

    @property
    def numbers(self):
        return self.means.size

    def scores(self, jets):
        distance = ((jets.images[:, None] - self.means) ** 2).mean((2, 3))
        weight = np.exp(distance.min(1, keepdims=True) - distance)
        return weight / weight.sum(1, keepdims=True)


def fit(training, validation, setting):
    return Nearest(np.stack([training.jets.images[training.label == c].mean(0) for c in range(training.classes)]))


TAGGERS.add("nearest", Tagger(fit, "nearest mean image", kind="number"))
'''


@pytest.fixture
def _only_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers and imports is gone after it."""
    monkeypatch.setattr(TAGGERS, "_things", dict(TAGGERS.items()))
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("nearest", None)


@pytest.mark.parametrize("name", TAGGERS)
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


@pytest.mark.parametrize("name", TAGGERS)
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


def test_jets_are_joined_as_they_are_seen() -> None:
    parts = [Seen(momenta=np.ones((n, m, 4))) for n, m in ((2, 3), (1, 5))]
    together = join(parts)
    assert len(together) == 3
    np.testing.assert_array_equal((together.momenta[..., 0] > 0).sum(1), [3, 3, 5])
    with pytest.raises(ValueError, match="only the momenta of these jets are known, not their images"):
        _ = together.images


@pytest.mark.usefixtures("_only_here")
def test_one_file_beside_a_configuration_is_used_everywhere(tmp_path: Path) -> None:
    (tmp_path / "nearest.py").write_text(FILE)
    configuration = replace(small({"steps": 2}), plugins=[str(tmp_path / "nearest.py")])
    plan = Plan(sizes=(40,), seeds=1, generated_per_real=2, taggers=("nearest",), observables=())
    results = study(TRAIN, TEST, configuration, plan, tmp_path / "study", quiet=True)
    rows = summarise(results, plan, configuration, TRAIN)["taggers"]
    assert [row["training"] for row in rows] == ["real", "real + copies", "generated", "real + generated"]
    assert rows[0]["auc"]["value"] > 0.6
    halves = [Seen.of(TEST.only(c)[part]) for part in (slice(30), slice(30, 60)) for c in (0, 1)]
    assert referee(Dealt(*halves), "nearest").verdict.auc > 0.6
