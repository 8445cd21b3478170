"""The quantum layer against PennyLane sample by sample, and what a layer must keep doing."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from qgan.base.errors import QganError
from qgan.quantum import READOUTS, CircuitError, QuantumLayer, embed
from qgan.quantum.pennylane_circuit import broadcast


def layer_and_input(dtype: torch.dtype = torch.float64, **options: Any) -> tuple[QuantumLayer, Tensor]:
    settings: dict[str, Any] = {"in_features": 6, "n_qubits": 4, "n_layers": 2, "readout": "state", "seed": 3}
    layer = QuantumLayer(**settings | options, dtype=dtype)
    x = torch.randn(3, layer.in_features, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return layer, x.to(dtype)


def values_and_gradients(function: Callable[[Tensor], Tensor], layer: QuantumLayer, x: Tensor) -> tuple[Tensor, ...]:
    x = x.clone().requires_grad_()
    out = function(x)
    form = torch.randn(out.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return out, *torch.autograd.grad((out * form.to(out)).sum(), [x, layer.weights])


SIZES = [  # qubits, inputs, layers, rotations, seed
    (2, 1, 1, None, 0),
    (2, 3, 3, 5, 1),
    (3, 7, 2, None, 2),
    (4, 9, 1, 3, 3),
    (5, 20, 3, None, 4),
    (6, 63, 2, 9, 5),
    (8, 65, 2, None, 6),
]


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("size", SIZES)
def test_equals_pennylane_per_sample(size: tuple[int, int, int, int | None, int], readout: str) -> None:
    n_qubits, in_features, n_layers, n_rotations, seed = size
    layer, x = layer_and_input(
        n_qubits=n_qubits, in_features=in_features, n_layers=n_layers, n_rotations=n_rotations, seed=seed,
        readout=readout,
    )  # fmt: skip
    fast, slow = (values_and_gradients(f, layer, x) for f in (layer, layer.reference))
    for a, b in zip(fast, slow, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    layer.float()
    for a, b in zip(values_and_gradients(layer, layer, x.float()), slow, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("n_qubits", "in_features", "readout"), [(10, 40, "state"), (12, 3, "state"), (11, 5, "expval")]
)
def test_equals_pennylane_on_many_qubits(n_qubits: int, in_features: int, readout: str) -> None:
    layer, x = layer_and_input(n_qubits=n_qubits, in_features=in_features, n_layers=1, readout=readout)
    fast, slow = (values_and_gradients(f, layer, x[:1]) for f in (layer, layer.reference))
    for a, b in zip(fast, slow, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    layer.float()
    for a, b in zip(values_and_gradients(layer, layer, x[:1].float()), slow, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("readout", READOUTS)
def test_broadcast_backend_equals_torch(readout: str) -> None:
    layer, x = layer_and_input(readout=readout)
    broadcast, _ = layer_and_input(readout=readout, backend="default.qubit")
    pairs = zip(values_and_gradients(layer, layer, x), values_and_gradients(broadcast, broadcast, x), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def test_lightning_trains_expval_and_only_evaluates_the_others() -> None:
    layer, x = layer_and_input(readout="expval", backend="lightning.qubit")
    fast, _ = layer_and_input(readout="expval")
    out, expected = layer(x), fast(x)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-6)
    (gradient,) = torch.autograd.grad(out.square().sum(), layer.weights)
    (reference,) = torch.autograd.grad(expected.square().sum(), fast.weights)
    torch.testing.assert_close(gradient, reference, rtol=1e-5, atol=1e-5)
    with pytest.raises(CircuitError, match="no gradient to the inputs"):
        layer(x.requires_grad_())
    for readout in ("state", "probs"):
        layer, x = layer_and_input(readout=readout, backend="lightning.qubit")
        with torch.no_grad():
            torch.testing.assert_close(layer(x), layer_and_input(readout=readout)[0](x), rtol=0, atol=1e-6)
        with pytest.raises(CircuitError, match=r"lightning\.qubit has no gradient"):
            layer(x)


@pytest.mark.parametrize("readout", ["probs", "expval"])
def test_shots_agree_within_statistics_and_repeat(readout: str) -> None:
    layer, x = layer_and_input(readout=readout)
    exact = layer(x)
    torch.manual_seed(0)
    first = layer.reference(x, shots=20_000)
    torch.manual_seed(0)
    second = layer.reference(x, shots=20_000)
    variance = exact * (1 - exact) if readout == "probs" else 1 - exact**2
    pull = (first - exact) / (variance.clamp(min=1e-4) / 20_000).sqrt()
    assert torch.equal(first, second)
    assert pull.abs().max() < 5
    assert pull.abs().max() > 0.1
    (gradient,) = torch.autograd.grad(first.square().sum(), layer.weights)
    assert gradient.abs().min() > 0


def test_noise_mixes_the_state() -> None:
    layer, x = layer_and_input(readout="probs", n_layers=6)
    mixed = layer.reference(x, noise=0.75)
    torch.testing.assert_close(mixed, torch.full((3, 16), 1 / 16, dtype=torch.float64), rtol=0, atol=1e-4)
    layer, _ = layer_and_input(readout="expval")
    noisy, clean = layer.reference(x, noise=1e-3), layer(x)
    assert 1e-5 < (noisy - clean).abs().max() < 0.05
    (gradient,) = torch.autograd.grad(noisy[:, 0].sum(), layer.weights)
    (expected,) = torch.autograd.grad(clean[:, 0].sum(), layer.weights)
    torch.testing.assert_close(gradient, expected, rtol=0.05, atol=0.01)


def test_the_embedding_keeps_zero_and_length() -> None:
    layer, x = layer_and_input()
    zero, double = layer(torch.zeros_like(x)), layer(2 * x)
    assert torch.isfinite(zero).all()
    assert (layer(x) - double).abs().max() > 1e-2


@pytest.mark.parametrize("n_qubits", [3, 6, 9])
def test_the_norm_is_one(n_qubits: int) -> None:
    layer, x = layer_and_input(n_qubits=n_qubits, in_features=7, n_layers=3)
    torch.testing.assert_close(layer(x).square().sum(-1), torch.ones(3, dtype=x.dtype), rtol=0, atol=1e-12)
    probs, _ = layer_and_input(n_qubits=n_qubits, in_features=7, n_layers=3, readout="probs")
    torch.testing.assert_close(probs(x).sum(-1), torch.ones(3, dtype=x.dtype), rtol=0, atol=1e-12)


def test_the_state_is_linear_in_the_embedded_input() -> None:
    layer, x = layer_and_input()
    length = (1 + x.square().sum(-1, keepdim=True)).sqrt()
    unnormalised = layer(x) * length
    middle = (x[0] + x[1]) / 2
    out = layer(middle[None]) * (1 + middle.square().sum()).sqrt()
    torch.testing.assert_close(out[0], (unnormalised[0] + unnormalised[1]) / 2, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dtype", "sizes"), [(torch.float32, (1e20, 3e38)), (torch.float64, (1e20, 1e200, 1e308))])
def test_inputs_whose_squares_are_infinite(dtype: torch.dtype, sizes: tuple[float, ...]) -> None:
    layer, x = layer_and_input(dtype)
    x = x / x.abs().amax(1, keepdim=True)
    one = torch.ones(3, dtype=dtype)
    for size in sizes:
        large = (x * size).requires_grad_()
        out = layer(large)
        torch.testing.assert_close(out.square().sum(-1), one)
        torch.testing.assert_close(out, layer(x * 1e15))
        assert all(g.isfinite().all() for g in torch.autograd.grad(out.sum(), [large, layer.weights]))


def test_the_embedding_of_usual_inputs_is_that_of_plain_division_bit_for_bit() -> None:
    x = torch.randn(4000, 65, generator=torch.Generator().manual_seed(3)) * torch.logspace(-6, 8, 4000)[:, None]
    plain = torch.cat([torch.ones(4000, 1), x], 1)
    assert torch.equal(embed(x), plain / torch.linalg.vector_norm(plain, dim=-1, keepdim=True))


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_angle_changes_the_output(readout: str, seed: int) -> None:
    layer, x = layer_and_input(readout=readout, seed=seed, n_layers=3, n_qubits=5, in_features=11)
    before = layer(x).detach()
    _, _, gradient = values_and_gradients(layer, layer, x)
    assert gradient.abs().min() > 1e-9
    for index in range(layer.weights.numel()):
        with torch.no_grad():
            layer.weights.view(-1)[index] += 0.5
            assert (layer(x) - before).abs().max() > 1e-6
            layer.weights.view(-1)[index] -= 0.5


def test_the_same_seed_gives_the_same_layer_and_another_seed_another() -> None:
    a, b, c = (layer_and_input(seed=seed)[0] for seed in (5, 5, 6))
    assert torch.equal(a.gates, b.gates)
    assert torch.equal(a.weights, b.weights)
    assert a.gates.shape != c.gates.shape or not torch.equal(a.gates, c.gates)


@pytest.mark.parametrize("readout", READOUTS)
def test_a_checkpoint_restores_the_circuit_of_another_seed(readout: str, tmp_path: Path) -> None:
    source, x = layer_and_input(seed=7, readout=readout)
    other, _ = layer_and_input(seed=8, readout=readout)
    other(x)
    torch.save(source.state_dict(), tmp_path / "layer.pt")
    other.load_state_dict(torch.load(tmp_path / "layer.pt", weights_only=True))
    assert torch.equal(other.gates, source.gates)
    assert torch.equal(other(x), source(x))
    with torch.no_grad():
        assert torch.equal(other(x), source(x))


def test_a_checkpoint_of_another_size_is_refused() -> None:
    small, _ = layer_and_input(n_qubits=4)
    wide, _ = layer_and_input(n_qubits=6, n_rotations=4)
    with pytest.raises(CircuitError, match="not a gate on 4 qubits"):
        small.load_state_dict(wide.state_dict())


def test_kept_columns_are_never_stale() -> None:
    layer, x = layer_and_input()
    fresh, _ = layer_and_input()

    def check() -> None:
        fresh.load_state_dict(layer.state_dict())
        fresh._cache = None
        with torch.no_grad():
            assert torch.equal(layer(x), fresh(x))

    check()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    layer(x).square()[:, 0].sum().backward()
    optimizer.step()
    check()
    layer.weights.data[0, 0] += 1.0
    check()
    other, _ = layer_and_input(seed=9)
    layer.load_state_dict(other.state_dict())
    check()
    layer.load_state_dict(layer_and_input(seed=10)[0].state_dict(), assign=True)
    check()
    layer.weights = torch.nn.Parameter(layer.weights.detach() + 1)
    check()
    rotations = layer.gates[:, 0] < 3
    layer.gates[rotations, 0] = (layer.gates[rotations, 0] + 1) % 3
    check()


def test_kept_columns_are_kept_and_serve_a_later_backward() -> None:
    layer, x = layer_and_input()
    with torch.inference_mode():
        first = layer.columns()
    with torch.no_grad():
        assert layer.columns() is first
    layer.weights.requires_grad_(False)
    x.requires_grad_()
    layer(x).square()[:, 0].sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    layer.weights.requires_grad_(True)
    layer.eval()
    assert torch.autograd.grad(layer(x)[:, 0].sum(), layer.weights)[0].abs().sum() > 0


def test_copies_and_pickles_compute_the_same() -> None:
    layer, x = layer_and_input(readout="expval")
    with torch.no_grad():
        expected = layer(x)
        assert torch.equal(copy.deepcopy(layer)(x), expected)
        assert torch.equal(pickle.loads(pickle.dumps(layer))(x), expected)
    twin = copy.deepcopy(layer)
    twin.weights.data += 1
    with torch.no_grad():
        assert (twin(x) - layer(x)).abs().max() > 1e-3


@pytest.mark.parametrize("readout", READOUTS)
def test_gradcheck(readout: str) -> None:
    layer, x = layer_and_input(n_qubits=3, in_features=5, readout=readout)
    x.requires_grad_()

    def function(x: Tensor, weights: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weights": weights}, (x,))

    assert torch.autograd.gradcheck(function, (x, layer.weights))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_features": 16}, "in_features: 16: .* expected 1 to 15"),
        ({"in_features": 0}, "in_features: 0"),
        ({"n_layers": 0}, "n_layers: 0"),
        ({"readout": "amplitudes"}, "readout: 'amplitudes': expected one of state, probs, expval"),
        ({"backend": "no.such.device"}, "no.such.device"),
        ({"dtype": torch.float16}, "expected float32 or float64"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((QganError, ValueError), match=message):
        layer_and_input(**options)


def test_a_wrong_input_shape_is_refused() -> None:
    layer, x = layer_and_input()
    with pytest.raises(CircuitError, match=r"expected \(batch, 6\)"):
        layer(x[:, :5])


def test_a_small_circuit_leaves_the_thread_count_alone() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        layer, x = layer_and_input()
        layer(x).square()[:, 0].sum().backward()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("readout", READOUTS)
def test_one_broadcast_call_equals_the_layer(readout: str) -> None:
    layer, x = layer_and_input(readout=readout)
    found = broadcast(layer.gates, layer.weights, embed(x), layer.n_qubits, readout)
    torch.testing.assert_close(found, layer(x), rtol=0, atol=1e-12)


def test_the_drawing_shows_every_gate() -> None:
    layer, _ = layer_and_input()
    text = layer.draw()
    assert sum(text.count(name) for name in ("RX", "RY", "RZ")) == layer.weights.numel()
    assert text.count("╰●") + text.count("╭●") == int((layer.gates[:, 0] == 3).sum())
