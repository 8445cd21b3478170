"""Jets of the same noise with one condition moved in small steps: does the image follow smoothly?

The other conditions and codings follow by their linear regression on the moved one within the class, as they do when
it is fixed in sampling. For a smooth generator a step of half the size changes the image half as much; where an image
jumps it changes as much in one of the two halves as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...base.devices import single_precision
from ...base.errors import ConditionError
from ...base.seeding import integer_seed, numpy_rng
from ...models.symmetry import SymmetricGenerator
from ...sampling.source import JetSource
from .slicing import CONDITIONS

#: The range that is gone through, as quantiles of the class's training jets.
RANGE = (0.05, 0.95)


@dataclass(frozen=True)
class Path:
    """Jets along a condition.

    Attributes:
        group: name of the class.
        condition: that is moved.
        values: (S,) of the condition.
        images: (J, S, H, W) of J jets, GeV.
        changes: (J, S − 1) of each jet from step to step, Σ|x_{s+1} − x_s| over the mean sum of the two.
        mirrored: whether the images are mirrored where the condition passes 0, as an exact η-flip in the raw frame
            has it for noise held fixed.
    """

    group: str
    condition: str
    values: np.ndarray
    images: np.ndarray
    changes: np.ndarray
    mirrored: bool = False

    @property
    def halving(self) -> float:
        """Mean change of a step over that of a step twice as long: 0.5 for straight lines, less than 1 if smooth."""
        return float(self.changes.mean() / _changes(self.images[:, ::2]).mean())

    @property
    def largest_halving(self) -> float:
        """The same of each jet's largest change, mean over the jets: near 1 where images jump."""
        return float((self.changes.max(1) / _changes(self.images[:, ::2]).max(1)).mean())

    @property
    def unevenness(self) -> float:
        """A jet's largest change over its median one, median over the jets."""
        return float(np.median(self.changes.max(1) / np.median(self.changes, 1).clip(1e-12)))

    @property
    def ratios(self) -> np.ndarray:
        """(J, S − 2): each change over the one before it."""
        return self.changes[:, 1:] / self.changes[:, :-1].clip(1e-12)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the images."""
        low, middle, high = np.quantile(self.ratios, [0.05, 0.5, 0.95])
        return {"class": self.group, "condition": self.condition, "low": float(self.values[0]),
                "high": float(self.values[-1]), "steps": len(self.values), "jets": len(self.images),
                "mean_change": float(self.changes.mean()), "largest_change": float(self.changes.max()),
                "halving": self.halving, "largest_halving": self.largest_halving, "unevenness": self.unevenness,
                "mirrored_at_0": self.mirrored,
                "ratio_of_successive": [float(low), float(middle), float(high)]}


def paths(source: JetSource, *, jets: int = 20, steps: int = 41, seed: int = 0) -> Iterator[Path]:
    """:func:`interpolate` for each class and each of the conditions that the generator has."""
    for label in source.density.classes:
        for condition in CONDITIONS:
            if condition in source.density.names:
                yield interpolate(source, condition, label, jets=jets, steps=steps, seed=seed)


@single_precision()
@torch.inference_mode()
def interpolate(source: JetSource, condition: str, label: int | str, *, jets: int = 20, steps: int = 41,
                seed: int = 0) -> Path:
    """Jets with ``condition`` moved from the 5 % to the 95 % quantile of its class in equal steps.

    Args:
        source: on the CPU.
        condition: one of the density's columns.
        label: class, by label or name.
        jets: how many, each with conditions and noise of its own.
        steps: values of the condition, odd and at least 5.
        seed: of conditions and noise.

    Raises:
        ConditionError: the generator has no such condition or class.
    """
    if steps < 5 or steps % 2 == 0:
        raise ValueError(f"steps: {steps}, expected an odd number of at least 5")
    density, chosen = source.density, source.label_of(label)
    assert chosen is not None
    if condition not in density.names:
        raise ConditionError(f"{condition}: no such condition; the model has {', '.join(density.names)}")
    column = density.names.index(condition)
    rows = density.table[density.labels == chosen].astype(np.float64)
    start = density.sample(jets, numpy_rng(seed, "path", condition, chosen), chosen).values.astype(np.float64)
    low, high = np.quantile(rows[:, column], RANGE)
    moved = np.linspace(low, high, steps)
    table = follow(start, rows, column, moved)
    noise = torch.randn(jets, source.generator.noise_features,
                        generator=torch.Generator().manual_seed(integer_seed(seed, "path noise", condition, chosen)))
    images = np.stack([_images(source, table[:, s], chosen, noise) for s in range(steps)], 1)
    network = source.generator.network
    mirrored = condition == "eta" and isinstance(network, SymmetricGenerator) and network.flip.rows
    return Path(source.class_names[chosen], condition, moved, images, _changes(images), mirrored)


def follow(start: np.ndarray, rows: np.ndarray, column: int, moved: Sequence[float] | np.ndarray) -> np.ndarray:
    """(J, S, C): conditions (J, C) with one moved to each of S values, the others following by regression on it.

    They stay within the range of the training rows (N, C); what does not vary with the moved one stays as it is.
    """
    centred = rows - rows.mean(0)
    variance = (centred[:, column] ** 2).mean()
    slope = (centred * centred[:, [column]]).mean(0) / variance if variance > 0 else np.zeros(rows.shape[1])
    steps = np.asarray(moved)[None, :, None] - start[:, None, [column]]
    return np.clip(start[:, None] + steps * slope, rows.min(0), rows.max(0))


def _images(source: JetSource, values: np.ndarray, label: int, noise: torch.Tensor) -> np.ndarray:
    columns = dict(zip(source.density.names, values.T.astype(np.float32), strict=True))
    columns["label"] = np.full(len(values), label, np.float32)
    table = torch.from_numpy(np.stack([columns[name] for name in source.generator.names], 1))
    return source.generator(table, noise)[1].float().numpy()


def _changes(images: np.ndarray) -> np.ndarray:
    """(J, S − 1) from (J, S, H, W)."""
    flat = images.reshape(*images.shape[:2], -1).astype(np.float64)
    sums = flat.sum(2)
    return np.abs(np.diff(flat, axis=1)).sum(2) / ((sums[:, 1:] + sums[:, :-1]) / 2).clip(1e-12)
