"""Adversarial losses on logits, and a penalty on the discriminator's gradient.

With D the logit of "real":

- ``bce``: L_D = E[softplus(−D(x))] + E[softplus(D(G))],  L_G = E[softplus(−D(G))] (non-saturating; arXiv:1406.2661)
- ``hinge``: L_D = E[relu(1 − D(x))] + E[relu(1 + D(G))],  L_G = −E[D(G)] (arXiv:1705.02894)
- ``wasserstein``: L_D = E[D(G)] − E[D(x)],  L_G = −E[D(G)] (arXiv:1701.07875)

The last bounds no logit: only the penalty on the gradient, :func:`r1_penalty`, holds the discriminator back.
The penalty of arXiv:1704.00028, between real and generated images, is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from ..base.registry import Registry
from .registry import Setting, term
from .total import GeneratorBatch


class Adversarial(Protocol):
    """An adversarial loss; as a term of the generator's total it reads ``batch.fake_logits``."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor: ...

    def generator_loss(self, fake_logits: Tensor) -> Tensor: ...

    def __call__(self, batch: GeneratorBatch) -> Tensor: ...


@dataclass(frozen=True)
class FromLogits:
    """What the kinds share: a term of the total, by default with the mean logit as the generator's loss."""

    name: ClassVar[str] = "adversarial"
    needs: ClassVar[tuple[str, ...]] = ()

    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        return -fake_logits.mean()

    def __call__(self, batch: GeneratorBatch) -> Tensor:
        return self.generator_loss(batch.fake_logits)


class BinaryCrossEntropy(FromLogits):
    """Binary cross-entropy, non-saturating for the generator."""

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    def generator_loss(self, fake_logits: Tensor) -> Tensor:
        return softplus(-fake_logits).mean()


class Hinge(FromLogits):
    """Margins of one on both sides."""

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


class Wasserstein(FromLogits):
    """Difference of the mean logits; only meaningful with :func:`r1_penalty`, the configuration's ``losses.r1``."""

    def discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean() - real_logits.mean()


#: The adversarial losses by name.
ADVERSARIAL: Registry[Adversarial] = Registry("adversarial loss", "qgan.adversarial")
ADVERSARIAL.add("bce", BinaryCrossEntropy())
ADVERSARIAL.add("hinge", Hinge())
ADVERSARIAL.add("wasserstein", Wasserstein())


@term("adversarial")
def _adversarial(setting: Setting) -> Adversarial:
    return ADVERSARIAL[setting.options.adversarial]


def r1_penalty(logits: Tensor, inputs: Sequence[Tensor]) -> Tensor:
    """½ E‖∇D(x)‖² on real images (arXiv:1801.04406), differentiable in the discriminator.

    Args:
        logits: (B,) or (B, 1) of real images.
        inputs: what the gradient is taken of, each (B, ...) with ``requires_grad`` set before D was called.
    """
    gradients = torch.autograd.grad(logits.sum(), list(inputs), create_graph=True)
    return 0.5 * torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).mean()
