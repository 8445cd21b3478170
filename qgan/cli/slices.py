"""``qgan slices``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..base.console import Parser
from .options import add_quiet, add_source, check_pictures, open_source, positive

if TYPE_CHECKING:
    from ..studies.slices import Path as JetPath
    from ..studies.slices import Slice

EXAMPLES = """\
  qgan slices --model w_qcd --json slices.json --plots slices/
  qgan slices --run runs/w_qcd --n 5000 --bins 5
"""


def build_parser() -> Parser:
    parser = Parser("qgan slices", "Say whether generated jets follow their conditions as real ones do: observables in "
                                   "slices of eta, pT and mass, and images along small steps of each.", EXAMPLES)
    add_source(parser)
    parser.add_argument("--n", type=positive, default=5000, help="generated jets of each class (default: %(default)s)")
    parser.add_argument("--bins", type=positive, default=5, help="slices of each condition (default: %(default)s)")
    parser.add_argument("--real", nargs="+", metavar="FILE", help="held-out jets (default: the test jets that ship)")
    parser.add_argument("--jets", type=positive, default=50, help="jets moved along each condition (default: 50)")
    parser.add_argument("--seed", type=int, default=0, help="of the jets (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write every number here")
    parser.add_argument("--plots", metavar="FOLDER", help="write pictures here, as PNG")
    parser.add_argument("--overwrite", action="store_true", help="replace the JSON file and pictures that exist")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..base.io import check_output, write_json

    if arguments.json:
        check_output(arguments.json, arguments.overwrite)
    folder = Path(arguments.plots) if arguments.plots else None
    if folder is not None:
        check_pictures(folder, arguments.overwrite)
    from ..studies.compare.judge import held_out, some_jets
    from ..studies.slices import paths, slices

    source = open_source(arguments)
    real = held_out(source, arguments.real).test
    found = slices(real, some_jets(source, arguments.n, arguments.seed), arguments.bins)
    moved = list(paths(source, jets=arguments.jets, seed=arguments.seed))
    if arguments.json:
        write_json(arguments.json, {"real": real.source, "n_per_class": arguments.n, "seed": arguments.seed,
                                    "slices": [s.to_dict() for s in found], "paths": [p.to_dict() for p in moved]},
                   arguments.overwrite)
    if folder is not None:
        from ..report.plots import save_figure
        from ..studies.slices.plot import slices_plot, strips_plot

        folder.mkdir(parents=True, exist_ok=True)
        for group in dict.fromkeys(s.group for s in found):
            save_figure(slices_plot(found, group), folder / f"slices_{group}.png", arguments.overwrite)
        save_figure(strips_plot(source, moved), folder / "strips.png", arguments.overwrite)
    if not arguments.quiet:
        print("\n".join([*_slice_lines(found), "", *_path_lines(moved)]))


def _slice_lines(found: list[Slice]) -> list[str]:
    """A line for each class, condition and observable: the slices' means, real and generated."""
    lines = ["means in slices, real > generated; W1 in standard deviations, mean of the slices (floor)"]
    for key in dict.fromkeys((s.group, s.condition, s.observable) for s in found):
        mine = [s for s in found if (s.group, s.condition, s.observable) == key]
        means = "  ".join(f"{s.real.mean:.3g} > {s.generated.mean:.3g}" for s in mine)
        w1, floor = (sum(getattr(s, name) for s in mine) / len(mine) for name in ("w1", "w1_floor"))
        lines.append(f"{key[0]:8} by {key[1]:5} {key[2]:13} {means}   W1 {w1:.3f} ({floor:.3f})")
    return lines


def _path_lines(moved: list[JetPath]) -> list[str]:
    lines = ["small steps of one condition; change of a step over that of one twice as long: 0.5 is straight, 1 jumps"]
    for path in moved:
        lines.append(f"{path.group:8} {path.condition:5} {path.values[0]:.3g} to {path.values[-1]:.3g} in "
                     f"{len(path.values) - 1} steps: change {100 * path.changes.mean():.2f} % a step, at most "
                     f"{100 * path.changes.max():.1f} %; halving {path.halving:.2f}, of the largest "
                     f"{path.largest_halving:.2f}" + ", mirrored where it passes 0" * path.mirrored)
    return lines
