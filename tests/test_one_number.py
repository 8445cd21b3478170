"""A number has one value wherever it is shown: table, JSON, CSV, page, plot and TensorBoard."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from small_evaluation import few_draws, no_pictures
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy_jets import toy_jets

from qgan.data import JetImages
from qgan.evaluation import Evaluation, evaluate
from qgan.report import table, write_report
from qgan.report.plots.gathered import figures
from qgan.report.recorded import record_evaluation
from qgan.report.tensorboard import TensorBoardRecorder
from qgan.report.text import number

#: More real jets than are compared, so that a plot that measured by itself would find another number.
REAL, FAKE, TRAINING = toy_jets(180, 1, "real.h5"), toy_jets(120, 2, "fake.h5"), toy_jets(60, 3, "train.h5")
OBSERVABLES = ("mass", "tau_21", "nnz", "width")


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        few_draws(patch)
        return evaluate(REAL, FAKE, quick=True, n_per_class=80, reference=TRAINING)


def texts_of(real: JetImages, evaluation: Evaluation, group: str) -> tuple[list[str], str]:
    drawn = next(d for d in figures(real, {"fake": FAKE}, 0, {"fake": evaluation}) if d.name == f"observables_{group}")
    found = []
    for axes in drawn.figure.axes:
        found += [text.get_text() for text in axes.texts if text.get_text().startswith("W1 = ")]
    return found, drawn.figure.get_suptitle()


def test_w1_is_the_same_everywhere(evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_pictures(monkeypatch)
    group = evaluation.groups[0]
    page = write_report(tmp_path / "report", REAL, {"fake": FAKE}, {"fake": evaluation})
    told = json.loads((page.parent / "report.json").read_text())["generators"][0]["rows"]
    lines = list(csv.DictReader((page.parent / "report.csv").read_text().splitlines()))
    with TensorBoardRecorder(tmp_path / "events") as recorder:
        record_evaluation(recorder, REAL, FAKE, evaluation)
    events = EventAccumulator(str(tmp_path / "events")).Reload()
    drawn, title = texts_of(REAL, evaluation, group)
    assert title.endswith("numbers of 80 jets a side")

    for name in OBSERVABLES:
        row = evaluation.find("w1", name, group)
        shown = number(row.value)
        line = next(line for line in table(evaluation).splitlines() if line.startswith(f"{name} "))
        assert line.split("|")[1].split()[0] == shown
        for rows in (told, lines):
            mine = [r for r in rows if (r["metric"], r["observable"], r["class"]) == ("w1", name, group)]
            assert [float(r["value"]) for r in mine] == [row.value]
        cells = re.findall(rf'data-row="w1\|{name}\|{group}".*?</tr>', page.read_text(), re.DOTALL)
        assert len(cells) == 1
        assert re.search(rf"[>\s]{re.escape(shown)}[<\s]", cells[0])
        assert rf"W1 = {shown} $\sigma$ (real: {number(row.floor or 0)})" in drawn
        assert events.Scalars(f"test/w1/{group}/{name}")[0].value == pytest.approx(row.value, rel=1e-6)


def test_a_plot_without_an_evaluation_shows_no_number() -> None:
    drawn = next(d for d in figures(REAL, {"fake": FAKE}) if d.name.startswith("observables"))
    assert not [text for axes in drawn.figure.axes for text in axes.texts if "W1" in text.get_text()]
