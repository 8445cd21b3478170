"""A quantum circuit as a torch layer.

x (d-1 inputs) -> (1, x) padded to 2^n and normalised -> RandomLayers(angles) -> readout. The embedding is linear
before its normalisation, so the final state is U(angles) e with e = (1, x)/|(1, x)|: only the first d columns of U
are simulated, once a step, and the layer is one product of (B, d) with (d, 2·2^n), exact to rounding and the same
for any batch size. With ``state`` readout the layer is thus a norm-preserving linear map of the embedded input, no
more; ``probs`` and ``expval`` are quadratic in it and run on hardware too.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from ..base.seeding import torch_rng
from . import pennylane_circuit
from .circuits import CircuitError, Gates, Queued, check_gates, draw_circuit, weight_shape
from .columns import columns
from .plan import Plan, compile_plan
from .readout import check_readout, gain, out_features, read, redraw_irrelevant
from .states import run_gates


def embed(x: Tensor) -> Tensor:
    """(B, k) -> (B, k+1): (1, x) divided by its length. The 1 keeps the length of x and makes x = 0 legal."""
    padded = pad(x, (1, 0), value=1.0)
    # The squares of large numbers are infinite; a division by a power of two first rounds nothing.
    largest = padded.detach().abs().amax(-1, keepdim=True)
    scaled = padded / (largest / (2 * torch.frexp(largest).mantissa))
    return scaled / torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)


class QuantumLayer(nn.Module):
    """(B, in_features) -> (B, out_features) through a circuit of trainable rotations and fixed CNOTs.

    Args:
        in_features: length of x; x and the leading 1 must fit in the 2^n amplitudes.
        n_qubits: number of qubits n.
        circuit: a name of :data:`~qgan.quantum.CIRCUITS`, or ``module:function``.
        n_layers: its layers.
        n_rotations: rotations a layer, ``n_qubits`` by default. ``weights`` is (n_layers, n_rotations) radians.
        readout: ``state`` (2·2^n: real parts, imaginary parts), ``probs`` (2^n) or ``expval`` (⟨Z_j⟩, ⟨Z_j Z_k⟩).
        seed: fixes gates and initial angles. For ``probs`` and ``expval`` rotations that cannot change the
            output are redrawn. The gates are stored in the state dict, and loading restores them exactly.
        backend: ``torch`` (fast, with gradient) or a PennyLane device: ``default.qubit`` (one broadcast call),
            ``lightning.qubit`` (gradient for ``expval`` only), or another device, one sample at a time; with keywords
            as ``{"name": "default.qubit", "shots": 1000}``.
        dtype: float32 or float64.

    Raises:
        CircuitError: (a ValueError) if the inputs do not fit or the combination cannot be evaluated.

    >>> layer = QuantumLayer(in_features=10, n_qubits=4, n_layers=2)
    >>> layer.weights.shape, layer(torch.zeros(3, 10)).shape
    (torch.Size([2, 4]), torch.Size([3, 32]))
    >>> QuantumLayer(in_features=10, n_qubits=4, n_layers=2, readout="expval")(torch.zeros(3, 10)).shape
    torch.Size([3, 10])
    """

    gates: Tensor

    def __init__(
        self,
        *,
        in_features: int,
        n_qubits: int,
        n_layers: int,
        n_rotations: int | None = None,
        readout: str = "state",
        circuit: str = "random_layers",
        seed: int = 42,
        backend: pennylane_circuit.Backend = "torch",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        weight_shape(n_qubits, n_layers, n_rotations)
        if not 1 <= in_features < 2**n_qubits:
            raise CircuitError(
                f"in_features: {in_features}: the leading 1 and the inputs must fit in the {2**n_qubits} amplitudes "
                f"of {n_qubits} qubits: expected 1 to {2**n_qubits - 1}"
            )
        if dtype not in (torch.float32, torch.float64):
            raise CircuitError(f"dtype: {dtype}: expected float32 or float64")
        self.in_features, self.n_qubits, self.readout = in_features, n_qubits, check_readout(readout)
        self.out_features = out_features(readout, n_qubits)
        self.backend = "torch" if pennylane_circuit.named(backend).name == "torch" else backend
        if self.backend != "torch":
            pennylane_circuit.device(backend, n_qubits)
        gates, shape = draw_circuit(circuit, n_qubits, n_layers, n_rotations, seed=seed)
        self._queued = gates if isinstance(gates, Queued) else None
        if isinstance(gates, Queued):
            gates = torch.empty(0, 4, dtype=torch.int64)
        elif readout != "state":
            gates = redraw_irrelevant(gates, n_qubits, in_features + 1, readout, seed)
        self.register_buffer("gates", gates)
        angles = (2 * torch.rand(shape, generator=torch_rng(seed, "angles"), dtype=torch.float64) - 1) * math.pi
        self.weights = nn.Parameter(angles.to(dtype))
        self._cache: tuple[Tensor, Tensor] | None = None
        self._plan: Plan | None = None
        self._wired: tuple[Tensor, int] | None = None
        if self._queued is not None:
            self._check_weights()

    @property
    def gain(self) -> float:
        """What its outputs are multiplied by to be of order one."""
        return gain(self.readout, self.out_features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_features) -> (B, out_features), in the layer's dtype."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise CircuitError(f"input: shape {tuple(x.shape)}: expected (batch, {self.in_features})")
        if self.backend not in ("torch", "default.qubit"):
            return self.reference(x).to(self.weights)
        columns = self.columns()
        with torch.autocast(x.device.type, enabled=False):  # amplitudes are not to be rounded to three digits
            return read(linear(embed(x.to(self.weights.dtype)), columns), self.readout)

    def reference(self, x: Tensor, *, shots: int | None = None, noise: float = 0.0) -> Tensor:
        """The same by PennyLane, one circuit per sample: slow, float64 on the CPU.

        Args:
            shots: measurements of each sample; None for exact values.
            noise: depolarising probability after each gate on each of its wires, on ``default.mixed``.
        """
        features = embed(x.to(device="cpu", dtype=torch.float64))
        device = "default.mixed" if noise else "default.qubit" if self.backend == "torch" else self.backend
        return pennylane_circuit.reference(self.circuit, self.weights.cpu(), features, self.n_qubits, self.readout,
                                           backend=device, shots=shots, noise=noise)

    @property
    def circuit(self) -> Gates:
        """The gate list, or the function that PennyLane runs."""
        return self.gates.cpu() if self._queued is None else self._queued

    @property
    def gate_list(self) -> Tensor:
        """The gates; raises :class:`CircuitError` where the circuit is a function that PennyLane runs."""
        if self._queued is not None:
            raise CircuitError("circuit: is run by PennyLane, and has no list of gates RX, RY, RZ and CNOT")
        return self.gates.cpu()

    def columns(self) -> Tensor:
        """(2·2^n, in_features+1): real parts over imaginary parts of U's first columns; kept while angles stay.

        The kept columns are compared with the angles' values, so no way of writing to the weights leaves them stale.
        """
        if torch._C._are_functorch_transforms_active():
            return self._transformable()
        self._notice_new_gates()
        if torch.is_grad_enabled() and self.weights.requires_grad:
            return self._simulate()
        now = self.weights.detach()
        if self._cache is not None:
            angles, kept = self._cache
            if angles.dtype == now.dtype and angles.device == now.device and torch.equal(angles, now):
                return kept
        # A tensor made in inference mode could not serve a later backward pass.
        with torch.inference_mode(False), torch.no_grad():
            self._cache = (self.weights.detach().clone(), self._simulate())
        return self._cache[1]

    def _notice_new_gates(self) -> None:
        version = 0 if self.gates.is_inference() else self.gates._version  # the former count no writes
        if self._wired is None or self._wired[0] is not self.gates or self._wired[1] != version:
            self._wired, self._plan, self._cache = (self.gates, version), None, None

    @property
    def plan(self) -> Plan:
        """The circuit compiled for the angles' dtype and device."""
        self._notice_new_gates()
        angles = self.weights
        if self._plan is None or self._plan.shift.dtype != angles.dtype or self._plan.shift.device != angles.device:
            with torch.inference_mode(False):
                self._plan = compile_plan(
                    self.gates.cpu(), self.n_qubits, self.in_features + 1, dtype=angles.dtype, device=angles.device
                )
        return self._plan

    def _simulate(self) -> Tensor:
        if self.backend == "torch" and self._queued is None:
            with torch.autocast(self.weights.device.type, enabled=False):
                return columns(self.plan, self.weights)
        size = (self.n_qubits, self.in_features + 1)
        device = "default.qubit" if self.backend == "torch" else self.backend
        return pennylane_circuit.columns(self.circuit, self.weights.cpu(), *size, device).to(self.weights)

    def _transformable(self) -> Tensor:
        """The columns gate by gate, which ``torch.func`` can map over and derive as often as it likes."""
        if self._queued is not None:
            raise CircuitError("circuit: is run by PennyLane, where torch.func has no say")
        basis = torch.eye(self.in_features + 1, 2**self.n_qubits, dtype=self.weights.dtype, device=self.weights.device)
        states = run_gates(torch.complex(basis, torch.zeros_like(basis)), self.gates, self.weights.reshape(-1))
        return torch.cat((states.real, states.imag), -1).mT

    def _check_weights(self) -> None:
        """Raises :class:`CircuitError` where an angle of a function of PennyLane gates changes nothing."""
        with torch.inference_mode(False), torch.enable_grad():
            angles = self.weights.detach().double().clone().requires_grad_()
            found = pennylane_circuit.columns(self.circuit, angles, self.n_qubits, self.in_features + 1,
                                              "default.qubit")
            form = torch.randn(found.shape, generator=torch_rng(0, "sensitivity"), dtype=torch.float64)
            gradient, = torch.autograd.grad((found * form).sum(), angles, allow_unused=True)
        dead = [] if gradient is None else (gradient.abs() < 1e-9).nonzero().tolist()
        if gradient is None or dead:
            which = "the weights" if gradient is None else f"weights{dead[0]}"
            raise CircuitError(f"circuit: {which} change nothing; n_rotations says how many a layer has")

    def draw(self) -> str:
        """The circuit and its angles as text."""
        return pennylane_circuit.drawing(self.circuit, self.weights, self.n_qubits)

    def to_qnode(self, backend: pennylane_circuit.Backend = "default.qubit", *, shots: int | None = None,
                 noise: float = 0.0) -> Any:
        """A PennyLane QNode of one sample x (in_features,), or of x and other weights: ``node(x, weights)``.

        What it returns is PennyLane's: complex amplitudes for ``state``, for ``expval`` a list of numbers.

        Args:
            backend: a PennyLane device; ``shots``, ``noise`` as in :meth:`reference`.

        >>> layer = QuantumLayer(in_features=2, n_qubits=2, n_layers=1, readout="probs")
        >>> x = torch.tensor([0.5, -1.0])
        >>> torch.allclose(layer.to_qnode()(x).float(), layer(x[None])[0], atol=1e-6)
        True
        """
        def inputs(x: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
            angles = self.weights if weights is None else weights
            return embed(torch.as_tensor(x, dtype=torch.float64)[None])[0], angles.double()

        return pennylane_circuit.circuit(self.circuit, self.n_qubits, self.readout, backend=backend, shots=shots,
                                         noise=noise, inputs=inputs)

    def to_openqasm(self, x: Tensor | None = None) -> str:
        """The circuit in OpenQASM 2.0, all wires measured at its end; of x (in_features,) with its preparation."""
        features = None if x is None else embed(x[None].double())[0].detach().cpu()
        return pennylane_circuit.openqasm(self.circuit, self.weights, self.n_qubits, features)

    def extra_repr(self) -> str:
        layers, rotations = self.weights.shape
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, n_qubits={self.n_qubits}, "
            f"n_layers={layers}, n_rotations={rotations}, readout={self.readout}, backend={self.backend}"
        )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        gates = state_dict.get(prefix + "gates")
        if gates is not None and self._queued is None:
            check_gates(gates, self.n_qubits, self.weights.numel())
            self.gates = torch.empty_like(gates, device=self.gates.device)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cache": None, "_plan": None, "_wired": None}
