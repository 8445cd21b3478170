"""Which linear maps leave the logit of a trained network as it is: of four-momenta, or of codes of jet images.

Networks are trained on one half of the jets and looked at on the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..base.errors import ConfigError, DataError
from ..base.seeding import integer_seed, numpy_rng
from ..data.jets import JetImages, concatenate
from ..evaluation.two_sample import roc_auc
from ..symmetry import Flows, InvariantMetric, flows, invariant_metric, slope
from ..symmetry.latent import codes, judge
from ..taggers import TAGGERS, Labelled, Seen, Setting
from ..taggers.training import FittedNetwork
from .symmetry import some_of

#: Jets that an oracle is looked at on.
LOOKED_AT = 500
_PLANES = {"boost along the beam": (0, 3, 1), "boost across": (0, 1, 1), "turn about the beam": (2, 1, -1),
           "turn across": (3, 1, -1)}


def _generator(first: int, second: int, sign: int) -> np.ndarray:
    out = np.zeros((4, 4))
    out[first, second], out[second, first] = 1, sign
    return out


#: Of four-momenta E, px, py, pz, the beam along z: a unit of rapidity, a radian, a factor e.
NAMED = {**{name: _generator(*plane) for name, plane in _PLANES.items()}, "scale": np.eye(4)}


class Oracle(NamedTuple):
    """What leaves the logit of a network as it is.

    Attributes:
        name: of the tagger, or what its numbers are codes of.
        jets: it was trained on.
        auc: of it, on the other half of the jets.
        flows: that leave its logit as it is.
        slopes: of it along generators by name: root mean square over jets of its change with the parameter, in
            standard deviations of the logit.
        metric: that all generators found leave as it is; None where there are none.
        lost: of codes, the share of the variance that they do not hold.
    """

    name: str
    jets: int
    auc: float
    flows: Flows
    slopes: dict[str, float]
    metric: InvariantMetric | None = None
    lost: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        found = self.flows.algebra
        return {"name": self.name, "jets": self.jets, "auc": self.auc, "losses": self.flows.losses.tolist(),
                "dimension": self.flows.dimension, "generators": found.generators.tolist(),
                "constants": found.constants.tolist(), "slopes": self.slopes, "lost": self.lost,
                "metric": None if self.metric is None else self.metric.matrix.tolist()}


def check_oracles(jets: JetImages, names: Sequence[str]) -> None:
    """Says before the work, not after it, what cannot be asked.

    Raises:
        ConfigError: a tagger is no network on particles.
        DataError: jets of other than two classes.
    """
    for name in names:
        if TAGGERS[name].sees != "particles" or TAGGERS[name].kind != "network":
            raise ConfigError(f"tagger {name}: expected a network on particles, whose logit has a slope")
    if jets.classes != [0, 1]:
        raise DataError(jets.source, "signal", f"holds {' and '.join(map(jets.name, jets.classes))} jets, expected two "
                                               "classes, which the logit of a network tells apart")


def of_taggers(jets: JetImages, names: Sequence[str], n: int = 5000, seed: int = 0) -> Iterator[Oracle]:
    """Of taggers of particles, the linear maps of four-momenta that leave their logits as they are.

    Args:
        jets: of two classes.
        names: of networks that see particles.
        n: jets of a class, at most.
        seed: of the halves and trainings.

    Raises:
        QganError: as of :func:`check_oracles`.
    """
    check_oracles(jets, names)
    training, others = _halves(jets, n, seed)
    for name in names:
        fitted = TAGGERS[name].fit(training, None, Setting(integer_seed(seed, "oracle", name) % 2**31))
        assert isinstance(fitted, FittedNetwork)
        auc, network = _auc(fitted.scores(others.jets)[:, 1], others.label), fitted.network.double().eval()
        points = torch.from_numpy(others.jets[:LOOKED_AT].momenta.astype(np.float64))

        def logit(x: Tensor, network: torch.nn.Module = network) -> Tensor:
            return network(x)[:, 0]

        found = flows(logit, points)
        yield Oracle(name, len(training), auc, found, _slopes(logit, points),
                     invariant_metric(found.algebra.generators) if found.dimension else None)


def of_codes(jets: JetImages, size: int, n: int = 5000, seed: int = 0) -> Oracle:
    """Of a network on the codes of an autoencoder of images, the linear maps of codes that leave its logit as it is.

    Args:
        jets: of two classes.
        size: numbers of a code.
        n: jets of a class, at most.
        seed: of the halves and trainings.
    """
    training, others = _halves(jets, n, seed)
    space = codes(training.jets.images, size, seed=seed)
    logit = judge(space.encode(training.jets.images), training.label, seed)
    points = torch.from_numpy(space.encode(others.jets.images))
    with torch.no_grad():
        auc = _auc(logit(points).numpy(), others.label)
    found = flows(logit, points[:max(LOOKED_AT, 20 * size**2)])
    return Oracle(f"{size} codes of images", len(training), auc, found, {}, lost=space.lost)


def _halves(jets: JetImages, n: int, seed: int) -> tuple[Labelled, Labelled]:
    """To train on and to look at, in no order of the classes."""
    some = concatenate([some_of(jets, label, n, seed) for label in jets.classes])
    halves = (half[numpy_rng(seed, "looked at").permutation(len(half))] for half in some.split(seed, (0.5, 0.5)))
    one, other = (Labelled(Seen.of(half), half.label) for half in halves)
    return one, other


def _auc(scores: np.ndarray, label: np.ndarray) -> float:
    return roc_auc(scores[label == 0], scores[label == 1])


def _slopes(logit: Callable[[Tensor], Tensor], points: Tensor) -> dict[str, float]:
    with torch.no_grad():
        spread = float(logit(points).std())
    return {name: slope(logit, points, generator) / spread for name, generator in NAMED.items()}
