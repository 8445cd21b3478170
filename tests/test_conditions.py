"""Drawn conditions have the joint distribution of the training jets, and impossible ones are refused."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from qgan.base.errors import ConditionError
from qgan.base.seeding import numpy_rng
from qgan.data import Grid, JetImages
from qgan.sampling.conditions import ConditionDensity, condition_table

Bounds = float | tuple[float, float]
NAMES = ("label", "eta", "pt", "mass", "delta_r", "nnz", "width")


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A table (n, 7) and labels: ΔR ≈ 2 m / pT, sharp edges in pT and mass, a whole number, a tail, two classes."""
    rng = numpy_rng(seed, "world")
    label = np.arange(n) % 2
    pt = 250 + 50 * rng.power(2, n)
    mass = np.where(label == 1, np.clip(80 + 5 * rng.standard_normal(n), 60, 100), rng.uniform(60, 100, n))
    delta_r = 2 * mass / pt + 0.02 * rng.standard_normal(n)
    nnz = rng.poisson(np.where(label == 1, 20, 30) * delta_r / 0.6)
    width = 0.1 * delta_r * rng.gamma(4.0, size=n)
    return np.stack([label, rng.uniform(-2, 2, n), pt, mass, delta_r, nnz, width], 1).astype(np.float32), label


@pytest.fixture(scope="module")
def density() -> ConditionDensity:
    return ConditionDensity.fit(*_fit_arguments(8000, 1))


def _fit_arguments(n: int, seed: int) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    table, label = world(n, seed)
    return table, NAMES, label


# the table

def some_jets(**conditions: np.ndarray) -> JetImages:
    n = 6
    given = {"pt": np.linspace(250, 300, n, dtype=np.float32), "delta_r": np.zeros(n, np.float32)} | conditions
    return JetImages(np.ones((n, 2, 2), np.float32), np.arange(n) % 2, given, Grid.square(2, 1.0), "raw", source="w.h5")


def test_the_table_has_what_exists_and_varies_in_the_order_asked() -> None:
    statistics = {"nnz": np.arange(6), "width": np.linspace(0, 1, 6)}
    table = condition_table(some_jets(), ["pt", "delta_r", "label", "width", "mass", "nnz"], statistics)
    assert table.names == ("pt", "label", "width", "nnz")
    assert table.dropped == {"delta_r": "0 in all jets", "mass": "not in the data"}
    np.testing.assert_array_equal(table.values[:, 1], [0, 1, 0, 1, 0, 1])
    np.testing.assert_array_equal(table.values[:, 3], np.arange(6))
    assert table.values.dtype == np.float32


def test_a_checkpoint_can_insist_on_its_conditions() -> None:
    assert condition_table(some_jets(), ["pt", "delta_r"], drop=False).names == ("pt", "delta_r")
    with pytest.raises(ConditionError, match=r"w.h5: jet_mass: missing, the model needs it"):
        condition_table(some_jets(), ["pt", "mass"], drop=False)


def test_unknown_and_undefined_conditions_are_refused_by_name() -> None:
    with pytest.raises(ConditionError, match="no condition 'charge'; known are label, eta, phi, pt"):
        condition_table(some_jets(), ["charge"])
    with pytest.raises(ConditionError, match=r"w.h5: nnz: holds NaN"):
        condition_table(some_jets(), ["nnz"], {"nnz": np.full(6, np.nan)})


# the density

@pytest.mark.parametrize("label", [0, 1])
def test_marginals_and_correlations_are_those_of_other_jets_of_the_class(density: ConditionDensity, label: int) -> None:
    """Drawn against fresh real jets, beside the floor: training against fresh real jets of the same number."""
    (train, train_label), (fresh, fresh_label) = world(8000, 1), world(8000, 2)
    train, fresh = train[train_label == label], fresh[fresh_label == label]
    drawn = density.sample(len(train), numpy_rng(3, "draw"), label=label).values
    for column in range(1, len(NAMES)):
        spread = fresh[:, column].std()
        floor = wasserstein_distance(train[:, column], fresh[:, column]) / spread
        value = wasserstein_distance(drawn[:, column], fresh[:, column]) / spread
        assert value < floor + 0.03, NAMES[column]
    difference = np.corrcoef(drawn[:, 1:].T) - np.corrcoef(train[:, 1:].T)
    assert np.abs(difference).max() < 0.05
    # Far below what drawing each condition by itself would do.
    assert np.corrcoef(train[:, 3], train[:, 4])[0, 1] > 0.3


