"""Binned counts of every observable of a set of jets, and the comparison of two such summaries.

``reference/<process>.json`` were made by this file from 12,000 jets of each process, simulated independently of the
package with the same Pythia settings and selections (Pythia 8.317, FastJet 3.5), read in the native layout:

    python tests/reference_summary.py w.h5 qcd.h5 quark.h5 gluon.h5
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import chi2

from qgan.base.io import write_json
from qgan.data import JetImages, read_jets
from qgan.observables.arrays import observables

FOLDER = Path(__file__).parent / "reference"
CONDITIONS = ("pt", "eta", "mass", "delta_r")
N_BINS = 25


def features(jets: JetImages) -> dict[str, np.ndarray]:
    """Observables of the images, and the jets' own quantities as ``jet_<name>``."""
    values = observables(jets.images, jets.grid)
    return values | {f"jet_{k}": jets.conditions[k].astype(np.float64) for k in CONDITIONS}


def summarise(jets: JetImages) -> dict[str, dict[str, list[float]]]:
    """Inner edges (quantiles, between two values of a count) and the counts in the bins they make."""
    summary = {}
    for name, values in features(jets).items():
        edges = np.unique(np.quantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1]))
        edges = np.floor(edges) + 0.5 if name == "nnz" else np.array([float(f"{e:.6g}") for e in edges])
        edges = np.unique(edges)
        summary[name] = {"edges": edges.tolist(), "counts": count(values, edges).tolist()}
    return summary


def count(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many values lie below the first edge, between each two, and from the last one on."""
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)


def p_value(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sample χ² test: whether two histograms are drawn from one density."""
    filled = first + second > 0
    first, second = first[filled].astype(float), second[filled].astype(float)
    if len(first) < 2:
        return 1.0
    scale = np.sqrt(second.sum() / first.sum())
    statistic = ((scale * first - second / scale) ** 2 / (first + second)).sum()
    return float(chi2.sf(statistic, len(first) - 1))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write_json(FOLDER / f"{Path(argument).stem}.json", summarise(read_jets(argument)))
