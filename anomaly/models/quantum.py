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

from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from qgan.quantum.states import fidelity, z_expectations

from .circuit import MOST_QUBITS, Circuit, contrasted, n_patches, patches
from .collapse import check_spread
from .device import Device
from .interface import Autoencoder
from .registry import MODELS, grouped
from .views import Views, steadiness

Loss = Literal["infidelity", "infidelity_squared", "log_infidelity", "steadiness"]
#: The amplitudes of a reference qubit.
REFERENCES: dict[str, tuple[complex, complex]] = {
    "zero": (1, 0), "one": (0, 1), "plus": (0.5**0.5, 0.5**0.5), "right": (0.5**0.5, 1j * 0.5**0.5),
}
#: Below this, a fidelity's distance from 1 is rounding.
ROUNDING = 1e-6


@MODELS.register("quantum")
class QuantumAutoencoder(Autoencoder):
    """Patches on qubits, trash against a reference.

    Args:
        shape: (H, W) of an image.
        patch: pixels a side of the patch of one qubit; 12×12 pixels in patches of 4 make 9 qubits.
        whole: qubits that each see the whole image, 5 of 12×12 pixels with as many weights an upload as 45 patches; 0
            for one a patch.
        centred: biases start where the mean image of the training jets stays at |0...0>, so that a jet is turned from
            there by what it has more or less than usual.
        uploads: how often the pixels enter; a pixel has one weight (and one bias) an upload.
        latent: how many qubits, the first ones, are not compared; the others are trash.
        contrast: a pixel x is uploaded as log(1 + c x) / log(1 + c); 0 uploads x itself.
        loss: ``infidelity`` E(1 - F), ``infidelity_squared`` E(1 - F)² (as published), ``log_infidelity`` -E log F, or
            ``steadiness``.
        reference: the state that the trash qubits are compared with.
        circuit: options of :class:`~.circuit.Circuit`.
        views: options of the :class:`~.views.Views` of a jet for ``steadiness``; no dropout and a noise of 0.4.
        device: options of a :class:`~.device.Device` that scores jets one at a time; the training always runs in
            torch, and so do the scores where there is none.
    """

    reference: Tensor

    def __init__(self, shape: tuple[int, int], patch: int = 4, uploads: int = 5, latent: int = 4, *,
                 whole: int = 0, centred: bool = False, contrast: float = 0.0, loss: Loss = "steadiness",
                 reference: str = "zero", circuit: Mapping[str, Any] | None = None,
                 views: Mapping[str, Any] | None = None, device: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if not 0 <= whole <= MOST_QUBITS:
            raise ValueError(f"whole: {whole} qubits, expected 0 to {MOST_QUBITS}")
        n, length = (whole, shape[0] * shape[1]) if whole else (n_patches(shape, patch), patch**2)
        if not 0 <= latent < n:
            raise ValueError(f"latent: {latent} of {n} qubits, expected 0 to {n - 1}")
        if reference not in REFERENCES:
            raise ValueError(f"reference: {reference!r}, expected one of {', '.join(REFERENCES)}")
        if loss not in get_args(Loss):
            raise ValueError(f"loss: {loss!r}, expected one of {', '.join(get_args(Loss))}")
        if contrast < 0:
            raise ValueError(f"contrast: {contrast}, expected 0 or more")
        self.patch, self.whole, self.contrast, self.kind = patch, whole, contrast, loss
        self.device = None if device is None else grouped("device", Device(), device)
        self.views = grouped("views", Views(noise=0.4), views)
        self.circuit = grouped("circuit", Circuit(), circuit).of(n, length, uploads)
        if centred and self.circuit.biases is None:
            raise ValueError("centred: the circuit has no biases to centre with, expected circuit.biases")
        self.centred = centred
        self.trash = tuple(range(latent, n))
        qubit = torch.tensor(REFERENCES[reference], dtype=torch.complex64)
        self.register_buffer("reference", qubit.repeat(len(self.trash), 1), persistent=False)

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        if self.centred and self.circuit.biases is not None:
            mean = self.dealt(self.pixels(x).mean(0, keepdim=True))
            self.circuit.biases.copy_(-self.circuit.weights * mean)

    def pixels(self, x: Tensor) -> Tensor:
        """(B, H, W): what is uploaded of each pixel."""
        return contrasted(x, self.contrast)

    def dealt(self, uploaded: Tensor) -> Tensor:
        """(B, n, L): the values of each qubit, of what is uploaded of images (B, H, W)."""
        return uploaded.flatten(1)[:, None].expand(-1, self.whole, -1) if self.whole else patches(uploaded, self.patch)

    def fidelity(self, uploaded: Tensor) -> Tensor:
        """(B,): the fidelity of the trash with the reference, for what is uploaded of images (B, H, W)."""
        return fidelity(self.circuit(self.dealt(uploaded)), self.trash, self.reference)

    def loss(self, x: Tensor) -> Tensor:
        uploaded = self.pixels(x)
        if self.kind == "steadiness":
            return steadiness(self._angle(self.views.pair(uploaded)))
        f = self.fidelity(uploaded)
        if self.kind == "log_infidelity":
            return -torch.log(f.clamp(min=ROUNDING)).mean()
        return ((1 - f) ** (2 if self.kind == "infidelity_squared" else 1)).mean()

    def _angle(self, uploaded: Tensor) -> Tensor:
        return torch.acos(self.fidelity(uploaded).clamp(ROUNDING, 1 - ROUNDING).sqrt())

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features are ⟨Z⟩ of every qubit and the simulated score; a device reads the score alone."""
        features = self.features(x)
        if self.device is None:
            return features[:, -1], features
        values = self.dealt(self.pixels(x))
        return 1 - self.device.fidelity(self.circuit, values, self.trash, self.reference), features

    def score(self, x: Tensor) -> Tensor:
        return 1 - self.fidelity(self.pixels(x)) if self.device is None else self.judge(x)[0]

    def features(self, x: Tensor) -> Tensor:
        states = self.circuit(self.dealt(self.pixels(x)))
        score = 1 - fidelity(states, self.trash, self.reference)
        return torch.cat((z_expectations(states), score[:, None]), dim=1)

    def check(self, x: Tensor) -> None:
        check_spread(self.score, x)
