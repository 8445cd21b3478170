"""The face of scikit-learn: fit, sample and score are what training, generation and W1 are."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from small_training import small
from toy_jets import toy_jets

import qgan
from qgan.data import JetImages

JETS = toy_jets(120, 1)


def test_it_fits_samples_and_scores() -> None:
    model = qgan.JetGAN(small({"steps": 2, "data.codings": ["pixel_mean"]}), grid=JETS.grid)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert model.fit(JETS.images, JETS.label, JETS.conditions) is model
    images, label = model.sample(40, random_state=3)
    assert (images.shape, label.shape) == ((40, 12, 12), (40,))
    np.testing.assert_array_equal(again.fit(JETS.images, JETS.label, JETS.conditions).sample(40, 3)[0], images)
    held_out = toy_jets(110, 2)
    score = model.score(held_out.images, held_out.label)
    assert score == model.score(JetImages.from_arrays(held_out.images, held_out.label, grid=JETS.grid))
    assert score < -0.05
