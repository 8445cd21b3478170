"""The report: its page parses, says what the JSON says, stands alone, and appears whole or not at all."""

from __future__ import annotations

import base64
import csv
import json
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_evaluation import few_draws
from toy_jets import toy_jets

import qgan.report.folder
import qgan.report.page
from qgan.base.errors import DataError
from qgan.base.io import atomic_folder
from qgan.evaluation import METRICS, Row, evaluate
from qgan.report import check_report, generator_names, write_report
from qgan.report.levels import LEVELS, level
from qgan.report.plots.correlations import correlated, correlation_plot, correlations
from qgan.report.text import number

REAL = toy_jets(150, 1, "real.h5")
GOOD, BAD = "good", "<b>bad</b> & worse"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a page holds; a tag that is not closed, or closed in the wrong place, is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: dict[str, list[list[tuple[dict[str, str], str]]]] = {}
        self.texts: list[tuple[str, str]] = []
        self._row = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self._row = attributes.get("data-row", "")
            self.rows.setdefault(self._row, [])
        if tag == "td" and self._row:
            self.rows[self._row].append([(attributes, "")])
        elif self._row and "td" in self.open:
            self.rows[self._row][-1].append((attributes, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes another tag"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))
        if self._row and "td" in self.open:
            attributes, text = self.rows[self._row][-1][-1]
            self.rows[self._row][-1][-1] = (attributes, text + data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two generators, one of them smeared."""
    smeared = toy_jets(120, 3, "runs/bad.h5")
    smeared.images[:] *= np.random.default_rng(0).lognormal(0, 0.5, smeared.images.shape)
    fakes = {GOOD: toy_jets(120, 2, "runs/good.h5"), BAD: smeared}
    path = tmp_path_factory.mktemp("report") / "out"
    with pytest.MonkeyPatch.context() as patch:
        few_draws(patch)
        evaluations = {name: evaluate(REAL, fake, quick=True) for name, fake in fakes.items()}
        patch.setattr(qgan.report.page, "DPI", 30)
        assert write_report(path, REAL, fakes, evaluations) == path / "report.html"
    return path


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def said(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the JSON, by generator."""
    return {g["name"]: g["rows"] for g in json.loads((folder / "report.json").read_text())["generators"]}


def test_three_files_and_nothing_else(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == ["report.csv", "report.html", "report.json"]
    assert [p.name for p in folder.parent.iterdir()] == ["out"], "nothing temporary is left"


def test_every_number_of_the_json_is_in_the_page(page: Page, said: dict[str, list[dict[str, Any]]]) -> None:
    assert list(said) == [GOOD, BAD]
    seen = 0
    for position, rows in enumerate(said.values()):
        for row in rows:
            label = row["observable"] or "all pixels"
            # An AUC means nothing without the jets that its referee was trained on.
            label += f", {row['n']:,} jets" if METRICS[row["metric"]].tells_n else ""
            cells = page.rows[f"{row['metric']}|{label}|{row['class']}"][3 * position:3 * position + 3]
            (_, _), (data, text), *error = cells[0]
            assert float(data["value"]) == row["value"]
            assert text.strip() == number(row["value"])
            if row["error"] is not None:
                assert "".join(t for _, t in error).strip() == f"± {number(row['error'])}"
            assert cells[1][0][1] == ("–" if row["floor"] is None else number(row["floor"]))
            seen += 1
    shown = [row for key, row in page.rows.items() if key]
    assert seen == sum(len(rows) for rows in said.values()) > 200
    assert {len(row) for row in shown} == {6}


def test_colours_follow_the_ratio(page: Page, said: dict[str, list[dict[str, Any]]]) -> None:
    found = set()
    for row in said[BAD]:
        if row["metric"] != "w1":
            continue
        attributes, text = page.rows[f"w1|{row['observable']}|{row['class']}"][5][0]
        ratio = float(row["ratio"])
        expected = "fine" if ratio <= 1.5 else "near" if ratio <= 3 else "off" if ratio <= 10 else "far"
        assert attributes["class"].split() == ["verdict", expected]
        assert float(text.rstrip("×").replace(",", "")) == pytest.approx(ratio, rel=0.06)
        found.add(expected)
    assert len(found) >= 3


def test_the_page_stands_alone(page: Page, folder: Path) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed"}
    text = (folder / "report.html").read_text(encoding="utf-8")
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert 'th[scope="row"]' in style
    assert "&#" not in style, "the style sheet is not escaped as text is"
    assert "url(" not in text
    assert "@import" not in text
    assert "http" not in text
    targets = {a["id"] for _, a in page.elements if "id" in a}
    for link in page.all("a"):
        assert link["href"].startswith("#")
        assert link["href"][1:] in targets
    for image in page.all("img"):
        kind, _, data = image["src"].partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data, validate=True).startswith(b"\x89PNG")
        assert len(image["alt"]) > 20
        assert int(image["width"]) > 300
    assert len(page.all("figure")) == len(page.all("img")) == len(page.all("figcaption")) >= 8
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("h1", "main", "title", "header", "footer")] == [1] * 5


def test_names_are_text_not_markup(page: Page) -> None:
    assert not page.all("b")
    assert sum(text == BAD for tag, text in page.texts) >= 2
    headings = {text for tag, text in page.texts if tag == "h2"}
    assert {"At a glance", "Mean images", "Observables of W jets", "Correlations in QCD jets", "Closure", "Random jets",
            "Numbers, all jets together"} <= headings


def test_csv_says_what_the_json_says(folder: Path, said: dict[str, list[dict[str, Any]]]) -> None:
    with (folder / "report.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == sum(len(rows) for rows in said.values())
    for line, (name, row) in zip(lines, ((name, row) for name, rows in said.items() for row in rows), strict=True):
        assert line.pop("generator") == name
        for key, text in line.items():
            value = row[key]
            assert text == "" if value is None else (text == value if isinstance(value, str) else float(text) == value)


def test_a_report_is_not_overwritten_unless_told(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "out"))
    with pytest.raises(DataError, match="--overwrite"):
        check_report(copy)
    assert check_report(copy, overwrite=True) == copy
    (copy / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match=r"thesis\.tex"):
        check_report(copy, overwrite=True)
    with pytest.raises(DataError, match="does not exist"):
        check_report(tmp_path / "nowhere" / "out")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"):
        check_report(tmp_path / "file")


def test_a_failure_leaves_what_was_there(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "out"))
    before = (copy / "report.json").read_bytes()

    def fail(*arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(qgan.report.folder, "page", fail)
    with pytest.raises(KeyboardInterrupt):
        write_report(copy, REAL, {}, {}, overwrite=True)
    assert (copy / "report.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").touch()
    with atomic_folder(tmp_path / "out") as temporary:
        (temporary / "new").touch()
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o700 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"), atomic_folder(tmp_path / "file"):
        pass


@pytest.mark.parametrize(("sources", "names"), [
    (["runs/a/fake.h5"], ["fake"]), (["a/fake.h5", "b/other.h5"], ["fake", "other"]),
    (["a/fake.h5", "b/fake.h5", "c/x.h5"], ["a/fake", "b/fake", "x"]),
    (["x/a/fake.h5", "y/a/fake.h5"], ["x/a/fake", "y/a/fake"]), (["fake.h5", "fake.h5"], ["fake", "fake (2)"]),
    (["a\\b.h5"], ["b"]), (["", "jets"], ["generated", "jets"])])
def test_names_tell_generators_apart(sources: list[str], names: list[str]) -> None:
    assert generator_names(sources) == names


def row(metric: str, value: float, floor: float | None, ratio: float | None, significance: float | None) -> Row:
    return Row(metric, "", "w", value, 0.1, floor, ratio, significance, "", 100)


@pytest.mark.parametrize(("metric", "ratio", "significance", "expected"), [
    ("w1", 1.0, 40.0, "fine"), ("w1", 0.1, -3.0, "fine"), ("w1", 3.0, None, "near"), ("w1", 3.01, None, "off"),
    ("w1", 1e9, None, "far"), ("fpd", None, 1.9, "fine"), ("fpd", None, -40.0, "fine"), ("fpd", None, 5.1, "off"),
    ("coverage", 1.0, -4.0, "near"), ("coverage", 1.0, 4.0, "near"), ("coverage", 0.0, -900.0, "far"),
    ("closure_resolution", 0.5, None, "near"), ("closure_resolution", 1.2, None, "fine"),
    ("closure_resolution", 0.0, None, "far"), ("closure_r2", None, None, None)])
def test_levels(metric: str, ratio: float | None, significance: float | None, expected: str | None) -> None:
    found = level(row(metric, 1.0, 1.0, ratio, significance))
    assert (found.key if found else None) == expected
    assert [x.key for x in LEVELS] == ["fine", "near", "off", "far"]


def test_what_is_perfect_at_its_floor_is_worse_on_both_sides() -> None:
    low, high = row("coverage", 0.2, 0.9, None, None), row("coverage", 0.95, 0.9, None, None)
    assert METRICS["coverage"].severity(low) > METRICS["coverage"].severity(high)
    bad, good = row("w1", 0.3, 0.2, None, None), row("w1", 0.1, 0.2, None, None)
    assert METRICS["w1"].severity(bad) > METRICS["w1"].severity(good)


def test_correlations() -> None:
    jets = REAL.only("w")
    found = correlations(jets.images, jets, ("mass", "width", "nnz"))
    np.testing.assert_allclose(np.diag(found), 1)
    flat = jets.images.reshape(len(jets), -1).astype(float)
    expected = np.corrcoef(flat.sum(1), flat.std(1))[0, 1]
    assert correlations(jets.images, jets, ("pt", "pixel_std"))[0, 1] == pytest.approx(expected, abs=1e-9)
    same = replace(jets, images=np.repeat(jets.images[:1], len(jets), 0))
    assert np.isnan(correlations(same.images, same, correlated())).all()
    figure = correlation_plot(REAL, {"one": REAL, "two": same}, 1)
    shown = [a for a in figure.axes if a.images and len(a.get_title()) > 0]
    assert len(shown) == 6
    assert len(shown[0].get_xticks()) == len(correlated())
    assert "rms 0.000" in shown[2].get_title()
    assert "unknown" in shown[5].get_title()


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        pytest.skip("there is no browser here")
    return found


@pytest.mark.slow
def test_a_browser_shows_and_prints_it(browser: str, folder: Path, tmp_path: Path) -> None:
    url = (folder / "report.html").as_uri()
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    for option in (f"--screenshot={tmp_path / 'page.png'}", f"--print-to-pdf={tmp_path / 'page.pdf'}"):
        subprocess.run([browser, *options, "--window-size=1250,2600", option, url], check=True, capture_output=True,
                       timeout=240)
    from matplotlib.image import imread

    pixels = imread(tmp_path / "page.png")[..., :3]
    assert pixels.shape[:2] == (2600, 1250)
    # Text, coloured cells and pictures: neither empty nor one plain error message.
    assert len(np.unique((pixels * 255).astype(np.uint8).reshape(-1, 3), axis=0)) > 200
    assert 0.05 < (pixels.min(-1) < 0.9).mean() < 0.7
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
