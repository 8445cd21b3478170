"""An evaluation to read: as text, CSV and one HTML page; of one generator or of several side by side."""

from .folder import check_report, write_report
from .names import generator_names
from .text import summary, table

__all__ = ["check_report", "generator_names", "summary", "table", "write_report"]
