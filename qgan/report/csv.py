"""Every number of several evaluations as comma-separated values, a line each."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from ..evaluation import Evaluation

#: The columns; an empty field is a number that is not known or means nothing.
COLUMNS = ("generator", "metric", "observable", "class", "value", "error", "floor", "ratio", "significance", "unit",
           "n")


def csv_text(evaluations: Mapping[str, Evaluation]) -> str:
    """The file's content; numbers keep all their digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for name, evaluation in evaluations.items():
        for row in evaluation.rows:
            values = {"generator": name, **row.to_dict()}
            writer.writerow({column: values[column] for column in COLUMNS})
    return text.getvalue()
