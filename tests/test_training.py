"""The loss terms of a configuration and the trainer's steps."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_training import PUBLISHED, gradients, small, trainer_from, weights, with_delta_r
from torch import Tensor
from toy_jets import toy_jets

from qgan.base.errors import ConfigError
from qgan.data import Grid, write_jets
from qgan.data.jets import Frame
from qgan.losses import GeneratorBatch
from qgan.models.symmetry import EtaFlip
from qgan.observables.tensors import statistics
from qgan.quantum import QuantumLayer
from qgan.training.trainer import Record, Trainer

WEIGHTS = {"adversarial": "adversarial_weight", "coding": "coding", "statistics": "statistics",
           "matching": "matching", "sparsity": "sparsity", "mean_image": "mean_image"}
ZERO = {f"losses.{weight}": 0.0 for weight in WEIGHTS.values()}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(100, 1)))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(80, 1, size=20)))
    return path


def weighing(weights: dict[str, float], published: bool) -> dict[str, object]:
    """Changes of a configuration that give these terms a weight, and no others."""
    theirs = {f"published_{name}": weight for name, weight in weights.items()
              if published and name in ("statistics", "sparsity")}
    mine = {f"losses.{WEIGHTS[name]}": weight for name, weight in weights.items() if f"published_{name}" not in theirs}
    return {**ZERO, **mine, "losses.further": theirs}


def figures(trainer: Trainer, steps: int) -> list[dict[str, float]]:
    return [{tag: float(value) for tag, value in record.figures.items()} for record in trainer.run(steps)]


def first_gradient(file: Path, changes: dict[str, object]) -> dict[str, Tensor]:
    """The generator's gradient in the first step; both rates are 0, so that nothing moves."""
    still = {"optimiser.generator_rate": 0.0, "optimiser.discriminator_rate": 0.0}
    trainer = trainer_from(small({**still, **changes}), file)
    next(trainer.run(1))
    return gradients(trainer.generator)


@pytest.mark.parametrize("published", [False, True], ids=["ours", "published"])
@pytest.mark.parametrize("name", WEIGHTS)
def test_each_term_alone_moves_the_generator(file: Path, large: Path, name: str, published: bool) -> None:
    jets, network = (large, PUBLISHED) if published else (file, {})
    alone = first_gradient(jets, {**network, **weighing({name: 1.0}, published)})
    assert alone
    assert any(key.endswith("weights") for key in alone), "the angles are among what trains"
    for key, gradient in alone.items():
        assert gradient.isfinite().all(), key
        if key.endswith("weights") and not published:
            assert gradient.abs().max() > 0, key
    assert sum(float(g.abs().sum()) for g in alone.values()) > 0
    # Beside another term it changes the gradient, in proportion to its weight.
    other = "adversarial" if name != "adversarial" else "sparsity"
    without, once, twice = (first_gradient(jets, {**network, **weighing({other: 1.0, name: weight}, published)})
                            for weight in (0.0, 1.0, 2.0))
    key = max(alone, key=lambda k: float(alone[k].norm()))
    assert not torch.equal(without[key], once[key])
    scale = float(twice[key].norm())
    torch.testing.assert_close(twice[key] - once[key], once[key] - without[key], rtol=1e-2, atol=2e-5 * scale)
    torch.testing.assert_close(once[key] - without[key], alone[key], rtol=1e-2, atol=2e-5 * scale)


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_term_without_weight_is_not_computed(file: Path, name: str) -> None:
    configuration = small({f"losses.{WEIGHTS[name]}": 0.0})
    (record,) = trainer_from(configuration, file).run(1)
    losses = {tag.removeprefix("loss/") for tag in record.figures if tag.startswith("loss/")}
    assert losses == {*WEIGHTS, "generator", "discriminator", "r1"} - {name}


def test_statistics_that_no_term_needs_are_not_computed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def watched(images: Tensor, grid: Grid, names: list[str]) -> dict[str, Tensor]:
        asked.extend(names)
        return statistics(images, grid, names)

    trainer = trainer_from(small({**ZERO, "losses.coding": 1.0}), file)
    monkeypatch.setattr("qgan.training.trainer.statistics", watched)
    next(trainer.run(1))
    assert set(asked) == {"delta_r_mean", "pixel_mean", "soft_nnz"}


def test_no_term_at_all_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="every weight is 0"):
        trainer_from(small(ZERO), file)


