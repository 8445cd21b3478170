"""``qgan hardware``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.console import aligned
from ..base.kinds import Jets, Json, Overwrite, Pictures, Positive, Probability, Quiet, Seed
from ..data.reading import Reading
from .generate import Source

if TYPE_CHECKING:
    from ..studies.hardware import HardwareStudy


def main(*, source: Source, reading: Reading, shots: Sequence[Positive] = (100, 1000, 10000, 100000),
         noise: Sequence[Probability] = (0, 0.001, 0.01), n: Positive = 1000, test: Sequence[Jets] | None = None,
         data: Sequence[Jets] | None = None, full: bool = False, seed: Seed = 0, json: Json | None = None,
         plots: Pictures | None = None, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Say what finite shots and noise do to the jets.

    Figures of a generator with probs or expval readout, or of one whose circuit makes the pixels, at every combination
    of shots and depolarising noise, and the exact ones.

    Args:
        shots: measurements a jet.
        noise: depolarising probability after each gate on each of its wires.
        n: jets per class at each point.
        test: held-out jets (default: the test jets that ship).
        data: training jets, for the floors.
        full: full evaluations, for more than 1,000 jets per class.
        seed: of jets, shots and evaluation.

    Examples:
        qgan hardware --run runs/w_qcd_probs --shots 100 1000 10000 100000 --noise 0 0.001 0.01 --plots hardware/
    """
    from ..base.io import write_json
    from ..studies.compare.judge import held_out
    from ..studies.hardware import study

    generator = source.open()
    real = held_out(generator, test and reading.of(test), data and reading.of(data))
    found = study(generator, real, shots=shots, noise=noise, n_per_class=n, seed=seed, quick=not full, quiet=quiet)
    if json:
        write_json(json, found.to_dict(), overwrite)
    if plots:
        from ..report.plots import save_figure
        from ..studies.hardware_plot import hardware_plot

        plots.mkdir(parents=True, exist_ok=True)
        save_figure(hardware_plot(found.to_dict()), plots / "hardware.png", overwrite)
    if not quiet:
        print(_table(found), "", *found.sentences(), sep="\n")


def _table(found: HardwareStudy) -> str:
    from ..studies.compare.headlines import followed

    return aligned([["shots", "noise", *(headline.title for headline in followed().values())], *(
        ["exact" if point.shots is None else f"{point.shots:,}", f"{point.noise:g}",
         *(f"{point.figures[name].value:.3g}" for name in followed())] for point in found.points)], left=())
