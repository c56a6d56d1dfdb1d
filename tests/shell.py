"""The pages as the shell lists them, so that a new page is tested without being named here."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pipelines.config import ROOT

SHELL = ROOT / "pages" / "_shell.py"


@dataclass(frozen=True)
class Page:
    """A page of the navigation: its file, its title there, its address."""

    file: str
    title: str
    path: str

    @property
    def stem(self) -> str:
        return Path(self.file).stem


def _page(call: ast.Call) -> Page:
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    return Page(ast.literal_eval(call.args[0]), given["title"], f"/{given.get('url_path', '')}")


PAGES = [
    _page(node)
    for node in ast.walk(ast.parse(SHELL.read_text()))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page"
]
OVERVIEW = PAGES[0]


def opened(page: Page = OVERVIEW, **link: str) -> AppTest:
    """The page, run through the shell as if opened by a link."""
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    if page.path.strip("/") not in ("", page.stem):
        app.run()  # only then does AppTest know the address of a page that is not called as its file is
    if page != OVERVIEW:
        app.switch_page(page.file)
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()
