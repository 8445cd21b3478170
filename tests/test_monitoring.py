"""TensorBoard: what is recorded of trainings and evaluations, and that TensorBoard itself shows it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_recorder import MemoryRecorder
from small_evaluation import few_draws
from small_training import small, with_delta_r
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy_jets import toy_jets

import qgan.report.recorded
from qgan.cli import main
from qgan.data import write_jets
from qgan.evaluation import Evaluation, evaluate
from qgan.report.pages import evaluation_pages, exactly, training_pages
from qgan.report.plots import Drawn, mean_images
from qgan.report.recorded import record_evaluation
from qgan.report.tensorboard import TensorBoardRecorder, clear_events, holds_events
from qgan.training.experiment import train

#: What a training shows of all its numbers.
GLANCE = ("w1_worst", "w1_median", "mean_image", "fpd_features", "auc_trees")
REAL, FAKE = toy_jets(120, 1, "real.h5"), replace(toy_jets(100, 2, "fake.h5"), origin={"step": 40})


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        few_draws(patch)
        return evaluate(REAL, FAKE, quick=True)


def events(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, "tensors": 0}).Reload()


def matched(patterns: list[str], tags: list[str]) -> set[str]:
    """As TensorBoard does it: a pattern may match anywhere."""
    return {tag for tag in tags if any(re.search(pattern, tag) for pattern in patterns)}


def test_a_chart_holds_a_figure_alone() -> None:
    figures = ["at a glance/fpd_features", "at a glance/w1_worst", "quality/w1/w/pt", "quality/w1/w/ptd",
               "quality/w1/qcd/pt", "quality/mean_image/w", "quality/fpd/w/features"]
    pages = training_pages(figures)
    assert list(pages) == ["quality at a glance", "quality of w jets", "quality of qcd jets", "training"]
    assert list(pages["quality of w jets"]) == ["w1 pt", "w1 ptd", "mean_image", "fpd features"]
    charts = [patterns for page, content in pages.items() if page != "training" for patterns in content.values()]
    found = [matched(patterns, figures) for patterns in charts]
    assert sorted(map(sorted, found)) == sorted([f] for f in figures)
    assert exactly("speed/jets a second (all)")[0] != "^speed/jets a second (all)$", "brackets are no group"


def test_charts_of_the_training() -> None:
    charts = training_pages([])["training"]
    tags = ["loss/generator", "loss/discriminator", "loss/r1", "loss/coding", "loss/statistics", "logits/real"]
    assert matched(charts["terms of the generator's loss"], tags) == {"loss/coding", "loss/statistics"}
    assert matched(charts["loss, generator"], tags) == {"loss/generator"}


def test_charts_of_an_evaluation() -> None:
    chart = evaluation_pages(["w", "all"], ["w1", "w1_unit"])["test of w jets"]["w1"]
    tags = ["test/w1/w/mass", "test/w1_unit/w/mass", "test/w1/all/mass", "test/w1/w"]
    assert matched(chart, tags) == {"test/w1/w/mass", "test/w1/w"}


def test_an_evaluation_is_recorded_whole(evaluation: Evaluation, tmp_path: Path) -> None:
    with TensorBoardRecorder(tmp_path) as recorder:
        # Pictures of one class: those of the other are drawn in the same way.
        record_evaluation(recorder, REAL.only("w"), FAKE.only("w"), evaluation)
    read, floors = events(tmp_path), events(tmp_path / "floor")
    tags = read.Tags()
    for row in evaluation.rows:
        tag = "/".join(part for part in (row.metric, row.group, row.observable) if part)
        (event,) = read.Scalars(f"test/{tag}")
        assert (event.step, event.value) == (40, pytest.approx(row.value, rel=1e-5, abs=1e-30))
        if row.floor is not None:
            assert floors.Scalars(f"test/{tag}")[0].value == pytest.approx(row.floor, rel=1e-5, abs=1e-30)
    assert {"test/mean_images", "test/observables_w", "test/correlations_w", "test/closure",
            "test/gallery"} <= set(tags["images"])
    image = read.Images("test/mean_images")[0]
    assert image.width > 500
    assert image.encoded_image_string.startswith(b"\x89PNG")
    assert {"evaluation/text_summary", "custom_scalars__config__"} <= set(tags["tensors"])
    text = read.Tensors("evaluation/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "fpd features" in text
    assert all(line.startswith("    ") for line in text.splitlines() if line.strip())


def test_jets_without_a_step_stand_at_zero(evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qgan.report.recorded, "figures", lambda real, fakes, seed, evaluations: [])
    recorder = MemoryRecorder()
    record_evaluation(recorder, REAL, replace(FAKE, origin={}), evaluation)
    assert {step for _, step, _, _ in recorder.records} == {0}


def test_what_was_recorded_before_is_seen_and_cleared(tmp_path: Path) -> None:
    assert not holds_events(tmp_path / "nowhere")
    with TensorBoardRecorder(tmp_path) as recorder:
        recorder.scalars(0, {"a": 1.0})
    (tmp_path / "notes.txt").touch()
    assert holds_events(tmp_path)
    clear_events(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_evaluate_writes_a_run_a_generator(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    # All pictures are drawn in the test above.
    monkeypatch.setattr(qgan.report.recorded, "figures", lambda real, fakes, seed, evaluations: [
        Drawn("mean_images", "Mean images", "", mean_images(real, fakes))])
    for name, jets in (("real", REAL), ("one", FAKE), ("two", toy_jets(100, 3))):
        write_jets(tmp_path / f"{name}.h5", jets)
    files = [str(tmp_path / f"{name}.h5") for name in ("real", "one", "two")]
    words = ["evaluate", *files, "--quick", "--logdir", str(tmp_path / "log")]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert f"tensorboard --logdir {tmp_path / 'log'}" in out
    one, two = (events(tmp_path / "log" / name).Tags() for name in ("one", "two"))
    assert {k: sorted(v) for k, v in one.items() if isinstance(v, list)} == {
        k: sorted(v) for k, v in two.items() if isinstance(v, list)}, "the same tags in every run"
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").touch()
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    for option in ("--logdir", "--report"):
        folder = tmp_path / option.removeprefix("--").replace("dir", "")
        assert main(["evaluate", *files, "--quick", option, str(folder)]) == 2
        assert "--overwrite" in capsys.readouterr().err
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short trainings that differ in a rate."""
    folder = tmp_path_factory.mktemp("runs")
    write_jets(folder / "jets.h5", with_delta_r(toy_jets(120, 1)))
    for name, rate in (("slow", 1e-4), ("fast", 1e-3)):
        train(small({"logging.quality": 3, "logging.costly": 6, "optimiser.generator_rate": rate}),
              data=[folder / "jets.h5"], out=folder / "logs" / name, quiet=True)
    return folder / "logs"


