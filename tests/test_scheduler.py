"""A Dask scheduler makes the same jets as this machine alone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from documentation import named_files
from small_training import small
from toy_jets import toy_jets

import qgan
from qgan.base.errors import ConditionError, ConfigError, DataError
from qgan.data import write_jets
from qgan.runs.configuration import Configuration
from qgan.sampling.source import BLOCK, JetSource, generate, load_source
from qgan.studies.compare.run import compare
from qgan.studies.compare.trained import TrainedRun, train_runs
from qgan.studies.frontier import GanPlan, Plan, gans, study
from qgan.studies.frontier.run import point

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def source() -> JetSource:
    return qgan.load_model("quark_gluon")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a scheduler with two workers in threads of this process."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=False, protocol="tcp://",
                                  host="127.0.0.1", dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


def test_its_file_is_that_of_one_process(source: JetSource, address: str, tmp_path: Path) -> None:
    for name, where in (("alone", None), ("there", address)):
        generate(source, tmp_path / f"{name}.h5", n=2 * BLOCK + 30, seed=3, device="cpu", scheduler=where, quiet=True)
    assert (tmp_path / "there.h5").read_bytes() == (tmp_path / "alone.h5").read_bytes()


def test_an_error_there_is_that_of_here(source: JetSource, address: str, tmp_path: Path) -> None:
    apart = {"label": ["quark"], "pt": [510.0], "image_mass": [120.0], "delta_r_std": [0.02]}
    with pytest.raises(ConditionError, match="row 0: no training jet"):
        generate(source, tmp_path / "jets.h5", conditions=apart, scheduler=address, quiet=True)
    assert not list(tmp_path.iterdir())


def test_workers_with_another_version_are_refused(source: JetSource, address: str, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def versions() -> dict[str, str]:
        seen.append(1)
        return {"torch": str(min(len(seen), 2))}

    monkeypatch.setattr("qgan.sampling.division.versions", versions)
    with pytest.raises(ConfigError, match=r"a worker has .*, expected .*would not be the same"):
        generate(source, tmp_path / "jets.h5", n=5, scheduler=address, quiet=True)
    assert not list(tmp_path.iterdir())


def test_fits_of_a_frontier_are_those_of_one_process(address: str, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    splits = {split: toy_jets(100, seed) for seed, split in enumerate(("train", "validation", "test"))}
    monkeypatch.setattr("qgan.studies.frontier.run.embedded_jets", lambda pair, split: splits[split])
    plan = Plan("w_qcd", ("w",), ("low_rank", "mean_image"), (100, 200), 2, 3)
    found = study(plan, tmp_path / "there", scheduler=address, quiet=True)
    assert [(one.family, one.size) for one in found] == [("low_rank", 100), ("mean_image", 100), ("low_rank", 200),
                                                         ("mean_image", 200)]
    for one in found:
        alone = point(plan, "w", one.family, one.size)
        assert one._replace(milliseconds=0) == alone._replace(milliseconds=0)
    assert len(list((tmp_path / "there").glob("w-*.json"))) == 4
    assert study(plan, tmp_path / "there", scheduler="tcp://127.0.0.1:9", quiet=True) == found, "nothing is left to do"


def test_runs_come_back_whole(address: str, tmp_path: Path) -> None:
    write_jets(tmp_path / "jets.h5", toy_jets(60, 1))
    configuration = small({"steps": 2})
    runs = {place: train_runs({"mine": configuration}, [1], tmp_path / place, data=[tmp_path / "jets.h5"],
                              scheduler=where, quiet=True)
            for place, where in (("alone", None), ("there", address))}
    files = {place: {path.relative_to(tmp_path / place).as_posix() for path in (tmp_path / place).rglob("*")
                     if "events" not in path.name} for place in runs}
    assert files["there"] == files["alone"]
    (alone,), (there,) = (load_checkpoints(found) for found in runs.values())
    assert alone.keys() == there.keys()
    assert all(torch.equal(value, there[name]) for name, value in alone.items())


def load_checkpoints(runs: list[TrainedRun]) -> list[dict[str, torch.Tensor]]:
    return [load_source(run.folder).generator.state_dict() for run in runs]


def test_what_makes_no_sense_is_refused(source: JetSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qgan.base.scheduler.PATIENCE", 1)
    with pytest.raises(ConfigError, match="without workers and device"):
        generate(source, tmp_path / "jets.h5", n=5, scheduler="tcp://127.0.0.1:9", workers=2, quiet=True)
    with pytest.raises(ConfigError, match="nothing answers there"):
        generate(source, tmp_path / "jets.h5", n=5, scheduler="tcp://127.0.0.1:9", quiet=True)
    with pytest.raises(ConfigError, match="nothing answers there"):
        compare({"mine": small()}, out=tmp_path / "compare", scheduler="tcp://127.0.0.1:9", quiet=True)
    with pytest.raises(ConfigError, match="nothing answers there"):
        gans(GanPlan(Configuration(steps=1), ("low_rank",), (100,), 1), tmp_path / "gans", scheduler="tcp://127.0.0.1:9",
             quiet=True)
    for left in ("compare", "gans"):
        shutil.rmtree(tmp_path / left)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DataError, match=r"qgan\[dask\]"):
        generate(source, tmp_path / "jets.h5", n=5, scheduler="tcp://127.0.0.1:9", quiet=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_script_for_a_batch_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With workers of this machine in the place of jobs."""
    pytest.importorskip("pythia8mc")

    class Jobs(distributed.LocalCluster):  # type: ignore[misc, name-defined]
        def __init__(self, cores: int, memory: str, walltime: str) -> None:
            assert memory.endswith("GB")
            assert walltime.count(":") == 2
            super().__init__(n_workers=0, threads_per_worker=cores, processes=False, protocol="tcp://",
                             host="127.0.0.1", dashboard_address=":0")

        def scale(self, n: int | None = None, jobs: int = 0) -> object:
            return super().scale(1 if jobs else n)

    monkeypatch.setitem(sys.modules, "dask_jobqueue", SimpleNamespace(SLURMCluster=Jobs))
    monkeypatch.setattr(qgan, "simulate", partial(qgan.simulate, quiet=True))
    monkeypatch.setattr(qgan, "generate", partial(qgan.generate, quiet=True))
    monkeypatch.chdir(tmp_path)
    script = named_files("docs/guides/machines.md")["on_slurm.py"].replace("10000000", "600").replace("1000000", "2")
    exec(compile(script, "on_slurm.py", "exec"), {"__name__": "__main__"})
    assert [len(qgan.read_jets(name)) for name in ("qcd.h5", "many.h5")] == [2, 600]
