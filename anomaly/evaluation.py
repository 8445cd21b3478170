"""Trained models on test jets, beside the trivial scores: from run folders to a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qgan.base.devices import resolve_device
from qgan.base.errors import ConfigError
from qgan.base.seeding import numpy_rng
from qgan.data.jets import JetImages

from .detector import Detector, load_detector
from .preparation import CLASSES, Jets, test_jets
from .report import Kind, Report, Row
from .scoring import score as figures_of


def score(runs: str | Path | Sequence[str | Path], data: Jets | None = None, *, emd: int = 0,
          seed: int = 0, n_bootstrap: int = 200, device: str = "auto") -> Report:
    """What trained models reach on jets of both classes.

    Args:
        runs: folder of a run, or of several; those of the same model and preprocessing are averaged.
        data: jets of both classes, or files of them; by default the test jets that ship.
        emd: score so many jets of each class by the EMD between image and reconstruction too.
        seed, n_bootstrap: of the errors.
        device: where to compute.

    Raises:
        QganError: a folder without a finished training, jets that do not fit it, or models of different classes.
    """
    folders = [runs] if isinstance(runs, (str, Path)) else list(runs)
    detectors = [load_detector(run, resolve_device(device)) for run in folders]
    usual = {detector.usual for detector in detectors}
    if len(usual) > 1:
        raise ConfigError(f"data.normal: the runs were trained on different classes, {' and '.join(sorted(usual))}")
    first = detectors[0]
    jets = test_jets(data, embedded_set(first.usual), first.usual)
    return report(detectors, jets, emd=emd, seed=seed, n_bootstrap=n_bootstrap)


def report(detectors: Sequence[Detector], jets: JetImages, *, emd: int = 0, seed: int = 0,
           n_bootstrap: int = 200) -> Report:
    """:func:`score` with detectors and jets at hand; the controls are those of the first detector."""
    first, rows = detectors[0], list[Row]()
    usual = jets.label == jets.class_names.index(first.usual)
    for name, members in groups(detectors).items():
        values: dict[str, list[np.ndarray]] = {}
        for detector in members:
            for key, of_jets in detector.scores(jets).items():
                values.setdefault(key.replace("model", name), []).append(of_jets)
        rows += [_row(key, "model", each, usual, seed, n_bootstrap) for key, each in values.items()]
    for name, of_jets in first.controls(jets).items():
        rows.append(_row(name, "fitted" if name.startswith("PCA") else "trivial", [of_jets], usual, seed, n_bootstrap))
    about: dict[str, Any] = {"jets": jets.source, "n_usual": int(usual.sum()), "n_unusual": int((~usual).sum())}
    if emd:
        chosen = _some(jets, usual, emd, seed)
        for name, members in groups(detectors).items():
            distances = [distance for detector in members if (distance := moved(detector, jets[chosen])) is not None]
            if distances:
                among = usual[chosen]
                rows.append(_row(f"{name}, EMD of {len(chosen)} jets", "model", distances, among, seed, n_bootstrap))
                about.setdefault("emd_radians", {})[name] = {
                    "usual": float(np.mean([d[among].mean() for d in distances])),
                    "unusual": float(np.mean([d[~among].mean() for d in distances]))}
    return Report(first.usual, rows, about)


def embedded_set(usual: str) -> str:
    """The embedded jets that hold a class."""
    return next((name for name, pair in CLASSES.items() if usual in pair), "quark_gluon")


def groups(detectors: Sequence[Detector]) -> dict[str, list[Detector]]:
    """Detectors of the same model and preprocessing together, under a name that says what they are."""
    found: dict[tuple[str, str], list[Detector]] = {}
    for detector in detectors:
        found.setdefault((repr(detector.options), repr(detector.preprocessing)), []).append(detector)
    named: dict[str, list[Detector]] = {}
    for members in found.values():
        model, seen = members[0], members[0].preprocessing
        name = f"{model.options.name} {seen.size} x {seen.size} {seen.scaling}, {model.model.n_parameters:,} parameters"
        named[name if name not in named else f"{name} ({len(named) + 1})"] = members
    return named


def moved(detector: Detector, jets: JetImages) -> np.ndarray | None:
    """(N,) EMD in radians between images and their reconstructions; None where a model makes none."""
    from .emd import emd  # POT takes a second to load

    made = detector.reconstruct(jets)
    return None if made is None else emd(*made)


def _row(name: str, kind: Kind, values: Sequence[np.ndarray], usual: np.ndarray, seed: int, n: int) -> Row:
    return Row(name, kind, [figures_of(name, v[usual], v[~usual], seed, n) for v in values])


def _some(jets: JetImages, usual: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Positions of ``n`` jets of each kind, or all there are."""
    parts = [np.flatnonzero(mask) for mask in (usual, ~usual)]
    return np.sort(np.concatenate([numpy_rng(seed, "emd", i).permutation(part)[:n] for i, part in enumerate(parts)]))
