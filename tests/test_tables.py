"""One image for each row of a table: in order, with what it asks for, the rest drawn given that."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from test_cli import complaint  # noqa: F401 (a fixture)
from test_conditions import NAMES, world

from qgan.base.errors import ConditionError, DataError, QganError
from qgan.base.notes import DataNote
from qgan.base.seeding import numpy_rng
from qgan.cli import main
from qgan.data import JetImages, embedded_jets, read_jets, write_jets
from qgan.data.tables import read_columns
from qgan.observables.arrays import mass
from qgan.sampling.conditions import ConditionDensity
from qgan.sampling.pretrained import load_model
from qgan.sampling.source import BLOCK, JetSource
from qgan.sampling.wishes import Normal, Wish, read_wish

N = 600
TEST = embedded_jets("w_qcd", "test").sample(N // 2, seed=0)
Columns = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def source() -> JetSource:
    return load_model("w_qcd")


@pytest.fixture(scope="module")
def columns(source: JetSource) -> Columns:
    asked = {name: np.clip(TEST.conditions[name], *source.density.edges(name, 1)) for name in ("eta", "pt")}
    return {"label": TEST.label, **asked, "mass": np.clip(TEST.conditions["mass"], 61, 99)}


@pytest.fixture(scope="module")
def made(source: JetSource, columns: Columns) -> JetImages:
    return source.sample(conditions=columns, seed=3)


def same(one: JetImages, other: JetImages) -> bool:
    return np.array_equal(one.images, other.images) and np.array_equal(one.label, other.label) and \
        all(np.array_equal(one.conditions[k], other.conditions[k]) for k in one.conditions)


def test_a_row_is_a_jet_in_order(made: JetImages, columns: Columns) -> None:
    assert len(made) == N
    np.testing.assert_array_equal(made.label, columns["label"])
    for name in ("eta", "pt", "mass"):
        np.testing.assert_array_equal(made.conditions[name], columns[name].astype(np.float32))


@pytest.mark.parametrize("n", [1, 16, 100, BLOCK, BLOCK + 3])
def test_a_jet_does_not_depend_on_how_many_rows_follow(source: JetSource, made: JetImages, columns: Columns,
                                                       n: int) -> None:
    assert same(source.sample(conditions={k: v[:n] for k, v in columns.items()}, seed=3), made[:n])
    assert same(source.sample(n, conditions=columns, seed=3), made[:n])
    assert not same(source.sample(n, conditions=columns, seed=4), made[:n])


def test_nor_on_what_they_are(source: JetSource, made: JetImages, columns: Columns) -> None:
    other = {name: np.concatenate((values[:300], values[:299:-1])) for name, values in columns.items()}
    assert same(source.sample(conditions=other, seed=3)[:300], made[:300])


def forms(columns: Columns, folder: Path) -> dict[str, object]:
    frame = pd.DataFrame(columns)
    frame.to_parquet(folder / "table.parquet")
    frame.assign(label=np.where(frame.label == 1, "w", "QCD")).to_csv(folder / "table.csv", index=False)
    np.savez(folder / "table.npz", **columns)  # type: ignore[arg-type]
    with h5py.File(folder / "table.h5", "w") as file:
        file.update({**columns, "image": np.zeros((len(frame), 2, 2))})
    files = {name: folder / f"table.{name}" for name in ("parquet", "csv", "npz", "h5")}
    return {**files, "frame": frame, "named": frame.assign(label=frame.label.map({0: "qcd", 1: "w"})),
            "torch": {name: torch.from_numpy(values) for name, values in columns.items()},
            "records": frame.to_records(index=False)}


def test_every_form_of_a_table_gives_the_same_jets(source: JetSource, columns: Columns, made: JetImages,
                                                   tmp_path: Path) -> None:
    few = {name: values[:20].astype(np.float32 if name != "label" else np.int64) for name, values in columns.items()}
    for name, table in forms(few, tmp_path).items():
        assert same(source.sample(conditions=table, seed=3), made[:20]), name


def test_classes_may_be_named_in_every_kind_of_file(source: JetSource, made: JetImages, columns: Columns,
                                                    tmp_path: Path) -> None:
    few = {name: values[:20] for name, values in columns.items()}
    called = np.where(few["label"] == 1, "w", "QCD")
    frame = pd.DataFrame(few).assign(label=called)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.assign(label=frame.label.astype("category")).to_parquet(tmp_path / "b.parquet")
    np.savez(tmp_path / "a.npz", **{**few, "label": called})  # type: ignore[arg-type]
    np.savez(tmp_path / "b.npz", **{**few, "label": called.astype("S")})  # type: ignore[arg-type]
    np.save(tmp_path / "a.npy", frame.to_records(index=False, column_dtypes={"label": "U3"}))
    for name, kind in (("a.h5", h5py.string_dtype()), ("b.h5", "S3")):
        with h5py.File(tmp_path / name, "w") as file:
            file.update(few | {"label": np.array(called.tolist(), kind)})
    files = sorted(tmp_path.iterdir())
    assert len(files) == 8
    for file in files:
        assert same(source.sample(conditions=file, seed=3), made[:20]), file.name


def test_a_condition_that_cannot_be_read_is_not_passed_over(source: JetSource, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pt=[270.0, 280.0], label=np.array(["w", "qcd"], object), other=np.array([{}], object))
    with pytest.raises(DataError, match="label: holds Python objects"):
        source.sample(conditions=tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", pt=[270.0, 280.0], other=np.array([{}], object))
    assert len(source.sample(conditions=tmp_path / "b.npz")) == 2
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["pt"], file["mass/values"] = [270.0, 280.0], [80.0, 81.0]
    with pytest.raises(DataError, match="mass: is a group, expected an array"):
        source.sample(conditions=tmp_path / "a.h5")


def test_a_file_of_jets_is_a_table(source: JetSource, tmp_path: Path) -> None:
    write_jets(tmp_path / "test.h5", TEST[:40])
    with pytest.warns(DataNote, match="no condition of this generator, left out"):
        mine = source.sample(conditions=tmp_path / "test.h5", outside="clip")
    with pytest.warns(DataNote, match="phi, tau_1"):
        assert same(mine, source.sample(conditions=TEST[:40], outside="clip"))
    np.testing.assert_array_equal(mine.label, TEST.label[:40])


def test_all_conditions_as_one_array(source: JetSource) -> None:
    drawn = source.density.sample(30, numpy_rng(0, "rows"))
    table = np.column_stack([drawn.label, drawn.values])
    jets = source.sample(conditions=table)
    np.testing.assert_array_equal(jets.conditions["mass"], drawn.values[:, source.density.names.index("mass")])
    np.testing.assert_allclose(jets.images.sum((1, 2)) / 625,
                               drawn.values[:, source.density.names.index("pixel_mean")], rtol=1e-5)


def test_closure_is_the_generators(source: JetSource) -> None:
    """What images miss of the mass that was asked for, beside the same for conditions of the generator's own."""
    with pytest.warns(DataNote):
        table = source.sample(conditions=TEST, outside="clip")
    plain = source.sample(2000, 1)
    for name, measured in (("mass", lambda jets: mass(jets.images, jets.grid)),
                           ("pt", lambda jets: jets.images.sum((1, 2)))):
        ours, theirs, real = (measured(jets) - jets.conditions[name] for jets in (table, plain, TEST))
        assert ours.mean() == pytest.approx(theirs.mean(), abs=4 * float(theirs.std()) / N**0.5), name
        assert ours.std() == pytest.approx(theirs.std(), rel=0.2), name
        # And both are what real images miss.
        assert ours.mean() == pytest.approx(real.mean(), abs=0.25 * float(real.std())), name


