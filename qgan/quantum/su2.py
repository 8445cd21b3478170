"""Chains of rotations of one qubit, fused before any state is touched.

A rotation is a unit quaternion (a, b, c, d), U = a - i (b X + c Y + d Z), and products of rotations are Hamilton
products: four real numbers instead of four complex ones, and elementwise arithmetic over whole batches. Three
rotations RZ(γ) RY(β) RZ(α) are one closed form (Euler angles), so that a chain of them needs a third of the products.
"""

from __future__ import annotations

import torch
from torch import Tensor

Quaternion = tuple[Tensor, Tensor, Tensor, Tensor]


def euler(angles: Tensor) -> Quaternion:
    """The quaternion of RZ(angles[2]) RY(angles[1]) RZ(angles[0]); ``angles`` (3, ...), each part (...)."""
    first, middle, last = angles.unbind(0)
    both, turn = 0.5 * (last + first), 0.5 * (last - first)
    cos, sin = torch.cos(0.5 * middle), torch.sin(0.5 * middle)
    return cos * torch.cos(both), -sin * torch.sin(turn), sin * torch.cos(turn), cos * torch.sin(both)


def euler_angles(quaternion: Quaternion) -> Tensor:
    """(3, ...): angles that :func:`euler` turns into this unit quaternion, or into its negative, the same rotation."""
    a, b, c, d = quaternion
    both, turn = torch.atan2(d, a), torch.atan2(-b, c)
    return torch.stack((both - turn, 2 * torch.atan2(torch.hypot(b, c), torch.hypot(a, d)), both + turn))


def product(left: Quaternion, right: Quaternion) -> Quaternion:
    """``left · right``: the rotation ``right`` acts first."""
    a, b, c, d = left
    e, f, g, h = right
    return (
        a * e - b * f - c * g - d * h,
        a * f + b * e + c * h - d * g,
        a * g - b * h + c * e + d * f,
        a * h + b * g - c * f + d * e,
    )


def chain(quaternions: Quaternion) -> Quaternion:
    """The product over the first dimension (L, ...), entry 0 acting first, multiplied in pairs (a tree)."""
    while (length := len(quaternions[0])) > 1:
        even = length // 2 * 2
        fused = product(_part(quaternions, slice(1, even, 2)), _part(quaternions, slice(0, even, 2)))
        if even < length:
            rest = _part(quaternions, slice(even, length))
            fused = tuple(torch.cat(pair) for pair in zip(fused, rest, strict=True))  # type: ignore[assignment]
        quaternions = fused
    a, b, c, d = quaternions
    return a[0], b[0], c[0], d[0]


def matrices(quaternion: Quaternion) -> Tensor:
    """(..., 2, 2) complex unitaries."""
    a, b, c, d = quaternion
    real = torch.stack((a, -c, c, a), -1)
    imag = torch.stack((-d, -b, -b, d), -1)
    return torch.complex(real, imag).reshape(*a.shape, 2, 2)


def _part(quaternion: Quaternion, index: slice) -> Quaternion:
    a, b, c, d = quaternion
    return a[index], b[index], c[index], d[index]
