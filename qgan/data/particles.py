"""Particles of jets from the columns of a file: what the columns mean, and which rows are padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import DataError
from ..base.notes import note

#: Masses of the particles that reach a detector, GeV, by the size of their PDG number (Particle Data Group 2024).
_MASSES = {11: 0.000511, 13: 0.10566, 130: 0.49761, 211: 0.13957, 310: 0.49761, 321: 0.49368, 2112: 0.93957,
           2212: 0.93827, 3112: 1.19745, 3122: 1.11568, 3222: 1.18937, 3312: 1.32171, 3322: 1.31486, 3334: 1.67245}
#: A pT like these marks a row that is no particle.
SENTINELS = (-9.0, -99.0, -999.0, -9999.0)
#: The end of a message about columns that cannot be what they are taken for.
SAY_COLUMNS = "say what the columns are with particles=... (--particles in the shell), such as 'pt,y,phi'"


@dataclass(frozen=True)
class Particles:
    """Particles of N jets, M a jet; pT = 0 pads.

    Attributes:
        pt, eta, phi: (N, M) float64, GeV and radians.
        momenta: (N, 4, M): E, px, py, pz; 0 where there is no particle.
    """

    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    momenta: np.ndarray


def particles_of(path: str, rows: np.ndarray, columns: tuple[str, ...], key: str = "X") -> Particles:
    """Particles from columns that may be transverse (pT, rapidity or η, φ) or Cartesian (px, py, pz).

    Rows whose pT is 0, NaN or one of :data:`SENTINELS` are padding.

    Args:
        rows: (N, M, C), a column for each of ``columns`` (see :data:`~qgan.data.reading.COLUMNS`).

    Raises:
        DataError: NaN in a particle, a negative pT, or columns that say no momentum.
    """
    found = {name: rows[..., i].astype(np.float64, copy=False) for i, name in enumerate(columns) if name != "-"}
    if "phi_degrees" in found:
        found["phi"] = np.radians(found["phi_degrees"])
    cartesian = {"px", "py", "pz"} <= found.keys()
    if not cartesian and not ({"pt", "phi"} <= found.keys() and found.keys() & {"y", "eta"}):
        raise DataError(path, "particles", f"are {', '.join(columns)}, expected pt, y or eta, and phi; or px, py, pz")
    if cartesian:
        px, py = found["px"], found["py"]
        nowhere = (px == py) & np.isin(px, SENTINELS) | np.isnan(px) & np.isnan(py) & np.isnan(found["pz"])
        # A NaN that stands alone is no padding: it is found below.
        found["pt"] = np.where(nowhere, 0.0, np.nan_to_num(np.hypot(px, py), nan=1.0))
    there = _there(path, key, found["pt"])
    if not all(np.isfinite(values[there]).all() for name, values in found.items() if name != "pdg"):
        raise DataError(path, key, "holds NaN or infinite values")
    found = {name: np.where(there, values, 0.0) for name, values in found.items()}
    return _from_cartesian(found) if cartesian else _from_transverse(found)


def hardest_first(particles: Particles) -> np.ndarray:
    """(N, M, 4) float32 momenta of each jet, the largest pT first, without rows that no jet fills."""
    order = np.argsort(-particles.pt, axis=1, kind="stable")[:, :max(int((particles.pt > 0).sum(1).max(initial=0)), 1)]
    return np.take_along_axis(np.moveaxis(particles.momenta, 1, 2), order[..., None], 1).astype(np.float32)


def padded_together(parts: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Momenta (N, M, 4) of several sets of jets in order, M that of the longest; None where a set has none."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    longest = max(part.shape[1] for part in known)
    return np.concatenate([np.pad(part, ((0, 0), (0, longest - part.shape[1]), (0, 0))) for part in known])


def pseudorapidity(pt: np.ndarray, pz: np.ndarray) -> np.ndarray:
    """η from pT and pz; 0 where there is no particle."""
    return np.arcsinh(pz / np.where(pt > 0, pt, np.inf))


def _from_cartesian(found: dict[str, np.ndarray]) -> Particles:
    px, py, pz, pt = (found[name] for name in ("px", "py", "pz", "pt"))
    energy = found["e"] if "e" in found else np.sqrt(pt**2 + pz**2 + _mass(found) ** 2)
    return Particles(pt, pseudorapidity(pt, pz), np.arctan2(py, px), np.stack([energy, px, py, pz], 1))


def _from_transverse(found: dict[str, np.ndarray]) -> Particles:
    pt, phi, mass = found["pt"], found["phi"], _mass(found)
    if "y" in found:
        transverse_mass = np.hypot(pt, mass)
        pz, energy = transverse_mass * np.sinh(found["y"]), transverse_mass * np.cosh(found["y"])
    else:
        pz = pt * np.sinh(found["eta"])
        energy = np.sqrt(pt**2 + pz**2 + mass**2)
    momenta = np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pz], 1)
    return Particles(pt, pseudorapidity(pt, pz), phi, momenta)


def _there(path: str, key: str, pt: np.ndarray) -> np.ndarray:
    """Which rows are particles: not those with a pT of 0, of NaN, or of a number that stands for none."""
    padded = np.isnan(pt) | np.isin(pt, SENTINELS)
    if (pt[~padded] < 0).any():
        raise DataError(path, key, f"holds a negative pT ({pt[~padded].min():.4g}); {SAY_COLUMNS}")
    if padded.all(1).any():
        raise DataError(path, key, f"holds NaN, or a number such as -999, and no particles in "
                                   f"{int(padded.all(1).sum())} jets")
    if padded.any():
        note(path, key, "rows whose pT is NaN or a number such as -999 are taken for padding")
    return ~padded & (pt > 0)


def _mass(found: dict[str, np.ndarray]) -> np.ndarray:
    """Mass of each particle, GeV; 0 of rows that are none, and of all where it is not known."""
    if "pdg" not in found:
        return found.get("mass", np.zeros_like(found["pt"]))
    # Photons and numbers that are not listed count as massless.
    size = np.abs(np.nan_to_num(found["pdg"])).astype(np.int64)
    masses = np.zeros(size.shape)
    for number, mass in _MASSES.items():
        masses[(size == number) & (found["pt"] > 0)] = mass
    return masses
