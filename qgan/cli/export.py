"""``qgan export``."""

from __future__ import annotations

from ..base.console import Parser
from .options import add_quiet, positive

EXAMPLES = """\
  qgan export runs/w_qcd --name w_qcd
  qgan export runs/mine --name mine --out models/ --real held_out.h5 --reference train.h5
"""


def build_parser() -> Parser:
    parser = Parser("qgan export", "Measure the averaged generator of a run on held-out jets and write it as a model: "
                                   "NAME.safetensors and NAME.json, which qgan generate --model reads.", EXAMPLES)
    parser.add_argument("run", metavar="RUN", help="folder of a run, as made by qgan train")
    parser.add_argument("--name", required=True, help="of the model")
    parser.add_argument("--out", metavar="FOLDER", help="where the files go (default: into the package, to ship)")
    parser.add_argument("--real", nargs="+", metavar="FILE", help="held-out jets (default: the test jets that ship)")
    parser.add_argument("--reference", nargs="+", metavar="FILE", help="the jets it was trained on, for floors "
                                                                       "(default: the training jets that ship)")
    parser.add_argument("--n", type=positive, default=5000, help="jets a class that are judged (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the jets that are judged (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a short evaluation, for a try")
    parser.add_argument("--overwrite", action="store_true", help="replace a model of that name")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..sampling.pretrained import FOLDER, read_card
    from ..studies.export import export
    from .models import lines

    path = export(arguments.run, arguments.name, arguments.out or FOLDER, real=arguments.real,
                  reference=arguments.reference, n_per_class=arguments.n, seed=arguments.seed, quick=arguments.quick,
                  overwrite=arguments.overwrite)
    if not arguments.quiet:
        print("\n".join([f"{path}: {path.stat().st_size / 1e6:.1f} MB", *lines([read_card(path)])]))
