"""The observables that come with the package: name, NumPy function, torch function, unit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor

from ..data.grid import Grid
from . import arrays, tensors
from .registry import OBSERVABLES, Observable


def _tau(name: str) -> Callable[[np.ndarray, Grid], np.ndarray]:
    return lambda images, grid: arrays.subjettiness(images, grid)[name]


def _tau_with_gradient(name: str) -> Callable[[Tensor, Grid], Tensor]:
    return lambda images, grid: tensors.subjettiness(images, grid)[name]


for _name, _observable in {
    "pt": Observable(arrays.pt, tensors.pt, "GeV"),
    "mass": Observable(arrays.mass, tensors.mass, "GeV"),
    "delta_r_mean": Observable(arrays.delta_r_mean, tensors.delta_r_mean, "GeV"),
    "delta_r_std": Observable(arrays.delta_r_std, tensors.delta_r_std, "GeV"),
    "width": Observable(arrays.width, tensors.width),
    "sigma_r": Observable(arrays.sigma_r, tensors.sigma_r),
    "pixel_mean": Observable(arrays.pixel_mean, tensors.pixel_mean, "GeV"),
    "pixel_std": Observable(arrays.pixel_std, tensors.pixel_std, "GeV"),
    "nnz": Observable(arrays.nnz, cuts=True),
    "ptd": Observable(arrays.ptd, tensors.ptd),
    **{f"leading_{k}": Observable(partial(arrays.leading_fraction, k=k), partial(tensors.leading_fraction, k=k))
       for k in arrays.LEADING},
    "tau_1": Observable(_tau("tau_1")),
    "tau_21": Observable(_tau("tau_21")),
    "tau_32": Observable(_tau("tau_32")),
    "c2": Observable(arrays.c2),
    # What the image has, where the bare name is the jet's; and what is for losses alone.
    "image_mass": Observable(tensors=tensors.mass, unit="GeV"),
    "image_tau_21": Observable(tensors=_tau_with_gradient("tau_21")),
    "image_tau_32": Observable(tensors=_tau_with_gradient("tau_32")),
    "centroid_eta": Observable(tensors=tensors.centroid_eta),
    "centroid_phi": Observable(tensors=tensors.centroid_phi),
    "soft_nnz": Observable(tensors=tensors.soft_nnz),
    **{f"clumps_{size}": Observable(tensors=partial(tensors.clumps, size=size)) for size in (3, 5)},
}.items():
    OBSERVABLES.add(_name, _observable)
