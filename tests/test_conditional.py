"""Slices see what follows a condition and what does not; paths tell smooth from jumping."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import small, with_delta_r
from test_cli import complaint  # noqa: F401 (a fixture)
from toy_jets import toy_jets

from qgan.base.errors import ConditionError, DataError
from qgan.cli import main
from qgan.data import write_jets
from qgan.evaluation.distributions import wasserstein
from qgan.sampling.source import JetSource, load_source
from qgan.studies.slices import OBSERVED, interpolate, paths, slices
from qgan.studies.slices.interpolation import follow
from qgan.studies.slices.plot import slices_plot, strips_plot
from qgan.studies.slices.slicing import side
from qgan.training.experiment import train

REAL, OTHER = with_delta_r(toy_jets(600, 1)), with_delta_r(toy_jets(600, 2))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_jets(folder / "jets.h5", with_delta_r(toy_jets(200, 1)))
    return train(small({"steps": 3, "symmetry": "exact"}), data=[folder / "jets.h5"], out=folder / "run",
                 quiet=True).path


@pytest.fixture(scope="module")
def source(run: Path) -> JetSource:
    return load_source(run)


class Bars(torch.nn.Module):
    """Images whose left half holds a share of the sum that is a function of the first condition."""

    noise_features, names, network = 2, ("label", "mass", "pt"), None

    def __init__(self, share: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.share = share

    def forward(self, table: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        share = self.share((table[:, 1] - 50) / 100)[:, None, None]
        images = torch.cat((share.expand(-1, 4, 2), (1 - share).expand(-1, 4, 2)), 2) / 8
        return images, images * 100


def bars(source: JetSource, share: Callable[[torch.Tensor], torch.Tensor]) -> JetSource:
    from qgan.sampling.conditions import ConditionDensity

    rng = np.random.default_rng(1)
    table = np.stack([rng.uniform(60, 140, 400), rng.uniform(250, 300, 400)], 1)
    density = ConditionDensity.fit(table, ("mass", "pt"), np.ones(400, np.int64))
    return replace(source, generator=Bars(share), density=density)  # type: ignore[arg-type]


def test_real_jets_follow_their_own_conditions() -> None:
    found = slices(REAL, OTHER, 4)
    assert {s.condition for s in found} == {"eta", "pt", "mass"}
    assert {s.observable for s in found} == {*OBSERVED, "mass - asked", "pt - asked"}
    assert len(found) == 2 * 3 * 7 * 4
    pulls = np.array([s.pull for s in found])
    assert np.abs(pulls).max() < 5
    assert 0.7 < pulls.std() < 1.4
    by_mass = [s.real.mean for s in found if (s.group, s.condition, s.observable) == ("w", "mass", "mass")]
    assert by_mass == sorted(by_mass)


def test_jets_that_ignore_the_mass_are_seen_in_its_slices_alone() -> None:
    order = np.random.default_rng(0).permutation(600)
    parts = [OTHER.only(c) for c in (0, 1)]
    shuffled = [replace(p, conditions={k: v[order] for k, v in p.conditions.items()}) for p in parts]
    found = slices(REAL.only("w"), shuffled[1], 4)

    def largest(condition: str, observable: str) -> float:
        return max(abs(s.pull) for s in found if (s.condition, s.observable) == (condition, observable))

    assert largest("mass", "mass") > 8
    assert largest("eta", "mass") < 4


def test_slices_hold_as_many_real_jets_and_their_edges_are_kept() -> None:
    found = [s for s in slices(REAL, OTHER, 5) if (s.group, s.condition, s.observable) == ("qcd", "pt", "nnz")]
    assert [s.real.n for s in found] == [120] * 5
    for s in found:
        inside = OTHER.only("qcd").conditions["pt"]
        assert s.low < s.centre < s.high
        assert s.generated.n == pytest.approx(((inside >= s.low) & (inside < s.high)).sum(), abs=25)


def test_mean_spread_and_their_errors() -> None:
    samples = np.random.default_rng(0).normal(3, 2, (400, 50))
    sides = [side(row) for row in samples]
    assert np.std([s.mean for s in sides]) == pytest.approx(np.mean([s.mean_error for s in sides]), rel=0.1)
    assert np.std([s.spread for s in sides]) == pytest.approx(np.mean([s.spread_error for s in sides]), rel=0.12)


def test_the_floor_is_what_real_jets_reach() -> None:
    found = slices(REAL, OTHER, 3)
    ratio = np.mean([s.w1 for s in found]) / np.mean([s.w1_floor for s in found])
    assert 0.75 < ratio < 1.35
    only = next(s for s in found if s.observable == "nnz")
    mine = REAL.only(only.group)
    assert only.w1 > 0
    assert wasserstein(mine.images.sum((1, 2)), mine.images.sum((1, 2))) == 0


def test_a_straight_path_halves_and_a_jump_does_not(source: JetSource) -> None:
    straight = interpolate(bars(source, lambda x: x.clamp(0, 1)), "mass", "w", jets=4, steps=21)
    jump = interpolate(bars(source, lambda x: (x > 0.5).float()), "mass", "w", jets=4, steps=21)
    assert (straight.halving, straight.largest_halving) == pytest.approx((0.5, 0.5), abs=0.01)
    assert straight.unevenness == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(straight.ratios, 1, atol=0.01)
    # Half of the picture goes to the other half: the change is twice the sum.
    assert jump.changes.max() == pytest.approx(2.0)
    assert jump.largest_halving == pytest.approx(1.0)
    assert straight.changes.sum(1) == pytest.approx(2 * 0.9 * 0.8, rel=0.05)


def test_what_depends_on_the_moved_condition_follows_it() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 5000)
    rows = np.stack([x, 3 * x + rng.normal(0, 0.1, 5000), rng.normal(0, 1, 5000)], 1)
    moved = follow(rows[:2], rows, 0, [-1.0, 0.0, 1.0])
    np.testing.assert_allclose(moved[:, :, 0], [[-1, 0, 1]] * 2, atol=1e-12)
    np.testing.assert_allclose(np.diff(moved[:, :, 1]), 3, rtol=0.01)
    np.testing.assert_allclose(np.diff(moved[:, :, 2]), 0, atol=0.05)
    assert follow(rows[:2], rows, 0, [99.0])[0, 0].max() <= rows.max()


def test_a_generator_has_a_path_for_each_condition(source: JetSource) -> None:
    found = list(paths(source, jets=3, steps=9))
    assert [(p.group, p.condition) for p in found] == [(g, c) for g in ("qcd", "w") for c in ("eta", "pt", "mass")]
    assert all(p.images.shape == (3, 9, 12, 12) for p in found)
    again = interpolate(source, "pt", "w", jets=3, steps=9)
    np.testing.assert_array_equal(again.images, found[4].images)
    # The pT moves the sum of the image, which is asked for.
    assert (np.diff(again.images.sum((2, 3)).mean(0)) > 0).all()
    with pytest.raises(ConditionError, match="no such condition"):
        interpolate(source, "charm", "w")
    with pytest.raises(ValueError, match="odd"):
        interpolate(source, "pt", "w", steps=10)


def test_the_flip_leaves_no_jump_at_eta_zero(source: JetSource) -> None:
    """An exactly symmetric generator sees |eta|: a kink at 0, where the two sides are mirror images."""
    path = interpolate(source, "eta", "w", jets=3, steps=21)
    assert path.changes.max() < 1


def test_an_image_in_the_raw_frame_is_mirrored_where_eta_passes_zero(tmp_path: Path) -> None:
    write_jets(tmp_path / "raw.h5", replace(with_delta_r(toy_jets(200, 1)), frame="raw"))
    trained = train(small({"steps": 1, "symmetry": "exact"}), data=[tmp_path / "raw.h5"], out=tmp_path / "run",
                    quiet=True)
    raw = load_source(trained.path)
    path = interpolate(raw, "eta", "w", jets=3, steps=21)
    assert path.mirrored
    assert path.to_dict()["mirrored_at_0"]
    jump = np.flatnonzero(np.diff(path.values > 0))[0]
    assert (path.changes.argmax(1) == jump).all()
    assert np.delete(path.changes, jump, 1).max() < path.changes.min(0)[jump]
    assert not interpolate(raw, "pt", "w", jets=1, steps=5).mirrored


def test_jets_without_conditions_are_refused() -> None:
    bare = replace(OTHER, conditions={})
    with pytest.raises(DataError, match="none of them is in both"):
        slices(REAL, bare)


def test_the_command_writes_numbers_and_pictures(run: Path, source: JetSource, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                                 complaint: Callable[..., str]) -> None:  # noqa: F811
    # Subjettiness of the full images of a hardly trained generator takes minutes.
    monkeypatch.setattr("qgan.studies.slices.slicing.OBSERVED", ("mass", "pt", "nnz"))
    write_jets(tmp_path / "test.h5", REAL)
    words = ["slices", "--run", str(run), "--test", str(tmp_path / "test.h5"), "--n", "60", "--bins", "2", "--moved",
             "2", "--json", str(tmp_path / "s.json"), "--plots", str(tmp_path / "plots")]
    assert main(words) == 0
    assert "w1 " in capsys.readouterr().out.lower()
    told = json.loads((tmp_path / "s.json").read_text())
    assert {s["class"] for s in told["paths"]} == {"w", "qcd"}
    assert {s["group"] for s in told["slices"]} == {"w", "qcd"}
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == ["slices_qcd.png", "slices_w.png", "strips.png"]
    assert "exists already" in complaint(*words)


def test_the_pictures_have_a_panel_for_each(source: JetSource) -> None:
    found = [s for s in slices(REAL, OTHER, 2) if s.condition != "eta" and s.observable in ("mass", "nnz")]
    assert len(slices_plot(found, "w").axes) == 2 * 2
    assert len(strips_plot(source, [interpolate(source, "pt", "w", jets=1, steps=7)]).axes) == 7 + 1
