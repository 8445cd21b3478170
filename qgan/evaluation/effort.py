"""How much an evaluation computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ..base.devices import resolve_device
from ..taggers import TAGGERS
from .referee import SIZES

#: Jets a class on each side of a quick evaluation.
QUICK_JETS = 1000


@dataclass(frozen=True)
class Effort:
    """Attributes:
        n_per_class: most jets a class on each side.
        floors: real pairs for the floors.
        parts: disjoint parts for the errors, even; 0 for no errors.
        draws: subsamples per size in the Frechet distance.
        tree_repeats, tree_floors: splits of the two-sample test with trees, and real pairs for its floor.
        referee_sizes: training jets a side of the referees, ascending; those below the last one are the learning curve.
        referee_seeds, referee_floors: referees of the largest size, and with trees real pairs for their floor.
        referees: taggers by name that are referees beside the network on images and the trees.
        costly: whether energy flow, taggers on images and memorising are computed.
        device: where networks are trained.
        names: of the observables that are measured; None for all.
        together: whether two classes are compared as one, too.
        fewest: fewer jets a side than this and no metric is worth its name.
    """

    n_per_class: int
    floors: int = 20
    parts: int = 10
    draws: int = 20
    tree_repeats: int = 5
    tree_floors: int = 20
    referee_sizes: tuple[int, ...] = SIZES
    referee_seeds: int = 3
    referee_floors: int = 3
    referees: tuple[str, ...] = ()
    costly: bool = True
    device: str | torch.device = "cpu"
    names: tuple[str, ...] | None = None
    together: bool = True
    fewest: int = 50


def effort(n_per_class: int, quick: bool, referees: Sequence[str] = (), device: str = "cpu") -> Effort:
    """The usual effort, or a tenth of it.

    Raises:
        ConfigError: there is no such referee or device.
    """
    for name in referees:
        TAGGERS[name]
    usual = Effort(n_per_class, referees=tuple(referees), device=resolve_device(device))
    return usual if not quick else replace(usual, n_per_class=min(n_per_class, QUICK_JETS), draws=5, tree_repeats=2,
                                           tree_floors=5, referee_sizes=SIZES[:1], referee_seeds=1, referee_floors=1,
                                           costly=False)
