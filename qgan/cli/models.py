"""``qgan models``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..console import Parser

EXAMPLES = """\
  qgan models
  qgan models w_qcd --json
"""


def build_parser() -> Parser:
    parser = Parser("qgan models", "List the trained generators that ship, each with what it reaches on held-out jets: "
                                   "value +- error (what real jets reach).", EXAMPLES)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="some of them, or .safetensors files of others "
                                                                   "(default: all that ship)")
    parser.add_argument("--json", action="store_true", help="all that is known of them, as JSON")
    parser.add_argument("--quiet", action="store_true", help="only check that they can be read")
    return parser


def main(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    from ..pretrained import load_model, read_card, shipped_models

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
    from ..comparison.figures import TITLES, from_plain

    for card in cards:
        yield (f"{card['name']}: {' and '.join(card['source']['class_names'])} jets, {card['weights_bytes'] / 1e6:.1f} "
               f"MB, {card['parameters']['generator']:,} parameters ({card['parameters']['quantum']} angles in the "
               f"circuit), {card['step']} steps on {card['trained_on']}")
        found = from_plain(card["quality"]["figures"])
        for name in found["all"]:
            values = [f"{group} {_text(*found[group][name])}" for group in found if group != "all"]
            yield f"  {TITLES.get(name, name):16} {'   '.join(values)}"


def _text(value: float, error: float | None, floor: float | None) -> str:
    text = f"{value:.3g}" + (f" +- {error:.1g}" if error is not None else "")
    return text + (f" ({floor:.2g})" if floor is not None else "")
