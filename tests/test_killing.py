"""Commands that are killed a few times and given again end as if they had been left alone (see killing.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["simulate", "train", "generate", "compare", "augment"])
def test_a_few_kills(name: str) -> None:
    if name == "simulate":
        pytest.importorskip("pythia8mc")
        pytest.importorskip("fastjet")
    script = Path(__file__).parent / "killing.py"
    said = subprocess.run([sys.executable, script, name, "--kills", "3"], text=True, capture_output=True,
                          cwd=script.parents[1], check=True).stdout
    assert said.startswith(f"{name}: 3 kills, seed 0, ")
    assert " 0 faults, " in said, said
