"""What simple scores reach: the line that a trained autoencoder has to pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qgan.base.console import aligned
from qgan.data.jets import JetImages
from qgan.data.matching import check_disjoint, matched

from .counting import Sample, judged
from .models.controls import PrincipalComponents
from .models.registry import TRIVIAL
from .preprocess import Method, prepare
from .report import HEADS
from .scoring import Score
from .usual import require_both, require_only

#: The components are fitted on max-normalised pixels x, and on log(1 + LOG_SCALE x), which shows the soft ones.
LOG_SCALE = 1000.0


def baselines(train: JetImages, test: JetImages, usual: str = "quark", *, size: int = 12, method: Method = "pool",
              components: Sequence[int] = (4, 16), seed: int = 0, n_bootstrap: int = 200) -> list[Score]:
    """Trivial scores, and the reconstruction error of principal components fitted on the usual class.

    Args:
        train: usual jets alone.
        test: usual jets and others, which should score high.
        usual: the class that is no anomaly, or several, ``w+qcd``.
        size, method: images are resized to ``size`` × ``size`` pixels (see :mod:`anomaly.preprocess`).
        components: how many principal components, each number its own score.
        seed, n_bootstrap: of the errors.

    Raises:
        DataError: ``train`` holds another class, or ``test`` lacks one of the two.
    """
    require_only(train, usual)
    test = require_both(matched(train, test), usual)
    check_disjoint(test, train)
    inputs, targets = prepare(train, size, method=method), prepare(test, size, method=method)
    values = {name: trivial(test, targets) for name, trivial in TRIVIAL.items()}
    for k in components:
        values[f"PCA {k}"] = PrincipalComponents.fit(inputs, k).score(targets)
        values[f"PCA {k}, log pixels"] = PrincipalComponents.fit(_log(inputs), k).score(_log(targets))
    sample = Sample.of(test, usual)
    return [judged(name, v, sample, seed, n_bootstrap) for name, v in values.items()]


def table(scores: Sequence[Score]) -> str:
    """The scores as lines of text."""
    return aligned([("score", *HEADS.values()), *(
        (s.name, *(getattr(s, figure) or "-" for figure in HEADS)) for s in scores)])


def _log(images: np.ndarray) -> np.ndarray:
    return np.log1p(LOG_SCALE * images)
