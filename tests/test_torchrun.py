"""``torchrun … -m qgan train`` takes the steps that one process takes with the whole batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_training import with_delta_r
from toy_jets import toy_jets

from qgan.cli import main
from qgan.data import write_jets
from qgan.runs.recorders import read_log

#: No dropout and no batch norm, which see one process's rows alone.
WORDS = ["train", "--batch-size", "16", "--steps", "3", "--seed", "5", "--threads", "1", "--device", "cpu", "--quiet",
         "--generator.n_qubits", "5", "--generator.n_layers", "1", "--generator.n_rotations", "5",
         "--generator.noise", "6", "--generator.channels", "4", "--discriminator.channels", "4",
         "--discriminator.batch_comparison", "4", "--losses.r1_every", "2", "--logging.scalars", "1",
         "--logging.quality", "0", "--logging.costly", "0", "--logging.checkpoint", "0",
         "--logging.validation_jets", "20"]
#: Seconds; each process imports for several, and a busy machine makes them many.
PATIENCE = 120


def torchrun(number: int, words: list[str]) -> tuple[int, str]:
    """Exit status and output of the command in several processes, once all of them have ended."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(number), "-m",
               "qgan", *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
                          cwd=Path(__file__).parents[1]) as process:
        try:
            # All processes hold the pipe: it ends with the last of them.
            output, _ = process.communicate(timeout=PATIENCE)
        except BaseException:
            process.terminate()
            process.communicate(timeout=PATIENCE)
            raise
    return process.returncode, output


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(100, 1)))
    return path


def losses(run: Path) -> list[dict[str, float]]:
    """Losses of each step, from what the run recorded."""
    lines = read_log(run / "log.jsonl")
    return [{tag: value for tag, value in line.items() if tag.startswith("loss/")} for line in lines
            if "loss/generator" in line]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one_with_the_whole_batch(file: Path, tmp_path: Path) -> None:
    words = [*WORDS, "--data", str(file)]
    assert main([*words, "--out", str(tmp_path / "one")]) == 0
    status, output = torchrun(2, [*words, "--out", str(tmp_path / "two")])
    assert status == 0, output
    used = [json.loads((tmp_path / run / "environment.json").read_text())["processes"] for run in ("one", "two")]
    assert used == [1, 2]
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == len(two) == 3
    assert one[0] != pytest.approx(one[1], rel=1e-2), "the steps differ"
    for step, (wanted, found) in enumerate(zip(one, two, strict=True)):
        assert {"loss/discriminator", "loss/adversarial", "loss/statistics", "loss/matching"} <= wanted.keys()
        assert found == pytest.approx(wanted, rel=2e-6 * 10**step), f"step {step + 1}"
