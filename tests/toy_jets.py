"""Jets for tests, made in milliseconds: two prongs and soft radiation, with a mass and a pT that fluctuate."""

from __future__ import annotations

import numpy as np

from qgan.data.grid import Grid
from qgan.data.jets import JetImages

GRID = Grid.square(12, 1.2)
_PARTICLES = 24


def toy_jets(n_per_class: int, seed: int, source: str = "toy.h5", size: int = 12) -> JetImages:
    """``n_per_class`` QCD (label 0) and W (label 1) jets in the canonical frame, ``size`` × ``size`` pixels."""
    rng = np.random.default_rng(seed)
    label = np.repeat([0, 1], n_per_class)
    n = len(label)
    pt = rng.uniform(250, 300, n)
    distance = np.where(label == 1, rng.normal(0.6, 0.05, n), rng.exponential(0.35, n).clip(0.1, 0.9))
    second = np.where(label == 1, rng.uniform(0.25, 0.45, n), rng.uniform(0.05, 0.4, n))
    prong = rng.random((n, _PARTICLES)) < 0.45
    share = rng.exponential(1, (n, _PARTICLES)) ** 2
    for mask, part in ((prong, second), (~prong, 1 - second)):
        total = np.where(mask, share, 0).sum(1)
        share = np.where(mask, share * (part / np.where(total > 0, total, 1))[:, None], share)
    share /= share.sum(1, keepdims=True)
    spread = 0.12 / (1 + 20 * share)
    eta = np.where(prong, distance[:, None], 0) + spread * rng.normal(size=share.shape)
    phi = spread * rng.normal(size=share.shape) + 0.02
    p = pt[:, None] * share
    p4 = np.stack([(p * f).sum(1) for f in (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta))])
    mass = np.sqrt(np.maximum(p4[0] ** 2 - (p4[1:] ** 2).sum(0), 0))
    edges = np.linspace(-1.2, 1.2, size + 1)
    row, column = (np.clip(np.digitize(x, edges) - 1, 0, size - 1) for x in (eta, phi))
    images = np.zeros((n, size, size), np.float32)
    np.add.at(images, (np.arange(n)[:, None], row, column), p)
    conditions = {"pt": pt, "mass": mass, "eta": rng.uniform(-2, 2, n)}
    return JetImages(images, label, {k: v.astype(np.float32) for k, v in conditions.items()},
                     Grid.square(size, 1.2), "canonical", ("qcd", "w"), source=source)
