"""The architecture, read off the import statements: who may stand on whom, and who may open which library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path for package in ("qgan", "anomaly") for path in (ROOT / package).rglob("*.py"))
SOURCES = sorted([*MODULES, *(ROOT / "tests").rglob("*.py")])

#: The floor of each module or sub-package; a dotted name wins over the package it lies in.
FLOORS = {
    # 0 bedrock
    "qgan.version": 0, "qgan.errors": 0, "qgan.io": 0, "qgan.seeding": 0, "qgan.progress": 0, "qgan.console": 0,
    "qgan.parsing": 0, "qgan.workers": 0,
    # 1 ground
    "qgan.data": 1, "qgan.quantum": 1, "qgan.runs": 1,
    # 2 parts
    "qgan.models": 2, "qgan.losses": 2, "qgan.observables": 2, "qgan.differentiable": 2, "qgan.metrics": 2,
    "qgan.symmetry": 2, "qgan.energyflow": 2,
    # 3 acts
    "qgan.preparation": 3, "qgan.training": 3, "qgan.sampling": 3, "qgan.evaluation": 3,
    "qgan.quality": 3, "qgan.pretrained": 3, "qgan.conditional": 3,
    # 4 composition
    "qgan.assembly": 4, "qgan.augmentation": 4, "qgan.comparison": 4, "qgan.export": 4, "qgan.bench": 4,
    "qgan.hardware": 4,
    "qgan.experiment": 4, "qgan.monitoring": 4, "qgan.plots": 4, "qgan.report": 4,
    # 5 doors
    "qgan.cli": 5, "qgan.__main__": 5, "qgan": 5,
    # anomaly: the same floors, its own ground is qgan's
    "anomaly.configuration": 1, "anomaly.preprocess": 2, "anomaly.models": 2, "anomaly.density": 2,
    "anomaly.emd": 2, "anomaly.pseudo_anomalies": 2,
    "anomaly.scoring": 3, "anomaly.training": 3, "anomaly.preparation": 3, "anomaly.detector": 3,
    "anomaly.baselines": 4, "anomaly.experiment": 4, "anomaly.evaluation": 4, "anomaly.report": 4,
    "anomaly.comparison": 4, "anomaly.plots": 4, "anomaly.selection": 4,
    "anomaly.cli": 5, "anomaly.__main__": 5, "anomaly": 5,
}
#: What anomaly may use of qgan.
ANOMALY_STANDS_ON = {
    "qgan.version", "qgan.errors", "qgan.io", "qgan.seeding", "qgan.progress", "qgan.console", "qgan.parsing",
    "qgan.data", "qgan.quantum", "qgan.runs", "qgan.observables", "qgan.metrics", "qgan.sampling",
}
#: The only modules that may import a library (or sub-packages that may).
DOORS = {
    "h5py": {"qgan.data.files"},
    "pennylane": {"qgan.quantum", "anomaly.circuits"},
    "tensorboard": {"qgan.runs"},
    "torch.utils.tensorboard": {"qgan.runs"},
    "matplotlib": {"qgan.plots", "anomaly.plots"},
    "ot": {"anomaly.emd"},
    "pythia8mc": {"qgan.data.simulation"},
    "fastjet": {"qgan.data.simulation"},
    "safetensors": {"qgan.pretrained"},
    "awkward": {"qgan.data.simulation"},
    "distributed": {"qgan.data.simulation"},
    "deepquantum": {"qgan.quantum"},
    "tensorcircuit": {"qgan.quantum"},
    "jinja2": {"qgan.report"},
    "jsonargparse": {"qgan.parsing"},
}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str, bool]]:
    """(line, absolute dotted name, whether it was written relative) of every import, wherever it stands."""
    package = dotted(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            head = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{head}.{alias.name}"
                ours = whole.split(".")[0] in ("qgan", "anomaly")
                yield node.lineno, head if ours and not is_module(whole) else whole, bool(node.level)


def is_module(name: str) -> bool:
    stem = ROOT.joinpath(*name.split("."))
    return stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file()


def place(name: str) -> str:
    """The entry of FLOORS that a module falls under."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (entry := ".".join(parts[:length])) in FLOORS and (length > 1 or len(parts) == 1):
            return entry
    raise AssertionError(f"{name} has no floor: give it one in FLOORS")


