"""Loss terms: their values where mathematics gives them, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from qgan.base.errors import ConfigError
from qgan.data.grid import Grid
from qgan.losses import (
    ADVERSARIAL,
    Coding,
    GeneratorBatch,
    MeanImage,
    SortedMatching,
    StatisticsKL,
    Term,
    WeightedSum,
    mean_image_targets,
    r1_penalty,
)
from qgan.losses.matching import COUNTS
from qgan.losses.published import PublishedStatistics, UnpairedSparsity, soft_count
from qgan.losses.tilt import Tilt
from qgan.losses.total import TILT
from qgan.observables.tensors import statistics

ONE = ("s",)


def batch(real: Tensor, fake: Tensor, real_label: Tensor | None = None, fake_label: Tensor | None = None,
          name: str = "s") -> GeneratorBatch:
    return GeneratorBatch(
        fake_logits=torch.zeros(len(fake)), real={name: real}, fake={name: fake},
        real_label=torch.zeros(len(real), dtype=torch.long) if real_label is None else real_label,
        fake_label=torch.zeros(len(fake), dtype=torch.long) if fake_label is None else fake_label)


def normal(n: int, mean: float = 0.0, spread: float = 1.0) -> Tensor:
    """n values at the quantiles of a normal distribution: a sample without noise."""
    levels = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return mean + spread * math.sqrt(2) * torch.erfinv(2 * levels - 1)


def test_the_tilt_counts_by_its_logarithm() -> None:
    tilt = torch.tensor([0.0, 1.0, 3.0], requires_grad=True)
    loss = Tilt()(batch(torch.zeros(3), tilt, name=TILT))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 3)
    loss.backward()
    torch.testing.assert_close(tilt.grad, torch.tensor([1.0, 0.5, 0.25]) / 3)


# --- adversarial ------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "discriminator", "generator"), [
    ("bce", math.log1p(math.exp(-2.0)) + math.log1p(math.exp(-0.5)), math.log1p(math.exp(0.5))),
    ("hinge", 0.0 + 0.5, 0.5),
    ("wasserstein", -0.5 - 2.0, 0.5),
])
def test_adversarial_values(name: str, discriminator: float, generator: float) -> None:
    loss, real, fake = ADVERSARIAL[name], torch.full((4,), 2.0), torch.full((4,), -0.5)
    assert loss.discriminator_loss(real, fake).item() == pytest.approx(discriminator)
    assert loss.generator_loss(fake).item() == pytest.approx(generator)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_each_player_is_pushed_its_own_way(name: str) -> None:
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    ADVERSARIAL[name].discriminator_loss(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    (wanted,) = torch.autograd.grad(ADVERSARIAL[name].generator_loss(fake), fake)
    assert (wanted < 0).all()


def test_saturated_logits_stay_finite() -> None:
    far = torch.full((2,), 1e4)
    assert ADVERSARIAL["bce"].discriminator_loss(-far, far).item() == pytest.approx(2e4)


def test_unknown_adversarial_loss_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no adversarial loss lsgan; Known: bce, hinge, wasserstein"):
        ADVERSARIAL["lsgan"]


def test_r1_of_a_known_function_and_its_gradient() -> None:
    images, features = torch.rand(5, 3, 3, requires_grad=True), torch.rand(5, 2, requires_grad=True)
    weight = torch.tensor(3.0, requires_grad=True)
    logits = weight * images.sum((1, 2)) + features.square().sum(1)
    penalty = r1_penalty(logits, [images, features])
    expected = 0.5 * (9.0 * 9 + 4 * features.detach().square().sum(1).mean())
    assert penalty.item() == pytest.approx(expected.item(), rel=1e-6)
    (slope,) = torch.autograd.grad(penalty, weight)
    assert slope.item() == pytest.approx(0.5 * 2 * 3.0 * 9)


# --- statistics -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("term", [StatisticsKL(ONE), SortedMatching(ONE)])
def test_identical_samples_cost_nothing(term: Term) -> None:
    values = torch.randn(200)
    assert abs(term(batch(values, values[torch.randperm(200)])).item()) < 1e-6


@pytest.mark.parametrize(("shift", "spread"), [(0.5, 1.0), (1.0, 1.0), (0.0, 1.5), (0.3, 1.2)])
def test_kl_of_two_normals(shift: float, spread: float) -> None:
    n = 2000
    real, fake = normal(n), normal(n, shift, spread)
    h2 = (0.9 * n ** -0.2) ** 2
    # Kernels of width h make each density a normal of variance σ² + h².
    p, q = 1 + h2, spread**2 + h2
    expected = 0.5 * ((p + shift**2) / q - 1 - math.log(p / q))
    assert StatisticsKL(ONE)(batch(real, fake)).item() == pytest.approx(expected, rel=0.04)


def test_kl_does_not_depend_on_unit_or_origin() -> None:
    real, fake = normal(100), normal(80, 0.4, 1.2)
    plain = StatisticsKL(ONE)(batch(real, fake)).item()
    assert StatisticsKL(ONE)(batch(1e-3 * real + 0.5, 1e-3 * fake + 0.5)).item() == pytest.approx(plain, rel=1e-6)


def test_fixed_bandwidth_of_the_publication_hardly_sees_a_shift() -> None:
    real, fake = 0.02 * normal(200) + 0.1, 0.02 * normal(200, 1.0) + 0.1
    published = PublishedStatistics(0.1, ONE)
    assert published(batch(real, fake)).item() < 0.03 < 0.3 < StatisticsKL(ONE)(batch(real, fake)).item()


@pytest.mark.parametrize("term", [StatisticsKL(ONE), SortedMatching(ONE)])
@pytest.mark.parametrize(("shift", "spread"), [(1.0, 1.0), (-3.0, 1.0), (0.0, 3.0)])
def test_descent_brings_the_distributions_together(term: Term, shift: float, spread: float) -> None:
    real = normal(128)
    where = torch.tensor([shift, spread], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([where], lr=0.1)
    for _ in range(250):
        optimiser.zero_grad()
        term(batch(real, where[0] + where[1] * normal(96))).backward()
        optimiser.step()
    fake = (where[0] + where[1] * normal(96)).detach()
    assert abs(fake.mean().item()) < 0.05
    assert fake.std().item() == pytest.approx(1.0, abs=0.07)


@pytest.mark.parametrize("term", [StatisticsKL(ONE), SortedMatching(ONE)])
def test_classes_are_kept_apart(term: Term) -> None:
    label = torch.arange(200) % 2
    values = torch.randn(200) + 3.0 * label
    assert abs(term(batch(values, values, label, label)).item()) < 1e-6
    assert term(batch(values, values, label, 1 - label)).item() > 1.0


def test_the_published_statistics_do_not_see_the_label() -> None:
    label = torch.arange(200) % 2
    values = torch.randn(200) + 3.0 * label
    assert abs(PublishedStatistics(0.1, ONE)(batch(values, values, label, 1 - label)).item()) < 1e-6


ZEROS, ONES = torch.zeros(8, dtype=torch.long), torch.ones(8, dtype=torch.long)
ONE_OF_EIGHT = torch.tensor([1, 0, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("term", [StatisticsKL(ONE), SortedMatching(ONE), PublishedStatistics(0.1, ONE)])
@pytest.mark.parametrize(("real_label", "fake_label"), [
    (ZEROS, ZEROS), (ZEROS, ONES), (ONE_OF_EIGHT, ONE_OF_EIGHT), (ONE_OF_EIGHT, ONES)])
def test_missing_classes_leave_a_finite_loss(term: Term, real_label: Tensor, fake_label: Tensor) -> None:
    fake = torch.randn(8, requires_grad=True)
    loss = term(batch(torch.randn(8), fake, real_label, fake_label))
    loss.backward()
    assert torch.isfinite(loss)
    assert fake.grad is not None
    assert torch.isfinite(fake.grad).all()


@pytest.mark.parametrize("term", [StatisticsKL(ONE), SortedMatching(ONE)])
@pytest.mark.parametrize(("real", "fake"), [
    (torch.full((9,), 0.3), torch.randn(9)),               # real jets do not vary
    (torch.randn(9), torch.full((9,), 0.3)),               # generated jets do not vary
    (torch.randn(9), torch.full((9,), 1e6)),               # far off
    (torch.tensor([0.0] * 8 + [1.0]), torch.randn(9)),     # no interquartile range
])
def test_degenerate_samples_leave_a_finite_gradient(term: Term, real: Tensor, fake: Tensor) -> None:
    fake = fake.clone().requires_grad_()
    loss = term(batch(real, fake))
    loss.backward()
    assert torch.isfinite(loss)
    assert fake.grad is not None
    assert torch.isfinite(fake.grad).all()


def test_sorted_matching_of_a_shift_in_units_of_the_spread() -> None:
    real = 5 * normal(400)
    spread = real.std(correction=0).item()
    value = SortedMatching(ONE, beta=0.1)(batch(real, real + 2 * spread)).item()
    assert value == pytest.approx(2 - 0.05)  # smooth L1: |d| − beta/2


@pytest.mark.parametrize("n", [37, 200, 1000])
def test_sorted_matching_of_unequal_counts(n: int) -> None:
    real = normal(200)
    assert SortedMatching(ONE)(batch(real, normal(n))).item() < 2e-3
    assert SortedMatching(ONE)(batch(real, normal(n, 1.0))).item() == pytest.approx(0.5, abs=0.02)


def test_terms_do_not_depend_on_the_order_of_the_jets() -> None:
    real, fake, label = torch.randn(60), torch.randn(60), torch.arange(60) % 2
    order = torch.randperm(60)
    for term in (StatisticsKL(ONE), SortedMatching(ONE)):
        a = term(batch(real, fake, label, label)).item()
        assert term(batch(real, fake[order], label, label[order])).item() == pytest.approx(a, rel=1e-5)


def test_coding_is_smooth_l1_in_units_of_the_scale() -> None:
    b = GeneratorBatch(torch.zeros(3), {}, {"s": torch.tensor([1.0, 2.0, 3.0])}, torch.zeros(3), torch.zeros(3),
                       asked={"s": torch.tensor([1.0, 1.0, 1.0])})
    assert Coding({"s": 2.0})(b).item() == pytest.approx((0 + 0.5 * 0.25 + 0.5) / 3)


# --- sparsity ---------------------------------------------------------------------------------------------

def test_unpaired_counts_prefer_a_constant_and_matched_ones_do_not() -> None:
    real, right = 30 + 6 * torch.randn(4000), 30 + 6 * torch.randn(4000)
    constant = torch.full((4000,), 30.0)
    unpaired, matched = UnpairedSparsity(), SortedMatching(ONE)
    wrong, fair = (unpaired(batch(real, fake, name="soft_count")).item() for fake in (constant, right))
    assert wrong < 0.6 * fair
    assert matched(batch(real, right)).item() < 0.01 < 0.2 < matched(batch(real, constant)).item()


def test_published_count_of_an_empty_image() -> None:
    assert soft_count(torch.zeros(1, 16, 16)).item() == pytest.approx(109, abs=0.5)


# --- mean image -------------------------------------------------------------------------------------------

def shares_batch(shares: Tensor, label: Tensor) -> GeneratorBatch:
    return GeneratorBatch(torch.zeros(len(shares)), {}, {"shares": shares}, label, label)


def settled(term: MeanImage, batch: GeneratorBatch) -> float:
    """The loss when it has seen the batch so often that it has forgotten all before."""
    for _ in range(300):
        term(batch)
    return term(batch).item()


def test_mean_image_asks_for_the_mean_and_nothing_else() -> None:
    """Jets of the right distribution are not asked to fluctuate less, nor more."""
    shares, label = torch.rand(20_000, 6).softmax(1), torch.arange(20_000) % 2
    term = MeanImage(mean_image_targets(shares, label))
    pulls = []
    for part, y in zip(shares.split(40), label.split(40), strict=True):
        made = part.clone().requires_grad_()
        term(shares_batch(made, y)).backward()
        assert made.grad is not None
        pulls.append((made.grad * (part - part.mean(0))).sum())
    pull = torch.stack(pulls)
    assert abs(pull.mean()) < 3 * pull.std() / len(pull) ** 0.5
    shifted = (shares + torch.tensor([0.02, -0.02, 0, 0, 0, 0])).requires_grad_()
    assert settled(term, shares_batch(shifted, label)) == pytest.approx(2 * 0.02**2 * (1 + 1.5), rel=0.1)
    term(shares_batch(shifted, label)).backward()
    assert shifted.grad is not None
    assert (shifted.grad[:, 0] > 0).all()
    assert (shifted.grad[:, 1] < 0).all()


def test_mean_image_is_kept_apart_by_class_and_stays_finite() -> None:
    label = torch.arange(400) % 2
    shares = torch.zeros(400, 2)
    shares[torch.arange(400), label] = 1
    term = MeanImage(mean_image_targets(shares, label))
    assert settled(term, shares_batch(shares, label)) == pytest.approx(0, abs=1e-12)
    # Two pixels, each wrong by 1 in share and root and by 0.5 / (1 + 0.001) in the occupancy at half weight.
    assert settled(term, shares_batch(shares, 1 - label)) == pytest.approx(4 + 2 * (0.5 / 1.001) ** 2, rel=1e-4)
    few = shares[:3].clone().requires_grad_()
    term(shares_batch(few, label[:3])).backward()
    assert few.grad is not None
    assert torch.isfinite(few.grad).all()


def test_mean_image_goes_on_where_it_was() -> None:
    shares, label = torch.rand(100, 6).softmax(1), torch.arange(100) % 2
    targets = mean_image_targets(shares, label)
    first, second = (WeightedSum([(MeanImage(targets), 1.0)]) for _ in range(2))
    batch = shares_batch(shares.roll(1, 1), label)
    first(batch)
    second.load_state_dict(first.state_dict())
    assert first(batch)[0].item() == second(batch)[0].item() > 0


# --- the sum ----------------------------------------------------------------------------------------------

class ToyGenerator(nn.Module):
    """Noise → images of 9×9 pixels, of the order of a GeV."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 81)

    def forward(self, noise: Tensor) -> Tensor:
        return torch.nn.functional.softplus(self.linear(noise)).reshape(-1, 9, 9)


