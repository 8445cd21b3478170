"""Parts of one's own, each one file: the examples of docs/extending.md, taken from there and run as they stand."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from documentation import loose_blocks, smaller_code
from small_evaluation import few_draws
from small_training import small, with_delta_r
from test_anomaly_cli import make_jets
from test_anomaly_evaluation import both
from toy_jets import toy_jets

import anomaly
import qgan
from anomaly.models.registry import MODELS
from qgan.base.errors import CheckpointError, ConfigError
from qgan.base.parsing import read_options
from qgan.base.plugins import load_plugins
from qgan.base.registry import Registry
from qgan.cli import main
from qgan.data import file_summary, read_jets, write_jets
from qgan.data.formats import FORMATS
from qgan.evaluation import METRICS, Reference
from qgan.evaluation.referee import Dealt, referee
from qgan.evaluation.two_sample import roc_auc
from qgan.losses import ADVERSARIAL, TERMS
from qgan.models.core import CORES
from qgan.models.shares import SHARES
from qgan.observables.arrays import observables
from qgan.observables.registry import OBSERVABLES
from qgan.observables.tensors import statistics
from qgan.quantum import CIRCUITS, QuantumLayer
from qgan.runs.configuration import Configuration
from qgan.runs.recorders import read_log
from qgan.sampling.source import load_source
from qgan.studies.augment import StudyPlan, study, summarise
from qgan.taggers import TAGGERS, Labelled, Seen, Setting
from qgan.training.parts import check_parts

GUIDE = Path(__file__).parents[1] / "docs" / "extending.md"
#: The files of the guide, by their names.
FILES: dict[str, str] = dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", GUIDE.read_text(encoding="utf-8"),
                                        re.DOTALL | re.MULTILINE))
#: Configurations of trainings; that of an anomaly model is none.
TRAINED = [name.removesuffix(".yaml") for name in FILES if name.endswith(".yaml") and "model:" not in FILES[name]]
REGISTRIES: tuple[Registry[object], ...] = (
    OBSERVABLES, CORES, SHARES, CIRCUITS, TERMS, ADVERSARIAL, METRICS, TAGGERS, FORMATS, MODELS)  # type: ignore[assignment]
WORDS = ["--steps", "2", "--batch-size", "16", "--generator.n_qubits", "5", "--generator.noise", "6",
         "--generator.channels", "4", "--discriminator.channels", "4", "--logging.scalars", "1",
         "--logging.quality", "0", "--logging.costly", "0", "--logging.validation_jets", "20", "--threads", "1",
         "--device", "cpu", "--quiet"]


@pytest.fixture(autouse=True)
def _only_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers and imports is gone after it."""
    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for registry in REGISTRIES:
        registry.names()
        monkeypatch.setattr(registry, "_things", dict(registry._things))
    yield
    for name in FILES:
        if (module := name.removesuffix(".py")) not in modules:
            sys.modules.pop(module, None)


@pytest.fixture(scope="module")
def jets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(100, 1)))
    return path


def written(folder: Path, *names: str) -> Path:
    """These files of the guide in a folder; the last one's path."""
    for name in names:
        (folder / name).write_text(FILES[name])
    return folder / names[-1]


def run(configuration: Path, jets: Path, out: Path, *words: str) -> list[dict[str, float]]:
    """A training of two steps; what it logged of each."""
    assert main(["train", "--config", str(configuration), "--data", str(jets), "--out", str(out), *WORDS, *words]) == 0
    return [record for record in read_log(out / "log.jsonl") if "loss/generator" in record]


def test_the_guide_has_an_example_of_each_kind() -> None:
    assert {"ring", "perceptron", "radial", "angularity", "means", "least_squares", "nearest"} <= set(TRAINED)
    assert {"girth.py", "flat.py", "towers.py", "centre.py", "centre.yaml"} <= set(FILES)


@pytest.mark.parametrize("name", TRAINED)
def test_one_file_beside_a_configuration_trains_and_generates(name: str, jets: Path, tmp_path: Path) -> None:
    """The configuration, the training, a resumed one and the jets all know the part; nothing else was edited."""
    configuration = written(tmp_path, f"{name}.py", f"{name}.yaml")
    told = read_options(Configuration, configuration)
    assert told.plugins == [str(tmp_path / f"{name}.py")]
    records = run(configuration, jets, tmp_path / "run")
    assert [record["step"] for record in records] == [1, 2]
    assert all(value is not None for record in records for value in record.values())
    assert main(["train", "--out", str(tmp_path / "run"), "--resume", *WORDS, "--steps", "3"]) == 0
    assert main(["generate", "--run", str(tmp_path / "run"), "--n", "20", "--out", str(tmp_path / "made.h5"),
                 "--quiet"]) == 0
    assert len(read_jets(tmp_path / "made.h5")) == 20


def test_the_circuit_is_the_layers(tmp_path: Path) -> None:
    load_plugins([str(written(tmp_path, "ring.py"))])
    layer = QuantumLayer(in_features=4, n_qubits=3, n_layers=2, circuit="ring", dtype=torch.float64)
    assert layer.weights.shape == (2, 6)
    x = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x), layer.reference(x), rtol=0, atol=1e-10)


