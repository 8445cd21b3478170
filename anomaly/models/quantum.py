"""The fully quantum autoencoder.

Each patch of the image is uploaded to a qubit (:mod:`qgan.quantum.reuploading`); of the n qubits, some are latent and
the others trash. If the latent qubits are to hold all there is to know of a usual jet, the trash is in one fixed pure
state r. The fidelity F = <r| Tr_latent |ψ><ψ| |r> says how nearly that is so, and 1 - F how unusual the jet is
(Romero, Olson, Aspuru-Guzik, arXiv:1612.02806).

The published loss (1 - F)² is smallest for a circuit that forgets its input. ``steadiness`` has no such solution: with
the angle ϑ = arccos √F between the state and the reference, and ϑ₁, ϑ₂ those of two random views of a jet
(:mod:`.views`), it is the logarithm of E(ϑ₁ - ϑ₂)² / (2 (E ϑ)²): what a jet does to the trash is to be large against
what the detector does to it. Without biases an empty image stays at |0...0>, F = 1, so ϑ measures activity from there.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from qgan.quantum.reuploading import Reuploading
from qgan.quantum.states import fidelity, z_expectations
from qgan.quantum.swap_test import swap_test, trash_fidelity

from .collapse import check_spread
from .contrast import contrasted
from .interface import Autoencoder
from .patches import n_patches, patches
from .views import steadiness, view

Loss = Literal["infidelity", "infidelity_squared", "log_infidelity", "steadiness"]
#: The amplitudes of a reference qubit.
REFERENCES: dict[str, tuple[complex, complex]] = {
    "zero": (1, 0), "one": (0, 1), "plus": (0.5**0.5, 0.5**0.5), "right": (0.5**0.5, 1j * 0.5**0.5),
}
#: Below this, a fidelity's distance from 1 is rounding.
ROUNDING = 1e-6


class QuantumAutoencoder(Autoencoder):
    """Patches on qubits, trash against a reference.

    Args:
        shape: (H, W) of an image.
        patch: pixels a side of the patch of one qubit; 12×12 pixels in patches of 4 make 9 qubits.
        uploads: how often the pixels enter; a pixel has one weight (and one bias) an upload.
        latent: how many qubits, the first ones, are not compared; the others are trash.
        entangler, shift, spread, offset, biases: see :class:`~qgan.quantum.reuploading.Reuploading`.
        even: all weights start at ``spread`` instead of random ones about 0.
        reference: the state that the trash qubits are compared with.
        contrast: a pixel x is uploaded as log(1 + c x) / log(1 + c); 0 uploads x itself.
        loss: ``infidelity`` E(1 - F), ``infidelity_squared`` E(1 - F)² (as published), ``log_infidelity`` -E log F, or
            ``steadiness``.
        reflect, dropout, noise: of the views of a jet for ``steadiness``.
        backend: ``torch``, or a PennyLane device that scores jets one at a time; the training always runs in torch.
        shots: how often that device reads the trash; 0 for exact values.
        depolarising: probability of its noise after each gate on each wire; needs the backend ``default.mixed``.
        literal: the device runs the SWAP test with its reference and ancilla qubits, not the reduction.
    """

    reference: Tensor

    def __init__(self, shape: tuple[int, int], patch: int = 4, uploads: int = 5, latent: int = 4, *,
                 entangler: str = "ring", shift: bool = True, spread: float = 0.1, offset: float = 0.1,
                 biases: bool = False, even: bool = True, reference: str = "zero", contrast: float = 0.0,
                 loss: Loss = "steadiness", reflect: bool = True, dropout: float = 0.0, noise: float = 0.4,
                 backend: str = "torch", shots: int = 0, depolarising: float = 0.0,
                 literal: bool = False) -> None:
        super().__init__()
        n = n_patches(shape, patch)
        if not 0 <= latent < n:
            raise ValueError(f"latent: {latent} of {n} qubits, expected 0 to {n - 1}")
        if reference not in REFERENCES:
            raise ValueError(f"reference: {reference!r}, expected one of {', '.join(REFERENCES)}")
        if loss not in get_args(Loss):
            raise ValueError(f"loss: {loss!r}, expected one of {', '.join(get_args(Loss))}")
        _check_numbers(contrast=contrast, noise=noise, dropout=dropout, shots=shots, depolarising=depolarising)
        if backend == "torch" and (shots or depolarising or literal):
            raise ValueError("backend: 'torch' has no shots, no noise and no SWAP test, expected a PennyLane device "
                             "such as 'lightning.qubit' or 'default.mixed'")
        self.patch, self.contrast, self.kind = patch, contrast, loss
        self.backend, self.shots, self.depolarising, self.literal = backend, shots, depolarising, literal
        self.views = {"reflect": reflect, "dropout": dropout, "noise": noise}
        self.circuit = Reuploading(n, patch**2, uploads=uploads, entangler=entangler, shift=shift, spread=spread,
                                   offset=offset, biases=biases)
        if even:
            torch.nn.init.constant_(self.circuit.weights, spread)
        self.trash = tuple(range(latent, n))
        qubit = torch.tensor(REFERENCES[reference], dtype=torch.complex64)
        self.register_buffer("reference", qubit.repeat(len(self.trash), 1), persistent=False)

    def pixels(self, x: Tensor) -> Tensor:
        """(B, H, W): what is uploaded of each pixel."""
        return contrasted(x, self.contrast)

    def states(self, x: Tensor) -> Tensor:
        """(B, 2^n) complex: the circuit's states for images."""
        return self.circuit(patches(self.pixels(x), self.patch))

    def fidelity(self, uploaded: Tensor) -> Tensor:
        """(B,): the fidelity of the trash with the reference, for what is uploaded of images (B, H, W)."""
        return fidelity(self.circuit(patches(uploaded, self.patch)), self.trash, self.reference)

    def loss(self, x: Tensor) -> Tensor:
        uploaded = self.pixels(x)
        if self.kind == "steadiness":
            return self._steadiness(uploaded)
        f = self.fidelity(uploaded)
        if self.kind == "log_infidelity":
            return -torch.log(f.clamp(min=ROUNDING)).mean()
        return ((1 - f) ** (2 if self.kind == "infidelity_squared" else 1)).mean()

    def _steadiness(self, uploaded: Tensor) -> Tensor:
        seen = torch.cat([view(uploaded, **self.views) for _ in range(2)])  # type: ignore[arg-type]
        angle = torch.acos(self.fidelity(seen).clamp(ROUNDING, 1 - ROUNDING).sqrt())
        return steadiness(*angle.chunk(2))

    def score(self, x: Tensor) -> Tensor:
        uploaded = self.pixels(x)
        return 1 - (self.fidelity(uploaded) if self.backend == "torch" else self.measured(uploaded))

    @torch.no_grad()
    def measured(self, uploaded: Tensor) -> Tensor:
        """:meth:`fidelity` as the PennyLane device finds it, without gradient."""
        circuit, reference = self.circuit, self.reference.cpu().to(torch.complex128)
        test = swap_test if self.literal else trash_fidelity
        measure = test(circuit.short_gates(), circuit.n_qubits, self.trash, reference, backend=self.backend,
                       shots=self.shots or None, noise=self.depolarising)
        angles = circuit.short_angles(patches(uploaded, self.patch).double())
        return torch.tensor([measure(row) for row in angles]).to(uploaded)

    def features(self, x: Tensor) -> Tensor:
        """(B, n + 1): ⟨Z⟩ of every qubit, and the score."""
        states = self.states(x)
        return torch.cat((z_expectations(states), 1 - fidelity(states, self.trash, self.reference)[:, None]), dim=1)

    def check(self, x: Tensor) -> None:
        check_spread(self.score, x)


def _check_numbers(**options: float) -> None:
    for name, value in options.items():
        most = {"dropout": 0.99, "depolarising": 0.75}.get(name, float("inf"))
        if not 0 <= value <= most:
            raise ValueError(f"{name}: {value}, expected 0 " + ("or more" if most > 1 else f"to {most}"))
