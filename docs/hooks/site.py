"""What the site holds beside the pages of this folder, and what it must not hold: anything that asks a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from commands import pages
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
#: Files of the project's top that are pages too.
FROM_TOP = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
#: What a browser would fetch by itself.
_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//[^\"]*\"|"
                      r"<link\b[^>]*\bhref=\"(?:https?:)?//[^\"]*\"|@import\s+(?:url\()?[\"']?(?:https?:)?//|"
                      r"url\([\"']?(?:https?:)?//")


@event_priority(100)
def on_files(files: Files, config: Any) -> Files:
    """Pages that are generated, the notebooks, and files of the project's top."""
    texts = pages() | {page: (ROOT / name).read_text(encoding="utf-8") for page, name in FROM_TOP.items()}
    for page, text in texts.items():
        files.append(File.generated(config, page, content=text))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File(f"notebooks/{notebook.name}", str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_content(html: str, **_: Any) -> str:
    """A number and its error stay on one line."""
    return html.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def on_post_build(config: Any) -> None:
    """Fails where a page would fetch something from elsewhere: it must read without a network."""
    for file in sorted(Path(config.site_dir).rglob("*")):
        if file.suffix in (".html", ".css") and (found := _FETCHED.search(file.read_text(encoding="utf-8"))):
            raise PluginError(f"{file}: would be fetched from a network: {found[0]}")
