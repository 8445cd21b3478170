"""A generator in the manner of scikit-learn: ``fit``, ``sample``, ``score``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..data import Grid, JetImages, concatenate
from ..data.in_memory import as_jets
from ..evaluation import Reference
from ..evaluation.effort import effort
from ..evaluation.features import FEATURES
from ..runs.configuration import Configuration
from ..sampling.source import load_source
from ..training.experiment import train


class JetGAN(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A quantum GAN with the methods of a density of scikit-learn, for those who compare models that way.

    Args:
        configuration: of the training; the default one, or options by name: ``{"steps": 200}``.
        grid: where the pixels of arrays lie.
        out: folder that keeps the run; by default it goes with the process.

    Attributes:
        source_: the trained generator, a :class:`~qgan.sampling.source.JetSource`.

    >>> from qgan import embedded_jets
    >>> jets = embedded_jets("quark_gluon", "train")[:400]
    >>> model = JetGAN({"steps": 1, "batch_size": 16, "device": "cpu", "logging": {"quality": 0, "costly": 0}})
    >>> images, labels = model.fit(jets).sample(10, random_state=1)
    >>> images.shape, labels.shape
    ((10, 25, 25), (10,))
    """

    def __init__(self, configuration: Configuration | Mapping[str, Any] | None = None, *, grid: Grid | None = None,
                 out: str | Path | None = None) -> None:
        self.configuration, self.grid, self.out = configuration, grid, out

    def fit(self, X: Any, y: Any = None, conditions: Mapping[str, Any] | None = None) -> JetGAN:
        """Trains on jets.

        Args:
            X: images (N, H, W) in GeV, or :class:`~qgan.data.JetImages`.
            y: labels (N,), 0 or 1, of images.
            conditions: jet quantities (N,) by name, of images.

        Raises:
            QganError: jets or options that do not fit.
        """
        told = self.configuration
        configuration = told if isinstance(told, Configuration) else Configuration(**(told or {}))
        with TemporaryDirectory() as folder:
            run = train(configuration, data=self._jets(X, y, conditions), out=self.out or folder, quiet=True)
            self.source_ = load_source(run.path)
        return self

    def sample(self, n_samples: int = 1, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Images (n, H, W) in GeV and their labels (n,); the same ``random_state`` gives the same jets."""
        jets = self._made(n_samples, random_state)
        return jets.images, jets.label

    def score(self, X: Any, y: Any = None, random_state: int = 0) -> float:
        """Minus the median W1 of the observables, in standard deviations of the real jets; the worst class counts.

        Larger is better, and about −0.02 is what 5,000 real jets of a class reach.

        Args:
            X, y: held-out jets, as :meth:`fit` takes them, at least 50 of a class.
            random_state: of the generated jets and of the draws.
        """
        real = self._jets(X, y, None)
        plan = replace(effort(len(real), quick=True), names=FEATURES, together=False)
        judged = Reference.by(real, None, plan, random_state).judge(self._made(2 * len(real), random_state),
                                                                    metrics=["w1"])
        return -max(judged.headlines(group)["w1_median"].value for group in judged.groups)

    def _jets(self, X: Any, y: Any, conditions: Mapping[str, Any] | None) -> JetImages:
        return as_jets(X if isinstance(X, JetImages) else (X, y, conditions), self.grid)

    def _made(self, n: int, seed: int) -> JetImages:
        return concatenate(list(self.source_.jets(n, seed)))
