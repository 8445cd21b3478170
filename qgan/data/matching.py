"""Two sets of jets side by side: whether they can be compared, and which jets they share."""

from __future__ import annotations

import numpy as np

from ..base.errors import DataError
from ..base.notes import note
from .jets import JetImages, check_alike, paired
from .made import require_real
from .peculiar import filled_images, fingerprints


def matched(first: JetImages, other: JetImages) -> JetImages:
    """``other`` as it is compared with ``first``: with the same numbers for the classes of the same names.

    Raises:
        DataError: the two differ in grid, frame, units or the names of their classes.
    """
    check_alike(first, other, what=("grid", "frame", "units"))
    return paired(other, first.class_names, first.source)


def shared(first: JetImages, second: JetImages) -> int:
    """How many of the second set's jets are among the first's too, image by image; empty ones do not count."""
    return int(np.isin(fingerprints(second)[filled_images(second)], fingerprints(first)).sum())


def training_jets(test: JetImages, training: JetImages, allow_shared: bool = False) -> JetImages:
    """The jets that a generator was trained on, as they are compared with those it is tested on.

    Raises:
        DataError: the two cannot be compared, a generator made the training jets, or test jets are among them (unless
            that is allowed: then it is said).
    """
    check_disjoint(test, training, allow_shared, " (--allow-shared compares them all the same)")
    return matched(test, require_real(training))


def check_disjoint(test: JetImages, training: JetImages, allowed: bool = False, hint: str = "") -> None:
    """Refuses test jets that are among the training jets, or says how many there are where that is ``allowed``.

    Raises:
        DataError: there are some.
    """
    check_unseen(test, fingerprints(training), f"those of {training.source}", allowed, hint)


def check_unseen(test: JetImages, seen: np.ndarray, whose: str, allowed: bool = False, hint: str = "") -> None:
    """The same by the fingerprints (N,) of the training jets; ``whose`` says which they are.

    Raises:
        DataError: there are some.
    """
    common = int(np.isin(fingerprints(test)[filled_images(test)], seen).sum())
    if not common:
        return
    found = f"{common} of {len(test)} jets are among {whose}"
    if not allowed:
        raise DataError(test.source, "image", f"{found}: a test needs other jets than the training had{hint}")
    note(test.source, "image", found)


def copies(real: JetImages, generated: JetImages, training: JetImages | None = None) -> list[str]:
    """What is to be said of generated jets that are real ones: a line for each set that they are in."""
    lines = []
    for jets, what in ((real, "the real ones"), (training, "the training jets")):
        if jets is not None and (common := shared(jets, generated)):
            lines.append(f"{common} of {len(generated)} jets of {generated.source} are copies of {what} of "
                         f"{jets.source}.")
    return lines
