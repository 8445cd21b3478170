"""Jets from a trained generator.

Sample i depends on (seed, i) alone: jets are always made in blocks of a fixed size, each with random numbers of
its own, and a request takes what it needs of them. So a file is the same however the work is divided.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..base.devices import one_thread, resolve_device
from ..base.errors import CheckpointError, ConditionError, ConfigError, did_you_mean
from ..base.progress import progress
from ..base.seeding import integer_seed, numpy_rng
from ..base.workers import in_order, local_workers
from ..data import Grid, JetImages, JetWriter
from ..data.jets import KEYS, Frame
from ..models import Blueprint, JetGenerator
from ..models.recipes import blueprint_of
from ..observables.subjettiness import tau_from_images
from ..runs import RunFolder, checkpoint
from .conditions import ConditionDensity, Fixed

#: Jets a block; part of what a seed means, so it never changes.
BLOCK = 512


@dataclass(frozen=True)
class JetSource:
    """A generator and the density that its conditions are drawn from.

    Attributes:
        generator: in evaluation mode.
        density: of the conditions and codings, per class.
        constants: jet quantities that were the same in all training jets, by name.
        frame, class_names: of the jets it makes.
        origin: what it is, as plain values, for the files it makes.

    >>> from qgan import load_model
    >>> source = load_model("w_qcd")
    >>> jets = next(source.jets(10, seed=1, label="w", fixed={"pt": 270.0, "mass": (80.0, 82.0)}))
    >>> jets.images.shape, float(jets.conditions["pt"][0])
    ((10, 25, 25), 270.0)
    """

    generator: JetGenerator
    density: ConditionDensity
    constants: dict[str, float]
    frame: Frame
    class_names: tuple[str, str]
    origin: dict[str, Any]

    def label_of(self, name: int | str | None) -> int | None:
        """A class by label or name, whose case does not matter where no two classes differ in it alone.

        Raises:
            ConditionError: the generator does not know it.
        """
        if name is None:
            return None
        alike = [i for i, known in enumerate(self.class_names) if known.lower() == str(name).lower()]
        label = self.class_names.index(name) if name in self.class_names else alike[0] if len(alike) == 1 else name
        if label not in self.density.classes:
            known = ", ".join(f"{c} ({self.class_names[c]})" for c in self.density.classes)
            raise ConditionError(f"label: {name!r} is no class of this generator, which has {known}"
                                 f"{did_you_mean(str(name), self.class_names)}")
        return int(label)

    @torch.inference_mode()
    def block(self, index: int, seed: int, label: int | None = None,
              fixed: Mapping[str, Fixed] | None = None, substructure: bool = True) -> JetImages:
        """The jets ``index * BLOCK`` to ``(index + 1) * BLOCK`` of a seed."""
        rng = numpy_rng(seed, "conditions", index)
        drawn = self.density.sample(BLOCK, rng, label, fixed)
        table = self._table(drawn.values, drawn.label)
        noise = torch.Generator().manual_seed(integer_seed(seed, "noise", index))
        # Drawn on the CPU, so that a GPU is given the same numbers.
        values = torch.randn(BLOCK, self.generator.noise_features, generator=noise)
        device = next(self.generator.parameters()).device
        _, images = self.generator(table.to(device), values.to(device))
        return self._jets(images.float().cpu().numpy(), drawn.values, drawn.label, rng, substructure)

    def _table(self, values: np.ndarray, label: np.ndarray) -> torch.Tensor:
        columns = dict(zip(self.density.names, values.T, strict=True), label=label.astype(np.float32))
        return torch.from_numpy(np.stack([columns[name] for name in self.generator.names], 1))

    def _jets(self, images: np.ndarray, values: np.ndarray, label: np.ndarray, rng: np.random.Generator,
              substructure: bool) -> JetImages:
        asked = {name: column for name, column in zip(self.density.names, values.T, strict=True) if name in KEYS}
        constant = {name: np.full(len(label), value, np.float32) for name, value in self.constants.items()}
        # The detector is the same at every azimuth, so the jets' is uniform.
        phi = rng.uniform(0, 2 * math.pi, len(label)).astype(np.float32)
        found = tau_from_images(images, self.generator.grid) if substructure else {}
        taus = {name: tau.astype(np.float32) for name, tau in found.items()}
        conditions = {**constant, **taus, "phi": phi, **asked}
        return JetImages(images, label, {k: conditions[k] for k in KEYS if k in conditions}, self.generator.grid,
                         self.frame, self.class_names, self.origin, "generated jets")

    def jets(self, n: int, seed: int, label: int | str | None = None,
             fixed: Mapping[str, Fixed] | None = None, substructure: bool = True) -> Iterator[JetImages]:
        """The first ``n`` jets of a seed, in blocks.

        Args:
            n: how many.
            seed: the same seed gives the same jets, whatever ``n`` is.
            label: a class, by label or name; by default classes are as frequent as in training.
            fixed: conditions that are set, e.g. ``{"pt": 270.0, "mass": (80.0, 82.0)}``; GeV and radians.
            substructure: compute τ_1 … τ_32 of the images; it takes about as long as making them.

        Raises:
            ConditionError: a condition outside the training range, or one the generator does not have.
        """
        chosen = self.label_of(label)
        for index in range(math.ceil(n / BLOCK)):
            block = self.block(index, seed, chosen, fixed, substructure)
            yield block[:min(BLOCK, n - index * BLOCK)]

    @property
    def grid(self) -> Grid:
        return self.generator.grid


def load_source(run: str | Path, device: torch.device | str = "cpu") -> JetSource:
    """The averaged generator of a run.

    Args:
        run: folder of a run, or a checkpoint.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    path = Path(run) if Path(run).is_file() else RunFolder.open(run).checkpoint
    saved = checkpoint.load(path)
    try:
        source = source_of(saved.transforms, origin={"checkpoint": str(path), "step": saved.step, **saved.origin})
    except ConfigError as error:  # a plugin that is missing, say
        raise CheckpointError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: holds no generator that this version can build: {error}") from error
    saved.restore(path, {"average": source.generator})
    source.generator.to(device)
    return source


