"""From a run to a model that can ship: its averaged generator, how it was made, and what it reaches.

A model may be made into another: its pixels set right on other jets, or judged by them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ..base.errors import CheckpointError, ConfigError
from ..base.io import check_output, read_json, write_text
from ..data.reading import Paths
from ..evaluation import Evaluation
from ..runs import RunFolder, checkpoint
from ..runs.checkpoint import Checkpoint
from ..runs.configuration import Configuration, flat
from ..sampling.calibration import calibrated
from ..sampling.onnx_model import require_exporter, write_onnx
from ..sampling.pretrained import load_model, read_card, save_model, shipped_models
from ..sampling.source import JetSource, load_source
from .compare.headlines import by_class, plain
from .compare.judge import JUDGED, Judge, held_out, some_jets
from .compare.size import parameters
from .model_card import model_card

#: What of the configuration has no say in what is trained.
_INCIDENTAL = ("device", "threads", "logging.")
#: What of a card is of the model alone, not of how it was made.
_OWN = ("format", "name", "weights_sha256", "weights_bytes", "source", "quality", "parameters", "uses")


class _Found(NamedTuple):
    """A generator, what describes its source, its weights, and how it came to be."""

    source: JetSource
    description: dict[str, Any]
    weights: Mapping[str, Tensor]
    history: dict[str, Any]


def export(run: str | Path, name: str, folder: str | Path, *, real: Paths | None = None,
           reference: Paths | None = None, n_per_class: int = 5000, seed: int = 0, quick: bool = False,
           calibrate: bool = False, onnx: bool = False, overwrite: bool = False) -> Path:
    """Measures a run's averaged generator on held-out jets and writes it as a model.

    Args:
        run: folder of the run; or a model, by its name or file.
        name: of the model.
        folder: where its files go: ``NAME.safetensors``, ``NAME.json`` and a page for people, ``NAME.md``.
        real, reference: files of held-out and of training jets; by default those that ship.
        n_per_class, seed, quick: of the evaluation, see :func:`qgan.evaluate`.
        calibrate: map pixels so that there are as many of each size as in the training jets, see
            :mod:`qgan.sampling.calibration`.
        onnx: write ``NAME.onnx`` too (see :mod:`qgan.sampling.onnx_model`).
        overwrite: replace a model of that name.

    Returns:
        The file of the weights.

    Raises:
        QganError: a missing or damaged run or model, jets that do not fit, or files that cannot be written.
    """
    if not name.replace("_", "").replace("-", "").isalnum():
        raise CheckpointError(f"name {name!r}: expected letters, digits, - and _")
    folder = Path(folder)
    if "site-packages" in folder.resolve().parts:
        raise CheckpointError(f"{folder}: belongs to an installed package, expected a folder of your own")
    for suffix in (".safetensors", ".json", ".md", *([".onnx"] if onnx else [])):
        check_output(folder / f"{name}{suffix}", overwrite)
    if onnx:
        require_exporter()
    found = _of_model(run) if _is_model(run) else _of_run(run, name)
    source = found.source
    real_jets = held_out(source, real, reference)
    if calibrate:
        if real_jets.train is None:
            raise ConfigError("calibrate: no training jets, expected them as data")
        source = calibrated(source, real_jets.train, seed)
    by = Judge.of(real_jets, source.grid, n_per_class=n_per_class, seed=seed, quick=quick)
    evaluation = by(some_jets(source, JUDGED * n_per_class, seed, name))
    uses = {"uses": source.origin["uses"]} if "uses" in source.origin else {}
    about = {**found.history, **uses, "parameters": parameters(found.description), "quality": _quality(evaluation)}
    description = {**found.description, "blueprint": source.blueprint.to_dict()}
    weights = save_model(folder, name, description, found.weights, about, overwrite)
    write_text(folder / f"{name}.md", model_card(read_card(weights)), overwrite)
    if onnx:
        write_onnx(source, folder / f"{name}.onnx", overwrite)
    return weights


def training_command(configuration: dict[str, Any], out: str, files: Sequence[str] | None = None) -> str:
    """The ``qgan train`` command of a resolved configuration: what differs from the defaults, and no more."""
    usual = flat(Configuration().to_dict())
    words = ["qgan train", f"--out {out}", *([f"--data {' '.join(files)}"] if files else [])]
    for key, value in flat(configuration).items():
        plain_value = list(value) if isinstance(value, tuple) else value
        default = list(usual[key]) if isinstance(usual.get(key), tuple) else usual.get(key)
        if plain_value != default and not key.startswith(_INCIDENTAL):
            text = plain_value if isinstance(plain_value, str) else json.dumps(plain_value, separators=(",", ":"))
            words.append(f"--{key} {text!r}" if '"' in text or " " in text else f"--{key} {text}")
    return " ".join(words)


def _is_model(run: str | Path) -> bool:
    return not Path(run).is_dir() and (Path(run).suffix in (".safetensors", ".json") or str(run) in shipped_models())


def _of_run(run: str | Path, name: str) -> _Found:
    folder = RunFolder.open(run)
    saved = checkpoint.load(folder.checkpoint)
    return _Found(load_source(run), saved.transforms, saved.states["average"], _history(saved, name, folder))


def _of_model(model: str | Path) -> _Found:
    source, card = load_model(model), read_card(model)
    return _Found(source, {**card["source"], "density": source.density.state_dict()}, source.generator.state_dict(),
                  {key: value for key, value in card.items() if key not in _OWN} | {
                      "made_of": {key: card[key] for key in ("name", "weights_sha256")}})


def _history(saved: Checkpoint, name: str, folder: RunFolder) -> dict[str, Any]:
    """How the generator came to be, without the places of files on the machine that made it."""
    files = [Path(file).name for file in saved.origin.get("data") or []] or None
    jets = ("jets in memory" if saved.origin.get("in_memory") else ", ".join(files) if files
            else f"jets that ship with the package: {saved.configuration['data']['jets']}")
    surroundings = read_json(folder.environment) if folder.environment.is_file() else {}
    return {
        "step": saved.step, "training_seed": saved.origin.get("training_seed"), "trained_on": jets,
        "training_jets": saved.origin.get("jets"), "conditions_left_out": saved.origin.get("dropped", {}),
        **({"uses": saved.origin["uses"]} if "uses" in saved.origin else {}),
        "command": training_command(saved.configuration, f"runs/{name}", files),
        "configuration": saved.configuration,
        "environment": {key: surroundings.get(key) for key in ("qgan", "python", "libraries", "device", "threads")},
    }


def _quality(evaluation: Evaluation) -> dict[str, Any]:
    """What was measured: the figures by class, and every row with error and floor."""
    rows = [{key: value for key, value in row.to_dict().items() if key != "unit"} for row in evaluation.rows]
    settings = {key: value for key, value in evaluation.settings.items() if key != "reference"}
    return {"settings": settings, "notes": evaluation.notes, "figures": plain(by_class(evaluation)), "rows": rows}
