"""A generator whose spectrum of pixels is set right on real jets, after its training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..data import JetImages
from ..models.spectrum import spectrum_knots
from .source import JetSource

#: What a calibrated generator knows beside what its training did; see :mod:`qgan.evaluation.used`.
KNOWN = "spectrum"
#: Generated jets of each class that are compared, at most.
JETS = 20_000


def calibrated(source: JetSource, jets: JetImages, seed: int = 0) -> JetSource:
    """The same generator with a map of its pixels, after which it has as many of each size as real jets have.

    Args:
        source: of a run, on the CPU; a map that it has already is replaced.
        jets: real ones, which it was trained on; each class that the generator knows counts as often as it is there.
        seed: of the generated ones.

    Example:
        ``calibrated(load_source("runs/mine"), read_jets("train.h5"))``
    """
    plain = mapped(source, None)
    made, real = [], []
    for label in plain.density.classes:
        wanted = jets.images[jets.label == label]
        if len(wanted):
            # As many generated as real jets of each class, so that their mixtures are alike.
            real.append(wanted[:JETS])
            made.append(plain.sample(len(real[-1]), seed, label).images)
    knots = spectrum_knots(*(_in_network_space(np.concatenate(images), plain) for images in (made, real)))
    known = sorted({*source.origin.get("uses", []), KNOWN})
    return replace(mapped(source, knots), origin={**source.origin, "uses": known} if "uses" in source.origin
                   else source.origin)


def mapped(source: JetSource, knots: list[list[float]] | None) -> JetSource:
    """The same generator with this map of its pixels, or with none."""
    blueprint = replace(source.blueprint, spectrum=knots)
    generator = blueprint.build().eval().requires_grad_(False)
    generator.load_state_dict(source.generator.state_dict())
    return replace(source, generator=generator, blueprint=blueprint)


def _in_network_space(images: np.ndarray, source: JetSource) -> np.ndarray:
    return (images / images.sum((1, 2), keepdims=True)) ** source.blueprint.pixels.power
