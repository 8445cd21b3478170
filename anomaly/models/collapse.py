"""The trivial solution: a circuit that gives every image the same fidelity, and so a perfect and useless loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from qgan.base.errors import QganError
from qgan.base.seeding import torch_rng

#: A score in [0, 1] that varies less than this between jets and foreign images tells nothing apart.
LEAST_SPREAD = 1e-4
#: How many images are looked at.
MOST = 500


class CollapseError(QganError):
    """A model that answers the same whatever its input."""


def foreign(x: Tensor) -> dict[str, Tensor]:
    """Images (B, H, W) that are no jets: those of ``x`` with their pixels shuffled, and uniform noise."""
    rng = torch_rng(0, "foreign images")
    order = torch.rand(x.flatten(1).shape, generator=rng).argsort(dim=1).to(x.device)
    noise = torch.rand(x.shape, generator=rng).to(x) * x.max()
    return {"shuffled pixels": x.flatten(1).gather(1, order).reshape(x.shape), "noise": noise}


def check_spread(score: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Makes sure that a score in [0, 1], such as 1 - fidelity, depends on the image.

    Args:
        score: of images (B, H, W), (B,).
        x: usual jets.

    Raises:
        CollapseError: jets, shuffled pixels and noise all get the same.
    """
    x = x[:MOST]
    with torch.no_grad():
        found = {name: score(images) for name, images in ({"jets": x} | foreign(x)).items()}
    if float(torch.cat(list(found.values())).std()) >= LEAST_SPREAD:
        return
    means = ", ".join(f"{name} {float(values.mean()):.4f}" for name, values in found.items())
    raise CollapseError(f"the circuit has collapsed: it gives every image the same score ({means}); train it less "
                        "long or at a lower rate, without biases, or with the loss 'steadiness'")