def test_what_is_missing_follows_what_is_given() -> None:
    """ΔR ≈ 2 m / pT in the toy world, row by row."""
    table, label = world(8000, 1)
    density = ConditionDensity.fit(table[:, 1:], NAMES[1:], label)
    fresh, fresh_label = world(2048, 2)
    low, high = 62.0, 98.0
    masses = np.clip(fresh[:, 3], low, high)
    parts = [density.fill({"pt": np.clip(fresh[i:i + 512, 2], 252, 299), "mass": masses[i:i + 512]},
                          numpy_rng(1, "fill", i), fresh_label[i:i + 512], {}, 512) for i in range(0, 2048, 512)]
    values = np.concatenate([part.values for part in parts])
    residual = values[:, 3] - 2 * values[:, 2] / values[:, 1]
    assert abs(residual.mean()) < 0.003
    assert residual.std() == pytest.approx(0.02, rel=0.3)
    # A class that is not given is as likely as its density at what is given.
    drawn = np.concatenate([density.fill({"mass": np.full(512, 80.0)}, numpy_rng(2, "fill", i), None, {}, 512).label
                            for i in range(20)])
    expected = (1 / (5 * np.sqrt(2 * np.pi))) / (1 / (5 * np.sqrt(2 * np.pi)) + 1 / 40)
    assert drawn.mean() == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(("table", "said"), [
    ({"pt": [270, 320, 270, 100], "label": "w"},
     r"conditions: pt: row 1: 320 is outside the training range 250.0\d* to 299.9\d*; so are 1 others, first 3"),
    ({"label": ["w", "top"]}, "conditions: label: 'top' is no class of this generator"),
    ({"charge": [1.0]}, "conditions: holds charge, expected some of label, eta, pt"),
    ({"pt": [270.0], "jet_pt": [270.0]}, "each once"),
    ({"pt": [270.0, np.nan]}, "conditions: pt: row 1 is nan, expected a number"),
    ({"pt": ["high"]}, "conditions: pt: holds texts, expected numbers"),
    (np.zeros((3, 2)), r"shape \(3, 2\), expected \(N, 15\) with label, eta, pt"),
    ({"label": ["w", "w"], "pixel_std": [5.0, 10.0], "soft_nnz": [25.0, 50.0]},
     "conditions: row 1: no training jet of class 1 is near to pixel_std 10, soft_nnz 50 together"),
])
def test_impossible_tables_are_refused_by_row(source: JetSource, table: object, said: str) -> None:
    with pytest.raises(QganError, match=said) as raised:
        source.sample(conditions=table)
    assert "\n" not in str(raised.value)


