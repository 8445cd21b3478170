"""What every model of this package can do: learn what usual jets look like, and say how unusual another one is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Autoencoder(nn.Module, ABC):
    """A model of usual jets.

    Images ``x`` are (B, H, W) float32 as :func:`~anomaly.preprocess.prepare` makes them. A constructor takes the
    ``shape`` (H, W) of an image and keywords; its random numbers come from torch's global generator, which
    :func:`~anomaly.models.registry.build` seeds. What :meth:`calibrate` finds lies in buffers that the constructor
    made, so that a checkpoint holds it.
    """

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
