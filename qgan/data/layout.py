"""The native layout: that of the public W/QCD jet images, with root attributes that say what the images are.

``image``, ``signal``, ``jet_pt``, ... and the attributes ``schema_version``, ``frame``, ``half_width`` (with
``eta_range`` and ``phi_range`` where the image is not a centred square), ``class_names``, ``units`` (where they are not
GeV) and ``origin`` (JSON). The same jets in the other frame may lie beside them as ``image_raw`` or
``image_canonical``.
"""

from __future__ import annotations

import json
from typing import Any

from .grid import Grid
from .hdf5 import HDF5File
from .jets import Frame
from .units import Units

SCHEMA_VERSION = 1
#: Marks the jets of a generator among real ones.
GENERATED = "generated"


def other_frame(frame: Frame) -> Frame:
    """The frame that is not ``frame``."""
    return "raw" if frame == "canonical" else "canonical"


def other_key(frame: Frame) -> str:
    """The dataset that holds the images of a file in the frame that is not its own."""
    return f"image_{other_frame(frame)}"


def write_attributes(file: HDF5File, grid: Grid, frame: Frame, class_names: tuple[str, str], origin: dict[str, Any],
                     units: Units = "GeV") -> None:
    """Writes the root attributes."""
    file.attrs["schema_version"] = SCHEMA_VERSION
    file.attrs["frame"] = frame
    file.attrs["half_width"] = grid.half_width
    if grid != Grid.centred(grid.shape, grid.half_width):
        file.attrs["eta_range"], file.attrs["phi_range"] = grid.eta_range, grid.phi_range
    file.attrs["class_names"] = list(class_names)
    if units != "GeV":
        file.attrs["units"] = units
    file.attrs["origin"] = json.dumps(origin, allow_nan=False)
