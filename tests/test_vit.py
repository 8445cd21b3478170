"""Vision transformers: the circuits are those that PennyLane runs, all angles count, the twin has as many numbers."""

from __future__ import annotations

from functools import partial

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

from qgan.base.seeding import torch_rng
from qgan.evaluation.two_sample import roc_auc
from qgan.taggers import TAGGERS, Labelled, Seen, Setting
from qgan.taggers.quantum_vit import Circuits
from qgan.taggers.vit import Block, DenseMaps, Maps, ViT

MAPS: dict[str, Maps] = {"vit": DenseMaps, "quantum_vit": Circuits, "vit-dot": partial(DenseMaps, dot=True),
                         "quantum_vit-dot": partial(Circuits, dot=True)}


def network(maps: Maps, shape: tuple[int, ...] = (12, 12)) -> ViT:
    return ViT(shape, 1, torch_rng(1, "network"), maps=maps)


def images(n: int, shape: tuple[int, ...] = (12, 12)) -> Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy((rng.exponential(5, (n, *shape)) * (rng.random((n, *shape)) < 0.2)).astype(np.float32))


def test_the_circuits_are_those_that_pennylane_runs() -> None:
    layer = Circuits(4, torch_rng(1, "circuit"), uploads=2).double()
    h = torch.randn(3, 4, dtype=torch.float64, generator=torch_rng(2, "h"))
    rz, ry = layer.angles.detach().numpy()

    def circuit(row: np.ndarray, which: int) -> object:
        for upload in range(2):
            for wire in range(4):
                qml.RY(row[wire], wire)
                qml.RZ(rz[which, upload, wire], wire)
                qml.RY(ry[which, upload, wire], wire)
            for wire in range(3):
                qml.CNOT((wire, wire + 1))
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    node = qml.QNode(circuit, qml.device("default.qubit", wires=4))
    expected = torch.tensor(np.array([[node(row, which) for row in h.numpy()] for which in range(3)]))
    q, k, v = layer(h)
    for found, known in ((q, expected[0, :, -1]), (k, expected[1, :, -1]), (v, expected[2])):
        torch.testing.assert_close(found.detach(), 2 * known, rtol=0, atol=1e-12)
    layer.dot = True
    torch.testing.assert_close(torch.stack(layer(h)).detach(), 2 * expected, rtol=0, atol=1e-12)


def test_every_angle_and_every_number_of_a_patch_counts() -> None:
    layer = Circuits(6, torch_rng(1, "circuit")).double()
    h = torch.randn(50, 6, dtype=torch.float64, generator=torch_rng(2, "h")).requires_grad_()
    sum(part.square().mean() for part in layer(h)).backward()
    assert layer.angles.grad is not None
    assert h.grad is not None
    assert layer.angles.grad.abs().min() > 1e-6
    assert (50 * h.grad).abs().max(0).values.min() > 1e-2


def test_the_twin_has_as_many_numbers() -> None:
    assert len({sum(p.numel() for p in network(maps).parameters()) for maps in MAPS.values()}) == 1


@pytest.mark.parametrize("name", MAPS)
def test_patches_cover_images_of_any_size_and_a_score_is_that_of_its_jet_alone(name: str) -> None:
    for shape in ((12, 12), (25, 25), (7, 10)):
        made = network(MAPS[name], shape).eval()
        x = images(5, shape).requires_grad_()
        score = made(x)
        torch.testing.assert_close(made(x[2:3]), score[2:3], rtol=1e-4, atol=1e-6)
        slope, = torch.autograd.grad(score.sum(), x)
        assert (slope.abs().sum(0) > 0).all()


@pytest.mark.parametrize("name", MAPS)
def test_attention_is_the_formula_patch_by_patch(name: str) -> None:
    block = network(MAPS[name]).blocks[0].double()
    assert isinstance(block, Block)
    h = torch.randn(2, 5, 6, dtype=torch.float64, generator=torch_rng(3, "patches"))
    for jet, found in zip(h, block(h), strict=True):
        q, k, v = block.maps(block.before(jet))
        weights = torch.exp(q @ k.T / 6**0.5) if name.endswith("dot") else torch.exp(-(q[:, None] - k[None]) ** 2)
        there = jet + weights @ v / weights.sum(1, keepdim=True)
        torch.testing.assert_close(found, there + block.layers(block.after(there)))


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
def test_it_learns_to_count_lit_pixels(name: str) -> None:
    rng = np.random.default_rng(1)
    label = np.arange(500) % 2
    x = (rng.exponential(5, (500, 8, 8)) * (rng.random((500, 8, 8)) < (0.15 + 0.1 * label)[:, None, None]))
    jets = [Labelled(Seen(images=x[part].astype(np.float32)), label[part]) for part in (slice(300), slice(300, 500))]
    fitted = TAGGERS[name].fit(jets[0], None, Setting(0))
    score = fitted.scores(jets[1].jets)[:, 1]
    assert roc_auc(score[jets[1].label == 0], score[jets[1].label == 1]) > 0.85
