"""Evaluations and reports that take a second: for tests that ask which rows there are, not how precise they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgan.evaluation import effort

#: Referees that learn nothing.
_REFEREES: dict[str, Any] = {"referee_sizes": (20, 40), "referee_seeds": 2, "referee_floors": 1}


def few_draws(patch: pytest.MonkeyPatch) -> None:
    """Every evaluation from now on has as few draws, splits and real pairs as will do."""
    _with(patch, floors=4, draws=2, tree_repeats=2, tree_floors=2, **_REFEREES)


def small_referees(patch: pytest.MonkeyPatch) -> None:
    """Every evaluation from now on has referees that learn nothing; they take half of the time of a quick one."""
    _with(patch, **_REFEREES)


def _with(patch: pytest.MonkeyPatch, **changes: Any) -> None:
    whole = effort.effort
    patch.setattr("qgan.evaluation.reference.effort", lambda *asked: replace(whole(*asked), **changes))


def no_pictures(patch: pytest.MonkeyPatch) -> None:
    """Reports and records from now on hold numbers alone, which takes seconds less."""
    for module in ("folder", "recorded"):
        patch.setattr(f"qgan.report.{module}.figures", lambda *asked: iter(()))
