"""Named symmetries of jets: what is compared with what, who has them, and ``qgan symmetry``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_jets import toy_jets

from qgan.base.seeding import numpy_rng
from qgan.cli import main
from qgan.data import JetImages, write_jets
from qgan.data.grid import Grid
from qgan.evaluation import Reference
from qgan.evaluation.moved import broken
from qgan.studies.symmetry import On, games
from qgan.symmetry.named import sides

GRID = Grid.square(9, 0.9)


def blobs(n: int, *, lean: float = 0.0, wide: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 9, 9) of twelve soft particles about a hard one, and η; in the raw frame.

    Args:
        lean: how far they lie to one side in Δη, whatever the sign of η: no flip allows that.
        wide: their spread in Δη over that in Δφ: no quarter turn allows another than 1.
    """
    rng = numpy_rng(seed, "blobs")
    place = 0.25 * rng.normal(size=(2, n, 12)) * np.array([wide, 1])[:, None, None] + np.array([lean, 0])[:, None, None]
    row, column = (np.clip(((x + 0.9) / 0.2).astype(int), 0, 8) for x in place)
    images = np.zeros((n, 9, 9), np.float32)
    np.add.at(images, (np.arange(n)[:, None], row, column), rng.exponential(3, (n, 12)))
    images[:, 4, 4] += 50
    return images, rng.uniform(-2, 2, n)


def test_sides_are_jets_and_transformed_jets() -> None:
    images, eta = blobs(101)
    found = {name: (a, b) for name, a, b in sides(images, GRID, "raw", eta, numpy_rng(0))}
    assert list(found) == ["eta_flip", "phi_flip", "quarter_turn", "boost"]
    np.testing.assert_array_equal(found["eta_flip"][0], images[eta > 0])
    np.testing.assert_array_equal(found["eta_flip"][1], images[eta < 0][:, ::-1])
    assert (len(found["boost"][0]), len(found["boost"][1])) == (51, 50)
    for name, back in (("phi_flip", lambda x: x[:, :, ::-1]), ("quarter_turn", lambda x: np.rot90(x, -1, (1, 2)))):
        a, b = found[name]
        both = np.concatenate([a, back(b)])  # type: ignore[no-untyped-call]
        assert sorted(map(bytes, both)) == sorted(map(bytes, images))
    canonical = {name: (a, b) for name, a, b in sides(images, GRID, "canonical", eta, numpy_rng(0))}
    np.testing.assert_array_equal(canonical["eta_flip"][1], images[eta < 0])


def test_what_does_not_map_the_image_onto_itself_or_needs_eta_is_left_out() -> None:
    images, eta = blobs(40)
    off = Grid(9, 9, (-0.9, 1.1), (-0.9, 0.9))
    assert [name for name, *_ in sides(images, off, "raw", eta, numpy_rng(0))] == ["phi_flip", "boost"]
    assert [name for name, *_ in sides(images, GRID, "canonical", None, numpy_rng(0))] == ["phi_flip", "quarter_turn"]
    assert list(broken(images[:50], GRID, "raw", None, seed=0)) == []


def test_jets_break_what_they_are_made_to_break_and_nothing_else() -> None:
    for options, expected in (({}, set()), ({"lean": 0.15}, {"eta_flip", "quarter_turn"}),
                              ({"wide": 1.6}, {"quarter_turn"})):
        images, eta = blobs(500, **options)  # type: ignore[arg-type]
        found = broken(images, GRID, "raw", eta, seed=1)
        assert {name for name, one in found.items() if one.is_broken} == expected
        assert all(abs(one.auc - 0.5) < 4 * one.error for name, one in found.items() if name not in expected)
    assert found["quarter_turn"].n == 250


def test_another_tagger_sees_images_or_particles() -> None:
    images, eta = blobs(300, lean=0.3)
    found = broken(images, GRID, "raw", eta, seed=1, tagger="nnz")
    assert found["eta_flip"].seen_in == ""
    assert not any(one.is_broken for one in found.values())


def test_generated_jets_stand_beside_real_ones_in_an_evaluation() -> None:
    real, fake = (raw(n, seed, lean) for n, seed, lean in ((400, 1, 0.0), (200, 2, 0.3)))
    evaluation = Reference.of(real, n_per_class=200).judge(fake, metrics=["moved"])
    rows = {row.observable: row for row in evaluation.of("moved")}
    flip = rows["eta_flip"]
    assert flip.floor is not None
    assert abs(flip.floor - 0.5) < 0.2 < flip.value - 0.5
    assert flip.error == pytest.approx(1 / np.sqrt(6 * 100), rel=0.05)
    assert abs(rows["phi_flip"].value - 0.5) < 0.2


def raw(n: int, seed: int, lean: float) -> JetImages:
    """As many jets of one class, without pT and mass."""
    images, eta = blobs(n, lean=lean, seed=seed)
    return JetImages.from_arrays(images, np.zeros(n, int), {"eta": eta}, grid=GRID, class_names=("toy", "other"),
                                 source=f"toy_{seed}.h5")


def test_the_command_tells_it_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, lean in (("real", 0.0), ("fake", 0.3)):
        write_jets(tmp_path / f"{name}.h5", raw(200, 1, lean))
    assert main(["symmetry", *(str(tmp_path / f"{name}.h5") for name in ("real", "fake")), "--json",
                 str(tmp_path / "symmetry.json"), "--n", "150"]) == 0
    lines = capsys.readouterr().out.splitlines()
    flip = next(line for line in lines if "eta_flip" in line)
    assert flip.startswith("toy")
    assert flip.rstrip().endswith("!*")
    told = json.loads((tmp_path / "symmetry.json").read_text())
    assert [jets["classes"]["toy"]["eta_flip"]["auc"] > 0.7 for jets in told["jets"]] == [False, True]
    assert told["jets"][1]["classes"]["toy"]["phi_flip"]["n"] == 75


def test_the_command_asks_trained_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jets(tmp_path / "jets.h5", toy_jets(60, 1))
    assert main(["symmetry", str(tmp_path / "jets.h5"), "--oracles", "particlenet-lite", "--latent", "3", "--json",
                 str(tmp_path / "symmetry.json"), "--n", "50"]) == 0
    tagger, codes = json.loads((tmp_path / "symmetry.json").read_text())["oracles"]
    assert (tagger["name"], tagger["jets"], len(tagger["losses"])) == ("particlenet-lite", 50, 16)
    assert (codes["name"], len(codes["losses"])) == ("3 codes of images", 9)
    # It sees angles from the jet's axis alone.
    assert tagger["slopes"]["turn about the beam"] < 1e-6 < 1e-3 < tagger["slopes"]["boost across"]
    assert capsys.readouterr().out.splitlines()[-2].startswith("particlenet-lite")


@pytest.mark.parametrize(("on", "d"), [("particles", 4), ("pixels", 2), ("codes", 6)])
def test_games_are_played_on_particles_and_on_pixels(on: On, d: int) -> None:
    jets = toy_jets(40, 1)
    found = list(games(replace(jets, label=np.zeros_like(jets.label)), on, 2, 60, range(3, 5), 5))
    assert [(one.group, one.seed) for one in found] == [("qcd", 3), ("qcd", 4)]
    assert found[0].game.generators.shape == (2, d, d)
    assert found[0].metric.matrix.shape == (d, d)
    json.dumps(found[0].to_dict())
