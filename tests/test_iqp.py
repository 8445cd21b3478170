"""IQP circuits: their probabilities, what is expected without a state, and a training by that alone."""

from __future__ import annotations

from itertools import product

import pennylane as qml
import pytest
import torch
from torch import Tensor

from qgan.models.shares.iqp import IQP
from qgan.models.shares.qubits import signs_of
from qgan.quantum import iqp

N = 4
WORDS = iqp.words_of(N)
BITS = torch.tensor(list(product((0.0, 1.0), repeat=N)), dtype=torch.float64)
MASKS = iqp.masks(N, WORDS).double()
SIGNS = signs_of(N, [(word[0], word[1]) for word in WORDS if len(word) > 1]).double()


def angles(count: int = 2) -> Tensor:
    return torch.randn(count, len(WORDS), generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def expected(probabilities: Tensor) -> Tensor:
    """⟨Z_S⟩ of every set S, from the probabilities."""
    return probabilities @ (1 - 2 * iqp.odd(BITS, BITS))


def test_words_are_every_product_of_few_qubits() -> None:
    assert len(iqp.words_of(10)) == 55
    assert iqp.words_of(3, 3) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


def test_the_transform_is_that_of_hadamards() -> None:
    values = torch.randn(3, 2**N, dtype=torch.float64)
    assert torch.allclose(iqp.walsh(values), values @ (1 - 2 * iqp.odd(BITS, BITS)))


def test_probabilities_are_those_of_pennylane_s_template() -> None:
    @qml.qnode(qml.device("default.qubit", wires=N), interface=None)  # type: ignore[untyped-decorator]
    def circuit(turned: Tensor) -> object:
        # There exp(i w X_g), between Hadamards that the template makes itself.
        qml.IQP(weights=(-turned / 2).tolist(), num_wires=N, pattern=[[list(word)] for word in WORDS])
        return qml.probs(wires=range(N))

    for row in angles():
        found = iqp.probabilities(row[None], SIGNS)[0]
        assert torch.allclose(found, torch.as_tensor(circuit(row)), atol=1e-10, rtol=0)


def test_what_is_expected_needs_no_state() -> None:
    exact = expected(iqp.probabilities(angles(), SIGNS))
    assert torch.allclose(iqp.expectations(angles(), MASKS, BITS, BITS), exact, atol=1e-10, rtol=0)
    drawn = torch.randint(2, (20_000, N), generator=torch.Generator().manual_seed(2)).double()
    assert (iqp.expectations(angles(), MASKS, BITS, drawn) - exact).abs().max() < 0.03


def test_bits_that_are_flipped_are_a_circuit_that_is_dephased() -> None:
    """Each gate as a mixture: nothing with cos²(θ/2), Z of the word with sin²(θ/2)."""
    overlaps = iqp.odd(BITS, MASKS)
    turned = angles(1)

    @qml.qnode(qml.device("default.mixed", wires=N), interface=None)  # type: ignore[untyped-decorator]
    def circuit() -> object:
        for wire in range(N):
            qml.Hadamard(wire)
        for word, angle in zip(WORDS, turned[0], strict=True):
            flip = qml.matrix(qml.prod(*(qml.Z(wire) for wire in word)), wire_order=word)
            kept, gone = torch.cos(angle / 2).item(), torch.sin(angle / 2).item()
            qml.QubitChannel([kept * qml.math.eye(len(flip)), gone * flip], wires=word)
        for wire in range(N):
            qml.Hadamard(wire)
        return qml.probs(wires=range(N))

    assert torch.allclose(iqp.flipped(turned, overlaps)[0], torch.as_tensor(circuit()), atol=1e-10, rtol=0)


def test_sets_are_as_often_as_the_kernel_weighs_them() -> None:
    """Of the Gaussian kernel exp(−d/2σ²) of Hamming distance d, by its own sum over pairs of outcomes."""
    width, one, other = 1.0, *iqp.probabilities(angles(), SIGNS)
    distance = (BITS[:, None] != BITS).sum(2)
    kernel = torch.exp(-distance.double() / (2 * width**2))
    exact = (one - other) @ kernel @ (one - other)
    sets = iqp.drawn_subsets(200_000, N, width, torch.Generator().manual_seed(3)).double()
    index = (sets @ 2.0 ** torch.arange(N - 1, -1, -1).double()).long()
    drawn = (expected(one) - expected(other))[index].square().mean()
    assert float(drawn) == pytest.approx(float(exact), rel=0.03)


def test_matching_expectations_brings_the_probabilities_nearer() -> None:
    torch.manual_seed(0)
    aim, network = (IQP(2, (8, 8), 3, matched=True) for _ in range(2))
    inputs = torch.randn(64, 2)
    with torch.no_grad():
        shares = aim(inputs).exp()

    def divergence() -> float:
        with torch.no_grad():
            return float((shares * (shares.log() - network(inputs))).sum((1, 2)).mean())

    before, adam = divergence(), torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(200):
        adam.zero_grad()
        network.loss(inputs, shares).mean().backward()
        adam.step()
    assert divergence() < 0.3 * before


def test_flips_leave_no_probability_below_nothing() -> None:
    """Sums of many terms that cancel, in float32."""
    n = 10
    words = iqp.words_of(n)
    bits = torch.tensor(list(product((0.0, 1.0), repeat=n)))
    turned = 0.02 * torch.randn(8, len(words), generator=torch.Generator().manual_seed(5))
    assert (iqp.flipped(turned, iqp.odd(bits, iqp.masks(n, words))) >= 0).all()
