"""``qgan augment``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ..base.commands import Configured
from ..base.kinds import Folder, Jets, Json, Overwrite, Positive, Quiet, Run, Seed, Workers
from ..data.reading import Paths, Reading
from ..data.stores import NewJets
from ..runs.configuration import Configuration

if TYPE_CHECKING:
    from ..data.jets import JetImages

#: Share of a user's jets that is held out where no file of test jets is given.
HELD_OUT = 0.3


def main(*, out: Folder, configuration: Annotated[Configuration, Configured()], reading: Reading,
         data: Sequence[Jets] | None = None, test: Sequence[Jets] | None = None, run: Run | None = None,
         sizes: Sequence[Positive] = (250, 1000, 4000), seeds: Positive = 3, seed: Seed = 0,
         generated_per_real: Positive = 5, taggers: Sequence[str] = ("trees", "resnet"),
         no_taggers: bool = False, observables: Sequence[str] | None = None, no_amplification: bool = False,
         bins: Positive = 10, workers: Workers = 1, write: NewJets | None = None, json: Json | None = None,
         restart: bool = False, overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Say whether generated jets help to train a tagger, and how many real jets they are worth.

    The generator is trained on exactly the real jets that the tagger has. Stopped at any moment, the same command goes
    on from there.

    Args:
        out: where generators and scores are kept, and report.json and pictures are written.
        data: real jets to draw from (default: the training jets that ship).
        test: held-out real jets (default: the test jets that ship, or 30 % of --data).
        run: a trained generator to try too; it saw more jets, which the table says.
        sizes: numbers of real jets in all, half of each class.
        seeds: so many times with other jets, another generator and other taggers.
        seed: the first of them.
        generated_per_real: generated jets for each real one.
        taggers: which are trained, by name; the configuration's plugins may register more.
        no_taggers: leave out the taggers.
        observables: whose histograms are filled (default: mass pt width nnz ptd leading_1 tau_21 c2).
        no_amplification: leave out the statistical power of histograms.
        bins: of a histogram, quantiles.
        workers: generators and their taggers side by side, each in a process of one thread.
        write: write the real and the generated jets of the largest size here, marked by 'generated'.
        restart: drop what an earlier study left in the folder.

    Examples:
        qgan augment --out runs/augment --sizes 250 1000 --seeds 3 --steps 500 --batch-size 64
        qgan augment --out runs/augment --config w_qcd --steps 1500 --workers 4
        qgan augment --out runs/augment --run runs/w_qcd --write mixed.h5
        qgan augment --out runs/power --no-taggers --sizes 1000
    """
    from ..base.interrupt import kept_if_interrupted
    from ..base.io import write_json
    from ..studies.augment import StudyPlan, as_text, study, summarise
    from ..studies.augment.plan import WATCHED

    plan = StudyPlan(tuple(sorted(set(sizes))), seeds, seed, generated_per_real,
                () if no_taggers else tuple(dict.fromkeys(taggers)),
                () if no_amplification else tuple(observables or WATCHED), bins)
    pool, held_out = load(configuration, data and reading.of(data), test and reading.of(test), seed)
    with kept_if_interrupted(out):
        results = study(pool, held_out, configuration, plan, out, run=run, mixed=write, restart=restart,
                        overwrite=overwrite, workers=workers, quiet=quiet)
    result = summarise(results, plan, configuration, pool)
    for path in filter(None, (out / "report.json", json)):
        write_json(path, result)
    draw(result, out)
    if not quiet:
        print(as_text(result))


def load(configuration: Configuration, data: Paths | None, test: Paths | None, seed: int,
         ) -> tuple[JetImages, JetImages]:
    """Jets to draw from and jets to test on."""
    from ..data import embedded_jets, read_jets
    from ..data.files import read_in_frame
    from ..data.peculiar import without_empty
    from ..training.preparation import cropped

    if data:
        pool = without_empty(read_jets(data))
        if not test:
            pool, held_out = pool.split(seed, (1 - HELD_OUT, HELD_OUT))
    else:
        pool, held_out = (embedded_jets(configuration.data.jets, split, mixed=False) for split in ("train", "test"))
    if test:
        held_out = read_in_frame(test, pool.frame)
    return cropped(configuration.data, pool), cropped(configuration.data, held_out)


def draw(result: dict[str, Any], folder: Path) -> None:
    """The pictures of what was measured."""
    from ..report.plots import save_figure
    from ..studies.augment.plot import amplification_plot, tagger_plot

    for name, figure in (("taggers", tagger_plot), ("amplification", amplification_plot)):
        if result[name]:
            save_figure(figure(result), folder / f"{name}.png")
