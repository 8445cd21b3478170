"""What every generator and discriminator must do, whatever its architecture, core, readout and size."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from qgan.base.errors import ConfigError
from qgan.data.grid import Grid
from qgan.models import OBSERVABLES, Discriminator, Generator, PixelStatistics
from qgan.models.blocks import pyramid
from qgan.models.pixels import KNEE, SOFTEST, HalfStep, PixelHead
from qgan.models.published import PublishedDiscriminator, PublishedGenerator
from qgan.observables.tensors import statistics

Network = Generator | PublishedGenerator
N_CONDITIONS = 5
SMALL = {"n_qubits": 5, "n_layers": 2, "n_rotations": 5, "noise": 6, "channels": 4, "seed": 3}


def ours(shape: tuple[int, int] = (12, 12), **options: Any) -> Callable[[], Generator]:
    settings: dict[str, Any] = {**SMALL, **options}
    return lambda: Generator(N_CONDITIONS, shape, **settings)


OURS: dict[str, Callable[[], Generator]] = {
    **{f"{core} {readout}": ours(core=core, readout=readout)
       for core in ("quantum", "dense", "frozen", "orthogonal", "none") for readout in ("state", "probs", "expval")},
    **{f"{h}x{w}": ours((h, w)) for h, w in ((25, 25), (16, 16), (30, 30), (13, 20), (40, 9))},
    "default size": lambda: Generator(N_CONDITIONS, (25, 25)),
    "without pixel noise": ours(pixel_noise=False), "with texture": ours((25, 25), texture=4),
    "by PennyLane": ours(backend="default.qubit"),
}
PUBLISHED: dict[str, Callable[[], PublishedGenerator]] = {
    "published": lambda: PublishedGenerator(N_CONDITIONS, (16, 16), seed=3),
    "published, two layers": lambda: PublishedGenerator(N_CONDITIONS, (16, 16), n_layers=2, n_rotations=8),
}
every_generator = pytest.mark.parametrize("build", [*OURS.values(), *PUBLISHED.values()], ids=[*OURS, *PUBLISHED])


def known(softest: float = 0.0, knee: float = 0.0, power: float = 0.5) -> PixelStatistics:
    """Flat pixels with a least size and a knee."""
    return replace(PixelStatistics.flat((12, 12), power), softest=softest, knee=knee)


def inputs(generator: Network, n: int = 24) -> tuple[Tensor, Tensor]:
    """Standardised conditions and noise."""
    return torch.randn(n, N_CONDITIONS), torch.randn(n, generator.noise_features)


@every_generator
def test_images_are_images(build: Callable[[], Network]) -> None:
    generator = build()
    for mode in (True, False):
        images = generator.train(mode)(*inputs(generator))
        assert (images.shape, images.dtype) == ((24, *generator.shape), torch.float32)
        assert images.isfinite().all()
        assert images.min() >= 0
        assert images.sum((1, 2)).min() > 0


@pytest.mark.parametrize("build", OURS.values(), ids=OURS.keys())
def test_ours_have_unit_length_and_exact_zeros(build: Callable[[], Generator]) -> None:
    generator = build()
    with torch.no_grad():
        images = generator(*inputs(generator))
    torch.testing.assert_close(images.square().sum((1, 2)), torch.ones(24), atol=2e-6, rtol=0)
    empty = (images == 0).float().mean()
    if generator.pixels.noisy:
        assert 0 < empty < 1
    # Which pixels are empty differs from jet to jet: a mask would not do.
    if generator.pixels.noisy:
        assert ((images == 0).any(0) & (images > 0).any(0)).float().mean() > 0.1


def test_pixels_below_zero_become_empty_without_noise_too() -> None:
    generator = ours(pixel_noise=False)()
    with torch.no_grad():
        generator.pixels.bias[0] -= 1.5 * generator.pixels.bias[0].mean()
        generator.pixels.bias[0, :6] += 1.0
        images = generator(*inputs(generator))
    assert 0 < (images == 0).float().mean() < 1


@pytest.mark.parametrize("power", [0.3, 0.5, 1.0])
def test_soft_pixels_are_cut_and_the_sum_is_kept(power: float) -> None:
    generator = ours(power=power, pixels=known(softest=0.05, power=power))()
    soft = ours(power=power)()
    soft.load_state_dict({**generator.state_dict(), "pixels.softest": torch.tensor(0.0)})
    conditions, noise = inputs(generator)
    images, uncut = generator(conditions, noise), soft(conditions, noise)
    assert 0 < uncut[uncut > 0].min() < 0.05 < images[images > 0].min()
    # What is left is what was there, on one scale a jet.
    scale = (images.amax((1, 2)) / uncut.amax((1, 2)))[:, None, None]
    kept = uncut >= uncut.amax((1, 2), keepdim=True).clamp_max(0.05)  # the hardest pixel in any case
    torch.testing.assert_close(images, scale * uncut * kept, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(images.pow(1 / power).sum((1, 2)), torch.ones(24), atol=1e-5, rtol=0)


def test_no_jet_is_empty_however_soft_its_pixels_are() -> None:
    generator = ours(pixels=known(softest=0.9))()
    images = generator(*inputs(generator))
    assert ((images > 0).sum((1, 2)) == 1).all()
    torch.testing.assert_close(images.sum((1, 2)), torch.ones(24))


@pytest.mark.parametrize("name", ["published", "published, two layers"])
def test_published_pixels_stay_below_one(name: str) -> None:
    generator = PUBLISHED[name]()
    conditions, noise = inputs(generator)
    images = generator(conditions, noise)
    assert 0 <= images.min() <= images.max() < 1
    with torch.no_grad():
        last = generator.convolutions[-2]
        assert isinstance(last, nn.ConvTranspose2d)
        assert last.bias is not None
        last.bias -= 20.0
    assert (generator(conditions, noise) == 0).all(), "all far below the soft threshold"


def test_published_loses_the_length_of_the_conditions_and_ours_does_not() -> None:
    published, mine = PUBLISHED["published"]().eval(), ours()()
    conditions, noise = inputs(published)
    torch.testing.assert_close(published(2 * conditions, noise), published(conditions, noise))
    conditions, noise = inputs(mine)
    assert (mine(2 * conditions, noise) - mine(conditions, noise)).abs().max() > 1e-3


@pytest.mark.parametrize("shape", [(25, 25), (12, 12), (16, 17)])
def test_published_refuses_other_sizes(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"16 x 16 images, not {shape[0]} x {shape[1]}"):
        PublishedGenerator(N_CONDITIONS, shape)


@every_generator
def test_the_same_inputs_make_the_same_images_and_others_do_not(build: Callable[[], Network]) -> None:
    generator = build().eval()
    conditions, noise = inputs(generator)
    images = generator(conditions, noise)
    assert torch.equal(images, generator(conditions, noise))
    assert not torch.allclose(images, generator(conditions + 1, noise), rtol=1e-5, atol=0)
    assert not torch.allclose(images, generator(conditions, noise + 1), rtol=1e-5, atol=0)


@every_generator
def test_a_jet_does_not_depend_on_the_rest_of_its_batch(build: Callable[[], Network]) -> None:
    generator = build().eval()
    conditions, noise = inputs(generator)
    images = generator(conditions, noise)
    # To rounding: a matrix product rounds differently for another number of rows.
    torch.testing.assert_close(generator(conditions[3:5], noise[3:5]), images[3:5], atol=1e-5, rtol=1e-4)
    reversed_ = generator(conditions.flip(0), noise.flip(0)).flip(0)
    torch.testing.assert_close(reversed_, images, atol=1e-5, rtol=1e-4)


@every_generator
def test_everything_that_trains_gets_a_gradient(build: Callable[[], Network]) -> None:
    generator = build()
    images = generator(*inputs(generator, 64))
    (images * torch.randn_like(images)).sum().backward()
    layer = getattr(generator.core, "layer", generator.core)
    for name, parameter in generator.named_parameters():
        if not parameter.requires_grad:
            assert parameter.grad is None, name
            continue
        assert parameter.grad is not None, name
        if name.endswith(".weights"):
            assert parameter.grad.ne(0).all(), f"{name}: an angle without effect"
        else:
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.abs().max() > 0, name
    if not any(p.requires_grad for p in layer.parameters()):
        assert not any(name.startswith("core.") for name, p in generator.named_parameters() if p.requires_grad)


@pytest.mark.parametrize(("core", "trains"), [
    ("quantum", True), ("dense", True), ("frozen", False), ("orthogonal", False), ("none", False)])
def test_which_cores_train(core: str, trains: bool) -> None:
    assert any(p.requires_grad for p in ours(core=core)().core.parameters()) == trains


@every_generator
def test_saved_weights_make_the_same_images(build: Callable[[], Network]) -> None:
    generator, other = build(), build()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    # Not only weights: batch norm's statistics have to travel too.
    generator.train()(*inputs(generator))
    conditions, noise = inputs(generator)
    images = generator.eval()(conditions, noise)
    assert not torch.allclose(images, other.eval()(conditions, noise), atol=1e-4)
    buffer = io.BytesIO()
    torch.save(generator.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(images, other(conditions, noise))


def test_the_random_layers_come_from_the_seed_and_from_the_file() -> None:
    first, other = ours(seed=1)(), ours(seed=2)()
    assert not torch.equal(first.state_dict()["core.layer.gates"], other.state_dict()["core.layer.gates"])
    conditions, noise = inputs(first)
    other.load_state_dict(first.state_dict())
    assert torch.equal(first(conditions, noise), other(conditions, noise))


def test_it_starts_from_the_mean_image() -> None:
    mean = torch.zeros(12, 12)
    mean[4:7, 5:8] = 0.3
    generator = ours(pixels=PixelStatistics(mean, (mean > 0).float(), 0.0, 0.0))()
    with torch.no_grad():
        images = generator(*inputs(generator, 200))
    assert images[:, 4:7, 5:8].square().sum((1, 2)).mean() > 0.9


def test_pixels_start_as_often_and_as_hard_as_they_are() -> None:
    """Against the sampled definition: v = ReLU(a + b·ε) has the asked occupancy and mean in every pixel."""
    pixels = PixelStatistics(torch.tensor([[0.5, 0.05, 0.004]]), torch.tensor([[0.99, 0.5, 0.03]]), 0.0, 0.0)
    threshold, log_spread = pixels.start()
    drawn = torch.relu(log_spread.exp() * (threshold + torch.randn(400_000, 1, 3)))
    torch.testing.assert_close((drawn > 0).float().mean(0), pixels.occupancy, atol=2e-3, rtol=0.03)
    torch.testing.assert_close(drawn.mean(0), pixels.mean, atol=1e-4, rtol=0.03)


def test_pixel_statistics_of_images() -> None:
    images = torch.zeros(1000, 2, 2)
    images[:, 0, 0] = torch.linspace(0.001, 1, 1000)
    images[::4, 1, 1] = 0.8
    pixels = PixelStatistics.of(images)
    torch.testing.assert_close(pixels.occupancy, torch.tensor([[1.0, 0.0], [0.0, 0.25]]))
    torch.testing.assert_close(pixels.mean, images.mean(0))
    nonzero = images[images > 0]
    assert (nonzero < pixels.softest).float().mean().item() == pytest.approx(SOFTEST, abs=1e-3)
    assert (nonzero < pixels.knee).float().mean().item() == pytest.approx(KNEE, abs=1e-3)
    with pytest.raises(ValueError, match="without a pixel"):
        PixelStatistics.of(torch.zeros(5, 2, 2))


def test_the_knee_thins_out_soft_pixels() -> None:
    """Of v uniform near 0, a share ∝ x² lies below x with a knee, ∝ x without one; hard pixels stay as they are."""
    plain, bent = PixelHead(1, known(), True, 0.5), PixelHead(1, known(knee=0.1), True, 0.5)
    for head in (plain, bent):
        for name in ("convolution.phases.weight", "neighbours.second.weight", "neighbours.second.bias"):
            torch.nn.init.zeros_(head.get_parameter(name))
        with torch.no_grad():
            head.bias[0], head.bias[1] = 0.0, -20.0
            head.bias[0, 0, 0] = 1.0
            head.bias[0, 5] = torch.linspace(0.001, 0.012, 12)
    images = [head(torch.zeros(1, 1, 12, 12), torch.zeros(1, 12, 12))[0] for head in (plain, bent)]
    ratio = [(image[5, 11] / image[5, 0]).item() for image in images]
    assert ratio[0] == pytest.approx(12, rel=1e-3)
    assert ratio[1] == pytest.approx(12**0.5, rel=0.05)


@pytest.mark.parametrize(("shape", "sizes"), [
    ((25, 25), [(4, 4), (7, 7), (13, 13), (25, 25)]), ((16, 16), [(2, 2), (4, 4), (8, 8), (16, 16)]),
    ((30, 13), [(4, 2), (8, 4), (15, 7), (30, 13)])])
def test_pyramid(shape: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    assert pyramid(shape) == sizes


def test_sizes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="in_features: 45"):
        ours(noise=40)()
    with pytest.raises(ConfigError, match="there is no core magic"):
        ours(core="magic")()


DISCRIMINATORS: dict[str, Callable[[], Discriminator | PublishedDiscriminator]] = {
    **{f"{h}x{w}": partial(Discriminator, 3, Grid(h, w, (-1.0, 1.0), (-1.0, 1.0)), channels=4)
       for h, w in ((25, 25), (16, 16), (12, 12), (30, 30), (13, 20))},
    "no observables": lambda: Discriminator(3, Grid.square(12, 1.0), channels=4, observables=False),
    "no comparison": lambda: Discriminator(3, Grid.square(12, 1.0), channels=4, batch_comparison=0),
    "published": lambda: PublishedDiscriminator(3, (16, 16)),
}
every_discriminator = pytest.mark.parametrize("name", DISCRIMINATORS)


def judged(name: str, n: int = 12) -> tuple[Discriminator | PublishedDiscriminator, Tensor, Tensor, Tensor]:
    """A discriminator, images in network space and in GeV, and conditions."""
    discriminator = DISCRIMINATORS[name]()
    shape = discriminator.grid.shape if isinstance(discriminator, Discriminator) else (16, 16)
    images = torch.relu(torch.randn(n, *shape))
    images = images / images.square().sum((1, 2), keepdim=True).sqrt()
    return discriminator, images, 270 * images.square(), torch.randn(n, 3)


@every_discriminator
def test_discriminators_give_one_logit_each(name: str) -> None:
    discriminator, images, gev, conditions = judged(name)
    logits = discriminator(images, gev, conditions)
    assert (logits.shape, logits.dtype) == ((12,), torch.float32)
    assert logits.isfinite().all()
    assert logits.std() > 0


@every_discriminator
def test_everything_in_a_discriminator_gets_a_gradient(name: str) -> None:
    discriminator, images, gev, conditions = judged(name, 64)
    (discriminator(images, gev, conditions) * torch.randn(64)).sum().backward()
    for key, parameter in discriminator.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@every_discriminator
def test_discriminators_look_at_images_and_conditions(name: str) -> None:
    discriminator, images, gev, conditions = judged(name)
    discriminator.eval()
    logits = discriminator(images, gev, conditions)
    assert (discriminator(images.flip(2), gev.flip(2), conditions) - logits).abs().max() > 1e-6
    assert (discriminator(images, gev, -conditions) - logits).abs().max() > 1e-6


@every_discriminator
def test_an_empty_image_has_a_finite_gradient(name: str) -> None:
    discriminator, images, _, conditions = judged(name)
    images = (0 * images).requires_grad_()
    logits = discriminator(images, 270 * images.square(), conditions)
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    gradient.square().sum().backward()
    assert gradient.isfinite().all()
    assert all(p.grad.isfinite().all() for p in discriminator.parameters() if p.grad is not None)


def test_the_comparison_sees_a_lack_of_variety() -> None:
    discriminator, images, gev, conditions = judged("12x12")
    alone, _, _, _ = judged("no comparison")
    same = [x[:1].expand_as(x).contiguous() for x in (images, gev, conditions)]
    mixed = [torch.cat((x[:1], x[1:])) for x in (images, gev, conditions)]
    assert (discriminator(*same)[0] - discriminator(*mixed)[0]).abs() > 1e-5
    assert (alone(*same)[0] - alone(*mixed)[0]).abs() < 1e-5


def test_outlying_observables_do_not_decide_alone() -> None:
    discriminator, _, gev, _ = judged("12x12")
    assert isinstance(discriminator, Discriminator)
    seen = discriminator._standardised(1e6 * gev)
    assert seen.shape == (12, len(OBSERVABLES))
    assert seen.abs().max() <= 3


def test_observables_that_are_known_are_taken_as_they_are() -> None:
    discriminator, images, gev, conditions = judged("12x12")
    assert isinstance(discriminator, Discriminator)
    values = torch.stack(tuple(statistics(gev, discriminator.grid, OBSERVABLES).values()), 1)
    logits = discriminator(images, gev, conditions)
    assert torch.equal(discriminator(images, gev, conditions, discriminator.seen(images, gev)), logits)
    assert torch.equal(discriminator(images, gev, conditions, discriminator.seen(images, gev, values)), logits)
    other = discriminator(images, gev, conditions, discriminator.seen(images, gev, 2 * values))
    assert not torch.equal(other, logits)


def test_too_small_images_are_refused() -> None:
    with pytest.raises(ValueError, match="7 x 12 pixels: expected at least 8"):
        Discriminator(N_CONDITIONS, Grid(7, 12, (-1, 1), (-1, 1)))


def test_a_constant_observable_does_no_harm() -> None:
    grid = Grid.square(12, 1.0)
    values = torch.rand(6, 12, 12)
    discriminator = Discriminator(N_CONDITIONS, grid, spread=torch.zeros(len(OBSERVABLES)))
    assert discriminator(values, values, torch.randn(6, N_CONDITIONS)).isfinite().all()


def test_pixels_that_no_jet_reaches_stay_zero() -> None:
    images = torch.rand(50, 9, 9, generator=torch.Generator().manual_seed(0))
    images[:, 0, 8] = 0
    generator = ours((9, 9), pixels=PixelStatistics.of(images))()
    with torch.no_grad():
        generator.pixels.bias[0] += 1.0
    made = generator(*inputs(generator))
    assert (made[:, 0, 8] == 0).all()
    assert (made[:, 0, 7] > 0).any()
    assert (made[:, 1, 8] > 0).any()


@pytest.mark.parametrize("size", [(13, 13), (12, 13), (14, 14)])
def test_half_step_is_a_transposed_convolution(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    step = HalfStep(3, 2)
    x = torch.randn(4, 3, 7, 7, generator=generator)
    kernel = torch.zeros(3, 2, 6, 6)
    phases = step.phases.weight.detach().reshape(2, 2, 2, 3, 3, 3)  # (row, column, channel, in, height, width)
    for row in range(2):
        for column in range(2):
            # A convolution reads x at i + k - 1, a transposed one writes x[i] to 2 i + k - 2: the taps run backwards.
            taps = phases[row, column].permute(1, 0, 2, 3).flip(2, 3)
            kernel[:, :, row::2, column::2] = taps
    expected = torch.nn.functional.conv_transpose2d(x, kernel, stride=2, padding=2)[:, :, :size[0], :size[1]]
    torch.testing.assert_close(step(x, size).transpose(0, 1), expected, atol=1e-6, rtol=1e-5)
