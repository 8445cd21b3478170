"""TensorBoard: scalars, jet images in colour, figures, histograms, text and hyper-parameters.

Floors are a run of their own beside the run that they belong to, under the same tags: so each is drawn in the chart of
its number, and all of them in one colour.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from ..base.errors import DataError
from ..runs.folder import FLOOR, event_files
from ..runs.recorders import Recorder
from .plots.pictures import sheet

#: Dots per inch of a figure.
_DPI = 80


class TensorBoardRecorder(Recorder):
    """Writes TensorBoard's event files.

    Args:
        folder: one run's folder.
        start: first step of this run: what an interrupted run recorded at this step or later is hidden.
        pixels: pixel of the faintest and of the brightest colour.
        unit: of the pixels.
    """

    def __init__(self, folder: str | Path, start: int = 0, pixels: tuple[float, float] = (0.1, 100.0),
                 unit: str = "GeV") -> None:
        self._folder, self._purge = Path(folder), start or None
        try:
            self._writer = SummaryWriter(str(folder), purge_step=self._purge)
        except UnicodeEncodeError as error:
            raise DataError(folder, "", "has a name that is no UTF-8, which TensorBoard cannot write to") from error
        self._floors: SummaryWriter | None = None
        self._pixels, self._unit = pixels, unit

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        for tag, value in values.items():
            kind, _, of = tag.partition("/")
            writer, name = (self._floor_writer(), of) if kind == FLOOR else (self._writer, tag)
            writer.add_scalar(name, float(value), step)

    def images(self, step: int, tag: str, images: np.ndarray) -> None:
        self.figure(step, tag, sheet(images, self._pixels, self._unit))

    def figure(self, step: int, tag: str, figure: Figure) -> None:
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
        # SummaryWriter.add_hparams would make a run of its own beside this one. The first summary would say which
        # options there are; without it TensorBoard looks at all runs, and shows first what differs between them.
        plain = {key: value if isinstance(value, bool | int | float | str) else str(value)
                 for key, value in options.items()}
        numbers = {key: float(value) for key, value in results.items()}
        for summary in hparams(plain, numbers)[1:]:
            self._writer._get_file_writer().add_summary(summary)

    def layout(self, pages: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self._writer.add_custom_scalars({page: {chart: ["Multiline", list(tags)] for chart, tags in charts.items()}
                                         for page, charts in pages.items()})

    def close(self) -> None:
        self._writer.close()
        if self._floors is not None:
            self._floors.close()

    def _floor_writer(self) -> SummaryWriter:
        if self._floors is None:
            self._floors = SummaryWriter(str(self._folder / FLOOR), purge_step=self._purge)
        return self._floors


def holds_events(folder: str | Path) -> bool:
    """Whether something was recorded in this folder."""
    return bool(event_files(Path(folder)))


def clear_events(folder: str | Path) -> None:
    """Removes what was recorded in a folder before: its points would stand beside the new ones."""
    for file in event_files(Path(folder)):
        file.unlink()
