"""Which configuration to take, decided on usual jets alone.

Every configuration is trained with several seeds. The criterion is the mean, over seeds and over kinds of
:mod:`.pseudo_anomalies`, of the AUC with which its score tells pseudo-anomalies made from validation jets from these
validation jets. By default those kinds decide that keep the number of lit pixels: a score that counts has one half
there. The others are shown. The largest criterion is chosen. No jet of another class is ever loaded: files that hold
one are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from qgan.base.console import aligned
from qgan.base.errors import ConfigError, QganError
from qgan.base.progress import progress
from qgan.base.seeding import numpy_rng
from qgan.data.jets import JetImages

from .configuration import Configuration, check
from .detector import Detector
from .experiment import fitted
from .models.registry import build
from .preparation import Jets, usual_jets
from .pseudo_anomalies import KINDS, pseudo_anomalies
from .scoring import Quantity, RocCurve


@dataclass(frozen=True)
class Candidate:
    """What one configuration reaches on pseudo-anomalies.

    Attributes:
        name: of the configuration.
        parameters: how many numbers are trained.
        criterion: mean AUC over the deciding kinds and the seeds, with its bootstrap error over jets.
        spread: standard deviation of the criterion over the seeds; None for one.
        kinds: the AUC of each kind, mean over the seeds.
        behind: the best one's criterion less this one's on the same jets, with the error of both the jets and the
            seeds.
        validation: mean of the smallest validation losses; comparable between models of the same loss and pixels alone.
        failure: why there are no figures: the training ended in an error, such as a collapsed circuit.
    """

    name: str
    parameters: int
    criterion: Quantity | None = None
    spread: float | None = None
    kinds: dict[str, float] = field(default_factory=dict)
    behind: Quantity | None = None
    validation: float | None = None
    failure: str = ""


@dataclass(frozen=True)
class Selection:
    """All configurations, the best one first, and scores that need no network on the same pseudo-anomalies.

    Attributes:
        usual: the class that was trained on.
        n_jets: validation jets, and pseudo-anomalies of each kind.
        seeds: trainings of each configuration.
        deciding: the kinds whose mean is the criterion.
        candidates: one a configuration.
        trivial: the AUC of each kind by score.
    """

    usual: str
    n_jets: int
    seeds: int
    deciding: list[str]
    candidates: list[Candidate]
    trivial: dict[str, dict[str, float]]

    @property
    def chosen(self) -> Candidate:
        return self.candidates[0]

    def table(self) -> str:
        """The ranking as lines of text; kinds that do not decide are in brackets."""
        kinds = [kind if kind in self.deciding else f"({kind})" for kind in KINDS]
        heads = ("configuration", "parameters", "mean AUC", "over seeds", "behind the best", *kinds, "loss")
        cells = [heads, *(_cells(candidate) for candidate in self.candidates)]
        for name, found in self.trivial.items():
            mean = np.mean([found[kind] for kind in self.deciding])
            cells.append((f"{name} (no network)", "", f"{mean:.3f}", "", "",
                          *(f"{value:.3f}" for value in found.values()), ""))
        failed = [f"{c.name}: {c.failure}" for c in self.candidates if c.failure]
        return "\n".join([aligned(cells), *([""] if failed else []), *failed])

    def to_dict(self) -> dict[str, Any]:
        return {"chosen": self.chosen.name, **asdict(self)}


@dataclass(frozen=True)
class _Trained:
    """The trainings of one configuration: AUC (draws, kinds, seeds), draw 0 with every jet once, and which kinds
    decide."""

    name: str
    parameters: int
    auc: np.ndarray
    decides: list[bool]
    losses: list[float]
    failure: str

    @property
    def criterion(self) -> np.ndarray:
        """(draws, seeds)."""
        mean: np.ndarray = self.auc[:, self.decides].mean(1)
        return mean


def select(configurations: Mapping[str, Configuration], *, data: Jets | None = None, seeds: int = 2,
           seed: int = 0, kinds: Sequence[str] | None = None, n_bootstrap: int = 100, quiet: bool = False) -> Selection:
    """Ranks configurations by how well they find pseudo-anomalies among validation jets.

    Args:
        configurations: by name, all of the same usual class.
        data: usual jets alone, or files of them; by default the jets that ship.
        seeds: trainings of each configuration.
        seed: of the division of files, the pseudo-anomalies and the bootstrap; the same for every configuration.
        kinds: which kinds of pseudo-anomaly decide; by default those that keep the number of lit pixels.
        n_bootstrap: of the errors.
        quiet: no progress bar.

    Raises:
        ConfigError: no such kind, no configurations, several usual classes, or options that do not fit.
        DataError: jets of another class among the files, or too few.
        QganError: every training failed.
    """
    usual = _check(configurations, seeds)
    deciding = [name for name, kind in KINDS.items() if kind.keeps_nnz] if kinds is None else list(kinds)
    for name in deciding:
        KINDS[name]
    first = next(iter(configurations.values()))
    _, validation = usual_jets(first.data, data, seed)
    unusual = pseudo_anomalies(validation, seed)
    draws = [np.arange(len(validation)), *(numpy_rng(seed, "bootstrap", i).integers(len(validation), size=len(
        validation)) for i in range(n_bootstrap))]
    found: list[_Trained] = []
    trivial: dict[str, dict[str, float]] = {}
    with progress(seeds * len(configurations), "select", "trainings", quiet=quiet) as bar:
        for name, configuration in configurations.items():
            train, _ = usual_jets(configuration.data, data, seed)
            auc, losses, failure = [], list[float](), ""
            for number in range(configuration.seed, configuration.seed + seeds):
                try:
                    detector, loss = fitted(replace(configuration, seed=number), train, validation)
                except ConfigError:
                    raise
                except QganError as error:
                    failure = f"seed {number}: {error}"
                else:
                    auc.append(_areas(detector.scores(validation)["model"],
                                      {kind: detector.scores(jets)["model"] for kind, jets in unusual.items()}, draws))
                    losses.append(loss)
                    trivial = trivial or _controls(detector, validation, unusual)
                bar.update()
            parameters = build(configuration.model, (configuration.preprocessing.size,) * 2).n_parameters
            found.append(_Trained(name, parameters, np.stack(auc, -1) if auc and not failure else np.empty(0),
                                  [kind in deciding for kind in KINDS], losses, failure))
    return Selection(usual, len(validation), seeds, deciding, _ranked(found), trivial)


def _check(configurations: Mapping[str, Configuration], seeds: int) -> str:
    if not configurations or seeds < 1:
        raise ConfigError(f"{'seeds' if configurations else 'configs'}: expected at least one")
    for configuration in configurations.values():
        check(configuration)
        # Now, rather than after an hour of training the others.
        build(configuration.model, (configuration.preprocessing.size,) * 2)
    usual = {(c.data.normal, c.data.jets, c.data.validation) for c in configurations.values()}
    if len(usual) > 1:
        raise ConfigError("data.normal, data.jets or data.validation: the configurations differ, expected the same "
                          "jets for all")
    return usual.pop()[0]


def _areas(usual: np.ndarray, unusual: Mapping[str, np.ndarray], draws: Sequence[np.ndarray]) -> np.ndarray:
    """AUC (draws, kinds); a jet and the pseudo-anomalies made of it are drawn together."""
    return np.array([[RocCurve.of(usual[draw], scores[draw]).auc() for scores in unusual.values()] for draw in draws])


def _controls(detector: Detector, usual: JetImages, unusual: Mapping[str, JetImages]) -> dict[str, dict[str, float]]:
    values = detector.controls(usual)
    others = {kind: detector.controls(jets) for kind, jets in unusual.items()}
    return {name: {kind: RocCurve.of(values[name], other[name]).auc() for kind, other in others.items()}
            for name in values}


def _ranked(found: Sequence[_Trained]) -> list[Candidate]:
    """The largest criterion first, failures last."""
    whole = sorted((t for t in found if not t.failure), key=lambda t: -t.criterion[0].mean())
    failed = [t for t in found if t.failure]
    if not whole:
        raise QganError(f"select: every configuration failed; {failed[0].name}, {failed[0].failure}")
    best = whole[0]
    return [_candidate(t, best) for t in whole] + [
        Candidate(t.name, t.parameters, failure=t.failure) for t in failed]


def _candidate(one: _Trained, best: _Trained) -> Candidate:
    draws, seeds = one.criterion, one.auc.shape[-1]
    behind = best.criterion.mean(1) - draws.mean(1)
    # Trainings with the same seed are not alike: their errors add up. The jets are the same.
    apart = 0.0 if one is best or seeds < 2 else float(
        np.hypot(*(t.criterion[0].std(ddof=1) for t in (one, best))) / seeds**0.5)
    return Candidate(one.name, one.parameters, Quantity(float(draws[0].mean()), float(draws[1:].mean(1).std(ddof=1))),
                     float(draws[0].std(ddof=1)) if seeds > 1 else None,
                     {kind: float(value) for kind, value in zip(KINDS, one.auc[0].mean(1), strict=True)},
                     Quantity(float(behind[0]), float(np.hypot(behind[1:].std(ddof=1), apart))),
                     float(np.mean(one.losses)))


def _cells(candidate: Candidate) -> tuple[str, ...]:
    values = [f"{value:.3f}" for value in candidate.kinds.values()] or [""] * len(KINDS)
    spread = "" if candidate.spread is None else f"± {candidate.spread:.3f}"
    loss = "" if candidate.validation is None else f"{candidate.validation:.4g}"
    return (candidate.name, f"{candidate.parameters:,}", str(candidate.criterion or "failed"), spread,
            str(candidate.behind or ""), *values, loss)
