"""The layer as a quantum computer would run it: finite shots and depolarising noise, exact in distribution and fast.

A channel is linear in the state and the embedded state is e eᵀ with d real amplitudes, so every outcome's probability
is a quadratic form p_k = eᵀ A_k e. The forms come from the projectors |k⟩⟨k| taken backwards through the noisy circuit
(Heisenberg picture), once a circuit, whatever the number of jets. The noise model is that of
:func:`~qgan.quantum.pennylane_circuit.queue`: after each gate ρ → (1 − 4p/3) ρ + (4p/3) Tr_w ρ ⊗ 1/2 on each of its
wires, which is PennyLane's ``DepolarizingChannel(p)``. The embedding is taken as perfect. Shots of known probabilities
are a multinomial draw.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..base.seeding import numpy_rng
from .circuits import CNOT, CircuitError, rows
from .layer import QuantumLayer, embed
from .readout import read, z_signs
from .states import apply_single_qubit, cnot_permutation, rotation

#: Projectors that are taken through the circuit at a time; bounds the memory.
CHUNK = 16


def outcome_forms(gates: Tensor, angles: Tensor, n_qubits: int, n_columns: int, noise: float) -> Tensor:
    """The quadratic forms A, (2^n, d, d) float32, of the probabilities p_k = eᵀ A_k e of a noisy circuit.

    Args:
        gates, angles: the circuit.
        n_qubits: n.
        n_columns: d, number of amplitudes that the input can have.
        noise: depolarising probability after each gate on each of its wires.
    """
    size = 2**n_qubits
    found = torch.empty(size, n_columns, n_columns)
    flat = angles.detach().reshape(-1).double().cpu()
    for start in range(0, size, CHUNK):
        chosen = torch.arange(start, min(start + CHUNK, size))
        operators = torch.zeros(len(chosen), size, size, dtype=torch.complex64)
        operators[torch.arange(len(chosen)), chosen, chosen] = 1
        for gate in reversed(list(rows(gates.cpu()))):
            operators = _backwards(operators, gate, flat, n_qubits, noise)
        # e is real: only the real part of a Hermitian form counts.
        found[chosen] = operators[:, :n_columns, :n_columns].real
    return found


def _backwards(operators: Tensor, gate: tuple[int, int, int, int], angles: Tensor, n_qubits: int,
               noise: float) -> Tensor:
    """O → U† N(O) U for (K, 2^n, 2^n) operators; the channel N is its own adjoint."""
    kind, wire, target, angle = gate
    for noisy in (wire, target)[:1 + (kind == CNOT)]:
        operators = depolarise(operators, noisy, noise)
    if kind == CNOT:
        order = cnot_permutation(n_qubits, [(wire, target)])
        return operators[:, order][:, :, order]
    unitary = rotation(kind, angles[angle]).to(operators.dtype)
    flat = operators.reshape(len(operators), -1)
    # Rows are the first n wires of the flattened operator, columns the last n.
    flat = apply_single_qubit(flat, unitary.mH, wire)
    return apply_single_qubit(flat, unitary.mT, n_qubits + wire).reshape(operators.shape)


def depolarise(operators: Tensor, wire: int, probability: float) -> Tensor:
    """(1 − 4p/3) O + (4p/3) Tr_w O ⊗ 1/2 of (K, 2^n, 2^n) operators."""
    if not probability:
        return operators
    size, left = operators.shape[-1], 2**wire
    right = size // (2 * left)
    split = operators.reshape(-1, left, 2, right, left, 2, right)
    mean = (split[:, :, 0, :, :, 0] + split[:, :, 1, :, :, 1]) / 2
    mixed = (1 - 4 * probability / 3) * split
    for value in (0, 1):
        mixed[:, :, value, :, :, value] += 4 * probability / 3 * mean
    return mixed.reshape(operators.shape)


class MeasuredLayer(nn.Module):
    """A trained layer with finite shots and noise: (B, in_features) → (B, out_features), without gradient.

    The same inputs give the same measurements, whatever was measured before.

    Args:
        layer: with ``probs`` or ``expval`` readout.
        shots: measurements a sample; None for infinitely many.
        noise: depolarising probability after each gate on each of its wires.
        seed: of the shots.
        forms: what :func:`outcome_forms` gave for this layer and noise, where it is known.

    Raises:
        CircuitError: ``state`` readout, no shot, or a probability that is none.
    """

    def __init__(self, layer: QuantumLayer, *, shots: int | None, noise: float, seed: int,
                 forms: Tensor | None = None) -> None:
        super().__init__()
        if layer.readout == "state":
            raise CircuitError("readout: 'state' is known to simulators only; train with generator.readout probs or "
                               "expval")
        if shots is not None and shots < 1:
            raise CircuitError(f"shots: {shots}: expected at least 1")
        if not 0 <= noise <= 0.75:
            raise CircuitError(f"noise: {noise}: expected a depolarising probability, 0 to 0.75")
        self.layer, self.shots, self.noise, self.seed = layer, shots, noise, seed
        self.out_features = layer.out_features
        if noise and forms is None:
            forms = outcome_forms(layer.gate_list, layer.weights, layer.n_qubits, layer.in_features + 1, noise)
        self.forms = forms

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        if self.shots is None and not self.noise:
            return self.layer(x)
        probs = self.probabilities(x)
        if self.shots is not None:
            probs = self._measured(probs, x, self.shots)
        if self.layer.readout == "expval":
            probs = probs @ z_signs(self.layer.n_qubits, probs.dtype, probs.device)
        return probs.to(x)

    def probabilities(self, x: Tensor) -> Tensor:
        """(B, 2^n) float64 on the CPU: of every outcome, with the noise."""
        features = embed(x.detach().cpu().double())
        if self.forms is None or not self.noise:
            probs = read(linear(features, self.layer.columns().cpu().double()), "probs")
        else:
            products = (features[:, :, None] * features[:, None, :]).flatten(1)
            probs = linear(products.float(), self.forms.flatten(1)).double()
        probs = probs.clamp_min(0)
        return probs / probs.sum(1, keepdim=True)

    def _measured(self, probs: Tensor, x: Tensor, shots: int) -> Tensor:
        key = zlib.crc32(np.ascontiguousarray(x.detach().cpu().numpy()).data)
        counts = numpy_rng(self.seed, "shots", key).multinomial(shots, probs.numpy())
        return torch.from_numpy(counts / shots)
