"""What a metric is given: generated and real jets, dealt into samples, and everything else it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..data.jets import JetImages
from ..sampling.source import JetSource
from .effort import Effort
from .pairing import Pairing
from .rows import Finding


@dataclass(frozen=True)
class Comparison:
    """One generator's jets beside real ones.

    Attributes:
        classes: those that both sides have.
        together: two classes as one; None where there are not two.
        real: held-out jets, as they were given.
        fake: generated jets, as they were given.
        training: the jets that the generator was trained on, or None.
        effort: how much is computed.
        seed: of every draw.
        generator: what made the jets, or None.
    """

    classes: list[Pairing]
    together: Pairing | None
    real: JetImages
    fake: JetImages
    training: JetImages | None
    effort: Effort
    seed: int
    generator: JetSource | None = None

    @property
    def every(self) -> list[Pairing]:
        """The classes and, where there are two, both together."""
        return [*self.classes, *([self.together] if self.together is not None else [])]


class Task(NamedTuple):
    """Work on one comparison.

    Attributes:
        pieces: that do not depend on one another; they may run side by side with those of other tasks.
        finish: makes findings of what the pieces returned, in their order.
    """

    pieces: Sequence[Callable[[], Any]]
    finish: Callable[[Sequence[Any]], Iterable[Finding]]


def in_one_piece(function: Callable[..., Iterable[Finding]], *arguments: Any) -> Task:
    """A task of which nothing can be done side by side."""
    return Task([lambda: list(function(*arguments))], lambda done: done[0])


def of_each(function: Callable[[Pairing], Iterable[Finding]]) -> Callable[[Comparison], Iterator[Task]]:
    """Measures each class, and two together, by a function of one pairing."""
    def measure(comparison: Comparison) -> Iterator[Task]:
        for pairing in comparison.every[::-1]:
            yield in_one_piece(function, pairing)

    return measure
