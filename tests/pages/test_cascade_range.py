"""What a link's times come to: always a range inside the day, and nothing is changed without a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.shared.time_range import read, usable

WINDOW = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
FROM, TO = datetime(2025, 10, 10, 21, 10, tzinfo=UTC), datetime(2025, 10, 10, 21, 30, tzinfo=UTC)
ISO = "%Y-%m-%dT%H:%M:%S"

values = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.integers(-(10**20), 10**20).map(str),
        st.datetimes(datetime(2025, 10, 8), datetime(2025, 10, 13)).map(lambda moment: moment.strftime(ISO)),
        st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    ),
    min_size=1,
    max_size=4,
)


@given(values)
def test_whatever_a_link_says_the_range_lies_inside_the_day(asked: list[str]) -> None:
    (start, end), _ = usable(asked, WINDOW, FOCUS)
    assert WINDOW[0] <= start < end <= WINDOW[1]


@given(values)
def test_what_was_mended_once_needs_no_mending(asked: list[str]) -> None:
    found, _ = usable(asked, WINDOW, FOCUS)
    again, said = usable(
        [moment.isoformat(timespec="microseconds").replace("+00:00", "") for moment in found], WINDOW, FOCUS
    )
    assert again == found and said == []


def test_a_good_link_is_taken_without_a_word() -> None:
    assert usable([FROM.strftime(ISO), TO.strftime(ISO)], WINDOW, FOCUS) == ((FROM, TO), [])
    micros = [str((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) for moment in (FROM, TO)]
    assert usable(micros, WINDOW, FOCUS) == ((FROM, TO), [])


@pytest.mark.parametrize(
    ("asked", "found", "word"),
    [
        (["2025-10-10T21:10:00Z", "2025-10-10T21:30:00"], (FROM, TO), "names a time zone"),
        (["2025-10-10T23:10:00+02:00", "2025-10-10T21:30:00"], (FROM, TO), "read as 21:10 UTC"),
        (["2025-10-10T21:30:00", "2025-10-10T21:10:00"], (FROM, TO), "swapped"),
        (["2025-10-10T21:10:00"], (FROM, FOCUS[1]), "one end of the range only"),
        (["2025-10-10T23:00:00"], (datetime(2025, 10, 10, 23, tzinfo=UTC), WINDOW[1]), "one end"),
        (["2025-10-10T21:10:00", "2031-01-01T00:00:00"], (FROM, WINDOW[1]), "outside this day"),
        (["2031-01-01T00:00:00", "2032-01-01T00:00:00"], FOCUS, "no length"),
        (["noon", "2025-10-10T21:10:00"], (FROM, FOCUS[1]), "is not a time"),
        (["noon", "later"], FOCUS, "is not a time"),
        (["2025-10-10T21:10:00", "2025-10-10T21:10:00"], FOCUS, "no length"),
        (["2025-10-10T21:10:00", "2025-10-10T21:30:00", "x"], (FROM, TO), "more than two times"),
    ],
)
def test_what_could_not_be_used_is_said(asked: list[str], found: tuple[datetime, datetime], word: str) -> None:
    shown, said = usable(asked, WINDOW, FOCUS)
    assert shown == found and word in " ".join(said)


@given(st.text(max_size=200))
def test_any_text_is_a_time_in_utc_or_said_to_be_none(value: str) -> None:
    moment, said = read(value)
    assert moment is not None or "is not a time" in said
    assert moment is None or moment.utcoffset() == timedelta(0)
