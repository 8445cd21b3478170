"""Images ``X`` and labels ``y`` with nothing else said: the quantum machine-learning challenge, and files like it.

In HDF5, .npz or .npy; ``X`` is (N, H, W), with channels last (N, H, W, C) or first (N, C, H, W). A blind file has no
``y``: ``labels`` stands in for it, or a file beside it (X.npy, y.npy).
"""

from __future__ import annotations

import numpy as np

from ...base.errors import DataError
from ...base.notes import note
from ..assumed import LOOK, units_of
from ..contents import Contents
from ..foreign import CHANNELS, image_builder, one_channel
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels, labels_of
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format

CLASSES = ("gluon", "quark")
#: How far images reach that do not say it, unless half_width is given.
HALF_WIDTH = 0.4
#: Pixels a side of an image; arrays of fewer may be of particles.
FEWEST_PIXELS = 8
_IMAGES, _LABELS = ("X", "array", "images", "x"), ("y", "Y", "labels", "label")


def labelled_images(contents: Contents, options: Reading) -> JetFile:
    """Images in the raw frame; their reach is assumed, and said, where the reader is not told."""
    path, key = contents.path, image_key(contents)
    shape = contents.rows(key).shape
    axis = channel_axis(shape)
    label_key = next((name for name in _LABELS if name in contents.keys), None)
    if len(shape) != 3 and axis is None:
        raise DataError(path, key, f"shape {shape}, expected (jets, rows, columns), perhaps with channels")
    n = contents.count(key, len(shape), [label_key] if label_key else [])
    labels = None if label_key else labels_of(options, path, n)
    height, width = (length for i, length in enumerate(shape) if i not in (0, axis))

    def images(start: int, stop: int) -> np.ndarray:
        found = contents.read(key, start, stop)
        return found if axis is None else one_channel(found, options.channel, axis)

    half_width = options.half_width or HALF_WIDTH
    if options.half_width is None:
        note(path, "half_width", f"is not said; images are taken to reach ±{half_width:g} in the raw frame")
    units = units_of(path, images(0, min(n, LOOK)), None, options)
    build = image_builder(path, Grid.centred((height, width), half_width), CLASSES, options, units=units,
                          origin={} if options.half_width else {"assumed_half_width": half_width})

    names = options.class_names or CLASSES

    def read(start: int, stop: int) -> JetImages:
        label = contents.read(label_key, start, stop) if label_key else np.asarray(labels)[start:stop]
        return build(images(start, stop), check_labels(label, path, label_key or "y", len(names)), {})

    return JetFile(n, read, block_rows(4 * int(np.prod(shape[1:]))))


def image_key(contents: Contents) -> str:
    """The array that holds the images."""
    return next((name for name in _IMAGES if name in contents.keys), "")


def channel_axis(shape: tuple[int, ...]) -> int | None:
    """Where the channels of images are: a fourth dimension of 1 or 3; None if there is none."""
    if len(shape) != 4:
        return None
    return next((axis for axis in (3, 1) if shape[axis] in (1, len(CHANNELS))), None)


def _holds(contents: Contents) -> bool:
    shape = contents.shape(image_key(contents))
    if contents.kind == "HDF5":
        return "X" in contents.keys
    axis = channel_axis(shape)
    sides = [length for i, length in enumerate(shape) if i not in (0, axis)]
    return len(shape) in (3, 4) and len(sides) == 2 and min(sides) >= FEWEST_PIXELS


FORMATS.add("labelled_images", Format("labelled images", _holds, labelled_images, "X and y"))
