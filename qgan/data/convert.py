"""From one size of image to another. The pT is kept, unless pixels are cropped. (From particles: ``frames.py``.)"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..base.errors import DataError
from .grid import Grid
from .jets import JetImages


def crop(jets: JetImages, rows: tuple[int, int], columns: tuple[int, int]) -> JetImages:
    """``image[rows[0]:rows[1], columns[0]:columns[1]]``; the grid remembers where the pixels lie.

    Raises:
        DataError: the rows or columns are not inside the image.
    """
    for what, (start, stop), size in (("rows", rows, jets.grid.height), ("columns", columns, jets.grid.width)):
        if not 0 <= start < stop <= size:
            raise DataError(jets.source, "image", f"cannot crop {what} {start}:{stop} of {size}")
    images = np.ascontiguousarray(jets.images[:, rows[0]:rows[1], columns[0]:columns[1]])
    return replace(jets, images=images, grid=jets.grid.crop(rows, columns))


def centre_crop(jets: JetImages, size: int) -> JetImages:
    """The middle ``size`` × ``size`` pixels; where they cannot lie in the middle, half a pixel up and left of it."""
    spans = [((n - size) // 2, (n - size) // 2 + size) for n in jets.grid.shape]
    return crop(jets, spans[0], spans[1])


def crop_to(jets: JetImages, grid: Grid) -> JetImages:
    """The part of the images that ``grid`` covers, for comparison with jets that were cropped before.

    Raises:
        DataError: ``grid`` is no part of the images' grid.
    """
    if grid == jets.grid:
        return jets
    spans = []
    for n, (low, high), whole in ((grid.height, grid.eta_range, jets.grid.eta_range),
                                  (grid.width, grid.phi_range, jets.grid.phi_range)):
        start = round((low - whole[0]) * n / (high - low))
        spans.append((start, start + n))
    inside = all(start >= 0 and stop <= size for (start, stop), size in zip(spans, jets.grid.shape, strict=True))
    if not (inside and np.allclose([*jets.grid.crop(*spans).eta_range, *jets.grid.crop(*spans).phi_range],
                                   [*grid.eta_range, *grid.phi_range])):
        raise DataError(jets.source, "image", f"{jets.grid} has no part {grid}")
    return replace(crop(jets, *spans), grid=grid)


def resize(jets: JetImages, size: int) -> JetImages:
    """``size`` × ``size`` pixels over the same area (see :func:`resize_images`)."""
    grid = Grid(size, size, jets.grid.eta_range, jets.grid.phi_range)
    return jets if grid == jets.grid else replace(jets, images=resize_images(jets.images, size), grid=grid)


def resize_images(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) to (N, size, size) with every jet's pT kept.

    Whole blocks of pixels are summed where ``size`` divides H and W; else a pixel's pT is shared out by the area
    that it has in each new pixel.
    """
    n, height, width = images.shape
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    if height % size == 0 and width % size == 0:
        blocks = images.reshape(n, size, height // size, size, width // size)
        return blocks.sum((2, 4), dtype=np.float32)
    rows, columns = _overlap(height, size).astype(np.float32), _overlap(width, size).astype(np.float32)
    return np.matmul(np.matmul(rows, images), columns.T)


def _overlap(old: int, new: int) -> np.ndarray:
    """(new, old): the share of each old pixel that lies in each new one; columns sum to 1."""
    lower, upper = np.arange(new)[:, None] * old / new, (np.arange(new)[:, None] + 1) * old / new
    start = np.arange(old)[None, :]
    return np.clip(np.minimum(upper, start + 1) - np.maximum(lower, start), 0, None)
