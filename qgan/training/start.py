"""A training that begins with the weights of another generator."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import NamedTuple

from torch import Tensor

from ..base.errors import ConfigError
from ..data import JetImages
from ..models.blueprint import Blueprint
from ..runs.configuration import GeneratorOptions
from ..sampling.pretrained import load_model


class Start(NamedTuple):
    """What a training begins with.

    Attributes:
        blueprint: of the generator.
        weights: by name; None for random ones.
        uses: what the model that they are of was made with, see :mod:`qgan.evaluation.used`.
    """

    blueprint: Blueprint
    weights: dict[str, Tensor] | None = None
    uses: tuple[str, ...] = ()


def start_from(model: str, fitted: Blueprint, train: JetImages) -> Start:
    """A model under the laws of a blueprint: its own blueprint but for these, and its weights.

    Args:
        model: its name, file or run.
        fitted: the blueprint that the training would have made.
        train: its jets.

    Raises:
        ConfigError: they do not agree; the message says in what.
        CheckpointError: there is no such model, or it is damaged.
    """
    source = load_model(model)
    theirs = source.blueprint
    of_model, here = ({**asdict(GeneratorOptions()), **network} for network in (theirs.network, fitted.network))
    pairs = {
        "data.conditions, data.codings": (list(theirs.conditions.names), list(fitted.conditions.names)),
        "classes": (theirs.conditions.classes, fitted.conditions.classes),
        "the pixels": (theirs.grid, fitted.grid), "the frame": (theirs.frame, fitted.frame),
        "units": (source.scale.units, train.units), "data.power": (theirs.pixels.power, fitted.pixels.power),
        "symmetry": (theirs.symmetry, fitted.symmetry), "pT": (theirs.scale is None, fitted.scale is None),
        # Its laws may be others, and what it lacks may be added.
        **{f"generator.{name}": (of_model[name], value) for name, value in here.items()
           if name != "exact" and not (name == "texture" and of_model[name] == 0)}}
    for name, (one, other) in pairs.items():
        if one != other:
            raise ConfigError(f"start: {model}: {name}: {one}, but here {other}; expected the same")
    begun, weights = replace(theirs, network=fitted.network, plugins=fitted.plugins), source.generator.state_dict()
    shapes = {name: value.shape for name, value in begun.build().state_dict().items()}
    if any(shapes.get(name) != value.shape for name, value in weights.items()):
        raise ConfigError(f"start: {model}: its network is of another shape under the laws asked for, "
                          f"{begun.network['exact']}; its own are {theirs.network['exact']}")
    return Start(begun, weights, tuple(source.origin.get("uses", ())))
