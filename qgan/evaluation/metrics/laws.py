"""Laws of a frame: what holds for every jet by the frame's definition, and the share of jets that break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ...data.frames import left_heavy
from ...data.grid import Grid
from ...observables import moments
from ..comparison import Comparison, Task, in_one_piece
from ..pairing import Pairing
from ..registry import Headline, Metric, register
from ..rows import Row

#: Share of the training jets that may lie further from the axis than what counts as far.
_RARE = 0.001
Broken = Callable[[np.ndarray], np.ndarray]


def measure(comparison: Comparison) -> Iterator[Task]:
    """Of each class; the value is the generated jets' share, the floor that of real jets."""
    yield in_one_piece(_rows, comparison)


def _rows(comparison: Comparison) -> Iterator[Row]:
    training = comparison.training
    for pairing in comparison.classes:
        like = None if training is None else training.images[
            training.label == comparison.real.class_names.index(pairing.name)]
        for law, broken in laws(comparison.real.frame, comparison.real.grid, like).items():
            yield _row(pairing, law, broken)


def laws(frame: str, grid: Grid, training: np.ndarray | None) -> dict[str, Broken]:
    """What says of images (N, H, W) which jets break a law, by its name.

    ``harder_half``: in the canonical frame the half on the right has the larger pT, where the images' middle is the
    frame's. ``reach``: no jet lights a pixel
    that none of the training jets (M, H, W) lights. ``centroid``: in the raw frame a jet's pT centroid lies on its
    axis, but for what its recombination and the pixels do to it: within what holds for 99.9 % of the training jets.
    """
    found: dict[str, Broken] = {}
    # A part of the image whose middle is another has other halves.
    if frame == "canonical" and abs(sum(grid.phi_range)) < 1e-6:
        found["harder_half"] = left_heavy
    if training is not None and len(training):
        unlit = np.asarray(~(training > 0).any(0))
        found["reach"] = partial(_out_of_reach, unlit=unlit)
        if frame == "raw":
            most = float(np.quantile(_off_axis(training, grid), 1 - _RARE))
            found["centroid"] = lambda images: _off_axis(images, grid) > most
    return found


def _out_of_reach(images: np.ndarray, unlit: np.ndarray) -> np.ndarray:
    return np.any((images > 0) & unlit, axis=(1, 2))


def _off_axis(images: np.ndarray, grid: Grid) -> np.ndarray:
    return moments.measure(images, grid)["centroid_r"]


def _worst(rows: list[Row]) -> Row:
    return max(rows, key=lambda row: row.value - (row.floor or 0.0))


def _row(pairing: Pairing, law: str, broken: Broken) -> Row:
    """Of all jets of both sides: what is rare needs many."""
    real = pairing.once(f"laws {law}", lambda: float(broken(pairing.real.images).mean()))
    share, n = float(broken(pairing.fake.images).mean()), len(pairing.fake)
    return Row(LAWS.name, law, pairing.name, share, float(np.sqrt(max(share * (1 - share), 1 / n) / n)), real, None,
               None, LAWS.unit, n)


LAWS = register(Metric(
    "laws", "share of jets that break a law of their frame", measure, best="floor", floor="real", ratio=False,
    place=235, by_observable=True,
    headlines=(Headline("laws_worst", "laws broken", observable=None, of=_worst,
                        percent=True, unit="%"),)))
