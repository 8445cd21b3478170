"""Images as images: means and their difference, and a gallery of single jets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ...base.seeding import numpy_rng
from ...data.jets import JetImages
from ...evaluation import Evaluation
from .numbers import compared, written
from .style import DIFFERENCE, PIXELS, angle_axes, class_title, named, new_figure, shared_classes, styled

#: Decades of pT shown below the hardest pixel of a mean image, and the faintest pixel of single jets, GeV.
_MEAN_DECADES = 4
FAINTEST = 0.05


def mean_images(real: JetImages, fakes: JetImages | Mapping[str, JetImages],
                evaluations: Mapping[str, Evaluation] | None = None) -> Figure:
    """For each class and generator the mean real image, the mean generated one, and their difference.

    All means of a class are on one scale; each difference has its own, so that small ones are seen beside large ones.

    Args:
        evaluations: of each generator, for the number above the difference.
    """
    generators = named(fakes)
    classes = shared_classes(real, generators)
    with styled():
        figure = new_figure(11.0, 0.2 + 3.0 * len(classes) * len(generators))
        axes = figure.subplots(len(classes) * len(generators), 3, squeeze=False)
        for i, label in enumerate(classes):
            rows = axes[i * len(generators):(i + 1) * len(generators)]
            told = {name: written((evaluations or {}).get(name), "mean_images", real.name(label)).get("", "")
                    for name in generators}
            _mean_rows(figure, rows, real, generators, label, told)
        if sizes := compared(evaluations, "mean_images", *(real.name(label) for label in classes)):
            figure.supxlabel(sizes, size="medium")
        return figure


def gallery(real: JetImages, fakes: JetImages | Mapping[str, JetImages], columns: int = 6, seed: int = 0) -> Figure:
    """Random jets of each class: a row of real ones above a row of each generator's, on one scale."""
    sides = {"real": real, **named(fakes)}
    rows = [(label, title, side) for label in shared_classes(real, sides) for title, side in sides.items()]
    with styled():
        figure = new_figure(1.55 * columns + 1.2, 1.55 * len(rows) + 0.6)
        axes = figure.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
        chosen = [_some(side, label, columns, seed, title) for label, title, side in rows]
        norm = LogNorm(FAINTEST, max(float(images.max(initial=1.0)) for images in chosen))
        for i, ((label, title, side), images) in enumerate(zip(rows, chosen, strict=True)):
            for j, panel in enumerate(axes[i]):
                if j >= len(images):
                    panel.set_axis_off()
                    continue
                shown = draw_image(panel, images[j], side, norm)
                angle_axes(panel, side, left=j == 0, bottom=i == len(rows) - 1)
            axes[i, 0].set_title(f"{class_title(side, label)}, {title}", loc="left")
        figure.colorbar(shown, ax=axes, label=r"pixel $p_T$ [GeV]", shrink=0.7, extend="min")
        return figure


def sheet(images: np.ndarray, limits: tuple[float, float], unit: str) -> Figure:
    """Images (N, H, W) side by side in a square of rows, on one logarithmic scale; empty pixels are white."""
    n, height, width = images.shape
    columns = int(np.ceil(np.sqrt(n)))
    tiles = np.full((-(-n // columns), columns, height + 1, width + 1), np.nan)
    # A grey line below and to the right of each image tells them apart.
    # A logarithm has no place for 0: below the faintest colour all is white.
    tiles.reshape(-1, height + 1, width + 1)[:n, :height, :width] = np.maximum(images, limits[0] / 10)
    picture = tiles.swapaxes(1, 2).reshape(len(tiles) * (height + 1), -1)[:-1, :-1]
    with styled():
        figure = new_figure(7.0, 6.0 * picture.shape[0] / picture.shape[1] + 0.2)
        axes = figure.subplots()
        colours = colormaps[PIXELS].with_extremes(bad="0.8", under="white")
        shown = axes.imshow(np.ma.masked_invalid(picture), norm=LogNorm(*limits), cmap=colours, interpolation="nearest")
        axes.set_axis_off()
        scale = figure.colorbar(shown, ax=axes, extend="both")
        # TensorBoard shows it at half its size.
        scale.set_label(f"pixel [{unit}]" if unit else "pixel", size=18)
        scale.ax.tick_params(labelsize=18)
        return figure


def draw_image(axes: Axes, image: np.ndarray, jets: JetImages, norm: Normalize, cmap: str = PIXELS) -> AxesImage:
    """One image (H, W) in its coordinates; empty pixels are white.

    Δη grows upwards in the raw frame. In the canonical frame rows grow downwards, as is usual there: the
    second subjet is below the first.
    """
    colours = colormaps[cmap].with_extremes(bad="white", under="white")
    upside_down = jets.frame == "canonical"
    low, high = jets.grid.eta_range
    extent = (*jets.grid.phi_range, *((high, low) if upside_down else (low, high)))
    masked = np.ma.masked_where(image == 0, image) if isinstance(norm, LogNorm) else image
    return axes.imshow(masked, origin="upper" if upside_down else "lower", extent=extent, norm=norm, cmap=colours,
                       interpolation="nearest", aspect="equal")


def _mean_rows(figure: Figure, rows: np.ndarray, real: JetImages, generators: Mapping[str, JetImages],
               label: int, told: Mapping[str, str]) -> None:
    """One class: ``rows`` of three axes, a row a generator, and the number of each."""
    of_real = real.only(label).images
    mean = of_real.mean(0, dtype=np.float64)
    others = {name: fake.only(label).images for name, fake in generators.items()}
    means = {name: images.mean(0, dtype=np.float64) for name, images in others.items()}
    top = max(float(m.max()) for m in (mean, *means.values()))
    norm = LogNorm(top / 10**_MEAN_DECADES, top)
    for row, (name, images) in zip(rows, others.items(), strict=True):
        for axes, shown, title, count in ((row[0], mean, "real", len(of_real)),
                                          (row[1], means[name], name, len(images))):
            drawn = draw_image(axes, shown, real, norm)
            axes.set_title(f"{class_title(real, label)}, mean of {count:,} {title}")
            figure.colorbar(drawn, ax=axes, label=r"mean $p_T$ [GeV]", extend="min", shrink=0.9)
        bound = max(top * 1e-3, float(np.abs(means[name] - mean).max()))
        drawn = draw_image(row[2], means[name] - mean, real, SymLogNorm(bound / 30, vmin=-bound, vmax=bound),
                           DIFFERENCE)
        decades = [10.0**k for k in range(-9, 6) if bound / 31 < 10.0**k <= bound]
        figure.colorbar(drawn, ax=row[2], label="difference [GeV]", shrink=0.9, format="%g",
                        ticks=[-d for d in decades[::-1]] + [0.0] + decades)
        row[2].set_title("\n".join(part for part in (rf"{name} $-$ real", told[name]) if part))
        for i, axes in enumerate(row):
            angle_axes(axes, real, left=i == 0)


def _some(jets: JetImages, label: int, n: int, seed: int, title: str) -> np.ndarray:
    images = jets.only(label).images
    return images[numpy_rng(seed, "gallery", title, label).permutation(len(images))[:n]]
