"""What a training lets its generator know about: statistics of images that referees need not look at again."""

from __future__ import annotations

from ..losses.total import TILT
from ..models import OBSERVABLES
from .trainer import Trainer

#: Names of what the generator sets by construction, whatever the codings say.
_LAWS = ("harder_half",)


def used_statistics(trainer: Trainer) -> list[str]:
    """Names of all that losses, codings, the discriminator or the generator's construction use, sorted.

    Taken from the networks and the loss themselves, so that none can be forgotten. They are those of
    :func:`~qgan.observables.tensors.statistics` and of the conditions; what they say of the observables of an
    evaluation is the matter of :mod:`qgan.evaluation.used`.
    """
    names = {*trainer.generator.names, *trainer.terms.needs}
    if getattr(trainer.discriminator, "observables", None) is not None:
        names |= {*OBSERVABLES}
    names |= {law for law in _LAWS if getattr(trainer.generator, law, False)}
    return sorted(names - {"label", TILT})
