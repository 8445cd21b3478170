"""One independent unit of a simulation: the same jets from (seed, process, number), whoever makes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..data.frames import canonical_images, raw_images
from ..data.grid import Grid
from ..data.jets import Frame, JetImages
from ..observables.subjettiness import n_subjettiness, tau_table
from . import clustering, engines, events
from .processes import ETA_MAX, TRIM_FRACTION, Process, process_named

#: Events in a batch: large ones cost memory (some 150 kB an event), small ones Python's overhead.
_BATCH = (10, 200)
Chunk = dict[str, np.ndarray]


@dataclass(frozen=True)
class Settings:
    """All that the jets depend on.

    Attributes:
        process: a name of ``PROCESSES``.
        n: number of jets.
        seed: any integer; chunk k takes its random numbers from (seed, process, k).
        size, half_width: of the square image.
        frame: of ``image``; the other one is written beside it.
        light_quarks: keep u, d and s quarks only (process ``quark``).
    """

    process: str
    n: int
    seed: int
    size: int
    half_width: float
    frame: Frame
    light_quarks: bool

    @property
    def physics(self) -> Process:
        return process_named(self.process)

    @property
    def grid(self) -> Grid:
        return Grid.square(self.size, self.half_width)

    @property
    def n_chunks(self) -> int:
        return math.ceil(self.n / self.physics.chunk)

    def jets_in(self, chunk: int) -> int:
        """How many jets a chunk has: all the same, but for the last."""
        return min(self.physics.chunk, self.n - chunk * self.physics.chunk)

    def origin(self) -> dict[str, Any]:
        """What a file says of where its jets come from, as plain JSON values."""
        physics = asdict(self.physics)
        selection = {k: physics[k] for k in ("radius", "subjet_radius", "pt", "mass", "towers", "trimmed",
                                             "jets_per_event")}
        selection["mass"] = [m if math.isfinite(m) else None for m in selection["mass"]]
        selection |= {"pt": list(selection["pt"]), "eta_max": ETA_MAX, "tau_r0": self.physics.half_width,
                      "trim_fraction": TRIM_FRACTION if self.physics.trimmed else None}
        return {"made_by": "simulation", **asdict(self), "pythia_settings": list(self.physics.settings),
                "selection": selection, "versions": engines.versions()}


def make_chunk(settings: Settings, chunk: int, made: Callable[[int], object] | None = None) -> Chunk:
    """The jets of one chunk by their keys in the file, with ``image_raw`` and ``image_canonical``.

    Args:
        made: told after each batch how many jets it gave.
    """
    physics, wanted = settings.physics, settings.jets_in(chunk)
    pythia = events.generator(physics, settings.seed, chunk)
    parts: list[Chunk] = []
    while wanted > 0:
        n_events = int(np.clip(math.ceil(wanted / physics.efficiency), *_BATCH))
        found = clustering.find_jets(events.batch(pythia, n_events, settings.light_quarks), physics)
        parts.append({k: v[:wanted] for k, v in _arrays(found, settings).items()})
        if made:
            made(min(len(found), wanted))
        wanted -= len(found)
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def jets_of(chunk: Chunk, settings: Settings, source: str) -> tuple[JetImages, np.ndarray]:
    """The jets of a chunk in the frame asked for, and their images in the other one."""
    arrays = dict(chunk)
    images = {frame: arrays.pop(f"image_{frame}") for frame in ("raw", "canonical")}
    main = images.pop(settings.frame)
    jets = JetImages(main, np.full(len(main), settings.physics.label), arrays, settings.grid, settings.frame,
                     settings.physics.class_names, source=source)
    return jets, images.popitem()[1]


def _arrays(found: clustering.FoundJets, settings: Settings) -> Chunk:
    physics, grid = settings.physics, settings.grid
    tau = n_subjettiness(*found.constituents, r0=physics.half_width)
    values = {"eta": found.eta, "phi": found.phi, "pt": found.pt, "mass": found.mass,
              "delta_r": found.delta_r if physics.two_prong else np.zeros(len(found)), **tau_table(tau)}
    return {
        "image_raw": raw_images(*found.constituents, np.stack([found.eta, found.phi], axis=1), grid),
        "image_canonical": canonical_images(*found.constituents, found.leading, found.second, grid),
        **{k: v.astype(np.float32) for k, v in values.items()},
    }
