"""The folder of a report: ``report.json``, ``report.csv`` and ``report.html``, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.errors import DataError
from ..base.io import atomic_folder, write_json, write_text
from ..base.version import __version__
from ..data.jets import JetImages
from ..evaluation import Evaluation
from .csv import csv_text
from .page import page, picture
from .plots import figures

FILES = ("report.json", "report.csv", "report.html")


def check_report(folder: str | Path, overwrite: bool = False) -> Path:
    """The folder, once it is clear that a report may be written there.

    Raises:
        DataError: it is a file, has no folder above it, holds a report and ``overwrite`` is false, or holds
            anything else, which a new report would remove.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise DataError(folder, "", "is a file, expected a folder for the report")
    if not folder.parent.is_dir():
        raise DataError(folder, "", f"the folder {folder.parent} does not exist")
    found = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if found - set(FILES):
        raise DataError(folder, "", f"holds {sorted(found - set(FILES))[0]}, expected a new folder for the report")
    if found and not overwrite:
        raise DataError(folder, "", "holds a report already; pass --overwrite to replace it")
    return folder


def write_report(folder: str | Path, real: JetImages, fakes: Mapping[str, JetImages],
                 evaluations: Mapping[str, Evaluation], *, seed: int = 0, overwrite: bool = False) -> Path:
    """Writes JSON, CSV and the HTML page of one generator or several.

    Args:
        real: the jets that all were compared with.
        fakes: generated jets by the name of their generator.
        evaluations: what :func:`~qgan.evaluation.evaluate` said of each, by the same names.
        seed: which jets are in the gallery.

    Returns:
        The path of the page.

    Raises:
        DataError: see :func:`check_report`.
    """
    check_report(folder, overwrite)
    pictures = (picture(drawn) for drawn in figures(real, fakes, seed, evaluations))
    with atomic_folder(folder) as temporary:
        write_json(temporary / "report.json", to_dict(evaluations))
        write_text(temporary / "report.csv", csv_text(evaluations))
        write_text(temporary / "report.html", page(evaluations, pictures))
    return Path(folder) / "report.html"


def to_dict(evaluations: Mapping[str, Evaluation]) -> dict[str, Any]:
    """Plain values for JSON: an entry a generator, in order."""
    return {"qgan": __version__,
            "generators": [{"name": name, **evaluation.to_dict()} for name, evaluation in evaluations.items()]}
