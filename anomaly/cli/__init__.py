"""The ``anomaly`` command."""

from __future__ import annotations

from collections.abc import Sequence

from qgan.base.console import Program

PROGRAM = Program(
    name="anomaly",
    description="Anomaly detection on jet images: learn what usual jets look like, score the others.",
    package="anomaly.cli",
    commands={
        "train": "train a model on usual jets alone",
        "score": "score jets of both classes with trained models",
        "select": "rank configurations on usual jets alone",
        "compare": "train on real and on generated jets, score both",
        "baselines": "scores without networks: trivial ones and principal components",
    },
    examples="""\
  anomaly train --config configs/anomaly_conv.yaml --out runs/cae
  anomaly score runs/cae --plots plots/
""",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    return PROGRAM.run(argv)
