"""What is known of an image is not computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from small_training import small, trainer_from, with_delta_r
from torch import Tensor
from toy_jets import toy_jets

from qgan.data import write_jets
from qgan.models import OBSERVABLES
from qgan.observables.tensors import statistics


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_jets(path, with_delta_r(toy_jets(100, 1)))
    return path


def test_the_discriminator_measures_generated_jets_once_a_step_and_real_ones_before(
        file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []

    def watched(images: Tensor, *rest: Any) -> dict[str, Tensor]:
        calls.append(images.grad_fn is not None)
        return statistics(images, *rest)

    trainer = trainer_from(small({"losses.r1_every": 2}), file)
    monkeypatch.setattr("qgan.models.discriminator.statistics", watched)
    next(trainer.run(1))
    assert calls == [True], "the penalty is on what the networks are shown, so real ones are not measured for it"
    next(trainer.run(2))
    assert calls[1:] == [True]


def test_what_is_known_beforehand_is_what_would_be_measured(file: Path) -> None:
    trainer = trainer_from(small({"data.codings": ["pixel_mean", "width", "ptd"]}), file)
    jets, grid = trainer.jets, trainer.generator.grid
    found = statistics(jets.images, grid, [*OBSERVABLES, *jets.measured])
    assert jets.observables is not None
    assert {"width", "ptd"} <= jets.measured.keys()
    torch.testing.assert_close(jets.observables, torch.stack([found[name] for name in OBSERVABLES], 1))
    for name, values in jets.measured.items():
        torch.testing.assert_close(values, found[name])
