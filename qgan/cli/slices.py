"""``qgan slices``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.console import aligned
from ..base.kinds import Jets, Json, Overwrite, Pictures, Positive, Quiet, Seed
from ..data.reading import Reading
from .generate import Source

if TYPE_CHECKING:
    from ..studies.slices import Path as JetPath
    from ..studies.slices import Slice


def main(*, source: Source, reading: Reading, n: Positive = 5000, bins: Positive = 5,
         test: Sequence[Jets] | None = None, moved: Positive = 50, seed: Seed = 0, json: Json | None = None,
         plots: Pictures | None = None, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Say whether jets follow their conditions as real ones do.

    Observables in slices of eta, pT and mass, and images along small steps of each.

    Args:
        n: generated jets per class.
        bins: slices of each condition.
        test: held-out jets (default: the test jets that ship).
        moved: jets per class that are moved along each condition.
        seed: of the jets.

    Examples:
        qgan slices --model w_qcd --json slices.json --plots slices/
        qgan slices --run runs/w_qcd --n 5000 --bins 5
    """
    from ..base.io import write_json
    from ..studies.compare.judge import held_out, some_jets
    from ..studies.slices import paths, slices

    generator = source.open()
    real = held_out(generator, test and reading.of(test)).test
    found = slices(real, some_jets(generator, n, seed), bins)
    steps = list(paths(generator, jets=moved, seed=seed))
    if json:
        write_json(json, {"real": real.source, "n_per_class": n, "seed": seed,
                          "slices": [s.to_dict() for s in found], "paths": [p.to_dict() for p in steps]}, overwrite)
    if plots:
        from ..report.plots import save_figure
        from ..studies.slices.plot import slices_plot, strips_plot

        plots.mkdir(parents=True, exist_ok=True)
        for group in dict.fromkeys(s.group for s in found):
            save_figure(slices_plot(found, group), plots / f"slices_{group}.png", overwrite)
        save_figure(strips_plot(generator, steps), plots / "strips.png", overwrite)
    if not quiet:
        print(f"{_slices_table(found)}\n\n{_steps_table(steps)}")


def _slices_table(found: Sequence[Slice]) -> str:
    """A line for each class, condition and observable: the slices' means, real and generated."""
    rows = list[list[str]]()
    for key in dict.fromkeys((s.group, s.condition, s.observable) for s in found):
        mine = [s for s in found if (s.group, s.condition, s.observable) == key]
        w1, floor = (sum(getattr(s, name) for s in mine) / len(mine) for name in ("w1", "w1_floor"))
        rows.append([key[0], f"by {key[1]}", key[2], f"W1 {w1:.3f} ({floor:.3f})",
                     *(f"{s.real.mean:.3g} > {s.generated.mean:.3g}" for s in mine)])
    return ("means in slices, real > generated; W1 in standard deviations, mean of the slices (floor)\n"
            + aligned(rows, left=(0, 1, 2)))


def _steps_table(steps: Sequence[JetPath]) -> str:
    rows = [[path.group, path.condition, f"{path.values[0]:.3g} to {path.values[-1]:.3g} in "
             f"{len(path.values) - 1} steps: change {100 * path.changes.mean():.2f} % a step, at most "
             f"{100 * path.changes.max():.1f} %; halving {path.halving:.2f}, of the largest "
             f"{path.largest_halving:.2f}" + ", mirrored where it passes 0" * path.mirrored] for path in steps]
    return ("small steps of one condition; change of a step over that of one twice as long: 0.5 is straight, 1 jumps\n"
            + aligned(rows, left=(0, 1, 2)))
