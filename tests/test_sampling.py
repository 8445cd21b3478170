"""Jets from a checkpoint: the same whatever their number, with the conditions that were asked for."""

from __future__ import annotations

import os
import signal
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from small_training import PUBLISHED, small, with_delta_r
from toy_jets import toy_jets

from qgan.base.errors import CheckpointError, ConditionError, ConfigError, DataError, QganError
from qgan.data import JetImages, JetWriter, concatenate, read_jets, write_jets
from qgan.data.jets import KEYS
from qgan.observables.subjettiness import tau_from_images
from qgan.runs import checkpoint
from qgan.sampling.pretrained import load_model
from qgan.sampling.source import BLOCK, JetSource, generate, load_source
from qgan.training.experiment import train

JETS = with_delta_r(toy_jets(200, 1))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_jets(folder / "jets.h5", JETS)
    configuration = small({"steps": 3, "symmetry": "exact", "data.codings": ["delta_r", "pixel_mean", "width"]})
    return train(configuration, data=[folder / "jets.h5"], out=folder / "run", quiet=True).path


@pytest.fixture(scope="module")
def source(run: Path) -> JetSource:
    return load_source(run)


@pytest.fixture(scope="module")
def many(source: JetSource) -> JetImages:
    """1100 jets of seed 3."""
    return concatenate(list(source.jets(1100, 3)))


def same(one: JetImages, other: JetImages) -> bool:
    return np.array_equal(one.images, other.images) and np.array_equal(one.label, other.label) and \
        one.conditions.keys() == other.conditions.keys() and \
        all(np.array_equal(one.conditions[k], other.conditions[k]) for k in one.conditions)


@pytest.mark.parametrize("n", [1, 10, BLOCK, BLOCK + 1, 700])
def test_the_first_jets_are_the_same_whatever_their_number(source: JetSource, many: JetImages, n: int) -> None:
    jets = concatenate(list(source.jets(n, 3)))
    assert len(jets) == n
    assert same(jets, many[:n])


def test_blocks_can_be_made_in_any_order_and_anywhere(source: JetSource, many: JetImages, run: Path) -> None:
    backwards = [load_source(run).block(i, 3) for i in (2, 1, 0)][::-1]
    assert same(concatenate(backwards)[:1100], many)
    torch.manual_seed(5)  # the global random numbers have no say
    assert same(source.block(1, 3), many[BLOCK:2 * BLOCK])


def test_blocks_and_seeds_differ(source: JetSource, many: JetImages) -> None:
    assert not np.array_equal(many.images[:BLOCK], many.images[BLOCK:2 * BLOCK])
    assert not np.array_equal(many.conditions["pt"][:BLOCK], many.conditions["pt"][BLOCK:2 * BLOCK])
    other = source.block(0, 4)
    assert not np.array_equal(other.images, many.images[:BLOCK])
    assert not np.array_equal(other.conditions["pt"], many.conditions["pt"][:BLOCK])