def test_what_is_matched_can_be_chosen(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"losses\.matched: 'tau_99', expected one of delta_r_mean"):
        trainer_from(small({"losses.matched": ["width", "tau_99"]}), file)
    chosen = trainer_from(small({**ZERO, "losses.matching": 1.0, "losses.matched": ["width", "image_tau_21"]}), file)
    assert chosen.terms.needs == ("width", "image_tau_21")
    assert set(chosen.jets.measured) == {"width", "image_tau_21"}


def test_the_total_is_the_weighted_sum(file: Path) -> None:
    weight = {"adversarial": 0.5, "coding": 2.0, "statistics": 0.25, "matching": 1.5, "sparsity": 0.75,
              "mean_image": 3.0}
    trainer = trainer_from(small({f"losses.{WEIGHTS[name]}": value for name, value in weight.items()}), file)
    for step in figures(trainer, 2):
        total = sum(weight[name] * step[f"loss/{name}"] for name in weight)
        assert step["loss/generator"] == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("loss", ["bce", "hinge", "wasserstein"])
def test_each_adversarial_loss_runs(file: Path, loss: str) -> None:
    values = figures(trainer_from(small({"losses.adversarial": loss}), file), 3)
    assert all(math.isfinite(value) for step in values for value in step.values())


def test_one_record_a_step_and_nothing_printed_or_written(file: Path, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch,
                                                          capfd: pytest.CaptureFixture[str]) -> None:
    trainer = trainer_from(small(), file)
    monkeypatch.chdir(tmp_path)
    records = list(trainer.run(4))
    assert [type(r) for r in records] == [Record] * 4
    assert [r.step for r in records] == [1, 2, 3, 4]
    assert trainer.step == 4
    assert all(r.seconds > 0 for r in records)
    assert all(isinstance(v, Tensor) and v.ndim == 0 and not v.requires_grad
               for r in records for v in r.figures.values())
    assert not list(trainer.run(4)), "no steps are left"
    assert [r.step for r in trainer.run(5)] == [5]
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_steps_are_taken_when_they_are_asked_for(file: Path) -> None:
    trainer = trainer_from(small(), file)
    steps = trainer.run(100)
    assert trainer.step == 0
    next(steps)
    assert trainer.step == 1


@pytest.mark.parametrize(("every", "expected"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4]), (4, [0, 4])])
def test_r1_is_lazy(file: Path, every: int, expected: list[int]) -> None:
    values = figures(trainer_from(small({"losses.r1_every": every}), file), 6)
    assert [i for i, step in enumerate(values) if "loss/r1" in step] == expected


def test_no_r1_without_weight(file: Path) -> None:
    assert not any("loss/r1" in step for step in figures(trainer_from(small({"losses.r1": 0.0}), file), 3))


def test_r1_counts_as_often_as_it_is_left_out(file: Path) -> None:
    """The gradient's extra part is r1_every times r1 times that of the penalty, and it has one."""

    def gradient(r1: float, every: int) -> Tensor:
        still = {"optimiser.generator_rate": 0.0, "optimiser.discriminator_rate": 0.0}
        trainer = trainer_from(small({**still, "losses.r1": r1, "losses.r1_every": every}), file)
        next(trainer.run(1))
        return torch.cat([p.grad.flatten() for p in trainer.discriminator.parameters() if p.grad is not None])

    # The generator's step leaves the discriminator's gradients as they were.
    without, lazy, eager = gradient(1e-9, 1), gradient(5.0, 8), gradient(40.0, 1)
    assert (lazy - without).abs().max() > 1e-3
    torch.testing.assert_close(lazy, eager)


def test_the_discriminator_may_train_less_often(file: Path) -> None:
    trainer = trainer_from(small({"optimiser.discriminator_every": 3}), file)
    before, moved, seen = weights(trainer.discriminator), [], []
    for record in trainer.run(7):
        after = weights(trainer.discriminator)
        moved.append(any(not torch.equal(before[k], after[k]) for k in before))
        seen.append("loss/discriminator" in record.figures)
        before = after
    assert moved == seen == [True, False, False, True, False, False, True]


def test_rates_follow_the_cosine(file: Path) -> None:
    configuration = small({"steps": 8, "optimiser.final_rate": 0.2, "optimiser.generator_rate": 0.01})
    trainer = trainer_from(configuration, file)
    for k, step in enumerate(figures(trainer, 10)):
        cosine = 0.2 + 0.8 * (1 + math.cos(math.pi * min(k / 8, 1))) / 2
        assert step["rate/generator"] == pytest.approx(0.01 * cosine, rel=1e-5)
        assert step["rate/discriminator"] == pytest.approx(1e-3 * cosine, rel=1e-5)
    assert step["rate/generator"] == pytest.approx(0.002, rel=1e-5)
    assert trainer.generator_adam.param_groups[0]["lr"] == pytest.approx(0.002)


