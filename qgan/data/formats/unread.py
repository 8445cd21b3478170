"""Known sets that are no jets, or need what this package has not: said by name, instead of as an unknown file."""

from __future__ import annotations

from collections.abc import Callable

from ...base.errors import DataError
from ..contents import Contents
from ..reading import Reading
from ..source import JetFile
from . import FORMATS, Format


def _refuse(what: str, why: str) -> Callable[[Contents, Reading], JetFile]:
    def refuse(contents: Contents, options: Reading) -> JetFile:
        raise DataError(contents.path, "", f"is {what}, which this package does not read, because {why}")

    return refuse


_CONVERT = "save its particles as .npz with X (jets, particles, 3: pT, η, φ) and y, and name the columns"

FORMATS.add("root", Format(
    "ROOT", lambda contents: contents.kind == "ROOT" and not contents.attributes and "label_QCD" not in contents.keys,
    _refuse("a ROOT file", f"its branches are neither those of JetClass nor the package's own; {_CONVERT}")))
FORMATS.add("pandas", Format("pandas tables", lambda contents: _of_pandas(contents), _refuse(
    "a pandas table (as those of the LHC Olympics), none of the top-tagging set",
    f"its rows are whole events, or a few numbers of each, not jets; cluster the events, and {_CONVERT}")))


def _of_pandas(contents: Contents) -> bool:
    """Whether a file holds nothing but groups, as pandas makes them by PyTables."""
    by_pandas = contents.kind == "HDF5" and "PYTABLES_FORMAT_VERSION" in contents.attributes
    return (by_pandas and contents.keys not in ((), ("table",)) and not any(map(contents.shape, contents.keys))
            ) or (contents.kind == "HDF5" and contents.keys == ("df",))