@pytest.mark.parametrize("text", loose_blocks("docs/extending.md"), ids=lambda text: text.split("\n")[0])
def test_what_is_no_file_runs_beside_the_files(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    few_draws(monkeypatch)
    monkeypatch.setattr(Reference, "judge", partialmethod(Reference.judge, metrics=["girth"]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    written(tmp_path, *FILES)
    exec(compile(smaller_code(text), "extending.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_core_is_the_generators_and_may_be_named_without_being_registered(jets: Path, tmp_path: Path) -> None:
    configuration = written(tmp_path, "perceptron.py", "perceptron.yaml")
    run(configuration, jets, tmp_path / "run", "--generator.core", "perceptron:Perceptron")
    layer = load_source(tmp_path / "run").generator.network.get_submodule("generator.core.layer")
    assert type(layer).__name__ == "Perceptron"
    assert layer.out_features == 64


def test_the_loss_is_logged_with_its_weight(jets: Path, tmp_path: Path) -> None:
    configuration = written(tmp_path, "means.py", "means.yaml")
    terms = ["adversarial_weight", "coding", "statistics", "matching", "sparsity", "mean_image"]
    alone = [word for name in terms for word in (f"--losses.{name}", "0")]
    for weight, given in ((0.5, []), (2.0, ["--losses.further", '{"means": null}'])):
        record = run(configuration, jets, tmp_path / "run", *alone, *given, "--overwrite")[0]
        assert record["loss/generator"] == pytest.approx(weight * record["loss/means"])


def test_the_observable_is_evaluated(jets: Path, tmp_path: Path) -> None:
    load_plugins([str(written(tmp_path, "angularity.py"))])
    real = read_jets(jets)
    values = observables(real.images, real.grid, ["angularity"])["angularity"]
    images = torch.from_numpy(real.images).double().requires_grad_()
    found = statistics(images, real.grid, ["angularity"])["angularity"]
    torch.testing.assert_close(found.detach(), torch.from_numpy(values))
    assert torch.autograd.grad(found.sum(), images)[0].abs().max() > 0
    row = qgan.evaluate(real, real, n_per_class=50, quick=True).find("w1_unit", "angularity", "w")
    assert 0 <= row.value < values[real.label == 1].std()
    assert row.unit == "rad²"


def test_the_metric_is_in_every_evaluation(jets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    load_plugins([str(written(tmp_path, "girth.py"))])
    real = read_jets(jets)
    row = qgan.evaluate(real, real, n_per_class=50, quick=True).find("girth", "", "w")
    assert row.unit == "rad"
    assert row.error is not None
    assert abs(row.value) < 5 * row.error


def test_the_tagger_is_used_in_a_study_and_as_referee(tmp_path: Path) -> None:
    configuration = replace(small({"steps": 2}), plugins=[str(written(tmp_path, "nearest.py"))])
    pool, test = toy_jets(100, 1), toy_jets(60, 2)
    plan = StudyPlan(sizes=(40,), seeds=1, generated_per_real=2, taggers=("nearest",), observables=())
    results = study(pool, test, configuration, plan, tmp_path / "study", quiet=True)
    rows = summarise(results, plan, configuration, pool)["taggers"]
    assert [row["training"] for row in rows] == ["real", "real + copies", "generated", "real + generated"]
    assert rows[0]["auc"]["value"] > 0.6
    halves = [Seen.of(test.only(c)[part]) for part in (slice(30), slice(30, 60)) for c in (0, 1)]
    assert referee(Dealt(*halves), "nearest").verdict.auc > 0.6


def test_a_network_is_a_tagger_in_a_few_lines(tmp_path: Path) -> None:
    load_plugins([str(written(tmp_path, "flat.py"))])
    train, test = (toy_jets(150, seed) for seed in (1, 2))
    score = TAGGERS["flat"].fit(Labelled(Seen.of(train), train.label), None, Setting(1)).scores(Seen.of(test))[:, 1]
    assert roc_auc(score[test.label == 0], score[test.label == 1]) > 0.8


def test_the_format_is_read(tmp_path: Path) -> None:
    load_plugins([str(written(tmp_path, "towers.py"))])
    towers = np.random.default_rng(0).exponential(1.0, (30, 64)).astype("f4")
    np.savez(tmp_path / "mine.npz", towers=towers, kind=np.arange(30) % 2)
    assert file_summary(tmp_path / "mine.npz")["format"] == "flat towers"
    np.testing.assert_array_equal(read_jets(tmp_path / "mine.npz", start=5).images, towers.reshape(30, 8, 8)[5:])


def test_the_anomaly_model_learns(tmp_path: Path) -> None:
    configuration = anomaly.Configuration.read(written(tmp_path, "centre.py", "centre.yaml"))
    run = anomaly.train(configuration, data=make_jets(200, 0, True), out=tmp_path / "run", quiet=True)
    rows = {row.kind: row for row in anomaly.score(run.path, both(100, 5), n_bootstrap=5).rows if "centre" in row.name}
    assert rows["model"].auc.value > 0.8


def test_a_plugin_that_is_gone_is_named_in_one_line(jets: Path, tmp_path: Path) -> None:
    configuration = written(tmp_path, "ring.py", "ring.yaml")
    run(configuration, jets, tmp_path / "run")
    (tmp_path / "ring.py").unlink()
    sys.modules.pop("ring")
    with pytest.raises(CheckpointError, match=r"checkpoint.pt: plugin .*ring.py: no such file$"):
        load_source(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"^plugin ring: no such module, and no file ring.py beside the config"):
        check_parts(read_options(Configuration, configuration))


def test_a_name_that_nobody_registered_is_an_error(tmp_path: Path) -> None:
    configuration = written(tmp_path, "ring.py", "ring.yaml")
    told = yaml.safe_load(configuration.read_text())
    told["generator"]["circuit"] = "rnig"
    configuration.write_text(yaml.safe_dump(told))
    said = r"^generator.circuit: 'rnig', expected one of random_layers, ring; did you mean ring\?"
    with pytest.raises(ConfigError, match=said):
        check_parts(read_options(Configuration, configuration))
