"""What a generator was made with: taken from its losses and networks, carried with its jets, parted from the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_training import PUBLISHED, prepared_from, small, trainer_from, with_delta_r
from toy_jets import toy_jets

from qgan.data import JetImages, concatenate, read_jets, write_jets
from qgan.evaluation.used import assumed_uses, every, known_observables, lists
from qgan.models import OBSERVABLES
from qgan.sampling.pretrained import load_model, read_card, shipped_models
from qgan.sampling.source import generate, load_source
from qgan.training.experiment import train
from qgan.training.used import used_statistics


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(60, 1, size=25)))
    return path


@pytest.mark.parametrize(("changes", "named", "not_named"), [
    ({}, {"delta_r_mean", "soft_nnz", "count_8", "shares", "image_tau_21", "pt", "mass"}, {"leading_2"}),
    ({"losses.matching": 0.0, "losses.statistics": 0.0, "discriminator.observables": False},
     {"delta_r_mean", "count_8"}, {"image_tau_21", "clumps_3", "delta_r_std"}),
    ({"losses.sparsity": 0.0}, {"soft_nnz"}, {"count_8"}),
    ({"losses.matched": ["leading_2"]}, {"leading_2"}, {"image_tau_21"}),
    ({"losses.mean_image": 0.0}, set(), {"shares"}),
    (PUBLISHED, {"delta_r_std", "pixel_std"}, {"clumps_3", "shares", "width"})],
    ids=("default", "few", "sparsity", "matched", "mean_image", "published"))
def test_every_loss_coding_and_condition_is_named(file: Path, changes: dict[str, object], named: set[str],
                                                  not_named: set[str]) -> None:
    configuration = small(changes)
    trainer = trainer_from(configuration, file)
    uses = set(used_statistics(trainer))
    assert named <= uses
    assert not not_named & uses
    # Whatever the configuration is: all that a term reads, all that the generator is given.
    assert set(trainer.terms.needs) | set(prepared_from(configuration, file).names) - {"label"} <= uses
    if configuration.discriminator.observables and configuration.discriminator.architecture == "jets":
        assert set(OBSERVABLES) <= uses


def test_it_travels_from_the_training_to_the_jets(file: Path, tmp_path: Path) -> None:
    folder = train(small({"steps": 1}), out=tmp_path / "run", data=[file], quiet=True)
    generate(folder.path, tmp_path / "fake.h5", n=30, quiet=True)
    fake = read_jets(tmp_path / "fake.h5")
    expected = used_statistics(trainer_from(small(), file))
    assert fake.origin["uses"] == load_source(folder.path).origin["uses"] == expected
    found = lists(fake.origin)
    assert not found.assumed
    assert "width" in found.used
    assert "leading_2" in found.unused


@pytest.mark.parametrize("model", shipped_models())
def test_the_cards_of_models_that_ship_say_it(model: str) -> None:
    uses = set(read_card(model)["uses"])
    configuration = read_card(model)["configuration"]
    assert uses >= {*configuration["losses"]["matched"], *configuration["data"]["conditions"], *OBSERVABLES}
    assert uses >= set(configuration["data"]["codings"]) - set(read_card(model)["conditions_left_out"])
    assert load_model(model).origin["uses"] == sorted(uses)
    assert uses <= set(assumed_uses())


def test_every_observable_is_in_one_list() -> None:
    origins: list[dict[str, list[str]]] = [
        {}, {"uses": []}, {"uses": ["centroid_eta", "centroid_phi", "harder_half"]}]
    for origin in origins:
        found = lists(origin)
        assert sorted((*found.used, *found.unused)) == sorted(every())
    assert lists({}).assumed
    assert len(lists({}).unused) > 30
    assert lists({"uses": []}).used == ()


def test_what_a_statistic_says_of_an_observable() -> None:
    assert known_observables(["image_mass"]) == {"mass"}
    assert known_observables(["pixel_mean"]) == {"pt", "pixel_mean"}
    assert known_observables(["soft_nnz"]) == {"nnz", "above_0.1"}
    assert known_observables(["count_0.1"]) == {"nnz", "above_0.1"}
    assert known_observables(["count_2", "count_90"]) == {"above_3", "above_100"}
    assert known_observables(["count_0.5"]) == set()
    assert known_observables(["centroid_eta"]) == {"centroid_eta"}
    assert known_observables(["centroid_eta", "centroid_phi"]) == {"centroid_eta", "centroid_phi", "centroid_r"}
    assert known_observables(["harder_half", "eta", "shares"]) == {"asymmetry_phi"}


def test_merged_jets_know_what_any_of_them_knew() -> None:
    def jets(**origin: object) -> JetImages:
        one = toy_jets(10, 1)
        return JetImages(one.images, one.label, one.conditions, one.grid, one.frame, one.class_names, dict(origin))

    both = concatenate([jets(uses=["width"]), jets(uses=["image_mass"])])
    assert set(lists(both.origin).used) == {"width", "mass"}
    assert not lists(both.origin).assumed
    assert lists(concatenate([jets(uses=["width"]), jets()]).origin).assumed
