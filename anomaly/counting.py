"""What a score knows beyond counting: its AUC where both classes have as many lit pixels, or the same pT.

Unusual jets are weighted so that the histogram of the lit pixels (steps of 2), or of the sum of the pixels (steps of
5 GeV), is that of the usual jets; bins with fewer than 5 jets of either class are left out, of both. A score that
counts then has 0.5. Errors are the standard deviation over bootstrap samples of both classes, each weighted anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from qgan.base.seeding import numpy_rng
from qgan.data.jets import JetImages
from qgan.observables.arrays import observables

from .scoring import Quantity, Score, score
from .usual import is_usual

#: Widths of the bins, in lit pixels and in GeV, and the least jets of each class in one.
NNZ_STEP, PT_STEP, LEAST = 2, 5.0, 5


@dataclass(frozen=True)
class Sample:
    """Which jets are usual, and how much there is in each.

    Attributes:
        usual: (N,) bool.
        nnz: (N,) pixels above 0.1 GeV.
        pt: (N,) sum of the pixels, GeV.
    """

    usual: np.ndarray
    nnz: np.ndarray
    pt: np.ndarray

    @classmethod
    def of(cls, jets: JetImages, usual: str) -> Sample:
        """Of jets of which some are usual."""
        return cls(is_usual(jets, usual), *_counted(jets))

    @classmethod
    def of_both(cls, usual: JetImages, unusual: JetImages) -> Sample:
        """Of usual jets, then unusual ones, whatever their labels are."""
        nnz, pt = (np.concatenate(values) for values in zip(_counted(usual), _counted(unusual), strict=True))
        return cls(np.arange(len(nnz)) < len(usual), nnz, pt)

    def __getitem__(self, chosen: np.ndarray) -> Sample:
        return Sample(self.usual[chosen], self.nnz[chosen], self.pt[chosen])


def _counted(jets: JetImages) -> tuple[np.ndarray, np.ndarray]:
    """(N,) pixels above 0.1 GeV, and (N,) GeV in all."""
    nnz = observables(jets.images, jets.grid, ["nnz"], units=jets.units)["nnz"]
    return nnz, jets.images.sum((1, 2), dtype=np.float64)


def judged(name: str, values: np.ndarray, sample: Sample, seed: int = 0, n_bootstrap: int = 200) -> Score:
    """All figures of a score (N,), with those beyond counting."""
    plain = score(name, values[sample.usual], values[~sample.usual], seed, n_bootstrap)
    draws = _draws(name, sample.usual, seed, n_bootstrap)
    ranked = Ranked(values, sample.usual)
    return replace(plain, equal_nnz=_equal(ranked, (sample.nnz // NNZ_STEP).astype(int), draws),
                   equal_pt=_equal(ranked, (sample.pt // PT_STEP).astype(int), draws),
                   follows_nnz=_correlation(values[sample.usual], sample.nnz[sample.usual], draws[:, sample.usual]))


class Ranked:
    """The AUC of one score for any weights of the jets, which are sorted once.

    Args:
        values: (N,) scores.
        usual: (N,) which of the jets are usual.
    """

    def __init__(self, values: np.ndarray, usual: np.ndarray) -> None:
        self.usual = usual
        _, self._place = np.unique(values, return_inverse=True)

    def auc(self, weights: np.ndarray) -> float:
        """Ties count one half; ``weights`` (N,) must have a positive sum in both classes."""
        below, above = (np.bincount(self._place[mask], weights[mask], self._place.max() + 1)
                        for mask in (self.usual, ~self.usual))
        return float(((below.cumsum() - below / 2) * above).sum() / (below.sum() * above.sum()))


def equal_weights(bins: np.ndarray, usual: np.ndarray, times: np.ndarray, least: int = LEAST) -> np.ndarray:
    """(N,) weights with which both classes have the usual jets' histogram of ``bins`` (N,), integers from 0.

    Args:
        times: (N,) how often each jet counts.
        least: bins with fewer jets of either class have weight 0.
    """
    ours, theirs = (np.bincount(bins[mask], times[mask], bins.max() + 1) for mask in (usual, ~usual))
    kept = (ours >= least) & (theirs >= least)
    ratio = np.divide(ours, theirs, out=np.zeros_like(ours), where=kept)
    return times * np.where(usual, kept[bins], ratio[bins])


def _equal(ranked: Ranked, bins: np.ndarray, draws: np.ndarray) -> Quantity | None:
    """None where no bin has enough jets of both classes."""
    weights = equal_weights(bins, ranked.usual, np.ones(len(bins)))
    if not weights.any():
        return None
    kept, found = weights > 0, []
    for times in draws:
        drawn = equal_weights(bins, ranked.usual, times * kept, least=1)
        if drawn.any():
            found.append(ranked.auc(drawn))
    return Quantity(ranked.auc(weights), float(np.std(found, ddof=1)))


def _correlation(values: np.ndarray, counts: np.ndarray, draws: np.ndarray) -> Quantity | None:
    """The rank correlation of a score with the lit pixels among usual jets; None where one of them is constant."""
    x, y = rankdata(values), rankdata(counts)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None

    def weighted(times: np.ndarray) -> float:
        a, b = x - np.average(x, weights=times), y - np.average(y, weights=times)
        return float((times * a * b).sum() / np.sqrt((times * a**2).sum() * (times * b**2).sum()))

    return Quantity(weighted(np.ones(len(x))), float(np.std([weighted(times) for times in draws], ddof=1)))


def _draws(name: str, usual: np.ndarray, seed: int, n: int) -> np.ndarray:
    """(n, N): how often each jet is in each bootstrap sample of its class."""
    rng = numpy_rng(seed, "bootstrap at equal counts", name)
    times = np.zeros((n, len(usual)))
    for mask in (usual, ~usual):
        size = int(mask.sum())
        times[:, mask] = [np.bincount(rng.integers(size, size=size), minlength=size) for _ in range(n)]
    return times