def toy_batch(generator: ToyGenerator, needs: tuple[str, ...]) -> GeneratorBatch:
    grid, label = Grid.square(9, 0.4), torch.arange(64) % 2
    images, real = generator(torch.randn(64, 6)), 3 * torch.rand(64, 9, 9) ** 4
    real_values, fake_values = statistics(real, grid, needs), statistics(images, grid, needs)
    return GeneratorBatch(
        fake_logits=images.mean((1, 2)), real={**real_values, "soft_count": soft_count(real)},
        fake={**fake_values, "soft_count": soft_count(images, 0.3, 0.1)}, real_label=label, fake_label=label,
        asked=real_values)


TERMS: list[Term] = [
    *ADVERSARIAL.values(), StatisticsKL(), PublishedStatistics(0.1),
    SortedMatching(("mass", "width", "ptd", "pt")), SortedMatching(COUNTS, name="sparsity"), UnpairedSparsity(),
    Coding({"delta_r_mean": 0.01, "pixel_std": 0.1}),
]


@pytest.mark.parametrize("term", TERMS, ids=lambda t: f"{t.name}-{type(t).__name__}")
def test_each_term_changes_the_gradient_of_the_generator(term: Term) -> None:
    generator = ToyGenerator()
    other = SortedMatching(("pixel_mean",), name="other")
    gradients = []
    for weight in (0.0, 1.0):
        torch.manual_seed(1)
        total = WeightedSum([(other, 1.0), (term, weight)])
        loss, _ = total(toy_batch(generator, (*other.needs, *term.needs)))
        (gradient,) = torch.autograd.grad(loss, generator.linear.weight)
        assert torch.isfinite(gradient).all()
        gradients.append(gradient)
    assert (gradients[1] - gradients[0]).norm() > 1e-5


