"""Every file in configs/ for a generator builds and takes a step."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from small_training import with_delta_r
from test_cli_runs import make_jets
from toy_jets import toy_jets

from anomaly.cli import main as anomaly_main
from anomaly.configuration import Configuration as AnomalyConfiguration
from qgan.base.parsing import PRESETS, read_options
from qgan.cli import main as qgan_main
from qgan.data import write_jets
from qgan.runs.configuration import Configuration
from qgan.runs.recorders import read_log

FILES = sorted(path for path in (Path(__file__).resolve().parents[1] / "configs").glob("*.yaml")
               if not path.stem.startswith("anomaly"))


def test_there_are_some() -> None:
    assert {path.stem for path in FILES} >= {"w_qcd", "quark_gluon", "published"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_takes_a_step(path: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "jets.h5", tmp_path / "run"
    # Jets of the frame, classes and quantities that the configuration is for.
    own = read_options(Configuration, path)
    w_qcd = own.data.jets == "w_qcd"
    write_jets(data, with_delta_r(toy_jets(200, 1, size=25)) if w_qcd else make_jets(400))
    words = ["--steps", "1", "--fit.steps", str(min(5, own.fit.steps)), "--batch-size", "16",
             "--logging.scalars", "1", "--logging.quality", "0", "--logging.costly", "0",
             "--logging.validation_jets", "20", "--quiet"]
    assert qgan_main(["train", "--config", str(path), "--data", str(data), "--out", str(run), *words]) == 0
    records = read_log(run / "log.jsonl")
    losses = [value for record in records for tag, value in record.items() if tag.startswith("loss/")]
    assert records[-1]["step"] == 1
    assert losses
    assert None not in losses, "a loss is not finite"
    assert sum(tag.startswith("quality/w1/") for tag in records[-1]) >= 20


def test_the_published_recipe() -> None:
    """Conditions, circuit, weights and schedule of the publication, and none of our own terms."""
    told = read_options(Configuration, next(path for path in FILES if path.stem == "published"))
    assert told.data.conditions == ["eta", "pt", "mass"]
    assert told.data.codings == ["delta_r", "delta_r_mean", "delta_r_std", "pixel_mean", "pixel_std"]
    assert (told.data.rows, told.data.columns, told.data.power, told.data.joint) == ((6, 22), (5, 21), 1.0, False)
    assert (told.generator.n_qubits, told.generator.n_layers) == (8, 1)
    losses = told.losses
    assert losses.further == {"published_statistics": 1e-4, "published_sparsity": 1e-5}
    assert losses.adversarial_weight == 0.05
    assert {losses.coding, losses.statistics, losses.matching, losses.sparsity, losses.mean_image, losses.r1} == {0}
    assert (told.optimiser.generator_rate, told.optimiser.discriminator_every, told.optimiser.ema) == (1e-4, 3, 0)
    assert told.symmetry == "average"


@pytest.mark.parametrize("jets", ["w_qcd", "quark_gluon"])
@pytest.mark.parametrize(("name", "core"), [("classical", "dense"), ("frozen", "frozen"),
                                            ("orthogonal", "orthogonal"), ("none", "none")])
def test_a_control_differs_in_its_core_alone(jets: str, name: str, core: str) -> None:
    quantum, control = (configured(stem) for stem in (jets, f"{jets}_{name}"))
    assert (quantum.generator.core, control.generator.core) == ("quantum", core)
    assert dataclasses.replace(control, generator=dataclasses.replace(control.generator, core="quantum")) == quantum


@pytest.mark.parametrize("readout", ["probs", "expval"])
def test_a_hardware_readout_differs_in_its_readout_alone(readout: str) -> None:
    state, other = configured("w_qcd"), configured(f"w_qcd_{readout}")
    assert (state.generator.readout, other.generator.readout) == ("state", readout)
    assert dataclasses.replace(other, generator=dataclasses.replace(other.generator, readout="state")) == state


def configured(stem: str) -> Configuration:
    return read_options(Configuration, next(path for path in FILES if path.stem == stem))


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_printed_of_it_is_read_as_the_same(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    """By the name under which it ships, without a folder to train into, and with an option beside it."""
    monkeypatch.chdir(tmp_path)
    kind: type[AnomalyConfiguration] | type[Configuration]
    main, kind = (anomaly_main, AnomalyConfiguration) if path.stem.startswith("anomaly") else (qgan_main, Configuration)
    assert main(["train", "--config", path.stem, "--seed", "7", "--print-config"]) == 0
    (tmp_path / "printed.yaml").write_text(capsys.readouterr().out)
    told = read_options(kind, "printed.yaml")
    assert told == dataclasses.replace(read_options(kind, path), seed=7)
    assert [found.name for found in tmp_path.iterdir()] == ["printed.yaml"]


def test_a_configuration_that_does_not_ship(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert qgan_main(["train", "--config", "w_qdc", "--out", str(tmp_path / "r")]) == 2
    told = capsys.readouterr().err
    assert "w_qdc: no such configuration file" in told
    assert "did you mean w_qcd?" in told
    assert "quark_gluon_orthogonal" in told
    assert told.count("\n") == 1


def test_the_files_that_ship_are_those_of_the_repository() -> None:
    assert PRESETS.resolve() == FILES[0].parent
