"""Several processes compute what one computes with the whole batch."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch
from several_processes import threads, together
from small_training import changed, small, trainer_from, with_delta_r
from torch import Tensor, nn
from toy_jets import toy_jets

from qgan.base import processes
from qgan.base.devices import resolve_device
from qgan.base.errors import ConfigError
from qgan.data import write_jets
from qgan.losses import GeneratorBatch
from qgan.runs import checkpoint
from qgan.runs.configuration import Configuration
from qgan.runs.recorders import read_log
from qgan.training.experiment import train


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(100, 1)))
    return path


def penalised(weight: Tensor, everything: Tensor) -> Tensor:
    """A loss with a gradient penalty in which every row sees every other one, as the discriminator's batch does."""
    x = processes.share(everything).detach().requires_grad_(True)
    features = torch.tanh(x @ weight)
    everyone = processes.gather(features)
    scores = torch.tanh((features[:, None] - everyone[None]).square().sum(2)).mean(1)
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return scores.mean() + slope.square().sum(1).mean() + processes.gather(scores).std()


def exchange() -> dict[str, Any]:
    everything = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weight = torch.randn(3, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64).requires_grad_(True)
    loss = penalised(weight, everything)
    loss.backward()
    value, gradient = loss.detach(), weight.grad
    assert gradient is not None
    # A layout that is not the order of the numbers, as convolutions in channels_last have.
    processes.average_([value, strided := gradient.clone().t().contiguous().t(), empty := torch.zeros(0)])
    assert strided.stride() == (1, 3)
    assert len(empty) == 0
    return {"value": value, "gradient": strided, "rank": processes.rank(), "size": processes.size(),
            "rows": processes.gather(processes.share(everything)), "whole": everything,
            "any": [processes.any_of(flag) for flag in (False, processes.rank() == 0, True)]}


def import_what_keeps_groups() -> list[str]:
    importlib.import_module("torch.distributed.nn.functional")
    return [name for name in threads() if "gloo" in name]


def test_no_thread_outlives_the_group() -> None:
    """One that does may ask for Python while it ends, and abort the process (asserted in ``together``)."""
    for running in together(import_what_keeps_groups):
        assert isinstance(running, list), running
        assert running or not threads(), "the group's threads have other names here"


@pytest.mark.parametrize("number", [2, 3])
def test_gathered_losses_and_their_gradients_are_those_of_one_process(number: int) -> None:
    alone, several = exchange(), together(exchange, number=number)
    assert [found["rank"] for found in several] == list(range(number))
    for found in several:
        assert found["size"] == number
        assert found["any"] == [False, True, True]
        assert torch.equal(found["rows"], found["whole"])
        torch.testing.assert_close(found["value"], alone["value"], rtol=1e-13, atol=0)
        torch.testing.assert_close(found["gradient"], alone["gradient"], rtol=1e-12, atol=1e-14)
    assert alone["size"] == 1
    assert alone["any"] == [False, True, True]


def test_a_batch_is_put_together_as_it_was() -> None:
    numbers = torch.arange(12.0).reshape(4, 3)
    batch = GeneratorBatch(numbers[:, 0], {"a": numbers[:, 1]}, {"shares": numbers, "a": numbers[:, 2]},
                           torch.tensor([0, 1, 1, 0]), torch.tensor([1, 1, 0, 0]), {"a": numbers[:, 1]})
    calls: list[Tensor] = []
    twice = batch.gathered(lambda rows: (calls.append(rows), torch.cat((rows, rows)))[1])  # type: ignore[func-returns-value]
    assert len(calls) == 1
    assert len(calls[0]) == 4
    assert torch.equal(twice.fake["shares"], torch.cat((numbers, numbers)))
    assert torch.equal(twice.fake["a"], numbers[:, 2].repeat(2))
    assert torch.equal(twice.real["a"], numbers[:, 1].repeat(2))
    assert torch.equal(twice.asked["a"], twice.real["a"])
    assert twice.real_label.tolist() == [0, 1, 1, 0] * 2
    assert twice.fake_label.tolist() == [1, 1, 0, 0] * 2
    assert twice.real_label.dtype == torch.int64
    assert torch.equal(twice.fake_logits, numbers[:, 0].repeat(2))