def source_of(state: dict[str, Any], origin: dict[str, Any]) -> JetSource:
    """An untrained source from what :func:`describe_source` kept."""
    generator = blueprint_of(state["blueprint"]).build().eval().requires_grad_(False)
    return JetSource(generator, ConditionDensity.from_state_dict(state["density"]), state["constants"],
                     state["frame"], tuple(state["class_names"]), origin)


def describe_source(blueprint: Blueprint, density: ConditionDensity, constants: dict[str, float], jets: JetImages,
                    ) -> dict[str, Any]:
    """What :func:`source_of` needs, for a checkpoint; ``jets`` are those the generator is trained on."""
    return {"blueprint": blueprint.to_dict(), "density": density.state_dict(), "constants": constants,
            "frame": jets.frame, "class_names": list(jets.class_names)}


def generate(run: str | Path | JetSource, out: str | Path, *, n: int = 10_000, seed: int = 0,
             label: int | str | None = None, fixed: Mapping[str, Fixed] | None = None, device: str = "auto",
             workers: int = 1, overwrite: bool = False, quiet: bool = False) -> float:
    """Writes jets of a trained generator to a file, block by block; memory does not grow with ``n``.

    On the CPU each worker computes with one thread, so that the file does not depend on how many there are of either.

    Args:
        run: folder of a run (or its checkpoint), or a source, such as :func:`qgan.load_model` gives.
        out: file to write, packed as its suffix says (see :class:`~qgan.data.JetWriter`).
        n, seed, label, fixed: see :meth:`JetSource.jets`.
        device: where to compute.
        workers: number of processes; more than one only on the CPU.
        overwrite: replace the file if it exists.
        quiet: no progress bar.

    Returns:
        Jets a second.

    Raises:
        QganError: a missing or damaged checkpoint, an impossible condition, an output that cannot be written.

    >>> from qgan import load_model, read_jets
    >>> generate(load_model("w_qcd"), "fake.h5", n=100, seed=1, device="cpu", quiet=True) > 0
    True
    >>> len(read_jets("fake.h5"))
    100
    """
    where = resolve_device(device)
    if workers < 1 or (workers > 1 and where.type != "cpu"):
        raise ConfigError(f"workers: {workers}, expected {'1 on a GPU' if workers > 1 else 'at least 1'}")
    if isinstance(run, JetSource):
        source = run
        source.generator.to(where)
    else:
        source = load_source(run, where)
    start = time.perf_counter()
    asked = {"seed": seed, "n": n, "label": label, "fixed": dict(fixed or {})}
    with JetWriter(out, grid=source.grid, frame=source.frame, class_names=source.class_names,
                   origin={**source.origin, **asked}, overwrite=overwrite) as writer, \
            progress(n, "generate", "jets", quiet=quiet) as bar:
        for block in _blocks(source, n, seed, label, fixed, workers):
            writer.append(block)
            bar.update(len(block))
    return n / (time.perf_counter() - start)


def _blocks(source: JetSource, n: int, seed: int, label: int | str | None, fixed: Mapping[str, Fixed] | None,
            workers: int) -> Iterator[JetImages]:
    """What :meth:`JetSource.jets` gives, made by some processes."""
    count = math.ceil(n / BLOCK)
    if min(workers, count) == 1:
        with one_thread():
            yield from source.jets(n, seed, label, fixed)
        return
    work = partial(_block, seed=seed, label=source.label_of(label), fixed=fixed)
    with local_workers(min(workers, count), _prepare, source) as pool:
        for index, block in enumerate(in_order(pool, work, count, 2 * workers)):
            yield block[:n - index * BLOCK]


def _prepare(source: JetSource) -> None:
    """Gives a worker its generator."""
    global _source
    torch.set_num_threads(1)
    _source = source


def _block(index: int, seed: int, label: int | None, fixed: Mapping[str, Fixed] | None) -> JetImages:
    return _source.block(index, seed, label, fixed)


_source: JetSource
