"""Networks as taggers, the residual one on images: it learns, it repeats, and it keeps its best epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qgan.data.grid import Grid
from qgan.evaluation.two_sample import roc_auc
from qgan.taggers import TAGGERS, Alike, Labelled, Seen, Setting
from qgan.taggers.residual import Residual, pixels
from qgan.taggers.training import FittedNetwork, Network


def blobs(n: int, seed: int, side: int = 12, moved: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Images with one hard pixel among soft ones, which class 1 has ``moved`` columns further to the right."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    images = rng.exponential(0.05, (n, side, side))
    rows, columns = rng.integers(3, side - 3, n), rng.integers(2, side - 4, n)
    images[np.arange(n), rows, columns] += 40
    images[np.arange(n), rows, columns + 1 + moved * label] += 20
    return images.astype(np.float32), label


def fit(images: np.ndarray, label: np.ndarray, seed: int = 0, epochs: int = 8,
        validation: tuple[np.ndarray, np.ndarray] | None = None) -> FittedNetwork:
    held_out = Labelled(Seen(images=validation[0]), validation[1]) if validation else None
    return Network(Residual, pixels, epochs)(Labelled(Seen(images=images), label), held_out, Setting(seed))


def predict(fitted: FittedNetwork, images: np.ndarray) -> np.ndarray:
    return fitted.scores(Seen(images=images))[:, 1]


def test_it_learns_a_pattern_wherever_it_lies() -> None:
    images, label = blobs(1200, 0)
    score = predict(fit(images[:800], label[:800], epochs=6), images[800:])
    assert score.shape == (400,)
    assert score.min() >= 0
    assert score.max() <= 1
    assert roc_auc(score[label[800:] == 0], score[label[800:] == 1]) > 0.97


def test_the_seed_decides_everything_and_nothing_else_changes() -> None:
    images, label = blobs(200, 1)
    state = torch.get_rng_state()
    first, again, other = (predict(fit(images, label, s, 2), images) for s in (3, 3, 4))
    assert torch.equal(state, torch.get_rng_state())
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4


def test_the_best_epoch_on_validation_jets_is_kept() -> None:
    """Random labels can only be learned by heart: with validation jets it stops before that."""
    images, _ = blobs(300, 2)
    label = np.random.default_rng(0).integers(0, 2, 300)

    def loss(validation: tuple[np.ndarray, np.ndarray] | None) -> float:
        score = predict(fit(images[:150], label[:150], 0, 30, validation), images[150:])
        return float(-np.log(np.where(label[150:] == 1, score, 1 - score)).mean())

    stopped = loss((images[150:], label[150:]))
    assert stopped < 0.75
    assert stopped < loss(None) - 0.1


def test_trainings_on_few_and_on_many_jets_can_be_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    images, label = blobs(320, 4)
    default = predict(fit(images, label, epochs=2), images)
    same = TAGGERS["resnet"].fit(Labelled(Seen(images=images), label), None, Setting(alike=Alike(0, 40, 16, 2, 8e-3)))
    np.testing.assert_array_equal(same.scores(Seen(images=images))[:, 1], default)
    steps: list[int] = []
    step = torch.optim.AdamW.step

    def counted(self: torch.optim.AdamW) -> object:
        steps.append(1)
        return step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", counted)
    for jets in (20, 320):
        few = Labelled(Seen(images=images[:jets]), label[:jets])
        fitted = TAGGERS["resnet"].fit(few, few, Setting(alike=Alike(20, 15, 20, 3, 8e-3)))
        assert fitted.steps == 15
        assert fitted.seconds > 0
    assert len(steps) == 30


@pytest.mark.parametrize("shape", [(8, 8), (25, 25), (16, 40), (125, 125)])
def test_any_size_of_image(shape: tuple[int, int]) -> None:
    images = np.random.default_rng(0).exponential(1, (8, *shape)).astype(np.float32)
    fitted = fit(images, np.arange(8) % 2, epochs=1)
    assert predict(fitted, images).shape == (8,)
    assert 1e4 < fitted.numbers < 4e5


@pytest.mark.parametrize("name", ["resnet", "resnet15", "vgg12", "vit"])
def test_jets_of_several_images(name: str) -> None:
    """What tells the classes apart is in which of three detectors a jet shines."""
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2
    images = rng.exponential(1, (60, 3, 12, 12)).astype(np.float32)
    images[np.arange(60), 1 + label] *= 5
    data = Labelled(Seen(images=images), label)
    fitted = TAGGERS[name].fit(data, None, Setting(alike=Alike(60, 60, 30, 1, 1e-2)))
    score = fitted.scores(Seen(images=images))[:, 1]
    assert roc_auc(score[label == 0], score[label == 1]) > 0.95


def test_the_order_of_prediction_does_not_matter() -> None:
    images, label = blobs(64, 3)
    fitted = fit(images, label, epochs=1)
    np.testing.assert_allclose(predict(fitted, images[::-1])[::-1], predict(fitted, images), rtol=1e-5)


def test_as_many_classes_as_there_are() -> None:
    images, label = blobs(900, 5, moved=1)
    third = np.arange(900) % 9 == 0
    images[third], label[third] = images[third] * 0.2, 2
    score = fit(images[:700], label[:700], epochs=6).scores(Seen(images=images[700:]))
    assert score.shape == (200, 3)
    np.testing.assert_allclose(score.sum(1), 1, rtol=1e-12)
    assert (score.argmax(1) == label[700:]).mean() > 0.9


def test_the_gradient_says_which_pixels_speak_for_a_class() -> None:
    rng = np.random.default_rng(0)
    images, label = rng.exponential(1, (400, 8, 8)).astype(np.float32), np.arange(400) % 2
    images[label == 1, 2, 5] += 20
    slope = fit(images, label, epochs=3).gradient(Seen(images=images))
    assert slope.argmax() == 2 * 8 + 5


def test_what_cannot_be_learned_from_is_refused() -> None:
    images, label = blobs(10, 4)
    for wrong, said in ((label[:9], "10 jets and 9 labels"), (label * 2, "labels other than all from 0 on: 0, 2"),
                        (label * 0, "labels other than all from 0 on: 0$"), (label - 0.5, "labels other")):
        with pytest.raises(ValueError, match=said):
            Labelled(Seen(images=images), wrong)


@pytest.mark.parametrize("name", ["quantum_vit", "quantum_vit-dot", "lie_eqgnn", "lie_eqgnn-product"])
def test_orders_of_amplitudes_are_not_averaged(name: str) -> None:
    """A circuit's CNOTs are integers: the mean of an order with itself, rounded down, is none."""
    images, label = blobs(16, 5)
    seen = Seen(Grid.square(12, 0.4), images=np.where(images > 1, images, 0))
    fitted = TAGGERS[name].fit(Labelled(seen, label), None, Setting(alike=Alike(0, 20, 8, 2, 8e-3)))
    assert isinstance(fitted, FittedNetwork)
    orders = [buffer for owner, buffer in fitted.network.named_buffers() if owner.endswith(("index", "inverse"))]
    assert orders
    for order in orders:
        assert sorted(order.tolist()) == list(range(len(order)))
