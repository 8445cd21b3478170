"""Images of particles around their jets, and whether the particles can be what they are taken for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DataError
from ..base.notes import note
from .frames import raw_images
from .grid import Grid
from .jets import JetImages
from .particles import SAY_COLUMNS, Particles, hardest_first, pseudorapidity
from .reading import Reading
from .reframe import canonical_from_particles

#: A rapidity above this, or an azimuth above that, is none.
_LARGEST_RAPIDITY, _LARGEST_AZIMUTH = 10.0, 8 * np.pi
#: Of this many jets not all are on one side of the detector by chance, and a median says something.
_ENOUGH = 20
#: pT of a jet, GeV.
_PT = (5.0, 20_000.0)


def particle_jets(path: str, particles: Particles, label: np.ndarray, grid: Grid, names: tuple[str, ...],
                  options: Reading, origin: dict[str, Any] | None = None, key: str = "X") -> JetImages:
    """Images in the frame that was asked for, and the jets' own quantities from their summed momenta.

    Raises:
        DataError: a jet has no particles or an infinite momentum, most of the pT lies outside the images, or it is no
            jet's pT.
    """
    if not np.isfinite(particles.momenta).all():
        raise DataError(path, key, f"holds particles whose momenta are no numbers; {SAY_COLUMNS}")
    energy, px, py, pz = particles.momenta.sum(2).T
    jet_pt = np.hypot(px, py)
    if (jet_pt <= 0).any():
        raise DataError(path, "", f"{int((jet_pt <= 0).sum())} jets have no particles")
    jet_eta, jet_phi = pseudorapidity(jet_pt, pz), np.arctan2(py, px)
    canonical = options.frame == "canonical"
    where = particles.pt, particles.eta, particles.phi
    images = (canonical_from_particles(*where, grid) if canonical
              else raw_images(*where, np.stack([jet_eta, jet_phi], 1), grid))
    mass = np.sqrt(np.clip(energy**2 - px**2 - py**2 - pz**2, 0, None))
    quantities = {"eta": jet_eta, "phi": jet_phi % (2 * np.pi), "pt": jet_pt, "mass": mass}
    conditions = {name: values.astype(np.float32) for name, values in quantities.items()}
    _check_inside(path, key, images, particles.pt.sum(1), grid, options)
    return JetImages(images, label, conditions, grid, "canonical" if canonical else "raw",
                     options.class_names or names, {"file": Path(path).name, **(origin or {})}, path,
                     momenta=hardest_first(particles) if options.keeps_particles else None)


def check_columns(path: str, rows: np.ndarray, columns: tuple[str, ...], key: str = "X") -> None:
    """Whether the values of columns that were not named can be a pT, a rapidity and an azimuth.

    Args:
        rows: (N, M, C), the first jets of a file.

    Raises:
        DataError: they cannot; names the doubt and the option that settles it.
    """
    pt, rapidity, phi = (rows[..., columns.index(name)] for name in ("pt", "y", "phi"))
    there = np.nan_to_num(pt) > 0
    if not there.any():
        return
    taken = f"if the columns are {', '.join(columns)}"
    if (largest := np.nan_to_num(np.abs(rapidity[there])).max()) > _LARGEST_RAPIDITY:
        raise DataError(path, key, f"holds rapidities up to {largest:.4g} {taken}; {SAY_COLUMNS}")
    if (largest := np.nan_to_num(np.abs(phi[there])).max()) > _LARGEST_AZIMUTH:
        raise DataError(path, key, f"holds azimuths up to {largest:.4g} {taken}: perhaps they are degrees "
                                   f"(phi_degrees); {SAY_COLUMNS}")
    weight = np.where(there, pt, 0.0)
    filled = weight.sum(1) > 0
    centre = (weight * np.where(there, rapidity, 0)).sum(1)[filled] / weight.sum(1)[filled]
    if len(centre) >= _ENOUGH and (centre.min() > 0 or centre.max() < 0):
        raise DataError(path, key, f"holds jets on one side of the detector alone, at rapidities {centre.min():.3g} to "
                                   f"{centre.max():.3g}, {taken}; {SAY_COLUMNS}")


def _check_inside(path: str, key: str, images: np.ndarray, pt: np.ndarray, grid: Grid, options: Reading) -> None:
    """Whether most of the jets' pT (scalar sum of their particles) lies in their images, and is one."""
    if len(pt) < _ENOUGH:
        return
    outside = float(np.median(1 - images.sum((1, 2), dtype=np.float64) / pt))
    if outside > 0.3 and options.half_width is not None:
        note(path, key, f"more than {outside:.0%} of half of the jets' pT lies outside ±{grid.half_width:g}")
    elif outside > 0.3:
        raise DataError(path, key, f"{outside:.0%} of the jets' pT lies outside ±{grid.half_width:g}, in the middle; "
                                   f"say how far they reach with half_width=... (--half-width), or {SAY_COLUMNS}")
    if options.columns is None and not _PT[0] < (middle := float(np.median(pt))) < _PT[1]:
        raise DataError(path, key, f"holds jets with a pT of {middle:.4g} GeV in the middle; {SAY_COLUMNS}")