def test_the_relation_of_mass_pt_and_angle_survives(density: ConditionDensity) -> None:
    drawn = density.sample(5000, numpy_rng(4, "draw"), label=1).values
    residual = drawn[:, 4] - 2 * drawn[:, 3] / drawn[:, 2]
    assert residual.std() == pytest.approx(0.02, rel=0.25)


def test_draws_are_new_jets_inside_the_training_range(density: ConditionDensity) -> None:
    table, label = world(8000, 1)
    for c in (0, 1):
        drawn = density.sample(20_000, numpy_rng(5, "draw"), label=c).values
        rows = table[label == c]
        assert (drawn >= rows.min(0)).all()
        assert (drawn <= rows.max(0)).all()
        assert np.isin(drawn[:, 2], rows[:, 2]).mean() < 0.01  # as many as share a float32 by chance
        # Reflection: the density at the edge of pT is neither lost nor piled up on it.
        edge = rows[:, 2].max()
        assert (drawn[:, 2] == edge).mean() < 1e-3
        near = [(x > edge - 1.0).mean() for x in (drawn[:, 2], rows[:, 2])]
        assert near[0] == pytest.approx(near[1], rel=0.25)


def test_labels_and_whole_numbers_stay_whole(density: ConditionDensity) -> None:
    drawn = density.sample(3000, numpy_rng(6, "draw"))
    np.testing.assert_array_equal(drawn.values[:, 0], drawn.label)
    np.testing.assert_array_equal(drawn.values[:, 5], np.round(drawn.values[:, 5]))
    assert drawn.label.dtype == np.int64


def test_classes_come_as_often_as_in_training() -> None:
    table, label = world(6000, 1)
    kept = (label == 1) | (np.arange(6000) % 4 == 0)
    drawn = ConditionDensity.fit(table[kept], NAMES, label[kept]).sample(30_000, numpy_rng(7, "draw"))
    assert drawn.label.mean() == pytest.approx(label[kept].mean(), abs=0.01)


def test_the_same_generator_draws_the_same_and_blocks_are_their_own(density: ConditionDensity) -> None:
    blocks = [density.sample(100, numpy_rng(8, "block", i)).values for i in range(3)]
    again = [density.sample(100, numpy_rng(8, "block", i)).values for i in (2, 1, 0)]
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(again[::-1]))
    assert np.isin(blocks[0][:, 2], blocks[1][:, 2]).mean() < 0.05


def test_a_hundred_thousand_take_less_than_a_second(density: ConditionDensity) -> None:
    start = time.process_time()
    assert len(density.sample(100_000, numpy_rng(9, "draw")).label) == 100_000
    assert time.process_time() - start < 1.0


# fixed conditions

def test_fixed_values_are_exact_and_the_rest_follows(density: ConditionDensity) -> None:
    drawn = density.sample(4000, numpy_rng(10, "draw"), label=1, fixed={"pt": 290.0, "mass": 90.0}).values
    assert (drawn[:, 2] == 290.0).all()
    assert (drawn[:, 3] == 90.0).all()
    assert drawn[:, 4].mean() == pytest.approx(2 * 90 / 290, abs=0.01)
    assert drawn[:, 4].std() < 0.03  # 0.02 with the world's own noise; 0.06 where nothing is fixed
    assert drawn[:, 5].mean() == pytest.approx(20 * (2 * 90 / 290) / 0.6, rel=0.1)
    assert drawn[:, 1].std() == pytest.approx(4 / np.sqrt(12), rel=0.1)


@pytest.mark.parametrize("bounds", [(80.0, 82.0), (62.0, 62.01), (70.0, 95.0)])
def test_ranges_are_kept_and_filled(density: ConditionDensity, bounds: tuple[float, float]) -> None:
    drawn = density.sample(4000, numpy_rng(11, "draw"), label=0, fixed={"mass": bounds}).values
    low, high = bounds
    assert (drawn[:, 3] >= np.float32(low)).all()
    assert (drawn[:, 3] <= np.float32(high)).all()
    assert drawn[:, 3].mean() == pytest.approx((low + high) / 2, abs=0.1 * (high - low))
    assert drawn[:, 3].std() == pytest.approx((high - low) / np.sqrt(12), rel=0.15)
    np.testing.assert_allclose((drawn[:, 4] - 2 * drawn[:, 3] / drawn[:, 2]).mean(), 0, atol=0.005)


