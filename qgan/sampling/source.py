"""Jets from a trained generator.

Sample i depends on (seed, i) and what is asked of it alone: jets are made in blocks of a fixed size, each with random
numbers of its own, and a request takes what it needs of them. So a file is the same however the work is divided.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..base.arguments import check_types
from ..base.devices import resolve_device, single_precision
from ..base.errors import ConditionError, ConfigError, did_you_mean
from ..base.progress import progress
from ..base.seeding import integer_seed, numpy_rng, seeded, whole
from ..data import Grid, JetImages, JetWriter, concatenate
from ..data.jets import KEYS, Frame
from ..data.units import Scale
from ..models import Blueprint, JetGenerator
from ..models.recipes import blueprint_of
from ..observables.registry import codable
from ..observables.subjettiness import tau_from_images
from ..runs import RunFolder, checkpoint
from .asked import ANY, Asked, Outside
from .conditions import ConditionDensity
from .division import divided
from .table import IMAGE_PT, Table, read_table
from .wishes import Wish, read_wish, scaled

#: Jets a block; part of what a seed means, so it never changes.
BLOCK = 512
#: Jets that a network can make at once with the same rounding as in a block, on most processors, and how many are
#: wanted at most where it does.
PARTS = {4: 4, 16: BLOCK // 4}
#: torch draws its normal numbers by 16.
_DRAWN = 16


@dataclass(frozen=True)
class JetSource:
    """A generator and the density that its conditions are drawn from.

    Attributes:
        generator: in evaluation mode.
        blueprint: what rebuilds it but for its weights.
        density: of the conditions and codings, per class.
        constants: jet quantities that were the same in all training jets, by name.
        frame, class_names, scale: of the jets it makes; the scale gives their units.
        origin: what it is, as plain values, for the files it makes.

    >>> from qgan import load_model
    >>> source = load_model("w_qcd")
    >>> jets = next(source.jets(10, seed=1, label="w", fixed={"pt": 270.0, "mass": (80.0, 82.0)}))
    >>> jets.images.shape, float(jets.conditions["pt"][0])
    ((10, 25, 25), 270.0)
    """

    generator: JetGenerator
    blueprint: Blueprint
    density: ConditionDensity
    constants: dict[str, float]
    frame: Frame
    class_names: tuple[str, ...]
    origin: dict[str, Any]
    scale: Scale = field(default_factory=Scale)
    _exact: dict[tuple[str, int, int], bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        height, width = self.grid.shape
        step = f", step {self.origin['step']}" if "step" in self.origin else ""
        return f"<generator of {' and '.join(self.class_names)} jets: {height}×{width} pixels, {self.frame}{step}>"

    def label_of(self, name: int | str | None) -> int | None:
        """A class by label or name, whose case does not matter where no two classes differ in it alone.

        Raises:
            ConditionError: the generator does not know it.
        """
        if name is None:
            return None
        if isinstance(name, str) and name.isdigit() and name not in self.class_names:
            name = int(name)
        alike = [i for i, known in enumerate(self.class_names) if known.lower() == str(name).lower()]
        label = self.class_names.index(name) if name in self.class_names else alike[0] if len(alike) == 1 else name
        if label not in self.density.classes:
            known = ", ".join(f"{c} ({self.class_names[c]})" for c in self.density.classes)
            raise ConditionError(f"label: {name!r} is no class of this generator, which has {known}"
                                 f"{did_you_mean(str(name), self.class_names)}")
        return int(label)

    def ask(self, label: int | str | None = None, fixed: Mapping[str, Wish] | None = None, conditions: Any = None,
            outside: Outside = "refuse") -> Asked:
        """What is asked of jets, checked; see :meth:`jets` for the arguments and errors."""
        table = None if conditions is None else self.table(conditions)
        wishes = {name: read_wish(name, wish) for name, wish in (fixed or {}).items()}
        if IMAGE_PT in wishes:
            wishes["pixel_mean"] = scaled(wishes.pop(IMAGE_PT), 1 / math.prod(self.grid.shape))
        return Asked.of(self.density, self.label_of(label), wishes, table, outside)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """All that can be asked for by name, each with its lowest and highest training value."""
        found = dict(self.density.ranges)
        if "pixel_mean" in found:
            low, high = (edge * math.prod(self.grid.shape) for edge in found["pixel_mean"])
            found[IMAGE_PT] = low, high
        return found

    def table(self, conditions: Any) -> Table:
        """A table with a row for each jet, its columns known; see :meth:`jets`."""
        found = read_table(conditions, self.density.names, self.label_of)
        if IMAGE_PT not in found.columns:
            return found
        columns = {**found.columns, "pixel_mean": found.columns[IMAGE_PT] / math.prod(self.grid.shape)}
        return replace(found, columns={name: values for name, values in columns.items() if name != IMAGE_PT})

    @single_precision()
    @torch.inference_mode()
    def block(self, index: int, seed: int, asked: Asked = ANY, substructure: bool = False,
              wanted: int | None = None) -> JetImages:
        """The jets from ``index * BLOCK`` of a seed, the first ``wanted`` of a block."""
        rng, wanted = numpy_rng(seed, "conditions", index), BLOCK if wanted is None else wanted
        drawn = asked.conditions(self.density, rng, index * BLOCK, BLOCK, wanted)
        table = self._table(drawn.values, drawn.label)
        part = next((part for part, most in PARTS.items() if wanted <= most and self._is_exact(part)), BLOCK)
        made = -(-wanted // part) * part
        images = self._images(table[:made], self._noise(made, integer_seed(seed, "noise", index)), part)
        # The detector is the same at every azimuth, so the jets' is uniform.
        phi = rng.uniform(0, 2 * math.pi, BLOCK).astype(np.float32)
        return self._jets(images[:wanted], drawn.values[:wanted], drawn.label[:wanted], phi[:wanted], substructure)

    @single_precision()
    @torch.inference_mode()
    def try_out(self) -> None:
        """Makes a jet: what is damaged in a file shows there at the latest, whatever it raises."""
        drawn = self.density.sample(1, numpy_rng(0, "try"))
        images = self._images(self._table(drawn.values, drawn.label), self._noise(1, 0), 1)
        self._jets(images, drawn.values, drawn.label, drawn.values[:, 0], substructure=False)

    def _noise(self, jets: int, seed: int) -> torch.Tensor:
        """Of the first jets of a block; drawn on the CPU, so that a GPU is given the same numbers."""
        drawn = -(-jets // _DRAWN) * _DRAWN
        return torch.randn(drawn, self.generator.noise_features, generator=torch.Generator().manual_seed(seed))[:jets]

    def _images(self, table: torch.Tensor, noise: torch.Tensor, at_once: int) -> np.ndarray:
        """Images (n, H, W) of conditions and noise (n, ...), so many at once."""
        device = next(self.generator.parameters()).device
        made = [self.generator(conditions.to(device), values.to(device))[1].float().cpu()
                for conditions, values in zip(table.split(at_once), noise.split(at_once), strict=True)]
        return torch.cat(made).numpy()

    def _is_exact(self, part: int) -> bool:
        """Whether parts of a block come out as the whole does: products of matrices are rounded by their shape."""
        key = (str(next(self.generator.parameters()).device), torch.get_num_threads(), part)
        if key not in self._exact:
            drawn = self.density.sample(BLOCK, numpy_rng(0, "conditions", 0))
            table, noise = self._table(drawn.values, drawn.label), self._noise(BLOCK, 0)
            whole, few = self._images(table, noise, BLOCK), slice(0, max(PARTS.values()))
            self._exact[key] = np.array_equal(self._images(table[few], noise[few], part), whole[few])
        return self._exact[key]

    def _table(self, values: np.ndarray, label: np.ndarray) -> torch.Tensor:
        columns = dict(zip(self.density.names, values.T, strict=True), label=label.astype(np.float32))
        return torch.from_numpy(np.stack([columns[name] for name in self.generator.names], 1))

    def _jets(self, images: np.ndarray, values: np.ndarray, label: np.ndarray, phi: np.ndarray,
              substructure: bool) -> JetImages:
        coded = codable()
        asked = {name: column for name, column in zip(self.density.names, values.T, strict=True) if name not in coded}
        constant = {name: np.full(len(label), value, np.float32) for name, value in self.constants.items()}
        found = tau_from_images(images, self.generator.grid) if substructure else {}
        taus = {name: tau.astype(np.float32) for name, tau in found.items()}
        conditions = {**constant, **taus, "phi": phi, **asked}
        kept = {name: conditions[name] for name in [*KEYS, *constant, *asked] if name in conditions}
        return JetImages(self.scale.from_gev(images), label, kept, self.generator.grid, self.frame,
                         self.class_names, self.origin, "generated jets", units=self.scale.units)

    def jets(self, n: int | None = None, seed: int = 0, label: int | str | None = None,
             fixed: Mapping[str, Wish] | None = None, substructure: bool = False, *, conditions: Any = None,
             outside: Outside = "refuse") -> Iterator[JetImages]:
        """The first ``n`` jets of a seed, in blocks.

        Args:
            n: how many; by default one for each row of ``conditions``.
            seed: the same seed gives the same jets, whatever ``n`` is.
            label: a class, by label or name; by default classes are as frequent as in training.
            fixed: conditions and codings that are set to a value, a range, or a distribution: :class:`Normal`, or an
                array of values to draw from: ``{"pt": 270.0, "mass": (80.0, 82.0), "eta": Normal(0, 1)}``; GeV and
                radians.
            substructure: measure τ_1 … τ_32 of the images too; it takes half as long as making them.
            conditions: a table with a row for each jet, in order: columns ``label`` (number or name) and any of the
                conditions and codings; the others are drawn from their density given these. A CSV, Parquet, HDF5 or
                .npz file, jets, or columns by name (mapping, data frame, structured array).
            outside: of the training range: ``refuse`` such values, or ``clip`` them.

        Raises:
            ConditionError: a condition outside the training range, or one the generator does not have.
            DataError: a table that cannot be read.
        """
        asked = self.ask(label, fixed, conditions, outside)
        number = asked.count(n)
        for index in range(math.ceil(number / BLOCK)):
            yield self.block(index, seed, asked, substructure, min(BLOCK, number - index * BLOCK))

    def sample(self, n: int | None = None, seed: int = 0, label: int | str | None = None,
               fixed: Mapping[str, Wish] | None = None, substructure: bool = False, *, conditions: Any = None,
               outside: Outside = "refuse") -> JetImages:
        """The same jets in one piece; see :meth:`jets`.

        >>> from qgan import load_model
        >>> jets = load_model("w_qcd").sample(conditions={"label": ["w", "qcd"], "pt": [270.0, 290.0]})
        >>> jets.label.tolist(), jets.conditions["pt"].tolist()
        ([1, 0], [270.0, 290.0])
        """
        blocks = list(self.jets(n, seed, label, fixed, substructure, conditions=conditions, outside=outside))
        return blocks[0] if len(blocks) == 1 else concatenate(blocks)

    @property
    def grid(self) -> Grid:
        """Where the pixels of its images lie."""
        return self.generator.grid


def load_source(run: str | Path, device: torch.device | str = "cpu") -> JetSource:
    """The averaged generator of a run.

    Args:
        run: folder of a run, or a checkpoint.
        device: where it is to compute.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    path = Path(run) if Path(run).is_file() else RunFolder.open(run).checkpoint
    saved = checkpoint.load(path)
    with checkpoint.building(path, "generator"):
        source = source_of(saved.transforms, origin={"checkpoint": str(path), "step": saved.step, **saved.origin})
        saved.restore(path, {"average": source.generator})
        source.try_out()
    source.generator.to(device)
    return source


