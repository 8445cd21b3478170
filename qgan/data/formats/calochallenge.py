"""CaloChallenge: ``showers`` (N, voxels) and ``incident_energies`` (N, 1), in MeV.

Source: Krause et al., arXiv:2410.21611. A shower's voxels are layers, angles and radii around the particle's axis. The
layers are added up, and each voxel's energy is spread evenly over the pixels that its sector of a ring covers: rows and
columns reach over the shower's radius, which counts as ``half_width``, 1 if it is not given. ``pt`` is the incident
energy, in GeV. Data sets 2 and 3 are read; the layers of data set 1 are divided each in another way.

Written, ``showers`` are the images row by row, one layer, and ``incident_energies`` the jets' pT (that of the image
where the jets have no other). All else that a native file holds is there too, so that the same images are read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from ...base.errors import DataError
from ..contents import Contents, Rows
from ..foreign import image_builder
from ..grid import Grid
from ..jets import UNNAMED, JetImages
from ..labels import check_labels, labels_of
from ..layout import LABELS, PIXELS, grid_of, written_here
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format
from .native import native

SHOWERS, ENERGIES = "showers", "incident_energies"
#: Layers, angles and radii (of one width) by the number of voxels.
VOXELS = {6480: (45, 16, 9), 40500: (45, 50, 18)}
SIZE, MEV = 25, 1000.0
#: Points a side by which a pixel is shared among voxels.
_POINTS = 20


def calochallenge(contents: Contents, options: Reading) -> JetFile:
    """Showers, their layers added up, as images around the particle's axis.

    Raises:
        DataError: another number of voxels, or of energies.
    """
    if written_here(contents.attributes):
        return native(_as_native(contents), options)
    path, n = contents.path, contents.count(SHOWERS, 2)
    voxels = contents.rows(SHOWERS).shape[1]
    if voxels not in VOXELS:
        raise DataError(path, SHOWERS, f"holds {voxels} voxels a shower, expected {' or '.join(map(str, VOXELS))}, as "
                                       "data sets 2 and 3 of the CaloChallenge do")
    if contents.rows(ENERGIES).shape != (n, 1):
        raise DataError(path, ENERGIES, f"shape {contents.shape(ENERGIES)}, expected ({n}, 1)")
    grid = Grid.square(SIZE, options.half_width or 1.0)
    labels = np.zeros(n, np.int64) if options.labels is None else labels_of(options, path, n)
    build = image_builder(path, grid, UNNAMED, options)
    layers, angles, radii = VOXELS[voxels]

    def read(start: int, stop: int) -> JetImages:
        energy = contents.read(SHOWERS, start, stop).reshape(-1, layers, angles * radii).sum(1, dtype=np.float64)
        images = (energy @ sectors(angles, radii, SIZE) / MEV).astype(np.float32).reshape(-1, *grid.shape)
        pt = contents.read(ENERGIES, start, stop)[:, 0] / np.float32(MEV)
        return build(images, check_labels(labels[start:stop], path, LABELS), {"pt": pt})

    return JetFile(n, read, block_rows(12 * voxels))


@cache
def sectors(angles: int, radii: int, size: int) -> np.ndarray:
    """(angles · radii, size · size): the share of each sector of a ring that lies in each pixel; rows add up to 1.

    Angles are counted from −π, radii from the middle; the outermost circle touches the sides of the image.
    """
    side = (np.arange(size * _POINTS) + 0.5) / (size * _POINTS / 2) - 1
    y, x = np.meshgrid(side, side, indexing="ij")
    radius = (np.hypot(y, x) * radii).astype(np.int64)
    angle = np.minimum(((np.arctan2(y, x) / np.pi + 1) / 2 * angles).astype(np.int64), angles - 1)
    pixel = (np.arange(size * _POINTS) // _POINTS)[:, None] * size + np.arange(size * _POINTS) // _POINTS
    inside = radius < radii
    shares = np.zeros((angles * radii, size * size))
    np.add.at(shares, ((angle * radii + radius)[inside], pixel[inside]), 1.0)
    return np.asarray(shares / shares.sum(1, keepdims=True))


def laid_out(rows: Mapping[str, np.ndarray], like: JetImages) -> dict[str, np.ndarray]:
    """Native arrays as those of the challenge.

    Raises:
        DataError: the pixels are not in GeV.
    """
    if like.units != "GeV":
        raise DataError(like.source, "units", f"is {like.units}, expected GeV")
    showers = rows["image"].reshape(len(rows["image"]), like.grid.height * like.grid.width) * np.float32(MEV)
    energies = rows.get("jet_pt", rows["image"].sum((1, 2))) * np.float32(MEV)
    rest = {key: values for key, values in rows.items() if key not in ("image", "signal")}
    return {SHOWERS: showers, ENERGIES: energies[:, None], LABELS: rows["signal"], **rest}


def _as_native(contents: Contents) -> Contents:
    """What was written here, with the arrays of the native layout."""
    showers, shape = contents.rows(SHOWERS), grid_of(contents).shape
    if showers.shape[1:] != (shape[0] * shape[1],):
        raise DataError(contents.path, SHOWERS, f"shape {showers.shape}, expected those of {PIXELS} {shape}")

    def images(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        return (showers.read(start, stop, np.float32) / np.float32(MEV)).reshape(-1, *shape).astype(dtype)

    rest = {key: contents.rows(key) for key in contents.keys if key not in (SHOWERS, ENERGIES, LABELS)}
    return contents.seen_as({"image": Rows((showers.shape[0], *shape), images, np.dtype(np.float32)),
                             "signal": contents.rows(LABELS), **rest})


FORMATS.add("calochallenge", Format("CaloChallenge", lambda contents: {SHOWERS, ENERGIES} <= set(contents.keys),
                                    calochallenge, "showers and incident_energies", laid_out))
