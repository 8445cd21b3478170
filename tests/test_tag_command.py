"""``qgan tag``: its table, what it keeps, particles of files, and everything that can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_rel
from test_extending import written
from toy_jets import toy_jets

from qgan.base.errors import DataError
from qgan.cli import main
from qgan.data import concatenate, read_jets, write_jets
from qgan.data.reading import Files
from qgan.studies.tag import Plan, figures, study
from qgan.taggers import TAGGERS, Seen


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jets")
    write_jets(folder / "jets.h5", toy_jets(150, 1))
    write_jets(folder / "test.h5", toy_jets(100, 2))
    return folder


def particles(folder: Path, n: int = 60) -> Path:
    """A file of soft and hard jets of 3 to 8 particles, the hardest in any place, padded with zeros."""
    rng = np.random.default_rng(0)
    x = np.stack([rng.uniform(20, 100, (n, 8)), rng.normal(0, 0.1, (n, 8)), rng.normal(1, 0.1, (n, 8)),
                  np.full((n, 8), 211.0)], -1)
    y = np.arange(n) % 2
    x[y == 1, :, 0] *= 1.2
    x *= (np.arange(8) < rng.integers(3, 9, n)[:, None])[..., None]
    np.savez(folder / "particles.npz", X=x, y=y)
    return folder / "particles.npz"


def test_a_table_of_taggers_that_goes_on_where_it_was(files: Path, tmp_path: Path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tag", "--data", str(files / "jets.h5"), "--test", str(files / "test.h5"), "--out", str(tmp_path / "out"),
             "--seeds", "2", "--n", "100", "300", "--device", "cpu", "--threads", "1", "--taggers"]
    assert main([*words, "trees", "pt_sum", "--json", str(tmp_path / "a.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "w against qcd, 200 test jets, 2 seeds"
    assert [line.split()[:2] for line in lines[3:]] == [["trees", "100"], ["trees", "300"], ["pt_sum", "100"],
                                                        ["pt_sum", "300"]]
    found = json.loads((tmp_path / "a.json").read_text())
    told = {(row["tagger"], row["jets"]): row for row in found["taggers"]}
    trees = told["trees", 300]
    assert trees["figures"]["auc"]["value"] > 0.8
    assert f"{trees['figures']['auc']['value']:.4f} ± {trees['figures']['auc']['error']:.4f}" in lines[4]
    assert trees["figures"]["accuracy"]["value"] > 0.7
    assert told["pt_sum", 100]["numbers"] == 2
    assert trees["seconds"] is None
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.npz")}
    assert len(kept) == 8
    assert main([*words, "trees", "nnz", "--quiet"]) == 0
    again = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.npz")}
    assert kept.items() < again.items()
    assert len(again) == 12


def test_a_tagger_of_a_file_of_ones_own(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(TAGGERS, "_things", dict(TAGGERS.items()))
    monkeypatch.setattr("sys.path", [])
    written(tmp_path, "nearest.py")
    assert main(["tag", "--taggers", "nearest", "--plugins", str(tmp_path / "nearest.py"), "--seeds", "1", "--data",
                 str(files / "jets.h5"), "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "60 test jets" in text
    assert float(text.splitlines()[-1].split()[2]) > 0.7


def test_jets_of_files_of_particles_keep_them(tmp_path: Path) -> None:
    path = particles(tmp_path)
    assert read_jets(path).momenta is None
    jets = read_jets(Files.of(path).with_particles)
    assert jets.momenta is not None
    assert jets.momenta.shape == (60, 8, 4)
    pt = np.hypot(jets.momenta[..., 1], jets.momenta[..., 2])
    assert (np.diff(pt) <= 0).all()
    np.testing.assert_array_equal((pt > 0).sum(1), (np.load(path)["X"][..., 0] > 0).sum(1))
    energy, px, py, pz = jets.momenta.astype(np.float64).sum(1).T
    np.testing.assert_allclose(np.sqrt(energy**2 - px**2 - py**2 - pz**2), jets.conditions["mass"], rtol=1e-3)
    few = jets[(pt > 0).sum(1) < 5]
    both = concatenate([few, jets])
    assert both.momenta is not None
    assert both.momenta.shape == (len(few) + 60, 8, 4)
    assert Seen.of(both).momenta is both.momenta
    assert concatenate([jets, read_jets(path)]).momenta is None


def test_taggers_of_particles_see_those_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tag", "--taggers", "hardest_pt", "pt_sum", "--data", str(particles(tmp_path, 400)), "--half-width",
                 "1.5", "--seeds", "1", "--out", str(tmp_path / "out")]) == 0
    assert float(capsys.readouterr().out.splitlines()[-2].split()[2]) > 0.6


def test_taggers_may_see_the_hardest_particles_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sum of one is not that of all, and a folder holds one of the two."""
    words = ["tag", "--taggers", "pt_sum", "--data", str(particles(tmp_path, 400)), "--half-width", "1.5", "--seeds",
             "1", "--out", str(tmp_path / "out"), "--hardest", "1"]
    assert main([*words, "--json", str(tmp_path / "a.json")]) == 0
    assert main([*words[:-2], "--quiet"]) == 2
    assert "hardest" in capsys.readouterr().err
    assert main([*words[:-3], str(tmp_path / "all"), "--json", str(tmp_path / "b.json"), "--quiet"]) == 0
    one, every = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    assert one["plan"]["hardest"] == 1
    assert one["taggers"][0]["aucs"] != every["taggers"][0]["aucs"]