@single_precision()
def source_of(state: dict[str, Any], origin: dict[str, Any]) -> JetSource:
    """An untrained source from what :func:`describe_source` kept."""
    with seeded(0, "untrained"):  # the caller's random numbers are not for weights that are replaced
        blueprint = blueprint_of(state["blueprint"])
        generator = blueprint.build().eval().requires_grad_(False)
    return JetSource(generator, blueprint, ConditionDensity.from_state_dict(state["density"]), state["constants"],
                     state["frame"], tuple(state["class_names"]), origin, Scale(**state.get("scale", {})))


def describe_source(blueprint: Blueprint, density: ConditionDensity, constants: dict[str, float], jets: JetImages,
                    ) -> dict[str, Any]:
    """What :func:`source_of` needs, for a checkpoint; ``jets`` are those the generator is trained on."""
    scale = {} if jets.units == "GeV" else {"scale": asdict(Scale.of(jets.images, jets.units))}
    return {"blueprint": blueprint.to_dict(), "density": density.state_dict(), "constants": constants,
            "frame": jets.frame, "class_names": list(jets.class_names), **scale}


def generate(run: str | Path | JetSource, out: str | Path, *, n: int | None = None, seed: int = 0,
             label: int | str | None = None, fixed: Mapping[str, Wish] | None = None, conditions: Any = None,
             outside: Outside = "refuse", substructure: bool = False, device: str = "auto", workers: int = 1,
             scheduler: str | None = None, overwrite: bool = False, quiet: bool = False) -> float:
    """Writes jets of a trained generator to a file, block by block; memory does not grow with ``n``.

    On the CPU each worker computes with one thread, so that the file does not depend on how many there are of either.

    Args:
        run: folder of a run (or its checkpoint), or a source, such as :func:`qgan.load_model` gives.
        out: file to write, packed as its suffix says (see :class:`~qgan.data.JetWriter`).
        n: how many; by default one for each row of ``conditions``, and 10,000 without.
        seed, label, fixed, conditions, outside, substructure: see :meth:`JetSource.jets`.
        device: where to compute.
        workers: number of processes; more than one only on the CPU.
        scheduler: address of a Dask scheduler, ``tcp://host:8786``, whose workers make the jets; they need this
            package.
        overwrite: replace the file if it exists.
        quiet: no progress bar.

    Returns:
        Jets a second.

    Raises:
        QganError: a missing or damaged checkpoint, an impossible condition, an output that cannot be written, a
            scheduler that does not answer.

    >>> from qgan import load_model, read_jets
    >>> generate(load_model("w_qcd"), "fake.h5", n=100, seed=1, device="cpu", quiet=True) > 0
    True
    >>> len(read_jets("fake.h5"))
    100
    """
    check_types("generate(run, out)", run=(run, str | Path | JetSource), out=(out, str | Path))
    where = resolve_device("cpu" if scheduler is not None and device == "auto" else device)
    if workers < 1 or (workers > 1 and where.type != "cpu"):
        raise ConfigError(f"workers: {workers}, expected {'1 on a GPU' if workers > 1 else 'at least 1'}")
    if scheduler is not None and (workers > 1 or where.type != "cpu"):
        raise ConfigError("scheduler: its workers make the jets, on their CPUs: without workers and device")
    if isinstance(run, JetSource):
        source = run
        source.generator.to(where)
    else:
        source = load_source(run, where)
    asked = source.ask(label, fixed, conditions, outside)
    number = whole(asked.count(n), "n", 1)
    start = time.perf_counter()
    origin = {**source.origin, "seed": seed, "n": number, "label": label, **asked.to_dict()}
    with JetWriter(out, grid=source.grid, frame=source.frame, class_names=source.class_names, origin=origin,
                   units=source.scale.units, overwrite=overwrite) as writer, \
            progress(number, "generate", "jets", quiet=quiet) as bar:
        make = partial(_block, source, seed, asked, substructure, number)
        for block in divided(make, math.ceil(number / BLOCK), workers, scheduler):
            writer.append(block)
            bar.update(len(block))
    return number / (time.perf_counter() - start)


def _block(source: JetSource, seed: int, asked: Asked, substructure: bool, n: int, index: int) -> JetImages:
    return source.block(index, seed, asked, substructure, min(BLOCK, n - index * BLOCK))
