"""What every test shares: one thread, and torch's and NumPy's global generators in a known state."""

from __future__ import annotations

import numpy as np
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def known_random_state() -> None:
    """A test that forgets to pass a seed still repeats."""
    torch.manual_seed(0)
    np.random.seed(0)
