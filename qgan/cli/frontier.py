"""``qgan frontier``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from ..base.commands import Configured
from ..base.console import aligned
from ..base.errors import ConfigError
from ..base.kinds import Folder, Json, Overwrite, Pictures, Positive, Quiet, Rate, Scheduler, Workers
from ..runs.configuration import Configuration, Pair

#: What GANs are trained by, where nothing else is said; jets and steps of fits are by default its own.
RECIPE = Path("frontier")


def main(*, out: Folder, recipe: Annotated[Configuration, Configured(lambda own: RECIPE)], pair: Pair | None = None,
         classes: Sequence[str] = ("w",),
         families: Sequence[str] = ("tree_fed", "tree_fed_measured", "tree", "iqp", "coordinates", "bits", "thin",
                                    "low_rank", "mean_image"),
         sizes: Sequence[Positive] = (100, 300, 1000, 3000), seeds: Positive = 3,
         steps: Positive | None = None, rates: Sequence[Rate] | None = None, gans: bool = False,
         n: Positive | None = None, quick: bool = False, workers: Workers = 1, scheduler: Scheduler | None = None,
         plugins: Sequence[str] = (), json: Json | None = None, plots: Pictures | None = None, restart: bool = False,
         overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Say at which size a circuit or a classical network is the better generator.

    Circuits, the twins that show what of them is quantum, and classical rivals are fitted to each pixel's share of the
    jet, given eight conditions, with the same inputs, steps and choice of rates, at several numbers of trained numbers;
    the KL divergence of test jets' shares from theirs is told. With --gans they are trained as whole GANs, of both
    classes together, all as one configuration says (by default frontier, of those that ship), and judged as by qgan
    evaluate. Stopped at any moment, the same command goes on; each result is a small file, so that the folder can go
    on to another machine.

    Args:
        out: folder that the results are kept in.
        pair: which of the jets that ship (default: w_qcd, of GANs those of the configuration).
        classes: of the pair, each by itself; GANs make all.
        families: networks of shares, by name.
        sizes: trained numbers; each family comes as near as it can.
        seeds: fits of each.
        steps: of each fit or training (default: 800, of GANs those of the configuration).
        rates: learning rates that are tried with the first seed; the best on validation jets is taken (default: 0.02
            0.05, of GANs 0.01 0.03 0.1).
        gans: whole GANs in the place of fits.
        n: jets per class that GANs are judged by, in a full evaluation (default: 1,000, in a quick one).
        quick: one seed, 300 steps, two sizes: for a look.
        plugins: Python files or modules that register networks of your own.
        restart: drop what an earlier command left in the folder.

    Examples:
        qgan frontier --quick --out runs/frontier
        qgan frontier --classes w qcd --sizes 550 --seeds 5 --workers 2 --out runs/550 --json 550.json
        qgan frontier --pair quark_gluon --classes gluon --plots plots/ --out runs/gluon
        qgan frontier --gans --config quark_gluon_small --sizes 300 550 --out runs/small
        qgan frontier --gans --sizes 1000 100000 --scheduler tcp://host:8786 --out runs/gans
    """
    from ..base.io import write_json
    from ..base.parsing import read_options
    from ..base.plugins import beside
    from ..report.plots import save_figure
    from ..studies.compare.run import Judging
    from ..studies.frontier import GanPlan, Plan, circuits_among, frontier_plot, study
    from ..studies.frontier import gans as trained
    from ..studies.frontier.text import rows, sentences, to_dict

    own = tuple(beside(plugins, "."))
    if quick:
        sizes, seeds, steps = (100, 550), 1, 300
    pair, steps = pair or recipe.data.jets, steps or recipe.steps
    families, sizes = tuple(dict.fromkeys(families)), tuple(sorted(set(sizes)))
    grid: dict[str, Any] = {"rates": tuple(dict.fromkeys(rates))} if rates else {}
    plan: Plan | GanPlan
    if gans:
        recipe = replace(recipe, steps=steps, plugins=[*recipe.plugins, *own], data=replace(recipe.data, jets=pair))
        plan = GanPlan(recipe, families, sizes, seeds, **grid)
        points = trained(plan, out, judging=Judging(n) if n else Judging(quick=True), workers=workers,
                         scheduler=scheduler, restart=restart, quiet=quiet)
        told, look = "Figures of GANs on test jets", {"title": "{}", "axis": ""}
    else:
        if recipe != read_options(Configuration, RECIPE):
            raise ConfigError("--config and its options are for GANs, expected --gans beside them")
        plan = Plan(pair, tuple(classes), families, sizes, seeds, steps, plugins=own, **grid)
        points = study(plan, out, workers=workers, scheduler=scheduler, restart=restart, quiet=quiet)
        told, look = "KL divergence of the shares of test jets, nats", {}
    circuits = circuits_among(families)
    if json:
        write_json(json, to_dict(points, plan, circuits), overwrite)
    if plots:
        plots.mkdir(parents=True, exist_ok=True)
        save_figure(frontier_plot(points, circuits, **look), plots / "frontier.png", overwrite)
    if not quiet:
        over = f"mean over {seeds} seeds ± its error" if seeds > 1 else "one seed"
        print(f"{told}: {over} (trained numbers)")
        print(aligned(rows(points), heads=2))
        for sentence in sentences(points, circuits):
            print(sentence)
