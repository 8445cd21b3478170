"""The quantum layer and the controls that it is judged by differ in one linear map and in nothing else."""

from __future__ import annotations

import pytest
import torch

from qgan.base.errors import ConfigError
from qgan.models import Core, Generator
from qgan.models.core import CORES, CoreSetting
from qgan.runs.configuration import GeneratorOptions

every_kind = pytest.mark.parametrize("kind", CORES.names())
every_readout = pytest.mark.parametrize("readout", ["state", "probs", "expval"])


def core(kind: str, readout: str = "state", seed: int = 1, in_features: int = 20) -> Core:
    return Core(kind, CoreSetting(in_features, 6, 3, 6, readout, seed=seed))


@every_kind
@every_readout
def test_outputs_are_of_order_one(kind: str, readout: str) -> None:
    layer = core(kind, readout)
    with torch.no_grad():
        outputs = layer(0.3 * torch.randn(400, 20))
    assert outputs.shape == (400, layer.out_features)
    assert 0.1 < outputs.square().mean().sqrt() < 5


@every_kind
def test_a_state_keeps_the_norm(kind: str) -> None:
    layer, x = core(kind), 0.5 * torch.randn(50, 20)
    with torch.no_grad():
        norms = layer(x).square().mean(1)
    torch.testing.assert_close(norms, torch.ones(50), atol=1e-4, rtol=0)


@every_kind
def test_a_state_is_linear_in_the_embedded_input(kind: str) -> None:
    """|(1, x)| y(x) is affine in x: second differences vanish."""
    layer, x, step = core(kind), torch.randn(30, 20), torch.randn(30, 20)

    def unnormalised(x: torch.Tensor) -> torch.Tensor:
        return layer(x) * (1 + x.square().sum(1, keepdim=True)).sqrt()

    with torch.no_grad():
        second = unnormalised(x + step) - 2 * unnormalised(x) + unnormalised(x - step)
        first = unnormalised(x + step) - unnormalised(x - step)
    assert second.abs().max() < 1e-3
    assert first.abs().max() > 1


@every_kind
def test_different_inputs_stay_different(kind: str) -> None:
    """The map is injective: the least singular value over inputs is 1 for an isometry."""
    layer, embedded = core(kind), torch.randn(200, 21).abs() + 0.1
    x = embedded[:, 1:] / embedded[:, :1]
    with torch.no_grad():
        y = layer(x) / layer.gain
    e = torch.nn.functional.normalize(embedded, dim=1)
    solution = torch.linalg.lstsq(e.double(), y.double()).solution
    torch.testing.assert_close(torch.linalg.svdvals(solution), torch.ones(21, dtype=torch.float64), atol=1e-3, rtol=0)


def test_dense_and_orthogonal_start_as_the_same_map_and_only_dense_moves() -> None:
    dense, orthogonal = core("dense"), core("orthogonal")
    matrices = [dict(one.layer.state_dict())["matrix"] for one in (dense, orthogonal, core("dense", seed=2))]
    assert torch.equal(matrices[0], matrices[1])
    assert not torch.equal(matrices[0], matrices[2])
    assert [name for name, _ in dense.named_parameters()] == ["layer.matrix"]
    assert not list(orthogonal.parameters())
    assert "layer.matrix" in orthogonal.state_dict()


def test_frozen_is_the_quantum_layer_that_does_not_move() -> None:
    quantum, frozen, x = core("quantum"), core("frozen"), torch.randn(9, 20)
    assert torch.equal(quantum(x), frozen(x))
    assert not any(p.requires_grad for p in frozen.parameters())
    assert all(p.requires_grad for p in quantum.parameters())


def test_none_is_the_embedded_input() -> None:
    layer, x = core("none"), torch.tensor([[3.0] * 20, [0.0] * 20])
    expected = torch.cat((torch.ones(2, 1), x), 1)
    expected = expected / expected.norm(dim=1, keepdim=True) * 21**0.5
    torch.testing.assert_close(layer(x), expected)


@every_readout
def test_the_classical_control_has_at_least_as_many_parameters(readout: str) -> None:
    """The whole generator, and the core alone, with the sizes that are trained by default."""
    defaults = GeneratorOptions()
    sizes = {"n_qubits": defaults.n_qubits, "n_layers": defaults.n_layers, "n_rotations": defaults.n_rotations,
             "noise": defaults.noise, "channels": defaults.channels, "readout": readout}
    quantum, dense = (Generator(9, (25, 25), core=kind, **sizes) for kind in ("quantum", "dense"))  # type: ignore

    def trained(module: torch.nn.Module) -> int:
        return sum(p.numel() for p in module.parameters() if p.requires_grad)

    assert trained(quantum) > trained(quantum.core) > 0
    assert trained(dense.core) >= trained(quantum.core)
    assert trained(dense) >= trained(quantum)


def test_with_a_state_quantum_and_dense_differ_in_the_core_alone() -> None:
    quantum, dense = (Generator(9, (25, 25), core=kind) for kind in ("quantum", "dense"))
    theirs = dict(dense.named_parameters())
    for name, parameter in quantum.named_parameters():
        if not name.startswith("core."):
            assert theirs.pop(name).shape == parameter.shape
    assert list(theirs) == ["core.layer.matrix"]


def test_an_unknown_core_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no core magic; Known: quantum, frozen, dense, orthogonal, none"):
        core("magic")