def test_what_is_outside_can_be_clipped(source: JetSource) -> None:
    jets = source.sample(conditions={"pt": [270, 320], "label": ["w", "w"]}, outside="clip")
    assert jets.conditions["pt"].tolist() == pytest.approx([270, source.density.edges("pt", 1)[1]])
    assert len(source.sample(conditions={"label": "w", "pixel_std": 10.0, "soft_nnz": 50.0}, outside="clip")) == 1


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.csv", "pt,mass\n270,80\n271\n", r"a\.csv: line 3: has 1 values, expected 2 as line 1 has names"),
    ("a.csv", "", r"is empty \(0 bytes\)"),
    ("a.csv", "pt,pt\n270,80\n", "names a column twice"), ("a.parquet", "PAR1no", "damaged or truncated Parquet"),
    ("a.csv", "pt\n", "expected columns of at least one row"), ("a.csv", "\udc80\udcff", "is no table"),
])
def test_broken_files_are_named(source: JetSource, tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, errors="surrogateescape")
    with pytest.raises(DataError, match=said):
        source.sample(conditions=tmp_path / name)


@pytest.mark.parametrize(("text", "encoding"), [
    ("label,pt\nw,260.5\nqcd,270\n", "utf-8"), ("label,pt\r\nw,260.5\r\nqcd,270\r\n", "utf-8"),
    ("label,pt\rw,260.5\rqcd,270\r", "utf-8"), ("label,pt\nw,260.5\nqcd,270", "utf-8-sig"),
    ("label;pt\nw;260.5\nqcd;270\n", "utf-8-sig"), ("label\tpt\r\nw\t260.5\r\nqcd\t270\r\n", "utf-8"),
    (" label , pt\n w , 260.5\n\nqcd, 270\n\n", "utf-8"), ('"label","pt"\n"w","260.5"\n"qcd","270"\n', "utf-8"),
])
def test_tables_of_spreadsheets(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    columns = read_columns(tmp_path / "a.csv")
    assert columns["label"].tolist() == ["w", "qcd"]
    assert columns["pt"].tolist() == [260.5, 270.0]


def test_a_column_that_is_no_condition_is_left_out_with_a_note(source: JetSource) -> None:
    with pytest.warns(DataNote, match=r"conditions: event, mas: no condition of this generator, left out"):
        source.sample(conditions={"event": [5], "mas": [80.0], "pt": [270.0]})
    with pytest.warns(DataNote, match=r"conditions: a column without a name: no condition"):
        source.sample(conditions={"": [5], "pt": [270.0]})


# wishes

def test_distributions_are_drawn_from(source: JetSource, tmp_path: Path) -> None:
    values = np.array([262.0, 290.0])
    np.save(tmp_path / "pt.npy", values)
    jets = source.sample(3000, 1, "w", {"mass": Normal(80, 5), "pt": str(tmp_path / "pt.npy"), "eta": (-0.5, 0.5)})
    drawn = jets.conditions["mass"]
    assert (drawn.mean(), drawn.std()) == (pytest.approx(80, abs=0.4), pytest.approx(5, rel=0.06))
    assert set(jets.conditions["pt"].tolist()) == {262.0, 290.0}
    assert (jets.conditions["pt"] == 262).mean() == pytest.approx(0.5, abs=0.04)
    assert abs(jets.conditions["eta"]).max() <= 0.5
    assert jets.conditions["eta"].std() == pytest.approx(1 / 12**0.5, rel=0.1)
    assert same(source.sample(50, 1, "w", {"mass": "normal(80, 5)", "pt": values, "eta": (-0.5, 0.5)}), jets[:50])


def test_a_gaussian_is_cut_at_the_training_range(source: JetSource) -> None:
    drawn = source.sample(2000, 1, fixed={"pt": Normal(295, 20)}).conditions["pt"]
    assert 250 <= drawn.min() < 262
    assert 299.5 < drawn.max() <= 300


@pytest.mark.parametrize(("wish", "said"), [
    ("normal(80)", "expected a number, a range, normal"), ("normal(80,-1)", "a positive width"),
    ("normal(8,1)", "the mean of normal"), (np.array([80.0, 300.0]), "mass: value 1: 300 is outside"),
    (np.array([]), "expected finite numbers to draw from"), ("nowhere.txt", "or a file of values"),
])
def test_impossible_wishes_are_named(source: JetSource, wish: object, said: str) -> None:
    with pytest.raises(QganError, match=said):
        source.sample(1, fixed={"mass": wish})  # type: ignore[dict-item]


@pytest.mark.parametrize("other", [{"conditions": {"label": ["w"], "eta": [0.5]}}, {"label": "w"}])
def test_what_is_fixed_beside_them_lies_in_the_training_range_too(source: JetSource, other: dict[str, Any]) -> None:
    drawn: dict[str, Wish] = {} if "conditions" in other else {"mass": Normal(80, 5)}
    for wish in (400.0, (400.0, 500.0)):
        with pytest.raises(ConditionError, match=r"pt: 400.* is outside the training range 250.* of class 1"):
            source.sample(1, fixed={"pt": wish, **drawn}, **other)


def test_values_can_come_from_a_text_or_a_column(source: JetSource, tmp_path: Path) -> None:
    (tmp_path / "mass.txt").write_text("80\n81\n")
    (tmp_path / "mass.csv").write_text("pt,mass\n270,80\n290,81\n")
    for name in ("mass.txt", "mass.csv"):
        jets = source.sample(40, 1, fixed={"mass": str(tmp_path / name)})
        assert set(jets.conditions["mass"].tolist()) == {80.0, 81.0}


def test_the_image_has_what_is_asked_of_the_image(source: JetSource) -> None:
    """image_pt is the sum of the pixels and image_mass their mass; pt and mass are the jet's."""
    jets = source.sample(200, 1, "w", {"image_pt": 270.0, "image_mass": 80.0})
    np.testing.assert_allclose(jets.images.sum((1, 2)), 270.0, rtol=1e-4)
    assert np.median(abs(mass(jets.images, jets.grid) - 80)) < 0.1
    table = source.sample(conditions={"label": "w", "image_pt": [270.0, 280.0]})
    np.testing.assert_allclose(table.images.sum((1, 2)), [270.0, 280.0], rtol=1e-4)


# files, processes, speed

def test_the_command_makes_a_jet_for_each_row(columns: Columns, made: JetImages, tmp_path: Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "mine.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([columns, *zip(*(values.tolist() for values in columns.values()), strict=True)])
    words = ["generate", "--model", "w_qcd", "--seed", "3", "--conditions", str(tmp_path / "mine.csv"), "--out"]
    assert main([*words, str(tmp_path / "all.h5"), "--workers", "2"]) == 0
    assert "600 jets" in capsys.readouterr().out
    jets = read_jets(tmp_path / "all.h5")
    assert same(made, jets)
    assert jets.origin["conditions"] == {"from": str(tmp_path / "mine.csv"), "columns": ["label", "eta", "pt", "mass"]}
    assert main([*words, str(tmp_path / "few.h5"), "--n", "20"]) == 0
    assert same(read_jets(tmp_path / "few.h5"), made[:20])


def test_any_coding_can_be_fixed_in_the_command(tmp_path: Path, complaint: Callable[..., str]) -> None:  # noqa: F811
    out, words = tmp_path / "w.h5", ["generate", "--model", "w_qcd", "--n", "30", "--label", "1", "--quiet"]
    assert main([*words, "--fix", "image_pt=270", "pixel_std=5:6", "--mass", "normal(80,5)", "--out", str(out)]) == 0
    jets = read_jets(out)
    np.testing.assert_allclose(jets.images.sum((1, 2)), 270.0, rtol=1e-4)
    assert jets.origin["fixed"]["mass"] == "normal(80, 5)"
    other = [*words, "--out", str(tmp_path / "other.h5")]
    assert "--fix: pt is given twice" in complaint(*other, "--pt", "270", "--fix", "pt=280")
    assert "colour: no such condition" in complaint(*other, "--fix", "colour=3")
    assert "is no NAME=VALUE" in complaint(*other, "--fix", "colour")
    (tmp_path / "mine.csv").write_text("pt\n270\n")
    assert "pt: is a column of the table" in complaint(*other, "--conditions", str(tmp_path / "mine.csv"), "--pt", "9")
    assert "n: 30, but" in complaint(*other, "--conditions", str(tmp_path / "mine.csv"))


def test_all_that_can_be_asked_for_is_listed(source: JetSource, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "w_qcd"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {low:.4g}:{high:.4g}" in said for name, (low, high) in source.ranges.items())
    assert {*source.ranges} == {*source.density.names, "image_pt"}


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """The best of some runs, processor time."""
    taken = []
    for _ in range(runs):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def test_one_jet_costs_a_small_part_of_a_block(source: JetSource) -> None:
    torch.set_num_threads(1)
    one, many = (seconds(lambda n=n: source.sample(n)) for n in (1, BLOCK))  # type: ignore[misc]
    assert one < many / 4
    assert seconds(lambda: source.sample(conditions={"pt": 270.0, "label": "w"})) < many / 3


def test_a_table_hardly_slows_sampling(source: JetSource, columns: Columns) -> None:
    torch.set_num_threads(1)
    asked = source.ask(conditions=columns)
    # In turn, since the pace of a busy machine changes.
    turns = ([seconds(lambda a=a: source.block(0, 1, a), 1) for a in (source.ask(), asked)]  # type: ignore[misc]
             for _ in range(30))
    assert any(plain / table > 0.8 for plain, table in turns)


def test_where_parts_round_otherwise_blocks_are_whole(source: JetSource, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, widths = source.sample(3, 5), []
    monkeypatch.setattr(JetSource, "_is_exact", lambda self, part: False)
    whole = type(source.generator).forward

    def forward(self: torch.nn.Module, table: torch.Tensor, noise: torch.Tensor) -> object:
        widths.append(len(table))
        return whole(self, table, noise)  # type: ignore[arg-type]

    monkeypatch.setattr(type(source.generator), "forward", forward)
    assert same(source.sample(3, 5), expected)
    assert widths == [BLOCK]


def test_a_condition_asked_for_twice_is_refused(source: JetSource) -> None:
    with pytest.raises(ConditionError, match="label: is a column of the table"):
        source.sample(conditions={"label": ["w"]}, label="w")
    with pytest.raises(ConditionError, match="outside: 'ignore', expected 'refuse' or 'clip'"):
        source.sample(1, outside="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n"])
def test_a_file_without_a_number_is_refused_without_a_warning(tmp_path: Path, content: str) -> None:
    (tmp_path / "pt.csv").write_text(content)
    with pytest.raises(DataError, match=r"pt\.csv"):
        read_wish("pt", str(tmp_path / "pt.csv"))


@pytest.mark.parametrize("signal", [np.ones(3, complex), np.zeros(3, [("a", "i4")])])
def test_labels_that_are_no_numbers_of_classes_stay_as_they_are(tmp_path: Path, signal: np.ndarray) -> None:
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["signal"], file["pt"], file.attrs["class_names"] = signal, np.ones(3), ["gluon", "quark"]
    assert read_columns(tmp_path / "table.h5")["signal"].dtype == signal.dtype
