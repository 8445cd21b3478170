"""Fused rotations, the re-uploading circuit and the SWAP test against slow and independent references."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from qgan.quantum.circuits import CNOT, RY, RZ, CircuitError
from qgan.quantum.entanglers import ENTANGLERS, cnots
from qgan.quantum.reuploading import Reuploading
from qgan.quantum.states import apply_product, apply_single_qubit, fidelity, rotation, run_gates, z_expectations
from qgan.quantum.su2 import chain, euler, matrices
from qgan.quantum.swap_test import swap_test, trash_fidelity

PLUS = torch.full((2,), 0.5**0.5, dtype=torch.complex128)
ZERO = torch.tensor([1, 0], dtype=torch.complex128)


def circuit(n: int = 4, length: int = 4, seed: int = 0, **options: object) -> Reuploading:
    torch.manual_seed(seed)
    return Reuploading(n, length, **{"spread": 1.0, "offset": 1.0} | options).double()  # type: ignore[arg-type]


def zeros(count: int, n: int) -> torch.Tensor:
    states = torch.zeros(count, 2**n, dtype=torch.complex128)
    states[:, 0] = 1
    return states


def random_states(count: int, n: int, seed: int = 0) -> torch.Tensor:
    states = torch.randn(count, 2**n, generator=torch.Generator().manual_seed(seed), dtype=torch.complex128)
    return states / states.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("triples", [1, 2, 5])
def test_a_chain_of_rotations_is_the_product_of_their_matrices(triples: int) -> None:
    angles = torch.randn(triples, 3, 7, generator=torch.Generator().manual_seed(triples), dtype=torch.float64)
    expected = torch.eye(2, dtype=torch.complex128).expand(7, 2, 2)
    for triple in angles:
        for kind, angle in zip((RZ, RY, RZ), triple, strict=True):
            expected = rotation(kind, angle) @ expected
    torch.testing.assert_close(matrices(chain(euler(angles.transpose(0, 1)))), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("n", [1, 3, 4, 7])
def test_many_qubits_at_once_equal_one_after_another(n: int) -> None:
    states = random_states(3, n)
    unitaries = torch.linalg.qr(random_states(3 * n, 2).reshape(3, n, 2, 2))[0]
    expected = states
    for wire in range(n):
        expected = apply_single_qubit(expected, unitaries[:, wire], wire)
    torch.testing.assert_close(apply_product(states, unitaries), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("entangler", ENTANGLERS)
@pytest.mark.parametrize(("n", "length", "uploads", "shift"), [(4, 16, 2, False), (5, 4, 3, True), (1, 7, 2, True)])
def test_the_layer_equals_its_gates(entangler: str, n: int, length: int, uploads: int, shift: bool,
                                    first: int) -> None:
    layer = circuit(n, length, uploads=uploads, entangler=entangler, shift=shift, first=first)
    x = torch.randn(3, n, length, dtype=torch.float64)
    expected = run_gates(zeros(3, n), layer.gates(), layer.angles(x).flatten(1))
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-13)
    short = run_gates(zeros(3, n), layer.short_gates(), layer.short_angles(x).flatten(1))
    torch.testing.assert_close((short.conj() * expected).sum(1).abs(), torch.ones(3, dtype=torch.float64))
    kinds = layer.gates()[layer.gates()[:, 0] != CNOT, 0].reshape(uploads, n, length)
    assert kinds[0, 0, :3].tolist() == ([RZ, RY, RZ], [RY, RZ, RZ])[first]


def test_gradients_equal_finite_differences() -> None:
    layer = circuit(3, 4, uploads=3, shift=True)
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)

    def value(weights: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        states = torch.func.functional_call(layer, {"weights": weights}, (x,))
        return fidelity(states, (1, 2), torch.stack((ZERO, PLUS)))

    assert torch.autograd.gradcheck(value, (layer.weights.detach().requires_grad_(), x))


def test_every_weight_counts_and_single_precision_suffices() -> None:
    layer = circuit(9, 16, uploads=5, shift=True)
    x = torch.rand(4, 9, 16, dtype=torch.float64)
    exact = fidelity(layer(x), range(4, 9), ZERO.expand(5, 2))
    exact.sum().backward()
    assert layer.weights.grad is not None
    assert layer.biases is not None
    assert layer.biases.grad is not None
    # A rotation about Z of |0> alone has no effect: the first rotation of each qubit.
    assert (layer.weights.grad[0, :, 1:] != 0).all()
    assert (layer.weights.grad[1:] != 0).all()
    assert layer.weights.grad[0, :, 0].abs().max() < 1e-15
    assert sum(p.numel() for p in layer.parameters()) == 1440
    rounded = fidelity(layer.float()(x.float()), range(4, 9), ZERO.expand(5, 2))
    torch.testing.assert_close(rounded.double(), exact, rtol=0, atol=1e-5)


def test_without_biases_an_empty_image_stays_in_the_reference() -> None:
    layer = circuit(4, 5, biases=False, uploads=3)
    torch.testing.assert_close(layer(torch.zeros(2, 4, 5, dtype=torch.float64)), zeros(2, 4), rtol=0, atol=1e-15)


def test_fidelity_and_expectations_of_known_states() -> None:
    states = random_states(4, 3)
    density = states.reshape(4, 2, 2, 2)
    both = (density[:, :, 0, 0].abs() ** 2).sum(1)
    torch.testing.assert_close(fidelity(states, (1, 2), torch.stack((ZERO, ZERO))), both)
    bell = torch.tensor([[1, 0, 0, 1]], dtype=torch.complex128) / 2**0.5
    for qubit in (ZERO, PLUS):
        torch.testing.assert_close(fidelity(bell, (1,), qubit[None]), torch.tensor([0.5], dtype=torch.float64))
    np.testing.assert_allclose(z_expectations(bell).numpy(), [[0, 0]], atol=1e-15)
    np.testing.assert_allclose(z_expectations(zeros(1, 3)).numpy(), [[1, 1, 1]])


@pytest.mark.parametrize("backend", ["default.qubit", "lightning.qubit"])
@pytest.mark.parametrize("reference", [torch.stack((ZERO, ZERO)), torch.stack((PLUS, PLUS)),
                                       random_states(2, 1, seed=5)], ids=["zero", "plus", "any"])
def test_the_literal_swap_test_equals_the_reduction(backend: str, reference: torch.Tensor) -> None:
    layer = circuit(4, 4, uploads=3, shift=True)
    x = torch.randn(2, 4, 4, dtype=torch.float64)
    fast = fidelity(layer(x), (1, 3), reference).detach().numpy()
    assert np.ptp(fast) > 1e-3
    for measure in (swap_test, trash_fidelity):
        value = measure(layer.gates(), 4, (1, 3), reference, backend=backend)
        np.testing.assert_allclose([value(angles) for angles in layer.angles(x)], fast, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_the_swap_test_of_the_published_circuit_equals_the_reduction() -> None:
    layer = circuit(9, 16, uploads=2)
    x = torch.rand(1, 9, 16, dtype=torch.float64)
    reference = random_states(5, 1, seed=1)
    value = swap_test(layer.gates(), 9, range(4, 9), reference)(layer.angles(x)[0])
    assert abs(value - float(fidelity(layer(x), range(4, 9), reference).detach())) < 1e-10


def test_shots_scatter_about_the_fidelity_and_repeat_with_the_seed() -> None:
    layer = circuit(3, 2)
    x = torch.randn(1, 3, 2, dtype=torch.float64)
    exact = float(fidelity(layer(x), (1, 2), torch.stack((ZERO, PLUS))).detach())
    found = []
    for _ in range(2):
        torch.manual_seed(0)
        value = trash_fidelity(layer.gates(), 3, (1, 2), torch.stack((ZERO, PLUS)), shots=4000)
        found.append(value(layer.angles(x)[0]))
    assert found[0] == found[1]
    assert 0 < abs(found[0] - exact) < 5 * (exact * (1 - exact) / 4000) ** 0.5


def test_full_depolarising_noise_leaves_nothing_of_the_state() -> None:
    layer = circuit(3, 2)
    angles = layer.angles(torch.randn(1, 3, 2, dtype=torch.float64))[0]
    noiseless, noisy, mixed = (trash_fidelity(layer.gates(), 3, (1, 2), torch.stack((ZERO, ZERO)), noise=p,
                                              backend="default.mixed")(angles) for p in (0.0, 0.01, 0.75))
    exact = trash_fidelity(layer.gates(), 3, (1, 2), torch.stack((ZERO, ZERO)))(angles)
    np.testing.assert_allclose(noiseless, exact, atol=1e-12)
    assert 1e-4 < abs(noisy - exact) < 0.2
    np.testing.assert_allclose(mixed, 0.25, atol=1e-12)  # a depolarising channel of 3/4 makes every wire random


def test_an_entangler_is_a_list_of_cnots() -> None:
    assert cnots("ring", 3) == [(0, 1), (1, 2), (2, 0)]
    assert cnots("strong", 4, upload=1) == [(0, 2), (1, 3), (2, 0), (3, 1)]
    assert cnots("line", 3) == [(0, 1), (1, 2)]
    assert cnots("all", 3) == [(0, 1), (0, 2), (1, 2)]
    assert cnots("ring", 1) == []


def test_impossible_circuits_are_refused() -> None:
    with pytest.raises(CircuitError, match="entangler: 'star'"):
        circuit(3, 2, entangler="star")
    with pytest.raises(CircuitError, match="uploads: 0"):
        circuit(3, 2, uploads=0)
    layer = circuit(3, 2)
    with pytest.raises(ValueError, match=r"expected \(B, 3, 2\)"):
        layer(torch.zeros(1, 2, 3))
    for trash in ((), (0, 0), (3,)):
        with pytest.raises(CircuitError, match="trash"):
            swap_test(layer.gates(), 3, trash, ZERO.expand(len(trash), 2))
    with pytest.raises(CircuitError, match="reference"):
        trash_fidelity(layer.gates(), 3, (1, 2), ZERO[None])


@pytest.mark.slow
def test_the_reduction_is_fifty_times_as_fast_as_the_swap_test() -> None:
    layer = circuit(9, 16, uploads=2).float()
    x = torch.rand(128, 9, 16)
    angles, zero = layer.angles(x)[0].detach(), ZERO.expand(5, 2)
    literal = swap_test(layer.gates(), 9, range(4, 9), zero)

    def seconds(run: Callable[[], object]) -> float:
        run()
        start = time.process_time()
        run()
        return time.process_time() - start

    with torch.no_grad():
        reduced = min(seconds(lambda: fidelity(layer(x), range(4, 9), zero.to(torch.complex64))) for _ in range(5))
    assert seconds(lambda: literal(angles)) > 50 * reduced / 128
