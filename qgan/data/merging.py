"""Several files of jets as one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from .files import open_all, open_contents
from .jets import paired
from .layout import other_frame, other_key
from .reading import Files, Frame, Paths
from .source import JetFile
from .stores import check_jets_output
from .writer import JetWriter


def merge(paths: Paths, out: str | Path, overwrite: bool = False, **options: Any) -> int:
    """Puts the jets of several files into one native file, block by block; returns how many.

    Classes are paired by name. The images in the other frame are kept where every file holds them, and the jet
    quantities (and marks of generated jets) that every file has.

    Raises:
        DataError: the files differ in grid, frame or the names of their classes, or ``out`` exists.
    """
    check_jets_output(out, overwrite)
    files = Files.of(paths, **options)
    with ExitStack() as stack:
        first, *rest = open_all(stack, files)
        heads = [source.read(0, 1) for source in (first, *rest)]
        shared = set(heads[0].conditions).intersection(*(head.conditions for head in heads))
        marked = all(head.generated is not None for head in heads)
        frame = heads[0].frame
        others = _others(stack, files, other_frame(frame))
        origin = {"merged": [{"file": Path(head.source).name, **head.origin} for head in heads]}
        with JetWriter(out, grid=heads[0].grid, frame=frame, class_names=heads[0].class_names, origin=origin,
                       units=heads[0].units, overwrite=overwrite) as writer:
            for index, source in enumerate((first, *rest)):
                start = 0
                for jets in source.blocks():
                    jets = paired(jets, heads[0].class_names, heads[0].source)
                    kept = replace(jets, conditions={k: v for k, v in jets.conditions.items() if k in shared},
                                   generated=jets.generated if marked else None)
                    stop = start + len(jets)
                    writer.append(kept, others[index].read(start, stop).images if others else None)
                    start = stop
            return writer.n_jets


def _others(stack: ExitStack, files: Files, frame: Frame) -> list[JetFile]:
    """The same files in the other frame; none unless every one holds it."""
    held = []
    for path in files.paths:
        with open_contents(path) as contents:
            held.append(other_key(other_frame(frame)) in contents.keys)
    return open_all(stack, Files.of(files, frame=frame)) if all(held) else []