def test_blocks_with_the_same_conditions_have_noise_of_their_own(source: JetSource,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.sampling.source.numpy_rng", lambda *path: np.random.default_rng(1))
    blocks = [source.block(index, seed) for index, seed in ((0, 3), (1, 3), (0, 4))]
    for other in blocks[1:]:
        np.testing.assert_array_equal(other.conditions["pt"], blocks[0].conditions["pt"])
        assert not np.array_equal(other.images, blocks[0].images)


def test_files_are_the_same_however_the_request_is_divided(run: Path, tmp_path: Path) -> None:
    for name, n in (("few", 300), ("more", 600)):
        generate(run, tmp_path / f"{name}.h5", n=n, seed=8, quiet=True)
    few, more = (read_jets(tmp_path / f"{name}.h5") for name in ("few", "more"))
    assert same(few, more[:300])


def test_files_are_the_same_however_many_processes_and_threads(run: Path, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        expected = generated(run, tmp_path, 1)
        assert torch.get_num_threads() == 2, "left as it was"
    finally:
        torch.set_num_threads(threads)
    assert generated(run, tmp_path, 2) == generated(run, tmp_path, 4) == expected


def generated(run: Path, folder: Path, workers: int) -> bytes:
    """A file of three blocks and a bit, with a chosen class and range."""
    path = folder / f"{workers}.h5"
    rate = generate(run, path, n=3 * BLOCK + 5, seed=8, label="w", fixed={"mass": (75.0, 85.0)}, device="cpu",
                    workers=workers, quiet=True)
    assert rate > 0
    assert len(read_jets(path)) == 3 * BLOCK + 5
    return path.read_bytes()


def test_errors_and_ctrl_c_with_several_processes_leave_nothing(run: Path, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConditionError, match="mass"):
        generate(run, tmp_path / "fake.h5", n=1000, fixed={"mass": 1e6}, workers=2, quiet=True)
    with pytest.raises(ConfigError, match="workers: 0, expected at least 1"):
        generate(run, tmp_path / "fake.h5", workers=0, quiet=True)

    def pressed(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(JetWriter, "append", pressed)
    with pytest.raises(KeyboardInterrupt):
        generate(run, tmp_path / "fake.h5", n=10 * BLOCK, workers=2, quiet=True)
    assert not list(tmp_path.iterdir())


def test_jets_are_like_the_training_jets(many: JetImages) -> None:
    assert many.grid == JETS.grid
    assert (many.frame, many.class_names) == (JETS.frame, JETS.class_names)
    assert 0.4 < many.label.mean() < 0.6
    assert many.images.dtype == np.float32
    for name in ("pt", "mass", "eta", "delta_r"):
        for label in (0, 1):
            mine, theirs = many.conditions[name][many.label == label], JETS.conditions[name][JETS.label == label]
            assert theirs.min() <= mine.min() <= mine.max() <= theirs.max()
            assert abs(np.median(mine) - np.median(theirs)) < 0.35 * theirs.std(), name
    assert many.conditions["phi"].min() >= 0
    assert many.conditions["phi"].max() <= 2 * np.pi
    assert many.conditions["phi"].std() == pytest.approx(2 * np.pi / 12**0.5, rel=0.05)
    # The asked pixel mean is what the image has; toy images keep all of pT.
    np.testing.assert_allclose(many.images.sum((1, 2)), many.conditions["pt"], rtol=0.02)


def test_subjettiness_is_measured_where_it_is_asked_for(source: JetSource, many: JetImages) -> None:
    jets = source.sample(200, 3, substructure=True)
    expected = tau_from_images(many.images[:200], many.grid)
    assert jets.conditions.keys() - many.conditions.keys() == expected.keys()
    for name, tau in expected.items():
        np.testing.assert_allclose(jets.conditions[name], tau, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("label", "number"), [(0, 0), (1, 1), ("qcd", 0), ("w", 1)])
def test_the_class_can_be_chosen(source: JetSource, label: int | str, number: int) -> None:
    jets = concatenate(list(source.jets(60, 1, label)))
    assert jets.classes == [number]
    assert same(jets, concatenate(list(source.jets(60, 1, number))))


def test_values_and_ranges_are_met(source: JetSource) -> None:
    fixed: dict[str, float | tuple[float, float]] = {"pt": 270.0, "eta": (-0.5, 0.25)}
    jets = concatenate(list(source.jets(600, 1, None, fixed)))
    np.testing.assert_array_equal(jets.conditions["pt"], np.float32(270))
    assert -0.5 <= jets.conditions["eta"].min() < jets.conditions["eta"].max() <= 0.25
    assert jets.conditions["mass"].std() > 5
    # The codings follow: the image has the pT that was fixed.
    assert jets.images.sum((1, 2)).mean() == pytest.approx(270, rel=0.01)
    assert jets.images.sum((1, 2)).std() < 0.2 * JETS.conditions["pt"].std()


def test_masses_in_a_range(source: JetSource) -> None:
    jets = concatenate(list(source.jets(100, 1, "w", {"mass": (75.0, 85.0)})))
    assert 75 <= jets.conditions["mass"].min() <= jets.conditions["mass"].max() <= 85
    assert jets.conditions["mass"].std() > 1


@pytest.mark.parametrize(("label", "fixed", "said"), [
    (None, {"pt": 99.0}, "pt: 99 is outside the training range 25"),
    (None, {"pt": (100.0, 200.0)}, "pt: 100 to 200 is outside the training range 25"),
    ("w", {"mass": 900.0}, "mass: 900 is outside the training range .* of class 1"),
    (None, {"tau_21": 0.5}, "tau_21: no such condition; the model has eta, pt, mass"),
    (None, {"pt": (280.0, 270.0)}, "pt: the range 280 to 270 is empty"),
    ("top", {}, r"label: 'top' is no class of this generator, which has 0 \(qcd\), 1 \(w\)"),
    (7, {}, "label: 7 is no class"),
])
def test_what_cannot_be_met_is_named_and_leaves_nothing(run: Path, tmp_path: Path, label: int | str | None,
                                                        fixed: dict[str, float], said: str) -> None:
    with pytest.raises(ConditionError, match=said):
        generate(run, tmp_path / "fake.h5", n=10, label=label, fixed=fixed, quiet=True)
    assert not list(tmp_path.iterdir())


def test_the_file_has_the_layout_of_the_training_jets(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "fake.h5"
    rate = generate(run, out, n=50, seed=4, label="w", fixed={"mass": (70.0, 90.0)}, substructure=True,
                    quiet=True)
    assert rate > 0
    with h5py.File(out) as file:
        assert set(file) == {"image", "signal", *KEYS.values()}
        assert file["image"].shape == (50, 12, 12)
    jets = read_jets(out)
    assert jets.grid == JETS.grid
    origin = jets.origin
    assert origin["checkpoint"] == str(run / "checkpoint.pt")
    assert (origin["seed"], origin["n"], origin["label"], origin["step"]) == (4, 50, "w", 3)
    assert (origin["fixed"], origin["training_seed"]) == ({"mass": [70.0, 90.0]}, 0)


def test_an_existing_file_is_not_replaced_unless_told(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "fake.h5"
    out.write_text("precious")
    with pytest.raises(DataError, match="exists already; pass --overwrite"):
        generate(run, out, n=10, quiet=True)
    assert out.read_text() == "precious"
    generate(run, out, n=10, overwrite=True, quiet=True)
    assert len(read_jets(out)) == 10
    assert [path.name for path in tmp_path.iterdir()] == ["fake.h5"]


@pytest.mark.parametrize("stop", [RuntimeError("broken"), KeyboardInterrupt()])
def test_an_interruption_leaves_nothing_behind(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                               stop: BaseException) -> None:
    whole = JetSource.block

    def block(self: JetSource, index: int, *arguments: object, **options: object) -> JetImages:
        if index == 1:
            raise stop
        return whole(self, index, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(JetSource, "block", block)
    with pytest.raises(type(stop)):
        generate(run, tmp_path / "fake.h5", n=1000, quiet=True)
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_number_of_jets(source: JetSource, tmp_path: Path) -> None:
    """Python's and NumPy's share of it; four blocks more of images alone are 1.2 MB."""
    peaks = []
    for blocks in (2, 6):
        tracemalloc.start()
        with JetWriter(tmp_path / f"{blocks}.h5", grid=source.grid, frame=source.frame,
                       class_names=source.class_names, origin={}) as writer:
            for jets in source.jets(blocks * BLOCK - 7, 1):
                writer.append(jets)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(read_jets(tmp_path / "6.h5")) == 6 * BLOCK - 7
    assert peaks[1] < peaks[0] + 0.4e6, peaks


def test_blocks_are_made_when_they_are_asked_for(source: JetSource) -> None:
    stream: Iterator[JetImages] = source.jets(10**9, 1)
    assert len(next(stream)) == BLOCK


def test_a_source_does_not_train_and_does_not_drop_out(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", toy_jets(60, 1, size=20))
    folder = train(small({**PUBLISHED, "steps": 2}), data=[tmp_path / "jets.h5"], out=tmp_path / "run", quiet=True)
    source = load_source(folder.path)
    assert not any(module.training for module in source.generator.modules())
    assert not any(p.requires_grad for p in source.generator.parameters())
    assert same(source.block(0, 1), source.block(0, 1))
    assert source.grid.shape == (16, 16)
    assert source.grid.eta_range == pytest.approx((-0.96, 0.96))


def test_it_is_the_averaged_generator(run: Path) -> None:
    saved = checkpoint.load(run / "checkpoint.pt")
    state = load_source(run).generator.state_dict()
    assert all(torch.equal(value, saved.states["average"][key]) for key, value in state.items())
    assert not all(torch.equal(value, saved.states["generator"][key]) for key, value in state.items())


def test_constants_of_the_training_jets_are_written(tmp_path: Path) -> None:
    jets = toy_jets(60, 1)
    jets.conditions["delta_r"] = np.full(len(jets), 0.4, np.float32)
    write_jets(tmp_path / "jets.h5", jets)
    folder = train(small({"steps": 1}), data=[tmp_path / "jets.h5"], out=tmp_path / "run", quiet=True)
    block = load_source(folder.path).block(0, 1)
    np.testing.assert_array_equal(block.conditions["delta_r"], np.float32(0.4))


def test_a_checkpoint_that_holds_no_generator_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    checkpoint.save(path, checkpoint.Checkpoint(3, {"model": {}}, {}))
    with pytest.raises(CheckpointError, match=r"other\.pt: holds no generator"):
        load_source(path)


def test_a_checkpoint_of_another_network_is_named(run: Path, tmp_path: Path) -> None:
    saved = checkpoint.load(run / "checkpoint.pt")
    saved.transforms["blueprint"]["network"]["channels"] = 8
    checkpoint.save(tmp_path / "other.pt", saved)
    with pytest.raises(QganError, match=r"other\.pt: average: belongs to another model"):
        load_source(tmp_path / "other.pt")


def test_a_class_is_known_by_its_name_in_any_case() -> None:
    source = load_model("w_qcd")
    assert [source.label_of(name) for name in ("W", "w", "QCD", 1, None)] == [1, 1, 0, 1, None]
    with pytest.raises(ConditionError, match=r"did you mean qcd\?"):
        source.label_of("qdc")
