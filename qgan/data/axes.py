"""Exclusive kT axes of many jets at once, which frames and N-subjettiness stand on.

d_ij = min(pT_i², pT_j²) ΔR_ij² without a beam distance, four-momenta added. Padded arrays stand for jets: (N, M), a
constituent with pT = 0 is none. All jets are merged in step: sorted by multiplicity, those with L constituents left
take part in the merge from L to L − 1, so that there is a loop over merges and none over jets. As in FastJet, each
constituent remembers its geometric nearest neighbour (one of which makes the smallest d_ij, hep-ph/0512210).
"""

from __future__ import annotations

import numpy as np

#: Distances that are looked at together: few enough for the processor's cache.
_AT_ONCE = 16_384


def kt_axes(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, count: np.ndarray,
            n_max: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Exclusive-kT axes of jets in descending order of multiplicity, constituents first.

    Returns:
        for n = 1 … n_max the (rapidity, φ) of the axes, each (k, n), of the first k jets: those that
        have at least n constituents.
    """
    state = _Merging(pt.T, eta.T, phi.T, count)
    axes = []
    for level in range(int(count[0]), 0, -1):
        jets = _with(level, count)
        if level <= n_max:
            axes.append((state.y[:level, :jets].T.copy(), state.phi[:level, :jets].T.copy()))
        if level > 1:
            state.merge(jets, level)
    return axes[::-1]


def distance2(y1: np.ndarray, phi1: np.ndarray, y2: np.ndarray, phi2: np.ndarray) -> np.ndarray:
    """ΔR² with φ periodic; the two φ may differ by up to 3π, as angles in [−π, 2π] do."""
    apart = y1 - y2
    around = phi1 - phi2
    np.abs(around, out=around)
    if around.max(initial=0) > np.pi:
        np.minimum(around, np.abs(2 * np.pi - around), out=around)
    np.square(around, out=around)
    around += np.square(apart, out=apart)
    return around


def _with(level: int, count: np.ndarray) -> int:
    """How many jets, in descending order of multiplicity, have so many constituents."""
    return int(np.searchsorted(-count, -level, side="right"))


class _Merging:
    """The pseudojets of a block of jets, (M, J) each: at level L slots 0 … L − 1 are in use.

    A place in such an array, slot · J + jet, is what ``neighbour`` holds.
    """

    def __init__(self, pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, count: np.ndarray) -> None:
        self.momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])
        self.momentum = self.momentum.reshape(4, -1)
        self.pt2 = np.ascontiguousarray(pt)**2
        self.y, self.phi = (np.array(x, order="C") for x in (eta, phi))
        self.neighbour = np.zeros(pt.shape, dtype=np.int64)
        self.apart = np.zeros(pt.shape)
        padding = np.where(pt > 0, 0.0, np.inf)
        first, most = 0, len(pt)
        while first < most:
            # Only jets that have a constituent there, and of these as many slots as fit.
            jets = _with(first + 1, count)
            some = np.arange(first, min(most, first + max(1, _AT_ONCE // (most * jets))))
            y, phi = self.y[:, :jets], self.phi[:, :jets]
            apart = distance2(y, phi, y[some, None], phi[some, None])
            apart += padding[:, :jets]
            apart[some - first, some] = np.inf
            nearest, jet = apart.argmin(axis=1), np.arange(jets)
            self.apart[some, :jets] = apart.min(axis=1)
            self.neighbour[some, :jets] = nearest * pt.shape[1] + jet
            first = some[-1] + 1

    def merge(self, jets: int, level: int) -> None:
        """Merges the closest pair of each of the first ``jets`` jets, all of which have ``level`` pseudojets."""
        jet, size = np.arange(jets), self.y.shape[1]
        near, apart, pt2 = self.neighbour[:level, :jets], self.apart[:level, :jets], self.pt2[:level, :jets]
        first = (np.minimum(pt2, self.pt2.take(near)) * apart).argmin(axis=0)
        second = near[first, jet]
        first = first * size + jet
        keep, free, last = np.minimum(first, second), np.maximum(first, second), (level - 1) * size + jet
        orphan = (near == keep) | (near == free)
        self._add(keep, free)
        for array in (self.pt2, self.y, self.phi, self.apart, self.neighbour, *self.momentum):
            flat = array.reshape(-1)
            flat[free] = flat[last]
        rows = free // size, jet
        orphan[rows] = orphan[level - 1]
        self._update(level - 1, keep, free, last, orphan[:-1])

    def _add(self, keep: np.ndarray, free: np.ndarray) -> None:
        px, py, pz, energy = total = self.momentum[:, keep] + self.momentum[:, free]
        self.momentum[:, keep] = total
        pt2 = px**2 + py**2
        # log((E + pz)/(E − pz))/2 with the small difference written as mT²/(E + |pz|), which does not cancel.
        transverse2 = np.maximum(energy**2 - pz**2, pt2)
        self.pt2.flat[keep] = pt2
        self.y.flat[keep] = np.sign(pz) * np.log((energy + np.abs(pz)) / np.sqrt(transverse2))
        self.phi.flat[keep] = np.arctan2(py, px)

    def _update(self, level: int, keep: np.ndarray, free: np.ndarray, last: np.ndarray, orphan: np.ndarray) -> None:
        """New nearest neighbours after ``keep`` has moved and the ``last`` has become ``free``."""
        some, size = np.s_[:level, :len(keep)], self.y.shape[1]
        near, apart, y, phi = self.neighbour[some], self.apart[some], self.y[some], self.phi[some]
        np.copyto(near, free, where=near == last)
        to_new = distance2(y, phi, self.y.take(keep), self.phi.take(keep))
        itself = np.divmod(keep, size)
        to_new[itself] = np.inf
        closer = to_new < apart
        np.copyto(near, keep, where=closer)
        np.copyto(apart, to_new, where=closer)
        orphan[itself] = True
        slot, jet = np.nonzero(orphan & ~closer)
        again = distance2(y[:, jet], phi[:, jet], y[slot, jet], phi[slot, jet])
        again[slot, np.arange(len(jet))] = np.inf
        best = again.argmin(axis=0)
        near[slot, jet] = best * size + jet
        apart[slot, jet] = again[best, np.arange(len(jet))]
