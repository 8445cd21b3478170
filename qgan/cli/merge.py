"""``qgan merge``."""

from __future__ import annotations

from ..base.console import Parser
from .options import add_output, add_quiet

EXAMPLES = "  qgan merge w.h5 qcd.h5 --out jets.h5\n"


def build_parser() -> Parser:
    parser = Parser("qgan merge", "Put the jets of several files into one, block by block.", EXAMPLES)
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of jets with the same pixels and frame")
    add_output(parser, "HDF5 file to write")
    add_quiet(parser)
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..data.merging import merge

    n = merge(arguments.files, arguments.out, overwrite=arguments.overwrite)
    if not arguments.quiet:
        print(f"{arguments.out}: {n} jets")
