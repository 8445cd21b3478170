"""A quantum embedding of jets in which fidelity is likeness.

A circuit maps an image to a state |ψ(x)>. With two random views x, x' of each jet of a batch (:mod:`.views`), the loss
is InfoNCE (van den Oord et al., arXiv:1807.03748) with the fidelity F_ij = |<ψ(x_i)|ψ(x'_j)>|² as similarity:
-log exp(F_ii/τ) / Σ_j exp(F_ij/τ), and the same with the views exchanged. The views of one jet become alike, those of
different jets unlike: a circuit that forgets its input has the largest loss, log B.

Usual jets are then the ensemble ρ = mean of |ψ><ψ| over the training jets, and a jet is unusual by 1 - <ψ|ρ|ψ>, one
minus its mean fidelity with a usual one.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from qgan.quantum.reuploading import Reuploading
from qgan.quantum.states import z_expectations

from .collapse import check_spread
from .contrast import contrasted
from .interface import Autoencoder
from .patches import n_patches, patches
from .views import view

#: Jets whose states are held at once.
BLOCK = 500


class ContrastiveEncoder(Autoencoder):
    """Patches on qubits, states compared by their fidelity.

    Args:
        shape: (H, W) of an image.
        patch, uploads, entangler, shift, spread, offset, biases, contrast: see
            :class:`~anomaly.models.quantum.QuantumAutoencoder`.
        temperature: τ.
        reflect, dropout, noise: of the views.
    """

    ensemble: Tensor

    def __init__(self, shape: tuple[int, int], patch: int = 4, uploads: int = 5, *, entangler: str = "ring",
                 shift: bool = True, spread: float = 0.3, offset: float = 0.0, biases: bool = True,
                 contrast: float = 0.0, temperature: float = 0.1, reflect: bool = True, dropout: float = 0.1,
                 noise: float = 0.1) -> None:
        super().__init__()
        n = n_patches(shape, patch)
        if temperature <= 0 or contrast < 0 or noise < 0 or not 0 <= dropout < 1:
            raise ValueError(f"temperature, contrast, noise and dropout are {temperature}, {contrast}, {noise} and "
                             f"{dropout}: expected above 0, 0 or more, 0 or more, and below 1")
        self.patch, self.contrast, self.temperature = patch, contrast, temperature
        self.views = {"reflect": reflect, "dropout": dropout, "noise": noise}
        self.circuit = Reuploading(n, patch**2, uploads=uploads, entangler=entangler, shift=shift, spread=spread,
                                   offset=offset, biases=biases)
        self.register_buffer("ensemble", torch.zeros(2**n, 2**n, dtype=torch.complex64))

    def states(self, uploaded: Tensor) -> Tensor:
        """(B, 2^n) complex, for what is uploaded of images (B, H, W)."""
        states: Tensor = self.circuit(patches(uploaded, self.patch))
        return states

    def pixels(self, x: Tensor) -> Tensor:
        """(B, H, W): what is uploaded of each pixel."""
        return contrasted(x, self.contrast)

    def loss(self, x: Tensor) -> Tensor:
        uploaded = self.pixels(x)
        seen = torch.cat([view(uploaded, **self.views) for _ in range(2)])  # type: ignore[arg-type]
        first, second = self.states(seen).chunk(2)
        overlap = first.conj() @ second.mT
        logits = (overlap.real**2 + overlap.imag**2) / self.temperature
        same = torch.arange(len(x), device=x.device)
        return (functional.cross_entropy(logits, same) + functional.cross_entropy(logits.mT, same)) / 2

    def score(self, x: Tensor) -> Tensor:
        return self._distance(self.states(self.pixels(x)))

    def features(self, x: Tensor) -> Tensor:
        """(B, n + 1): ⟨Z⟩ of every qubit, and the score."""
        states = self.states(self.pixels(x))
        return torch.cat((z_expectations(states), self._distance(states)[:, None]), dim=1)

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
