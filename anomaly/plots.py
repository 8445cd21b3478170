"""Pictures of trained models: ROC curves, distributions of scores, images beside their reconstructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from qgan.data.jets import JetImages
from qgan.errors import DataError
from qgan.io import atomic_path, check_output

from .detector import Detector, load_detector
from .evaluation import embedded_set, groups
from .preparation import Jets, test_jets
from .scoring import Curve

USUAL, UNUSUAL = "#4D4D4D", "#D55E00"
#: Colours that colour-blind eyes tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
_FAINTEST = 1e-4


def save_plots(runs: Sequence[str | Path], data: Jets | None, folder: str | Path,
               overwrite: bool = False) -> list[Path]:
    """Writes every picture as PNG into a folder, which is made if it does not exist.

    Args:
        runs: folders of runs of one usual class.
        data: jets of both classes, or files of them; by default the test jets that ship.

    Raises:
        QganError: see :func:`anomaly.score`; or a picture exists and ``overwrite`` is false.
    """
    detectors = [load_detector(run) for run in runs]
    jets = test_jets(data, embedded_set(detectors[0].usual), detectors[0].usual)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(folder, "", f"cannot be made a folder: {error.strerror or error}") from error
    paths = []
    for name, figure in figures(detectors, jets):
        paths.append(check_output(folder / f"{name}.png", overwrite))
        with atomic_path(paths[-1]) as temporary:
            figure.savefig(temporary, format="png", dpi=120)
    return paths


def figures(detectors: Sequence[Detector], jets: JetImages) -> Iterator[tuple[str, Figure]]:
    """Every picture with its name; the first training of each model is shown."""
    shown = {name: members[0] for name, members in groups(detectors).items()}
    usual = jets.label == jets.class_names.index(detectors[0].usual)
    values = {name: detector.scores(jets)["model"] for name, detector in shown.items()}
    controls = {f"{name} (no network)": v for name, v in detectors[0].controls(jets).items()}
    yield "roc", roc(values | controls, usual)
    yield "scores", score_histograms(values, usual)
    for index, (name, detector) in enumerate(shown.items()):
        made = reconstructions(detector, jets, name)
        if made is not None:
            yield f"reconstructions_{index + 1}_{detector.options.name}", made


def roc(values: Mapping[str, np.ndarray], usual: np.ndarray) -> Figure:
    """Background rejection over signal efficiency of scores (N,) by name; ``usual`` (N,) says which are background."""
    figure = _figure(6.4, 4.8)
    axes = figure.subplots()
    for i, (name, score) in enumerate(values.items()):
        curve = Curve.of(score[usual], score[~usual])
        some = curve.epsilon_b > 0
        axes.plot(curve.epsilon_s[some], 1 / curve.epsilon_b[some], color=_COLOURS[i % len(_COLOURS)],
                  ls="-" if "no network" not in name else ":", label=f"{name}: AUC {curve.auc():.3f}")
    axes.plot(np.linspace(0.01, 1), 1 / np.linspace(0.01, 1), color="0.8", lw=1)
    axes.set(xlim=(0, 1), ylim=(1, None), yscale="log", xlabel=r"signal efficiency $\varepsilon_S$",
             ylabel=r"background rejection $1/\varepsilon_B$")
    axes.legend(frameon=False, fontsize=7)
    return figure


def score_histograms(values: Mapping[str, np.ndarray], usual: np.ndarray) -> Figure:
    """The distribution of each score (N,) for usual and for unusual jets, on the 0.5 to 99.5 % range."""
    figure = _figure(4.6 * len(values), 3.4)
    for axes, (name, score) in zip(figure.subplots(1, len(values), squeeze=False)[0], values.items(), strict=True):
        low, high = np.percentile(score, (0.5, 99.5))
        bins = np.linspace(low, high if high > low else low + 1, 41)
        for chosen, colour, label in ((usual, USUAL, "usual"), (~usual, UNUSUAL, "unusual")):
            axes.hist(score[chosen], bins, density=True, histtype="step", color=colour, label=label, lw=1.5)
        axes.set(xlabel="score", ylabel="density")
        axes.set_title(name, fontsize=8)
        axes.legend(frameon=False, fontsize=8)
    return figure


def reconstructions(detector: Detector, jets: JetImages, title: str, columns: int = 6) -> Figure | None:
    """The first jets of each class above what the model makes of them, shares of pT; None if it makes no images."""
    usual = jets.label == jets.class_names.index(detector.usual)
    chosen = [np.flatnonzero(mask)[:columns] for mask in (usual, ~usual)]
    made = detector.reconstruct(jets[np.concatenate(chosen)])
    if made is None:
        return None
    images, remade, grid = made
    split = len(chosen[0])
    rows = ((images[:split], "usual"), (remade[:split], "reconstructed"), (images[split:], "unusual"),
            (remade[split:], "reconstructed"))
    figure = _figure(1.5 * columns + 1, 6.6)
    axes = figure.subplots(4, columns, squeeze=False, sharex=True, sharey=True)
    for line, (shown, what) in zip(axes, rows, strict=True):
        line[0].set_ylabel(f"{what}\n" + r"$\Delta\eta$", fontsize=8)
        for panel, image in zip(line, shown, strict=False):
            drawn = panel.imshow(np.maximum(image, _FAINTEST), origin="lower", norm=LogNorm(_FAINTEST, 1.0),
                                 extent=(*grid.phi_range, *grid.eta_range), cmap="viridis", interpolation="nearest")
    for panel in axes[-1]:
        panel.set_xlabel(r"$\Delta\phi$", fontsize=8)
    figure.suptitle(title, fontsize=9)
    figure.colorbar(drawn, ax=axes, label=r"share of the jet's $p_T$", shrink=0.7, extend="min")
    return figure


def _figure(width: float, height: float) -> Figure:
    """A figure of inches that belongs to no window and no global state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