def test_what_is_fixed_decides_between_the_classes(density: ConditionDensity) -> None:
    """At 80 GeV the Gaussian class has 2.7 times the density of the flat one; at 99 GeV next to none."""
    at_80 = density.sample(20_000, numpy_rng(12, "draw"), fixed={"mass": 80.0}).label.mean()
    expected = (1 / (5 * np.sqrt(2 * np.pi))) / (1 / (5 * np.sqrt(2 * np.pi)) + 1 / 40)
    assert at_80 == pytest.approx(expected, abs=0.03)
    assert density.sample(20_000, numpy_rng(12, "draw"), fixed={"mass": (97.0, 99.0)}).label.mean() < 0.01
    assert (density.sample(50, numpy_rng(12, "draw"), fixed={"label": 1}).label == 1).all()


@pytest.mark.parametrize(("fixed", "message"), [
    ({"pt": 400.0}, r"pt: 400 is outside the training range 25\d[.\d]* to 299[.\d]* of class 1"),
    ({"mass": (50.0, 80.0)}, r"mass: 50 to 80 is outside the training range 6\d[.\d]* to 9\d[.\d]* of class 1"),
    ({"mass": (82.0, 80.0)}, "mass: the range 82 to 80 is empty"),
    ({"pt": float("nan")}, "pt: the range nan to nan is empty"),
    ({"tau_21": 0.3}, "tau_21: no such condition; the model has label, eta"),
    ({"label": 0.0}, "label: 0 is outside the training range 1 to 1 of class 1"),
    ({"mass": 66.0, "delta_r": 0.72}, r"no training jet of class 1 is near to mass 66, delta_r 0.72 together; class"),
])
def test_impossible_conditions_are_refused_with_the_range(density: ConditionDensity, fixed: dict[str, Bounds],
                                                           message: str) -> None:
    with pytest.raises(ConditionError, match=message) as raised:
        density.sample(5, numpy_rng(13, "draw"), label=1, fixed=fixed)
    assert "\n" not in str(raised.value)


def test_a_class_that_was_not_trained_is_refused() -> None:
    table, label = world(200, 1)
    density = ConditionDensity.fit(table[label == 1], NAMES, label[label == 1])
    with pytest.raises(ConditionError, match="label 0: no such class in the training data, which has 1"):
        density.sample(5, numpy_rng(0, "draw"), label=0)
    with pytest.raises(ConditionError, match="no jets to learn"):
        ConditionDensity.fit(table[:0], NAMES, label[:0])
    with pytest.raises(ConditionError, match="holds NaN"):
        ConditionDensity.fit(np.where(table > 290, np.nan, table), NAMES, label)


def test_one_jet_and_constant_columns_are_no_trouble() -> None:
    table, label = world(2, 1)
    density = ConditionDensity.fit(table, NAMES, label)
    drawn = density.sample(10, numpy_rng(0, "draw"), label=1, fixed={"pt": float(table[1, 2])})
    np.testing.assert_array_equal(drawn.values, np.repeat(table[1:], 10, 0))


# keeping it

def test_a_checkpoint_restores_the_same_draws(density: ConditionDensity, tmp_path: Path) -> None:
    torch.save(density.state_dict(), tmp_path / "state.pt")
    restored = ConditionDensity.from_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert restored.ranges == density.ranges
    both: list[dict[str, Bounds]] = [{}, {"pt": 280.0, "mass": (79.0, 81.0)}]
    for fixed in both:
        a, b = (d.sample(500, numpy_rng(14, "draw"), fixed=fixed) for d in (density, restored))
        np.testing.assert_array_equal(a.values, b.values)


def test_of_many_jets_some_are_kept_but_the_whole_range(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("qgan.sampling.conditions.MAX_JETS", 500)
    table, label = world(9000, 1)
    kept = label == 1
    kept[:3000] = True
    density = ConditionDensity.fit(table[kept], NAMES, label[kept])
    torch.save(density.state_dict(), tmp_path / "state.pt")
    density = ConditionDensity.from_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert len(density.table) == 1000
    assert density.ranges["width"] == (table[kept, 6].min(), table[kept, 6].max())
    share = density.sample(20_000, numpy_rng(15, "draw")).label.mean()
    assert share == pytest.approx(label[kept].mean(), abs=0.015)
