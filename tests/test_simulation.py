"""Simulation: against a slow jet-by-jet reference, repeatable, independent of workers, safe to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgan.base.errors import ConfigError, DataError
from qgan.base.scheduler import results
from qgan.data import read_jets
from qgan.data.jets import Frame

fastjet = pytest.importorskip("fastjet")
pytest.importorskip("pythia8mc")

from qgan.simulation import PROCESSES, Process, clustering, engines, events, production, simulate  # noqa: E402
from qgan.simulation.chunks import Settings, make_chunk  # noqa: E402

#: A program that simulates W jets in chunks of 5; spawned workers import it too, and so have the same chunks.
PROGRAM = """
import sys
from dataclasses import replace
from qgan.simulation import PROCESSES, simulate
PROCESSES["w"] = replace(PROCESSES["w"], chunk=5)
if __name__ == "__main__":
    simulate("w", 20, sys.argv[1], seed=5, workers=int(sys.argv[2]), quiet=True)
"""


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROCESSES, "w", replace(PROCESSES["w"], chunk=5))


def reference_jets(particles: list[dict[str, float]],
                   process: Process) -> list[tuple[float, float, float, float, float]]:
    """pT, η, φ, mass, ΔR of one event's jets, by FastJet's own trimmer, one PseudoJet after the other."""
    inputs = [fastjet.PseudoJet(p["px"], p["py"], p["pz"], np.linalg.norm([p["px"], p["py"], p["pz"]]))
              for p in particles]
    sequence = fastjet.ClusterSequence(inputs, fastjet.JetDefinition(fastjet.antikt_algorithm, process.radius))
    trimmer = fastjet.Filter(fastjet.JetDefinition(fastjet.kt_algorithm, 0.3), fastjet.SelectorPtFractionMin(0.05))
    found = []
    for jet in fastjet.sorted_by_pt(sequence.inclusive_jets(process.pt[0]))[:2]:
        trimmed = trimmer(jet)
        passes = process.pt[0] < trimmed.pt() < process.pt[1] and process.mass[0] < trimmed.m() < process.mass[1]
        if abs(jet.eta()) < 2 and passes:
            pieces = fastjet.sorted_by_pt(trimmed.pieces())
            apart = np.hypot(pieces[0].eta() - pieces[1].eta(), pieces[0].delta_phi_to(pieces[1])) \
                if len(pieces) > 1 else 0.0
            found.append((trimmed.pt(), trimmed.eta(), trimmed.phi(), trimmed.m(), float(apart)))
    return found


def test_jets_are_those_of_fastjets_trimmer() -> None:
    # Without towers: on their lattice some distances are equal, and the order of the inputs then decides.
    process = replace(PROCESSES["w"], towers=False)
    batch = events.batch(events.generator(process, seed=2, chunk=0), 120)
    found = clustering.find_jets(batch, process)
    expected = np.array([jet for event in batch.tolist() for jet in reference_jets(event, process)])
    assert len(found) == len(expected) > 20
    for column, values in enumerate((found.pt, found.eta, found.phi, found.mass, found.delta_r)):
        np.testing.assert_allclose(values, expected[:, column], rtol=1e-6, atol=1e-6)


def test_constituents_and_subjets_belong_to_their_jets() -> None:
    process = PROCESSES["qcd_jet"]
    found = clustering.find_jets(events.batch(events.generator(process, seed=1, chunk=0), 20), process)
    pt, eta, phi = found.constituents
    energy = (pt * np.cosh(eta)).sum(1)
    px, py, pz = (pt * np.cos(phi)).sum(1), (pt * np.sin(phi)).sum(1), (pt * np.sinh(eta)).sum(1)
    np.testing.assert_allclose(np.hypot(px, py), found.pt, rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(energy**2 - px**2 - py**2 - pz**2), found.mass, rtol=1e-6)
    assert (np.abs(found.leading[:, 0] - found.eta) < 0.8).all()


def test_towers_keep_energy_and_are_massless_cells() -> None:
    momentum = np.array([[3.0, 1.0, 0.0, 1.0], [4.0, 1.0, 2.0, 0.0], [0.5, 0.2, 1.0, 400.0], [5.1, 1.5, 2.3, 400.1]])
    flat = clustering.towers(clustering.Flat(momentum, np.array([2, 2])))
    assert flat.size.tolist() == [2, 1]  # the last particle lies beyond |η| = 4
    np.testing.assert_allclose(flat.total()[3], [6.6, 2.3])
    np.testing.assert_allclose((flat.momentum[:3] ** 2).sum(0), flat.momentum[3] ** 2)
    _, eta, phi = clustering.pt_eta_phi(flat.momentum)
    np.testing.assert_allclose((eta * 10) % 1, 0.5, atol=1e-9)
    np.testing.assert_allclose((phi * 63 / (2 * np.pi)) % 1, 0.5, atol=1e-9)


def test_neutrinos_are_removed() -> None:
    pythia = events.generator(PROCESSES["quark"], seed=3, chunk=0)
    total = np.array([[sum(p[k] for p in event) for k in ("px", "py")] for event in events.batch(pythia, 10).tolist()])
    # The Z takes its pT of some 500 GeV away unseen.
    assert (np.hypot(*total.T) > 300).all()


def test_light_quarks_alone() -> None:
    process = PROCESSES["quark"]
    everything = len(events.batch(events.generator(process, seed=4, chunk=0), 30))
    light = len(events.batch(events.generator(process, seed=4, chunk=0), 30, light_quarks=True))
    assert everything == 30
    assert 12 < light < 30


@pytest.mark.parametrize(("process", "frame", "other"), [("gluon", "raw", "canonical"), ("w", "canonical", "raw"),
                                                           ("w_jet", "raw", "canonical")])
def test_file_holds_both_frames_and_passes_its_selection(process: str, frame: Frame, other: Frame,
                                                         tmp_path: Path) -> None:
    out = simulate(process, 8, tmp_path / "jets.h5", seed=1, size=30, quiet=True)
    jets, turned = read_jets(out), read_jets(out, frame=other)
    physics = PROCESSES[process]
    assert jets.frame == frame
    assert turned.frame == other
    assert jets.grid.shape == (30, 30)
    assert jets.images.shape == (8, 30, 30)
    assert (jets.label == physics.label).all()
    assert (jets.conditions["pt"] > physics.pt[0]).all()
    assert (jets.conditions["pt"] < physics.pt[1]).all()
    assert (jets.conditions["mass"] > physics.mass[0]).all()
    assert (jets.conditions["mass"] < physics.mass[1]).all()
    ratio = jets.conditions["tau_2"] / jets.conditions["tau_1"]
    np.testing.assert_allclose(jets.conditions["tau_21"], ratio, rtol=1e-5)
    for images in (jets.images, turned.images):
        np.testing.assert_allclose(images.sum((1, 2)), jets.conditions["pt"], rtol=0.1)
    assert jets.origin["versions"].keys() == {"pythia", "fastjet"}
    assert jets.origin["seed"] == 1
    assert not list(tmp_path.glob(".*"))


def test_an_interrupted_run_goes_on_to_the_same_file(tmp_path: Path, small_chunks: None,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    whole = simulate("w", 14, tmp_path / "whole.h5", seed=5, quiet=True).read_bytes()
    made: list[int] = []

    def interrupted(settings: Settings, chunk: int, told: object = None) -> dict[str, np.ndarray]:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(chunk)
        return make_chunk(settings, chunk)

    monkeypatch.setattr(production, "make_chunk", interrupted)
    out = tmp_path / "jets.h5"
    with pytest.raises(KeyboardInterrupt, match=r"\.jets\.h5\.parts is kept, and the same command goes on"):
        simulate("w", 14, out, seed=5, quiet=True)
    assert not out.exists()
    with pytest.raises(ConfigError, match="seed: was 5 when this work began, 6 is asked for"):
        simulate("w", 14, out, seed=6, quiet=True)

    def noted(settings: Settings, chunk: int, told: Callable[[int], object]) -> dict[str, np.ndarray]:
        made.append(chunk)
        return make_chunk(settings, chunk, told)

    monkeypatch.setattr(production, "make_chunk", noted)
    assert simulate("w", 14, out, seed=5, quiet=True).read_bytes() == whole
    assert made == [0, 1, 2], "no chunk twice"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_killed_with_several_workers_equals_one_worker_uninterrupted(tmp_path: Path, small_chunks: None) -> None:
    alone = simulate("w", 20, tmp_path / "alone.h5", seed=5, quiet=True).read_bytes()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    out, parts = tmp_path / "jets.h5", tmp_path / ".jets.h5.parts"
    command = [sys.executable, str(program), str(out), "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    first = subprocess.Popen(command, start_new_session=True, env=environment)
    deadline = time.monotonic() + 120
    while not list(parts.glob("*.npz")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    first.kill()
    first.wait()
    assert first.returncode == -signal.SIGKILL
    assert not out.exists()
    assert orphans_end(first.pid)
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.npz")}
    assert 1 <= len(kept) < 4
    subprocess.run(command, check=True, timeout=240, env=environment)
    assert out.read_bytes() == alone
    assert not list(tmp_path.glob(".*"))


def orphans_end(session: int) -> bool:
    """Whether all processes of a session are gone within 20 s (its workers notice that their parent is)."""
    for _ in range(200):
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_wrong_arguments(tmp_path: Path) -> None:
    usual: dict[str, Any] = {"process": "w", "n": 1, "out": tmp_path / "w.h5"}
    for arguments, message in (({"process": "z"}, "unknown"), ({"n": 0}, "n: 0"), ({"workers": 0}, "workers"),
                               ({"half_width": 0.0}, "half_width"), ({"size": 1}, "size"),
                               ({"light_quarks": True}, "light_quarks")):
        with pytest.raises(ConfigError, match=message):
            simulate(**{**usual, **arguments})
    (tmp_path / "w.h5").touch()
    with pytest.raises(DataError, match="exists"):
        simulate("w", 1, tmp_path / "w.h5")


@pytest.mark.slow
def test_top_jets_have_the_mass_of_the_top_quark(tmp_path: Path) -> None:
    top = read_jets(simulate("top", 150, tmp_path / "top.h5", seed=1, quiet=True))
    light = read_jets(simulate("qcd_jet", 150, tmp_path / "qcd_jet.h5", seed=1, quiet=True))
    near = [np.mean(np.abs(jets.conditions["mass"] - 178) < 25) for jets in (top, light)]
    assert near[0] > 0.5
    assert near[1] < 0.2
    assert top.conditions["tau_32"].mean() < light.conditions["tau_32"].mean()


@pytest.mark.slow
def test_a_scheduler_makes_the_same_file(tmp_path: Path, small_chunks: None) -> None:
    distributed = pytest.importorskip("distributed")
    alone = simulate("w", 12, tmp_path / "alone.h5", seed=5, quiet=True).read_bytes()
    # Workers in threads, which know of the small chunks; a second task in a thread beside it must do no harm.
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://",
                                  host="127.0.0.1", dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tcp://127.0.0.1:")
        out = simulate("w", 12, tmp_path / "jets.h5", seed=5, scheduler=address, quiet=True)
        assert out.read_bytes() == alone
        broken = Settings("w", 5, 1, 25, "half", "raw", False)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match=r"a worker failed: .*half"):
            list(results(address, make_chunk, [(broken, 0)], engines.versions))
        cluster.scale(0)
        cluster.sync(cluster._correct_state)
        with pytest.raises(ConfigError, match="has no workers"):
            simulate("w", 12, tmp_path / "other.h5", seed=6, scheduler=address, quiet=True)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x"])
def test_a_scheduler_that_does_not_answer_is_one_line(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                      ) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("qgan.base.scheduler.PATIENCE", 1)
    with pytest.raises(ConfigError, match=f"scheduler: {address}: nothing answers there"):
        simulate("w", 4, tmp_path / "jets.h5", scheduler=address, quiet=True)


def test_dask_is_needed_for_a_scheduler_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataError, match=r"qgan\[dask\]"):
        simulate("w", 4, tmp_path / "jets.h5", scheduler="tcp://127.0.0.1:9", quiet=True)
