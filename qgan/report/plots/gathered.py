"""All pictures of an evaluation, with what they show in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ...base.io import atomic_path, check_output
from ...base.progress import progress
from ...data.jets import JetImages
from ...evaluation import Evaluation
from ...evaluation.real_jets import check_alike
from .closure import can_close, closure_plot
from .correlations import correlation_plot
from .evidence import evidence_plot, has_evidence, telling, telling_plot
from .histograms import observable_histograms, pixel_spectrum
from .numbers import in_picture
from .pictures import gallery, mean_images
from .roc import has_curves, roc_plot
from .style import class_title, named, shared_classes

_HISTOGRAMS = ("Unit area, Poisson errors; below, generated over real. What lies outside the range is in the "
               "outermost bins; arrows are ratios beyond the panel. Coloured numbers: {}, as in the tables.")


@dataclass(frozen=True)
class Drawn:
    """A figure with its name, its title, and how to read it."""

    name: str
    title: str
    caption: str
    figure: Figure


def figures(real: JetImages, fakes: JetImages | Mapping[str, JetImages], seed: int = 0,
            evaluations: Mapping[str, Evaluation] | None = None) -> Iterator[Drawn]:
    """Every picture, one after the other; closure only where all carry mass and pT.

    Args:
        fakes: generated jets, or those of several generators by name.
        seed: which jets are in the gallery.
        evaluations: by the same names, for the numbers in the pictures and the curves of the classifiers.
    """
    generators = named(fakes)
    classes = shared_classes(real, generators)
    numbers = ", ".join(metric.says for metric, _ in in_picture("observables"))
    yield Drawn("mean_images", "Mean images", "Mean pT of each pixel on a logarithmic scale, and generated − real on "
                "a scale that is linear around 0, each on its own: mind the numbers beside it.",
                mean_images(real, generators, evaluations))
    for label in classes:
        yield Drawn(f"observables_{real.name(label)}", f"Observables of {class_title(real, label)}",
                    _HISTOGRAMS.format(numbers),
                    observable_histograms(real, generators, label, evaluations=evaluations))
    yield Drawn("pixel_spectrum", "Pixel intensities", "Pixels per jet against their pT. Below, generated over real.",
                pixel_spectrum(real, generators))
    for label in classes:
        yield Drawn(f"correlations_{real.name(label)}", f"Correlations in {class_title(real, label)}",
                    "Pearson's correlation of every two observables. White rows: the observable is the same in all "
                    "jets.", correlation_plot(real, generators, label))
    if evaluations is not None and has_curves(evaluations):
        yield Drawn("classifiers", "Classifiers", "On the dotted line nothing is told apart: the goal for generated "
                    "against real jets. A tagger of the classes should see in generated jets what it sees in real "
                    "ones. The areas are those of the tables.", roc_plot(evaluations))
    if evaluations is not None:
        yield from _referees(real, evaluations, classes)
    if all(can_close(jets) for jets in (real, *generators.values())):
        yield Drawn("closure", "Closure", "What the image has against what was asked for; for real jets, against the "
                    "jet's own mass and pT. Points: bias, bars: resolution, in bins of equally many jets.",
                    closure_plot(real, generators, evaluations))
    yield Drawn("gallery", "Random jets", "Drawn at random, none selected.", gallery(real, generators, seed=seed))


def _referees(real: JetImages, evaluations: Mapping[str, Evaluation], classes: Sequence[int]) -> Iterator[Drawn]:
    """What they go by."""
    if has_evidence(evaluations):
        yield Drawn("evidence", "What the network on images goes by", "The test jets that it is surest are real, and "
                    "surest are generated, with its probability that they are generated; and the mean over test jets "
                    "of p ∂logit/∂p: where more pT speaks for generated jets (positive) or for real ones.",
                    evidence_plot(real, evaluations))
    for index, (name, evaluation) in enumerate(evaluations.items()):
        for label in classes:
            if telling(evaluation, real.name(label)):
                title = f"What tells {class_title(real, label)} of {name} from real ones"
                yield Drawn(f"tells_{name}_{real.name(label)}".replace("/", "-"), title, "Left: what trees on "
                            "unused, and on used, observables lose in AUC when one is shuffled among the test jets; of "
                            "two that say the same each may seem to be of little use. Right: the unused observables "
                            "that are farthest off.", telling_plot(evaluation, real.name(label), index))


def save_plots(real: JetImages, fakes: JetImages | Mapping[str, JetImages], folder: str | Path, seed: int = 0,
               overwrite: bool = False, evaluations: Mapping[str, Evaluation] | None = None,
               quiet: bool = True) -> list[Path]:
    """Writes every picture as PNG into a folder, which is made if it does not exist; says how far it is unless quiet.

    Raises:
        DataError: the jets differ in grid or frame, or a picture exists and ``overwrite`` is false.
    """
    for fake in named(fakes).values():
        check_alike(real, fake)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with progress(None, "plot", "pictures", quiet=quiet) as bar:
        for drawn in figures(real, fakes, seed, evaluations):
            paths.append(folder / f"{drawn.name}.png")
            save_figure(drawn.figure, paths[-1], overwrite)
            bar.update()
    return paths


def save_figure(figure: Figure, path: str | Path, overwrite: bool = True, dpi: int = 120) -> None:
    """Writes a figure as PNG, whole or not at all."""
    with atomic_path(check_output(path, overwrite)) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi)
