"""A study as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...base.console import aligned


def as_text(result: dict[str, Any]) -> str:
    """Aligned text of what :func:`~qgan.studies.augment.summary.summarise` gives."""
    lines: list[str] = []
    if result["taggers"]:
        lines += _taggers(result)
    if result["amplification"]:
        lines += _amplification(result)
    lines += [f"note: {note}" for note in result["notes"]]
    return "\n".join([*lines, *result["verdicts"]])


def _taggers(result: dict[str, Any]) -> Iterator[str]:
    rows, names = result["taggers"], list(dict.fromkeys(row["tagger"] for row in result["taggers"]))
    yield (f"AUC on {result['test_jets']:,} held-out jets, mean of {result['seeds']} seeds, and its gain over that of "
           f"real jets alone; {result['generated_per_real']} generated jets or copies for each real one; every network "
           f"takes {result['tagger_steps']} steps of {result['tagger_batch']} jets")
    lines = [["real jets", "trained on", *(cell for name in names for cell in (name, "gain"))]]
    for size in result["sizes"]:
        ways = dict.fromkeys(row["training"] for row in rows if row["size"] == size)
        for i, way in enumerate(ways):
            mine = {row["tagger"]: row for row in rows if row["size"] == size and row["training"] == way}
            more = any(row["saw_more_jets"] for row in mine.values())
            cells = [cell for row in mine.values() for cell in (_pm(row["auc"]), _pm(row["gain"], sign="+"))]
            lines.append([str(size) if i == 0 else "", way + " (saw more)" * more, *cells])
    yield aligned(lines, left=(1,)) + "\n"


def _amplification(result: dict[str, Any]) -> Iterator[str]:
    rows, sizes = result["amplification"], result["sizes"]
    yield ("real jets that infinitely many generated ones are worth, over those the generator was trained on; in "
           "brackets how")
    yield (f"many generated ones are worth as many ({result['bins']} quantile bins of each class; *: the generator is "
           f"told this; truth: {' and '.join(f'{n:,}' for n in result['truth_jets'])} held-out jets)")
    lines = [["", *(f"{size // 2} a class" for size in sizes)]]
    for group in result["classes"]:
        for name in dict.fromkeys(row["observable"] for row in rows):
            found = {row["size"]: row for row in rows if (row["class"], row["observable"]) == (group, name)}
            told = "*" if any(row["told"] for row in found.values()) else ""
            lines.append([f"{group} {name}{told}", *(_power(found[size]) if size in found else "-" for size in sizes)])
    yield aligned(lines) + "\n"


def _power(row: dict[str, Any]) -> str:
    factor = f"> {row['at_least']:.2g}" if row["factor"] is None else f"{row['factor']:.2f} ± {row['factor_error']:.2f}"
    if row["needed"] is not None:
        return f"{factor} [{row['needed']:,.0f} ± {row['needed_error']:,.0f}]"
    return f"{factor} [{'never' if row['ratio'] - 1 > 2 * row['ratio_error'] else '?'}]"


def _pm(values: dict[str, Any] | None, sign: str = "") -> str:
    return f"{values['value']:{sign}.4f} ± {values['error']:.4f}" if values else ""
