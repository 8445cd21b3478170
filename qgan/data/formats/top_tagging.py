"""The top-tagging set: a pandas table ``E_0, PX_0, PY_0, PZ_0, E_1, ...`` in GeV and ``is_signal_new``.

Source: Kasieczka, Plehn, Thompson, Russell, top-quark tagging reference data set (2019); 550 < pT < 650 GeV, R = 0.8.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...base.errors import DataError
from ..contents import Contents, listed, refused
from ..grid import Grid
from ..jets import JetImages
from ..labels import check_labels
from ..particle_images import particle_jets
from ..particles import particles_of
from ..reading import Reading
from ..source import JetFile, block_rows
from . import FORMATS, Format

CLASSES = ("qcd_jet", "top")


def top_tagging(contents: Contents, options: Reading) -> JetFile:
    """Particles, binned into images around the jets.

    Raises:
        DataError: pandas or tables is not installed, or a column is missing.
    """
    path = contents.path
    contents.close()  # pandas opens it by itself
    n, columns = _layout(path)
    m = sum(column.startswith("E_") for column in columns)
    if not n:
        raise DataError(path, "table", "holds no jets")
    momentum_columns = [f"{part}_{i}" for part in ("E", "PX", "PY", "PZ") for i in range(max(m, 1))]
    for column in (*momentum_columns, "is_signal_new"):
        if column not in columns:
            raise DataError(path, column, f"no such column in the table, which has {listed(columns)}; expected those "
                                          "of the top-tagging set: E_0, PX_0, PY_0, PZ_0, E_1, ..., is_signal_new")
    grid = Grid.square(options.size or 40, options.half_width or 0.8)

    def read(start: int, stop: int) -> JetImages:
        table = _select(path, start, stop)
        with refused(path, "table", "holds what is no number"):
            parts = table[momentum_columns].to_numpy(np.float64).reshape(stop - start, 4, m)
            label = table["is_signal_new"].to_numpy()
            origin = {"ttv": sorted(int(value) for value in table["ttv"].unique())} if "ttv" in columns else {}
        particles = particles_of(path, np.moveaxis(parts, 1, 2), ("e", "px", "py", "pz"), "table")
        label = check_labels(label, path, "is_signal_new")
        return particle_jets(path, particles, label, grid, CLASSES, options, origin, "table")

    return JetFile(n, read, block_rows(64 * m))


FORMATS.add("top_tagging", Format("top-tagging particles", lambda contents: contents.kind == "HDF5"
                                  and contents.keys == ("table",), top_tagging, "table"))


def _layout(path: str) -> tuple[int, list[str]]:
    """The number of rows of the table, and its columns."""
    columns = [str(column) for column in _select(path, 0, 1).columns]
    import pandas

    with refused(path, "table", "cannot be read as a pandas table"), pandas.HDFStore(path, "r") as store:
        storer = store.get_storer("table")
        return int(storer.nrows if storer.is_table else storer.shape[0]), columns


def _select(path: str, start: int, stop: int) -> Any:
    try:
        import pandas
        import tables  # noqa: F401
    except ImportError as error:
        raise DataError(path, "table", "pandas tables need pandas and tables: pip install 'qgan[formats]'") from error
    with refused(path, "table", "cannot be read as a pandas table"):
        found = pandas.read_hdf(path, "table", start=start, stop=stop)
        if not isinstance(found, pandas.DataFrame):
            raise TypeError("no table")
        return found
