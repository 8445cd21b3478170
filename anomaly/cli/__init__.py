"""The ``anomaly`` command: every module of this package is one of its commands, its function ``main`` what it does."""

from __future__ import annotations

from collections.abc import Sequence

from qgan.base.console import Program

PROGRAM = Program(
    name="anomaly",
    description="Anomaly detection on jet images: learn what usual jets look like, score the others.",
    package="anomaly.cli",
    examples="""\
anomaly train --config anomaly_conv --out runs/cae
anomaly score runs/cae --plots plots/
""",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    return PROGRAM.run(argv)
