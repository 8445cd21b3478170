"""TensorBoard: scalars, jet images in colour, figures, histograms, text and hyper-parameters."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from ..runs.recorders import Recorder

#: Black, violet, orange, white in even steps; TensorBoard's own greys leave all but the hardest pixels black.
_COLOURS = np.array([(0, 0, 0), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 196)])
#: Zoom of a pixel in the pictures.
_ZOOM = 4
_EVENTS = "events.out.tfevents.*"
#: Dots per inch of a figure.
_DPI = 80


class TensorBoardRecorder(Recorder):
    """Writes TensorBoard's event files.

    Args:
        folder: one run's folder.
        start: first step of this run: what an interrupted run recorded at this step or later is hidden.
        pt_range: pixel pT of the darkest and the brightest colour, GeV.
    """

    def __init__(self, folder: str | Path, start: int = 0, pt_range: tuple[float, float] = (0.1, 100.0)) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=start or None)
        self._pt_range = pt_range

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        for tag, value in values.items():
            self._writer.add_scalar(tag, float(value), step)

    def images(self, step: int, tag: str, images: np.ndarray) -> None:
        self._writer.add_image(tag, mosaic(images, self._pt_range), step, dataformats="HWC")

    def figure(self, step: int, tag: str, figure: Any) -> None:
        # SummaryWriter.add_figure loads pyplot, which takes seconds and keeps global state.
        stream = io.BytesIO()
        figure.savefig(stream, format="rgba", dpi=_DPI)
        width, height = (int(_DPI * inches) for inches in figure.get_size_inches())
        pixels = np.frombuffer(stream.getvalue(), np.uint8).reshape(height, width, 4)
        self._writer.add_image(tag, pixels[..., :3], step, dataformats="HWC")

    def histograms(self, step: int, values: Mapping[str, np.ndarray]) -> None:
        for tag, value in values.items():
            self._writer.add_histogram(tag, np.asarray(value).ravel(), step)

    def text(self, step: int, tag: str, text: str) -> None:
        self._writer.add_text(tag, text, step)

    def hyperparameters(self, options: Mapping[str, Any], results: Mapping[str, float]) -> None:
        # SummaryWriter.add_hparams would make a run of its own beside this one.
        plain = {key: value if isinstance(value, bool | int | float | str) else str(value)
                 for key, value in options.items()}
        numbers = {key: float(value) for key, value in results.items()}
        for summary in hparams(plain, numbers):
            self._writer._get_file_writer().add_summary(summary)
        self.scalars(0, numbers)

    def layout(self, pages: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._writer.add_custom_scalars({page: {chart: ["Multiline", list(tags)] for chart, tags in charts.items()}
                                         for page, charts in pages.items()})

    def close(self) -> None:
        self._writer.close()


def holds_events(folder: str | Path) -> bool:
    """Whether something was recorded in this folder."""
    return any(Path(folder).glob(_EVENTS))


def clear_events(folder: str | Path) -> None:
    """Removes what was recorded in a folder before: its points would stand beside the new ones."""
    for file in Path(folder).glob(_EVENTS):
        file.unlink()


def mosaic(images: np.ndarray, pt_range: tuple[float, float] = (0.1, 100.0)) -> np.ndarray:
    """Jet images (N, H, W), GeV, side by side in a square of rows, log-scaled and coloured: (.., .., 3) uint8."""
    n, height, width = images.shape
    columns = int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    coloured = colours(images, pt_range).repeat(_ZOOM, 1).repeat(_ZOOM, 2)
    # A light line below and to the right of each image tells them apart.
    tile_height, tile_width = height * _ZOOM + 1, width * _ZOOM + 1
    picture = np.full((rows * tile_height, columns * tile_width, 3), 128, np.uint8)
    for i, image in enumerate(coloured):
        top, left = i // columns * tile_height, i % columns * tile_width
        picture[top:top + tile_height - 1, left:left + tile_width - 1] = image
    return picture


def colours(images: np.ndarray, pt_range: tuple[float, float]) -> np.ndarray:
    """Pixels in GeV, any shape, to (..., 3) uint8: black at the lower end and below, bright at the upper."""
    low, high = pt_range
    share = np.log(np.clip(images, low, high) / low) / np.log(high / low)
    stops = np.linspace(0, 1, len(_COLOURS))
    return np.stack([np.interp(share, stops, _COLOURS[:, c]) for c in range(3)], axis=-1).round().astype(np.uint8)
