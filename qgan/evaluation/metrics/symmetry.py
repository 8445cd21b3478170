"""The η-flip in numbers: of a sample of jets, and of a generator with its noise held fixed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ...base.errors import ConfigError
from ...base.seeding import numpy_rng, torch_rng
from ...models.symmetry import EtaFlip, asymmetry, mirrored_at_random
from ...sampling.source import JetSource
from ..comparison import Comparison, Task, in_one_piece
from ..pairing import Pairing
from ..pictures import symmetry_violation
from ..registry import Metric, register
from ..resampling import disjoint_parts, error_from_parts
from ..rows import Finding, Row
from ..sample import Sample

#: Jets of each class that a generator is asked for.
GENERATED = 1024
_PARTS = 10
#: Fewer jets than this with η > 0 or η < 0, and there is no mean image of them.
_FEWEST = 5


def measure(comparison: Comparison) -> Iterator[Task]:
    """Of real and generated jets, and of the generator where it is known."""
    yield in_one_piece(_of_jets, comparison)
    yield in_one_piece(_of_generator, comparison.generator, comparison.seed)


def _of_jets(comparison: Comparison) -> Iterator[Finding]:
    try:
        flip = EtaFlip.of(["eta"], comparison.real.frame, comparison.real.grid)
    except ConfigError as why:
        yield f"The symmetry under the eta flip is left out: {why}."
        return
    for pairing in comparison.classes:
        yield from _rows(pairing, flip, comparison.seed, comparison.effort.floors)


def _rows(pairing: Pairing, flip: EtaFlip, seed: int, floors: int) -> Iterator[Finding]:
    """Whether real and generated jets at η and the mirrored ones at −η look alike.

    The value is :func:`~qgan.models.symmetry.asymmetry`; the floor is that of the same real jets mirrored at random,
    which obey the symmetry exactly.
    """
    i, j = pairing.pairs[0]
    real, fake = pairing.real[i], pairing.fake[j]
    for sample, what in ((real, "real"), (fake, "generated")):
        if "eta" not in sample.asked or not _both_sides(sample):
            yield (f"{pairing.name}: the symmetry under the eta flip is left out: the {what} jets have no jet_eta on "
                   "both sides of 0.")
            return
    nulls = pairing.once("symmetry", lambda: _nulls(real, flip, seed, floors))
    rng = numpy_rng(seed, "parts")
    for sample, name in ((fake, "jets"), (real, "real jets")):
        parts = [sample[p] for p in disjoint_parts(len(sample), _PARTS, rng)]
        values = np.array([_asymmetry(p, flip) for p in parts if _both_sides(p)])
        error = float(error_from_parts(values)) if len(values) > 1 else None
        yield SYMMETRY.row(name, pairing, _asymmetry(sample, flip), error, nulls)


def _of_generator(source: JetSource | None, seed: int) -> Iterator[Finding]:
    """Σ |G(z, c) − F G(z, F c)| / Σ |G(z, c)| of each class; 0 for a generator that is symmetric by construction."""
    if source is None:
        yield "The generator's own symmetry, |G(z, c) - F G(z, F c)|, is left out: it needs the generator."
        return
    generator = source.generator
    flip = EtaFlip.of(generator.names, source.frame, None)
    if flip.column is None:
        yield "The generator's own symmetry is left out: eta is none of its conditions."
        return
    for label in source.density.classes:
        drawn = source.density.sample(GENERATED, numpy_rng(seed, "symmetry", label), label)
        columns = dict(zip(source.density.names, drawn.values.T, strict=True), label=drawn.label.astype(np.float32))
        conditions = torch.from_numpy(np.stack([columns[name] for name in generator.names], 1))
        noise = torch.randn(GENERATED, generator.noise_features, generator=torch_rng(seed, "symmetry", label))
        images, mirrored = _both(source, flip, conditions, noise)
        parts = np.array_split(np.arange(GENERATED), _PARTS)
        error = error_from_parts(np.array([symmetry_violation(images[p], mirrored[p]) for p in parts]))
        yield Row(SYMMETRY.name, "generator", source.class_names[label], symmetry_violation(images, mirrored),
                  float(error), 0.0, n=GENERATED)


@torch.inference_mode()
def _both(source: JetSource, flip: EtaFlip, conditions: torch.Tensor,
          noise: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """G(z, c) and F G(z, F c), (N, H, W) each, GeV."""
    device = next(source.generator.parameters()).device
    sides = [source.generator(c.to(device), noise.to(device))[1].float() for c in (conditions,
                                                                                   flip.conditions(conditions))]
    return sides[0].cpu().numpy(), flip.images(sides[1]).cpu().numpy()


def _asymmetry(sample: Sample, flip: EtaFlip) -> float:
    return asymmetry(torch.from_numpy(sample.images), torch.from_numpy(sample.asked["eta"]), flip)


def _nulls(real: Sample, flip: EtaFlip, seed: int, floors: int) -> np.ndarray:
    images, eta = torch.from_numpy(real.images), torch.from_numpy(real.asked["eta"])
    rng = torch_rng(seed, "mirrored")
    return np.array([asymmetry(*mirrored_at_random(images, eta, flip, rng), flip) for _ in range(floors)])


def _both_sides(sample: Sample) -> bool:
    eta = sample.asked["eta"]
    return bool(min((eta > 0).sum(), (eta < 0).sum()) >= _FEWEST)


SYMMETRY = register(Metric("symmetry", "difference between jets and jets mirrored in eta, L1 over sum", measure,
                           place=240))
