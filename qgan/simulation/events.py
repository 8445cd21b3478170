"""Events: Pythia 8 in batches of awkward arrays, and the particles that a detector could see."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base.errors import DataError
from ..base.seeding import integer_seed
from .engines import ak, quiet_pythia
from .processes import Process

_LARGEST_SEED = 900_000_000
_NEUTRINOS = (12, 14, 16)
_OUTGOING = -23


def generator(process: Process, seed: int, chunk: int) -> Any:
    """A Pythia that makes ``process`` from the random numbers of ``(seed, process, chunk)``."""
    pythia = quiet_pythia()
    random = 1 + integer_seed(seed, "simulation", process.name, chunk) % _LARGEST_SEED
    for line in (*process.settings, "Random:setSeed = on", f"Random:seed = {random}"):
        if not pythia.readString(line):
            raise DataError("Pythia", line, "was refused")
    if not pythia.init():
        raise DataError("Pythia", process.name, "could not be initialised")
    return pythia


def batch(pythia: Any, n_events: int, light_quarks: bool = False) -> Any:
    """The visible particles of the next events.

    Args:
        light_quarks: keep only the events whose outgoing hard parton is a u, d or s quark.

    Returns:
        events × particles with ``px``, ``py``, ``pz``, ``E`` in GeV.
    """
    events = pythia.nextBatch(n_events).prt
    if light_quarks:
        events = events[_light(events)]
    particles = events[(events.status > 0) & ~_is_neutrino(events.id)]
    momentum = particles.p
    return ak.zip({"px": momentum.px, "py": momentum.py, "pz": momentum.pz, "E": momentum.e})


def _is_neutrino(identity: Any) -> Any:
    absolute = np.abs(identity)
    return (absolute == _NEUTRINOS[0]) | (absolute == _NEUTRINOS[1]) | (absolute == _NEUTRINOS[2])


def _light(events: Any) -> Any:
    flavour = np.abs(events.id)
    return ak.any((events.status == _OUTGOING) & (flavour >= 1) & (flavour <= 3), axis=1)
