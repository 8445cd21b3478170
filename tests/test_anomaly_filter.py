"""The matched filter against its closed solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from anomaly.configuration import ModelOptions
from anomaly.models.circuit import contrasted
from anomaly.models.collapse import CollapseError
from anomaly.models.filter import SteadyFilter
from anomaly.models.registry import build
from qgan.base.errors import ConfigError

DROPOUT, NOISE = 0.3, 0.1


def jets(n: int) -> Tensor:
    """Pixels that are lit the rarer the further out they lie, the same in all four quarters on average."""
    rng = np.random.default_rng(0)
    distance = np.hypot(*np.meshgrid(np.arange(6) - 2.5, np.arange(6) - 2.5))
    return torch.tensor((rng.random((n, 6, 6)) < np.exp(-distance)) * rng.uniform(0.2, 1, (n, 6, 6))).float()


def test_the_weights_are_those_of_a_matched_filter() -> None:
    torch.manual_seed(0)
    x = jets(2000)
    model = SteadyFilter((6, 6), contrast=0, views={"dropout": DROPOUT, "noise": NOISE})
    before = model.loss(x).item()
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(300):
        optimiser.zero_grad()
        model.loss(x).backward()
        optimiser.step()
    expected = x.mean(0) / (NOISE**2 + DROPOUT * (1 - DROPOUT) * x.square().mean(0))
    likeness = torch.cosine_similarity(model.weights.detach().flatten(), expected.flatten(), 0)
    flat = torch.cosine_similarity(torch.ones(36), expected.flatten(), 0)
    assert float(likeness) > 0.995 > float(flat) + 0.02
    assert model.loss(x).item() < before - 0.1
    model.check(x)


def test_the_activity_is_the_weighted_sum_of_bright_pixels() -> None:
    x = jets(5)
    model = SteadyFilter((6, 6), contrast=1e3)
    torch.nn.init.uniform_(model.weights)
    expected = (model.weights * torch.log(1 + 1000 * x) / np.log(1001)).sum((1, 2))
    torch.testing.assert_close(model.score(x), expected)
    assert model.score(torch.zeros(1, 6, 6)).item() == 0
    assert torch.equal(contrasted(x, 0), x)


@pytest.mark.parametrize("root", [False, True])
def test_the_feature_is_the_activity_or_its_root(root: bool) -> None:
    x, model = jets(5), SteadyFilter((6, 6), root=root)
    score, features = model.judge(x)
    torch.testing.assert_close(features[:, 0], score.sqrt() if root else score)


def test_a_filter_without_weights_is_refused() -> None:
    model = SteadyFilter((6, 6))
    torch.nn.init.zeros_(model.weights)
    with pytest.raises(CollapseError, match="same score"):
        model.check(jets(50))


@pytest.mark.parametrize(("wrong", "said"), [
    ({"contrast": -1.0}, r"model\.options: contrast: -1\.0, expected 0 or more"),
    ({"views": {"noise": -0.1}}, r"model\.options: views\.noise: -0\.1, expected 0 or more"),
    ({"views": {"dropout": 1.0}}, r"model\.options: views\.dropout: 1\.0, expected 0 to below 1")])
def test_wrong_numbers_are_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(ModelOptions("filter", wrong), (6, 6))
