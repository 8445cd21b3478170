"""The pages of the documentation, taken apart: blocks of code by language, and commands wherever they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
#: Markdown by path from the project's top; what the site makes of the programs is not among it.
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
         for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]}
#: What makes code of the documentation small enough for a test.
SMALLER = [(r"\bn=\d+", "n=140"), (r"\b1000\)", "110)"), (r"\.(jets|sample)\(\d+", r".\1(140"),
           (r"epochs=\d+", "epochs=1"), (r'(embedded_jets\("\w+", "\w+"\))(?!\.)', r"\1[::40]"),
           (r"steps=\d+, seed=1", "steps=2, seed=1, batch_size=16, logging=LoggingOptions(costly=0)")]
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """Code between two fences."""

    language: str
    text: str


def blocks(page: str, *languages: str) -> list[Block]:
    """Those of a page, in order; of all languages where none is named."""
    found = (Block(language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
             for indent, language, text in _BLOCK.findall(PAGES[page]))
    return [block for block in found if not languages or block.language in languages]


def command_lines(page: str) -> Iterator[str]:
    """Every line of its shell blocks, then every command of the two programs that stands within a text.

    What ends with an option is talk about that option.
    """
    for block in blocks(page, "sh"):
        yield from block.text.splitlines()
    yield from (line for line in re.findall(r"`((?:qgan|anomaly) [a-z]+ [^`]*)`", _BLOCK.sub("", PAGES[page]))
                if not re.search(r"--\w+$", line))


def named_files(page: str) -> dict[str, str]:
    """Blocks that begin with the name of a file."""
    heads = ((re.match(r"# (\S+\.\w+)\n", block.text), block.text) for block in blocks(page))
    return {head[1]: text for head, text in heads if head}


def loose_blocks(page: str) -> list[str]:
    """Its Python that is no file."""
    return [block.text for block in blocks(page, "python") if block.text not in named_files(page).values()]


def smaller_code(text: str) -> str:
    """The same code with less work: fewer jets, steps and epochs."""
    for pattern, small in SMALLER:
        text = re.sub(pattern, small, text)
    return text


def read(line: str) -> tuple[str, str, dict[str, Any]] | None:
    """Program, command and arguments of a line; None of a line that is for another program."""
    words = shlex.split(line)
    if words[0] == "torchrun":
        words = words[words.index("-m") + 1:]
    if words[0] not in ("qgan", "anomaly"):
        return None
    program, name, *rest = words
    return program, name, import_module(f"{program}.cli").PROGRAM.command(name).read(rest)
