"""Evaluations and reports that take a second: for tests that ask which rows there are, not how precise they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgan.evaluation import effort


def few_draws(patch: pytest.MonkeyPatch) -> None:
    """Every evaluation from now on has as few draws, splits and real pairs as will do."""

    def little(*asked: Any) -> effort.Effort:
        return replace(whole(*asked), floors=4, draws=2, tree_repeats=2, tree_floors=2,
                       referee_sizes=(20, 40), referee_seeds=2, referee_floors=1)

    whole = effort.effort
    patch.setattr("qgan.evaluation.reference.effort", little)


def no_pictures(patch: pytest.MonkeyPatch) -> None:
    """Reports and records from now on hold numbers alone, which takes seconds less."""
    for module in ("folder", "recorded"):
        patch.setattr(f"qgan.report.{module}.figures", lambda *asked: iter(()))
