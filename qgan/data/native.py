"""The native layout: that of the public W/QCD jet images, with root attributes that say what the images are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..base.errors import DataError
from .convert import resize
from .grid import Grid
from .jets import KEYS, Frame, JetImages
from .source import JetFile, ReadOptions, block_rows, check_labels, check_shapes, class_pair, read_rows

if TYPE_CHECKING:
    from .files import HDF5File

SCHEMA_VERSION = 1
#: Marks the jets of a generator among real ones.
GENERATED = "generated"
#: What the published file (Nachman, de Oliveira, Paganini 2017) holds; it has no attributes.
_PUBLISHED_KEYS = {"image", "signal", *KEYS.values()}
_PUBLISHED: dict[str, Any] = {"frame": "canonical", "half_width": 1.25, "class_names": ("qcd", "w")}


def other_key(frame: Frame) -> str:
    """The dataset that holds the images of a file in the frame that is not its own."""
    return "image_raw" if frame == "canonical" else "image_canonical"


def other_frame(frame: Frame) -> Frame:
    """The frame that is not ``frame``."""
    return "raw" if frame == "canonical" else "canonical"


def write_attributes(file: HDF5File, grid: Grid, frame: Frame, class_names: tuple[str, str],
                     origin: dict[str, Any]) -> None:
    """Writes the root attributes."""
    file.attrs["schema_version"] = SCHEMA_VERSION
    file.attrs["frame"] = frame
    file.attrs["half_width"] = grid.half_width
    if grid != Grid(*grid.shape, *_square(grid.half_width)):
        file.attrs["eta_range"], file.attrs["phi_range"] = grid.eta_range, grid.phi_range
    file.attrs["class_names"] = list(class_names)
    file.attrs["origin"] = json.dumps(origin, allow_nan=False)


def native_source(file: HDF5File, options: ReadOptions) -> JetFile:
    """Jets in the native layout; a file with ``image`` and ``signal`` alone is enough.

    Raises:
        DataError: a key is missing or has the wrong shape, or the frame or the half-width is not known.
    """
    keys = {name: key for name, key in KEYS.items() if key in file}
    marked = GENERATED in file
    n = check_shapes(file, "image", 3, ["signal", *keys.values(), *([GENERATED] if marked else [])])
    known = _known(file)
    stored = _frame(file, known, options)
    image = "image" if options.frame in (None, stored) else other_key(stored)
    if image not in file:
        raise DataError(file.filename, image, f"no such key; the images are in the {stored} frame alone")
    check_shapes(file, image, 3, ["signal"])
    grid = _grid(file, known, options)
    names = options.class_names or known.get("class_names") or ("background", "signal")
    frame, origin = options.frame or stored, _origin(file)

    def read(start: int, stop: int) -> JetImages:
        label = check_labels(read_rows(file, "signal", start, stop), file.filename, "signal")
        conditions = {name: _finite(name, read_rows(file, key, start, stop)) for name, key in keys.items()}
        marks = check_labels(read_rows(file, GENERATED, start, stop), file.filename, GENERATED) if marked else None
        jets = JetImages(read_rows(file, image, start, stop), label, conditions, grid, frame, names, origin,
                         file.filename, None if marks is None else marks.astype(np.int8))
        return resize(jets, options.size) if options.size else jets

    return JetFile(n, read, block_rows(4 * grid.height * grid.width), "native")


def _known(file: HDF5File) -> dict[str, Any]:
    """The attributes, or what is known of the published file."""
    attributes = file.attrs
    published = set(file) >= _PUBLISHED_KEYS and file["image"].shape[1:] == (25, 25)
    if published and "frame" not in attributes and "half_width" not in attributes:
        return dict(_PUBLISHED)
    version = attributes.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise DataError(file.filename, "schema_version", f"is {version}, this version reads {SCHEMA_VERSION}")
    known = {key: attributes[key] for key in ("frame", "half_width", "eta_range", "phi_range") if key in attributes}
    if "class_names" in attributes:
        known["class_names"] = tuple(str(name) for name in attributes["class_names"])
        if len(known["class_names"]) != 2:
            raise DataError(file.filename, "class_names", "expected the names of label 0 and label 1")
    elif "process" in attributes:
        known["class_names"] = class_pair(str(attributes["process"]))
    return known


def _frame(file: HDF5File, known: dict[str, Any], options: ReadOptions) -> Frame:
    frame = known.get("frame", options.frame)
    if frame is None:
        raise DataError(file.filename, "frame", "the file has no such attribute; say what its images are in with "
                                                "frame='raw' or frame='canonical'")
    if frame not in ("raw", "canonical"):
        raise DataError(file.filename, "frame", f"is {frame!r}, expected 'raw' or 'canonical'")
    return cast(Frame, frame)


def _grid(file: HDF5File, known: dict[str, Any], options: ReadOptions) -> Grid:
    half_width = known.get("half_width", options.half_width)
    if half_width is None:
        raise DataError(file.filename, "half_width", "the file has no such attribute; say how far its images reach "
                                                     "with half_width=... (radians)")
    try:
        square = _square(float(half_width))
        ranges = [tuple(map(float, known.get(key, square[i]))) for i, key in enumerate(("eta_range", "phi_range"))]
    except (TypeError, ValueError) as error:
        raise DataError(file.filename, "half_width", f"is {half_width!r}, expected a number of radians") from error
    if any(len(r) != 2 or not r[0] < r[1] for r in ranges):
        raise DataError(file.filename, "half_width", f"the image reaches over {ranges}, expected lower and upper edges")
    if options.half_width is not None and not np.isclose(options.half_width, float(half_width)):
        raise DataError(file.filename, "half_width", f"is {half_width}, {options.half_width} was asked for")
    height, width = file["image"].shape[1:]
    return Grid(height, width, (ranges[0][0], ranges[0][1]), (ranges[1][0], ranges[1][1]))


def _square(half_width: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (-half_width, half_width), (-half_width, half_width)


def _origin(file: HDF5File) -> dict[str, Any]:
    """What the file says of its making; of a file from elsewhere, its plain attributes."""
    if "origin" not in file.attrs:
        shown = ("process", "made_by", "seeds")
        return {key: np.asarray(file.attrs[key]).tolist() for key in shown if key in file.attrs}
    try:
        origin = json.loads(file.attrs["origin"])
    except (TypeError, ValueError) as error:
        raise DataError(file.filename, "origin", "is not JSON") from error
    return origin if isinstance(origin, dict) else {"origin": origin}


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    """Undefined subjet quantities (one particle, tau_1 = 0) are stored as NaN by some; they count as 0 here."""
    if name.startswith("tau") or name == "delta_r":
        return np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return values
