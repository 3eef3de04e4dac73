"""Papers that somebody keeps: HTML and CSS set as a PDF.

Setting pages is the work of libraries in C that read fonts. So it is done in a process of its own (`pdf_of`), with
little time and memory and none of the portal's secrets, and what it sets can fetch nothing. This module is that
process, too, and imports nothing of the portal; WeasyPrint is imported in it alone, and only there.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

SECONDS, ELAPSED, MEMORY = 10, 20, 2**30
MOST_CHARS = 200_000
ROOT = Path(__file__).resolve().parent.parent
PDF = b"%PDF-"


class CannotSet(Exception):
    """There is no PDF: WeasyPrint or what it needs of the system is missing, or it took too long."""


def pdf_of(html: str, *, css: str) -> bytes:
    """A whole document as a PDF. Raises CannotSet, where the same page can still be printed."""
    if len(html) + len(css) > MOST_CHARS:
        raise CannotSet
    try:
        done = subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-E", "-m", __name__],
            input=json.dumps({"html": html, "css": css}).encode(),
            capture_output=True,
            timeout=ELAPSED,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", "")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotSet from None
    if done.returncode or not done.stdout.startswith(PDF):
        raise CannotSet
    return done.stdout


def set_pages(html: str, css: str) -> bytes:
    """In the process of its own: there WeasyPrint is imported, and nowhere else."""
    weasyprint = import_module("weasyprint")

    class Refuses(weasyprint.urls.URLFetcher):  # type: ignore[name-defined]
        """Whatever a page asks for from elsewhere, it does not get, and nothing is set of it."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            raise weasyprint.urls.FatalURLFetchingError(url)

    fetcher = Refuses()
    sheet = weasyprint.CSS(string=css, url_fetcher=fetcher)
    made: bytes = weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf(stylesheets=[sheet])
    return made


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(set_pages(asked["html"], asked["css"]))


if __name__ == "__main__":
    main()
