"""A quantum embedding of jets in which fidelity is likeness.

A circuit maps an image to a state |ψ(x)>. With two random views x, x' of each jet of a batch (:mod:`.views`), the loss
is InfoNCE (van den Oord et al., arXiv:1807.03748) with the fidelity F_ij = |<ψ(x_i)|ψ(x'_j)>|² as similarity:
-log exp(F_ii/τ) / Σ_j exp(F_ij/τ), and the same with the views exchanged. The views of one jet become alike, those of
different jets unlike: a circuit that forgets its input has the largest loss, log B.

Usual jets are then the ensemble ρ = mean of |ψ><ψ| over the training jets, and a jet is unusual by 1 - <ψ|ρ|ψ>, one
minus its mean fidelity with a usual one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from qgan.quantum.states import z_expectations

from .circuit import Circuit, contrasted, n_patches, patches
from .collapse import check_spread
from .interface import Autoencoder
from .registry import MODELS, grouped
from .views import Views

#: Jets whose states are held at once.
BLOCK = 500


@MODELS.register("contrastive")
class ContrastiveEncoder(Autoencoder):
    """Patches on qubits, states compared by their fidelity.

    Args:
        shape: (H, W) of an image.
        patch, uploads, contrast: see :class:`~anomaly.models.quantum.QuantumAutoencoder`.
        temperature: τ.
        circuit: options of :class:`~.circuit.Circuit`; weights of 0.3 at random, and biases that start at 0.
        views: options of the :class:`~.views.Views`; a dropout and a noise of 0.1.
    """

    ensemble: Tensor

    def __init__(self, shape: tuple[int, int], patch: int = 4, uploads: int = 5, *, contrast: float = 0.0,
                 temperature: float = 0.1, circuit: Mapping[str, Any] | None = None,
                 views: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        n = n_patches(shape, patch)
        if temperature <= 0 or contrast < 0:
            raise ValueError(f"temperature and contrast are {temperature} and {contrast}: expected above 0, and 0 or "
                             "more")
        self.patch, self.contrast, self.temperature = patch, contrast, temperature
        self.views = grouped("views", Views(dropout=0.1), views)
        start = Circuit(spread=0.3, offset=0.0, biases=True, even=False)
        self.circuit = grouped("circuit", start, circuit).of(n, patch**2, uploads)
        self.register_buffer("ensemble", torch.zeros(2**n, 2**n, dtype=torch.complex64))

    def states(self, uploaded: Tensor) -> Tensor:
        """(B, 2^n) complex, for what is uploaded of images (B, H, W)."""
        return self.circuit(patches(uploaded, self.patch))

    def pixels(self, x: Tensor) -> Tensor:
        """(B, H, W): what is uploaded of each pixel."""
        return contrasted(x, self.contrast)

    def loss(self, x: Tensor) -> Tensor:
        first, second = self.states(self.views.pair(self.pixels(x))).chunk(2)
        overlap = first.conj() @ second.mT
        logits = (overlap.real**2 + overlap.imag**2) / self.temperature
        same = torch.arange(len(x), device=x.device)
        return (functional.cross_entropy(logits, same) + functional.cross_entropy(logits.mT, same)) / 2

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features are ⟨Z⟩ of every qubit and the score."""
        states = self.states(self.pixels(x))
        score = self._distance(states)
        return score, torch.cat((z_expectations(states), score[:, None]), dim=1)

    def _distance(self, states: Tensor) -> Tensor:
        return 1 - ((states.conj() @ self.ensemble) * states).sum(1).real

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Sets the ensemble of usual jets."""
        self.ensemble.zero_()
        for block in x.split(BLOCK):
            states = self.states(self.pixels(block))
            self.ensemble += states.mT @ states.conj() / len(x)

    @torch.no_grad()
    def check(self, x: Tensor) -> None:
        first = self.states(self.pixels(x[:1]))

        def unlike(images: Tensor) -> Tensor:
            overlap = (first.conj() * self.states(self.pixels(images))).sum(1)
            return 1 - overlap.real**2 - overlap.imag**2

        check_spread(unlike, x)
