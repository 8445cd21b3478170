"""What nearest neighbours tell: precision, recall, density, coverage, and whether jets were memorised."""

from __future__ import annotations

import numpy as np


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, float]:
    """Precision, recall (arXiv:1904.06991), density, coverage (arXiv:2002.09797).

    With the ball around each jet that just reaches its k-th neighbour in its own sample:

    - precision: share of generated jets in any real ball; recall: share of real jets in any generated ball;
    - density: real balls around a generated jet, over k; coverage: share of real balls with a generated jet.

    Args:
        real, fake: (N, d) and (M, d) features, standardised by the caller.
    """
    real, fake = np.asarray(real, np.float32), np.asarray(fake, np.float32)
    real_radius, fake_radius = (_kth_distance(x, k) for x in (real, fake))
    across = squared_distances(real, fake)
    in_real_ball = across <= real_radius[:, None]
    return {
        "precision": float(in_real_ball.any(0).mean()),
        "recall": float((across <= fake_radius[None, :]).any(1).mean()),
        "density": float(in_real_ball.sum(0).mean() / k),
        "coverage": float(in_real_ball.any(1).mean())}


def nearest_distance(images: np.ndarray, others: np.ndarray, block: int = 512) -> np.ndarray:
    """Distance of each image to the nearest of ``others``, both as √(pixel / sum): 0 for a copy, √2 at most.

    Args:
        images, others: (N, H, W) and (M, H, W).

    Returns:
        (N,) distances.
    """
    a, b = _root_shares(images), _root_shares(others)
    nearest = [squared_distances(a[i:i + block], b).min(1) for i in range(0, len(a), block)]
    return np.sqrt(np.concatenate(nearest)) if nearest else np.zeros(0)


def memorising(fake_distance: np.ndarray, test_distance: np.ndarray) -> float:
    """Median distance generated → training over test → training: 1 for new jets, 0 for copies."""
    return float(np.median(fake_distance) / np.median(test_distance))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a_i − b_j|², (N, M), from one matrix product."""
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None, :]
    product = a @ b.T
    product *= -2
    product += squares
    return np.maximum(product, 0, out=product)


def _kth_distance(x: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each point to its k-th neighbour; the point itself is not one."""
    distances = squared_distances(x, x)
    np.fill_diagonal(distances, np.inf)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]


def _root_shares(images: np.ndarray) -> np.ndarray:
    flat = np.asarray(images, np.float32).reshape(len(images), -1)
    total = flat.sum(1, keepdims=True)
    return np.sqrt(flat / np.where(total > 0, total, 1))
