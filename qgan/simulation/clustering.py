"""From the particles of a batch of events to its jets: towers, anti-kT, trimming, subjets.

FastJet clusters whole batches of awkward arrays; what comes back is a flat list of constituents with
the number of its jet and of its subjet, so that all sums are ``np.bincount``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.frames import delta_phi
from .engines import ak, fastjet
from .processes import ETA_MAX, TRIM_FRACTION, Process

#: Edge of the calorimeter, and its cells: 0.1 in η, 63 in φ (2π/63 = 0.0997).
TOWER_ETA_MAX = 4.0
TOWER_ROWS, TOWER_COLUMNS = 80, 63

_banner_shown = False


@dataclass(frozen=True)
class Flat:
    """Four-momenta of several groups (events, jets, subjets) one after another.

    Attributes:
        momentum: (4, n): px, py, pz, E, GeV.
        size: (groups,), how many belong to each group.
    """

    momentum: np.ndarray
    size: np.ndarray

    @property
    def group(self) -> np.ndarray:
        """(n,): the group of each momentum."""
        return np.repeat(np.arange(len(self.size)), self.size)

    def total(self) -> np.ndarray:
        """(4, groups): the sum of each group."""
        group = self.group
        return np.stack([np.bincount(group, weights=p, minlength=len(self.size)) for p in self.momentum])

    def of_groups(self, chosen: np.ndarray) -> Flat:
        """The groups where ``chosen`` is true."""
        return Flat(self.momentum[:, np.repeat(chosen, self.size)], self.size[chosen])


@dataclass(frozen=True)
class FoundJets:
    """N chosen jets, in the order of their events and, within one, of falling pT.

    Attributes:
        pt, eta, phi, mass: (N,), after trimming, φ in [0, 2π).
        delta_r: (N,), distance of the two leading subjets, 0 where there is one.
        constituents: pT, η, φ, each (N, M), 0 where padded.
        leading, second: (N, 2), η and φ of the leading subjets; NaN where there is no second.
    """

    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    mass: np.ndarray
    delta_r: np.ndarray
    constituents: tuple[np.ndarray, np.ndarray, np.ndarray]
    leading: np.ndarray
    second: np.ndarray

    def __len__(self) -> int:
        return len(self.pt)


def find_jets(particles: Any, process: Process) -> FoundJets:
    """All jets of a batch of events (events × particles with px, py, pz, E) that ``process`` asks for."""
    flat = Flat(np.stack([ak.to_numpy(ak.flatten(particles[k])) for k in ("px", "py", "pz", "E")]),
                ak.to_numpy(ak.num(particles)))
    flat = towers(flat) if process.towers else massless(flat)
    jets, event = cluster(flat, "antikt", process.radius, process.pt[0])
    pt, eta, _ = pt_eta_phi(jets.total())
    order = np.lexsort((-pt, event))
    rank = np.empty(len(pt), int)
    rank[order] = np.arange(len(pt)) - np.searchsorted(event[order], event[order])
    return _select(jets.of_groups((rank < process.jets_per_event) & (np.abs(eta) < ETA_MAX)), process)


def towers(particles: Flat) -> Flat:
    """Sums energies in cells of 0.1 × 0.1 within |η| < 4; a cell is a massless particle at its centre."""
    energy = particles.momentum[3]
    _, eta, phi = pt_eta_phi(particles.momentum)
    row = np.floor((eta + TOWER_ETA_MAX) * (TOWER_ROWS / (2 * TOWER_ETA_MAX))).astype(np.int64)
    column = (phi * (TOWER_COLUMNS / (2 * np.pi))).astype(np.int64) % TOWER_COLUMNS
    inside = (row >= 0) & (row < TOWER_ROWS)
    cell = (particles.group * TOWER_ROWS + row) * TOWER_COLUMNS + column
    cell, which = np.unique(cell[inside], return_inverse=True)
    energy = np.bincount(which, weights=energy[inside], minlength=len(cell))
    event, place = np.divmod(cell, TOWER_ROWS * TOWER_COLUMNS)
    row, column = np.divmod(place, TOWER_COLUMNS)
    eta = (row + 0.5) * (2 * TOWER_ETA_MAX / TOWER_ROWS) - TOWER_ETA_MAX
    phi = (column + 0.5) * (2 * np.pi / TOWER_COLUMNS)
    pt = energy / np.cosh(eta)
    return Flat(np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), energy]),
                np.bincount(event, minlength=len(particles.size)))


def massless(particles: Flat) -> Flat:
    """The same momenta with E = |p|: the mass of a jet is then that of its image, whose pixels have none."""
    momentum = particles.momentum.copy()
    momentum[3] = np.sqrt((momentum[:3] ** 2).sum(axis=0))
    return Flat(momentum, particles.size)


def cluster(particles: Flat, algorithm: str, radius: float, min_pt: float = 0.0) -> tuple[Flat, np.ndarray]:
    """Inclusive jets of each group by ``antikt`` or ``kt``.

    Returns:
        the constituents, grouped by jet, and (jets,) the group that each jet is from, ascending.
    """
    definition = fastjet.JetDefinition(getattr(fastjet, f"{algorithm}_algorithm"), radius)
    records = ak.zip(dict(zip(("px", "py", "pz", "E"), particles.momentum, strict=True)))
    with _no_banner():
        found = fastjet.ClusterSequence(ak.unflatten(records, particles.size), definition)
    index = found.constituent_index(min_pt=min_pt)
    jets_per_group = ak.to_numpy(ak.num(index, axis=1))
    size = ak.to_numpy(ak.flatten(ak.num(index, axis=2)))
    first = np.cumsum(particles.size) - particles.size
    group = np.repeat(np.arange(len(particles.size)), jets_per_group)
    flat = ak.to_numpy(ak.flatten(index, axis=None)) + np.repeat(first[group], size)
    return Flat(particles.momentum[:, flat], size), group


def pt_eta_phi(momentum: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """pT, pseudorapidity and φ in [0, 2π) of (4, n) momenta."""
    px, py, pz, _ = momentum
    pt = np.hypot(px, py)
    return pt, np.arcsinh(pz / np.maximum(pt, 1e-300)), np.arctan2(py, px) % (2 * np.pi)


def _select(jets: Flat, process: Process) -> FoundJets:
    """Subjets, trimming and the cuts on pT and mass."""
    subjets, jet = cluster(jets, "kt", process.subjet_radius)
    pt_subjet = np.hypot(*subjets.total()[:2])
    if process.trimmed:
        kept = pt_subjet >= TRIM_FRACTION * np.hypot(*jets.total()[:2])[jet]
        subjets, jet, pt_subjet = subjets.of_groups(kept), jet[kept], pt_subjet[kept]
    constituents = Flat(subjets.momentum, np.bincount(jet, weights=subjets.size, minlength=len(jets.size)).astype(int))
    total = constituents.total()
    pt = np.hypot(*total[:2])
    mass = np.sqrt(np.maximum(total[3] ** 2 - (total[:3] ** 2).sum(axis=0), 0))
    chosen = (pt > process.pt[0]) & (pt < process.pt[1]) & (mass > process.mass[0]) & (mass < process.mass[1])
    leading, second = _two_leading(subjets, jet, pt_subjet, len(jets.size))
    return _found(constituents.of_groups(chosen), total[:, chosen], mass[chosen], leading[chosen], second[chosen])


def _two_leading(subjets: Flat, jet: np.ndarray, pt: np.ndarray, n_jets: int) -> tuple[np.ndarray, np.ndarray]:
    """η and φ, (n_jets, 2), of the hardest and of the second subjet; NaN where there is none."""
    _, eta, phi = pt_eta_phi(subjets.total())
    order = np.lexsort((-pt, jet))
    axes = np.stack([eta, phi], axis=1)[order]
    count = np.bincount(jet, minlength=n_jets)
    first = np.cumsum(count) - count
    both = np.full((2, n_jets, 2), np.nan)
    for k in (0, 1):
        both[k, count > k] = axes[(first + k)[count > k]]
    return both[0], both[1]


def _found(constituents: Flat, total: np.ndarray, mass: np.ndarray, leading: np.ndarray,
           second: np.ndarray) -> FoundJets:
    pt, eta, phi = pt_eta_phi(total)
    step = second - leading
    step[:, 1] = delta_phi(second[:, 1], leading[:, 1])
    each_pt, each_eta, each_phi = (_padded(x, constituents) for x in pt_eta_phi(constituents.momentum))
    return FoundJets(pt, eta, phi, mass, np.nan_to_num(np.hypot(*step.T)), (each_pt, each_eta, each_phi),
                     leading, second)


def _padded(values: np.ndarray, flat: Flat) -> np.ndarray:
    out = np.zeros((len(flat.size), int(flat.size.max(initial=0))))
    first = np.cumsum(flat.size) - flat.size
    out[flat.group, np.arange(len(values)) - first[flat.group]] = values
    return out


@contextmanager
def _no_banner() -> Iterator[None]:
    """Keeps FastJet's banner, printed by the first clustering of a process, off the standard output."""
    global _banner_shown
    if _banner_shown:
        yield
        return
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        _banner_shown = True
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
