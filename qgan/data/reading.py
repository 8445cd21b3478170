"""What a file does not say of itself, and its reader is told: the same options for every command that reads jets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeGuard, get_args

from ..base.commands import Word
from ..base.errors import DataError
from ..base.kinds import Positive

Frame = Literal["raw", "canonical"]
Units = Literal["GeV", "sum", "max", "unknown"]
Channel = Literal["sum", "tracks", "ecal", "hcal"]
#: What the columns of particles may be; others are passed over by the name ``-``.
COLUMNS = ("pt", "y", "eta", "phi", "phi_degrees", "pdg", "mass", "e", "px", "py", "pz", "-")


def file_or_label(word: str) -> str | int:
    """``0`` and ``1`` are labels, all else is a file."""
    return int(word) if word in ("0", "1") else word


@dataclass(frozen=True)
class Reading:
    """What files of jets do not say of themselves; what a file says of itself stands.

    Attributes:
        frame: of the images, or the frame to read where a file holds both (default: as the format has it).
        half_width: half of the images' extent in Δη and Δφ, radians (default: as the format has it).
        class_names: the names of label 0, 1, ... (default: as the format has it).
        channel: which of several detector images, or their sum.
        size: pixels a side; images are pooled to it (the energy is kept), particles are binned in it.
        labels: a .npy file of labels, or one label for all, of files that hold none.
        units: of the pixels; sum: each image adds up to 1, max: the largest of each image is 1 (default: by their
            looks).
        particles: the columns of particles in their order, such as pt,phi,eta; - passes one over.
    """

    frame: Frame | None = None
    half_width: Annotated[float, Word("RADIANS")] | None = None
    class_names: Annotated[tuple[str, ...], Word("NAME")] | None = None
    channel: Channel = "sum"
    size: Positive | None = None
    labels: Annotated[str | Path | int, Word("FILE|0|1", file_or_label)] | None = None
    units: Units | None = None
    particles: Annotated[str | tuple[str, ...], Word("NAMES", str)] | None = None

    #: Whether jets of files of particles keep these beside their images.
    keeps_particles: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, known in (("frame", (None, *get_args(Frame))), ("channel", get_args(Channel)),
                            ("units", (None, *get_args(Units)))):
            if (value := getattr(self, name)) not in known:
                one_of = " or ".join(repr(k) for k in known if k) if name == "frame" else (
                    f"one of {', '.join(k for k in known if k)}")
                raise DataError(name, "", f"is {value!r}, expected {one_of}")
        if self.size is not None and self.size < 1:
            raise DataError("size", "", f"is {self.size}, expected a number of pixels")
        if self.half_width is not None and not self.half_width > 0:
            raise DataError("half_width", "", f"is {self.half_width}, expected a positive number of radians")
        names: Any = self.class_names
        if names is not None and (isinstance(names, str) or not names or len({*names}) != len(names)):
            raise DataError("class_names", "", f"is {names!r}, expected a name for each label, 0, 1, ...")
        unknown = [name for name in self.columns or () if name not in COLUMNS]
        if unknown:
            raise DataError("particles", "", f"holds {unknown[0]!r}, expected some of {', '.join(COLUMNS)}")

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of particles, if they were named."""
        named = self.particles
        return tuple(named.replace(" ", "").split(",")) if isinstance(named, str) else named and tuple(named)

    @property
    def said(self) -> dict[str, Any]:
        """What is said, by name."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def of(self, paths: Paths) -> Files:
        """Files of which this is said."""
        return Files.of(paths, **self.said)


class WithParticles(Reading):
    """The same, of jets that keep their particles (:attr:`~qgan.data.jets.JetImages.momenta`)."""

    keeps_particles = True


@dataclass(frozen=True)
class Files:
    """One file of jets or several, and what they do not say of themselves.

    >>> Files.of("jets.npz", half_width=0.4).reading.said
    {'half_width': 0.4}
    """

    paths: tuple[Path, ...]
    reading: Reading = Reading()

    @classmethod
    def of(cls, paths: Paths, **options: Any) -> Files:
        """Files as they are given to a function; ``options`` are fields of :class:`Reading`.

        Raises:
            DataError: these are no files.
        """
        if isinstance(paths, Files):
            return replace(paths, reading=replace(paths.reading, **options))
        several = [paths] if isinstance(paths, str | PathLike) else list(paths) if isinstance(paths, Sequence) else []
        if not several or not all(isinstance(path, str | PathLike) for path in several):
            raise DataError("files of jets", "", f"expected one path or several, got {_kind(paths)}")
        return cls(tuple(Path(path) for path in several), Reading(**options))

    @classmethod
    def remembered(cls, origin: Mapping[str, Any]) -> Files | None:
        """What :meth:`to_remember` wrote; None where there were no files."""
        return cls.of(origin["data"], **origin.get("reading", {})) if origin.get("data") else None

    def to_remember(self) -> dict[str, Any]:
        """Plain values that say which files these are."""
        said = self.reading.said
        return {"data": [str(path) for path in self.paths], **({"reading": said} if said else {})}

    @property
    def with_particles(self) -> Files:
        """The same files, of which jets keep their particles."""
        return replace(self, reading=WithParticles(**self.reading.said))

    @property
    def absolute(self) -> Files:
        """The same files, wherever a program is started."""
        labels = self.reading.labels
        if isinstance(labels, str | PathLike):
            labels = str(Path(labels).resolve())
        return Files(tuple(path.resolve() for path in self.paths), replace(self.reading, labels=labels))

    def __str__(self) -> str:
        return " + ".join(map(str, self.paths))


#: What functions take where they read jets.
Paths = str | PathLike[str] | Sequence[str | PathLike[str]] | Files


def are_files(data: object) -> TypeGuard[Paths]:
    """Whether these are paths, and no jets or arrays."""
    return isinstance(data, Files | str | PathLike) or (
        isinstance(data, list | tuple) and all(isinstance(path, str | PathLike) for path in data))


def _kind(value: object) -> str:
    """What a value is, for a message."""
    inner = {type(one).__name__ for one in value} if isinstance(value, list | tuple) else set()
    return f"a {type(value).__name__}" + (f" of {' and '.join(sorted(inner))}" if inner else "")
