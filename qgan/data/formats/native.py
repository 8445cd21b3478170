"""The native layout, in an HDF5 file or any other that holds arrays of its names (see :mod:`qgan.data.layout`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ...base.errors import DataError
from ..assumed import LOOK, check_assumed, single, units_of
from ..contents import Contents
from ..convert import resize
from ..grid import Grid
from ..jets import KEYS, RESERVED, UNNAMED, Frame, JetImages, paired
from ..labels import check_labels
from ..layout import GENERATED, SCHEMA_VERSION, other_key
from ..reading import Reading
from ..source import JetFile, block_rows, class_pair
from . import FORMATS, Format

#: What the published file (Nachman, de Oliveira, Paganini 2017) holds; it has no attributes.
_PUBLISHED_KEYS = {"image", "signal", *KEYS.values()}
_PUBLISHED: dict[str, Any] = {"frame": "canonical", "half_width": 1.25, "class_names": ["qcd", "w"]}


@dataclass(frozen=True)
class _Known:
    """What the images are, and whether that was said by the file or the reader, or is assumed."""

    attributes: dict[str, Any]
    assumed: bool


def native(contents: Contents, options: Reading) -> JetFile:
    """Jets in the native layout; ``image`` and ``signal`` alone are enough.

    Raises:
        DataError: a key is missing or has the wrong shape, or the frame or the half-width is not known.
    """
    path = contents.path
    keys = {name: key for name, key in KEYS.items() if key in contents.keys}
    jets = contents.shape("signal")
    keys |= {key: key for key in contents.keys if key not in RESERVED and contents.shape(key) == jets}
    marked = GENERATED in contents.keys
    n = contents.count("image", 3, ["signal", *keys.values(), *([GENERATED] if marked else [])])
    known = _known(contents, options)
    stored = _frame(path, known.attributes, options)
    image = "image" if options.frame in (None, stored) else other_key(stored)
    if image not in contents.keys:
        raise DataError(path, image, f"no such key; the images are in the {stored} frame alone")
    contents.count(image, 3, ["signal"])
    grid = _grid(contents, known.attributes, options)
    said = _class_names(path, contents.attributes)
    names = said or options.class_names or _class_names(path, known.attributes) or UNNAMED
    frame, origin, look = options.frame or stored, _origin(contents), min(n, LOOK)
    units = units_of(path, contents.read(image, 0, look), contents.read("jet_pt", 0, look) if "pt" in keys else None,
                     options, single(known.attributes.get("units")), "schema_version" in known.attributes)

    def read(start: int, stop: int) -> JetImages:
        label = check_labels(contents.read("signal", start, stop), path, "signal", len(names))
        found = {name: _finite(name, contents.read(key, start, stop)) for name, key in keys.items()}
        # A column of the user's own may be undefined where nobody uses it.
        conditions = {name: values for name, values in found.items() if name in KEYS or np.isfinite(values).all()}
        marks = check_labels(contents.read(GENERATED, start, stop), path, GENERATED) if marked else None
        jets = JetImages(contents.read(image, start, stop), label, conditions, grid, frame, names, origin, path,
                         None if marks is None else marks.astype(np.int8), units)
        jets = paired(jets, options.class_names or names, "those that were asked for (--class-names)")
        return resize(jets, options.size) if options.size else jets

    if known.assumed:
        check_assumed(read(0, look), "the public set of W and QCD jet images")
    return JetFile(n, read, block_rows(4 * grid.height * grid.width))


FORMATS.add("native", Format("native", lambda contents: "image" in contents.keys or "signal" in contents.keys, native,
                             "image and signal", lambda rows, like: rows))


def _known(contents: Contents, options: Reading) -> _Known:
    """The attributes, or what is known of the published file."""
    attributes = dict(contents.attributes)
    published = set(contents.keys) >= _PUBLISHED_KEYS and contents.shape("image")[1:] == (25, 25)
    if published and "frame" not in attributes and "half_width" not in attributes:
        given = {key: value for key in ("frame", "half_width") if (value := getattr(options, key)) is not None}
        if any(value != _PUBLISHED[key] for key, value in given.items()):
            return _Known(given | attributes, False)
        return _Known({**_PUBLISHED, **attributes}, len(given) < 2)
    version = single(attributes.get("schema_version", SCHEMA_VERSION))
    if version != SCHEMA_VERSION:
        raise DataError(contents.path, "schema_version", f"is {version}, this version reads {SCHEMA_VERSION}")
    return _Known(attributes, False)


def _class_names(path: str, attributes: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = attributes.get("class_names")
    if names is None:
        return class_pair(str(single(attributes.get("process"))))
    if not isinstance(names, list) or not names or len({*map(str, names)}) != len(names):
        raise DataError(path, "class_names", f"expected the names of label 0, 1, ..., found {names!r}")
    return tuple(map(str, names))


def _frame(path: str, attributes: dict[str, Any], options: Reading) -> Frame:
    frame = single(attributes.get("frame", options.frame))
    if frame is None:
        too = "half_width" not in attributes and options.half_width is None
        raise DataError(path, "frame", "the file has no such attribute; say what its images are in with frame='raw' or "
                                       f"frame='canonical'{', and how far they reach with half_width=...' * too} "
                                       f"(--frame{' and --half-width' * too} in the shell)")
    if frame not in ("raw", "canonical"):
        raise DataError(path, "frame", f"is {frame!r}, expected 'raw' or 'canonical'")
    return cast(Frame, frame)


def _grid(contents: Contents, attributes: dict[str, Any], options: Reading) -> Grid:
    path, half_width = contents.path, single(attributes.get("half_width", options.half_width))
    if half_width is None:
        raise DataError(path, "half_width", "the file has no such attribute; say how far its images reach with "
                                            "half_width=... (radians; --half-width in the shell)")
    try:
        half_width = float(half_width)
        square = [-half_width, half_width]
        ranges = [tuple(map(float, attributes.get(key, square))) for key in ("eta_range", "phi_range")]
    except (TypeError, ValueError) as error:
        raise DataError(path, "half_width", f"is {half_width!r}, expected a number of radians") from error
    if any(len(r) != 2 or not r[0] < r[1] or not np.isfinite(r).all() for r in ranges):
        raise DataError(path, "half_width", f"the image reaches over {ranges}, expected lower and upper edges")
    if options.half_width is not None and not np.isclose(options.half_width, half_width):
        raise DataError(path, "half_width", f"is {half_width}, {options.half_width} was asked for")
    height, width = contents.shape("image")[1:]
    return Grid(height, width, (ranges[0][0], ranges[0][1]), (ranges[1][0], ranges[1][1]))


def _origin(contents: Contents) -> dict[str, Any]:
    """What the file says of its making; of a file from elsewhere, its plain attributes."""
    attributes = contents.attributes
    if "origin" not in attributes:
        return {key: attributes[key] for key in ("process", "made_by", "seeds") if key in attributes}
    try:
        origin = json.loads(single(attributes["origin"]))
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(contents.path, "origin", "is not JSON") from error
    return origin if isinstance(origin, dict) else {"origin": origin}


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    """Undefined subjet quantities (one particle, tau_1 = 0) are stored as NaN by some; they count as 0 here."""
    if name.startswith("tau") or name == "delta_r":
        return np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return values
