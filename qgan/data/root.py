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
    """A ROOT file that :func:`store` wrote: its branches; of others no names.

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
            tree: Any = file[TREE] if ours else None
            attributes = json.loads(str(file[ATTRIBUTES])) if ours else {}
            keys = tuple(tree.keys()) if ours else ()
        yield Contents(path, "ROOT", keys, lambda key: _rows(tree, path, key), attributes)


def _rows(tree: Any, path: str, key: str) -> Rows:
    with refused(path, key, "is no array of numbers"):
        branch = tree[key]
        dtype, shape = branch.interpretation.to_dtype.base, branch.interpretation.to_dtype.shape

    def read(start: int, stop: int, dtype: type | None = None) -> np.ndarray:
        with refused(path, key, "cannot be read: damaged"):
            return np.asarray(branch.array(entry_start=start, entry_stop=stop, library="np"), dtype)

    return Rows((int(tree.num_entries), *shape), read, dtype)


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
