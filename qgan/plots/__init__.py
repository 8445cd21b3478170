"""Pictures of an evaluation, each a function that returns a figure; ``save_plots`` writes them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from ..data.jets import JetImages
from ..errors import DataError
from ..io import atomic_path, check_output
from .closure import can_close, closure_plot
from .histograms import observable_histograms, pixel_spectrum
from .pictures import gallery, mean_images
from .style import to_pixels

__all__ = ["closure_plot", "figures", "gallery", "mean_images", "observable_histograms", "pixel_spectrum",
           "save_figure", "save_plots", "to_pixels"]


def figures(real: JetImages, fake: JetImages, seed: int = 0) -> Iterator[tuple[str, Figure]]:
    """Every picture with its name; closure only where both sides carry mass and pT."""
    yield "mean_images", mean_images(real, fake)
    yield "gallery", gallery(real, fake, seed=seed)
    yield "pixel_spectrum", pixel_spectrum(real, fake)
    for label in real.classes:
        if label in fake.classes:
            yield f"observables_{real.name(label)}", observable_histograms(real, fake, label)
    if can_close(real) and can_close(fake):
        yield "closure", closure_plot(real, fake)


def save_plots(real: JetImages, fake: JetImages, folder: str | Path, seed: int = 0,
               overwrite: bool = False) -> list[Path]:
    """Writes every picture as PNG into a folder, which is made if it does not exist.

    Raises:
        DataError: the jets differ in grid or frame, or a picture exists and ``overwrite`` is false.
    """
    for what in ("grid", "frame"):
        if getattr(real, what) != getattr(fake, what):
            raise DataError(fake.source, what, f"{getattr(fake, what)} differs from {getattr(real, what)} of "
                                               f"{real.source}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in figures(real, fake, seed):
        paths.append(folder / f"{name}.png")
        save_figure(figure, paths[-1], overwrite)
    return paths


def save_figure(figure: Figure, path: str | Path, overwrite: bool = True, dpi: int = 120) -> None:
    """Writes a figure as PNG, whole or not at all."""
    with atomic_path(check_output(path, overwrite)) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi)
