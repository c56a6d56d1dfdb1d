"""What a page prints, rendered once a view, and a figure of it beside the value that the CSVs give."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.shell import PAGES, opened

NUMBER = r"(\d\d:\d\d(?::\d\d)?|[−-]?\d[\d,]*(?:\.\d+)?)"


@cache
def shown(page: str, link: tuple[tuple[str, str], ...] = ()) -> str:
    """All words of a view, a line each: title, findings, figures, captions. Markup is taken out."""
    (found,) = [one for one in PAGES if one.stem == page]
    app = opened(found, **dict(link))
    assert not app.exception, (page, link)
    words = [text.value for text in [*app.title, *app.markdown, *app.caption, *app.info]]
    words += [f"{figure.label}: {figure.value}" for figure in app.metric]
    return "\n".join(words).replace("\\", "").replace("**", "")


@dataclass(frozen=True)
class Figure:
    """A sentence of a view, with `{}` where its figures stand, and what they must be: numbers in the unit shown, or
    text."""

    page: str
    link: tuple[tuple[str, str], ...]
    says: str
    values: Callable[[], tuple[float | str, ...]]

    @property
    def name(self) -> str:
        return f"{self.page} {' '.join(value for _, value in self.link)}: {self.says}"

    def printed(self) -> tuple[str, ...]:
        """The figures as the page prints them."""
        pattern = NUMBER.join(re.escape(part) for part in self.says.split("{}"))
        found = re.search(pattern, shown(self.page, self.link))
        assert found, f"{self.page} {self.link} does not say “{self.says}”"
        return found.groups()


def on(page: str, **link: str) -> Callable[..., Figure]:
    """Figures of one view: `of("sentence with {}", lambda: value, …)`; a callable may give several values."""

    def of(says: str, *values: Callable[[], object]) -> Figure:
        def given() -> tuple[float | str, ...]:
            told: list[float | str] = []
            for value in values:
                one = value()
                told += list(one) if isinstance(one, (tuple, list)) else [one]
            return tuple(told)

        return Figure(page, tuple(sorted(link.items())), says, given)

    return of


def agrees(printed: str, value: float | str) -> bool:
    """Whether what is printed is the value, to the last digit printed."""
    if isinstance(value, str):
        return printed == value
    plain = printed.replace(",", "").replace("−", "-")
    digits = len(plain.split(".")[1]) if "." in plain else 0
    return abs(float(plain) - float(value)) <= 0.5 * 10.0**-digits * (1 + 1e-6)
