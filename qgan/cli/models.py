"""``qgan models``."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from ..base.commands import Word
from ..base.console import aligned
from ..base.kinds import Quiet


def main(models: Sequence[Annotated[str, Word("MODEL")]] = (), *, as_json: bool = False,
         quiet: Quiet = False) -> None:
    """List the trained generators that ship.

    Each with what it reaches on held-out jets, value ± error (what real jets reach), and with all that can be asked of
    it, from the lowest to the highest training value.

    Args:
        models: some of them, or .safetensors files of others (default: all that ship).
        as_json: print all that is known of them, as JSON.
        quiet: only check that they can be read.

    Examples:
        qgan models
        qgan models w_qcd --as-json
    """
    from ..sampling.pretrained import shipped_models

    cards = [told(model) for model in models or shipped_models()]
    if not quiet:
        print(json.dumps(cards, indent=2) if as_json else
              "\n".join(lines(cards)) or "no model ships with this version")


def told(model: str | Path) -> dict[str, Any]:
    """The card of a model, and the range of all that can be asked of it."""
    from ..sampling.pretrained import load_model, read_card

    return {**read_card(model), "ranges": load_model(model).ranges}


def lines(cards: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A few lines a model that was :func:`told`: what it makes, what it was trained on, and its figures by class."""
    from ..studies.compare.headlines import compared, from_plain
    from ..studies.compare.text import measured, title

    for card in cards:
        yield (f"{card['name']}: {' and '.join(card['source']['class_names'])} jets, {card['weights_bytes'] / 1e6:.1f} "
               f"MB, {card['parameters']['generator']:,} parameters ({card['parameters']['quantum']:,} in the "
               f"circuit), {card['step']} steps on {card['trained_on']}")
        found = from_plain(card["quality"]["figures"])
        groups = [group for group in found if group != "all"]
        rows = [["", *groups]]
        for name in found["all"]:
            rows.append([title(name), *(measured(found[group][name], name) for group in groups)])
            if (headline := compared().get(name)) and headline.worst_of_classes:
                rows.append(["  which is that of", *(_observable(card, group, found[group][name].value)
                                                     for group in groups)])
        yield textwrap.indent(aligned(rows), "  ")
        asked = ", ".join(f"{name} {low:.4g}:{high:.4g}" for name, (low, high) in card["ranges"].items())
        yield textwrap.fill(f"can be asked for: {asked}", 110, initial_indent="  ", subsequent_indent="    ")
    if cards:
        yield "value ± error (what real jets reach); W1 [sd] in standard deviations of the real jets"


def _observable(card: dict[str, Any], group: str, value: float) -> str:
    """Whose number a figure is."""
    return str(next(row["observable"] for row in card["quality"]["rows"]
                    if row["class"] == group and row["value"] == value))
