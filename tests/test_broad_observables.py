"""The broad list of observables: each against a slow definition of its own, jet by jet, and what must not change it."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from test_observables import GRID, single_pixel, sparse_images

from qgan.data.grid import Grid
from qgan.observables.broad import FAMILIES, broad, broad_units

Values = dict[str, float]
#: A pixel of a jet: row, column, η, φ, pT.
Pixel = tuple[int, int, float, float, float]


def pixels(image: np.ndarray, grid: Grid) -> list[Pixel]:
    """Those that are not empty."""
    return [(i, j, float(grid.eta[i]), float(grid.phi[j]), float(image[i, j]))
            for i, j in itertools.product(*map(range, image.shape)) if image[i, j] > 0]


def slow_moments(cells: list[Pixel], grid: Grid) -> Values:
    total = sum(p for *_, p in cells)
    eta, phi = (sum(c[k] * c[4] for c in cells) / total for k in (2, 3))
    tensor = np.zeros((2, 2))
    for _, _, y, x, p in cells:
        step = np.array([y - eta, x - phi])
        tensor += p / total * np.outer(step, step)
    (small, large), vectors = np.linalg.eigh(tensor)
    axis = vectors[:, 1] * (1 if vectors[0, 1] >= 0 else -1)
    third = sum(p / total * float(np.dot(axis, (y - eta, x - phi))) ** 3 for _, _, y, x, p in cells)
    return {"centroid_eta": eta, "centroid_phi": phi, "centroid_r": math.hypot(eta, phi), "major": math.sqrt(large),
            "minor": math.sqrt(max(small, 0)), "planar_flow": 4 * np.linalg.det(tensor) / np.trace(tensor) ** 2,
            "orientation": math.atan2(axis[1], axis[0]), "skewness": abs(third) / large**1.5}


def slow_radial(cells: list[Pixel], grid: Grid) -> Values:
    total = sum(p for *_, p in cells)
    away = [(math.hypot(y, x) / grid.half_width, p / total) for _, _, y, x, p in cells]
    values = {f"angularity_{k:g}": sum(z * r**k for r, z in away) for k in (0.5, 2.0, 3.0)}
    edges = (0, 0.1, 0.2, 0.4, 0.7, math.inf)
    values |= {f"ring_{k + 1}": sum(z for r, z in away if edges[k] <= r < edges[k + 1]) for k in range(5)}
    for name, k in (("eta", 2), ("phi", 3)):
        values[f"asymmetry_{name}"] = sum(c[4] * ((c[k] > 1e-9) - (c[k] < -1e-9)) for c in cells) / total
    return values


def slow_hardest(cells: list[Pixel], grid: Grid) -> Values:
    one, two, three = sorted(cells, key=lambda c: -c[4])[:3]

    def apart(a: Pixel, b: Pixel) -> float:
        return math.hypot(a[2] - b[2], a[3] - b[3])

    return {"hardest_eta": one[2], "hardest_phi": one[3], "hardest_r": math.hypot(one[2], one[3]),
            "second_eta": two[2], "second_phi": two[3], "second_r": math.hypot(two[2], two[3]),
            "third_r": math.hypot(three[2], three[3]), "distance_12": apart(one, two), "distance_13": apart(one, three),
            "distance_23": apart(two, three), "ratio_21": two[4] / one[4], "ratio_32": three[4] / two[4]}


def slow_spectrum(cells: list[Pixel], grid: Grid) -> Values:
    pt = np.array([p for *_, p in cells])
    thresholds = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
    share = pt / pt.sum()
    return {**{f"above_{t:g}": sum(p >= t for p in pt) for t in thresholds},
            **{f"quantile_{q}": float(np.percentile(np.log(pt), q)) for q in (0, 10, 25, 50, 75, 90)},
            "log_mean": float(np.log(pt).mean()), "log_std": float(np.log(pt).std()),
            "entropy": float(-(share * np.log(share)).sum())}


def slow_clusters(cells: list[Pixel], grid: Grid) -> Values:
    def touch(a: Pixel, b: Pixel) -> bool:
        return a != b and max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= 1

    left, found = list(cells), []
    while left:
        cluster = [left.pop()]
        for member in cluster:
            near = [c for c in left if touch(c, member)]
            cluster += near
            left = [c for c in left if c not in near]
        found.append(cluster)
    total = sum(p for *_, p in cells)
    alone = [c[0] for c in found if len(c) == 1]
    return {"clusters": len(found), "cluster_share": max(sum(c[4] for c in f) for f in found) / total,
            "cluster_pixels": max(map(len, found)), "isolated": len(alone),
            "isolated_share": sum(c[4] for c in alone) / total,
            "neighbours": sum(touch(a, b) for a in cells for b in cells) / len(cells)}


def slow_correlators(cells: list[Pixel], grid: Grid) -> Values:
    total, squares = sum(p for *_, p in cells), sum(p * p for *_, p in cells)
    edges = (1e-9, 0.1, 0.2, 0.4, 0.8, math.inf)
    values = dict.fromkeys([*(f"pairs_{k + 1}" for k in range(5)), "next_eta", "next_phi", "next_diagonal"], 0.0)
    for a, b in itertools.permutations(cells, 2):
        r = math.hypot(a[2] - b[2], a[3] - b[3]) / grid.half_width
        values[f"pairs_{next(k for k in range(5) if edges[k] <= r < edges[k + 1]) + 1}"] += a[4] * b[4] / total**2
        steps = abs(a[0] - b[0]), abs(a[1] - b[1])
        if max(steps) == 1:
            name = {(1, 0): "next_eta", (0, 1): "next_phi", (1, 1): "next_diagonal"}[steps]
            values[name] += a[4] * b[4] / squares / 2
    return values


SLOW = {"moments": slow_moments, "radial": slow_radial, "hardest": slow_hardest, "spectrum": slow_spectrum,
        "clusters": slow_clusters, "correlators": slow_correlators}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("grid", [GRID, Grid(6, 9, (-0.4, 0.5), (-0.7, 0.8))], ids=["square", "off-centre"])
def test_a_family_is_its_slow_definition(name: str, grid: Grid) -> None:
    images = sparse_images(30, grid, 3)
    images[::2] *= 0.01  # soft pixels too
    found = FAMILIES[name].measure(images, grid)
    assert list(found) == list(FAMILIES[name].units)
    slow = [SLOW[name](pixels(image, grid), grid) for image in images]
    for key, values in found.items():
        np.testing.assert_allclose(values, [s[key] for s in slow], rtol=1e-5, atol=2e-6, err_msg=key)


def test_every_family_is_tested() -> None:
    assert set(FAMILIES) == set(SLOW)
    assert len(broad_units()) == sum(len(f.units) for f in FAMILIES.values()) > 60


def test_blocks_do_not_matter_and_values_are_finite() -> None:
    images = np.concatenate([sparse_images(1500, seed=4), np.zeros((2, 7, 7), np.float32), single_pixel(0, 6)])
    every, one = broad(images, GRID), broad(images[1400:1401], GRID)
    for name in broad_units():
        assert every[name].shape == (1503,)
        assert np.isfinite(every[name]).all(), name
        assert every[name][1500:1502].tolist() == [0, 0], name
        assert every[name][1400] == pytest.approx(one[name][0], rel=1e-6, abs=1e-9), name


def test_a_single_pixel() -> None:
    values = {name: float(found[0]) for name, found in broad(single_pixel(0, 6), GRID).items()}
    assert values["centroid_r"] == pytest.approx(0.6 * math.sqrt(2))
    assert values["hardest_eta"] == pytest.approx(-0.6)
    assert values["asymmetry_phi"] == 1
    assert values["clusters"] == values["isolated"] == values["isolated_share"] == 1
    assert values["above_100"] == 1
    assert values["quantile_50"] == pytest.approx(math.log(100))
    assert [values[n] for n in ("major", "planar_flow", "skewness", "second_r", "ratio_21", "entropy")] == [0] * 6


def test_what_does_not_depend_on_the_scale_of_pt_or_the_side() -> None:
    images = sparse_images(20, seed=5)
    once, mirrored = broad(images, GRID), broad(images[:, :, ::-1], GRID)
    twice = broad(2 * images, GRID)
    for name in (*FAMILIES["moments"].units, *FAMILIES["radial"].units, *FAMILIES["correlators"].units):
        np.testing.assert_allclose(twice[name], once[name], rtol=1e-6, atol=1e-9, err_msg=name)
    odd = {"centroid_phi", "asymmetry_phi", "hardest_phi", "second_phi", "orientation"}
    for name in broad_units():
        sign = -1 if name in odd else 1
        np.testing.assert_allclose(mirrored[name], sign * once[name], rtol=1e-6, atol=1e-7, err_msg=name)


def test_images_must_fit_the_grid() -> None:
    with pytest.raises(ValueError, match="do not fit a grid of 7 x 7"):
        broad(np.zeros((2, 5, 7)), GRID)


@pytest.mark.slow
def test_ten_thousand_jets_take_seconds() -> None:
    images, grid = sparse_images(10_000, Grid.square(25, 0.4)), Grid.square(25, 0.4)
    start = time.process_time()
    broad(images, grid)
    assert time.process_time() - start < 10
