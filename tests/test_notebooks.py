"""The notebooks: short, on public names of this package and its dependencies; and each runs."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import h5py
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement

from qgan.data import read_jets

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NAMES = ("anomaly_real_and_generated", "challenge", "jets_to_generated_jets", "own_circuit", "own_data",
         "quantum_or_classical", "table_of_conditions")
#: The least with which every cell has something to show.
BUDGET = {"STEPS": "2", "EPOCHS": "1", "TRAINING_JETS": "200", "JETS": "160", "SEEDS": "1"}
#: Where the name of a module is not that of what is installed.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml", "ot": "pot"}


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code(name: str) -> ast.Module:
    """All cells of a notebook as one module, without IPython's own lines."""
    cells = [cell.source for cell in read(name).cells if cell.cell_type == "code"]
    return ast.parse("\n".join(line for cell in cells for line in cell.splitlines() if not line.startswith("%")))


def imported(tree: ast.Module) -> set[str]:
    """Dotted names of everything a notebook imports."""
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {f"{node.module}.{alias.name}" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                    for alias in node.names}


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> str:
    """Executes a notebook with the least budget; its text outputs. What it writes goes to ``folder``."""
    for key, value in {**BUDGET, "FOLDER": str(folder), **settings}.items():
        monkeypatch.setenv(f"QGAN_NOTEBOOK_{key}", value)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for key in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(key, str(folder / key.lower()))
    notebook = read(name)
    # The test itself has a limit; a busy machine may take long to start a kernel.
    NotebookClient(notebook, timeout=None, startup_timeout=240, kernel_name="python3",
                   resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "Warning" not in told
    drawn = sum("image/png" in output.get("data", {}) for output in outputs)
    return f"{drawn} pictures\n{told}"


def test_these_are_all() -> None:
    assert tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_kept(name: str) -> None:
    """Of one run from top to bottom: pictures and numbers, no paths of a machine, no errors, no megabytes."""
    notebook = read(name)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert not [output for output in outputs if output.get("name") == "stderr"]
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|work|Users)/", re.sub(r'"image/png": "[^"]*"', "", text))
    assert len(text) < 1_000_000


@pytest.mark.parametrize("name", NAMES)
def test_they_are_made_of_words_and_calls(name: str) -> None:
    """No functions or classes, and more than a heading before each step."""
    assert not [node for node in ast.walk(code(name)) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
    kinds = [cell.cell_type for cell in read(name).cells]
    assert kinds[0] == "markdown"
    assert kinds.count("markdown") >= kinds.count("code") / 2
    assert max(len(cell.source.splitlines()) for cell in read(name).cells) <= 30


@pytest.mark.parametrize("name", NAMES)
def test_they_need_this_package_and_its_dependencies_alone(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {Requirement(text).name for text in project["dependencies"]} | {"qgan", "anomaly"}
    modules = {dotted.split(".")[0] for dotted in imported(code(name))} - set(sys.stdlib_module_names)
    assert {DISTRIBUTIONS.get(module, module) for module in modules} <= declared


@pytest.mark.parametrize("name", NAMES)
def test_they_use_public_names_alone(name: str) -> None:
    tree = code(name)
    used = {part for dotted in imported(tree) for part in dotted.split(".")}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert [part for part in used if part.startswith("_")] == []


def test_the_jets_of_the_challenge(tmp_path: Path) -> None:
    """Quark jets alone to train on, as many of each class to score, none twice; the files say what made them."""
    train, truth = read_jets(FOLDER / "challenge" / "train.h5"), np.loadtxt(FOLDER / "challenge" / "truth.txt")
    blind = read_jets(FOLDER / "challenge" / "blind.h5", labels=0)
    assert train.images.shape == (2000, 30, 30)
    assert train.classes == [train.class_names.index("quark")]
    assert blind.images.shape == (1000, 30, 30)
    assert (len(truth), truth.sum()) == (1000, 500)
    # Shuffled: the order gives nothing away.
    assert 200 < truth[:500].sum() < 300
    every = np.concatenate([train.images, blind.images]).reshape(3000, -1)
    assert len(np.unique(every, axis=0)) == 3000
    for name, processes in (("train", {"quark"}), ("blind", {"quark", "gluon"})):
        with h5py.File(FOLDER / "challenge" / f"{name}.h5") as file:
            origin = json.loads(file.attrs["origin"])
            assert "y" in file or name == "blind"
        made = origin.get("mixed", [origin])
        assert {part["process"] for part in made} == processes
        assert {(part["size"], part["seed"]) for part in made} == {(30, 301 if name == "train" else 302)}
        assert all(part["made_by"] == "simulation" and "seed" in part for part in made)
    assert sum(path.stat().st_size for path in (FOLDER / "challenge").iterdir()) < 1e6


@pytest.mark.slow
def test_jets_to_generated_jets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("jets_to_generated_jets", tmp_path, monkeypatch)
    assert told.startswith("7 pictures")
    assert "worst W1" in told
    asked = read_jets(tmp_path / "asked.h5")
    assert set(asked.conditions["pt"]) == {270}
    assert (np.abs(asked.conditions["mass"] - 81) <= 1).all()
    assert asked.classes == [1]


@pytest.mark.slow
def test_anomaly_real_and_generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("anomaly_real_and_generated", tmp_path, monkeypatch)
    assert told.startswith("3 pictures")
    assert "REAL JETS" in told
    assert "GENERATED JETS" in told
    assert told.count("pixels above 0.1 GeV") >= 2


@pytest.mark.slow
def test_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("own_data", tmp_path, monkeypatch, JETS="480")
    assert told.startswith("3 pictures")
    assert "mass" in told
    assert read_jets(tmp_path / "own_data.h5").class_names == ("gluon", "quark")


@pytest.mark.slow
def test_own_circuit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("own_circuit", tmp_path, monkeypatch)
    assert told.startswith("2 pictures")
    assert float(re.findall(r"furthest from PennyLane: (\S+)", told)[0]) < 1e-12
    assert "296 two-qubit gates a jet, 254 of them to prepare it" in told
    assert "ladder: worst W1" in told


@pytest.mark.slow
def test_table_of_conditions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("table_of_conditions", tmp_path, monkeypatch)
    assert told.startswith("3 pictures")
    asked = np.loadtxt(tmp_path / "mine.csv", delimiter=",", skiprows=1, usecols=(2,))
    np.testing.assert_allclose(read_jets(tmp_path / "mine.parquet").conditions["pt"], asked, rtol=1e-2)
    assert told.count("half of the middle 68 %") == 4


@pytest.mark.slow
def test_quantum_or_classical(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("quantum_or_classical", tmp_path, monkeypatch)
    assert told.startswith("2 pictures")
    assert "670,860 numbers in the generator" in told
    assert re.findall(r"^(\w+) +\d\.\d\d", told, re.MULTILINE) == ["quantum", "dense", "frozen", "none", "floor"]


@pytest.mark.slow
def test_challenge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run("challenge", tmp_path, monkeypatch)
    assert told.startswith("2 pictures")
    assert "2,000 quark jets to learn from, 1,000 jets to score" in told
    assert "behind the best" in told
    rows = (tmp_path / "scores.csv").read_text().splitlines()
    assert rows[0] == "jet,quantum,quantum density,filter,filter density,autoencoder,autoencoder density"
    assert len(rows) == 1001
    # Two scores of each model, and five that need no network; the head of the ranking.
    assert told.count("AUC") == 12


@pytest.mark.slow
def test_challenge_with_files_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jets of both classes to learn from: those that are no quark jets are left aside. No truth to look at."""
    blind = read_jets(FOLDER / "challenge" / "blind.h5", labels=str(labels_file(tmp_path)))
    for name, arrays in (("mine", {"X": blind.images, "y": blind.label}), ("blind", {"X": blind.images[:60]})):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            for key, values in arrays.items():
                file[key] = values
    told = run("challenge", tmp_path, monkeypatch, TRAIN=str(tmp_path / "mine.h5"), BLIND=str(tmp_path / "blind.h5"))
    assert told.startswith("1 pictures")
    assert "500 quark jets to learn from, 60 jets to score" in told
    # The head of the ranking, which needs no truth.
    assert told.count("AUC") == 1
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 61


def labels_file(folder: Path) -> Path:
    np.save(folder / "labels.npy", np.loadtxt(FOLDER / "challenge" / "truth.txt"))
    return folder / "labels.npy"
