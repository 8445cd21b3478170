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
FORMATS.add("lhco", Format(
    "LHC Olympics", lambda contents: contents.kind == "HDF5" and contents.keys == ("df",), _refuse(
        "a pandas table df (as that of the LHC Olympics)",
        f"its rows are whole events, not jets; cluster them, and {_CONVERT}")))
