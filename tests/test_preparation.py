"""What is fitted on the training jets; generators of jets rebuilt from plain values; pixels in GeV; the flip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_training import PUBLISHED, SMALL, prepared_from, small, with_delta_r
from toy_jets import toy_jets

from qgan.base.errors import ConditionError, ConfigError, DataError
from qgan.data import write_jets
from qgan.data.jets import Frame, JetImages
from qgan.models import Blueprint, JetGenerator, PixelStatistics
from qgan.models.recipes import blueprint_of
from qgan.models.symmetry import EtaFlip
from qgan.observables.arrays import observables
from qgan.observables.registry import codable
from qgan.runs.configuration import check
from qgan.training.preparation import statistics_of

JETS = with_delta_r(toy_jets(150, 1))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, JETS)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20×20 pixels, for the published crop."""
    path = tmp_path_factory.mktemp("large") / "jets.h5"
    write_jets(path, toy_jets(100, 1, size=20))
    return path


def written(folder: Path, jets: JetImages) -> Path:
    path = folder / "jets.h5"
    write_jets(path, jets)
    return path


def built(blueprint: Blueprint, seed: int = 0) -> JetGenerator:
    torch.manual_seed(seed)
    flat = PixelStatistics.flat(blueprint.grid.shape, blueprint.pixels.power)
    generator = blueprint.build(replace(flat, softest=0.02))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return generator.eval()


def test_training_and_validation_share_no_jet_and_keep_the_classes(file: Path) -> None:
    prepared = prepared_from(small(), file)
    assert (len(prepared.train), len(prepared.validation)) == (270, 30)
    assert [int((prepared.validation.label == c).sum()) for c in (0, 1)] == [15, 15]
    both = np.concatenate((prepared.train.conditions["pt"], prepared.validation.conditions["pt"]))
    assert sorted(both) == sorted(JETS.conditions["pt"])
    other = prepared_from(small({"seed": 1}), file)
    assert not np.array_equal(other.train.conditions["pt"], prepared.train.conditions["pt"])


def test_the_table_holds_what_was_asked_for(file: Path) -> None:
    prepared = prepared_from(small({"data.codings": ["delta_r", "width", "pixel_mean", "tau_21", "image_mass"]}), file)
    assert prepared.names == ("label", "eta", "pt", "mass", "delta_r", "width", "pixel_mean", "image_mass")
    assert prepared.dropped == {"tau_21": "not in the data"}
    columns, train = dict(zip(prepared.names, prepared.table.T, strict=True)), prepared.train
    measured = observables(train.images, train.grid, names=("mass", "width", "pixel_mean"))
    for name in ("pt", "mass", "eta", "delta_r"):
        np.testing.assert_array_equal(columns[name], train.conditions[name])
    np.testing.assert_array_equal(columns["label"], train.label)
    np.testing.assert_allclose(columns["width"], measured["width"], rtol=1e-4)
    np.testing.assert_allclose(columns["image_mass"], measured["mass"], rtol=1e-4)
    np.testing.assert_allclose(columns["pixel_mean"], measured["pixel_mean"], rtol=1e-5)


def test_what_is_the_same_in_all_jets_is_dropped_and_kept_as_a_constant(tmp_path: Path) -> None:
    jets = replace(JETS, conditions={**JETS.conditions, "delta_r": np.full(len(JETS), 0.4, np.float32)})
    prepared = prepared_from(small(), written(tmp_path, jets))
    assert "delta_r" not in prepared.names
    assert prepared.dropped == {"delta_r": "0.4 in all jets"}
    assert prepared.constants == {"delta_r": pytest.approx(0.4)}


@pytest.mark.parametrize("name", codable())
def test_every_image_statistic_can_be_a_coding(name: str) -> None:
    (values,) = statistics_of(JETS, [name]).values()
    assert values.shape == (300,)
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert values.std() > 0


def test_statistics_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = statistics_of(JETS, codable())
    monkeypatch.setattr("qgan.training.preparation._BLOCK", 64)
    for name, values in statistics_of(JETS, codable()).items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-4, atol=1e-6)


