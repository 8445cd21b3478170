"""Observables: analytic values, brute force on few pixels, and what must not change them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from qgan.data.grid import Grid
from qgan.observables import arrays as observables
from qgan.observables import energy_flow as energyflow
from qgan.observables.registry import unit

GRID = Grid.square(7, 0.7)


def sparse_images(n: int = 40, grid: Grid = GRID, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    images = rng.exponential(20.0, (n, *grid.shape)) * (rng.random((n, *grid.shape)) < 0.25)
    images[:, grid.height // 2, grid.width // 2] += 50.0
    return images.astype(np.float32)


def single_pixel(row: int, column: int, pt: float = 100.0, grid: Grid = GRID) -> np.ndarray:
    image = np.zeros((1, *grid.shape), np.float32)
    image[0, row, column] = pt
    return image


def test_single_pixel() -> None:
    values = observables.observables(single_pixel(1, 5), GRID)
    assert values["pt"] == pytest.approx(100)
    assert values["mass"] == pytest.approx(0, abs=1e-4)
    assert values["width"] == pytest.approx(0)
    assert values["ptd"] == pytest.approx(1)
    assert values["delta_r_mean"] == pytest.approx(100 * np.hypot(0.4, 0.4) / 49)
    assert values["nnz"] == 1
    assert values["leading_1"] == pytest.approx(1)
    assert values["c2"] == 0


def test_two_equal_pixels() -> None:
    image = single_pixel(3, 1, 50.0) + single_pixel(3, 5, 50.0)
    values = observables.observables(image, GRID)
    assert values["mass"] == pytest.approx(np.sqrt(2 * 50 * 50 * (1 - np.cos(0.8))), rel=1e-6)
    assert values["width"] == pytest.approx(0.4)
    assert values["sigma_r"] == pytest.approx(0, abs=1e-7)
    assert values["ptd"] == pytest.approx(np.sqrt(0.5))
    assert values["leading_1"] == pytest.approx(0.5)
    assert values["pixel_mean"] == pytest.approx(100 / 49)
    assert values["pixel_std"] == pytest.approx(np.sqrt(2 * 2500 / 49 - (100 / 49) ** 2))


def test_sigma_r_is_the_weighted_standard_deviation() -> None:
    image = sparse_images(1)
    p = image[0].astype(float)
    eta, phi = np.meshgrid(GRID.eta, GRID.phi, indexing="ij")
    delta_r = np.hypot(eta - np.average(eta, weights=p), phi - np.average(phi, weights=p))
    mean = np.average(delta_r, weights=p)
    assert observables.width(image, GRID) == pytest.approx(mean)
    assert observables.sigma_r(image, GRID) == pytest.approx(np.sqrt(np.average((delta_r - mean) ** 2, weights=p)))


def test_mass_from_a_loop_over_four_vectors() -> None:
    image = sparse_images(1)[0].astype(float)
    total = np.zeros(4)
    for (row, column), p in np.ndenumerate(image):
        eta, phi = GRID.eta[row], GRID.phi[column]
        total += p * np.array([np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta)])
    expected = np.sqrt(total[0] ** 2 - (total[1:] ** 2).sum())
    assert observables.mass(image[None], GRID)[0] == pytest.approx(expected, rel=1e-9)


def test_empty_image_is_zero_everywhere() -> None:
    empty = np.zeros((2, 7, 7), np.float32)
    for values in [observables.observables(empty, GRID), energyflow.energy_flow(empty, GRID)]:
        assert all((v == 0).all() for v in values.values())


def test_subjettiness_counts_prongs() -> None:
    grid = Grid.square(25, 1.25)
    places = [(3, 3), (12, 20), (21, 6)]
    prongs = [single_pixel(r, c, 100.0, grid) + single_pixel(r, c + 1, 20.0, grid) for r, c in places]
    values = [observables.observables(image, grid) for image in (prongs[0], prongs[0] + prongs[1], sum(prongs))]
    tau_1, tau_21, tau_32 = ([float(v[n][0]) for v in values] for n in ("tau_1", "tau_21", "tau_32"))
    assert tau_1[0] == pytest.approx(2 * 100 * 20 / 120**2 * 0.1 / 1.25, rel=0.01)
    assert tau_1[0] < tau_1[1]
    assert tau_21[1] < 0.2 < tau_21[2]
    assert tau_32[2] < 0.2


def test_threshold_of_the_pixel_count() -> None:
    image = single_pixel(2, 2, 0.09) + single_pixel(4, 4, 0.11)
    assert observables.observables(image, GRID)["nnz"] == 1
    assert observables.nnz(image, GRID, threshold=0.05) == 2


def test_order_of_jets_does_not_matter() -> None:
    images = sparse_images()
    order = np.random.default_rng(1).permutation(len(images))
    plain = observables.observables(images, GRID) | energyflow.energy_flow(images, GRID)
    shuffled = observables.observables(images[order], GRID) | energyflow.energy_flow(images[order], GRID)
    for name, values in plain.items():
        np.testing.assert_allclose(shuffled[name], values[order], rtol=1e-9, atol=1e-12, err_msg=name)


def test_reflections_and_scale_leave_the_shape_alone() -> None:
    images = sparse_images()
    flipped = observables.observables(images[:, ::-1], GRID)
    scaled = observables.observables(images * 3, GRID)
    scaled["nnz"] = observables.nnz(images * 3, GRID, threshold=3 * observables.THRESHOLD)
    plain = observables.observables(images, GRID)
    for name, values in plain.items():
        if name in ("tau_21", "tau_32"):  # equal kT distances on a grid are settled by the pixels' order
            assert np.median(np.abs(flipped[name] - values)) < 1e-9
            continue
        np.testing.assert_allclose(flipped[name], values, rtol=1e-6, atol=1e-9, err_msg=name)
        factor = 3 if unit(name) == "GeV" else 1
        np.testing.assert_allclose(scaled[name], factor * values, rtol=1e-5, atol=1e-7, err_msg=name)


def test_unknown_names_and_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="wdith"):
        observables.observables(sparse_images(1), GRID, names=["wdith"])
    with pytest.raises(ValueError, match="7 x 7"):
        observables.observables(np.zeros((1, 5, 5)), GRID)


def brute_force(image: np.ndarray, grid: Grid, graph: str) -> float:
    """The sum over all assignments of pixels to vertices, as the definition is written."""
    eta, phi = np.meshgrid(grid.eta, grid.phi, indexing="ij")
    kept = image.ravel() > 0
    z = image.ravel()[kept] / image.sum()
    points = np.stack([eta.ravel()[kept], phi.ravel()[kept]], axis=1)
    theta = np.linalg.norm(points[:, None] - points, axis=-1)
    edges = [(ord(e[0]) - 97, ord(e[1]) - 97, int(e[2:] or 1)) for e in graph.split(".")]
    total = 0.0
    for vertices in itertools.product(range(len(z)), repeat=max(max(a, b) for a, b, _ in edges) + 1):
        term = np.prod(z[list(vertices)])
        for a, b, power in edges:
            term *= theta[vertices[a], vertices[b]] ** power
        total += term
    return total


@pytest.mark.parametrize("graph", energyflow.GRAPHS)
def test_energy_flow_against_its_definition(graph: str) -> None:
    image = np.zeros((1, 7, 7))
    image[0, [0, 2, 3, 5], [4, 1, 3, 6]] = [10.0, 30.0, 80.0, 5.0]
    value = energyflow.energy_flow(image, GRID)[graph][0]
    assert value == pytest.approx(brute_force(image[0], GRID, graph), rel=1e-10)


def test_all_connected_multigraphs_are_there() -> None:
    """1, 2, 5 and 12 connected multigraphs have 1, 2, 3 and 4 edges."""
    edges = [sum(int(e[2:] or 1) for e in g.split(".")) for g in energyflow.GRAPHS]
    assert [edges.count(d) for d in (1, 2, 3, 4)] == [1, 2, 5, 12]
    assert len(set(energyflow.GRAPHS)) == 20


def test_correlation_ratio_from_triples() -> None:
    image = np.zeros((1, 7, 7))
    cells = {(0, 4): 0.2, (2, 1): 0.3, (3, 3): 0.5}
    for place, p in cells.items():
        image[(0, *place)] = p
    places = [np.array([GRID.eta[r], GRID.phi[c]]) for r, c in cells]
    (a, b, c), (x, y, z) = places, cells.values()
    ab, bc, ca = np.linalg.norm(a - b), np.linalg.norm(b - c), np.linalg.norm(c - a)
    e2 = x * y * ab + y * z * bc + z * x * ca
    assert energyflow.correlation_ratio(image, GRID)[0] == pytest.approx(x * y * z * ab * bc * ca / e2**2)


def test_loops_keep_the_hardest_cells_only() -> None:
    images = sparse_images(20)
    exact = energyflow.energy_flow(images, GRID)
    assert np.allclose(energyflow.energy_flow(images, GRID, max_cells=49)["ab.bc.ca"], exact["ab.bc.ca"])
    capped = energyflow.energy_flow(images, GRID, max_cells=8)
    assert (capped["ab.bc.ca"] <= exact["ab.bc.ca"] + 1e-12).all()
    assert np.allclose(capped["ab.bc"], exact["ab.bc"])
