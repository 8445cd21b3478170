"""Pictures of trained models: ROC curves, distributions of scores, images beside their reconstructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qgan.base.errors import DataError
from qgan.base.io import atomic_path, check_output
from qgan.data.jets import JetImages

from .detector import Detector
from .report import Report
from .scored import Scored
from .scoring import RocCurve
from .usual import is_usual, others

USUAL, UNUSUAL = "#4D4D4D", "#D55E00"
#: Colours that colour-blind eyes tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
_FAINTEST = 1e-4
#: Where fewer background jets pass, a ROC curve is noise.
_FEWEST = 5


def prepare_folder(folder: str | Path, models: Mapping[str, Sequence[Detector]], overwrite: bool) -> None:
    """Makes the folder, and sees that no picture of these models exists in it.

    Raises:
        DataError: one does, and ``overwrite`` is false; or the folder cannot be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(folder, "", f"cannot be made a folder: {error.strerror or error}") from error
    shown = [_reconstructed(index, members[0]) for index, members in enumerate(models.values())
             if members[0].model.reconstructs]
    for name in ("roc", "scores", "counting", *shown):
        check_output(Path(folder) / f"{name}.png", overwrite)


def write_plots(scored: Scored, report: Report, folder: str | Path) -> list[Path]:
    """Writes every picture as PNG into a folder that exists."""
    paths = []
    for name, figure in figures(scored, report):
        paths.append(Path(folder) / f"{name}.png")
        with atomic_path(paths[-1]) as temporary:
            figure.savefig(temporary, format="png", dpi=120)
    return paths


def figures(scored: Scored, report: Report) -> Iterator[tuple[str, Figure]]:
    """Every picture with its name; the first training of each model is shown."""
    usual, jets = scored.sample.usual, scored.jets
    values = {name: trainings[0]["model"] for name, trainings in scored.values.items()}
    controls = {f"{name} (no network)": v for name, v in scored.controls.items()}
    yield "roc", roc(values | controls, usual)
    yield "scores", score_histograms(values, usual, (scored.usual, others(jets, scored.usual)))
    yield "counting", counting(report)
    for index, (name, members) in enumerate(scored.models.items()):
        made = reconstructions(members[0], jets, name)
        if made is not None:
            yield _reconstructed(index, members[0]), made


def _reconstructed(index: int, detector: Detector) -> str:
    return f"reconstructions_{index + 1}_{detector.options.name}"


def counting(report: Report) -> Figure:
    """The AUC of every score, and what is left of it where both classes have as many lit pixels, with errors."""
    figure = blank(7.2, 1.4 + 0.32 * len(report.rows))
    axes = figure.subplots()
    for name, marker, colour, label in (("auc", "o", "#0072B2", "all jets"),
                                        ("equal_nnz", "s", "#D55E00", "at equal lit pixels")):
        found = [(place, value) for place, row in enumerate(report.rows) if (value := row.figure(name)) is not None]
        axes.errorbar([v.value for _, v in found], [place for place, _ in found], xerr=[v.error for _, v in found],
                      fmt=marker, color=colour, label=label, ms=5)
    axes.axvline(0.5, color="0.7", lw=1)
    axes.set(yticks=range(len(report.rows)), xlabel="AUC")
    axes.set_yticklabels([row.name for row in report.rows], fontsize=7.5)
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize=8)
    return figure


