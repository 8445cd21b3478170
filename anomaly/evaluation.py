"""Trained models on test jets, beside the trivial scores: from run folders to a report, pictures and TensorBoard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qgan.base.seeding import numpy_rng
from qgan.data.jets import JetImages
from qgan.data.matching import check_unseen

from .counting import judged
from .detector import Detector
from .preparation import Jets, embedded_set, test_jets
from .report import Report, ScoreRow
from .scored import Scored, load_models


def score(runs: str | Path | Sequence[str | Path], data: Jets | None = None, *, emd: int = 0, seed: int = 0,
          n_bootstrap: int = 200, device: str = "auto", plots: str | Path | None = None,
          logdir: str | Path | None = None, overwrite: bool = False, allow_shared: bool = False) -> Report:
    """What trained models reach on jets of both classes.

    Args:
        runs: folder of a run, or of several; those of the same model and preprocessing are averaged.
        data: jets of both classes, or files of them; by default the test jets that ship.
        emd: score so many jets of each class by the EMD between image and reconstruction too.
        seed, n_bootstrap: of the errors.
        device: where to compute.
        plots: folder for pictures of the same scores.
        logdir: folder for TensorBoard, which gets every figure and picture.
        overwrite: replace pictures that exist.
        allow_shared: whether jets may be among those that a model was trained on; it is said how many are.

    Raises:
        QganError: a folder without a finished training, jets that do not fit it or that it was trained on, models of
            different classes, or a picture that exists already: before anything is scored.
    """
    scored = _scored(runs, data, device, plots, overwrite, allow_shared)
    found = report_of(scored, emd=emd, seed=seed, n_bootstrap=n_bootstrap)
    if plots is not None:
        from .plots import write_plots

        write_plots(scored, found, plots)
    if logdir is not None:
        record(scored, found, logdir)
    return found


def save_plots(runs: str | Path | Sequence[str | Path], data: Jets | None, folder: str | Path, *,
               overwrite: bool = False, device: str = "auto") -> list[Path]:
    """The pictures of :func:`score` alone, as PNG in a folder, which is made if it does not exist.

    Raises:
        QganError: see :func:`score`.
    """
    from .plots import write_plots

    scored = _scored(runs, data, device, folder, overwrite)
    return write_plots(scored, report_of(scored), folder)


def _scored(runs: str | Path | Sequence[str | Path], data: Jets | None, device: str, plots: str | Path | None,
            overwrite: bool, allow_shared: bool = False) -> Scored:
    models = load_models(runs, device)
    if plots is not None:
        from .plots import prepare_folder

        prepare_folder(plots, models, overwrite)
    usual = next(iter(models.values()))[0].usual
    jets = test_jets(data, embedded_set(usual), usual)
    for name, members in models.items():
        seen = np.concatenate([detector.seen for detector in members])
        check_unseen(jets, seen, f"the training jets of {name}", allow_shared,
                     " (--allow-shared scores them all the same)")
    return Scored.of(models, jets)


def report_of(scored: Scored, *, emd: int = 0, seed: int = 0, n_bootstrap: int = 200) -> Report:
    """:func:`score` of what is scored already."""
    sample, rows = scored.sample, list[ScoreRow]()
    for name, trainings in scored.values.items():
        for key in trainings[0]:
            title = key.replace("model", name)
            rows.append(ScoreRow(title, "model", [judged(title, values[key], sample, seed, n_bootstrap)
                                             for values in trainings]))
    for name, of_jets in scored.controls.items():
        kind = "fitted" if name.startswith("PCA") else "trivial"
        rows.append(ScoreRow(name, kind, [judged(name, of_jets, sample, seed, n_bootstrap)]))  # type: ignore[arg-type]
    about: dict[str, Any] = {"jets": scored.jets.source, "n_usual": int(sample.usual.sum()),
                             "n_unusual": int((~sample.usual).sum())}
    if emd:
        chosen = _some(sample.usual, emd, seed)
        among = sample[chosen]
        for name, members in scored.models.items():
            distances = [distance for detector in members
                         if (distance := moved(detector, scored.jets[chosen])) is not None]
            if distances:
                title = f"{name}, EMD of {len(chosen)} jets"
                rows.append(ScoreRow(title, "model", [judged(title, d, among, seed, n_bootstrap) for d in distances]))
                about.setdefault("emd_radians", {})[name] = {
                    "usual": float(np.mean([d[among.usual].mean() for d in distances])),
                    "unusual": float(np.mean([d[~among.usual].mean() for d in distances]))}
    return Report(scored.usual, rows, about)


def record(scored: Scored, found: Report, folder: str | Path) -> None:
    """Writes the figures of every row, the distributions of the scores, and the pictures for TensorBoard."""
    # TensorBoard and matplotlib take seconds to load.
    from qgan.report.tensorboard import TensorBoardRecorder, clear_events

    from .plots import figures

    clear_events(folder)
    recorder = TensorBoardRecorder(folder)
    recorder.scalars(0, {f"{figure}/{row.name}": value.value for row in found.rows
                         for figure, value in row.figures().items() if value is not None})
    for name, trainings in scored.values.items():
        for kind, mask in (("usual", scored.sample.usual), ("unusual", ~scored.sample.usual)):
            recorder.histograms(0, {f"score of {kind} jets/{key.replace('model', name)}": values[mask]
                                    for key, values in trainings[0].items()})
    recorder.text(0, "scores", "    " + found.table().replace("\n", "\n    "))
    for name, figure in figures(scored, found):
        recorder.figure(0, name, figure)
    recorder.close()


def moved(detector: Detector, jets: JetImages) -> np.ndarray | None:
    """(N,) EMD in radians between images and their reconstructions; None where a model makes none."""
    from .emd import emd  # POT takes a second to load

    made = detector.reconstruct(jets)
    return None if made is None else emd(*made)


def _some(usual: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Positions of ``n`` jets of each kind, or all there are."""
    parts = [np.flatnonzero(mask) for mask in (usual, ~usual)]
    return np.sort(np.concatenate([numpy_rng(seed, "emd", i).permutation(part)[:n] for i, part in enumerate(parts)]))
