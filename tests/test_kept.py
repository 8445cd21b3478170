"""Finished pieces of work: made once, kept whole, refused to work with other settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qgan.base.errors import ConfigError, DataError
from qgan.runs import kept


def never() -> dict[str, np.ndarray]:
    raise AssertionError("made again")


def test_plain_values_are_made_once_for_what_they_are_made_of(tmp_path: Path) -> None:
    file = tmp_path / "seed 1" / "auc.json"
    assert kept.plain(file, lambda: {"auc": 0.7}, {"jets": [1, 2]}) == {"auc": 0.7}
    assert kept.plain(file, never, {"jets": [1, 2]}) == {"auc": 0.7}
    assert kept.plain(file, lambda: {"auc": 0.8}, {"jets": [1, 3]}) == {"auc": 0.8}
    file.write_text(file.read_text()[:-9])
    with pytest.raises(DataError, match=r"auc.json: is not JSON"):
        kept.plain(file, never, {"jets": [1, 3]})


def test_arrays_are_made_once_to_the_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=100).astype(np.float32)
    kept.arrays(tmp_path / "a.npz", lambda: {"scores": values, "label": np.arange(3)})
    found = kept.arrays(tmp_path / "a.npz", never)
    np.testing.assert_array_equal(found["scores"], values)
    assert found["scores"].dtype == np.float32
    assert found["label"].tolist() == [0, 1, 2]
    for broken in ((tmp_path / "a.npz").read_bytes()[:-40], b"no archive"):
        (tmp_path / "a.npz").write_bytes(broken)
        with pytest.raises(DataError, match=r"a.npz: is damaged; remove it"):
            kept.arrays(tmp_path / "a.npz", never)


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    for make in (kept.plain, kept.arrays):
        with pytest.raises(AssertionError, match="made again"):
            make(tmp_path / "a.json", never)
    with pytest.raises(ValueError, match="JSON"):
        kept.plain(tmp_path / "a.json", lambda: float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_belongs_to_its_settings(tmp_path: Path) -> None:
    settings = {"seed": 1, "plan": {"sizes": [10, 20]}}
    folder = kept.folder(tmp_path / "study", settings, pieces="jets_*")
    (folder / "jets_10").mkdir()
    (folder / "jets_10" / ".scores.npz.x.part").touch()
    (folder / "report.json").touch()
    assert kept.folder(folder, settings, pieces="jets_*") == folder
    assert list((folder / "jets_10").iterdir()) == [], "what a kill left half-written is removed"
    other = {"seed": 1, "plan": {"sizes": [10, 30]}}
    with pytest.raises(ConfigError, match=r"study: plan.sizes: was \[10, 20\] when this work began, \[10, 30\] is "):
        kept.folder(folder, other, pieces="jets_*")
    kept.folder(folder, other, pieces="jets_*", restart=True)
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "settings.json"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(DataError, match="mine: holds other files"):
        kept.folder(tmp_path / "mine", settings, pieces="*", restart=True)
    with pytest.raises(DataError, match=r"thesis.txt: cannot be made a folder of results"):
        kept.folder(tmp_path / "mine" / "thesis.txt", settings, pieces="*")
    assert (tmp_path / "mine" / "thesis.txt").exists()
