"""What a file of jets holds, in a few plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .files import open_jets
from .peculiar import filled_images, fingerprints
from .reading import Reading


def file_summary(path: str | Path, **options: Any) -> dict[str, Any]:
    """What a file holds, as plain values: format, jets by class, frame, pixels, ranges of the quantities, origin.

    ``empty`` are images without a lit pixel, ``copies`` jets whose image is that of another before.
    """
    with open_jets(path, Reading(**options)) as source:
        counts: Any = 0
        ranges: dict[str, tuple[float, float]] = {}
        marks: list[np.ndarray] = []
        for jets in source.blocks():
            marks.append(fingerprints(jets)[filled_images(jets)])
            counts = counts + np.bincount(jets.label, minlength=len(jets.class_names))
            for key, values in {**jets.conditions, "pixel": jets.images}.items():
                low, high = ranges.get(key, (np.inf, -np.inf))
                ranges[key] = min(low, float(values.min())), max(high, float(values.max()))
    grid, filled = jets.grid, np.concatenate(marks)
    return {
        "file": str(path), "format": source.format, "jets": source.n_jets,
        "classes": {name: int(n) for name, n in zip(jets.class_names, counts, strict=True)},
        "empty": source.n_jets - len(filled), "copies": len(filled) - len(np.unique(filled)),
        "frame": jets.frame, "units": jets.units, "pixels": list(grid.shape), "eta_range": list(grid.eta_range),
        "phi_range": list(grid.phi_range), "ranges": {key: list(value) for key, value in ranges.items()},
        "origin": jets.origin,
    }
