"""The Wasserstein distance between two samples of images: how far, on average, one has to be carried into the other."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def transport(x: Tensor, y: Tensor) -> Tensor:
    """W₁ with the Euclidean distance of the pixels, a scalar with a gradient; of as many images (B, ...) each.

    Of samples of the same size the best way to carry one into the other is a pairing, which is found exactly.

    Raises:
        ValueError: more images of one than of the other.

    >>> float(transport(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.5], [0.0]])))
    0.25
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} and {len(y)} images, expected as many of each")
    cost = torch.cdist(x.flatten(1), y.flatten(1))
    rows, columns = linear_sum_assignment(cost.detach().cpu().numpy())
    return cost[torch.from_numpy(rows), torch.from_numpy(columns)].mean()
