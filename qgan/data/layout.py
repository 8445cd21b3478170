"""The native layout: that of the public W/QCD jet images, with root attributes that say what the images are.

``image``, ``signal``, ``jet_pt``, ... and the attributes ``schema_version``, ``frame``, ``half_width`` (with
``eta_range`` and ``phi_range`` where the image is not a centred square), ``class_names``, ``units`` (where they are not
GeV) and ``origin`` (JSON). The same jets in the other frame may lie beside them as ``image_raw`` or
``image_canonical``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .contents import Contents, plain, refused
from .grid import Grid
from .jets import Frame
from .units import Units

SCHEMA_VERSION = 1
#: In files of another layout that this package wrote: the number of rows and of columns, which a native file shows.
PIXELS = "pixels"
#: Rows and columns that such an image may have: its arrays do not grow with them.
_MOST_PIXELS = 4096
#: What the labels are called there, where ``signal`` would make the file a native one.
LABELS = "labels"
#: Marks the jets of a generator among real ones.
GENERATED = "generated"


def written_here(attributes: Mapping[str, Any]) -> bool:
    """Whether a file of another layout says where its pixels lie, as this package writes it."""
    return "schema_version" in attributes and PIXELS in attributes


def grid_of(contents: Contents) -> Grid:
    """Where the pixels of such a file lie.

    Raises:
        DataError: its attributes do not say it.
    """
    said = contents.attributes
    with refused(contents.path, PIXELS, "with half_width, eta_range and phi_range, does not say where the pixels lie"):
        height, width = map(int, said[PIXELS])
        reach = float(said["half_width"])
        edges = [tuple(map(float, said.get(key, (-reach, reach)))) for key in ("eta_range", "phi_range")]
        (bottom, top), (left, right) = edges
        if not (0 < height <= _MOST_PIXELS and 0 < width <= _MOST_PIXELS and bottom < top and left < right):
            raise ValueError(said)
        return Grid(height, width, (bottom, top), (left, right))


def other_frame(frame: Frame) -> Frame:
    """The frame that is not ``frame``."""
    return "raw" if frame == "canonical" else "canonical"


def other_key(frame: Frame) -> str:
    """The dataset that holds the images of a file in the frame that is not its own."""
    return f"image_{other_frame(frame)}"


def attributes_of(grid: Grid, frame: Frame, class_names: tuple[str, ...], origin: dict[str, Any],
                  units: Units = "GeV") -> dict[str, Any]:
    """The root attributes."""
    centred = grid == Grid.centred(grid.shape, grid.half_width)
    edges = {} if centred else {"eta_range": list(grid.eta_range), "phi_range": list(grid.phi_range)}
    return {"schema_version": SCHEMA_VERSION, "frame": frame, "half_width": grid.half_width, **edges,
            "class_names": list(class_names), **({} if units == "GeV" else {"units": units}),
            "origin": json.dumps(origin, allow_nan=False, default=plain)}
