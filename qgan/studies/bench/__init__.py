"""``qgan bench``: what the quantum layer, the training and the sampling cost, side by side in one run."""

from .layer import DEEPER, QUOTED, Size, compare, growth, kept_for_backward, layer_rows
from .marks import Mark, marks
from .run import PARTS, bench, capacity_table, counts
from .text import report, table
from .timing import machine, take_turns

__all__ = ["DEEPER", "PARTS", "QUOTED", "Mark", "Size", "bench", "capacity_table", "compare", "counts", "growth",
           "kept_for_backward", "layer_rows", "machine", "marks", "report", "table", "take_turns"]  # fmt: skip
