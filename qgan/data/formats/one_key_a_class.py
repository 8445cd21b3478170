"""Images of two classes under a key each, (N, H, W) or (N, H, W, 1), such as ``QCD`` and ``TT``."""

from __future__ import annotations

import numpy as np

from ...base.errors import DataError
from ...base.notes import note
from ..assumed import LOOK, units_of
from ..contents import Contents
from ..foreign import image_builder, one_channel
from ..grid import Grid
from ..jets import CLASS_PAIRS, JetImages
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format
from .labelled_images import FEWEST_PIXELS, HALF_WIDTH, channel_axis

#: Keys of other formats.
_TAKEN = {"image", "signal", "X", "X_jets", "showers", "particle_features"}


def one_key_a_class(contents: Contents, options: Reading) -> JetFile:
    """The jets of label 0, then those of label 1.

    The keys are the names of the classes, in the order of ``class_names`` if they are among them; else a known
    background comes first, or they are in the order of the alphabet.
    """
    path, names = contents.path, _names(contents, options)
    shapes = [contents.rows(key).shape for key in names]
    if shapes[0][1:] != shapes[1][1:]:
        raise DataError(path, names[1], f"shape {shapes[1]}, expected images as those of {names[0]}, {shapes[0]}")
    counts = [contents.count(key, len(shapes[0])) for key in names]
    axis = channel_axis(shapes[0])
    height, width = (length for i, length in enumerate(shapes[0]) if i not in (0, axis))
    half_width = options.half_width or HALF_WIDTH
    said = "" if options.half_width else f"; images are taken to reach ±{half_width:g} in the raw frame"
    note(path, "", f"{names[0]} is taken for label 0 and {names[1]} for label 1{said}")

    def images(label: int, start: int, stop: int) -> np.ndarray:
        found = contents.read(names[label], start, stop)
        return found if axis is None else one_channel(found, options.channel, axis)

    units = units_of(path, images(0, 0, min(counts[0], LOOK)), None, options)
    build = image_builder(path, Grid.centred((height, width), half_width), names, options, units=units)

    def read(start: int, stop: int) -> JetImages:
        cut = min(max(counts[0], start), stop)
        parts = [images(0, start, cut)] if start < cut else []
        parts += [images(1, cut - counts[0], stop - counts[0])] if cut < stop else []
        label = (np.arange(start, stop) >= counts[0]).astype(np.int64)
        return build(np.concatenate(parts), label, {})

    return JetFile(sum(counts), read, block_rows(4 * height * width))


def _names(contents: Contents, options: Reading) -> tuple[str, str]:
    """The keys of label 0 and label 1."""
    first, second = sorted(contents.keys)
    lower = first.lower(), second.lower()
    if options.class_names and tuple(name.lower() for name in options.class_names) == lower[::-1]:
        return second, first
    if not options.class_names and lower[1] in [pair[0] for pair in CLASS_PAIRS]:
        return second, first
    return first, second


def _holds(contents: Contents) -> bool:
    if len(contents.keys) != 2 or _TAKEN & set(contents.keys):
        return False
    shapes = [contents.shape(key) for key in contents.keys]
    return all(len(shape) == 3 or channel_axis(shape) is not None for shape in shapes) and all(
        min(length for i, length in enumerate(shape) if i not in (0, channel_axis(shape))) >= FEWEST_PIXELS
        for shape in shapes)


FORMATS.add("one_key_a_class", Format("images, one key a class", _holds, one_key_a_class,
                                      "images of two classes under a key each"))
