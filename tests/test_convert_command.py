"""``qgan convert``: foreign files become the package's own, with what they do not say of themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qgan.cli import main
from qgan.data import read_jets


def test_what_an_array_does_not_say_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    images = np.where(rng.random((60, 12, 12)) < 0.2, rng.gamma(1.0, 40.0, (60, 12, 12)), 0.0).astype(np.float32)
    images[:, 6, 6] += 300
    label = np.arange(60) % 2
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "kinds.npy", label)
    out = tmp_path / "jets.h5"
    words = ["convert", str(tmp_path / "images.npy"), "--labels", str(tmp_path / "kinds.npy"), "--frame", "raw",
             "--half-width", "0.4", "--class-names", "gluon", "quark", "--units", "GeV", "--out", str(out), "--quiet"]
    assert main(words) == 0
    jets = read_jets(out)
    np.testing.assert_array_equal(jets.images, images)
    np.testing.assert_array_equal(jets.label, label)
    assert (jets.class_names, jets.frame, jets.units) == (("gluon", "quark"), "raw", "GeV")
    assert jets.grid.half_width == pytest.approx(0.4)


def test_a_wrong_value_is_one_line_and_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "images.npy", np.ones((10, 12, 12), np.float32))
    out = tmp_path / "jets.h5"
    assert main(["convert", str(tmp_path / "images.npy"), "--labels", "0", "--frame", "raw", "--half-width", "-1",
                 "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip()
    assert "half_width" in said
    assert len(said.splitlines()) == 1
    assert not out.exists()
