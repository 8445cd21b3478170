"""What a generator is called in a report: the file of its jets, and as many folders as tell it from the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath


def generator_names(sources: Sequence[str]) -> list[str]:
    """A short name for each source, all different.

    ``runs/a/fake.h5`` and ``runs/b/other.h5`` are ``fake`` and ``other``; with ``runs/b/fake.h5`` they are
    ``a/fake`` and ``b/fake``; the same file twice is numbered.
    """
    paths = [PurePosixPath(source.replace("\\", "/")).with_suffix("") if source else PurePosixPath("generated")
             for source in sources]
    names = ["/".join(path.parts[-1:]) for path in paths]
    for depth in range(2, max((len(path.parts) for path in paths), default=0) + 1):
        if len(set(names)) == len(names):
            break
        names = ["/".join(path.parts[-depth:]) if names.count(name) > 1 else name
                 for name, path in zip(names, paths, strict=True)]
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        names[i] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names
