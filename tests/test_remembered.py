"""Matching over more jets than a batch holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from qgan.losses import GeneratorBatch, RememberedMatching, SortedMatching, Term, WeightedSum
from qgan.losses.matching import at_quantiles

NAMES = ("a", "b")


def batch(real: Tensor, fake: Tensor, label: Tensor | None = None) -> GeneratorBatch:
    """(N, 2) and (B, 2) statistics."""
    label = torch.arange(len(real)) % 2 if label is None else label
    return GeneratorBatch(torch.zeros(len(fake)), dict(zip(NAMES, real.T, strict=True)),
                          dict(zip(NAMES, fake.T, strict=True)), label, label)


def test_without_a_past_it_is_the_matching_of_the_batch() -> None:
    real, fake = torch.randn(40, 2), 1 + 2 * torch.randn(40, 2)
    values, gradients = [], []
    for term in (RememberedMatching(NAMES, 100), SortedMatching(NAMES)):
        moved = fake.clone().requires_grad_()
        value = term(batch(real, moved))
        (gradient,) = torch.autograd.grad(value, moved)
        values.append(value.detach())
        gradients.append(gradient)
    torch.testing.assert_close(values[0], values[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_values_of_one_quantile() -> None:
    among, real = torch.arange(5.0)[:, None], 10 * torch.arange(5.0)[:, None]
    assert at_quantiles(torch.tensor([[3.0], [0.0]]), among, real).flatten().tolist() == [30.0, 0.0]
    counts = torch.tensor([[0.0], [1.0], [1.0], [1.0], [2.0]])
    assert at_quantiles(torch.tensor([[1.0]]), counts, real).item() == 20.0, "the middle of equal values"
    assert at_quantiles(torch.tensor([[1.0]]), torch.cat((counts, counts)), real).item() == pytest.approx(20.0)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_what_was_before_tells_a_shift_from_chance(shift: float) -> None:
    """The gradient of a batch of 16 points the right way, and is small where there is nothing to mend."""
    torch.manual_seed(2)
    terms: dict[str, RememberedMatching | SortedMatching] = {
        "remembered": RememberedMatching(NAMES, 1000), "batch": SortedMatching(NAMES)}
    sizes: dict[str, list[Tensor]] = {name: [] for name in terms}
    for step in range(160):
        real, fake = torch.randn(32, 2), shift + torch.randn(32, 2)
        for name, term in terms.items():
            moved = fake.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(term(batch(real, moved)), moved)
            if step >= 80:
                sizes[name].append(32 * gradient.mean(0))
    noise = {name: torch.stack(found).std(0).mean() for name, found in sizes.items()}
    mean = torch.stack(sizes["remembered"]).mean(0)
    assert noise["remembered"] < 0.35 * noise["batch"]
    assert torch.allclose(mean, torch.full((2,), shift / 2), atol=0.05)


@pytest.mark.parametrize("make", [SortedMatching, lambda names: RememberedMatching(names, 10)])
def test_a_statistic_that_is_named_twice_counts_twice(make: Callable[[tuple[str, ...]], Term]) -> None:
    each = batch(torch.randn(20, 2), 1 + torch.randn(20, 2))
    a, b, both = (make(names)(each) for names in (("a",), ("b",), ("a", "b", "a")))
    torch.testing.assert_close(both, (2 * a + b) / 3)
    assert WeightedSum([(make(("a", "b", "a")), 1.0)]).needs == ("a", "b")


def test_each_class_by_itself() -> None:
    term, label = RememberedMatching(NAMES, 50), torch.arange(40) % 2
    centre = torch.where(label[:, None] == 1, 5.0, -5.0)
    for _ in range(4):
        value = term(batch(centre + torch.randn(40, 2), centre + torch.randn(40, 2), label))
    assert value < 0.1
    assert term(batch(centre + torch.randn(40, 2), -centre + torch.randn(40, 2), label)) > 3


def test_memory_is_bounded_and_keeps_the_last() -> None:
    term = RememberedMatching(NAMES, 3)
    for value in range(4):
        term(batch(torch.full((4, 2), float(value)), torch.randn(4, 2, requires_grad=True)))
    assert term.past[:, 0, :, 0].tolist() == [[2.0, 3.0, 3.0], [2.0, 3.0, 3.0]]
    assert not term.past.requires_grad


def test_goes_on_from_its_state() -> None:
    whole, first, second = (WeightedSum([(RememberedMatching(NAMES, 30), 1.0)]) for _ in range(3))
    batches = [batch(torch.randn(12, 2), torch.randn(12, 2)) for _ in range(6)]
    expected = [whole(each)[0] for each in batches]
    for each in batches[:3]:
        first(each)
    second.load_state_dict(first.state_dict())
    assert [second(each)[0] for each in batches[3:]] == expected[3:]


def test_a_class_without_jets_is_passed_over() -> None:
    term, fake = RememberedMatching(NAMES, 10), torch.randn(4, 2, requires_grad=True)
    assert term(batch(torch.randn(4, 2), fake, torch.zeros(4))).isfinite()
    term(batch(torch.randn(0, 2), fake[:0], torch.zeros(0))).backward()
    assert fake.grad is not None
    assert (fake.grad == 0).all()
