"""Jets of arrays in memory, whatever library made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.errors import DataError
from .files import read_in_frame, read_jets
from .grid import Grid
from .jets import CLASS_PAIRS, KEYS, UNNAMED, Frame, JetImages, numbers
from .reading import Paths, are_files
from .units import Units

#: (N, H, W) images alone, (images, labels) or (images, labels, conditions), or a mapping of these names.
Arrays = Any
_NAMES = {key: name for name, key in KEYS.items()}


def as_jets(data: JetImages | Paths | Arrays, grid: Grid | None = None, like: JetImages | None = None,
            source: str = "arrays") -> JetImages:
    """Jets, of files or arrays if they are not jets yet.

    Args:
        data: jets, files of them, or :data:`Arrays`.
        grid: where the pixels of arrays lie.
        like: jets whose frame, units, names of the classes and, without a grid, pixels are those of arrays.
        source: what errors call the arrays.

    Raises:
        DataError: as of :meth:`~qgan.data.jets.JetImages.from_arrays`.
    """
    if isinstance(data, JetImages):
        return data
    if are_files(data):
        return read_jets(data) if like is None else read_in_frame(data, like.frame)
    said: dict[str, Any] = {"grid": grid, "source": source}
    if like is not None:
        said |= {"grid": grid or like.grid, "frame": like.frame, "units": like.units, "class_names": like.class_names}
    if isinstance(data, Mapping):
        unknown = sorted(set(data) - {"images", "labels", "conditions"})
        if unknown or "images" not in data:
            raise DataError(source, unknown[0] if unknown else "images", "expected images, labels and conditions")
        return jets_of_arrays(**data, **said)
    parts = data if isinstance(data, tuple) else (data,)
    if not 1 <= len(parts) <= 3:
        raise DataError(source, "", f"{len(parts)} arrays, expected (images, labels, conditions)")
    return jets_of_arrays(*parts, **said)


def jets_of_arrays(images: Any, labels: Any = None, conditions: Mapping[str, Any] | None = None, *,
                   half_width: float | None = None, grid: Grid | None = None, frame: Frame = "raw",
                   class_names: Sequence[str] | None = None, units: Units = "GeV", source: str = "arrays") -> JetImages:
    """See :meth:`~qgan.data.jets.JetImages.from_arrays`."""
    pixels = _numbers(images, source, "images")
    if pixels.ndim != 3:
        raise DataError(source, "images", f"shape {pixels.shape}, expected (jets, rows, columns)")
    if (half_width is None) == (grid is None):
        raise DataError(source, "half_width", "expected how far the images reach: half_width=... (radians) or grid=...")
    if half_width is not None and not 0 < half_width < np.inf:
        raise DataError(source, "half_width", f"is {half_width}, expected a positive number of radians")
    names = tuple(map(str, class_names)) if class_names is not None else None
    label, names = _labels(labels, len(pixels), names, source)
    quantities = {_NAMES.get(key, key): _numbers(values, source, key)
                  for key, values in (conditions.items() if conditions is not None else ())}
    return JetImages(pixels, label, quantities, grid or Grid.centred(pixels.shape[1:], float(half_width or 0)), frame,
                     names, {}, source, units=units)


def _numbers(values: Any, source: str, key: str) -> np.ndarray:
    """An array, a tensor or a column as float32."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        return np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(source, key, "is no array of numbers") from error


def _labels(labels: Any, n: int, names: tuple[str, ...] | None, source: str,
            ) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels (N,) and the names of the classes, which may be said by the labels."""
    if hasattr(labels, "detach"):
        labels = labels.detach().cpu()
    found = np.asarray(0 if labels is None else labels)
    if found.dtype.kind in "OUS":
        found = found.astype(str)
        said = set(found.ravel().tolist())
        names = names or next((pair for pair in CLASS_PAIRS if said <= set(pair)), tuple(sorted(said)))
        if not said <= set(names):
            raise DataError(source, "labels", f"holds {', '.join(sorted(said)[:5])}; expected names of class_names="
                                              "..., those of label 0, 1, ...")
        found = np.argmax(found[..., None] == np.array(names), -1)
    classes = len(names or UNNAMED)
    if not np.isin(found, np.arange(classes)).all():
        raise DataError(source, "labels", f"holds values other than {numbers(classes)}; more classes need names: "
                                          "class_names=...")
    whole = np.broadcast_to(found, (n,)).copy() if not found.ndim else found
    return whole.astype(np.int64), names or UNNAMED
