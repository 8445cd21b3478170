"""A trained generator with its circuit on a quantum computer: what finite shots and noise do to the jets.

The same generator makes the same jets (conditions, noise values) again and again, while the circuit's outcomes come
from ever fewer shots or ever noisier gates. Only the circuit is affected. The embedding of a quantum layer is taken as
perfect, although on today's hardware it would cost most of the gates (:func:`qgan.quantum.hardware_cost` counts them);
a circuit that makes the pixels itself has none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from torch import Tensor

from ..base.errors import ConfigError
from ..base.progress import progress
from ..models import Core
from ..models.direct import DirectGenerator
from ..models.shares.hardware import cost
from ..models.shares.measured import MeasuredShares
from ..quantum import QuantumLayer, hardware_cost
from ..quantum.measured import MeasuredLayer, outcome_forms
from ..sampling.source import JetSource
from .compare.headlines import HeadlineValue, by_class, followed
from .compare.judge import Judge, RealSets, some_jets

#: A figure agrees with the exact one within so many errors.
CLOSE = 2.0


@dataclass(frozen=True)
class Point:
    """The figures at a number of shots (None: infinitely many) and a noise; over all classes."""

    shots: int | None
    noise: float
    figures: dict[str, HeadlineValue]


@dataclass(frozen=True)
class HardwareStudy:
    """Figures against shots and noise.

    Attributes:
        points: every combination, the exact one first.
        readout: of the layer, or ``shares``.
        cost: of one sample on hardware, see :func:`qgan.quantum.hardware_cost` or
            :class:`qgan.models.shares.hardware.Cost`.
        n_per_class, seed, quick: of the evaluations.
    """

    points: list[Point]
    readout: str
    cost: dict[str, Any]
    n_per_class: int
    seed: int
    quick: bool

    @property
    def exact(self) -> Point:
        """Infinitely many shots, no noise."""
        return self.points[0]

    def sentences(self) -> list[str]:
        """What shots and noise do, in words that the numbers choose, and what was left out."""
        shots = [p for p in self.points if p.noise == 0 and p.shots is not None]
        noisy = [p for p in self.points if p.shots is None and p.noise > 0]
        found = []
        if shots:
            enough = self._leading(sorted(shots, key=lambda p: -(p.shots or 0)))
            said = (f"{enough[-1].shots:,} shots a jet are enough" if enough else
                    f"{max(p.shots or 0 for p in shots):,} shots a jet are not enough")
            found.append(f"{said} for {_listed()} to agree with the exact ones; "
                         f"{_extreme(min(shots, key=lambda p: p.shots or 0), self.exact)}.")
        if noisy:
            bearable = self._leading(sorted(noisy, key=lambda p: p.noise))
            said = (f"A depolarising probability of {bearable[-1].noise:g} after each gate does not show" if bearable
                    else f"A depolarising probability of {min(p.noise for p in noisy):g} after each gate shows")
            found.append(f"{said}; {_extreme(max(noisy, key=lambda p: p.noise), self.exact)}.")
        cost = self.cost
        if "embedding_depth" not in cost:
            return [*found, f"A run takes {cost['n_qubits']} qubits, {cost['two_qubit_gates']} two-qubit gates and "
                            f"{cost['depth']} steps."]
        found.append(f"The embedding is taken as perfect: it would take {cost['embedding_two_qubit_gates']} of the "
                     f"{cost['two_qubit_gates']} two-qubit gates of a jet and {cost['embedding_depth']} of its "
                     f"{cost['depth']} steps.")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"readout": self.readout, "n_per_class": self.n_per_class, "seed": self.seed, "quick": self.quick,
                "cost_of_a_jet": self.cost, "sentences": self.sentences(),
                "points": [{"shots": p.shots, "noise": p.noise,
                            "figures": {name: figure._asdict() for name, figure in p.figures.items()}}
                           for p in self.points]}

    def _leading(self, points: Sequence[Point]) -> list[Point]:
        """The first points, as long as they agree with the exact one."""
        return list(takewhile(self._close, points))

    def _close(self, point: Point) -> bool:
        """Whether every figure agrees with the exact one; on the same conditions, so the error is an upper bound."""
        return all(abs(figure.value - self.exact.figures[name].value) <= CLOSE * (self.exact.figures[name].error or 0)
                   for name, figure in point.figures.items())


def on_hardware(source: JetSource, *, shots: int | None, noise: float, seed: int = 0,
                forms: Tensor | None = None, kept: dict[int, Tensor] | None = None) -> JetSource:
    """The same source with its circuit measured: a source like any other, its origin says how.

    Args:
        source: a circuit of shares, or a layer whose readout is ``probs`` or ``expval``.
        shots, noise, seed, forms, kept: see :class:`~qgan.quantum.measured.MeasuredLayer` and
            :class:`~qgan.models.shares.measured.MeasuredShares`.

    Raises:
        ConfigError: the generator has no quantum layer, or one that only a simulator can read out.
    """
    generator = copy.deepcopy(source.generator)
    direct = _direct(generator)
    for one in direct:
        if one.shots is not None and shots is not None:
            raise ConfigError(f"generator.shots: the generator takes {one.shots.shots} shots of its own; noise alone "
                              "can be varied")
        one.shares = MeasuredShares(one.shares, shots=shots, noise=noise, seed=seed, kept=kept)
    for core in [] if direct else _quantum_cores(generator):
        core.layer = MeasuredLayer(_layer(core), shots=shots, noise=noise, seed=seed, forms=forms)
    return replace(source, generator=generator,
                   origin={**source.origin, "shots": shots, "depolarising": noise, "shots_seed": seed})


def study(source: JetSource, real: RealSets, *, shots: Sequence[int], noise: Sequence[float], n_per_class: int = 1000,
          seed: int = 0, quick: bool = True, quiet: bool = False) -> HardwareStudy:
    """Figures at every combination of shots (and infinitely many) and noise (and none).

    Args:
        source: as in :func:`on_hardware`; on the CPU.
        real: held-out jets.
        shots, noise: what is tried.
        n_per_class: generated jets of each class at each point, the same conditions at all of them.
        seed: of the jets, the shots and the evaluation.
        quick: short evaluations.
        quiet: no progress bar.

    Raises:
        ConfigError: see :func:`on_hardware`.
    """
    direct = _direct(source.generator)
    layer = None if direct else _layer(_quantum_cores(source.generator)[0])
    # Refuses what cannot be measured before anything is computed.
    on_hardware(source, shots=max(shots, default=None), noise=0.0)
    noises, counts = sorted({0.0, *noise}), [None, *sorted(set(shots))]
    by = Judge.of(real, source.grid, n_per_class=n_per_class, seed=seed, quick=quick)
    points = []
    with progress(len(noises) * len(counts), "hardware", "samples", quiet=quiet) as bar:
        for probability in noises:
            forms = outcome_forms(layer.gate_list, layer.weights, layer.n_qubits, layer.in_features + 1,
                                  probability) if layer is not None and probability else None
            kept = dict[int, Tensor]()
            for count in counts:
                measured = on_hardware(source, shots=count, noise=probability, seed=seed, forms=forms, kept=kept)
                fake = some_jets(measured, n_per_class, seed)
                found = by_class(by(fake))["all"]
                points.append(Point(count, probability, {name: found[name] for name in followed()}))
                bar.update()
    if layer is not None:
        return HardwareStudy(points, layer.readout, hardware_cost(layer).to_dict(), n_per_class, seed, quick)
    taken = cost(direct[0].shares, direct[0].in_features)
    assert taken is not None, "what has no list of gates is refused above"
    return HardwareStudy(points, "shares", taken._asdict(), n_per_class, seed, quick)


def _direct(generator: Any) -> list[DirectGenerator]:
    return [module for module in generator.modules() if isinstance(module, DirectGenerator)]


def _quantum_cores(generator: Any) -> list[Core]:
    cores = [module for module in generator.modules() if isinstance(module, Core)
             and isinstance(module.layer, QuantumLayer)]
    if not cores:
        raise ConfigError("generator.core: the generator has no quantum layer of amplitudes that could be measured")
    return cores


def _layer(core: Core) -> QuantumLayer:
    assert isinstance(core.layer, QuantumLayer)
    return core.layer


def _listed() -> str:
    return ", ".join(headline.title for headline in followed().values())


def _extreme(point: Point, exact: Point) -> str:
    """A figure at the end of a scan beside the exact one."""
    where = f"with {point.shots:,} shots" if point.shots is not None else f"at {point.noise:g}"
    parts: Iterator[str] = (f"{headline.title} is {point.figures[name].value:.3g} (exact: "
                            f"{exact.figures[name].value:.3g})" for name, headline in followed().items())
    return f"{where} {', '.join(parts)}"