def test_the_transform_standardises_the_training_jets(file: Path) -> None:
    prepared = prepared_from(small(), file)
    transform = prepared.blueprint.conditions
    seen = transform.forward(prepared.table)
    column = prepared.names.index("eta")
    np.testing.assert_allclose(np.square(seen[:, column]).mean(), 1, atol=1e-4)
    others = np.delete(seen[:, 1:], column - 1, axis=1)
    np.testing.assert_allclose(others.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(others.std(0), 1, atol=1e-4)
    assert set(seen[:, 0]) == {-1, 1}
    np.testing.assert_allclose(transform.inverse(seen), prepared.table, rtol=1e-4, atol=1e-4)


def test_joint_densities_keep_correlations_and_unpaired_ones_do_not(file: Path) -> None:
    for joint in (True, False):
        density = prepared_from(small({"data.joint": joint}), file).density
        values = density.sample(4000, np.random.default_rng(0), label=1).values
        columns = dict(zip(density.names, values.T, strict=True))
        # delta_r was made from the mass; the pixel mean is pT over again.
        for one, other in (("mass", "delta_r"), ("pt", "pixel_mean")):
            correlation = np.corrcoef(columns[one], columns[other])[0, 1]
            assert (correlation > 0.9) == joint, (one, other, correlation)
            assert joint or abs(correlation) < 0.2


def test_unpaired_columns_hold_the_same_values_within_a_class(file: Path) -> None:
    paired, unpaired = (prepared_from(small({"data.joint": j}), file) for j in (True, False))
    for label in (0, 1):
        rows = [p.density.table[p.density.labels == label] for p in (paired, unpaired)]
        np.testing.assert_array_equal(np.sort(rows[0], 0), np.sort(rows[1], 0))
        assert not np.array_equal(*rows)


@pytest.mark.parametrize("changes", [{}, {"symmetry": "exact"}, {"generator.core": "dense"}, {"data.power": 0.3},
                                     PUBLISHED], ids=["ours", "exact", "dense", "power", "published"])
def test_a_blueprint_rebuilt_from_plain_values_makes_the_same_images(file: Path, large: Path,
                                                                     changes: dict[str, object]) -> None:
    prepared = prepared_from(small(changes), large if changes is PUBLISHED else file)
    plain = json.loads(json.dumps(prepared.blueprint.to_dict()))
    generator, again = built(prepared.blueprint), blueprint_of(plain).build().eval()
    table = torch.from_numpy(prepared.table[:20])
    noise = torch.randn(20, generator.noise_features)
    images, gev = generator(table, noise)
    assert not torch.equal(again(table, noise)[1], gev)
    again.load_state_dict(generator.state_dict())
    assert again.grid == generator.grid
    for mine, theirs in zip((images, gev), again(table, noise), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("power", [0.25, 0.5, 1.0])
def test_the_sum_of_an_image_is_what_the_pixel_mean_says(file: Path, power: float) -> None:
    prepared = prepared_from(small({"data.power": power}), file)
    generator = built(prepared.blueprint)
    table = torch.from_numpy(prepared.table[:40])
    with torch.no_grad():
        images, gev = generator(table, torch.randn(40, generator.noise_features))
    asked = table[:, prepared.names.index("pixel_mean")] * 144
    torch.testing.assert_close(gev.sum((1, 2)), asked, rtol=1e-5, atol=0)
    torch.testing.assert_close(generator.scale(table), asked)
    assert gev.min() >= 0
    # Both ways of the pixel transform meet, on real jets and on generated ones.
    torch.testing.assert_close(generator.pixels.to_network(gev, asked), images, atol=1e-5, rtol=1e-4)
    real = torch.from_numpy(prepared.train.images[:40])
    shared = generator.pixels.to_network(real, real.sum((1, 2)))
    torch.testing.assert_close(generator.pixels.to_gev(shared, real.sum((1, 2))), real, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close((shared ** (1 / power)).sum((1, 2)), torch.ones(40))


@pytest.mark.parametrize("core", ["quantum", "dense"])
@pytest.mark.parametrize("frame", ["raw", "canonical"])
def test_exact_symmetry_in_physical_conditions(tmp_path: Path, frame: Frame, core: str) -> None:
    """eta -> -eta of the table mirrors the images in GeV to the last bit, whatever eta's mean over the jets is."""
    file = written(tmp_path, replace(JETS, frame=frame))
    prepared = prepared_from(small({"symmetry": "exact", "generator.core": core, "generator.exact": ["mass"]}), file)
    assert abs(prepared.table[:, prepared.names.index("eta")].mean()) > 1e-3
    generator, flip = built(prepared.blueprint), EtaFlip.of(prepared.names, frame, prepared.train.grid)
    table = torch.from_numpy(prepared.table)
    noise = torch.randn(len(table), generator.noise_features)
    with torch.no_grad():
        images, gev = generator(table, noise)
        mirrored, mirrored_gev = generator(flip.conditions(table), noise)
    assert (table[:, 1] < 0).any()
    assert (table[:, 1] > 0).any()
    assert torch.equal(images, flip.images(mirrored))
    assert torch.equal(gev, flip.images(mirrored_gev))
    # At positive eta it is the generator within, which is told the true eta.
    inner, plus = generator.network.get_submodule("generator"), table[:, 1] > 0
    with torch.no_grad():
        plain = inner(generator.conditions.forward(table[plus]), noise[plus, :-1] if frame == "raw" else noise[plus])
    torch.testing.assert_close(images[plus], plain, atol=1e-5, rtol=1e-4)
    if frame == "raw":
        assert (images - mirrored).abs().max() > 0.1


@pytest.mark.parametrize("frame", ["raw", "canonical"])
@pytest.mark.parametrize("mode", ["none", "average"])
def test_other_modes_are_not_equivariant(tmp_path: Path, frame: Frame, mode: str) -> None:
    prepared = prepared_from(small({"symmetry": mode}), written(tmp_path, replace(JETS, frame=frame)))
    generator, flip = built(prepared.blueprint), EtaFlip.of(prepared.names, frame)
    table = torch.from_numpy(prepared.table[:100])
    noise = torch.randn(100, generator.noise_features)
    with torch.no_grad():
        images, mirrored = generator(table, noise)[0], generator(flip.conditions(table), noise)[0]
    assert (images - flip.images(mirrored)).abs().max() > 1e-2


def test_one_class_alone_is_prepared(tmp_path: Path) -> None:
    prepared = prepared_from(small(), written(tmp_path, JETS.only("w")))
    assert (prepared.density.classes, prepared.train.classes, prepared.train.class_names) == ([1], [1], ("qcd", "w"))
    assert (prepared.blueprint.conditions.forward(prepared.table)[:, 0] == 1).all()


@pytest.mark.parametrize("n", [1, 4, 20])
def test_too_few_jets_of_a_class_are_refused(tmp_path: Path, n: int) -> None:
    kept = np.concatenate((np.arange(100), 150 + np.arange(n)))
    with pytest.raises(DataError, match=r"signal: leaves \d+ jets of class w for (training|validation)"):
        prepared_from(small(), written(tmp_path, JETS[kept]))


def test_a_file_of_a_few_jets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="signal: leaves 1 jets of class qcd for training, expected at least 5"):
        prepared_from(small({"data.validation": 0.5}), written(tmp_path, JETS[np.array([0, 1, 150, 151])]))


@pytest.mark.parametrize(("changes", "error", "said"), [
    ({"data.codings": ["width"]}, ConfigError, "pixel_mean must be among them"),
    ({"data.codings": ["pixel_mean", "charm"]}, ConditionError, "charm"),
    ({"data.conditions": ["eta", "colour"]}, ConditionError, "colour"),
    ({"data.conditions": ["pt", "pt"]}, ConfigError, "pt: twice"),
    ({"data.conditions": ["label", "pt"]}, ConfigError, "label: twice"),
    ({"data.codings": ["pixel_mean", "mass"]}, ConfigError, "mass: twice"),
    ({"data.rows": (4, 40)}, DataError, "cannot crop rows 4:40 of 12"),
    ({"generator.core": "quantm"}, ConfigError, "generator.core: 'quantm', .*did you mean quantum"),
    ({"generator.circuit": "random"}, ConfigError, "generator.circuit: 'random', expected one of random_layers"),
    ({"losses.adversarial": "hing"}, ConfigError, "losses.adversarial: 'hing', .*did you mean hinge"),
    ({"losses.further": {"girth": 1.0}}, ConfigError, "losses.further: 'girth', expected one of adversarial"),
])
def test_what_does_not_fit_the_jets_is_named(file: Path, changes: dict[str, object], error: type[Exception],
                                             said: str) -> None:
    with pytest.raises(error, match=said):
        prepared_from(small(changes), file)


@pytest.mark.parametrize(("name", "value"), [
    ("steps", 0), ("batch_size", 3), ("threads", -1), ("data.validation", 0.0), ("data.validation", 1.0),
    ("data.power", 0.0), ("data.power", -1.0), ("data.power", 2.0), ("generator.channels", 0), ("losses.r1", -0.1),
    ("losses.r1_every", 0), ("optimiser.discriminator_every", 0), ("optimiser.ema", 1.0), ("optimiser.ema", -0.1),
    ("optimiser.generator_rate", float("nan")), ("optimiser.beta2", 1.0), ("losses.coding", float("inf")),
    ("logging.validation_jets", 1), ("logging.quality", -5),
])
def test_numbers_that_cannot_be_computed_with_are_named(name: str, value: float) -> None:
    check(small({name: SMALL.get(name, 0.5 if name in ("data.validation", "data.power") else 4)})
          if name not in ("optimiser.ema", "optimiser.beta2") else small())
    with pytest.raises(ConfigError, match=f"^{name}: "):
        check(small({name: value}))
