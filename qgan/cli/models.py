"""``qgan models``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..base.console import Parser

EXAMPLES = """\
  qgan models
  qgan models w_qcd --json
"""


def build_parser() -> Parser:
    parser = Parser("qgan models", "List the trained generators that ship, each with what it reaches on held-out jets: "
                                   "value ± error (what real jets reach).", EXAMPLES)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="some of them, or .safetensors files of others "
                                                                   "(default: all that ship)")
    parser.add_argument("--json", action="store_true", help="all that is known of them, as JSON")
    parser.add_argument("--quiet", action="store_true", help="only check that they can be read")
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..sampling.pretrained import load_model, read_card, shipped_models

    chosen = arguments.models or shipped_models()
    for model in chosen:
        load_model(model)
    cards = [read_card(model) for model in chosen]
    if arguments.quiet:
        return
    if arguments.json:
        print(json.dumps(cards, indent=2))
    else:
        print("\n".join(lines(cards)) or "no model ships with this version")


def lines(cards: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A few lines a model: what it makes, what it was trained on, and its figures by class."""
    from ..studies.compare.figures import compared, from_plain
    from ..studies.compare.text import measured, title

    for card in cards:
        yield (f"{card['name']}: {' and '.join(card['source']['class_names'])} jets, {card['weights_bytes'] / 1e6:.1f} "
               f"MB, {card['parameters']['generator']:,} parameters ({card['parameters']['quantum']} angles in the "
               f"circuit), {card['step']} steps on {card['trained_on']}")
        found = from_plain(card["quality"]["figures"])
        groups = [group for group in found if group != "all"]
        yield _line("", groups)
        for name in found["all"]:
            yield _line(title(name), [measured(found[group][name], name) for group in groups])
            if (headline := compared().get(name)) and headline.worst_of_classes:
                yield _line("  which is that of", [_observable(card, group, found[group][name].value)
                                                   for group in groups])
    if cards:
        yield "value ± error (what real jets reach); W1 [sd] in standard deviations of the real jets"


def _line(name: str, values: Sequence[str]) -> str:
    return f"  {name:24}" + "".join(f"{value:>27}" for value in values)


def _observable(card: dict[str, Any], group: str, value: float) -> str:
    """Whose number a figure is."""
    return str(next(row["observable"] for row in card["quality"]["rows"]
                    if row["class"] == group and row["value"] == value))
