"""Exclusive kT axes of many jets at once, which frames and N-subjettiness stand on.

d_ij = min(pT_i², pT_j²) ΔR_ij² without a beam distance, four-momenta added. Padded arrays stand for jets: (N, M), a
constituent with pT = 0 is none. All jets are merged in step: sorted by multiplicity, those with L constituents left
take part in the merge from L to L − 1, so that there is a loop over merges and none over jets. As in FastJet, each
constituent remembers its geometric nearest neighbour (one of which makes the smallest d_ij, hep-ph/0512210).
"""

from __future__ import annotations

import numpy as np


def kt_axes(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, count: np.ndarray,
            n_max: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Exclusive-kT axes of jets in descending order of multiplicity, constituents first.

    Returns:
        for n = 1 … n_max the (rapidity, φ) of the axes, each (k, n), of the first k jets: those that
        have at least n constituents.
    """
    state = _Merging(pt, eta, phi)
    axes = []
    for level in range(int(count[0]), 0, -1):
        jets = int(np.searchsorted(-count, -level, side="right"))
        if level <= n_max:
            axes.append((state.y[:jets, :level].copy(), state.phi[:jets, :level].copy()))
        if level > 1:
            state.merge(jets, level)
    return axes[::-1]


def distance2(y1: np.ndarray, phi1: np.ndarray, y2: np.ndarray, phi2: np.ndarray) -> np.ndarray:
    """ΔR² with φ periodic; the two φ may differ by up to 3π, as angles in [−π, 2π] do."""
    apart = y1 - y2
    around = np.abs(phi1 - phi2)
    np.minimum(around, np.abs(2 * np.pi - around), out=around)
    np.square(around, out=around)
    around += np.square(apart, out=apart)
    return around


class _Merging:
    """The pseudojets of a block of jets, (J, M) each: at level L slots 0 … L − 1 are in use."""

    def __init__(self, pt: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> None:
        self.momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])
        self.pt2 = pt**2
        self.y, self.phi = eta.copy(), phi.copy()
        self.neighbour = np.zeros(pt.shape, dtype=np.int64)
        self.apart = np.zeros(pt.shape)
        padding = np.where(pt > 0, 0.0, np.inf)
        for slot in range(pt.shape[1]):
            apart = distance2(eta, phi, eta[:, slot, None], phi[:, slot, None]) + padding
            apart[:, slot] = np.inf
            nearest = self.neighbour[:, slot] = apart.argmin(axis=1)
            self.apart[:, slot] = np.take_along_axis(apart, nearest[:, None], axis=1)[:, 0]

    def merge(self, jets: int, level: int) -> None:
        """Merges the closest pair of each of the first ``jets`` jets, all of which have ``level`` pseudojets."""
        row = np.arange(jets)
        near, apart, pt2 = self.neighbour[:jets, :level], self.apart[:jets, :level], self.pt2[:jets, :level]
        first = (np.minimum(pt2, np.take_along_axis(pt2, near, axis=1)) * apart).argmin(axis=1)
        second = near[row, first]
        keep, free = np.minimum(first, second), np.maximum(first, second)
        last = level - 1
        orphan = (near == keep[:, None]) | (near == free[:, None])
        self._add(row, keep, free)
        for array in (self.pt2, self.y, self.phi, self.apart, self.neighbour, orphan):
            array[row, free] = array[row, last]
        self.momentum[:, row, free] = self.momentum[:, row, last]
        self._update(row, keep, free, last, orphan[:, :last])

    def _add(self, row: np.ndarray, keep: np.ndarray, free: np.ndarray) -> None:
        self.momentum[:, row, keep] += self.momentum[:, row, free]
        px, py, pz, energy = self.momentum[:, row, keep]
        self.pt2[row, keep] = px**2 + py**2
        # log((E + pz)/(E − pz))/2 with the small difference written as mT²/(E + |pz|), which does not cancel.
        transverse2 = np.maximum(energy**2 - pz**2, self.pt2[row, keep])
        self.y[row, keep] = np.sign(pz) * np.log((energy + np.abs(pz)) / np.sqrt(transverse2))
        self.phi[row, keep] = np.arctan2(py, px)

    def _update(self, row: np.ndarray, keep: np.ndarray, free: np.ndarray, last: int, orphan: np.ndarray) -> None:
        """New nearest neighbours after ``keep`` has moved and slot ``last`` has become slot ``free``."""
        jets = len(row)
        near, apart = self.neighbour[:jets, :last], self.apart[:jets, :last]
        y, phi = self.y[:jets, :last], self.phi[:jets, :last]
        moved = near == last
        near[moved] = np.broadcast_to(free[:, None], near.shape)[moved]
        to_new = distance2(y, phi, self.y[row, keep][:, None], self.phi[row, keep][:, None])
        to_new[row, keep] = np.inf
        closer = to_new < apart
        near[closer] = np.broadcast_to(keep[:, None], near.shape)[closer]
        apart[closer] = to_new[closer]
        orphan[row, keep] = True
        jet, slot = np.nonzero(orphan & ~closer)
        again = distance2(y[jet], phi[jet], y[jet, slot][:, None], phi[jet, slot][:, None])
        again[np.arange(len(jet)), slot] = np.inf
        best = again.argmin(axis=1)
        near[jet, slot] = best
        apart[jet, slot] = again[np.arange(len(jet)), best]
