"""A run as a model in two files: the same jets, a card that tells where they come from, damage that is noticed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from small_evaluation import few_draws
from small_training import small, with_delta_r
from test_cli import complaint  # noqa: F401 (a fixture)
from toy_jets import toy_jets

import qgan
from qgan.base.errors import CheckpointError, ConfigError, DataError
from qgan.cli import PROGRAM, main
from qgan.data import JetImages, concatenate, read_jets, write_jets
from qgan.evaluation.registry import headlines
from qgan.runs.checkpoint import ADDED
from qgan.runs.configuration import Configuration, flat
from qgan.sampling.pretrained import FOLDER, load_model, read_card, shipped_models
from qgan.sampling.source import load_source
from qgan.studies.export import export, training_command
from qgan.training.experiment import train

#: Of all models that ship together.
MOST_BYTES = 15_000_000


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        few_draws(patch)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_jets(folder / "jets.h5", with_delta_r(toy_jets(200, 1)))
    write_jets(folder / "test.h5", with_delta_r(toy_jets(120, 2)))
    return train(small({"steps": 3, "symmetry": "exact"}), data=[folder / "jets.h5"], out=folder / "run",
                 quiet=True).path


@pytest.fixture(scope="module")
def model(run: Path) -> Path:
    files = {name: [run.parent / f"{name}.h5"] for name in ("test", "jets")}
    return export(run, "tiny", run.parent, real=files["test"], reference=files["jets"], n_per_class=100, quick=True)


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    for file in (model, model.with_suffix(".json")):
        shutil.copy(file, tmp_path)
    return tmp_path / model.name


def same(one: JetImages, other: JetImages) -> bool:
    return np.array_equal(one.images, other.images) and np.array_equal(one.label, other.label) and all(
        np.array_equal(one.conditions[k], other.conditions[k]) for k in one.conditions | other.conditions)


def test_the_model_makes_the_jets_of_the_run_bit_for_bit(run: Path, model: Path) -> None:
    bounds: dict[str, float | tuple[float, float]] = {"pt": 270.0, "mass": (60.0, 100.0)}
    for label, fixed in ((None, None), ("w", bounds)):
        theirs, mine = (concatenate(list(s.jets(600, 5, label, fixed))) for s in (load_source(run), load_model(model)))
        assert same(theirs, mine)


def test_a_model_may_be_set_right_on_its_training_jets(run: Path, model: Path, tmp_path: Path) -> None:
    test, jets = run.parent / "test.h5", run.parent / "jets.h5"
    changed = export(run, "right", tmp_path, real=test, reference=jets, n_per_class=100, quick=True, calibrate=True)
    assert read_card(changed)["uses"] == sorted({*read_card(model)["uses"], "spectrum"})
    one, other = (load_model(path).sample(20, 1) for path in (model, changed))
    assert not np.array_equal(one.images, other.images)
    np.testing.assert_allclose(one.images.sum((1, 2)), other.images.sum((1, 2)), rtol=1e-5)
    # Of the model as of the run, whose history it keeps.
    again = export(model, "again", tmp_path, real=test, reference=jets, n_per_class=100, quick=True, calibrate=True)
    of_run, of_model = read_card(changed), read_card(again)
    assert of_model.pop("made_of") == {key: read_card(model)[key] for key in ("name", "weights_sha256")}
    differ = {key for key in of_run if of_run[key] != of_model[key]}
    assert differ <= {"name", "command", "quality"}
    assert of_model["weights_sha256"] == of_run["weights_sha256"]
    assert same(load_model(again).sample(20, 1), other)
    with pytest.raises(ConfigError, match="calibrate: no training jets"):
        export(run, "without", tmp_path, real=test, n_per_class=100, quick=True, calibrate=True)


def test_the_jets_say_which_model_made_them(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "fake.h5"
    assert main(["generate", "--model", str(model), "--n", "20", "--out", str(out), "--quiet"]) == 0
    origin = read_jets(out).origin
    assert origin["model"] == "tiny"
    assert origin["weights_sha256"] == read_card(model)["weights_sha256"]
    assert (origin["step"], origin["trained_on"], origin["n"]) == (3, "jets.h5", 20)
    # The same from Python.
    qgan.generate(qgan.load_model(model), tmp_path / "again.h5", n=20, quiet=True)
    assert same(read_jets(out), read_jets(tmp_path / "again.h5"))


def test_the_card_says_how_it_was_made_and_what_it_reaches(run: Path, model: Path) -> None:
    card = read_card(model)
    assert card["configuration"]["generator"]["n_qubits"] == 5
    assert card["parameters"]["quantum"] == 10
    trained = sum(p.numel() for p in load_source(run).generator.parameters())
    assert card["parameters"]["core"] == 10 < card["parameters"]["generator"] == trained
    assert str(run.parent) not in json.dumps(card), "the place of a file on this machine"
    figures = card["quality"]["figures"]
    assert set(figures) == {"w", "qcd", "all"}
    for group in ("w", "qcd"):
        row = next(r for r in card["quality"]["rows"] if (r["metric"], r["class"]) == ("mean_image", group))
        assert figures[group]["mean_image"] == {key: row[key] for key in ("value", "error", "floor")}
    assert figures["all"]["w1_worst"]["value"] == max(figures[g]["w1_worst"]["value"] for g in ("w", "qcd"))


def test_the_command_of_the_card_gives_its_configuration() -> None:
    configuration = small({"data.rows": (2, 9), "data.codings": ["pixel_mean"],
                           "losses.further": {"published_sparsity": 2.0},
                           "generator.pixel_noise": False})
    words = training_command(configuration.to_dict(), "runs/x", ["a.h5", "b.h5"]).split()[2:]
    told = PROGRAM.command("train").read([word.strip("'") for word in words])
    assert told["data"] == [Path("a.h5"), Path("b.h5")]
    mine, theirs = flat(configuration.to_dict()), flat(told["configuration"].to_dict())
    assert {k for k in mine if mine[k] != theirs[k]} <= {
        "device", "threads", "logging.scalars", "logging.quality", "logging.costly", "logging.checkpoint",
        "logging.validation_jets"}


def test_a_default_configuration_needs_no_options() -> None:
    assert training_command(Configuration().to_dict(), "runs/x") == "qgan train --out runs/x"


def test_models_are_listed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", str(model)]) == 0
    said = capsys.readouterr().out
    assert "tiny: qcd and w jets" in said
    card = read_card(model)
    names = ("median W1", "which is that of")
    rows = {name: line.split() for line in said.splitlines()[::-1] for name in names if name in line}
    found = card["quality"]["figures"]["qcd"]["w1_median"]
    assert float(rows["median W1"][3]) == pytest.approx(found["value"], abs=found["error"] / 10)
    assert rows["median W1"][4:6] == ["±", f"{found['error']:.{len(rows['median W1'][3].split('.')[1])}f}"]
    w1 = {row["observable"]: row["value"] for row in card["quality"]["rows"]
          if row["metric"] == "w1" and row["class"] == "qcd"}
    assert rows["which is that of"][4] == max(w1, key=lambda name: w1[name])
    assert main(["models", str(model), "--as-json"]) == 0
    ranges = {name: list(ends) for name, ends in load_model(model).ranges.items()}
    assert json.loads(capsys.readouterr().out) == [{**card, "ranges": ranges}]
    assert main(["models"]) == 0
    assert all(f"{name}: " in capsys.readouterr().out for name in shipped_models()[:1])


def test_damage_is_told_in_one_line(copy: Path, tmp_path: Path, complaint: Callable[..., str]) -> None:  # noqa: F811
    generate = ("generate", "--model", copy, "--out", tmp_path / "fake.h5")
    whole, card = copy.read_bytes(), copy.with_suffix(".json").read_text()
    for wrong in (whole[:-100], whole[:4000] + bytes([whole[4000] ^ 1]) + whole[4001:], b""):
        copy.write_bytes(wrong)
        line = complaint(*generate)
        assert f"{copy}: is damaged" in line
    copy.write_bytes(whole)
    for text, said in ((card[:200], "is not JSON"), ("[]", "is JSON of another kind"),
                       (card.replace('"format": 1', '"format": 9'), "format 9, expected 1"),
                       (card.replace('"blueprint"', '"plan"'), "no generator that this version can build"),
                       (card.replace('"channels": 4', '"channels": 8'), "no generator that this version can build")):
        copy.with_suffix(".json").write_text(text)
        line = complaint(*generate)
        assert str(copy.with_suffix(".json")) in line
        assert said in line
    copy.with_suffix(".json").unlink()
    assert "tiny.json: no such file" in complaint(*generate)


def test_a_model_that_is_not_there(tmp_path: Path, complaint: Callable[..., str]) -> None:  # noqa: F811
    assert "model 'higgs': no such model; those that ship:" in complaint("models", "higgs")
    assert "no such model" in complaint("models", "../weights/x")
    assert "--run" in complaint("generate", "--out", tmp_path / "x.h5")
    assert "not allowed with" in complaint("generate", "--run", "x", "--model", "y", "--out", tmp_path / "x.h5")
    with pytest.raises(CheckpointError, match=r"x\.safetensors: no such file"):
        load_model(tmp_path / "x.safetensors")


def test_a_run_is_loaded_as_a_model_is(run: Path, model: Path) -> None:
    assert same(load_model(run).block(0, 7), load_model(model).block(0, 7))


def test_info_says_what_models_and_generated_jets_reach(model: Path, tmp_path: Path,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "w_qcd"]) == 0
    said = capsys.readouterr().out
    assert "classes: qcd, w" in said
    worst = read_card("w_qcd")["quality"]["figures"]["all"]["w1_worst"]
    assert "worst W1 [sd]: {value:.3f} ± {error:.3f} ({floor:.3f})".format(**worst) in said
    assert main(["info", str(model), "--as-json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
    write_jets(tmp_path / "fake.h5", next(load_model("w_qcd").jets(400, seed=1)))
    assert main(["info", str(tmp_path / "fake.h5"), "--as-json"]) == 0
    told = json.loads(capsys.readouterr().out)
    reached = told["W1 of the first jets: value ± error (what real jets reach)"]
    assert reached.keys() == {"qcd", "w"}
    assert 0 < float(reached["w"]["worst W1 [sd]"].split()[0]) < 1
    write_jets(tmp_path / "real.h5", toy_jets(60, 1))
    assert main(["info", str(tmp_path / "real.h5")]) == 0
    assert "W1" not in capsys.readouterr().out


def test_the_command_tells_what_the_model_reaches(run: Path, tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: str(run.parent / f"{name}.h5") for name in ("test", "jets")}
    assert main(["export", str(run), "--name", "told", "--out", str(tmp_path), "--test", files["test"], "--data",
                 files["jets"], "--n", "60", "--quick"]) == 0
    text = capsys.readouterr().out
    assert "told: qcd and w jets" in text
    assert "can be asked for: " in text


def test_a_model_is_not_replaced_unless_told(run: Path, model: Path, tmp_path: Path) -> None:
    before = model.read_bytes()
    with pytest.raises(DataError, match="exists already"):
        export(run, "tiny", run.parent)
    with pytest.raises(CheckpointError, match="name"):
        export(run, "../tiny", tmp_path)
    with pytest.raises(CheckpointError, match="belongs to an installed package"):
        export(run, "tiny", tmp_path / "site-packages" / "qgan")
    assert model.read_bytes() == before
    assert not list(tmp_path.iterdir())


def test_the_page_of_a_model_is_read_by_the_hub_and_by_people(model: Path) -> None:
    _, front, text = model.with_suffix(".md").read_text(encoding="utf-8").split("---\n", 2)
    about, card = yaml.safe_load(front), read_card(model)
    assert about["library_name"] == "qgan"
    result, = about["model-index"][0]["results"]
    told = {metric["type"]: metric["value"] for metric in result["metrics"]}
    figures = {name: figure["value"] for name, figure in card["quality"]["figures"]["all"].items()}
    percent = [name for name, headline in headlines().items() if headline.percent and name in figures]
    assert told == figures | {name: 100 * figures[name] for name in percent}
    assert {"type", "name"} <= result["task"].keys() & result["dataset"].keys()
    assert text.startswith("\n# tiny\n")
    assert card["command"] in text
    assert "qcd and w jets: 12 × 12 pixels over ±1.2" in text


@pytest.mark.parametrize("name", shipped_models())
def test_a_model_that_ships(name: str) -> None:
    """It makes jets, its command is that of its configuration, and nothing tells of the machine it was made on."""
    jets = load_model(name).block(0, 1)
    assert torch.from_numpy(jets.images).isfinite().all()
    assert (jets.images.sum((1, 2)) > 0).all()
    card = read_card(name)
    told = PROGRAM.command("train").read(card["command"].replace("'", "").split()[2:])["configuration"]
    told_of = {**ADDED, **flat(card["configuration"])}
    for name, value in flat(json.loads(json.dumps(told.to_dict()))).items():
        if name.startswith(("data.", "generator.", "discriminator.", "losses.", "optimiser.")):
            assert told_of[name] == value, name
    assert not card["quality"]["settings"]["quick"]


def test_the_models_that_ship_are_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.glob("*")) < MOST_BYTES
