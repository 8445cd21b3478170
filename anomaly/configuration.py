"""Every option of an anomaly training, as dataclasses: the YAML files and the command line fill these fields."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from qgan.base.errors import ConfigError
from qgan.base.groups import fill_groups
from qgan.base.plugins import load_plugins

from .preprocess import Method, Norm

#: Jets that ship, two classes each.
Embedded = Literal["quark_gluon", "w_qcd"]
#: The least value of options that have one.
_LEAST = {"seed": 0, "threads": 0, "preprocessing.size": 1, "training.epochs": 1, "training.batch_size": 1,
          "training.rate": 0, "training.patience": 0, "training.weight_decay": 0}


@dataclass
class DataOptions:
    """Which jets are usual.

    Attributes:
        jets: embedded jets to train on where no file is given.
        normal: the class that is no anomaly, the only one that is trained on; or several, ``w+qcd``.
        n: at most so many training jets, the first ones; 0 for all.
        validation: share of the jets of a user's files that is kept for validation.
    """

    jets: Embedded = "quark_gluon"
    normal: str = "quark"
    n: int = 0
    validation: float = 0.2


@dataclass
class PreprocessingOptions:
    """From a jet image to what a model sees.

    Attributes:
        size: pixels a side.
        pooling: ``pool`` adds whole pixels, ``area`` shares them out by area.
        scaling: ``max`` x/max x (as published), ``sum`` x/Σx, ``sqrt`` √(x/Σx), ``log`` log(1 + 1000 x/Σx)/7,
            which is below 1 and shows the soft pixels.
    """

    size: int = 12
    pooling: Method = "pool"
    scaling: Norm = "log"


@dataclass
class ModelOptions:
    """Which model.

    Attributes:
        name: of a registered model, see :data:`anomaly.models.registry.MODELS`.
        options: its constructor's keywords.
    """

    name: str = "conv"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class TrainingOptions:
    """Adam on the usual jets, with early stopping on other usual jets.

    Attributes:
        epochs: at most so many passes over the jets.
        batch_size: jets a step.
        rate: learning rate at the start.
        schedule: ``cosine`` towards 0 over all epochs, or ``constant``.
        weight_decay: as in AdamW.
        patience: stop after so many epochs without a smaller validation loss; 0 for never. The best epoch's
            weights are kept.
    """

    epochs: int = 20
    batch_size: int = 128
    rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 0.0
    patience: int = 5


@dataclass
class Configuration:
    """A training; a group of options may be a mapping: ``Configuration(model={"name": "conv"})``.

    Attributes:
        seed: every random number of the training comes from it.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        threads: threads of the arithmetic; 0 leaves torch's choice.
        plugins: Python files beside the configuration, or modules by name, that register models of one's own; they
            are imported (see :mod:`qgan.base.plugins`).
    """

    seed: int = 0
    device: str = "auto"
    threads: int = 0
    plugins: list[str] = field(default_factory=list)
    data: DataOptions = field(default_factory=DataOptions)
    preprocessing: PreprocessingOptions = field(default_factory=PreprocessingOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)

    def __post_init__(self) -> None:
        fill_groups(self)

    @classmethod
    def read(cls, file: str | Path) -> Configuration:
        """The configuration of a YAML file; what it does not name keeps its default.

        Raises:
            ConfigError: there is no such file, or an option that does not exist or cannot have its value.
        """
        from qgan.base.parsing import read_options

        return read_options(cls, file)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for YAML, checkpoints and TensorBoard."""
        return asdict(self)


def check(configuration: Configuration) -> None:
    """Imports the plugins, and makes sure that every number is one that can be computed with.

    Raises:
        ConfigError: it names the option and what was expected.
    """
    load_plugins(configuration.plugins)
    for name, least in _LEAST.items():
        value: Any = configuration
        for part in name.split("."):
            value = getattr(value, part)
        if not least <= value < float("inf"):
            raise ConfigError(f"{name}: {value}, expected at least {least}")
    if not 0 < configuration.data.validation < 1:
        raise ConfigError(f"data.validation: {configuration.data.validation}, expected above 0 to below 1")
