"""Training steps of circuits of shares: each beside a classical network of as many numbers."""

from __future__ import annotations

import pytest

from qgan.studies.bench.shares import BORN, share_rows


def test_each_is_measured_beside_coordinates_of_equal_size() -> None:
    rows = {row["what"]: row for row in share_rows(0.05)}
    assert list(rows) == [BORN, "tree", "tree_fed", "bits"]
    assert rows[BORN]["numbers"] == 703
    for row in rows.values():
        assert row["over_low"] <= row["over"] <= row["over_high"]
        assert row["seconds"] > 0
    assert rows["tree_fed"]["numbers"] == pytest.approx(550, rel=0.05)
