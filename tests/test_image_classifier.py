"""The residual network on images: it learns, it repeats, and it keeps its best epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qgan.evaluation.two_sample import roc_auc
from qgan.taggers.residual import ImageClassifier


def blobs(n: int, seed: int, side: int = 12, moved: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Images with one hard pixel among soft ones, which class 1 has ``moved`` columns further to the right."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    images = rng.exponential(0.05, (n, side, side))
    rows, columns = rng.integers(3, side - 3, n), rng.integers(2, side - 4, n)
    images[np.arange(n), rows, columns] += 40
    images[np.arange(n), rows, columns + 1 + moved * label] += 20
    return images.astype(np.float32), label


def test_it_learns_a_pattern_wherever_it_lies() -> None:
    images, label = blobs(1200, 0)
    score = ImageClassifier(0, epochs=6).fit(images[:800], label[:800]).predict(images[800:])
    assert score.shape == (400,)
    assert score.min() >= 0
    assert score.max() <= 1
    assert roc_auc(score[label[800:] == 0], score[label[800:] == 1]) > 0.97


def test_the_seed_decides_everything_and_nothing_else_changes() -> None:
    images, label = blobs(200, 1)
    state = torch.get_rng_state()
    first, again, other = (ImageClassifier(s, epochs=2).fit(images, label).predict(images) for s in (3, 3, 4))
    assert torch.equal(state, torch.get_rng_state())
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4


def test_the_best_epoch_on_validation_jets_is_kept() -> None:
    """Random labels can only be learned by heart: with validation jets it stops before that."""
    images, _ = blobs(300, 2)
    label = np.random.default_rng(0).integers(0, 2, 300)

    def loss(validation: tuple[np.ndarray, np.ndarray] | None) -> float:
        score = ImageClassifier(0, epochs=30).fit(images[:150], label[:150], validation).predict(images[150:])
        return float(-np.log(np.where(label[150:] == 1, score, 1 - score)).mean())

    stopped = loss((images[150:], label[150:]))
    assert stopped < 0.75
    assert stopped < loss(None) - 0.1


def test_trainings_on_few_and_on_many_jets_can_be_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    images, label = blobs(320, 4)
    default = ImageClassifier(0, epochs=2).fit(images, label).predict(images)
    same = ImageClassifier(0, epochs=2, batch=16, period=20).fit(images, label).predict(images)
    np.testing.assert_array_equal(same, default)
    steps: list[int] = []
    step = torch.optim.AdamW.step

    def counted(self: torch.optim.AdamW) -> object:
        steps.append(1)
        return step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", counted)
    for jets in (20, 320):
        ImageClassifier(0, epochs=3, batch=20, period=5).fit(images[:jets], label[:jets])
    assert len(steps) == 30


@pytest.mark.parametrize("shape", [(8, 8), (25, 25), (16, 40), (125, 125)])
def test_any_size_of_image(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(0).exponential(1, (8, *shape)).astype(np.float32)
    classifier = ImageClassifier(0, epochs=1).fit(images, np.arange(8) % 2)
    assert classifier.predict(images).shape == (8,)
    assert classifier.network is not None
    assert sum(p.numel() for p in classifier.network.parameters()) < 4e5


def test_the_order_of_prediction_does_not_matter() -> None:
    images, label = blobs(64, 3)
    classifier = ImageClassifier(0, epochs=1).fit(images, label)
    np.testing.assert_allclose(classifier.predict(images[::-1])[::-1], classifier.predict(images), rtol=1e-5)


def test_what_cannot_be_learned_from_is_refused() -> None:
    images, label = blobs(10, 4)
    with pytest.raises(ValueError, match="10 images and 9 labels"):
        ImageClassifier(0).fit(images, label[:9])
    with pytest.raises(ValueError, match="labels other"):
        ImageClassifier(0).fit(images, label * 2)
    with pytest.raises(RuntimeError, match="not been fitted"):
        ImageClassifier(0).predict(images)
