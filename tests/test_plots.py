"""Pictures: they are written whole, show the numbers they should, and touch no global state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.legend import Legend
from matplotlib.patches import StepPatch
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.evaluation import Curve, Evaluation, Row
from qgan.report import plots
from qgan.report.plots.histograms import edges_for, overlay
from qgan.report.plots.roc import has_curves, roc_plot
from qgan.report.plots.style import new_figure

REAL, FAKE = toy_jets(150, 1, "real.h5"), toy_jets(120, 2, "fake.h5")


def stairs(axes: Axes) -> dict[str, Any]:
    """What each histogram drawn as steps holds, by its label."""
    return {str(patch.get_label()): patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)}


def test_every_picture_is_written(tmp_path: Path) -> None:
    settings = dict(matplotlib.rcParams)
    paths = plots.save_plots(REAL, FAKE, tmp_path / "plots")
    assert [p.stem for p in paths] == ["mean_images", "observables_qcd", "observables_w", "pixel_spectrum",
                                       "correlations_qcd", "correlations_w", "closure", "gallery"]
    assert all(p.read_bytes().startswith(b"\x89PNG") and p.stat().st_size > 20_000 for p in paths)
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == sorted(p.name for p in paths)
    assert dict(matplotlib.rcParams) == settings
    with pytest.raises(DataError, match="exists already"):
        plots.save_plots(REAL, FAKE, tmp_path / "plots")


def test_no_closure_without_conditions() -> None:
    bare = replace(FAKE, conditions={})
    assert "closure" not in [drawn.name for drawn in plots.figures(REAL.only("w"), bare)]
    with pytest.raises(DataError, match=r"fake\.h5: jet_mass"):
        plots.closure_plot(REAL, bare)


def test_jets_of_another_frame_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="frame"):
        plots.save_plots(REAL, replace(FAKE, frame="raw"), tmp_path / "plots")
    assert not (tmp_path / "plots").exists()


def test_mean_images_show_the_means() -> None:
    rows = [Row("mean_image", "", name, 0.123, 0.01, 0.05, None, None, "", 100) for name in ("qcd", "w")]
    figure = plots.mean_images(REAL, FAKE, {"generated": Evaluation(rows)})
    panels = [a for a in figure.axes if a.images]
    assert len(panels) == 6
    shown = panels[0].images[0]
    mean = REAL.only("qcd").images.mean(0)
    pixels = shown.get_array()
    assert pixels is not None
    np.testing.assert_allclose(np.ma.filled(pixels, 0), mean, rtol=1e-5, atol=1e-6)
    assert isinstance(shown.norm, LogNorm)
    assert shown.norm.vmax == panels[1].images[0].norm.vmax
    difference = panels[2].images[0].norm
    assert isinstance(difference.vmax, float)
    assert difference.vmin == -difference.vmax
    assert panels[2].get_title().endswith("12.3 % (real: 5.0 %), L1 / sum")
    assert figure.get_supxlabel() == "numbers of 100 jets a side"
    assert "%" not in [a for a in plots.mean_images(REAL, FAKE).axes if a.images][2].get_title()


def test_the_frame_decides_which_way_is_up() -> None:
    up = {}
    for frame in ("raw", "canonical"):
        real, fake = (replace(j, frame=frame) for j in (REAL, FAKE))
        axes = plots.mean_images(real, fake).axes[0]
        up[frame] = axes.get_ylim()[0] < axes.get_ylim()[1]
        assert ("'" in axes.get_ylabel()) == (frame == "canonical")
    assert up == {"raw": True, "canonical": False}


def test_histograms_have_unit_area_and_poisson_errors() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=2000), rng.normal(size=500) * 30
    edges = edges_for(a, b)
    top, bottom = new_figure(4, 4).subplots(2, 1)
    overlay(top, bottom, a, {"generated": b}, edges)
    drawn = stairs(top)
    for name in ("real", "generated"):
        assert (drawn[name].values * np.diff(drawn[name].edges)).sum() == pytest.approx(1)
    bars = top.containers[0].get_children()[0].get_segments()
    counts = np.histogram(np.clip(b, edges[0], edges[-1]), edges)[0]
    k = int(np.argmax(counts))
    assert bars[k][1][1] - bars[k][0][1] == pytest.approx(2 * np.sqrt(counts[k]) / (500 * (edges[1] - edges[0])))


def test_the_spectrum_fills_its_panel() -> None:
    figure = plots.pixel_spectrum(REAL, {"one": FAKE, "two": REAL})
    for top in figure.axes[::2]:
        assert top.get_yscale() == "log"
        drawn = stairs(top)
        heights = np.concatenate([drawn[name].values for name in ("real", "one", "two")])
        low, high = top.get_ylim()
        assert 0 < low < heights[heights > 0].min()
        assert heights.max() < high < 10 * heights.max()
    # Of one sample twice the ratio is 1 in every bin.
    ratios = [np.asarray(line.get_ydata()) for line in figure.axes[1].lines if line.get_color() == "#0072B2"]
    assert {round(float(y), 9) for values in ratios if len(values) > 3 for y in values} == {1.0}


def test_a_spike_does_not_flatten_the_real_histogram() -> None:
    same = replace(FAKE, images=np.repeat(FAKE.images[:1], len(FAKE), 0))
    top = plots.observable_histograms(REAL, same, 0, names=("mass",), columns=1).axes[0]
    highest = {name: data.values.max() for name, data in stairs(top).items() if name}
    assert top.get_ylim()[1] == pytest.approx(2 * highest["real"])
    assert highest["generated"] > 2 * highest["real"]


def test_counts_fall_into_whole_bins() -> None:
    counts = np.random.default_rng(0).poisson(40, 3000).astype(float)
    edges = edges_for(counts, counts, whole=True)
    assert np.allclose(edges % 1, 0.5)
    assert len(np.unique(np.diff(edges))) == 1
    assert edges[0] < np.quantile(counts, 0.001)
    assert edges[-1] > np.quantile(counts, 0.999)


def test_roc_curves_of_two_generators() -> None:
    rows = [Row("c2st_auc", "features", group, 0.75, 0.01, 0.5, None, 1.0, "", 50) for group in ("qcd", "w", "all")]
    rows.append(Row("tagger_auc", "features", "all", 0.8, 0.01, 0.9, None, 1.0, "", 50))
    # Signal above background three times out of four: the area is known.
    low, high = np.repeat([0.1, 0.3], 50), np.repeat([0.2, 0.4], 50)
    curves = [Curve("c2st_auc", "features", group, low, high, "trees") for group in ("qcd", "w", "all")]
    curves += [Curve("tagger_auc", "features", side, low, high, "trees") for side in ("generated", "real")]
    told = Evaluation(rows, curves=curves)
    assert has_curves({"one": told})
    assert not has_curves({"one": Evaluation(rows)})
    figure = roc_plot({"one": told, "two": told})
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title().split(":")[0] for axes in panels[:3]] == ["QCD jets", "W jets", "all jets"]
    labels = [[text.get_text() for legend in axes.findobj(Legend) for text in legend.get_texts()] for axes in panels]
    assert labels[0] == ["one, trees: 0.750", "two, trees: 0.750"]
    assert labels[3] == ["one, trees: 0.800", "two, trees: 0.800", "real, trees: 0.900"]
    x, y = map(np.asarray, panels[0].lines[1].get_data())
    assert np.trapezoid(y, x) == pytest.approx(0.75, abs=0.01)


def test_labels_have_units_and_names() -> None:
    figure = plots.observable_histograms(REAL, FAKE, 1, names=("pt", "mass", "nnz"), columns=3)
    labels = [a.get_xlabel() for a in figure.axes]
    assert "image mass [GeV]" in labels
    assert any("GeV" in x and "p_T" in x for x in labels)
    assert "150 real, 120 generated" in figure.get_suptitle()
    assert "W jets" in figure.get_suptitle()


def test_gallery_repeats_with_its_seed() -> None:
    first, again, other = (plots.to_png(plots.gallery(REAL, FAKE, columns=2, seed=s), dpi=40) for s in (0, 0, 1))
    assert first == again
    assert first != other
