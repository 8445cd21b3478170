"""What a file does not say is assumed, said, and held against what else it holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..base.errors import DataError
from ..base.notes import note
from .jets import JetImages
from .lit import image_mass
from .reading import Reading
from .units import PLAUSIBLE, UNITS, Units, scaled_to

#: Jets of a file that are looked at.
LOOK = 256
#: Between these the ratio of two quantities that should be alike may lie.
_ALIKE = (0.6, 1.6)


def single(value: Any) -> Any:
    """An attribute that was stored as a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def units_of(path: str, images: np.ndarray, pt: np.ndarray | None, options: Reading, said: Any = None,
             ours: bool = False) -> Units:
    """The units of a file's pixels: what the reader or the file says, or what the first images look like.

    Args:
        images: (N, H, W) of the file, the first of them.
        pt: (N,) jet pT of the same jets, where the file has it.
        said: what the file says of its units.
        ours: whether this package wrote the file, so that GeV need not be said.

    Raises:
        DataError: the file says something else than the reader, or nothing that is known.
    """
    if said is not None and said not in UNITS:
        raise DataError(path, "units", f"is {said!r}, expected one of {', '.join(UNITS)}")
    found = scaled_to(images)
    if ours and found is None:
        said = said or "GeV"
    if said is not None and options.units not in (None, said):
        raise DataError(path, "units", f"is {said}, {options.units} was asked for")
    if options.units in ("sum", "max") and images.max(initial=0) > 1.001:
        raise DataError(path, "units", f"{options.units} was asked for, but pixels reach {images.max():.4g}, "
                                       "expected at most 1")
    if said or options.units:
        return next(u for u in UNITS if u == (options.units or said))
    if found is not None:
        note(path, "units", f"each image {'adds up to 1' if found == 'sum' else 'has 1 as its largest pixel'}: its "
                            "pixels are taken for shares, and cuts in GeV are made at shares of the jet's pT "
                            "(units='GeV' or --units GeV says otherwise)")
        return found
    sums = images.sum((1, 2), dtype=np.float64)
    filled = sums > 0
    if not filled.any():
        return "GeV"
    median = float(np.median(sums[filled]))
    if pt is not None:
        alike = _alike(median, float(np.median(pt[filled])))
        problem = f"images add up to {median:.4g} in the middle where jet_pt is {np.median(pt[filled]):.4g}"
    else:
        alike = PLAUSIBLE[0] < median < PLAUSIBLE[1]
        problem = f"images add up to {median:.4g} in the middle, which is no jet's pT in GeV"
        if alike:
            note(path, "units", f"the file does not say them; GeV is assumed, since images add up to {median:.4g} in "
                                "the middle (units=... or --units says otherwise)")
    if not alike:
        note(path, "units", f"{problem}: they count as unknown, and cuts in GeV are made at shares of the jet's pT "
                            "(units=... or --units says what they are)")
    return "GeV" if alike else "unknown"


def check_assumed(jets: JetImages, what: str) -> None:
    """Says that frame, half-width and classes are those of ``what``, unless the jets' own masses say otherwise.

    Args:
        jets: some of the file.

    Raises:
        DataError: the images have another mass than the file's own ``jet_mass``.
    """
    reach = f"in the {jets.frame} frame and reach ±{jets.grid.half_width:g}"
    filled = jets.images.any((1, 2))
    if filled.any() and "mass" in jets.conditions and jets.units == "GeV":
        ours = float(np.median(image_mass(jets.images, jets.grid)[filled]))
        theirs = float(np.median(jets.conditions["mass"][filled]))
        if not _alike(ours, theirs):
            raise DataError(jets.source, "jet_mass", f"is {theirs:.1f} GeV in the middle, but images that are {reach}, "
                            f"as {what} has it, have {ours:.1f} GeV; say what they are with frame=..., half_width=... "
                            "and class_names=... (--frame, --half-width, --class-names in the shell)")
    note(jets.source, "", f"does not say what its images are: they are taken to be {reach}, of "
                          f"{' and '.join(jets.class_names)} jets, as {what} has it")


def _alike(a: float, b: float) -> bool:
    return b > 0 and _ALIKE[0] < a / b < _ALIKE[1]