def within(name: str, places: set[str]) -> bool:
    return any(name == entry or name.startswith(f"{entry}.") for entry in places)


def floor_errors(path: Path) -> list[str]:
    """What a module imports against the rules, one line each."""
    here, errors = place(dotted(path)), []
    for line, name, relative in imports(path):
        if name.split(".")[0] not in ("qgan", "anomaly"):
            continue
        there, where = place(name), f"{path.relative_to(ROOT)}:{line}: {name}"
        if name.split(".")[0] == here.split(".")[0] and not relative:
            errors.append(f"{where}: import it relatively")
        if here.startswith("qgan") and there.startswith("anomaly"):
            errors.append(f"{where}: qgan knows nothing of anomaly")
        elif here.startswith("anomaly") and there.startswith("qgan"):
            if there not in ANOMALY_STANDS_ON:
                errors.append(f"{where}: anomaly does not stand on {there}")
        elif there != here and FLOORS[there] > FLOORS[here]:
            errors.append(f"{where}: floor {FLOORS[there]} is above {here} on floor {FLOORS[here]}")
        elif there != here and FLOORS[there] == FLOORS[here] == 1:
            errors.append(f"{where}: {here} and {there} know nothing of one another")
    return errors


def door_errors(path: Path) -> list[str]:
    name = dotted(path)
    return [f"{path.relative_to(ROOT)}:{line}: {library} is opened in {', '.join(sorted(doors))} alone"
            for line, imported, _ in imports(path) for library, doors in DOORS.items()
            if within(imported, {library}) and not within(name, doors)]


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_stands_on_lower_floors(path: Path) -> None:
    assert floor_errors(path) == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_library_has_one_door(path: Path) -> None:
    assert door_errors(path) == []


def test_every_entry_is_a_module() -> None:
    assert [name for name in FLOORS if not is_module(name)] == []
    assert [name for name in set().union(*DOORS.values()) - {"anomaly.circuits", "anomaly.plots"}
            if not is_module(name)] == []


def test_modules_of_one_floor_do_not_go_in_circles() -> None:
    edges: dict[str, set[str]] = {}
    for path in MODULES:
        here = place(dotted(path))
        reached = {place(name) for _, name, _ in imports(path) if name.split(".")[0] in ("qgan", "anomaly")}
        edges.setdefault(here, set()).update(reached - {here})
    done: set[str] = set()
    while ready := {here for here in edges if here not in done and edges[here] & set(edges) <= done}:
        done |= ready
    assert set(edges) - done == set()


@pytest.mark.parametrize(("module", "text", "complaint"), [
    ("qgan/data/jets.py", "from ..training import train", "above"),
    ("qgan/data/jets.py", "from ..quantum import QuantumLayer", "know nothing of one another"),
    ("qgan/data/jets.py", "from .. import training", "above"),
    ("qgan/sampling.py", "from qgan.data import grid", "relatively"),
    ("qgan/sampling.py", "import anomaly.scoring", "knows nothing of anomaly"),
    ("anomaly/scoring.py", "from qgan.training import train", "does not stand on"),
])
def test_the_floors_are_really_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, text: str,
                                        complaint: str) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = write_module(tmp_path, module, text)
    write_module(tmp_path, "qgan/training.py", "")
    errors = floor_errors(path)
    assert len(errors) == 1
    assert complaint in errors[0]


def test_the_doors_are_really_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    text = "def f():\n    import h5py\n    from torch.utils import tensorboard\n"
    path = write_module(tmp_path, "qgan/data/jets.py", text)
    assert len(door_errors(path)) == 2
    assert door_errors(write_module(tmp_path, "qgan/data/files.py", "import h5py")) == []


def write_module(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_has_one_subject_and_fits_a_few_screens() -> None:
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [str(path) for path in SOURCES if path.stem in vague] == []
    assert [str(path) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []
