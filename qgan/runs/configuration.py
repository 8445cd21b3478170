"""Every option of a training, as dataclasses: the YAML files and the command line fill these fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..base.errors import ConfigError
from ..base.groups import fill_groups

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Precision = Literal["float32", "bfloat16"]
#: Sets of two classes of jets that ship.
Pair = Literal["w_qcd", "quark_gluon"]

#: The least value of options that have one.
_LEAST = {"seed": 0, "steps": 1, "batch_size": 4, "threads": 0, "generator.noise": 0, "generator.channels": 1,
          "generator.numbers": 1, "generator.shots": 0, "generator.levels": 1, "generator.grain_reach": 0,
          "generator.texture": 0, "discriminator.channels": 1, "discriminator.batch_comparison": 0,
          "losses.adversarial_weight": 0,
          "losses.coding": 0, "losses.statistics": 0, "losses.matching": 0, "losses.memory": 0, "losses.sparsity": 0,
          "losses.mean_image": 0, "losses.r1": 0, "losses.r1_every": 1, "optimiser.generator_rate": 0,
          "optimiser.discriminator_rate": 0, "optimiser.discriminator_every": 1, "optimiser.warm_up": 0,
          "fit.steps": 0, "fit.rate": 0,
          "logging.scalars": 0, "logging.quality": 0, "logging.costly": 0, "logging.checkpoint": 0,
          "logging.validation_jets": 2}
#: Options between 0 and 1, and whether these two are allowed.
_SHARES = {"data.validation": (False, False), "data.power": (False, True), "optimiser.final_rate": (True, True),
           "optimiser.beta1": (True, False), "optimiser.beta2": (True, False), "optimiser.ema": (True, False)}


@dataclass
class DataOptions:
    """Which jets, and how the networks see them.

    Attributes:
        jets: embedded jets to train on where no file is given, ``w_qcd`` or ``quark_gluon``.
        rows, columns: crop of the image, first and last-plus-one index; the whole image if left out.
        conditions: jet quantities that the discriminator is given too, beside the label.
        codings: further quantities that the generator is given: jet quantities (``delta_r``, ``tau_21``) and
            statistics of the image (``pixel_mean``, ``soft_nnz``, ...). Those the data lack are dropped.
        power: pixels enter the networks as (pixel / sum of the image) ** power.
        joint: draw the conditions from their joint density; false draws each alone, as published.
        validation: share of the jets of a user's files that is kept for validation.
    """

    jets: Pair = "w_qcd"
    rows: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None
    conditions: list[str] = field(default_factory=lambda: ["eta", "pt", "mass"])
    codings: list[str] = field(default_factory=lambda: ["delta_r", "delta_r_mean", "delta_r_std", "pixel_mean",
                                                        "pixel_std", "soft_nnz", "image_mass",
                                                        "clumps_3", "clumps_5", "image_tau_21",
                                                        "image_tau_32"])
    power: float = 0.5
    joint: bool = True
    validation: float = 0.1


@dataclass
class GeneratorOptions:
    """Conditions and noise → core layer → transposed convolutions → image.

    Attributes:
        architecture: ``jets``, or ``published`` for the published recipe, or ``module:Network`` of your own (see
            :mod:`qgan.models.own`).
        core: ``quantum``, or a control in its place: ``dense`` (at least as many parameters), ``frozen``
            (angles that do not train), ``orthogonal`` (a fixed random isometry), ``none``; or another that is
            registered, or ``module:Thing``. A network of shares, such as ``tree`` or ``coordinates``, makes the
            pixels itself, and there are no convolutions (see :mod:`qgan.models.shares`).
        numbers: trained numbers of a network of shares.
        shots: of a network of shares, a jet: the image is what so many shots find, as on hardware; 0 for the shares
            themselves and a grain.
        levels: of energy that a shot may find, so that it is a particle; with 1 all have the same energy.
        grain_reach: of a network of shares: pixels to each side that share the grain's noise; 0 for none.
        circuit: of the quantum layer: ``random_layers``, or another that is registered, or ``module:function``.
        n_qubits, n_layers, n_rotations: its size.
        embedding: of its inputs: ``amplitude``, or ``angle`` of rotations that every layer repeats, between rings of
            CNOTs; ``circuit``, ``n_rotations`` and ``backend`` are then not to choose.
        readout: ``state`` (simulators only), ``probs`` or ``expval``.
        backend: ``torch`` (the fast engine) or the name of a PennyLane device; with its keywords, and the ``shots`` of
            each sample, ``{name: default.mixed, shots: 1000}``.
        noise: number of Gaussian noise values embedded beside the conditions.
        channels: width of the convolutions at half resolution; four times that at the coarse end.
        pixel_noise: add learned amounts of noise to the feature maps and to the pixels.
        texture: channels of a network at full resolution that sees which neighbours the noise has lit; 0 for none.
        exact: what each image is given by construction: the ``mass`` of its ``image_mass`` coding, the ``centroid`` of
            its ``centroid_eta`` and ``centroid_phi`` codings, the ``harder_half`` on the right in the canonical frame;
            ``hard_pixels``: change these for mass and centroid, and soft ones where that does not do;
            ``softest``: no pixel softer than all real ones; ``phi_flip`` in the raw frame: mirrored across φ as often
            as not.
    """

    architecture: str = "jets"
    core: str = "quantum"
    numbers: int = 1000
    shots: int = 0
    levels: int = 1
    grain_reach: int = 0
    circuit: str = "random_layers"
    n_qubits: int = 8
    n_layers: int = 6
    n_rotations: int = 8
    embedding: Literal["amplitude", "angle"] = "amplitude"
    readout: Literal["state", "probs", "expval"] = "state"
    backend: dict[str, Any] | str = "torch"
    noise: int = 48
    channels: int = 16
    pixel_noise: bool = True
    texture: int = 0
    exact: list[str] = field(default_factory=lambda: ["mass", "centroid", "harder_half", "softest", "phi_flip"])


@dataclass
class DiscriminatorOptions:
    """Image and conditions → one logit.

    Attributes:
        architecture: ``jets``, or ``published``, or ``module:Network`` of your own.
        trunk: of the image: ``plain``, or ``residual`` with the pixels' pT over four orders of magnitude.
        channels: width of the first stage, doubled by each that follows.
        observables: give it the observables of the image too, squashed to a few standard deviations.
        batch_comparison: features of the distance to the other images of the batch.
        mirrors: show it jets mirrored at random, real and generated ones alike.
    """

    architecture: str = "jets"
    trunk: Literal["plain", "residual"] = "plain"
    channels: int = 32
    observables: bool = True
    batch_comparison: int = 16
    mirrors: bool = False


@dataclass
class LossOptions:
    """Weights of the loss terms; a term of weight 0 is not computed.

    Attributes:
        adversarial: which adversarial loss, ``bce``, ``hinge``, ``wasserstein`` or another that is registered;
            ``adversarial_weight`` its weight in the generator's loss.
        coding: smooth L1 between the codings asked for and those of the generated image.
        statistics: KL divergence of the batch densities of the ΔR and pixel statistics, per class.
        matching: smooth L1 between sorted statistics of the real and the generated batch, per class.
        matched: which statistics, of those that codings can be; one that is named several times counts as often.
        memory: jets of each class, beside those of the batch, that matching and sparsity compare over; 0 for none.
        sparsity: distribution of the soft number of non-zero pixels and of pixels above further thresholds,
            per class.
        mean_image: distance of the mean image of each class from that of the training jets.
        further: other terms that are registered, with their weights; null for the weight registered with them.
        r1: weight of the gradient penalty on real images, computed every ``r1_every`` steps.
    """

    adversarial: str = "bce"
    adversarial_weight: float = 1.0
    coding: float = 6.0
    statistics: float = 0.1
    matching: float = 9.0
    matched: list[str] = field(default_factory=lambda: ["width", "sigma_r", "delta_r_mean", "delta_r_std",
                                                        "delta_r_std", "delta_r_std", "pixel_std", "ptd", "leading_1",
                                                        "leading_3", "clumps_3", "clumps_5", "image_tau_21",
                                                        "image_tau_32"])
    memory: int = 1024
    sparsity: float = 3.0
    mean_image: float = 36.0
    further: dict[str, float | None] = field(default_factory=dict)
    r1: float = 0.02
    r1_every: int = 8


@dataclass
class OptimiserOptions:
    """Adam for both networks, with a cosine schedule.

    Attributes:
        generator_rate, discriminator_rate: learning rates at the start.
        final_rate: share of the starting rate that is left at the last step.
        beta1, beta2: Adam's decay rates.
        discriminator_every: train the discriminator only every so many steps.
        warm_up: steps at first in which the discriminator alone is trained.
        ema: decay of the averaged generator, shorter in the first steps.
    """

    generator_rate: float = 1e-3
    discriminator_rate: float = 1e-3
    final_rate: float = 0.05
    beta1: float = 0.0
    beta2: float = 0.99
    discriminator_every: int = 1
    warm_up: int = 0
    ema: float = 0.998


@dataclass
class FitOptions:
    """Maximum likelihood before the first step: a network of shares learns those of the training jets.

    Attributes:
        steps: of Adam, on 128 jets each; 0 for none.
        rate: its learning rate at the start.
    """

    steps: int = 0
    rate: float = 0.03


@dataclass
class LoggingOptions:
    """How often what is written, in steps; 0 means never.

    Attributes:
        scalars: loss terms, rates and speed.
        quality: W1 of every observable on validation jets, and images; by default twelve times, and every 500 steps
            of a long training.
        costly: Frechet distance and AUC of trees on validation jets, and histograms of every observable; by default
            every other time.
        checkpoint: a checkpoint to resume from.
        validation_jets: number of validation jets a class for the quality figures.
    """

    scalars: int = 20
    quality: int | None = None
    costly: int | None = None
    checkpoint: int = 250
    validation_jets: int = 1000

    def looks(self, steps: int) -> tuple[int, int]:
        """Steps from look to look, and from close look to close look, of a training of ``steps``.

        >>> LoggingOptions().looks(300), LoggingOptions().looks(6000), LoggingOptions(quality=40).looks(300)
        ((25, 50), (500, 1000), (40, 50))
        """
        often = min(500, -(-steps // 12))
        return often if self.quality is None else self.quality, 2 * often if self.costly is None else self.costly


@dataclass
class Configuration:
    """A training; a group of options may be a mapping: ``Configuration(steps=200, generator={"core": "dense"})``.

    Attributes:
        seed: every random number of the training comes from it.
        steps: number of steps of the generator.
        batch_size: real jets a step (and as many generated ones), of all processes together.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        threads: threads of the arithmetic; 0 leaves torch's choice.
        precision: of the convolutions in training, and of the dense layers before them; ``bfloat16`` is meant for a
            GPU or a processor with matrix units (AMX), where a step against a residual discriminator takes two thirds
            of the time. The circuit, pixels, observables and losses are always float32.
        start: a model that the generator's weights, and the scales of its conditions, are taken from at first: one
            that ships, a ``.safetensors`` file or the folder of a run. Its laws may be others, all else must agree.
        symmetry: how the η-flip enters: ``none``, ``average`` (both passes enter the losses) or ``exact``.
        plugins: files and modules of the user's own that register parts; a file may lie beside the configuration.
    """

    seed: int = 0
    steps: int = 6000
    batch_size: int = 64
    device: str = "auto"
    threads: int = 0
    precision: Precision = "float32"
    start: str | None = None
    symmetry: Literal["none", "average", "exact"] = "exact"
    plugins: list[str] = field(default_factory=list)
    data: DataOptions = field(default_factory=DataOptions)
    generator: GeneratorOptions = field(default_factory=GeneratorOptions)
    discriminator: DiscriminatorOptions = field(default_factory=DiscriminatorOptions)
    losses: LossOptions = field(default_factory=LossOptions)
    fit: FitOptions = field(default_factory=FitOptions)
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    logging: LoggingOptions = field(default_factory=LoggingOptions)

    def __post_init__(self) -> None:
        fill_groups(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for YAML, checkpoints and TensorBoard."""
        return asdict(self)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested options under dotted names: ``{"data": {"power": 0.5}}`` is ``{"data.power": 0.5}``."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def telling(configuration: DataclassInstance, always: Sequence[str] = (),
            never: tuple[str, ...] = ()) -> dict[str, Any]:
    """What tells a configuration from others, flat: the options that are not at their default.

    Args:
        always: names of further options.
        never: beginnings of the names of those that are left out.
    """
    usual = flat(asdict(type(configuration)()))
    return {name: value for name, value in flat(asdict(configuration)).items()
            if name in always or not (value == usual.get(name) or name.startswith(never))}


def check(configuration: Configuration) -> None:
    """Makes sure that every number is one that can be computed with.

    Raises:
        ConfigError: it names the option and what was expected.
    """
    for name, least in _LEAST.items():
        value = _value(configuration, name)
        if value is not None and not least <= value < float("inf"):
            raise ConfigError(f"{name}: {value}, expected at least {least}")
    for name, weight in configuration.losses.further.items():
        if hasattr(configuration.losses, name):
            raise ConfigError(f"losses.further.{name}: has an option of its own, losses.{name}")
        if weight is not None and not 0 <= weight < float("inf"):
            raise ConfigError(f"losses.further.{name}: {weight}, expected at least 0")
    for name, (zero, one) in _SHARES.items():
        value = _value(configuration, name)
        if not (0 < value < 1 or (value == 0 and zero) or (value == 1 and one)):
            raise ConfigError(f"{name}: {value}, expected from {'0' if zero else 'above 0'} to "
                              f"{'1' if one else 'below 1'}")


def _value(configuration: Configuration, name: str) -> Any:
    value: Any = configuration
    for part in name.split("."):
        value = getattr(value, part)
    return value
