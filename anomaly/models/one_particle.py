"""One particle, one qubit (1P1Q, Bal et al., arXiv:2502.17301): a quantum autoencoder with a few dozen parameters.

The hardest pixels are the particles. Each turns a qubit of its own, from |0>, by its place in units of half the image,
times its share f of the jet's pT and a trained scale s:

    RX(s f y), RY(s f x);    then, once or several times,    CNOTs between all pairs,  RZ RY RZ of trained angles,

and the score is 1 − F, F the fidelity of the trash qubits with |0…0>, which is also what the training minimises. With
ten particles and one layer these are 31 numbers. This is our reading of the paper, for pixels in the place of
particles; its data are not ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qgan.quantum.circuits import RX, RY
from qgan.quantum.entanglers import Entangle, cnots
from qgan.quantum.states import apply_product, fidelity, product_state, rotation, z_expectations
from qgan.quantum.su2 import euler, matrices

from .circuit import MOST_QUBITS
from .collapse import check_spread
from .interface import Autoencoder, require_shares
from .registry import MODELS

#: Where s starts.
START = 5.0


@MODELS.register("one_particle")
class OneParticle(Autoencoder):
    """A qubit for each of the hardest pixels.

    Args:
        shape: (H, W) of an image.
        particles: how many, and so how many qubits.
        layers: of CNOTs and trained rotations.
        latent: qubits, the first ones, that are not compared with |0>.
    """

    y: Tensor
    x: Tensor
    reference: Tensor

    def __init__(self, shape: tuple[int, int], particles: int = 10, layers: int = 1, latent: int = 3) -> None:
        super().__init__()
        if not 1 <= particles <= min(MOST_QUBITS, shape[0] * shape[1]):
            raise ValueError(f"particles: {particles}, expected 1 to {min(MOST_QUBITS, shape[0] * shape[1])}")
        if layers < 1:
            raise ValueError(f"layers: {layers}, expected at least 1")
        if not 0 <= latent < particles:
            raise ValueError(f"latent: {latent} of {particles} qubits, expected 0 to {particles - 1}")
        self.particles, self.trash = particles, tuple(range(latent, particles))
        self.scale = nn.Parameter(torch.tensor(START))
        self.angles = nn.Parameter(0.1 * torch.randn(layers, particles, 3))
        for name, axis in zip("yx", torch.meshgrid(*(torch.linspace(-1, 1, side) for side in shape), indexing="ij"),
                              strict=True):
            self.register_buffer(name, axis.flatten(), persistent=False)
        self.entangle = Entangle(particles, cnots("all", particles))
        self.register_buffer("reference", torch.tensor([1, 0], dtype=torch.complex64).repeat(len(self.trash), 1),
                             persistent=False)

    def begin(self, x: Tensor) -> None:
        require_shares(x)

    def states(self, x: Tensor) -> Tensor:
        """(B, 2^particles) amplitudes, the hardest pixel on the first qubit."""
        share, where = x.flatten(1).topk(self.particles, 1)
        up, right = (rotation(kind, self.scale * share * axis[where])
                     for kind, axis in ((RX, self.y), (RY, self.x)))
        states = product_state(right @ up)
        for turns in self.angles:
            states = self.entangle(states)
            states = apply_product(states, matrices(euler(turns.T)).expand(len(x), -1, -1, -1))
        return states

    def loss(self, x: Tensor) -> Tensor:
        return (1 - fidelity(self.states(x), self.trash, self.reference)).mean()

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features are ⟨Z⟩ of every qubit and the score."""
        states = self.states(x)
        score = 1 - fidelity(states, self.trash, self.reference)
        return score, torch.cat((z_expectations(states), score[:, None]), 1)

    def check(self, x: Tensor) -> None:
        check_spread(self.score, x)
