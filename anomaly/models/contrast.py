"""Logarithmic contrast: soft pixels made visible."""

from __future__ import annotations

import torch
from torch import Tensor


def contrasted(x: Tensor, contrast: float) -> Tensor:
    """log(1 + c x) / log(1 + c) of pixels x between 0 and 1; ``contrast`` 0 leaves them as they are."""
    c = x.new_tensor(contrast)
    return torch.log1p(c * x) / torch.log1p(c) if contrast else x
