"""``qgan evaluate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import Parser
from ..errors import DataError
from .options import add_quiet, positive

if TYPE_CHECKING:
    from ..data.jets import JetImages

EXAMPLES = """\
  qgan evaluate real.h5 fake.h5 --json report.json --plots plots/
  qgan evaluate fake.h5 --quick
"""


def build_parser() -> Parser:
    parser = Parser("qgan evaluate", "Compare generated jets with real ones. Every number comes with its error and "
                                     "with its floor: the same number between real jets and real jets.", EXAMPLES)
    parser.usage = "qgan evaluate [REAL] FAKE [options]"
    parser.add_argument("files", nargs="+", metavar="FILE", help="held-out real jets and generated jets; without REAL "
                                                                 "the test jets that ship are taken")
    parser.add_argument("--reference", nargs="+", metavar="FILE", help="the jets the generator was trained on: they "
                        "improve the floors and show what was memorised (default: what ships, if REAL is left out)")
    parser.add_argument("--n", type=positive, default=5000, help="most jets a class on each side (default: 5000)")
    parser.add_argument("--quick", action="store_true", help="fewer jets and draws, and no costly metrics")
    parser.add_argument("--seed", type=int, default=0, help="of the draws and splits (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write every number here")
    parser.add_argument("--plots", metavar="FOLDER", help="write pictures here")
    parser.add_argument("--overwrite", action="store_true", help="replace the JSON file and pictures that exist")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if len(arguments.files) > 2:
        parser.error(f"{len(arguments.files)} files, expected one of real and one of generated jets; "
                     "qgan merge makes one of several")
    from ..io import check_output, write_json

    if arguments.json:
        check_output(arguments.json, arguments.overwrite)
    if arguments.plots:
        check_folder(Path(arguments.plots), arguments.overwrite)
    real, fake, reference = load(arguments)
    from ..evaluation import evaluate
    from ..report import table

    evaluation = evaluate(real, fake, n_per_class=arguments.n, seed=arguments.seed, quick=arguments.quick,
                          reference=reference)
    if not arguments.quiet:
        print(table(evaluation))
    if arguments.json:
        write_json(arguments.json, evaluation.to_dict(), arguments.overwrite)
    if arguments.plots:
        from ..plots import save_plots

        save_plots(real, fake, arguments.plots, overwrite=arguments.overwrite)


def check_folder(path: Path, overwrite: bool) -> None:
    """Says before the work, not after it, that the pictures cannot be written."""
    if path.exists() and not path.is_dir():
        raise DataError(path, "", "is a file, expected a folder for the pictures")
    if any(path.glob("*.png")) and not overwrite:
        raise DataError(path, "", "holds pictures already; pass --overwrite to replace them")


def load(arguments: argparse.Namespace) -> tuple[JetImages, JetImages, JetImages | None]:
    """Real jets, generated jets, and training jets if there are any, on the pixels of the generated ones."""
    from ..data import embedded_jets, read_jets
    from ..data.convert import crop_to
    from ..data.shipped import SETS

    fake = read_jets(arguments.files[-1])
    reference = read_jets(arguments.reference, frame=fake.frame) if arguments.reference else None
    if len(arguments.files) == 2:
        real = read_jets(arguments.files[0], frame=fake.frame)
    else:
        shipped = next((name for name, pair in SETS.items() if pair == fake.class_names), None)
        if shipped is None:
            raise DataError(fake.source, "class_names", f"no {' and '.join(fake.class_names)} jets ship with the "
                                                        "package; give a file of real ones too")
        real, reference = embedded_jets(shipped, "test"), reference or embedded_jets(shipped, "train")
    return crop_to(real, fake.grid), fake, reference and crop_to(reference, fake.grid)
