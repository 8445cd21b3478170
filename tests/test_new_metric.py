"""A metric is added by one file, of this package or of another one, and stands everywhere from then on."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_evaluation import few_draws, no_pictures
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy_jets import toy_jets

from qgan.data import write_jets
from qgan.evaluation import METRICS, Evaluation, Row, evaluate, metric
from qgan.evaluation import metrics as room
from qgan.report import table, write_report
from qgan.report.recorded import record_evaluation
from qgan.report.tensorboard import TensorBoardRecorder
from qgan.studies.compare.headlines import by_class
from qgan.studies.compare.text import title

FILE = '''
"""Girth."""

from qgan.evaluation import Headline, Sample, metric


@metric("girth", "how much wider generated jets are on the mean", unit="rad", best="floor", ratio=False,
        headlines=(Headline("girth", "girth", unit="rad", sentence="wider by {number} rad"),))
def girth(real: Sample, fake: Sample) -> float:
    return float(fake.columns(["width"]).mean() - real.columns(["width"]).mean())
'''
REAL, FAKE = toy_jets(150, 1, "real.h5"), toy_jets(120, 2, "fake.h5")


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file in a folder that belongs to the room of metrics."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "girth.py").write_text(FILE)
    known = METRICS.items()
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path / "more")])
    monkeypatch.setattr(METRICS, "_complete", False)
    monkeypatch.setattr(METRICS, "_things", dict(known))
    yield
    sys.modules.pop("qgan.evaluation.metrics.girth", None)


@pytest.fixture
def evaluation(added: None, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    few_draws(monkeypatch)
    return evaluate(REAL, FAKE, quick=True, n_per_class=70)


def test_one_file_is_found_everywhere(evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_pictures(monkeypatch)
    row = evaluation.find("girth", "", "w")
    assert row.floor is not None
    assert row.error is not None
    assert row.error > 0
    assert (row.unit, row.n, row.ratio) == ("rad", 70, None)
    assert {r.group for r in evaluation.of("girth")} == {"qcd", "w", "all"}

    text = table(evaluation)
    assert any(line.startswith("girth [rad]") for line in text.splitlines())
    assert "wider by" in text.splitlines()[-1]
    page = write_report(tmp_path / "report", REAL, {"fake": FAKE}, {"fake": evaluation})
    told = json.loads((page.parent / "report.json").read_text())["generators"][0]["rows"]
    with (page.parent / "report.csv").open() as lines:
        for rows in (told, list(csv.DictReader(lines))):
            assert [float(r["value"]) for r in rows if (r["metric"], r["class"]) == ("girth", "w")] == [row.value]
    html = page.read_text()
    assert 'data-row="girth|all pixels|w"' in html
    assert "how much wider generated jets are on the mean" in html
    assert html.index("At a glance</h2>") < html.index(">girth <span") < html.index("</table>")
    with TensorBoardRecorder(tmp_path / "events") as recorder:
        record_evaluation(recorder, REAL, FAKE, evaluation)
    events = EventAccumulator(str(tmp_path / "events")).Reload()
    assert events.Scalars("test/girth/w")[0].value == pytest.approx(row.value, rel=1e-6)
    floors = EventAccumulator(str(tmp_path / "events" / "floor")).Reload()
    assert floors.Scalars("test/girth/w")[0].value == pytest.approx(row.floor, rel=1e-6)
    assert by_class(evaluation)["w"]["girth"].value == row.value
    assert title("girth") == "girth [rad]"


def test_another_package_adds_one_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "my_metrics.py").write_text(FILE)
    about = tmp_path / "my_metrics-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-metrics\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[qgan.metrics]\ngirth = my_metrics\n")
    write_jets(tmp_path / "real.h5", REAL)
    write_jets(tmp_path / "fake.h5", FAKE)
    script = (f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
              "from qgan.data import read_jets\n"
              "from qgan.evaluation import METRICS, Reference\n"
              "assert METRICS.names()[-1] == 'girth'\n"
              "by = Reference.of(read_jets('real.h5'), n_per_class=60, quick=True)\n"
              "print(by.judge(read_jets('fake.h5'), metrics=['girth']).find('girth', '', 'w').value)\n")
    said = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert abs(float(said.stdout)) < 1


def test_a_call_adds_one_for_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METRICS, "_things", dict(METRICS.items()))
    found = metric("length", "jets, generated minus real")(lambda real, fake: float(len(fake) - len(real)))
    rows = evaluate(REAL, FAKE, quick=True, n_per_class=60).of("length")
    assert METRICS["length"] is found
    assert {row.value for row in rows} == {0.0}


def test_a_metric_is_stated_in_its_own_file_alone() -> None:
    """No other module of the package names one: all read the registry or the rows."""
    root = Path(room.__file__).parents[2]
    own = {path.resolve() for path in Path(room.__file__).parent.glob("*.py")}
    # Words that name something else, too: a control, a loss, a picture, a kind of study, a module.
    ordinary = {"mean_image", "separation", "closure", "coverage", "density", "recall", "precision", "symmetry",
                "memorising", "usefulness"}
    named = [f"{path.relative_to(root)}: {name}" for path in root.rglob("*.py") if path.resolve() not in own
             for name in METRICS.names() if name not in ordinary and f'"{name}"' in path.read_text(encoding="utf-8")]
    # An attribute of a slice; a score, and what is said of a file or of a run, which ask for one metric.
    assert sorted(named) == ["cli/slices.py: w1", "runs/summary.py: w1", "studies/about.py: w1",
                             "studies/estimator.py: w1"]
    assert Row("girth", "", "w", 1.0, None, None, None, None, "", 1).tag == "girth/w"
