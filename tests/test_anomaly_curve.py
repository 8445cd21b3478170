"""What models find against how many numbers they train: its points, what it keeps, its picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anomaly import matrix as module
from anomaly.cli import main
from anomaly.curve import FAMILIES, curve
from anomaly.curve_plot import curve_of
from anomaly.models.registry import build
from qgan.base.errors import ConfigError


@pytest.mark.parametrize("name", FAMILIES)
def test_families_grow(name: str) -> None:
    sizes = [build(one.model, (one.preprocessing.size,) * 2).n_parameters
             for one in FAMILIES[name].configurations().values()]
    assert sizes == sorted(set(sizes))


def test_twins_have_as_many_numbers() -> None:
    with_cnots, without = (FAMILIES[name].configurations() for name in ("quantum", "unentangled"))
    for value, one in with_cnots.items():
        other = without[value]
        assert other.model.options["circuit"] == {"entangler": "none"}
        assert build(one.model, (12, 12)).n_parameters == build(other.model, (12, 12)).n_parameters == 144 * value


def test_a_curve_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["curve", "--families", "filter", "--n", "200", "--seeds", "2", "--bootstrap", "3", "--threads", "1",
             "--out", str(tmp_path / "out")]
    assert main([*words, "--json", str(tmp_path / "a.json"), "--plots", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "quark jets are usual, gluon jets are not"
    told = json.loads((tmp_path / "a.json").read_text())
    assert [point["parameters"] for point in told["points"]] == [16, 36, 64, 144, 576]
    assert [len(point["trainings"]) for point in told["points"]] == [2] * 5
    assert told["points"][-1]["auc"]["value"] > 0.75
    assert {row["name"] for row in told["untrained"]} == {"pixels above 0.1 GeV", "-ptd", "pixel sum / max"}
    assert f"{told['points'][0]['auc']['value']:.3f}" in lines[3]
    assert (tmp_path / "curve.png").stat().st_size > 10_000

    def refused(*arguments: object) -> None:
        raise AssertionError("a training was repeated")

    monkeypatch.setattr(module, "fitted", refused)
    again = curve(["filter"], tmp_path / "out", n=200, seeds=2, n_bootstrap=3, threads=1, quiet=True)
    assert again.to_dict()["points"] == told["points"]
    heights = np.asarray(curve_of(again).axes[0].lines[0].get_ydata(), float)
    np.testing.assert_allclose(heights, [point["auc"]["value"] for point in told["points"]])


def test_families_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no family of models quantom; did you mean quantum"):
        curve(["quantom"], tmp_path / "out", quiet=True)
    assert not (tmp_path / "out").exists()
