"""What every test shares: one thread, and torch's and NumPy's global generators in a known state."""

from __future__ import annotations

import signal

import numpy as np
import pytest
import torch

torch.set_num_threads(1)
# A background job is started with Ctrl-C ignored, and so would be every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def known_random_state() -> None:
    """A test that forgets to pass a seed still repeats."""
    torch.manual_seed(0)
    # What libraries fall back to.
    np.random.seed(0)  # noqa: NPY002
