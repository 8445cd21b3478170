"""Whole images: how far their mean is off, and how much they vary."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..comparison import of_each
from ..pairing import Pairing
from ..pictures import mean_image_difference, variance_ratio
from ..registry import Headline, Metric, register
from ..rows import Row


def rows(pairing: Pairing) -> Iterator[Row]:
    value, error, nulls = pairing.over("images", lambda a, b: np.array([
        mean_image_difference(a.images, b.images), variance_ratio(a.images, b.images)]))
    for i, metric in enumerate((MEAN_IMAGE, VARIANCE_RATIO)):
        yield metric.row("", pairing, value[i], error[i], nulls[:, i])


measure = of_each(rows)
MEAN_IMAGE = register(Metric(
    "mean_image", "difference of mean images, L1 over sum", measure, place=50, watched="often",
    picture=("mean_images", "{percent:.1f} % (real: {floor_percent:.1f} %), L1 / sum"), headlines=(
        Headline("mean_image", "mean image", percent=True, unit="%", sentence="mean image off by {number} %"),)))
VARIANCE_RATIO = register(Metric(
    "variance_ratio", "sum of pixel variances, generated over real", measure, best="floor", place=60))
