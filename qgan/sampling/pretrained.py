"""Trained generators that ship with the package, and others in the same two files.

``NAME.safetensors`` holds the weights and the table that conditions are drawn from; ``NAME.json``, the card,
all that is no tensor: the blueprint, what it was trained on and how, and what it reaches. The card has the
weights' SHA-256, which the jets made with them carry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from ..base.errors import CheckpointError, DataError
from ..base.io import atomic_path, check_output, read_json, stand_in, write_json
from ..runs.checkpoint import building
from .source import JetSource, load_source, source_of

#: The models that ship.
FOLDER = Path(__file__).parents[1] / "models" / "weights"
#: Raised by one whenever the meaning of a field changes.
FORMAT = 1
_GENERATOR, _TABLE, _LABELS, _RANGES = "generator.", "density.table", "density.labels", "density.ranges."


def shipped_models() -> list[str]:
    """The names of the models that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def model_files(model: str | Path) -> tuple[Path, Path]:
    """The weights and the card of a model: a name of :func:`shipped_models`, or the path of one of its two files.

    Raises:
        CheckpointError: there is no such model.
    """
    path = Path(model)
    if path.suffix not in (".safetensors", ".json"):
        path = FOLDER / f"{model}.safetensors"
        if path.parent != FOLDER or not path.is_file():
            known = ", ".join(shipped_models()) or "none"
            raise CheckpointError(f"model {str(model)!r}: no such model; those that ship: {known} (another is given "
                                  "by its .safetensors file)")
    files = path.with_suffix(".safetensors"), path.with_suffix(".json")
    for file in files:
        if not file.is_file() or stand_in(file):
            raise CheckpointError(f"{file}: {stand_in(file) or 'no such file, expected that of a model'}")
    return files


def read_card(model: str | Path) -> dict[str, Any]:
    """What is known of a model, plain values.

    Raises:
        CheckpointError: it is missing, damaged or of another version.
    """
    file = model_files(model)[1]
    try:
        card = read_json(file)
    except DataError as error:
        raise CheckpointError(f"{file}: is damaged, expected the card of a model: {error}") from error
    if card.get("format") != FORMAT:
        raise CheckpointError(f"{file}: format {card.get('format')!r}, expected {FORMAT}: no card of a model, or one "
                              "of another version")
    return card


def load_model(model: str | Path = "w_qcd", device: torch.device | str = "cpu") -> JetSource:
    """A trained generator, ready to make jets: ``load_model("w_qcd").jets(n, seed)``.

    Args:
        model: the name of one that ships (:func:`shipped_models`), the path of a ``.safetensors`` file, or the folder
            of a run, as :func:`~qgan.sampling.source.load_source` takes it.
        device: where it computes.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    if Path(model).is_dir():
        return load_source(model, device)
    weights, file = model_files(model)
    card = read_card(model)
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{weights}: cannot be read: {error.strerror or error}") from error
    if (found := hashlib.sha256(content).hexdigest()) != card.get("weights_sha256"):
        raise CheckpointError(f"{weights}: is damaged or not the file that {file.name} describes: its SHA-256 begins "
                              f"with {found[:12]}, expected {str(card.get('weights_sha256'))[:12]}")
    with building(file, "generator"):
        tensors = load(content)
        source = source_of(_description(card["source"], tensors), _origin(card, weights))
        source.generator.load_state_dict({k.removeprefix(_GENERATOR): v for k, v in tensors.items()
                                          if k.startswith(_GENERATOR)})
        source.try_out()
    source.generator.to(device)
    return source


def save_model(folder: str | Path, name: str, description: Mapping[str, Any], weights: Mapping[str, Tensor],
               about: Mapping[str, Any], overwrite: bool = False) -> Path:
    """Writes both files of a model.

    Args:
        folder: where to.
        name: of the model, and of its files.
        description: as :func:`~qgan.sampling.source.describe_source` gives it.
        weights: the generator's state dict.
        about: what else the card says: plain values.
        overwrite: replace a model of that name.

    Returns:
        The file of the weights.

    Raises:
        DataError: it cannot be written.
    """
    files = [check_output(Path(folder) / f"{name}{suffix}", overwrite) for suffix in (".safetensors", ".json")]
    density = description["density"]
    tensors = {f"{_GENERATOR}{key}": value for key, value in weights.items()}
    tensors |= {_TABLE: density["table"], _LABELS: density["labels"].to(torch.int8)}
    tensors |= {f"{_RANGES}{label}": edges for label, edges in density["ranges"].items()}
    content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    plain = {**description, "density": {"names": list(density["names"]),
                                        "weights": {str(c): int(n) for c, n in density["weights"].items()}}}
    card = {"format": FORMAT, "name": name, "weights_sha256": hashlib.sha256(content).hexdigest(),
            "weights_bytes": len(content), **about, "source": plain}
    with atomic_path(files[0], overwrite) as temporary:
        temporary.write_bytes(content)
    write_json(files[1], card, overwrite)
    return files[0]


def _description(plain: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    """What :func:`~qgan.sampling.source.source_of` takes."""
    density = plain["density"]
    ranges = {int(key.removeprefix(_RANGES)): value for key, value in tensors.items() if key.startswith(_RANGES)}
    return {**plain, "density": {"names": density["names"], "table": tensors[_TABLE],
                                 "labels": tensors[_LABELS].to(torch.int64), "ranges": ranges,
                                 "weights": {int(c): n for c, n in density["weights"].items()}}}


def _origin(card: dict[str, Any], weights: Path) -> dict[str, Any]:
    """What the files of its jets say, so that nobody takes them for real ones."""
    return {"model": card.get("name", weights.stem), "weights_sha256": card["weights_sha256"],
            "step": card.get("step"), "training_seed": card.get("training_seed"), "trained_on": card.get("trained_on"),
            **({"uses": card["uses"]} if "uses" in card else {})}
