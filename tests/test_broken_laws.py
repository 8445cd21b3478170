"""Shares of jets that break a law of their frame."""

from __future__ import annotations

import numpy as np
import pytest
from small_evaluation import few_draws
from toy_jets import toy_jets

from qgan.data import embedded_jets
from qgan.data.convert import crop
from qgan.data.grid import Grid
from qgan.evaluation import evaluate
from qgan.evaluation.metrics.laws import laws


def test_a_jet_seen_in_a_mirror_breaks_the_law_of_its_frame() -> None:
    jets = embedded_jets("w_qcd", "validation")
    broken = laws("canonical", jets.grid, None)["harder_half"]
    assert broken(jets.images).mean() == 0
    assert broken(jets.images[:, :, ::-1]).mean() > 0.99
    # Columns 5 to 20 of 25 have their middle elsewhere, columns 5 to 19 have not.
    assert [list(laws("canonical", crop(jets, (6, 22), (5, last)).grid, None)) for last in (21, 20)] == [
        [], ["harder_half"]]


def test_a_moved_jet_breaks_the_laws_of_the_raw_frame() -> None:
    training, jets = (embedded_jets("quark_gluon", split) for split in ("train", "validation"))
    found = laws("raw", jets.grid, training.images)
    moved = np.roll(jets.images, 1, axis=1)
    assert found["centroid"](jets.images).mean() < 0.003
    assert found["centroid"](moved).mean() > 0.9
    assert found["reach"](jets.images).mean() < 0.001


def test_a_pixel_out_of_reach() -> None:
    training = np.zeros((5, 9, 9))
    training[:, 3:6, 3:6] = 1.0
    images = training[:2].copy()
    images[1, 0, 0] = 0.01
    assert laws("raw", Grid.square(9, 0.4), training)["reach"](images).tolist() == [False, True]


def test_an_evaluation_tells_the_shares_of_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    rows = [row for row in evaluate(toy_jets(150, 1, "real.h5"), toy_jets(120, 2, "fake.h5"), quick=True,
                                    n_per_class=60).rows if row.metric == "laws"]
    assert {row.observable for row in rows} >= {"harder_half"}
    assert all(0 <= row.value <= 1 and row.floor is not None for row in rows)
