"""Progress off a terminal: a line now and then, each whole, with a rate that is right."""

from __future__ import annotations

import re
import time

import pytest

from qgan.base import progress


def test_off_a_terminal_each_state_is_a_line(capsys: pytest.CaptureFixture[str],
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.2)
    with progress.progress(100, "train", "steps", start=40) as bar:
        for _ in range(60):
            time.sleep(0.02)
            bar.update()
            bar.set_postfix_str("loss 3", refresh=False)
    said = capsys.readouterr().err
    lines = said.splitlines()
    assert "\r" not in said
    assert 3 <= len(lines) <= 12
    assert all(line.startswith("train:") for line in lines)
    assert "100/100" in lines[-1]
    rate = re.search(r"([\d.]+) steps/s, loss 3", lines[-2])
    assert rate is not None
    assert 10 < float(rate[1]) < 55


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress(3, "train", "steps", quiet=True) as bar:
        bar.update(3)
    assert capsys.readouterr().err == ""
