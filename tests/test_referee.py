"""Referees: what they are trained on and scored on, their learning curve, and their errors."""

from __future__ import annotations

import numpy as np
import pytest

from qgan.evaluation.referee import Dealt, Refereed, referee, trainings, verdicts
from qgan.evaluation.two_sample import auc_spread
from qgan.taggers import TAGGERS, Fitted, Labelled, Seen, Setting, Tagger
from qgan.taggers.numbers import Numbers


def gaussians(n: int, seed: int, moved: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(moved, 1, (n, 3))


def spots(n: int, seed: int, moved: int = 0) -> np.ndarray:
    """Images of 9 × 9 pixels: soft noise, a hard pixel and one ``moved`` columns from the next."""
    rng = np.random.default_rng(seed)
    images = rng.exponential(0.05, (n, 9, 9)).astype(np.float32)
    row, column = rng.integers(0, 9, n), rng.integers(0, 6, n)
    images[np.arange(n), row, column] += 30
    images[np.arange(n), row, column + 1 + moved] += 20
    return images


def tables(*values: np.ndarray) -> Dealt:
    return Dealt(*(Seen(observables=x) for x in values))


def four(n: int, moved: float) -> Dealt:
    """Two samples to train on and two to test on, the second of each moved."""
    return tables(gaussians(n, 0), gaussians(n, 1, moved), gaussians(n, 2), gaussians(n, 3, moved))


def test_the_curve_has_every_size_there_are_jets_for() -> None:
    sides = tables(gaussians(700, 1), gaussians(600, 2, 0.5), gaussians(900, 3), gaussians(800, 4, 0.5))
    found = referee(sides, "trees", seeds=(5, 6), sizes=(100, 300, 1000, 5000))
    assert [v.size for v in found.curve] == [100, 300, 600]
    assert found.verdict is found.curve[-1]
    assert [(t.size, t.seed) for t in found.trained] == [(600, 5), (600, 6)]
    assert found.scores[0].shape == (900,)
    assert found.scores[1].shape == (800,)
    assert found.curve[0].auc - 2 * found.curve[0].error < found.verdict.auc


def test_auc_and_error_are_those_of_theory() -> None:
    """Three Gaussians moved by half a standard deviation: AUC = Φ(√3 · 0.5/√2)."""
    found = referee(four(4000, 0.5), "trees", sizes=(4000,))
    assert found.verdict.auc == pytest.approx(0.73, abs=0.03)
    assert 0.5 * auc_spread(4000, 4000) < found.verdict.error < 2 * auc_spread(4000, 4000)
    assert found.verdict.p_value < 1e-100
    assert 0.05 < found.verdict.jsd < 0.3


def test_nothing_is_seen_where_nothing_is() -> None:
    found = referee(four(2000, 0.0), "trees", sizes=(2000,))
    assert abs(found.verdict.auc - 0.5) < 4 * auc_spread(2000, 2000)
    assert found.verdict.jsd < 0.02


def test_it_never_sees_test_jets_and_holds_some_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []

    def fit(training: Labelled, validation: Labelled | None, setting: Setting) -> Fitted:
        assert validation is not None
        seen.extend(part.jets.observables[part.label == c] for part in (training, validation) for c in (0, 1))
        return Numbers(lambda jets: jets.observables)(training, validation, setting)

    monkeypatch.setattr(TAGGERS, "_things", dict(TAGGERS.items()))
    TAGGERS.add("watched", Tagger(fit, "watched"))

    sides = [np.arange(start, start + n, dtype=float)[:, None]
             for start, n in ((0, 100), (1000, 80), (2000, 50), (3000, 50))]
    found = verdicts([piece() for piece in trainings(tables(*sides), "watched", (0,), (40, 500))])
    assert [v.size for v in found.curve] == [40, 80]
    assert [len(x) for x in seen] == [72, 72, 8, 8, 36, 36, 4, 4]
    assert max(x.max() for x in seen) < 2000
    for k in (0, 4):
        assert len(np.unique(np.concatenate(seen[k:k + 4]))) == 2 * sum(map(len, seen[k:k + 3:2]))


def test_the_network_sees_what_is_in_images() -> None:
    def judge(moved: int) -> Refereed:
        sides = spots(600, 1), spots(600, 2, moved), spots(400, 3), spots(400, 4, moved)
        return referee(Dealt(*(Seen(images=images) for images in sides)), seeds=(0,), sizes=(600,))

    assert judge(1).verdict.auc > 0.9
    assert abs(judge(0).verdict.auc - 0.5) < 4 * auc_spread(400, 400)


def test_the_same_seed_says_the_same() -> None:
    sides = four(300, 0.3)
    once, again, other = (referee(sides, "trees", (s,)).verdict for s in (1, 1, 2))
    assert once == again != other


def test_one_piece_for_each_size_and_seed() -> None:
    sides = four(300, 0)
    assert len(trainings(sides, "trees", (0, 1, 2), (50, 100, 1000))) == 5
    assert len(trainings(sides, "trees", (0, 1, 2), (300,))) == 3
