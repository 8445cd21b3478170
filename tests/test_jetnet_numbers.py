"""FPD and KPD against numbers of the `jetnet` library, version 0.2.5, on arrays that anyone can make again.

They were computed with ``jetnet.evaluation.fpd(x, y, min_samples, max_samples=n)`` and
``jetnet.evaluation.kpd(x, y, batch_size=n // 2)``, seed 42, with NumPy 1.26.4 and SciPy 1.13.1; ``spread`` is the
standard deviation of the library's FPD over the seeds 0 to 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from metric_definitions import kernel_distance

from qgan.evaluation.frechet import drawn_frechet, extrapolated_frechet


class Numbers(NamedTuple):
    n: int
    d: int
    shift: float
    seed: int
    smallest: int
    sums: tuple[float, float]
    fpd: float
    error: float
    spread: float
    kpd: float
    kpd_error: float


LIBRARY = (
    Numbers(4000, 5, 0.0, 1, 1600, (3990.475790507714, 3982.8578696497393), 0.00014374990304662737,
            8.914154018291488e-05, 1.7121105182917593e-05, -0.0002060283841547328, 0.0005313297372358729),
    Numbers(4000, 5, 0.05, 2, 1600, (4006.995319159664, 4546.445082753156), 0.020483095245726782,
            0.000977702638654364, 0.0002757750063632821, 0.03318714659821853, 0.006427123944158456),
    Numbers(6000, 8, 0.2, 3, 2000, (9000.001994205482, 13972.48800310582), 0.7360731473442306,
            0.004597992729833679, 0.002118241658374859, 1.3682431150218624, 0.03213990105607645))


def arrays(case: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Squares of uniform numbers, mixed so that the features are correlated; one side is scaled and shifted."""
    rng = np.random.Generator(np.random.PCG64(case.seed))
    mix = np.tril(np.ones((case.d, case.d))) / case.d
    x, y = (rng.random((case.n, case.d)) ** 2 @ mix.T for _ in range(2))
    return x, y * (1 + case.shift) + case.shift / 3


@pytest.mark.parametrize("case", LIBRARY, ids=lambda c: f"shift {c.shift}")
def test_frechet_distance_with_the_same_draws(case: Numbers) -> None:
    x, y = arrays(case)
    assert (x.sum(), y.sum()) == pytest.approx(case.sums, rel=1e-12)
    value, error = drawn_frechet(x, y, np.random.default_rng(42), smallest=case.smallest, largest=case.n)
    assert value == pytest.approx(case.fpd, abs=0.5 * case.error)
    assert error == pytest.approx(case.error, rel=0.02)
    if case.shift:  # the library's fit ends early where the intercept is near its bound of 0
        assert value == pytest.approx(case.fpd, rel=1e-4)


@pytest.mark.parametrize("case", LIBRARY, ids=lambda c: f"shift {c.shift}")
def test_frechet_distance_with_other_draws(case: Numbers) -> None:
    x, y = arrays(case)
    value, _ = drawn_frechet(x, y, np.random.default_rng(7), smallest=case.smallest, largest=case.n)
    assert value == pytest.approx(case.fpd, abs=max(5 * case.spread, 2 * case.error if not case.shift else 0))


@pytest.mark.parametrize("case", LIBRARY, ids=lambda c: f"shift {c.shift}")
def test_kernel_distance(case: Numbers) -> None:
    x, y = arrays(case)
    largest = np.abs(x).max(0)
    value, _ = kernel_distance(x / largest, y / largest, np.random.default_rng(0))
    assert value == pytest.approx(case.kpd, abs=case.kpd_error)


def test_the_floor_of_draws_with_replacement_is_above_that_without() -> None:
    """Of equal samples: ours scatters about 0, the library's cannot be negative."""
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(1000, 6)), rng.normal(size=(1000, 6))) for _ in range(12)]
    ours = [extrapolated_frechet(a, b, rng, draws=8)[0] for a, b in pairs]
    theirs = [drawn_frechet(a, b, rng, draws=8)[0] for a, b in pairs]
    assert abs(np.mean(ours)) < 4 * np.std(ours) / np.sqrt(12)
    assert min(ours) < 0
    assert min(theirs) >= 0
    assert np.mean(theirs) > 0
