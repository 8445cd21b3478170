"""Circuits of shares as a quantum computer would run them: finite shots, and gates that depolarise.

A gate about w qubits is 2 (w − 1) CNOTs and a rotation, and each of its wires is depolarised once for each of these
CNOTs, or once for a rotation of one qubit: PennyLane's ``DepolarizingChannel(p)``, as random Pauli operators in
so many runs of a jet, among which its shots are dealt out. Ancillas are depolarised before they are measured. Shots
that find no pixel of the image do not count.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from ...base.errors import ConfigError
from ...base.seeding import numpy_rng
from .fed import Fed
from .qubits import Gate

#: Runs of a jet with errors of their own, and runs at once.
RUNS, _AT_ONCE = 16, 512
_AXES = "XYZ"


class MeasuredShares(nn.Module):
    """A network of shares that is a circuit, measured: inputs (B, k) → log shares (B, H, W), −∞ where no shot fell.

    The same inputs give the same measurements, whatever was measured before.

    Args:
        network: of :data:`~.registry.SHARES`, with a list of gates.
        shots: of a jet; None for infinitely many.
        noise: depolarising probability after each gate on each of its wires.
        seed: of shots and errors.
        runs: of a jet with errors of their own.
        kept: what the runs of inputs gave, by their checksum, is put there and taken from there; for the same network,
            noise, seed and number of runs, whatever the shots.

    Raises:
        ConfigError: it is no circuit with a list of gates.
    """

    def __init__(self, network: nn.Module, *, shots: int | None, noise: float, seed: int, runs: int = RUNS,
                 kept: dict[int, Tensor] | None = None) -> None:
        super().__init__()
        inner = network.inner if isinstance(network, Fed) else network
        if not getattr(network, "circuit", False) or not hasattr(inner, "gates"):
            raise ConfigError("generator.core: is no circuit whose gates could be run one after another")
        self.network, self.shots, self.noise, self.seed, self.runs = network, shots, noise, seed, runs
        self.kept = {} if kept is None else kept

    @torch.no_grad()
    def forward(self, inputs: Tensor) -> Tensor:
        if self.shots is None and not self.noise:
            found: Tensor = self.network(inputs)
            return found
        key = zlib.crc32(np.ascontiguousarray(inputs.cpu().numpy()).data)
        if self.noise and key not in self.kept:
            self.kept[key] = self._noisy(inputs, numpy_rng(self.seed, "errors", key))
        shares = (self.kept[key] if self.noise else self.network(inputs).exp()).double()
        flat = shares.flatten(1).cpu() / shares.flatten(1).sum(1, keepdim=True).cpu()
        if self.shots is not None:
            counts = numpy_rng(self.seed, "shots", key).multinomial(self.shots, flat.numpy())
            flat = torch.from_numpy(counts / self.shots)
        return flat.log().view_as(shares).to(inputs)

    def _noisy(self, inputs: Tensor, rng: np.random.Generator) -> Tensor:
        """Shares (B, H, W), of all runs."""
        network, many = self.network, inputs.repeat_interleave(self.runs, 0)
        kinds, kind = 1, torch.zeros(len(many), dtype=torch.long, device=inputs.device)
        if isinstance(network, Fed):
            outcomes = _outcomes(network, many, self.noise, rng)
            kinds, kind = len(network.outcomes), (outcomes[:, None] == network.outcomes).all(2).long().argmax(1)
            many, network = torch.cat((many, outcomes), 1), network.inner
        found = torch.cat([_run(network, part, self.noise, rng) for part in many.split(_AT_ONCE)])
        # An outcome of the ancillas stands until a shot finds a pixel, so that each has shares of its own.
        place = kinds * torch.arange(len(inputs), device=inputs.device).repeat_interleave(self.runs) + kind
        summed = found.new_zeros(len(inputs) * kinds, *found.shape[1:]).index_add_(0, place, found)
        often = torch.bincount(place, minlength=len(summed)).view(-1, kinds, 1, 1) / self.runs
        shares: Tensor = network.pixels(summed / self.runs).exp()  # type: ignore[operator]
        return (shares.unflatten(0, (-1, kinds)) * often).sum(1)


def _outcomes(network: Fed, inputs: Tensor, noise: float, rng: np.random.Generator) -> Tensor:
    """Of the ancillas, ±1, (B, ancillas)."""
    polarised = (1 - 4 * noise / 3) * network.polarised(inputs)
    drawn = torch.from_numpy(rng.random(polarised.shape)).to(polarised)
    return torch.where(drawn < (1 + polarised) / 2, 1.0, -1.0)


def _run(network: nn.Module, inputs: Tensor, noise: float, rng: np.random.Generator) -> Tensor:
    """Probabilities (B, R, C) after all gates, each sample with errors of its own."""
    gates: Sequence[Gate] = network.gates(inputs)  # type: ignore[operator]
    n_qubits = int(network.n_qubits)  # type: ignore[arg-type]
    state = torch.zeros(len(inputs), 2**n_qubits, dtype=torch.complex64, device=inputs.device)
    state[:, 0] = 1
    for axes, wires, angle in gates:
        half = 0.5 * angle.expand(len(inputs))[:, None]
        state = half.cos() * state - 1j * half.sin() * _turned(state, axes, wires)
        chance = depolarised(noise, max(1, 2 * (len(wires) - 1)))
        for wire in wires:
            drawn = rng.random(len(state))
            for axis, name in enumerate(_AXES):
                struck = np.flatnonzero((drawn >= axis * chance / 3) & (drawn < (axis + 1) * chance / 3))
                if len(struck):
                    rows = torch.from_numpy(struck).to(state.device)
                    state[rows] = _turned(state[rows], name, (wire,))
    colours = int(getattr(network, "colours", 0))
    rows_of = 2 ** (int(network.left) - colours)  # type: ignore[arg-type]
    outcomes = state.real.square() + state.imag.square()
    return outcomes.view(len(state), 2**colours, rows_of, -1).sum(1)


def depolarised(probability: float, times: int) -> float:
    """The depolarising probability of several channels in a row.

    >>> round(depolarised(0.01, 2), 6)
    0.019867
    """
    return 0.75 * (1 - (1 - 4 * probability / 3) ** times)


def _turned(state: Tensor, axes: str, wires: tuple[int, ...]) -> Tensor:
    """A product of Pauli operators applied to (B, 2^n)."""
    source, factor = _pauli(axes, wires, state.shape[1].bit_length() - 1)
    return state[:, source.to(state.device)] * factor.to(state.device)


@lru_cache(maxsize=1024)
def _pauli(axes: str, wires: tuple[int, ...], n: int) -> tuple[Tensor, Tensor]:
    """Where each amplitude comes from, and its factor, both (2^n,)."""
    source, factor = torch.arange(2**n), torch.ones(2**n, dtype=torch.complex64)
    for axis, wire in zip(axes, wires, strict=True):
        bit = 1 << (n - 1 - wire)
        sign = 1.0 - 2.0 * ((torch.arange(2**n) & bit) > 0)
        factor = factor * (-1j * sign if axis == "Y" else sign if axis == "Z" else 1)
        source = source if axis == "Z" else source ^ bit
    return source, factor
