"""Anomaly detection on jet images: train on quark jets alone, then look for what they are not.

    import anomaly

    configuration = anomaly.Configuration.read("configs/anomaly_quantum.yaml")
    run = anomaly.train(configuration, out="runs/qae")          # quark jets that ship, or data="quark.h5"
    print(anomaly.score(run.path).table())                      # gluon against quark jets that ship, or data="test.h5"
    values = anomaly.load_detector(run.path).scores(jets)       # of each of your JetImages

``select`` ranks configurations on usual jets alone, ``compare`` trains and scores on real and on generated jets,
``save_plots`` draws. The command line calls the same functions. Names are looked up when first used, so that
``import anomaly`` loads no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import Comparison, compare
    from .configuration import Configuration
    from .detector import Detector, load_detector
    from .evaluation import save_plots, score
    from .experiment import train
    from .report import Report
    from .selection import Selection, select

#: What this package offers at its top, and the module each name lives in.
_HOMES = {"Comparison": "comparison", "Configuration": "configuration", "Detector": "detector", "Report": "report",
          "Selection": "selection", "compare": "comparison", "load_detector": "detector", "save_plots": "evaluation",
          "score": "evaluation", "select": "selection", "train": "experiment"}

__all__ = ["Comparison", "Configuration", "Detector", "Report", "Selection", "compare", "load_detector", "save_plots",
           "score", "select", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