@pytest.fixture(scope="module")
def server(runs: Path) -> Iterator[str]:
    """TensorBoard's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(runs), "--port", str(port), "--host",
               "127.0.0.1", "--load_fast", "false"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline:
            try:
                if len(get(f"{address}/data/runs")) == 4:
                    break
            except OSError:
                assert process.poll() is None, "TensorBoard has ended"
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def get(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
        return json.loads(content) if "json" in answer.headers["Content-Type"] else content


@pytest.mark.slow
def test_tensorboard_shows_its_pages(server: str) -> None:
    assert b"<html" in get(server) or b"<!doctype" in get(server).lower()
    names = ["fast", "slow"]
    assert sorted(get(f"{server}/data/runs")) == ["fast", "fast/floor", "slow", "slow/floor"]
    scalars = get(f"{server}/data/plugin/scalars/tags")
    assert set(scalars[names[0]]) == set(scalars[names[1]])
    assert {f"at a glance/{name}" for name in GLANCE} | {"loss/generator", "rate/generator"} <= set(scalars[names[0]])
    assert min(scalars[names[0]]).startswith("at a glance"), "the first group of the first tab"
    for run, steps in (("fast", [3, 6]), ("fast/floor", [0, 3, 6])):
        query = urllib.parse.urlencode({"run": run, "tag": "at a glance/w1_median"})
        points = get(f"{server}/data/plugin/scalars/scalars?{query}")
        assert [step for _, step, _ in points] == steps
    assert len({value for *_, value in points}) == 1, "the floor is a line"
    for plugin, tag in (("images", "observables/w"), ("images", "jets/w real"), ("histograms", "circuit/angles 0"),
                        ("text", "versions/text_summary")):
        listed = get(f"{server}/data/plugin/{plugin}/tags")
        assert all(tag in listed[name] for name in names), tag


@pytest.mark.slow
def test_the_first_page_of_charts_is_the_quality(server: str) -> None:
    layout = get(f"{server}/data/plugin/custom_scalars/layout")
    assert [page["title"] for page in layout["category"]] == [
        "quality at a glance", "quality of qcd jets", "quality of w jets", "training"]
    charts = layout["category"][0]["chart"]
    assert len(charts) == len(GLANCE)
    for name, chart in zip(GLANCE, charts, strict=True):
        (pattern,) = chart["multiline"]["tag"]
        for run in ("fast", "fast/floor"):
            query = urllib.parse.urlencode({"run": run, "tag": pattern})
            answer = get(f"{server}/data/plugin/custom_scalars/scalars?{query}")
            assert answer["regex_valid"]
            assert set(answer["tag_to_events"]) == {f"at a glance/{name}"}


@pytest.mark.slow
def test_the_hyperparameters_rank_the_runs(server: str) -> None:
    experiment = get(f"{server}/data/plugin/hparams/experiment", {"experimentName": ""})
    shown = [(info["name"]["tag"], info["name"]["group"]) for info in experiment["metricInfos"]]
    assert shown[:2 * len(GLANCE)] == [(f"at a glance/{name}", where) for name in sorted(GLANCE)
                                       for where in ("", "floor")], "each beside its floor"
    assert [info["name"] for info in experiment["hparamInfos"] if info["differs"]] == ["optimiser.generator_rate"]
    assert experiment["hparamInfos"][0]["differs"], "what differs comes first"
    request = {"experimentName": "", "startIndex": 0, "sliceSize": 10, "colParams": [
        {"metric": {"group": "", "tag": "at a glance/w1_median"}, "order": "ORDER_ASC"}],
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]}
    groups = get(f"{server}/data/plugin/hparams/session_groups", request)["sessionGroups"]
    assert sorted(group["hparams"]["optimiser.generator_rate"] for group in groups) == [1e-4, 1e-3]
    medians = [next(m["value"] for m in group["metricValues"] if m["name"]["tag"] == "at a glance/w1_median")
               for group in groups]
    assert medians == sorted(medians)
    assert np.isfinite(medians).all()
