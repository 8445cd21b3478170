"""What is said of jets when they are read: empty images, and jets that occur more than once."""

from __future__ import annotations

import numpy as np

from ..base.errors import DataError
from ..base.notes import note
from .jets import JetImages


def note_peculiar(jets: JetImages) -> JetImages:
    """The jets, after it was said how many of their images are empty and how many occur more than once."""
    filled = filled_images(jets)
    empty = len(jets) - int(filled.sum())
    if empty:
        note(jets.source, "image", f"{empty} of {len(jets)} images are empty (the first is jet "
                                   f"{int(np.argmin(filled))})")
    different = len(np.unique(fingerprints(jets)[filled]))
    if different < len(jets) - empty:
        copies = len(jets) - empty - different
        note(jets.source, "image", f"{copies} of {len(jets)} jets are copies of others, {different} are different; "
                                   "errors and floors take all for independent ones")
    return jets


def without_empty(jets: JetImages) -> JetImages:
    """The jets whose images hold something, with a note of how many were left out.

    Raises:
        DataError: no image holds anything.
    """
    filled = filled_images(jets)
    if filled.all():
        return jets
    if not filled.any():
        raise DataError(jets.source, "image", "all images are empty")
    note(jets.source, "image", f"{int((~filled).sum())} empty images are left out")
    return jets[filled]


def filled_images(jets: JetImages) -> np.ndarray:
    """(N,) bool: whether an image holds anything."""
    return np.asarray(jets.images.reshape(len(jets), -1).max(1, initial=0) > 0)


def fingerprints(jets: JetImages) -> np.ndarray:
    """(N,) uint64: the same for the same image."""
    flat = np.ascontiguousarray(jets.images, np.float32).view(np.uint32).reshape(len(jets), -1)
    weights = np.random.default_rng(0).integers(1, 2**63, flat.shape[1], np.uint64) | np.uint64(1)
    return np.concatenate([(block.astype(np.uint64) * weights).sum(1, dtype=np.uint64)
                           for block in np.array_split(flat, len(flat) // 1024 + 1)])

