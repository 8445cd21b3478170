"""The overlap of a jet with a state that a circuit prepares.

With the roots of its pixels' shares of the pT as amplitudes a jet is a state |x> of ⌈log₂ H⌉ + ⌈log₂ W⌉ qubits, which
number rows and columns in Gray code. A circuit U of trained RY on every qubit, with CNOTs between one layer of them and
the next, prepares |φ> = U|0…0>. A device that embeds the jet and undoes U finds |0…0> with the probability

    F = <φ|x>²,    and |φ> is trained to minimise    log[Var √F / (E √F)²]

among usual jets: their overlap with it is to be as steady as can be. Of any vectors it would be C⁻¹ E x, with C the
covariance of x, that minimises this; the twin ``overlap_free`` is that, a matched filter of amplitudes.

The score is √F: a jet whose energy is shared out among more of the pixels in which usual jets have theirs has a larger
one. Its density is low on either side of what is usual.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from qgan.quantum.entanglers import Entangle, cnots
from qgan.quantum.registers import bits_for, gray
from qgan.quantum.states import apply_product, product_state, turns_about_y

from .circuit import MOST_QUBITS
from .collapse import check_spread
from .interface import Autoencoder, require_shares
from .registry import MODELS


class Prepared(nn.Module):
    """The real state (2^n,) that layers of RY, with CNOTs between them, make of |0…0>.

    Args:
        n: qubits.
        layers: of RY, n angles each; at first the state is nearly even.
        entangler: which CNOTs, see :func:`qgan.quantum.entanglers.cnots`.
    """

    def __init__(self, n: int, layers: int, entangler: str) -> None:
        super().__init__()
        start = 0.1 * torch.randn(layers, n)
        start[0] += torch.pi / 2
        self.angles = nn.Parameter(start)
        self.entangle = Entangle(n, cnots(entangler, n))

    def forward(self) -> Tensor:
        first, *others = turns_about_y(self.angles)[:, None]
        states = product_state(first)
        for turns in others:
            states = self.entangle(states)
            states = apply_product(states, turns)
        return states[0]


class Steady(Autoencoder):
    """The overlap with a state, trained to be steady.

    Args:
        shape: (H, W) of an image.
        shots: how often F is read; 0 for its exact value. The training is exact.
    """

    def __init__(self, shape: tuple[int, int], shots: int = 0) -> None:
        super().__init__()
        if shots < 0:
            raise ValueError(f"shots: {shots}, expected 0 or more")
        self.shape, self.shots = shape, shots

    @abstractmethod
    def template(self) -> Tensor:
        """(H, W): what of the state lies on the pixels."""

    def overlap(self, x: Tensor) -> Tensor:
        """(B,): <φ|x>."""
        return x.flatten(1).sqrt() @ self.template().flatten()

    def begin(self, x: Tensor) -> None:
        require_shares(x)

    def loss(self, x: Tensor) -> Tensor:
        found = self.overlap(x)
        return torch.log(found.var(correction=0) / found.mean().square())

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The overlap is the feature as well."""
        found = self.overlap(x).abs()
        if self.shots:
            probability = found.square().clamp_max(1)
            found = (torch.binomial(torch.full_like(found, self.shots), probability) / self.shots).sqrt()
        return found, found[:, None]

    def check(self, x: Tensor) -> None:
        check_spread(lambda images: self.overlap(images).abs(), x)


@MODELS.register("overlap")
class Overlap(Steady):
    """With a state that a circuit prepares.

    Args:
        shape, shots: see :class:`Steady`.
        layers: of trained RY.
        entangler: of the CNOTs between them; ``none`` for a product of qubits.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, shape: tuple[int, int], layers: int = 8, entangler: str = "ring", shots: int = 0) -> None:
        super().__init__(shape, shots)
        if layers < 1:
            raise ValueError(f"layers: {layers}, expected at least 1")
        self.bits = bits_for(shape[0]), bits_for(shape[1])
        if sum(self.bits) > MOST_QUBITS:
            raise ValueError(f"{shape[0]} x {shape[1]} pixels take {sum(self.bits)} qubits, expected at most "
                             f"{MOST_QUBITS}")
        self.state = Prepared(sum(self.bits), layers, entangler)
        for name, side, bits in zip(("rows", "columns"), shape, self.bits, strict=True):
            self.register_buffer(name, gray(2**bits)[:side], persistent=False)

    def template(self) -> Tensor:
        return self.state().view(2 ** self.bits[0], -1)[self.rows][:, self.columns]


@MODELS.register("overlap_free")
class FreeOverlap(Steady):
    """With any vector: one trained number a pixel, at first all alike."""

    def __init__(self, shape: tuple[int, int], shots: int = 0) -> None:
        super().__init__(shape, shots)
        self.weights = nn.Parameter(torch.ones(shape))

    def template(self) -> Tensor:
        return self.weights / self.weights.norm()
