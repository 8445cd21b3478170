"""Symmetries that are known, found again: generators, their algebra, the metric that they leave as it is."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_jets import toy_jets

from qgan.base.errors import ConfigError, DataError
from qgan.base.seeding import numpy_rng, torch_rng
from qgan.evaluation.two_sample import roc_auc
from qgan.studies.oracles import of_taggers
from qgan.symmetry import algebra, flows, invariant_metric, liegan, orthonormal, slope
from qgan.symmetry.latent import codes, judge
from qgan.taggers.kinematics import MINKOWSKI
from qgan.taggers.lorentznet import LorentzNet


def points(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch_rng(seed, "points"))


def lengths(x: Tensor) -> Tensor:
    return x.square().sum(-1)


def squared_mass(p: Tensor) -> Tensor:
    return p[:, 0] ** 2 - p[:, 1:].square().sum(1)


def turns(d: int) -> np.ndarray:
    """(d(d−1)/2, d, d), rotations of every plane."""
    planes = list(itertools.combinations(range(d), 2))
    found = np.zeros((len(planes), d, d))
    for one, (a, b) in zip(found, planes, strict=True):
        one[a, b], one[b, a] = -1, 1
    return found


def lorentz() -> np.ndarray:
    """(6, 4, 4), rotations and boosts."""
    found = np.zeros((6, 4, 4))
    found[:3, 1:, 1:] = turns(3)
    for i in range(3):
        found[3 + i, 0, 1 + i] = found[3 + i, 1 + i, 0] = 1
    return found


def same_span(a: np.ndarray, b: np.ndarray) -> float:
    """Smallest cosine of a principal angle between two spans of as many generators."""
    return float(np.linalg.svd(orthonormal(a).reshape(len(a), -1) @ orthonormal(b).reshape(len(b), -1).T)[1].min())


def test_rotations_of_space_are_found_with_their_structure_constants() -> None:
    found = flows(lengths, points(200, 3))
    assert (found.dimension, found.found) == (3, True)
    assert found.loss < 1e-4
    assert same_span(found.algebra.generators, turns(3)) > 1 - 1e-9
    f = found.algebra.constants
    epsilon = np.zeros((3, 3, 3))
    for order, sign in zip(((0, 1, 2), (1, 2, 0), (2, 0, 1)), (1, 1, 1), strict=True):
        epsilon[order], epsilon[order[1], order[0], order[2]] = sign, -sign
    np.testing.assert_allclose(f, np.sign(f[0, 1, 2]) * epsilon / np.sqrt(2), atol=1e-9)
    # The same of generators that are neither orthogonal nor of one length.
    mixed = np.tensordot(np.array([[1, 2, 0], [0, 3, 1], [0.5, 0, 1]]), turns(3), 1)
    assert abs(algebra(mixed).constants[0, 1, 2]) == pytest.approx(1 / np.sqrt(2))
    assert algebra(mixed).defect < 1e-12


@pytest.mark.parametrize(("asked", "there_is"), [(1, True), (2, False), (3, True), (4, False)])
def test_other_numbers_of_generators_are_refused_in_three_dimensions(asked: int, there_is: bool) -> None:
    found = flows(lengths, points(200, 3), asked)
    assert found.found == there_is
    assert found.loss < 1e-6 or found.loss > 1e-2


def test_two_of_three_rotations_miss_by_what_their_bracket_is() -> None:
    assert flows(lengths, points(200, 3), 2).loss == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(("asked", "there_is"), [(2, True), (3, True), (4, True), (5, False), (6, True)])
def test_subgroups_of_the_lorentz_group_are_there_or_not(asked: int, there_is: bool) -> None:
    assert flows(squared_mass, points(200, 4), asked).found == there_is


def test_boosts_and_rotations_are_found_and_minkowski_is_their_metric() -> None:
    found = flows(squared_mass, points(200, 4))
    assert found.dimension == 6
    assert same_span(found.algebra.generators, lorentz()) > 1 - 1e-9
    assert found.algebra.defect < 1e-9
    metric = invariant_metric(found.algebra.generators)
    assert metric.cosine > 0.99
    assert metric.signature == (1, 3, 0)
    np.testing.assert_allclose(2 * metric.matrix, MINKOWSKI, atol=1e-9)
    assert metric.gap < 1e-9
    assert metric.residuals.max() < 1e-9


def test_an_equivariant_network_has_six_and_with_beams_two() -> None:
    for beams, expected in ((False, 6), (True, 2)):
        network = LorentzNet((6, 4), 1, torch_rng(1, "network"), blocks=2, width=8, beams=beams).double().eval()
        momenta = points(150, 6, 4, seed=2)
        momenta[..., 0] = momenta[..., 1:].norm(dim=-1) * (1 + 0.1 * momenta[..., 0].abs())
        found = flows(lambda p, network=network: network(p)[:, 0], momenta)  # type: ignore[misc]
        assert found.losses[expected - 1] < 1e-12
        assert found.losses[expected] > 1e-6


def test_a_function_without_a_symmetry_has_no_generator() -> None:
    found = flows(lambda p: p[:, 0] ** 3 + p[:, 1] ** 2 * p[:, 2] + p[:, 2] + p[:, 3] ** 2 * p[:, 1], points(200, 4))
    assert (found.dimension, found.found, len(found.algebra.generators)) == (0, False, 0)
    assert found.losses[0] > 3e-4


def test_functions_of_several_outputs_keep_what_all_of_them_keep() -> None:
    found = flows(lambda p: torch.stack([lengths(p), p[:, 2]], 1), points(200, 3))
    assert found.dimension == 1
    assert same_span(found.algebra.generators, turns(3)[:1]) > 1 - 1e-9


def test_the_metric_of_generators_that_are_not_orthonormal() -> None:
    """L → S L S⁻¹ of rotations leaves S⁻ᵀS⁻¹ as it is; with the equation transposed its inverse would come out."""
    stretch = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.7]])
    inverse = np.linalg.inv(stretch)
    known = inverse.T @ inverse
    metric = invariant_metric(stretch @ turns(3) @ inverse, known)
    assert metric.cosine == pytest.approx(1)
    np.testing.assert_allclose(metric.matrix, known / np.linalg.norm(known), atol=1e-9)
    other = np.linalg.inv(known)
    assert abs((metric.matrix * other).sum()) / np.linalg.norm(other) < 0.9
    assert metric.residuals.max() < 1e-9


def test_a_dilation_leaves_no_metric_and_one_turn_leaves_several() -> None:
    metric = invariant_metric(np.concatenate([lorentz(), np.eye(4)[None]]))
    assert metric.residuals[6] == pytest.approx(1)
    assert metric.sizes[0] > 0.5
    alone = invariant_metric(turns(4)[:1])
    assert alone.gap == 1
    assert (alone.sizes < 1e-12).sum() == 4
    with pytest.raises(ValueError, match="moves nothing"):
        invariant_metric(np.zeros((1, 2, 2)))


def test_noise_in_the_generators_shows_in_the_gap() -> None:
    rng = numpy_rng(0, "noise")
    gaps = [invariant_metric(lorentz() + size * rng.normal(size=(6, 4, 4))).gap for size in (1e-3, 1e-2, 1e-1)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.01 < 0.1 < gaps[2]


def ellipse(n: int) -> np.ndarray:
    """Points about x² + 4y² = 4."""
    rng = numpy_rng(1, "ellipse")
    angle, radius = rng.uniform(0, 2 * np.pi, n), rng.normal(1, 0.3, n)
    return np.stack([2 * radius * np.cos(angle), radius * np.sin(angle)], 1)[:, None]


def test_a_game_finds_the_turn_along_an_ellipse() -> None:
    found = liegan(ellipse(4000), seed=1)
    assert found.found
    assert found.moved > 0.3
    unit = found.generators[0] / np.linalg.norm(found.generators)
    known = np.array([[0, -2], [0.5, 0]]) / np.sqrt(4.25)
    assert abs((unit * known).sum()) > 0.99
    assert invariant_metric(found.generators, np.diag([1.0, 4.0])).cosine > 0.99


def test_a_game_on_points_without_a_symmetry_is_refused_by_points_that_it_has_not_seen() -> None:
    rng = numpy_rng(2, "clusters")
    centres = np.array([[1.0, 0.0], [0.0, 1.0], [-0.5, 0.3]])
    found = liegan((centres[rng.integers(3, size=4000)] + 0.3 * rng.normal(size=(4000, 2)))[:, None], seed=1)
    assert not found.found
    assert found.auc > 0.6


def test_the_slope_along_a_generator_is_that_of_the_flow() -> None:
    x = points(50, 3)
    tilt, step = 0.3 * turns(3)[0] + 0.1 * np.eye(3), 1e-6

    def cubic(p: Tensor) -> Tensor:
        return p[:, 0] ** 3 + p[:, 1] * p[:, 2]

    moved = x @ torch.matrix_exp(step * torch.from_numpy(tilt)).T
    assert slope(cubic, x, tilt) == pytest.approx(float(((cubic(moved) - cubic(x)) / step).square().mean().sqrt()),
                                                  rel=1e-4)
    assert slope(squared_mass, points(50, 4), lorentz()[4]) == pytest.approx(0, abs=1e-12)


def test_codes_of_images_hold_what_tells_classes_apart() -> None:
    jets, others = toy_jets(400, 1), toy_jets(100, 2)
    space = codes(jets.images, 4, steps=300)
    assert 0 < space.lost < 0.9
    found = space.encode(others.images)
    assert found.shape == (200, 4)
    np.testing.assert_array_equal(found, codes(jets.images, 4, steps=300).encode(others.images))
    logit = judge(space.encode(jets.images), jets.label)
    with torch.no_grad():
        score = logit(torch.from_numpy(found)).numpy()
    assert roc_auc(score[others.label == 0], score[others.label == 1]) > 0.75
    assert (np.diff(flows(logit, torch.from_numpy(found)).losses) >= 0).all()


@pytest.mark.slow
def test_the_logit_of_a_tagger_keeps_what_it_was_built_to_keep() -> None:
    found, = of_taggers(toy_jets(150, 1), ["lorentznet-lite"])
    assert found.flows.dimension >= 2
    for name in ("boost along the beam", "turn about the beam"):
        assert found.slopes[name] < 1e-6 < 1e-2 < found.slopes["boost across"]
    json.dumps(found.to_dict())


def test_oracles_are_networks_on_particles_and_jets_of_two_classes() -> None:
    with pytest.raises(ConfigError, match=r"^tagger trees: expected a network on particles, whose logit has a slope$"):
        next(of_taggers(toy_jets(20, 1), ["trees"]))
    with pytest.raises(DataError, match=r"^toy.h5: signal: holds w jets, expected two classes, which"):
        next(of_taggers(toy_jets(20, 1).only("w"), ["lorentznet-lite"]))