@pytest.mark.parametrize("ema", [0.0, 0.05, 0.999])
def test_the_average_is_exponential(file: Path, ema: float) -> None:
    trainer = trainer_from(small({"optimiser.ema": ema}), file)
    expected = weights(trainer.generator)
    assert all(torch.equal(expected[k], v) for k, v in weights(trainer.average).items())
    names = [name for name, _ in trainer.generator.named_parameters()]
    for record in trainer.run(5):
        # The memory is short at first.
        decay = min(ema, record.step / (19 + record.step))
        now = weights(trainer.generator)
        expected = {k: decay * expected[k] + (1 - decay) * now[k] for k in names}
        for k, value in weights(trainer.average).items():
            if k in names:
                torch.testing.assert_close(value, expected[k], rtol=1e-5, atol=1e-7)
            else:
                assert torch.equal(value, now[k]), k
    same = all(torch.equal(now[k], weights(trainer.average)[k]) for k in names)
    assert same == (ema == 0.0)


def test_the_average_has_the_statistics_of_batch_norm(large: Path) -> None:
    trainer = trainer_from(small(PUBLISHED), large)
    before = weights(trainer.average)
    list(trainer.run(2))
    after = weights(trainer.average)
    running = [k for k in after if "running" in k]
    assert running
    assert all(not torch.equal(before[k], after[k]) for k in running)


@pytest.mark.parametrize("published", [False, True], ids=["ours", "published"])
def test_each_network_moves_in_its_own_half_step_alone(file: Path, large: Path, published: bool,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_from(small(PUBLISHED), large) if published else trainer_from(small(), file)
    changed: dict[str, set[str]] = {}

    def parameters() -> dict[str, list[Tensor]]:
        return {name: [p.detach().clone() for p in getattr(trainer, name).parameters()]
                for name in ("generator", "discriminator", "average")}

    def watch(method: str) -> None:
        original: Callable[..., object] = getattr(trainer, method)

        def watched(*arguments: object) -> object:
            before = parameters()
            result = original(*arguments)
            after = parameters()
            changed[method] = {name for name in before
                               if any(not torch.equal(a, b) for a, b in zip(before[name], after[name], strict=True))}
            return result

        monkeypatch.setattr(trainer, method, watched)

    for method in ("_discriminate", "_generate", "_average"):
        watch(method)
    next(trainer.run(1))
    assert changed == {"_discriminate": {"discriminator"}, "_generate": {"generator"}, "_average": {"average"}}
    assert all(p.requires_grad for p in trainer.discriminator.parameters())


def test_a_frozen_circuit_stays_as_it_is(file: Path) -> None:
    for core, moves in (("frozen", False), ("quantum", True)):
        trainer = trainer_from(small({"generator.core": core}), file)
        layer = trainer.generator.network.get_submodule("core.layer")
        assert isinstance(layer, QuantumLayer)
        angles = layer.weights.detach().clone()
        list(trainer.run(2))
        assert torch.equal(angles, layer.weights) != moves


@pytest.mark.parametrize("published", [False, True], ids=["ours", "published"])
def test_a_seed_means_the_same_training(file: Path, large: Path, published: bool) -> None:
    def run(seed: int) -> tuple[list[dict[str, float]], dict[str, Tensor]]:
        torch.manual_seed(torch.seed())  # what was drawn before is of no importance
        changes = {"seed": seed, **(PUBLISHED if published else {})}
        trainer = trainer_from(small(changes), large if published else file)
        return figures(trainer, 4), weights(trainer.average)

    one, again, other = run(1), run(1), run(2)
    assert one[0] == again[0]
    assert all(torch.equal(one[1][k], again[1][k]) for k in one[1])
    assert one[0][0]["loss/generator"] != other[0][0]["loss/generator"]


def test_batches_differ_from_step_to_step(file: Path) -> None:
    trainer = trainer_from(small(), file)
    seen: list[Tensor] = []
    original = trainer._batch
    trainer._batch = lambda: (batch := original(), seen.append(batch.table))[0]  # type: ignore
    list(trainer.run(3))
    assert not torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[1], seen[2])
    assert all(len(table) == 16 for table in seen)


