"""Jets of one kind are judged beside real jets of that kind, and a note says where they are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_evaluation import few_draws
from test_cli import complaint  # noqa: F401 (a fixture)
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.cli import main
from qgan.data import JetImages, write_jets
from qgan.data.selection import Selection, select
from qgan.evaluation import evaluate
from qgan.evaluation.like_with_like import unlike

REAL = toy_jets(600, 1, "real.h5")


def made(**origin: object) -> JetImages:
    """W jets with a pT of 265 to 275 that say what they were asked for."""
    jets = toy_jets(400, 2, "fake.h5").only("w")
    return replace(jets[abs(jets.conditions["pt"] - 270) <= 5], origin={"label": "w", **origin})


def test_a_selection_keeps_what_it_names() -> None:
    few = select(REAL, {"label": "W", "pt": (265.0, 275.0)})
    expected = (REAL.label == 1) & (REAL.conditions["pt"] >= 265) & (REAL.conditions["pt"] <= 275)
    np.testing.assert_array_equal(few.images, REAL.images[expected])
    assert few.origin["selected"] == {"label": "W", "pt": (265.0, 275.0)}
    np.testing.assert_array_equal(select(REAL, {"label": 1}).images, REAL.only(1).images)


@pytest.mark.parametrize(("wanted", "said"), [
    ({"colour": (0.0, 1.0)}, "real.h5: colour: no such quantity to select by; there are pt, mass, eta"),
    ({"pt": "w"}, "select: pt: 'w', expected a range"), ({"label": "top"}, "no class 'top'; the classes are qcd, w"),
    ({"pt": (1.0, 2.0)}, "real.h5: none of its jets has pt=1:2"),
])
def test_impossible_selections_are_named(wanted: Selection, said: str) -> None:
    with pytest.raises(DataError, match=said):
        select(REAL, wanted)


def test_fixed_conditions_are_noted_until_they_are_selected() -> None:
    note = next(unlike(REAL, made(fixed={"pt": 270.0, "mass": [60.0, 90.0], "width": 0.1})))
    assert "fake.h5 was made with pt 270, mass 60 to 90, width 0.1, and is compared with real jets of any" in note
    assert "--select label=w pt=268.6:271.4 mass=60:90 (select=... in Python)" in note
    assert note.endswith("; width cannot be selected in real.h5.")
    selected = select(REAL, {"pt": (265.0, 275.0)})
    assert list(unlike(selected, made(fixed={"pt": 270.0}))) == []
    assert "mass" in next(unlike(selected, made(fixed={"pt": 270.0, "mass": "normal(80, 5)"})))
    assert list(unlike(REAL, made(fixed={}))) == list(unlike(REAL, made())) == []


def test_selected_on_both_sides_jets_of_one_kind_are_like_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    fake = made(fixed={"pt": [265.0, 275.0]})
    all_real = evaluate(REAL, fake, quick=True, workers=1)
    alike = evaluate(REAL, fake, quick=True, workers=1,
                     select={"label": "w", "pt": (265.0, 275.0)})
    assert all_real.find("w1", "pt", "w").value > 3 * alike.find("w1", "pt", "w").value
    assert any("--select" in note for note in all_real.notes)
    assert not any("--select" in note for note in alike.notes)


def test_the_command_selects_on_all_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          complaint: Callable[..., str]) -> None:  # noqa: F811
    few_draws(monkeypatch)
    files = [str(tmp_path / name) for name in ("real.h5", "fake.npz", "training.h5")]
    for file, jets in zip(files, (REAL, toy_jets(300, 2), toy_jets(500, 3)), strict=True):
        write_jets(file, jets)
    words = ["evaluate", *files[:2], "--data", files[2], "--quick", "--quiet", "--json", str(tmp_path / "found.json")]
    assert main([*words, "--select", "pt=260:290", "--select", "label=w"]) == 0
    rows = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert {row["class"] for row in rows} == {"w"}
    few = (toy_jets(300, 2).only("w").conditions["pt"].clip(260, 290) == toy_jets(300, 2).only("w").conditions["pt"])
    assert max(row["n"] for row in rows) <= int(few.sum())
    assert "expected a range such as pt=265:275" in complaint(*words, "--select", "pt=270")
    assert "is no NAME=LOW:HIGH" in complaint(*words, "--select", "pt")
