"""The generator's loss: what its terms see, and their weighted sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..base.errors import ConfigError

#: What the laws have changed of each generated image: the variance over its lit pixels of the logarithm of the factors
#: by which the tilt has changed their pT, (B,). Terms find it among the statistics of generated jets.
TILT = "tilt"


@dataclass(frozen=True)
class GeneratorBatch:
    """What the terms of the generator's loss see: logits and statistics, which may be the ``shares`` of all pixels.

    Plain tensors, so that several processes can gather them, with gradient, before the loss is taken.

    Attributes:
        fake_logits: (B,) the discriminator's logits of the generated jets.
        real, fake: statistics of the real jets, each (N, ...), and of the generated ones, each (B, ...), by name: one
            number a jet, but for ``shares``, (B, pixels).
        real_label, fake_label: (N,) and (B,), 0 or 1.
        asked: statistics that the generated jets were asked to have, each (B,), by name.
    """

    fake_logits: Tensor
    real: Mapping[str, Tensor]
    fake: Mapping[str, Tensor]
    real_label: Tensor
    fake_label: Tensor
    asked: Mapping[str, Tensor] = field(default_factory=dict)

    def gathered(self, gather: Callable[[Tensor], Tensor]) -> GeneratorBatch:
        """The batch after ``gather``, which is called once, with all numbers of each jet in one row.

        Needs as many real jets as generated ones.
        """
        parts = [self.fake_logits, self.real_label, self.fake_label,
                 *self.real.values(), *self.fake.values(), *self.asked.values()]
        rows = torch.cat([part.to(self.fake_logits.dtype).reshape(len(part), -1) for part in parts], 1)
        columns = gather(rows).split([part[0].numel() for part in parts], 1)
        joined = iter([column.reshape(-1, *part.shape[1:]).to(part.dtype)
                       for part, column in zip(parts, columns, strict=True)])
        logits, real_label, fake_label = next(joined), next(joined), next(joined)
        real, fake, asked = (dict(zip(names, joined, strict=False)) for names in (self.real, self.fake, self.asked))
        return GeneratorBatch(logits, real, fake, real_label, fake_label, asked)


class Term(Protocol):
    """A term of the loss.

    Attributes:
        name: what it is called in the log.
        needs: names of the statistics that it reads.

    One with an attribute ``generated_only`` that is true reads none of real jets. One that needs statistics which are
    no observables has them in ``brings``: functions of network-space images (B, H, W), by name, each giving (B, ...).
    A term that is a ``nn.Module`` may remember things from step to step: its state dict goes into checkpoints.
    """

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> tuple[str, ...]: ...

    def __call__(self, batch: GeneratorBatch) -> Tensor: ...


class WeightedSum:
    """Σ weight · term.

    Args:
        terms: terms and their weights; a term of weight 0 is not computed.

    Raises:
        ConfigError: two terms of one name, or no term with a weight.
    """

    def __init__(self, terms: Sequence[tuple[Term, float]]) -> None:
        names = [term.name for term, _ in terms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"losses: two terms are called {', '.join(twice)}")
        self.terms = [(term, weight) for term, weight in terms if weight]
        if not self.terms:
            raise ConfigError("losses: every weight is 0, expected at least one term")

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the statistics that the terms read, each once."""
        return tuple(dict.fromkeys(name for term, _ in self.terms for name in term.needs))

    @property
    def needs_of_real(self) -> tuple[str, ...]:
        """Those that the terms read of the real jets too."""
        return tuple(dict.fromkeys(name for term, _ in self.terms if not getattr(term, "generated_only", False)
                                   for name in term.needs))

    @property
    def brings(self) -> dict[str, Callable[[Tensor], Tensor]]:
        """Statistics of network-space images that terms bring along, by name."""
        return {name: function for term, _ in self.terms for name, function in getattr(term, "brings", {}).items()}

    def __call__(self, batch: GeneratorBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """The total, and each term by name (detached, without its weight)."""
        values = [(term.name, weight, term(batch)) for term, weight in self.terms]
        first, *rest = (weight * value for _, weight, value in values)
        return sum(rest, start=first), {name: value.detach() for name, _, value in values}

    def state_dict(self) -> dict[str, Any]:
        """What terms remember from step to step, by name."""
        return {term.name: term.state_dict() for term, _ in self.terms if isinstance(term, nn.Module)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave."""
        for term, _ in self.terms:
            if isinstance(term, nn.Module):
                term.load_state_dict(state[term.name])
