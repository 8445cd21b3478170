"""A recorder that keeps what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qgan.runs.recorders import Recorder


class MemoryRecorder(Recorder):
    """Keeps everything in lists.

    Attributes:
        records: ``(kind, step, tag, value)`` in the order they came.
    """

    def __init__(self) -> None:
        self.records: list[tuple[str, int, str, Any]] = []

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self.records += [("scalar", step, tag, float(value)) for tag, value in values.items()]

    def images(self, step: int, tag: str, images: np.ndarray) -> None:
        self.records.append(("images", step, tag, np.array(images)))

    def figure(self, step: int, tag: str, figure: Any) -> None:
        self.records.append(("figure", step, tag, figure))

    def histograms(self, step: int, values: Mapping[str, np.ndarray]) -> None:
        self.records += [("histogram", step, tag, np.array(value)) for tag, value in values.items()]

    def text(self, step: int, tag: str, text: str) -> None:
        self.records.append(("text", step, tag, text))

    def layout(self, pages: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.records += [("layout", 0, page, dict(charts)) for page, charts in pages.items()]

    def hyperparameters(self, options: Mapping[str, Any], results: Mapping[str, float]) -> None:
        self.records += [("hyperparameter", 0, key, value) for key, value in options.items()]

    def curve(self, tag: str) -> list[tuple[int, float]]:
        """Step and value of one scalar."""
        return [(step, value) for kind, step, t, value in self.records if kind == "scalar" and t == tag]
