"""The jets that ship: what they are, that the splits are disjoint, and that an independent simulation agrees."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from reference_summary import FOLDER, count, features, p_value

import qgan.data
from qgan.base.io import read_json
from qgan.data import JetImages, embedded_jets, read_jets
from qgan.observables.registry import measured

PROCESSES = ("w", "qcd", "quark", "gluon")
AT_LEAST = {"train": 10_000, "validation": 1_000, "test": 5_000}
EMBEDDED = Path(qgan.data.__file__).parent / "embedded"


@cache
def jets_of(process: str, split: str) -> JetImages:
    return embedded_jets(process, split)


def p_values(jets: JetImages, process: str) -> dict[str, float]:
    """Of each observable, against the reference."""
    reference, values = read_json(FOLDER / f"{process}.json"), features(jets)
    return {name: p_value(np.array(bins["counts"]), count(values[name], np.array(bins["edges"])))
            for name, bins in reference.items()}


@pytest.mark.parametrize("split", AT_LEAST)
@pytest.mark.parametrize("process", PROCESSES)
def test_sizes_frames_and_selection(process: str, split: str) -> None:
    jets = jets_of(process, split)
    fat = process in ("w", "qcd")
    assert len(jets) >= AT_LEAST[split]
    assert jets.images.shape[1:] == (25, 25)
    assert jets.frame == ("canonical" if fat else "raw")
    assert jets.grid.half_width == pytest.approx(1.25 if fat else 0.4)
    assert jets.class_names == (("qcd", "w") if fat else ("gluon", "quark"))
    assert (jets.label == jets.class_names.index(process)).all()
    low, high = (250, 300) if fat else (500, 550)
    pt, mass = jets.conditions["pt"], jets.conditions["mass"]
    assert pt.min() >= low
    assert pt.max() <= high
    assert not fat or (mass.min() >= 60 and mass.max() <= 100)
    assert np.abs(jets.conditions["eta"]).max() < 2.1
    assert {"tau_1", "tau_2", "tau_3", "tau_21", "tau_32", "delta_r"} <= jets.conditions.keys()
    assert jets.origin["process"] == process
    assert jets.origin["split"] == split


def test_files_are_small() -> None:
    sizes = [path.stat().st_size for path in EMBEDDED.glob("*/*.h5")]
    assert len(sizes) == len(PROCESSES) * len(AT_LEAST)
    assert max(sizes) < 4e6
    assert sum(sizes) < 25e6


@pytest.mark.parametrize("process", PROCESSES)
def test_splits_share_no_jet(process: str) -> None:
    jets = {split: set(zip(*(jets_of(process, split).conditions[k].tolist() for k in ("eta", "phi", "pt")),
                           strict=True)) for split in AT_LEAST}
    for first, second in combinations(jets, 2):
        assert not jets[first] & jets[second]
    assert all(len(jets[split]) == len(jets_of(process, split)) for split in AT_LEAST)


def test_pairs_hold_both_classes() -> None:
    for name, processes in (("w_qcd", ("qcd", "w")), ("quark_gluon", ("gluon", "quark"))):
        jets = embedded_jets(name, "validation")
        assert jets.class_names == processes
        for process in processes:
            np.testing.assert_array_equal(jets.only(process).images, jets_of(process, "validation").images)
        assert 0.45 < jets[:1000].label.mean() < 0.55
        apart = embedded_jets(name, "validation", mixed=False)
        np.testing.assert_array_equal(apart.label, np.sort(jets.label))


@pytest.mark.parametrize("process", PROCESSES)
def test_observables_agree_with_an_independent_simulation(process: str) -> None:
    found = p_values(jets_of(process, "test"), process)
    assert found.keys() == {*measured(), "jet_pt", "jet_eta", "jet_mass", "jet_delta_r"}
    low = {name: p for name, p in found.items() if p * len(found) < 0.001}
    assert not low


def test_the_comparison_sees_another_class_and_a_shift() -> None:
    w = jets_of("w", "test")
    other = p_values(w, "qcd")
    assert all(other[name] < 1e-6 for name in ("mass", "nnz", "width", "tau_21", "jet_mass"))
    moved = JetImages(w.images * np.float32(1.02), w.label, w.conditions, w.grid, w.frame, w.class_names)
    shifted = p_values(moved, "w")
    assert shifted["pt"] * len(shifted) < 0.001


@pytest.mark.parametrize("process", ["w", "qcd"])
def test_canonical_images_are_canonical(process: str) -> None:
    images = jets_of(process, "test").images
    left, right = images[:, :, :12].sum((1, 2), dtype=np.float64), images[:, :, 13:].sum((1, 2), dtype=np.float64)
    assert (right >= left * (1 - 1e-3)).all()
    assert images[:, 14:].sum() > 1.5 * images[:, :11].sum()


@pytest.mark.parametrize("process", ["quark", "gluon"])
def test_raw_images_know_no_side(process: str) -> None:
    mean = jets_of(process, "train").images.mean(axis=0, dtype=np.float64)
    for mirrored in (mean[::-1], mean[:, ::-1], mean.T):
        assert np.abs(mean - mirrored).sum() / mean.sum() < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_the_simulation_still_makes_them(process: str, tmp_path: Path) -> None:
    pytest.importorskip("fastjet")
    pytest.importorskip("pythia8mc")
    from qgan.simulation import simulate
    from qgan.simulation.embedded import SEED
    from qgan.simulation.engines import versions

    shipped = jets_of(process, "test")
    if versions() != shipped.origin["versions"]:
        pytest.skip(f"made with {shipped.origin['versions']}, here are {versions()}")
    made = read_jets(simulate(process, 10, tmp_path / "jets.h5", seed=SEED, quiet=True))
    np.testing.assert_allclose(shipped.images[:10], made.images, rtol=2**-13)
    for name, values in made.conditions.items():
        np.testing.assert_array_equal(shipped.conditions[name][:10], values, err_msg=name)
