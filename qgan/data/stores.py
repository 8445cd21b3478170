"""What files of jets are packed in, known by their suffix: named arrays that grow row by row, and attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from ..base.commands import Word
from ..base.errors import DataError, did_you_mean
from ..base.io import check_output

if TYPE_CHECKING:
    import numpy as np

#: Adds rows to the arrays of a file, all of them the same number.
Append: TypeAlias = "Callable[[Mapping[str, np.ndarray]], None]"
#: The module of this package that packs the files of a suffix: its ``store(temporary, path, attributes, rows, level)``
#: gives an :data:`Append`.
STORES = {".h5": "hdf5", ".hdf5": "hdf5", ".npz": "npz", ".parquet": "parquet", ".root": "root"}
#: Libraries of some, and the extra that installs them.
_NEEDED = {".parquet": ("pyarrow", "formats"), ".root": ("uproot", "root")}


def check_jets_output(path: str | Path, overwrite: bool = False) -> Path:
    """The path of a file of jets, once it is clear that it may be written.

    Raises:
        DataError: as of :func:`~qgan.base.io.check_output`, and of a suffix that says nothing or whose library is not
            installed.
    """
    path = Path(path)
    if path.suffix not in STORES:
        raise DataError(path, "", f"ends in {path.suffix or 'no suffix'!r}, expected one of {', '.join(STORES)}"
                                  f"{did_you_mean(path.suffix, STORES)}")
    library, extra = _NEEDED.get(path.suffix, ("", ""))
    if library and find_spec(library) is None:
        raise DataError(path, "", f"{path.suffix} needs {library}: pip install 'qgan[{extra}]'")
    return check_output(path, overwrite)


#: A file of jets that is written.
NewJets = Annotated[Path, Word("FILE", Path, check=check_jets_output)]


def store(temporary: Path, path: Path, attributes: Mapping[str, Any], *, rows: int,
          level: int) -> AbstractContextManager[Append]:
    """An open file; whole once the context ends well.

    Args:
        temporary: where it is written.
        path: what it will be called, by whose suffix it is packed.
        attributes: plain values.
        rows: how many are appended at once, but for the last.
        level: of the compression, where there is a choice, 1 to 9.

    Raises:
        DataError: the disk is full.
    """
    packed: AbstractContextManager[Append] = import_module(f".{STORES[path.suffix]}", __package__).store(
        temporary, path, attributes, rows, level)
    return packed