def roc(values: Mapping[str, np.ndarray], usual: np.ndarray) -> Figure:
    """Background rejection over signal efficiency of scores (N,) by name; ``usual`` (N,) says which are background.

    Scores whose name ends in "(no network)" are dotted. A curve begins where at least five background jets pass.
    """
    figure = blank(7.2, 5.4)
    axes = figure.subplots()
    styles = {True: iter(COLOURS * len(values)), False: iter(COLOURS * len(values))}
    for name, score in values.items():
        curve, trivial = RocCurve.of(score[usual], score[~usual]), name.endswith("(no network)")
        some = curve.epsilon_b * curve.n_background > _FEWEST - 0.5
        axes.plot(curve.epsilon_s[some], 1 / curve.epsilon_b[some], color=next(styles[trivial]),
                  ls=":" if trivial else "-", label=f"{name}: AUC {curve.auc():.3f}")
    guess = np.geomspace(_FEWEST / max(int(usual.sum()), _FEWEST), 1)
    axes.plot(guess, 1 / guess, color="0.7", lw=1, label="guessing: AUC 0.500")
    axes.set(xlim=(0, 1), ylim=(1, None), yscale="log", xlabel=r"signal efficiency $\varepsilon_S$",
             ylabel=r"background rejection $1/\varepsilon_B$")
    axes.grid(which="major", color="0.9", lw=0.6)
    axes.legend(frameon=False, fontsize=7.5)
    return figure


def score_histograms(values: Mapping[str, np.ndarray], usual: np.ndarray,
                     names: tuple[str, str] = ("usual", "unusual")) -> Figure:
    """The distribution of each score (N,) for usual and for unusual jets, called ``names``, on the 0.5 to 99.5 % range.
    """
    columns = 2 if len(values) == 4 else min(len(values), 3)
    rows = -(-len(values) // columns)
    figure = blank(4.2 * columns, 3.2 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[len(values):]:
        axes.remove()
    for axes, (name, score) in zip(panels, values.items(), strict=False):
        low, high = np.percentile(score, (0.5, 99.5))
        bins = np.linspace(low, high if high > low else low + 1, 41)
        for chosen, colour, label in ((usual, USUAL, f"{names[0]} jets"), (~usual, UNUSUAL, f"{names[1]} jets")):
            axes.hist(score[chosen], bins, density=True, histtype="step", color=colour, label=label, lw=1.5)
        axes.set(xlabel="score (more unusual to the right)", ylabel="share of jets per unit of score")
        axes.set_title(name, fontsize=8)
        axes.legend(frameon=False, fontsize=8)
    return figure


def reconstructions(detector: Detector, jets: JetImages, title: str, columns: int = 6) -> Figure | None:
    """The first jets of each class above what the model makes of them, shares of pT; None if it makes no images."""
    usual = is_usual(jets, detector.usual)
    chosen = [np.flatnonzero(mask)[:columns] for mask in (usual, ~usual)]
    made = detector.reconstruct(jets[np.concatenate(chosen)])
    if made is None:
        return None
    images, remade, grid = made
    split = len(chosen[0])
    other = others(jets, detector.usual)
    rows = ((images[:split], f"{detector.usual} jet"), (remade[:split], "reconstructed"),
            (images[split:], f"{other} jet"), (remade[split:], "reconstructed"))
    figure = blank(1.5 * columns + 1, 6.6)
    axes = figure.subplots(4, columns, squeeze=False, sharex=True, sharey=True)
    for line, (shown, what) in zip(axes, rows, strict=True):
        line[0].set_ylabel(f"{what}\n" + r"$\Delta\eta$", fontsize=8)
        for panel, image in zip(line, shown, strict=False):
            drawn = panel.imshow(np.maximum(image, _FAINTEST), origin="lower", norm=LogNorm(_FAINTEST, 1.0),
                                 extent=(*grid.phi_range, *grid.eta_range), cmap="viridis", interpolation="nearest")
    for panel in axes.ravel():
        panel.tick_params(labelsize=7)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(MaxNLocator(4, symmetric=True))
    for panel in axes[-1]:
        panel.set_xlabel(r"$\Delta\phi$", fontsize=8)
    figure.suptitle(title, fontsize=9)
    figure.colorbar(drawn, ax=axes, label=r"share of the jet's $p_T$", shrink=0.7, extend="min")
    return figure


def blank(width: float, height: float) -> Figure:
    """A figure of inches that belongs to no window and no global state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
