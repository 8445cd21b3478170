"""What distances, trees and neighbours see of a jet: numbers of a sample as a table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .pairing import Pairing
from .sample import Sample

#: Pixel mean is left out: it is pT.
FEATURES = ("pt", "mass", "tau_1", "tau_21", "nnz", "width", "sigma_r", "ptd", "leading_1", "pixel_std", "c2")
#: A sample's numbers, (N, d).
Table = Callable[[Sample], np.ndarray]


def features(sample: Sample) -> np.ndarray:
    """(N, len(FEATURES)) observables."""
    return sample.columns(FEATURES)


def tables(pairing: Pairing) -> dict[str, Table]:
    """Tables of a sample by the name that rows give them; energy-flow polynomials where the samples have them."""
    found: dict[str, Table] = {"features": features}
    if pairing.real.flow.shape[1]:
        found["energy_flow"] = lambda sample: sample.flow
    return found


def standardised(pairing: Pairing, table: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A table of real, generated and pool jets in standard deviations of the real ones."""
    real, fake, pool = (table(sample) for sample in (pairing.real, pairing.fake, pairing.pool))
    mean, spread = real.mean(0), real.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    return (real - mean) / spread, (fake - mean) / spread, (pool - mean) / spread
