"""Colours that colour-blind eyes tell apart, labels with units, and figures without global state."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...data.jets import JetImages

#: Real jets, and generators in the order they are given (Okabe and Ito).
REAL, FAKE = "#4D4D4D", "#D55E00"
GENERATORS = (FAKE, "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Colour maps: pixels are white where empty; differences are white at 0.
PIXELS, DIFFERENCE = "viridis", "PuOr_r"
LABELS = {
    "pt": r"image $p_T$ [GeV]", "mass": "image mass [GeV]",
    "delta_r_mean": r"mean of $p_T\,\Delta R$ over pixels [GeV]",
    "delta_r_std": r"std. dev. of $p_T\,\Delta R$ over pixels [GeV]", "width": r"width $\langle\Delta R\rangle$",
    "sigma_r": r"$\sigma_R$", "pixel_mean": "mean of pixels [GeV]", "pixel_std": "std. dev. of pixels [GeV]",
    "nnz": "pixels above 0.1 GeV", "ptd": r"$p_T D$", "leading_1": r"$p_T$ fraction, hardest pixel",
    "leading_2": r"$p_T$ fraction, 2 hardest pixels", "leading_3": r"$p_T$ fraction, 3 hardest pixels",
    "leading_5": r"$p_T$ fraction, 5 hardest pixels", "tau_1": r"$\tau_1$", "tau_21": r"$\tau_{21}$",
    "tau_32": r"$\tau_{32}$", "c2": r"$C_2^{(\beta=1)}$"}
#: The same in a few characters, for the axes of a matrix.
SYMBOLS = {
    "pt": "$p_T$", "mass": "$m$", "delta_r_mean": r"mean $p\,\Delta R$", "delta_r_std": r"std $p\,\Delta R$",
    "width": "width", "sigma_r": r"$\sigma_R$", "pixel_mean": "mean pixel", "pixel_std": "std pixel", "nnz": "pixels",
    "ptd": "$p_T D$", "leading_1": "hardest", "leading_2": "2 hardest", "leading_3": "3 hardest",
    "leading_5": "5 hardest", "tau_1": r"$\tau_1$", "tau_21": r"$\tau_{21}$", "tau_32": r"$\tau_{32}$",
    "c2": "$C_2$"}
CLASS_NAMES = {"w": "W", "qcd": "QCD", "qcd_jet": "QCD"}
_SETTINGS: Any = {"font.size": 9, "axes.titlesize": 10, "axes.labelsize": 9, "xtick.labelsize": 8, "ytick.labelsize": 8,
             "legend.fontsize": 8, "legend.frameon": False, "xtick.direction": "in", "ytick.direction": "in",
             "xtick.top": True, "ytick.right": True}


@contextmanager
def styled() -> Iterator[None]:
    """The settings of every figure here, for the time of making it."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def new_figure(width: float, height: float, arranged: bool = True) -> Figure:
    """A figure of inches that belongs to no window and no global state; ``arranged`` fits the axes to their labels."""
    figure = Figure(figsize=(width, height), layout="constrained" if arranged else None)
    FigureCanvasAgg(figure)
    return figure


def named(fakes: JetImages | Mapping[str, JetImages]) -> dict[str, JetImages]:
    """Generated jets by the name of their generator; those of one alone are called ``generated``."""
    return {"generated": fakes} if isinstance(fakes, JetImages) else dict(fakes)


def shared_classes(real: JetImages, fakes: Mapping[str, JetImages]) -> list[int]:
    """The labels that the real jets and every generator have."""
    return [c for c in real.classes if all(c in fake.classes for fake in fakes.values())]


def colour(index: int) -> str:
    """The colour of a generator."""
    return GENERATORS[index % len(GENERATORS)]


def to_png(figure: Figure, dpi: int = 120) -> bytes:
    """The figure as a PNG file; where its axes lie is settled by it."""
    stream = io.BytesIO()
    if engine := figure.get_layout_engine():
        # By itself savefig draws all a second time, unseen, to arrange it.
        figure.set_dpi(dpi)
        engine.execute(figure)
        figure.set_layout_engine("none")
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def class_title(jets: JetImages, label: int) -> str:
    """How a class is called in a title, e.g. ``W jets``."""
    name = jets.name(label)
    return f"{CLASS_NAMES.get(name, name)} jets"


def angle_axes(axes: Axes, jets: JetImages, left: bool = True, bottom: bool = True) -> None:
    """Labels of an image's axes; the canonical frame is rotated, so that its axes are no longer η and φ."""
    mark = "'" if jets.frame == "canonical" else ""
    if left:
        axes.set_ylabel(rf"$\Delta\eta{mark}$")
    else:
        axes.tick_params(labelleft=False)
    if bottom:
        axes.set_xlabel(rf"$\Delta\phi{mark}$")
    else:
        axes.tick_params(labelbottom=False)
