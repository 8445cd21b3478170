"""What every model of this package can do: learn what usual jets look like, and say how unusual another one is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from qgan.base.errors import QganError

#: How far the sum of the pixels of shares of pT may be from 1 on average.
NEARLY = 1e-3


def require_shares(x: Tensor) -> None:
    """Raises QganError where images (B, H, W) are no shares of the jet's pT."""
    if (x.sum((1, 2)).mean() - 1).abs() > NEARLY:
        raise QganError("preprocessing.scaling: this model looks at shares of pT, expected 'sum'")


class Autoencoder(nn.Module, ABC):
    """A model of usual jets.

    Images ``x`` are (B, H, W) float32 as :func:`~anomaly.preprocess.prepare` makes them. A constructor takes the
    ``shape`` (H, W) of an image and keywords; its random numbers come from torch's global generator, which
    :func:`~anomaly.models.registry.build` seeds. What :meth:`begin` and :meth:`calibrate` find lies in buffers that the
    constructor made, so that a checkpoint holds it.
    """

    def begin(self, x: Tensor) -> None:
        """Called once, before the training, with all training jets; for what the training needs to know of them."""

    @abstractmethod
    def loss(self, x: Tensor) -> Tensor:
        """What the training minimises on usual jets, a scalar. Random numbers: torch's global generator, which the
        training seeds at each step."""

    @abstractmethod
    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """In one pass, the score (B,), higher for what is more unusual, and the features (B, F): the few numbers in
        whose space, with the sum of the pixels, the density of usual jets is fitted. Each jet's own: they do not
        depend on the others of the batch."""

    def score(self, x: Tensor) -> Tensor:
        """(B,): the score alone."""
        return self.judge(x)[0]

    def features(self, x: Tensor) -> Tensor:
        """(B, F): the features alone."""
        return self.judge(x)[1]

    def validation(self, x: Tensor) -> Tensor:
        """What the training is stopped by, a scalar; the loss, if nothing else is better."""
        return self.loss(x)

    @property
    def settled(self) -> bool:
        """Whether the training is in the phase whose validation figures count; before that, the latest epoch is kept.
        """
        return True

    def watch(self, x: Tensor) -> dict[str, float]:
        """Figures of usual jets that are recorded after each epoch beside the losses, by tag."""
        return {}

    def reconstruct(self, x: Tensor) -> Tensor | None:
        """(B, H, W): the images as the model can make them; None if it makes no images."""
        return None

    @property
    def reconstructs(self) -> bool:
        """Whether it makes images."""
        return type(self).reconstruct is not Autoencoder.reconstruct

    def calibrate(self, x: Tensor) -> None:
        """Called once, after the training, with training jets; for what has to be fitted to the trained model."""

    def check(self, x: Tensor) -> None:
        """Called after the training with validation jets.

        Raises:
            QganError: the solution is trivial: the same score or image whatever the jet.
        """

    @property
    def n_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