def test_how_far_scores_move_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sum of pT sees no move about or along the beam, trees on images of the raw frame see neither mirror well."""
    assert main(["tag", "--taggers", "pt_sum", "trees", "--data", str(particles(tmp_path, 400)), "--half-width", "1.5",
                 "--seeds", "1", "--out", str(tmp_path / "out"), "--invariance", "--json",
                 str(tmp_path / "a.json")]) == 0
    found = {row["tagger"]: row["moves"] for row in json.loads((tmp_path / "a.json").read_text())["taggers"]}
    assert max(found["pt_sum"][name] for name in ("boost along the beam", "turn about the beam", "mirror in φ")) < 1e-5
    assert min(found["pt_sum"][name] for name in ("boost across", "turn across")) > 0.1
    assert set(found["trees"]) == {"mirror in φ", "mirror in η"}
    table = capsys.readouterr().out.splitlines()
    assert table[-1].split()[:3] == ["trees", "320", "-"]


@pytest.mark.slow
def test_a_quantum_tagger_is_compared_with_its_twin_seed_by_seed(files: Path, tmp_path: Path,
                                                                  capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tag", "--taggers", "vit", "quantum_vit", "nnz", "--data", str(files / "jets.h5"), "--test",
                 str(files / "test.h5"), "--seeds", "3", "--n", "120", "--validation", "0.25", "--out",
                 str(tmp_path / "out"), "--json", str(tmp_path / "a.json")]) == 0
    found = json.loads((tmp_path / "a.json").read_text())
    one, = found["twins"]
    aucs = {row["tagger"]: np.array(row["aucs"]) for row in found["taggers"]}
    gains = aucs["quantum_vit"] - aucs["vit"]
    assert (one["tagger"], one["twin"], one["numbers"][0]) == ("quantum_vit", "vit", one["numbers"][1])
    assert one["gain"] == pytest.approx(gains.mean())
    assert one["error"] == pytest.approx(gains.std(ddof=1) / np.sqrt(3))
    assert one["p_value"] == pytest.approx(ttest_rel(aucs["quantum_vit"], aucs["vit"]).pvalue)
    angles = {row["tagger"]: row["angles"] for row in found["taggers"]}
    assert angles == {"vit": 0, "quantum_vit": 2 * 2 * 3 * 3 * 6, "nnz": 0}
    assert capsys.readouterr().out.splitlines()[-1].startswith("quantum_vit against vit, 120 jets, 1,253 and 1,253 ")
    assert found["plan"]["validation"] == 0.25


def test_shares_of_jets_are_those_that_are_asked_for(files: Path, tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tag", "--taggers", "nnz", "--data", str(files / "jets.h5"), "--held-out", "0.1", "--seeds", "1",
                 "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "w against qcd, 30 test jets, 1 seeds"


def test_figures_of_scores_that_are_known() -> None:
    """Gaussians a standard deviation apart: AUC Φ(1/√2), accuracy Φ(1/2), 1/ε_B = 1/Φ(−1) at ε_S = 50 %."""
    rng, label = np.random.default_rng(1), np.repeat([0, 1], 5000)
    scores = [1 / (1 + np.exp(0.5 - rng.normal(label, 1))) for _ in range(2)]
    found = figures(scores, label)
    assert found.auc.value == pytest.approx(0.760, abs=0.01)
    assert found.accuracy.value == pytest.approx(0.691, abs=0.01)
    assert found.rejection_50 is not None
    assert found.rejection_50.value == pytest.approx(6.3, abs=0.5)
    assert 0.001 < found.auc.error < 0.006
    sure = figures([label + 0.0], label)
    assert (sure.auc.value, sure.accuracy.value, sure.rejection_30) == (1, 1, None)


def test_jets_of_one_class_are_refused(tmp_path: Path) -> None:
    jets = toy_jets(50, 1, "mine.h5")
    for pool, test in ((jets.only("w"), jets), (jets, toy_jets(50, 2, "mine.h5").only("w"))):
        with pytest.raises(DataError, match=r"^mine.h5: signal: holds w jets, expected two classes to tell apart$"):
            study(pool, test, Plan(("trees",)), tmp_path / "out", quiet=True)


@pytest.mark.parametrize(("words", "message"), [
    (["--taggers", "tree"], "there is no tagger tree; did you mean trees?"),
    (["--n", "10"], "training jets: 10 to 10, expected 40 to 300, which there are"),
    (["--n", "5000"], "training jets: 5000 to 5000, expected 40 to 300"),
    (["--test", "jets.h5"], "200 of 400 jets are among those of"),
    (["--plugins", "none.py"], "plugin none.py: no such file"),
    (["--device", "tpu"], "device 'tpu'"),
])
def test_bad_input_is_one_line(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                               monkeypatch: pytest.MonkeyPatch, words: list[str], message: str) -> None:
    monkeypatch.chdir(files)
    write_jets("some.h5", read_jets("jets.h5").sample(100, 0), overwrite=True)
    words = ["some.h5" if word == "jets.h5" else word for word in words]
    assert main(["tag", "--data", "jets.h5", "--test", "test.h5", "--taggers", "trees", "--out", str(tmp_path / "out"),
                 "--quiet", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("out/*.npz"))
