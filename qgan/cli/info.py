"""``qgan info``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from ..base.commands import Word
from ..base.kinds import Quiet
from ..data.reading import Reading


def main(path: Annotated[Path, Word("FILE_OR_RUN", Path)], *, reading: Reading, as_json: bool = False,
         quiet: Quiet = False) -> None:
    """Say what is in a file of jets, a run or a model, and what W1 it reaches.

    Generated jets are compared with the test jets that ship, where they are of such classes and pixels.

    Args:
        path: file of jets, of any known format; folder of a run; name of a model that ships, or its .safetensors file.
        as_json: print it as JSON.
        quiet: only check that it can be read.

    Examples:
        qgan info fake.h5
        qgan info runs/w_qcd
        qgan info w_qcd
    """
    if path.is_dir():
        from ..runs.summary import run_summary

        summary = run_summary(path)
    elif is_model(path):
        from ..studies.about import model_summary

        summary = model_summary(path)
    else:
        from ..data import file_summary
        from ..studies.about import w1_of_file

        summary = file_summary(path, **reading.said)
        if not quiet and (reached := w1_of_file(path, **reading.said)):
            summary["W1 of the first jets: value ± error (what real jets reach)"] = reached
    if not quiet:
        print(json.dumps(summary, indent=2) if as_json else "\n".join(lines(summary)))


def is_model(path: Path) -> bool:
    """Whether a word names a model: one that ships where there is no such file."""
    if path.exists() or path.name != str(path):
        return path.suffix == ".safetensors"
    from ..sampling.pretrained import shipped_models

    return str(path) in shipped_models()


def lines(values: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Nested values as indented ``key: value`` lines."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{key}: {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_short, value))
    return str(value) if value not in ({}, None) else "-"
