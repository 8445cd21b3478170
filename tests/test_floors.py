"""The architecture, read off the import statements: who may stand on whom, and who may open which library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path for package in ("qgan", "anomaly") for path in (ROOT / package).rglob("*.py"))
SOURCES = sorted([*MODULES, *(ROOT / "tests").rglob("*.py")])

#: The rooms from the ground up. A room may use those below its floor and none beside it.
ROOMS = (
    ("qgan.base",),
    ("qgan.data", "qgan.quantum", "qgan.runs"),
    ("qgan.observables",),
    ("qgan.simulation", "qgan.losses", "qgan.models", "qgan.taggers"),
    ("qgan.sampling", "qgan.symmetry"),
    ("qgan.evaluation",),
    ("qgan.report",),
    ("qgan.training",),
    ("qgan.studies",),
    ("qgan.cli",),
    ("qgan.__main__", "qgan"),
)
#: anomaly has rooms of its own, on ground that is qgan's.
ANOMALY = (
    ("anomaly.preprocess", "anomaly.usual", "anomaly.pseudo_anomalies"), ("anomaly.configuration",),
    ("anomaly.density",), ("anomaly.models", "anomaly.emd"),
    ("anomaly.scoring",), ("anomaly.training", "anomaly.preparation", "anomaly.counting"),
    ("anomaly.detector", "anomaly.report"), ("anomaly.scored", "anomaly.baselines", "anomaly.experiment"),
    ("anomaly.plots",), ("anomaly.evaluation",), ("anomaly.comparison", "anomaly.selection"), ("anomaly.classes",),
    ("anomaly.matrix",), ("anomaly.matrix_plot", "anomaly.curve"), ("anomaly.curve_plot",), ("anomaly.cli",),
    ("anomaly.__main__", "anomaly"),
)
FLOORS = {room: floor for house in (ROOMS, ANOMALY) for floor, rooms in enumerate(house) for room in rooms}
#: What anomaly may use of qgan.
ANOMALY_STANDS_ON = {"qgan.base", "qgan.data", "qgan.quantum", "qgan.observables", "qgan.evaluation", "qgan.sampling",
                     "qgan.runs", "qgan.report", "qgan.taggers"}
#: The only modules that may import a library (or sub-packages that may).
DOORS = {
    "h5py": {"qgan.data.hdf5"},
    "uproot": {"qgan.data.root"},
    "torch.onnx": {"qgan.sampling.onnx_model"},
    "pennylane": {"qgan.quantum"},
    "tensorboard": {"qgan.report.tensorboard"},
    "torch.utils.tensorboard": {"qgan.report.tensorboard"},
    "matplotlib": {"qgan.report", "qgan.studies", "anomaly.plots", "anomaly.matrix_plot",
                   "anomaly.curve_plot"},
    "ot": {"anomaly.emd"},
    "pythia8mc": {"qgan.simulation"},
    "fastjet": {"qgan.simulation"},
    "safetensors": {"qgan.sampling.pretrained"},
    "awkward": {"qgan.simulation", "qgan.data.views", "qgan.data.root"},
    "distributed": {"qgan.base.scheduler"},
    "deepquantum": {"qgan.quantum"},
    "tensorcircuit": {"qgan.quantum"},
    "jinja2": {"qgan.report"},
    "jsonargparse": {"qgan.base.parsing"},
    "lgatr": {"qgan.taggers.lgatr"},
    "pelican": {"qgan.taggers.pelican"},
    "rich": {"qgan.base.console"},
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
    raise AssertionError(f"{name} has no floor: give its room a place in ROOMS")


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
        elif there != here and FLOORS[there] >= FLOORS[here]:
            errors.append(f"{where}: {there} on floor {FLOORS[there]} is not below {here} on floor {FLOORS[here]}")
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
    assert [name for name in set().union(*DOORS.values())
            if not is_module(name)] == []


@pytest.mark.parametrize(("module", "text", "complaint"), [
    ("qgan/data/jets.py", "from ..training import train", "not below"),
    ("qgan/data/jets.py", "from ..quantum import QuantumLayer", "not below"),
    ("qgan/data/jets.py", "from .. import training", "not below"),
    ("qgan/sampling/source.py", "from qgan.data import grid", "relatively"),
    ("qgan/sampling/source.py", "import anomaly.scoring", "knows nothing of anomaly"),
    ("anomaly/scoring.py", "from qgan.training.trainer import train", "does not stand on"),
])
def test_the_floors_are_really_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, text: str,
                                        complaint: str) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = write_module(tmp_path, module, text)
    write_module(tmp_path, "qgan/training/__init__.py", "")
    errors = floor_errors(path)
    assert len(errors) == 1
    assert complaint in errors[0]


def test_the_doors_are_really_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    text = "def f():\n    import h5py\n    from torch.utils import tensorboard\n"
    path = write_module(tmp_path, "qgan/data/jets.py", text)
    assert len(door_errors(path)) == 2
    assert door_errors(write_module(tmp_path, "qgan/data/hdf5.py", "import h5py")) == []


def write_module(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_has_one_subject_and_fits_a_few_screens() -> None:
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [str(path) for path in SOURCES if path.stem in vague] == []
    assert [str(path) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []
