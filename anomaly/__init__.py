"""Anomaly detection on jet images: train on quark jets alone, then look for what they are not.

``anomaly.train``, ``anomaly.score`` and ``anomaly.compare`` are what the command line calls. Names are looked up when
first used, so that ``import anomaly`` loads no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import compare
    from .configuration import Configuration
    from .detector import Detector, load_detector
    from .evaluation import score
    from .experiment import train

#: What this package offers at its top, and the module each name lives in.
_HOMES = {"Configuration": "configuration", "Detector": "detector", "compare": "comparison",
          "load_detector": "detector", "score": "evaluation", "train": "experiment"}

__all__ = ["Configuration", "Detector", "compare", "load_detector", "score", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
