"""The CMS open-data quark/gluon images in HDF5: ``X_jets`` (N, 125, 125, 3), ``y``, and ``pt``, ``m0`` if present.

Channels are tracks, ECAL, HCAL; rows η, columns φ; one ECAL crystal a pixel. Source: Andrews et al., Nucl. Instrum.
Meth. A 977 (2020) 164304.
"""

from __future__ import annotations

import math

from ...base.errors import DataError
from ..contents import Contents
from ..foreign import CHANNELS, image_builder, one_channel
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format

SIZE = 125
#: 360 crystals make a full turn.
HALF_WIDTH = SIZE * math.pi / 360
CLASSES = ("gluon", "quark")


def cms_images(contents: Contents, options: Reading) -> JetFile:
    """The images of one channel, or the sum of all."""
    path = contents.path
    scalars = {name: key for name, key in (("pt", "pt"), ("mass", "m0")) if key in contents.keys}
    n = contents.count("X_jets", 4, ["y", *scalars.values()])
    height, width, channels = contents.shape("X_jets")[1:]
    if channels != len(CHANNELS):
        raise DataError(path, "X_jets", f"shape {contents.shape('X_jets')}, expected (N, {SIZE}, {SIZE}, 3)")
    build = image_builder(path, Grid.centred((height, width), options.half_width or HALF_WIDTH), CLASSES, options)

    def read(start: int, stop: int) -> JetImages:
        images = one_channel(contents.read("X_jets", start, stop), options.channel, axis=3)
        label = check_labels(contents.read("y", start, stop), path, "y")
        return build(images, label, {name: contents.read(key, start, stop) for name, key in scalars.items()})

    return JetFile(n, read, block_rows(4 * height * width * channels))


FORMATS.add("cms_images", Format("CMS quark/gluon images, HDF5", lambda contents: "X_jets" in contents.keys, cms_images,
                                 "X_jets and y"))
