"""The three libraries that simulate, imported here and nowhere else; the package works without them."""

from __future__ import annotations

from typing import Any

from ..base.errors import DataError

__all__ = ["ak", "fastjet", "pythia8mc", "quiet_pythia", "require_engines", "versions"]

_missing = ""
try:
    import awkward as ak
    import fastjet
    import pythia8mc
except ImportError as _error:
    ak = fastjet = pythia8mc = None
    _missing = str(_error.name)


def require_engines() -> None:
    """Raises a DataError that says what to install if one of the libraries is missing."""
    if _missing:
        raise DataError("simulation", _missing, "is not installed; run: pip install 'qgan[simulate]'")


def versions() -> dict[str, str]:
    """Versions of the event generator and of the clustering."""
    number = quiet_pythia().settings.parm("Pythia:versionNumber")
    return {"pythia": f"{number:.3f}", "fastjet": fastjet.__version__}


def quiet_pythia() -> Any:
    """A Pythia with its default settings that prints nothing."""
    pythia = pythia8mc.Pythia("", False)
    pythia.readString("Print:quiet = on")
    return pythia
