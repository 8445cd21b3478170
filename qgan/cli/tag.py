"""``qgan tag``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..base.console import aligned
from ..base.kinds import Device, Folder, Jets, Json, Overwrite, Positive, Quiet, Seed, Share, Threads
from ..data.reading import Reading

if TYPE_CHECKING:
    from ..data.jets import JetImages
    from ..data.reading import Files
    from ..studies.tag import Figure, Tagged


def main(*, out: Folder, reading: Reading, data: Sequence[Jets] | None = None, test: Sequence[Jets] | None = None,
         pair: str = "w_qcd", taggers: Sequence[str] = ("trees", "resnet", "pt_sum", "nnz"),
         n: Sequence[Positive] = (), held_out: Share = 0.2, validation: Share = 0.1, seeds: Positive = 3,
         hardest: Positive | None = None, plugins: Sequence[str] = (), seed: Seed = 0, device: Device = "auto",
         threads: Threads | None = None, invariance: bool = False, json: Json | None = None, restart: bool = False,
         overwrite: Overwrite = False, quiet: Quiet = False) -> None:
    """Say how well taggers tell two classes of jets apart.

    Taggers see images, observables, or particles: those of a file of particles, else pixels as massless ones. Stopped
    at any moment, the same command goes on from there. A quantum tagger is compared, seed by seed, with those of its
    twins that are named beside it.

    Args:
        out: folder that the scores are kept in.
        data: jets to train on (default: the training jets that ship).
        test: jets to test on (default: the test jets that ship, or a share of --data).
        pair: which of the jets that ship, where no --data is given.
        taggers: which are trained, by name.
        n: numbers of training jets, one or several for a learning curve (default: all).
        held_out: share of --data to test on, where no --test is given.
        validation: share of the training jets that decides when to stop.
        seeds: trainings of each tagger.
        hardest: particles of a jet that taggers see at most, the hardest (default: all).
        plugins: Python files or modules that register taggers of your own.
        invariance: tell too how far scores move when jets are boosted, turned and mirrored.
        restart: drop what an earlier command left in the folder.

    Examples:
        qgan tag --taggers lorentznet-lite trees pt_sum --pair quark_gluon --n 5000 --out runs/tag
        qgan tag --taggers particlenet hardest_pt --data X.npz --half-width 0.4 --seeds 5 --out runs/particles
        qgan tag --taggers nearest trees --plugins nearest.py --out runs/mine
    """
    from ..base.devices import set_threads
    from ..base.interrupt import kept_if_interrupted
    from ..base.io import write_json
    from ..base.plugins import load_plugins
    from ..studies.tag import Plan, study
    from ..studies.tag.study import to_dict
    from ..studies.tag.twins import against_twins

    load_plugins(plugins)
    plan = Plan(tuple(dict.fromkeys(taggers)), tuple(sorted(set(n))), seeds, seed, device, validation, hardest)
    pool, tests = load(reading.of(data) if data else None, reading.of(test) if test else None, pair, held_out, seed)
    set_threads(threads or 0)
    with kept_if_interrupted(out):
        found = study(pool, tests, plan, out, restart=restart, quiet=quiet)
    if json:
        write_json(json, to_dict(found, plan, pool, tests), overwrite)
    if not quiet:
        print(f"{' against '.join(pool.class_names[::-1])}, {len(tests):,} test jets, {seeds} seeds\n{table(found)}")
        for one in against_twins(found):
            print(one)
        if invariance:
            print(f"\n{moves_table(found)}")


def load(data: Files | None, test: Files | None, shipped: str, share: float,
         seed: int) -> tuple[JetImages, JetImages]:
    """Jets to train on and jets to test on, with their particles where the files hold them."""
    from ..data import embedded_jets, read_jets
    from ..data.files import read_in_frame

    if not data:
        pool, tests = (embedded_jets(shipped, split) for split in ("train", "test"))
    else:
        pool = read_jets(data.with_particles)
        if not test:
            pool, tests = pool.split(seed, (1 - share, share))
    return pool, read_in_frame(test.with_particles, pool.frame) if test else tests


def table(found: Sequence[Tagged]) -> str:
    """A line for each tagger and number of training jets."""
    rows = [["", "jets", "AUC", "accuracy", "1/ε_B at 30 %", "at 50 %", "trained numbers", "angles", "ms a step"]]
    for one in found:
        told = one.figures
        step = "" if one.seconds is None else f"{1000 * one.seconds:.0f}"
        rows.append([one.tagger, f"{one.jets:,}", _pm(told.auc, 4), _pm(told.accuracy, 4), _pm(told.rejection_30, 1),
                     _pm(told.rejection_50, 1), f"{one.numbers:,}", f"{one.angles:,}" if one.angles else "", step])
    return aligned(rows, heads=1)


def moves_table(found: Sequence[Tagged]) -> str:
    """A line for each tagger and number of training jets, a column for each way to move jets."""
    names = list(dict.fromkeys(name for one in found for name in one.moves))
    rows = [["", "jets", *names]]
    rows += [[one.tagger, f"{one.jets:,}", *(f"{one.moves[name]:.3f}" if name in one.moves else "-" for name in names)]
             for one in found]
    return f"change of the scores' logit when jets are moved, in standard deviations of it\n{aligned(rows, heads=1)}"


def _pm(figure: Figure | None, digits: int) -> str:
    return f"{figure.value:.{digits}f} ± {figure.error:.{digits}f}" if figure else "-"
