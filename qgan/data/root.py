"""ROOT files, by uproot: a tree ``jets`` with a branch for each array, and what they are as a text of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import DataError
from .contents import Contents, Rows, refused
from .stores import Append

TREE, ATTRIBUTES = "jets", "attributes"


@contextmanager
def root_contents(path: str) -> Iterator[Contents]:
    """A ROOT file: the branches of what :func:`store` wrote, or of the first tree in it.

    Branches that hold another number of values in each entry have 0 columns in their shape; what is read of them is
    padded with zeros to as many as the largest entry of those has.

    Raises:
        DataError: the file is damaged, or uproot is not installed.
    """
    try:
        import uproot
    except ImportError as error:
        raise DataError(path, "", "ROOT needs uproot: pip install 'qgan[root]'") from error
    with refused(path, "", "is a damaged or truncated ROOT file"):
        file = uproot.open(Path(path))
    with file:
        with refused(path, "", "is a damaged or truncated ROOT file"):
            if Path(path).stat().st_size < file.file.fEND:
                raise DataError(path, "", "is truncated: the end of the file is missing")
            ours = {TREE, ATTRIBUTES} <= set(file.keys(cycle=False))
            trees = [name for name, kind in file.classnames(cycle=False).items() if kind == "TTree"]
            tree: Any = file[TREE if ours else trees[0]] if ours or trees else None
            attributes = json.loads(str(file[ATTRIBUTES])) if ours else {}
            keys = tuple(tree.keys()) if tree is not None else ()
        yield Contents(path, "ROOT", keys, lambda key: _rows(tree, path, key), attributes)


def _rows(tree: Any, path: str, key: str) -> Rows:
    with refused(path, key, "is no array of numbers"):
        branch = tree[key]
        jagged = hasattr(branch.interpretation, "content")
        kind = (branch.interpretation.content if jagged else branch.interpretation).to_dtype
        dtype, shape = kind.base, (0,) if jagged else kind.shape

    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        with refused(path, key, "cannot be read: damaged"):
            found = branch.array(entry_start=start, entry_stop=stop, library="ak" if jagged else "np")
            if len(found) != stop - start:
                raise DataError(path, key, f"has {len(found)} of the entries {start} to {stop}: damaged")
            return np.asarray(_padded(found) if jagged else found, dtype)

    return Rows((int(tree.num_entries), *shape), read, dtype)


def _padded(rows: Any) -> np.ndarray:
    """Lists (n, …) as (n, m) with zeros behind the shorter ones."""
    import awkward

    # Lists that claim more than is there are read from beyond it, and written beyond what was made for them.
    if problem := awkward.validity_error(rows):
        raise ValueError(problem)
    most = int(awkward.max(awkward.num(rows), initial=0))
    return np.asarray(awkward.to_numpy(awkward.fill_none(awkward.pad_none(rows, most, clip=True), 0)))


@contextmanager
def store(temporary: Path, path: Path, attributes: Mapping[str, Any], rows: int, level: int) -> Iterator[Append]:
    """See :func:`qgan.data.stores.store`."""
    import uproot

    with temporary.open("r+b") as stream, uproot.recreate(stream, compression=uproot.ZLIB(level)) as file:
        file[ATTRIBUTES] = json.dumps(attributes)
        tree = None

        def append(block: Mapping[str, np.ndarray]) -> None:
            nonlocal tree
            if tree is None:
                tree = file.mktree(TREE, {key: np.dtype((values.dtype, values.shape[1:]))
                                          for key, values in block.items()})
            tree.extend(dict(block))

        yield append