def steps_in_double_precision(configuration: Configuration, file: Path,
                              steps: int) -> tuple[list[dict[str, float]], dict[str, Tensor]]:
    """Figures of each step and the trained generator. In float32 rounding grows too fast to be told from a mistake."""
    torch.set_default_dtype(torch.float64)
    try:
        trainer = trainer_from(configuration, file)
        for part in (trainer.generator, trainer.average, trainer.discriminator):
            part.double()
        for term, _ in trainer.terms.terms:
            if isinstance(term, nn.Module):
                term.double()
        trainer.jets = trainer.jets.each(lambda rows: rows.double() if rows.is_floating_point() else rows)
        figures = [{tag: float(value) for tag, value in record.figures.items()} for record in trainer.run(steps)]
        return figures, {name: value.clone() for name, value in trainer.average.state_dict().items()}
    finally:
        torch.set_default_dtype(torch.float32)


DIVIDED = {"ours": {"symmetry": "exact"}, "both passes, hinge": {"symmetry": "average", "losses.adversarial": "hinge"},
           "wasserstein": {"losses.adversarial": "wasserstein", "optimiser.discriminator_every": 2}}


@pytest.mark.parametrize("changes", DIVIDED.values(), ids=DIVIDED.keys())
def test_the_first_steps_are_those_of_one_process(file: Path, changes: dict[str, object]) -> None:
    configuration = small({"losses.r1": 1.0, **changes})
    expected, weights = steps_in_double_precision(configuration, file, 4)
    assert {"loss/r1", "loss/mean_image", "loss/statistics", "loss/sparsity"} <= expected[0].keys()
    for figures, final in together(steps_in_double_precision, configuration, file, 4):
        for step, (found, wanted) in enumerate(zip(figures, expected, strict=True)):
            assert found == pytest.approx(wanted, rel=1e-9 * 10**step, abs=1e-11), step
        for name, value in weights.items():
            torch.testing.assert_close(final[name], value, rtol=1e-5, atol=1e-7, msg=name)


def started(configuration: Configuration, file: Path, out: Path, resume: bool = False) -> None:
    train(configuration, data=[file], out=out, resume=resume, quiet=True)


@pytest.mark.slow
def test_a_run_can_go_on_with_another_number_of_processes(file: Path, tmp_path: Path) -> None:
    configuration = small({"steps": 3, "logging.costly": 0})
    train(configuration, data=[file], out=tmp_path / "alone", quiet=True)
    assert together(started, configuration, file, tmp_path / "run") == [None, None]
    one, two = (read_log(tmp_path / name / "log.jsonl") for name in ("alone", "run"))
    assert [line["step"] for line in two] == [line["step"] for line in one], "one process alone writes"
    for wanted, found in zip(one[1:3], two[1:3], strict=True):
        for tag in wanted:
            if not tag.startswith("speed/"):
                assert found[tag] == pytest.approx(wanted[tag], rel=2e-3, abs=1e-5), tag
    train(changed(configuration, {"steps": 5}), data=[file], out=tmp_path / "run", resume=True, quiet=True)
    assert together(started, changed(configuration, {"steps": 7}), file, tmp_path / "run", True) == [None, None]
    assert checkpoint.load(tmp_path / "run" / "checkpoint.pt").step == 7
    assert {line["step"] for line in read_log(tmp_path / "run" / "log.jsonl")} == set(range(8))


def test_an_error_is_told_once_and_ends_all(file: Path, tmp_path: Path) -> None:
    errors = together(started, small({"batch_size": 15}), file, tmp_path / "run")
    assert sorted(errors) == ["ConfigError: batch_size: 15 cannot be divided among 2 processes", "SystemExit: 1"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("not a run")
    first, other = together(started, small({"logging.costly": 0}), file, tmp_path / "run")
    assert "is not empty" in first, "which only the process that writes can see"
    assert other == "SystemExit: 1"


def test_each_process_takes_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name, value in {"RANK": "5", "WORLD_SIZE": "6", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert resolve_device("cuda") == resolve_device("auto") == torch.device("cuda", 1)
    with pytest.raises(ConfigError, match=r"cuda:0.*of its own"):
        resolve_device("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ConfigError, match="2 GPUs here, process 2 needs one of its own"):
        resolve_device("auto")
    assert resolve_device("cpu") == torch.device("cpu")
