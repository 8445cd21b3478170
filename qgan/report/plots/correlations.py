"""How observables hang together: correlations among real jets, among generated ones, and their difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ...data.jets import JetImages
from ...observables.arrays import observables
from ...observables.registry import measured
from .style import DIFFERENCE, SYMBOLS, class_title, named, new_figure, styled

_MOST = 10_000


def correlated() -> list[str]:
    """Every observable but the pixel mean, which is pT."""
    return [name for name in measured() if name != "pixel_mean"]


def correlations(images: np.ndarray, jets: JetImages, names: Sequence[str]) -> np.ndarray:
    """Pearson's correlation of observables of images (N, H, W), (len(names), len(names)); NaN for a constant one."""
    table = np.stack(list(observables(images, jets.grid, names=names).values()))
    spread = table.std(1, keepdims=True)
    # What differs by rounding alone is constant.
    constant = spread <= 1e-9 * np.maximum(np.abs(table.mean(1, keepdims=True)), 1e-30)
    scaled = (table - table.mean(1, keepdims=True)) / np.where(constant, np.nan, spread)
    return scaled @ scaled.T / table.shape[1]


def correlation_plot(real: JetImages, fakes: JetImages | Mapping[str, JetImages], label: int,
                     names: Sequence[str] | None = None) -> Figure:
    """One class, a row a generator: correlations of real jets, of generated ones, and generated − real.

    The number in the title is the root mean square of the differences off the diagonal. An observable that is the
    same in all jets has no correlation and is left white.
    """
    generators, names = named(fakes), names or correlated()
    of_real = correlations(real.only(label).images[:_MOST], real, names)
    others = {name: correlations(fake.only(label).images[:_MOST], real, names) for name, fake in generators.items()}
    with styled():
        figure = new_figure(11.0, 0.4 + 3.7 * len(others))
        axes = figure.subplots(len(others), 3, squeeze=False)
        for row, (name, matrix) in zip(axes, others.items(), strict=True):
            difference = matrix - of_real
            shown = _matrix(row[0], of_real, names, 1.0, f"{class_title(real, label)}, real", left=True)
            _matrix(row[1], matrix, names, 1.0, name)
            figure.colorbar(shown, ax=list(row[:2]), label="correlation", shrink=0.8)
            shown = _matrix(row[2], difference, names, 0.5, f"{name} $-$ real: rms {_rms(difference)}")
            figure.colorbar(shown, ax=row[2], label="difference", shrink=0.8, extend="both")
        return figure


def _matrix(axes: Axes, values: np.ndarray, names: Sequence[str], bound: float, title: str,
            left: bool = False) -> AxesImage:
    shown = axes.imshow(values, vmin=-bound, vmax=bound, cmap=DIFFERENCE, interpolation="nearest")
    ticks = range(len(names))
    symbols = [SYMBOLS.get(name, name) for name in names]
    axes.set_xticks(ticks, symbols, rotation=90)
    axes.set_yticks(ticks, symbols if left else [""] * len(names))
    axes.tick_params(length=0, labelsize=7)
    axes.set_title(title)
    return shown


def _rms(difference: np.ndarray) -> str:
    off = difference[~np.eye(len(difference), dtype=bool)]
    known = off[np.isfinite(off)]
    return f"{np.sqrt((known**2).mean()):.3f}" if len(known) else "unknown"