@pytest.mark.parametrize("frame", ["raw", "canonical"])
def test_average_symmetry_doubles_the_batch_with_mirrored_twins(tmp_path: Path, frame: Frame) -> None:
    file = tmp_path / "jets.h5"
    write_jets(file, dataclasses.replace(with_delta_r(toy_jets(100, 1)), frame=frame))
    trainer = trainer_from(small({"symmetry": "average"}), file)
    batch = trainer._batch()
    flip = EtaFlip.of(trainer.generator.names, frame)
    assert len(batch.images) == len(batch.table) == len(batch.label) == 32
    images, table = flip(batch.images[:16], batch.table[:16])
    assert torch.equal(batch.images[16:], images)
    assert torch.equal(batch.table[16:], table)
    assert torch.equal(batch.label[16:], batch.label[:16])
    eta = trainer.generator.names.index("eta")
    assert torch.equal(batch.table[16:, eta], -batch.table[:16, eta])
    assert torch.equal(batch.images[16:], batch.images[:16]) == (frame == "canonical")
    seen: list[GeneratorBatch] = []
    original = trainer._seen
    trainer._seen = lambda *a: (found := original(*a), seen.append(found))[0]  # type: ignore
    next(trainer.run(1))
    assert len(seen[0].fake_logits) == len(seen[0].fake_label) == 32
    assert len(next(iter(seen[0].fake.values()))) == 32


@pytest.mark.parametrize("mode", ["none", "exact"])
def test_other_symmetries_do_not_double_it(file: Path, mode: str) -> None:
    assert len(trainer_from(small({"symmetry": mode}), file)._batch().images) == 16


@pytest.mark.parametrize(("mode", "refused"), [("none", False), ("average", True), ("exact", True)])
def test_a_crop_that_is_not_centred_can_train_without_the_flip(tmp_path: Path, mode: str, refused: bool) -> None:
    path = tmp_path / "raw.h5"
    write_jets(path, dataclasses.replace(toy_jets(60, 1), frame="raw"))
    configuration = small({"symmetry": mode, "data.rows": (1, 12)})
    if refused:
        with pytest.raises(ConfigError, match="eta flip: the image covers"):
            trainer_from(configuration, path)
    else:
        assert len(figures(trainer_from(configuration, path), 1)) == 1


def test_the_discriminator_is_given_the_conditions_but_not_the_codings(file: Path) -> None:
    trainer = trainer_from(small({"data.conditions": ["pt", "mass"]}), file)
    assert [trainer.generator.names[i] for i in trainer.columns] == ["label", "pt", "mass"]
    assert trainer.generator.names[3:] == ("delta_r", "delta_r_mean", "pixel_mean", "soft_nnz")


def test_an_error_within_a_step_is_remembered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_from(small(), file)
    next(trainer.run(1))
    assert not trainer.midway

    def broken(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(trainer, "_generate", broken)
    with pytest.raises(RuntimeError):
        next(trainer.run(2))
    assert (trainer.step, trainer.midway) == (1, True)


def test_lower_precision_is_of_the_convolutions_alone(file: Path) -> None:
    seen: dict[str, tuple[torch.dtype, Tensor]] = {}

    def watch(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: seen.__setitem__(name, (output.dtype, output.detach().float()))

    def watched(precision: str) -> tuple[dict[str, float], dict[str, tuple[torch.dtype, Tensor]]]:
        trainer = trainer_from(small({"precision": precision}), file)
        network = trainer.generator.network
        parts = {"core": network.core, "start": network.start, "pixels": network.pixels,
                 "convolutions": trainer.discriminator.convolutions, "logits": trainer.discriminator}
        for name, part in parts.items():
            part.register_forward_hook(watch(name))  # type: ignore[union-attr]
        record = next(trainer.run(1))
        assert {gradient.dtype for gradient in gradients(trainer.generator).values()} == {torch.float32}
        return {tag: float(value) for tag, value in record.figures.items() if tag.startswith("loss/")}, dict(seen)

    (exact, full), (rounded, mixed) = watched("float32"), watched("bfloat16")
    assert {dtype for dtype, _ in full.values()} == {torch.float32}
    low = {name for name, (dtype, _) in mixed.items() if dtype == torch.bfloat16}
    assert low == {"start", "convolutions"}
    assert torch.equal(mixed["core"][1], full["core"][1]), "the circuit is as precise as ever"
    assert not torch.equal(mixed["pixels"][1], full["pixels"][1])
    torch.testing.assert_close(mixed["pixels"][1].norm(dim=(1, 2)), full["pixels"][1].norm(dim=(1, 2)))
    assert rounded["loss/generator"] != exact["loss/generator"]
    assert rounded == pytest.approx(exact, rel=0.1, abs=0.02)
