"""Jets streamed from files: each once an epoch with its own label, mixed, in the same order whoever reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_formats import cms_arrays, write_parquet
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.data import JetImages, read_jets, write_jets
from qgan.data.jets import concatenate
from qgan.data.source import JetFile
from qgan.data.stream import JetStream
from qgan.evaluation.two_sample import roc_auc
from qgan.taggers import Seen
from qgan.taggers.residual import Residual, pixels
from qgan.taggers.training import Network

#: Of the files of 20 CMS jets: row groups of 3, buffer and batch.
OPTIONS = {"size": 25, "buffer": 8, "batch": 4}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two files of ten CMS jets each; the brightest pixel of a jet says which it is."""
    folder = tmp_path_factory.mktemp("cms")
    arrays = cms_arrays(20)
    arrays["X_jets"][:, 60, 60, 0] = 100 + np.arange(20)
    arrays["pt"] = 100.0 + np.arange(20)
    return [write_parquet(folder / f"{start}.parquet", {k: v[start:start + 10] for k, v in arrays.items()})
            for start in (0, 10)]


def streamed(stream: JetStream, epoch: int = 0) -> JetImages:
    return concatenate(list(stream.epoch(epoch)))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_jet_comes_once_with_its_own_label(files: list[Path], workers: int) -> None:
    stream, whole = JetStream.of(files, workers=workers, **OPTIONS), read_jets(files, size=25)
    assert len(stream) == len(whole) == 20
    for epoch in range(3):
        jets = streamed(stream, epoch)
        order = np.argsort(jets.conditions["pt"])
        np.testing.assert_array_equal(jets.images[order], whole.images)
        np.testing.assert_array_equal(jets.label[order], whole.label)
        np.testing.assert_array_equal(jets.conditions["mass"][order], whole.conditions["mass"])
        # One index moves all: the pixel that names a jet, its pT and its label agree without any sorting too.
        np.testing.assert_allclose(jets.images.max((1, 2)) - jets.conditions["pt"],
                                   (whole.images.max((1, 2)) - whole.conditions["pt"])[np.argsort(order)], atol=1e-4)
        np.testing.assert_array_equal(jets.label, np.round(jets.conditions["pt"]).astype(int) % 2)


def test_the_order_is_another_in_each_epoch_and_for_each_seed(files: list[Path]) -> None:
    first, again, later, other = (streamed(JetStream.of(files, seed=seed, **OPTIONS), epoch).conditions["pt"]
                                  for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0)))
    np.testing.assert_array_equal(first, again)
    for one in (later, other, np.sort(first)):
        assert (one != first).sum() > 10


@pytest.mark.slow
def test_the_order_does_not_depend_on_who_reads(files: list[Path]) -> None:
    one, two = (streamed(JetStream.of(files, workers=workers, **OPTIONS)) for workers in (1, 2))
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.label, two.label)


def test_the_buffer_is_bounded_and_mixes_beyond_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jets = toy_jets(600, 1)
    write_jets(tmp_path / "jets.h5", jets)
    monkeypatch.setattr("qgan.data.source.BLOCK_BYTES", 50 * 4 * 12 * 12)
    stream, inside = JetStream.of(tmp_path / "jets.h5", buffer=200, batch=20), 0
    assert max(piece.stop - piece.start for piece in stream.pieces) == 50
    largest, given, read = 0, 0, [0]
    pieces = JetStream._read_pieces

    def counted(self: JetStream, order: np.ndarray) -> object:
        for piece in pieces(self, order):
            read[0] += len(piece)
            yield piece

    monkeypatch.setattr(JetStream, "_read_pieces", counted)
    for batch in stream.epoch(0):
        largest, given = max(largest, read[0] - given), given + len(batch)
        inside += 0 < batch.label.sum() < len(batch)
    assert given == 1200
    assert largest <= 200 + 50
    # The file holds one class after the other; nearly every batch has both.
    assert inside > 0.8 * 60


def test_pieces_are_whole_row_groups_small_ones_together() -> None:
    def cuts(groups: tuple[int, ...], most: int, block: int = 6) -> list[tuple[int, int]]:
        return list(JetFile(sum(groups), lambda start, stop: toy_jets(1, 1), block, groups=groups).cuts(most))

    assert cuts((2, 2, 2, 2), 100) == [(0, 6), (6, 8)]
    assert cuts((2, 20, 2), 100) == [(0, 2), (2, 22), (22, 24)]
    assert cuts((25, 2), 10) == [(0, 10), (10, 20), (20, 25), (25, 27)]
    plain = JetFile(13, lambda start, stop: toy_jets(1, 1), 6)
    assert list(plain.cuts(100)) == [(0, 6), (6, 12), (12, 13)]


def test_a_network_learns_from_a_stream(tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", toy_jets(300, 1))
    test = toy_jets(100, 2)
    network = Network(Residual, pixels, epochs=4)
    stream = JetStream.of(tmp_path / "jets.h5", batch=32, buffer=256)
    first, again = (network(stream) for _ in range(2))
    score = first.scores(Seen.of(test))[:, 1]
    assert first.steps == 4 * (600 // 32)
    assert roc_auc(score[test.label == 0], score[test.label == 1]) > 0.8
    np.testing.assert_array_equal(score, again.scores(Seen.of(test))[:, 1])


def test_a_buffer_holds_a_batch(files: list[Path]) -> None:
    with pytest.raises(ConfigError, match=r"batch, buffer, workers: 10, 5, 1, expected at least 1, and a buffer that"):
        JetStream.of(files, batch=10, buffer=5)
