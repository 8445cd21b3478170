"""What an evaluation says: rows of numbers, each with its error and its floor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

#: What each metric is, in a few words; the order is that of reports.
METRICS = {
    "w1": "Wasserstein-1 in standard deviations of the real jets",
    "w1_unit": "Wasserstein-1 in the observable's unit",
    "separation": "separation power, 100 bins over the real range",
    "separation_literature": "separation power, 100 bins over mass 40-120, pT 200-340, pixel 0-300 GeV",
    "mean_image": "difference of mean images, L1 over sum",
    "variance_ratio": "sum of pixel variances, generated over real",
    "fpd": "Frechet physics distance, extrapolated, in units of 1e-3",
    "fpd_jetnet": "the same with the jetnet library's estimator, in units of 1e-3",
    "kpd": "kernel physics distance, in units of 1e-3",
    "c2st_auc": "AUC of trees on features, of a network on images, real against generated",
    "c2st_jsd": "Jensen-Shannon divergence that they can show, bits",
    "c2st_p": "p-value of their AUC",
    "precision": "generated jets near real ones",
    "recall": "real jets near generated ones",
    "density": "how dense generated jets lie among real ones",
    "coverage": "real jets with a generated one near",
    "closure_bias": "median of measured - asked",
    "closure_resolution": "spread of measured - asked, IQR/1.349",
    "closure_r2": "R2 of measured against asked",
    "closure_w1": "Wasserstein-1 of what was measured, mean over 5 bins of what was asked",
    "tagger_auc": "class AUC of a tagger trained on real jets, on generated ones",
    "usefulness": "class AUC on real jets of a tagger trained on generated ones",
    "memorising": "distance generated to training over test to training jets",
    "symmetry": "difference between jets and jets mirrored in eta, L1 over sum",
}
#: Metrics whose floor is the 95 % quantile of real against real, since their mean there is 0.
QUANTILE_FLOOR = ("fpd", "fpd_jetnet", "kpd")


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        metric: a key of :data:`METRICS`.
        observable: what it was computed on; empty where the metric says it all.
        group: name of the class, or ``all``.
        value: the number, real against generated.
        error: its statistical standard error.
        floor: the same number between disjoint real samples of the same size: their mean, or for
            :data:`QUANTILE_FLOOR` the 95 % quantile. For closure and the tagger: what real jets reach.
        ratio: value over floor; None where that means nothing.
        significance: (value − mean of the real pairs) over their standard deviation; None without pairs.
        unit: empty for a pure number.
        n: jets on each side of the comparison.
    """

    metric: str
    observable: str
    group: str
    value: float
    error: float | None
    floor: float | None
    ratio: float | None
    significance: float | None
    unit: str
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``group`` is called ``class``; what is not finite becomes None."""
        values = {("class" if k == "group" else k): v for k, v in asdict(self).items()}
        return {k: (None if isinstance(v, float) and not np.isfinite(v) else v) for k, v in values.items()}


@dataclass(frozen=True)
class Curve:
    """Scores of a classifier on jets it has not seen, for a ROC curve or a histogram.

    Attributes:
        metric, observable: of the row that sums it up.
        group: the class; for ``tagger_auc`` which jets it was applied to, ``real`` or ``generated``.
        background, signal: probabilities of label 1. Real and generated jets for ``c2st_auc`` (the split with the
            median AUC), the classes with label 0 and 1 for ``tagger_auc`` and ``usefulness``.
    """

    metric: str
    observable: str
    group: str
    background: np.ndarray
    signal: np.ndarray

    def roc(self, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
        """Efficiencies of background and signal above a threshold that falls, (points,) each, from 0 to 1."""
        every = np.sort(np.concatenate([self.background, self.signal]))[::-1]
        thresholds = np.append(every[np.linspace(0, len(every) - 1, points - 1).round().astype(int)], -np.inf)
        return tuple((x[:, None] > thresholds).mean(0) for x in (self.background, self.signal))


@dataclass(frozen=True)
class Evaluation:
    """All rows of one comparison.

    Attributes:
        rows: in the order of :data:`METRICS`, class by class.
        notes: what was left out or reduced, and why, in whole sentences.
        real, fake: where the jets come from.
        settings: n_per_class, seed, quick, pairs of the floor and the like.
        seconds: time it took.
        curves: scores of the classifiers.
    """

    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    real: str = "real"
    fake: str = "generated"
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    curves: list[Curve] = field(default_factory=list)

    def find(self, metric: str, observable: str = "", group: str = "all") -> Row:
        """The row of that name.

        Raises:
            KeyError: there is none.
        """
        for row in self.rows:
            if (row.metric, row.observable, row.group) == (metric, observable, group):
                return row
        raise KeyError(f"no row {metric} {observable} {group}".replace("  ", " "))

    def of(self, metric: str, group: str | None = None) -> Iterator[Row]:
        """Every row of a metric (and a class)."""
        return (r for r in self.rows if r.metric == metric and group in (None, r.group))

    def of_group(self, group: str) -> Iterator[Row]:
        """Every row of a class."""
        return (r for r in self.rows if r.group == group)

    def worst(self, metric: str = "w1", group: str | None = None) -> Row | None:
        """The class's row with the largest value; ``all`` counts only where it is asked for."""
        rows = [r for r in self.of(metric, group) if group or r.group != "all"]
        return max(rows, key=lambda r: r.value, default=None)

    @property
    def groups(self) -> list[str]:
        """The classes that occur, ``all`` last."""
        seen = dict.fromkeys(r.group for r in self.rows)
        return sorted(seen, key=lambda g: g == "all")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"real": self.real, "fake": self.fake, "settings": self.settings, "seconds": round(self.seconds, 2),
                "notes": self.notes, "rows": [r.to_dict() for r in self.rows]}


def row_from_nulls(metric: str, observable: str, group: str, value: float, error: float | None, nulls: np.ndarray,
                   n: int, unit: str = "", with_ratio: bool = True, spread: float | None = None) -> Row:
    """A row whose floor comes from the values of real pairs, (pairs,); ``spread`` where they are too few to tell."""
    mean = float(np.mean(nulls))
    if spread is None:
        spread = float(np.std(nulls, ddof=1)) if len(nulls) > 1 else 0.0
    significance = (float(value) - mean) / spread if spread > 0 else None
    floor = float(np.quantile(nulls, 0.95)) if metric in QUANTILE_FLOOR else mean
    ratio = float(value) / floor if with_ratio and metric not in QUANTILE_FLOOR and floor > 0 else None
    return Row(metric, observable, group, float(value), None if error is None else float(error), floor, ratio,
               significance, unit, n)
