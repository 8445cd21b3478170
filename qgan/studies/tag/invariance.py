"""How far scores move when jets are boosted, turned and mirrored.

Told is the root mean square of the change of ln(p / (1 − p)), p the probability of label 1, over the spread of it among
the jets: 0 for what is invariant, √2 for scores that have nothing to do with one another any more.
"""

from __future__ import annotations

import numpy as np

from ...taggers import TAGGERS, Fitted, Seen

#: Rapidity of the boosts and angle of the rotations.
RAPIDITY, ANGLE = 0.5, 1.0
#: Test jets that are moved at most.
MOST = 1000
_TINY = 1e-12


def _boost(axis: int) -> np.ndarray:
    out = np.eye(4)
    out[0, 0] = out[axis, axis] = np.cosh(RAPIDITY)
    out[0, axis] = out[axis, 0] = np.sinh(RAPIDITY)
    return out


def _rotation(first: int, second: int) -> np.ndarray:
    out = np.eye(4)
    out[first, first] = out[second, second] = np.cos(ANGLE)
    out[first, second], out[second, first] = -np.sin(ANGLE), np.sin(ANGLE)
    return out


#: What is done to four-momenta E, px, py, pz, the beam along z.
OF_MOMENTA = {"boost along the beam": _boost(3), "boost across": _boost(1), "turn about the beam": _rotation(1, 2),
              "turn across": _rotation(1, 3), "mirror in φ": np.diag([1.0, 1, -1, 1]),
              "mirror in η": np.diag([1.0, 1, 1, -1])}


def moves(tagger: str, fitted: Fitted, jets: Seen) -> dict[str, float]:
    """By name what was done to the jets, and how far the scores moved; of images only what moves whole pixels."""
    jets = jets[:MOST]
    before = _logit(fitted, jets)
    spread = max(float(before.std()), _TINY)
    return {name: float(np.sqrt(np.mean((_logit(fitted, moved) - before) ** 2)) / spread)
            for name, moved in _moved(TAGGERS[tagger].sees == "particles", jets).items()}


def _moved(particles: bool, jets: Seen) -> dict[str, Seen]:
    if particles:
        return {name: Seen(momenta=jets.momenta @ matrix.T) for name, matrix in OF_MOMENTA.items()}
    return {"mirror in φ": Seen(jets.grid, jets.units, images=jets.images[:, :, ::-1]),
            "mirror in η": Seen(jets.grid, jets.units, images=jets.images[:, ::-1])}


def _logit(fitted: Fitted, jets: Seen) -> np.ndarray:
    score = np.clip(fitted.scores(jets)[:, 1].astype(np.float64), _TINY, 1 - _TINY)
    return np.log(score / (1 - score))
