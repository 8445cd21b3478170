"""JetImages: images, conditions and labels of N jets, and what is known of where they come from."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import DataError
from ..base.seeding import numpy_rng
from .grid import Grid
from .particles import padded_together
from .reading import Frame as Frame
from .units import UNITS, Units

if TYPE_CHECKING:
    from torch.utils.data import TensorDataset

#: The names of class 0 and class 1 in each pair of classes that the package knows.
CLASS_PAIRS = (("qcd", "w"), ("gluon", "quark"), ("qcd_jet", "top"), ("qcd_jet", "w_jet"), ("gluon_jet", "quark_jet"))
#: What the classes are called where nobody says it.
UNNAMED = ("background", "signal")
#: Jet quantities that a file may hold, and their keys in the public jet-image layout.
KEYS = {
    "eta": "jet_eta", "phi": "jet_phi", "pt": "jet_pt", "mass": "jet_mass", "delta_r": "jet_delta_R",
    "tau_1": "tau_1", "tau_2": "tau_2", "tau_3": "tau_3", "tau_21": "tau_21", "tau_32": "tau_32",
}
#: Keys of files that no quantity of a user's own can be called.
RESERVED = ("image", "image_raw", "image_canonical", "signal", "label", "generated", *KEYS.values())


@dataclass(frozen=True, repr=False)
class JetImages:
    """N jets; ``jets[3]``, ``jets[:100]`` and ``jets[jets.conditions["pt"] > 270]`` are such sets again.

    Attributes:
        images: (N, H, W) float32, pixel pT in ``units``, rows Δη, columns Δφ.
        label: (N,) int64, the number of each jet's class: of two 1 for signal (W, quark, top), 0 for background.
        conditions: jet quantities by name, those of ``KEYS`` and any of a user's own (``n_pv``), each (N,) float32;
            GeV and radians.
        grid: where the pixels lie.
        frame: ``raw`` (centred on the jet axis) or ``canonical`` (leading subjet at the centre, the
            second below it, the harder half to the right).
        class_names: names of label 0, 1, ...
        origin: what made the jets (simulation settings, or checkpoint and seed), as plain values.
        source: the file or object that errors name.
        units: of the pixels (see :mod:`.units`); sets of different units are never compared.
        momenta: (N, M, 4) float32 E, px, py, pz of the particles, GeV, where they were asked for (see
            :class:`~qgan.data.reading.WithParticles`); the largest pT first, rows of zeros where there are no more.
        generated: (N,) int8 where jets of two kinds are mixed, 1 for those of a generator, 0 for real ones.

    >>> from qgan.data import embedded_jets
    >>> jets = embedded_jets("w_qcd", "test")
    >>> len(jets), jets.images.shape, jets.class_names
    (10000, (10000, 25, 25), ('qcd', 'w'))
    >>> round(float(jets.only("w").conditions["mass"].mean()), 1)  # GeV
    79.0
    """

    images: np.ndarray
    label: np.ndarray
    conditions: dict[str, np.ndarray]
    grid: Grid
    frame: Frame
    class_names: tuple[str, ...] = UNNAMED
    origin: dict[str, Any] = field(default_factory=dict)
    source: str = "jets"
    generated: np.ndarray | None = None
    units: Units = "GeV"
    momenta: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._check()

    @classmethod
    def from_arrays(cls, images: Any, labels: Any = None, conditions: Mapping[str, Any] | None = None, *,
                    half_width: float | None = None, grid: Grid | None = None, frame: Frame = "raw",
                    class_names: Sequence[str] | None = None, units: Units = "GeV",
                    source: str = "arrays") -> JetImages:
        """Jets of arrays, tensors or tables that are in memory.

        Args:
            images: (N, H, W) pixel pT in ``units``.
            labels: (N,) numbers or names of the classes, one for all jets, or None: all are of class 0.
            conditions: jet quantities (N,) by name, ``pt`` or ``jet_pt``; a pandas table will do.
            half_width: half of the image's extent in Δη and Δφ, radians.
            grid: where the pixels lie, in the place of ``half_width``.
            frame, units, source: see above.
            class_names: the names of label 0, 1, ...; as many as there are classes.

        Raises:
            DataError: what does not fit together, or is no number; no half-width.

        >>> jets = JetImages.from_arrays(np.ones((3, 8, 8)), ["w", "qcd", "w"], {"pt": [64, 64, 64]}, half_width=1.0)
        >>> jets, jets[0]
        (<3 jets: 1 qcd, 2 w; 8×8 pixels, ±1, raw, GeV; pt>, <1 jets: 1 w; 8×8 pixels, ±1, raw, GeV; pt>)
        """
        from .in_memory import jets_of_arrays  # which makes JetImages

        return jets_of_arrays(images, labels, conditions, half_width=half_width, grid=grid, frame=frame,
                              class_names=class_names, units=units, source=source)

    def __len__(self) -> int:
        return len(self.label)

    def __iter__(self) -> Iterator[JetImages]:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        counts = ", ".join(f"{int((self.label == c).sum())} {self.name(c)}" for c in self.classes)
        grid, quantities = self.grid, f"; {', '.join(self.conditions)}" if self.conditions else ""
        return (f"<{len(self)} jets{f': {counts}' if counts else ''}; {grid.height}×{grid.width} pixels, "
                f"±{grid.half_width:.4g}, {self.frame}, {self.units}{quantities}>")

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> JetImages:
        """The jets at ``index`` (a row, a slice, positions or a mask), in that order.

        Raises:
            IndexError: there is no such row, or the mask has another length.
        """
        if isinstance(index, int | np.integer):
            index = [range(len(self))[index]]
        if not isinstance(index, slice):
            index = np.asarray(index, dtype=None if len(index) else np.int64)
        return replace(self, images=self.images[index], label=self.label[index],
                       conditions={k: v[index] for k, v in self.conditions.items()},
                       generated=None if self.generated is None else self.generated[index],
                       momenta=None if self.momenta is None else self.momenta[index])

    @property
    def classes(self) -> list[int]:
        """The labels that occur, ascending."""
        return [int(c) for c in np.unique(self.label)]

    def name(self, label: int) -> str:
        """The name of a class."""
        return self.class_names[label]

    def only(self, name: str | int) -> JetImages:
        """The jets of one class, given by name (``"quark"``) or label.

        Raises:
            DataError: there is no such class, or none of its jets.
        """
        if isinstance(name, str) and name not in self.class_names:
            raise DataError(self.source, "signal", f"no class {name!r}; the classes are {', '.join(self.class_names)}")
        label = self.class_names.index(name) if isinstance(name, str) else int(name)
        chosen = self[self.label == label]
        if not len(chosen):
            raise DataError(self.source, "signal", f"no jet of class {name!r}")
        return chosen

    def split(self, seed: int, fractions: Sequence[float] = (0.7, 0.1, 0.2)) -> tuple[JetImages, ...]:
        """Disjoint parts (train, validation, test by default), each class divided in the same fractions."""
        if not np.isclose(sum(fractions), 1.0) or min(fractions) < 0:
            raise ValueError(f"fractions must be non-negative and sum to 1, got {tuple(fractions)}")
        parts: list[list[np.ndarray]] = [[] for _ in fractions]
        for label in self.classes:
            index = numpy_rng(seed, "split", label).permutation(np.flatnonzero(self.label == label))
            cuts = np.round(np.cumsum(fractions)[:-1] * len(index)).astype(int)
            for part, chosen in zip(parts, np.split(index, cuts), strict=True):
                part.append(chosen)
        return tuple(self[np.sort(np.concatenate(part))] for part in parts)

    def sample(self, n_per_class: int, seed: int) -> JetImages:
        """``n_per_class`` different jets of each class, drawn without replacement."""
        chosen = []
        for label in self.classes:
            index = np.flatnonzero(self.label == label)
            if len(index) < n_per_class:
                raise DataError(self.source, self.name(label), f"{len(index)} jets, {n_per_class} were asked for")
            chosen.append(numpy_rng(seed, "sample", label).choice(index, n_per_class, replace=False))
        return self[np.sort(np.concatenate(chosen))]

    def dataset(self) -> TensorDataset:
        """A torch data set that shares the arrays: image (H, W), label and quantities (C,) of each jet.

        The quantities are in the order of :attr:`conditions`.
        """
        from .views import dataset

        return dataset(self)

    def to_pandas(self) -> Any:
        """A pandas table, a row a jet: label, name of the class, and the quantities (GeV and radians).

        Raises:
            DataError: pandas is not installed.
        """
        from .views import table

        return table(self)

    def to_awkward(self) -> Any:
        """An awkward array of records: those of :meth:`to_pandas`, and ``particles``, the pixels that are lit.

        A particle has ``pt`` (in the units of the pixels) and ``delta_eta``, ``delta_phi`` of its pixel's centre from
        the frame's origin; the hardest comes first.

        Raises:
            DataError: awkward is not installed.
        """
        from .views import particles

        return particles(self)

    def fingerprint(self) -> str:
        """The number of jets and a checksum of images, labels and conditions: a resumed run must see the same ones."""
        checksum = 0
        for values in (self.images, self.label, *(self.conditions[name] for name in sorted(self.conditions))):
            checksum = zlib.crc32(np.ascontiguousarray(values).data, checksum)
        return f"{len(self)}-{checksum:08x}"

    def _check(self) -> None:
        if self.label.ndim != 1:
            raise DataError(self.source, "signal", f"shape {self.label.shape}, expected one label a jet, 0 or 1")
        n = len(self.label)
        if self.images.ndim != 3 or self.images.shape != (n, *self.grid.shape):
            expected = f"({n}, {self.grid.height}, {self.grid.width})"
            raise DataError(self.source, "image", f"shape {self.images.shape}, expected {expected}")
        if not np.isfinite(self.images).all():
            raise DataError(self.source, "image", "holds NaN or infinite pixels, expected pT in GeV")
        if n and float(self.images.min()) < 0:
            raise DataError(self.source, "image", f"holds negative pixels (down to {self.images.min():.4g}), "
                                                  "expected pT in GeV")
        if not self.class_names or len({*self.class_names}) != len(self.class_names):
            raise DataError(self.source, "class_names", f"are {self.class_names}, expected a name for each class")
        if not np.isin(self.label, np.arange(len(self.class_names))).all():
            raise DataError(self.source, "signal", f"holds values other than {numbers(len(self.class_names))}")
        if self.generated is not None and (self.generated.shape != (n,) or not np.isin(self.generated, (0, 1)).all()):
            raise DataError(self.source, "generated", f"expected {n} values, 0 or 1")
        if self.momenta is not None and (self.momenta.ndim != 3 or self.momenta.shape[::2] != (n, 4)):
            raise DataError(self.source, "momenta", f"shape {self.momenta.shape}, expected ({n}, particles, 4)")
        if self.frame not in ("raw", "canonical"):
            raise DataError(self.source, "frame", f"is {self.frame!r}, expected 'raw' or 'canonical'")
        if not all(isinstance(name, str) for name in self.class_names):
            raise DataError(self.source, "class_names", f"are {self.class_names!r}, expected names")
        if self.units not in UNITS:
            raise DataError(self.source, "units", f"is {self.units!r}, expected one of {', '.join(UNITS)}")
        for key, values in self.conditions.items():
            if key in RESERVED and key not in KEYS:
                raise DataError(self.source, key, "is no name for a jet quantity, for files hold something else there")
            if values.shape != (n,):
                raise DataError(self.source, key_of(key), f"shape {values.shape}, expected ({n},)")
            if not np.isfinite(values).all():
                raise DataError(self.source, key_of(key), "holds NaN or infinite values")


def key_of(name: str) -> str:
    """The key of a jet quantity in files."""
    return KEYS.get(name, name)


def numbers(classes: int) -> str:
    """The labels of so many classes: ``0 and 1``, ``0 to 4``."""
    return ("0", "0 and 1")[classes - 1] if classes < 3 else f"0 to {classes - 1}"


def check_alike(first: JetImages, other: JetImages, *,
                what: Sequence[str] = ("grid", "frame", "units", "class_names")) -> None:
    """Raises :class:`DataError` unless both sets have the same grid, frame, units and names of the classes."""
    for name in what:
        mine, theirs = getattr(first, name), getattr(other, name)
        if mine != theirs:
            raise DataError(other.source, name, f"{theirs} differs from {mine} of {first.source}")


def paired(jets: JetImages, class_names: tuple[str, ...], of: str) -> JetImages:
    """The jets with labels for ``class_names``: classes are paired by name, whatever their numbers are.

    Classes without names are those of their numbers. The jets may be of some of the classes alone.

    Args:
        of: whose names these are, for the error.

    Raises:
        DataError: there are others among the names.
    """
    if jets.class_names == class_names or class_names == UNNAMED:
        return jets
    if jets.class_names == UNNAMED:
        return replace(jets, class_names=class_names)
    if {*jets.class_names} <= {*class_names}:
        places = np.array([class_names.index(name) for name in jets.class_names])
        return replace(jets, class_names=class_names, label=places[jets.label])
    raise DataError(jets.source, "class_names", f"{' and '.join(jets.class_names)} are not {' and '.join(class_names)}"
                                                f" of {of}")


def concatenate(parts: Sequence[JetImages]) -> JetImages:
    """All jets of several sets, in order; conditions (and marks) that not every set has are left out.

    Classes are paired by name.

    Raises:
        DataError: the sets differ in grid, frame or the names of their classes.
    """
    if not parts:
        raise ValueError("concatenate needs at least one set of jets")
    first, parts = parts[0], [paired(part, parts[0].class_names, parts[0].source) for part in parts]
    for other in parts[1:]:
        check_alike(first, other)
    shared = [k for k in first.conditions if all(k in p.conditions for p in parts)]
    marks = [p.generated for p in parts if p.generated is not None]
    return replace(
        first,
        images=np.concatenate([p.images for p in parts]),
        label=np.concatenate([p.label for p in parts]),
        conditions={k: np.concatenate([p.conditions[k] for p in parts]) for k in shared},
        origin=first.origin if len(parts) == 1 else {"merged": [p.origin for p in parts]},
        source=first.source if len(parts) == 1 else " + ".join(dict.fromkeys(p.source for p in parts)),
        generated=np.concatenate(marks) if len(marks) == len(parts) else None,
        momenta=padded_together([p.momenta for p in parts]),
    )