def test_sum_is_weighted_and_names_its_terms() -> None:
    total = WeightedSum([(ADVERSARIAL["bce"], 0.5), (SortedMatching(ONE), 2.0), (StatisticsKL(ONE), 0.0)])
    loss, values = total(batch(torch.randn(20), torch.randn(20, requires_grad=True)))
    assert list(values) == ["adversarial", "matching"]
    assert total.needs == ONE
    assert loss.item() == pytest.approx(0.5 * values["adversarial"].item() + 2 * values["matching"].item())
    assert loss.requires_grad
    assert not any(value.requires_grad for value in values.values())


def test_sum_refuses_equal_names_and_no_terms() -> None:
    with pytest.raises(ConfigError, match="two terms are called sparsity"):
        WeightedSum([(SortedMatching(COUNTS, name="sparsity"), 1.0), (UnpairedSparsity(), 1.0)])
    with pytest.raises(ConfigError, match="every weight is 0"):
        WeightedSum([(SortedMatching(COUNTS), 0.0)])


def test_what_is_asked_of_real_jets() -> None:
    """A term that looks at generated jets alone spares the real ones its statistics."""
    terms = WeightedSum([(Coding({"mass": 1.0, "ptd": 0.1}), 1.0), (SortedMatching(("ptd", "width")), 1.0)])
    assert terms.needs == ("mass", "ptd", "width")
    assert terms.needs_of_real == ("ptd", "width")
