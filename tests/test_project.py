"""The project's own files: what is pinned, what is lazy, what the wheel holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from test_floors import MODULES, imports

import anomaly
import qgan

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", row) for row in rows), "a pin is a name and a public version"
    return {normal(row.partition("==")[0]): row.partition("==")[2] for row in rows}


def requirements() -> list[Requirement]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for group in groups for text in group if not text.startswith("qgan[")]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_pinned_within_its_range(requirement: Requirement) -> None:
    assert pins()[normal(requirement.name)] in requirement.specifier


def test_imports_are_declared() -> None:
    """What the two packages import is a dependency or an extra."""
    found = {name.split(".")[0] for path in MODULES for _, name, _ in imports(path)}
    third = found - set(sys.stdlib_module_names) - {"qgan", "anomaly", "_typeshed"}
    declared = {normal(requirement.name) for requirement in requirements()}
    distributions = {"ot": "pot", "pelican": "pelican-lite", "sklearn": "scikit-learn",
                     "tensorcircuit": "tensorcircuit-ng", "yaml": "pyyaml"}
    assert {normal(distributions.get(name, name)) for name in third} - declared == set()


def test_every_public_name_is_found() -> None:
    assert [qgan.__version__] == re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    for name in qgan.__all__:
        assert getattr(qgan, name) is not None
    program = "import qgan; print(qgan.data.Grid.__name__, qgan.sampling.__name__, *dir(qgan))"
    found = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True).stdout.split()
    assert (found[:2], set(found[2:])) == (["Grid", "qgan.sampling"], {*qgan.__all__, *qgan._ROOMS})
    assert dir(anomaly) == sorted(anomaly.__all__)
    assert set(qgan.__all__) == {"__version__", *qgan._HOMES}
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = qgan.no_such_name
    assert anomaly.__doc__


def test_data_load_neither_pennylane_nor_matplotlib() -> None:
    heavy = {"pennylane", "matplotlib", "torch"}
    text = f"import sys, qgan.data, qgan; qgan.JetImages; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    ignore = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info")
    for name in ("qgan", "anomaly"):
        shutil.copytree(ROOT / name, tree / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tree / "out"), str(tree)]
    subprocess.run(pip, check=True)
    return next((tree / "out").glob("qgan-*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_the_code_the_jets_and_the_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {str(path.relative_to(ROOT)) for name in ("qgan", "anomaly") for path in (ROOT / name).rglob("*")
                if path.suffix in (".py", ".h5", ".typed", ".safetensors")}
    assert expected <= names
    assert sum(name.endswith(".h5") for name in names) == 12
    assert wheel.stat().st_size < 30e6


@pytest.mark.slow
def test_the_wheel_trains_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    command = [sys.executable, "-m", "qgan", "train", "--steps", "5", "--out", "run"]
    environment = {**os.environ, "PYTHONPATH": str(site), "QGAN_DEBUG": "1"}
    where = subprocess.run([sys.executable, "-c", "import qgan; print(qgan.__file__)"], cwd=tmp_path, env=environment,
                           capture_output=True, text=True, check=True)
    assert where.stdout.startswith(str(site))
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert any((tmp_path / "run").iterdir())


def test_the_conda_recipe_asks_for_what_the_project_does() -> None:
    recipe = yaml.safe_load((ROOT / "packaging" / "recipe.yaml").read_text(encoding="utf-8"))
    called = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
    wanted = {called.get(one.name, one.name): str(one.specifier) for one in map(Requirement, PROJECT["dependencies"])}
    asked = dict(line.split(" ", 1) for line in recipe["requirements"]["run"])
    assert asked == wanted | {"python": PROJECT["requires-python"]}
    assert recipe["build"]["python"]["entry_points"] == [f"{k} = {v}" for k, v in PROJECT["scripts"].items()]
    assert recipe["context"]["version"] == qgan.__version__


def test_the_containers_hold_what_there_is() -> None:
    """No tool that builds them is at hand: their words are known, their files exist, both install the same."""
    docker, apptainer = ((ROOT / "packaging" / name).read_text(encoding="utf-8") for name in ("Dockerfile", "qgan.def"))
    lines = [line for line in docker.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert [line.split()[0] for line in lines] == ["FROM", "COPY", "RUN", "ENV", "WORKDIR", "CMD"]
    assert re.findall(r"^%(\w+)$", apptainer, re.MULTILINE) == ["files", "post", "environment", "runscript", "test"]
    assert re.findall(r"^(Bootstrap|From): ", apptainer, re.MULTILINE) == ["Bootstrap", "From"]
    kept = re.findall(r"^!(\S+)$", (ROOT / "packaging" / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    files = dict(re.findall(r"^    (\S+) /source/(\S+)$", apptainer, re.MULTILINE))
    assert sorted(files) == sorted(files.values()) == sorted(kept)
    assert all((ROOT / name).exists() for name in files)
    installed = [re.findall(r"pip install (.*?)'/source\[(.*?)\]'", " ".join(text.replace("\\", "").split()))
                 for text in (docker, apptainer)]
    assert installed[0] == installed[1] != []
    assert set(installed[0][0][1].split(",")) <= set(PROJECT["optional-dependencies"])
