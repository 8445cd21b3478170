"""One HTML page that holds everything: style and pictures are in it, no script and nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from ..base.version import __version__
from ..evaluation import Evaluation
from ..evaluation.registry import in_order, listed
from .levels import LEVELS
from .names import generator_names
from .plots import CLASS_NAMES, Drawn, colour, to_png
from .tables import blocks, glance

#: Dots per inch of the pictures: sharp on a dense screen at the width of the page.
DPI = 120


@dataclass(frozen=True)
class Picture:
    """A figure as it stands in the page: PNG in base64, and its size in CSS pixels."""

    key: str
    title: str
    caption: str
    data: str
    width: int
    height: int


def picture(drawn: Drawn) -> Picture:
    """A figure, drawn."""
    width, height = (round(96 * inches) for inches in drawn.figure.get_size_inches())
    data = base64.b64encode(to_png(drawn.figure, DPI)).decode("ascii")
    return Picture(drawn.name, drawn.title, drawn.caption, data, width, height)


def page(evaluations: Mapping[str, Evaluation], pictures: Iterable[Picture]) -> str:
    """The page of one generator or of several, by name, all against the same real jets."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    here = files(__package__)
    template = environment.from_string((here / "page.html").read_text(encoding="utf-8"))
    groups = dict.fromkeys(group for evaluation in evaluations.values() for group in evaluation.groups)
    real = next(iter(evaluations.values())).real
    ordered = sorted(groups, key=lambda group: group == "all")
    return template.render(
        version=__version__, style=(here / "page.css").read_text(encoding="utf-8"), names=list(evaluations),
        colours=[colour(i) for i in range(len(evaluations))], real=real,
        real_name=" + ".join(generator_names(real.split(" + "))),
        classes=_sizes(evaluations), overview=glance(evaluations), levels=LEVELS,
        quantiles=listed([metric.name for metric in in_order() if metric.floor == "quantile"]),
        notes=dict.fromkeys(note for evaluation in evaluations.values() for note in evaluation.notes),
        groups=[{"name": group, "title": _title(group), "blocks": blocks(evaluations, group)} for group in ordered],
        pictures=list(pictures), settings=_settings(evaluations)) + "\n"


def _settings(evaluations: Mapping[str, Evaluation]) -> list[tuple[str, list[Any]]]:
    tables = [{"real jets": e.real, "generated jets": e.fake, **e.settings, "seconds": round(e.seconds, 1)}
              for e in evaluations.values()]
    keys = dict.fromkeys(key for table in tables for key in table)
    return [(key.replace("_", " "), [_plain(table.get(key)) for table in tables]) for key in keys]


def _plain(value: Any) -> Any:
    return "–" if value is None else {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _sizes(evaluations: Mapping[str, Evaluation]) -> str:
    """Jets a class that are compared: ``5,000 jets a class``."""
    sizes = sorted({e.settings["n_per_class"] for e in evaluations.values() if "n_per_class" in e.settings})
    return f"{' or '.join(f'{n:,}' for n in sizes)} jets a class on each side" if sizes else ""


def _title(group: str) -> str:
    return "all jets together" if group == "all" else f"{CLASS_NAMES.get(group, group)} jets"
