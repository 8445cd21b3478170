"""Recorders: what is recorded can be read back, and a resumed run leaves one curve."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from memory_recorder import MemoryRecorder
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from qgan.base.errors import DataError
from qgan.report.plots.pictures import sheet
from qgan.report.tensorboard import TensorBoardRecorder
from qgan.runs.recorders import JsonLinesRecorder, Recorder, SeveralRecorders, read_log


def jets(n: int = 5) -> np.ndarray:
    return np.random.default_rng(0).exponential(5.0, (n, 9, 9)).astype(np.float32)


def events(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, "tensors": 0})
    return accumulator.Reload()


def test_memory() -> None:
    recorder = MemoryRecorder()
    with recorder:
        for step in (1, 2):
            recorder.scalars(step, {"loss/total": 0.5 * step, "loss/bce": 1.0})
        recorder.images(2, "real", jets())
    assert recorder.curve("loss/total") == [(1, 0.5), (2, 1.0)]
    assert [r[:3] for r in recorder.records][-1] == ("images", 2, "real")


def test_several_are_all_told(tmp_path: Path) -> None:
    one, other = MemoryRecorder(), MemoryRecorder()
    closed: list[object] = []
    one.close = other.close = lambda: closed.append(1)  # type: ignore[method-assign]
    with SeveralRecorders([one, other]) as recorder:
        record_everything(recorder)
        recorder.layout({"quality": {"loss": ["loss/total"]}})
    assert len(one.records) == len(other.records) == 7
    assert {kind for kind, *_ in one.records} == {
        "scalar", "images", "figure", "histogram", "text", "hyperparameter", "layout"}
    assert len(closed) == 2


def record_everything(recorder: Recorder) -> None:
    figure = Figure()
    figure.subplots().plot([0, 1])
    recorder.scalars(3, {"loss/total": 0.25})
    recorder.images(3, "images/real", jets())
    recorder.figure(3, "plots/mass", figure)
    recorder.histograms(3, {"observables/mass": np.arange(100.0)})
    recorder.text(3, "configuration", "seed: 1")
    recorder.hyperparameters({"seed": 1}, {"final/w1": 0.1})


def test_tensorboard_keeps_everything_in_one_run(tmp_path: Path) -> None:
    with TensorBoardRecorder(tmp_path) as recorder:
        record_everything(recorder)
        recorder.layout({"quality": {"loss": ["loss/total"]}})
    read = events(tmp_path)
    tags = read.Tags()
    assert [(e.step, e.value) for e in read.Scalars("loss/total")] == [(3, 0.25)]
    assert set(tags["images"]) == {"images/real", "plots/mass"}
    assert tags["histograms"] == ["observables/mass"]
    assert "configuration/text_summary" in tags["tensors"]
    # A sub-folder would be a run of its own in TensorBoard's list.
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]


def test_a_floor_is_drawn_in_the_chart_of_its_number(tmp_path: Path) -> None:
    """Under the same tag, in a run of its own beside the other."""
    with TensorBoardRecorder(tmp_path) as recorder:
        recorder.scalars(1, {"quality/w1/w/pt": 0.2, "floor/quality/w1/w/pt": 0.1})
    for folder, value in ((tmp_path, 0.2), (tmp_path / "floor", 0.1)):
        read = events(folder)
        assert read.Tags()["scalars"] == ["quality/w1/w/pt"]
        assert read.Scalars("quality/w1/w/pt")[0].value == pytest.approx(value)


def test_resumed_curves_do_not_double(tmp_path: Path) -> None:
    with TensorBoardRecorder(tmp_path) as recorder:
        for step in range(10):
            recorder.scalars(step, {"loss": float(step)})
    with TensorBoardRecorder(tmp_path, start=6) as recorder:
        for step in range(6, 12):
            recorder.scalars(step, {"loss": -float(step)})
    curve = [(e.step, e.value) for e in events(tmp_path).Scalars("loss")]
    assert curve == [(s, float(s)) for s in range(6)] + [(s, -float(s)) for s in range(6, 12)]


def test_log_lines_and_resuming(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with JsonLinesRecorder(path) as log:
        for step in range(4):
            log.scalars(step, {"loss": float(step), "rate": math.nan})
    assert read_log(path)[1] == {"step": 1, "loss": 1.0, "rate": None}
    with path.open("a") as stream:
        stream.write('{"step": 4, "lo')  # a kill in the middle of a line
    with JsonLinesRecorder(path, start=2) as log:
        log.scalars(2, {"loss": -2.0})
    assert [(r["step"], r["loss"]) for r in read_log(path)] == [(0, 0.0), (1, 1.0), (2, -2.0)]
    json.loads(path.read_text().splitlines()[0])


def test_a_new_run_starts_a_new_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    JsonLinesRecorder(path).scalars(5, {"loss": 1.0})
    JsonLinesRecorder(path).scalars(0, {"loss": 2.0})
    assert read_log(path) == [{"step": 0, "loss": 2.0}]


def test_bad_logs(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 0}\n[1]\n{"step": 2}\n')
    with pytest.raises(DataError, match=r"log\.jsonl: line 2: is no record, expected a JSON object with a step"):
        read_log(path)
    with pytest.raises(DataError, match="nowhere"):
        JsonLinesRecorder(tmp_path / "nowhere" / "log.jsonl")


def test_a_sheet_holds_every_image_on_one_scale() -> None:
    images = np.zeros((5, 6, 8), np.float32)
    images[:, 2, 3] = 100.0, 10.0, 1.0, 0.3, 0.05
    figure = sheet(images, (0.1, 100.0), "GeV")
    axes, scale = figure.axes
    drawn = axes.images[0]
    values = drawn.get_array()
    assert values is not None
    picture = np.ma.filled(values, np.nan)
    assert picture.shape == (2 * 7 - 1, 3 * 9 - 1)
    for i, (top, left) in enumerate((7 * row, 9 * column) for row in (0, 1) for column in (0, 1, 2)):
        if i < 5:
            np.testing.assert_allclose(picture[top:top + 6, left:left + 8], np.maximum(images[i], 0.01), rtol=1e-6)
    assert np.isnan(picture[6]).all()
    assert np.isnan(picture[:, 8]).all()
    assert scale.get_ylabel() == "pixel [GeV]"
    # Soft pixels are told apart as hard ones are, and what is empty or fainter than all is white.
    colours = drawn.to_rgba(np.array([0.1, 0.3, 1.0, 10.0, 100.0]))[:, :3]
    assert (np.abs(np.diff(colours, axis=0)).sum(1) > 0.15).all()
    assert (drawn.to_rgba(np.array([0.01, 0.05]))[:, :3] == 1).all()
