"""What sources say of bytes they do not take is published: it holds none of these bytes."""

from __future__ import annotations

import json

import pytest

from pipelines.source import Fault, Refused, discover
from pipelines.sources.common.archives import csv_blocks
from pipelines.sources.common.json import error_number, known_shape, loaded
from tests.pipelines.sources_kit import opened

SECRET = "CRASHDAY_KEY_COINALYZE=sk-live-0123456789"
WORDS = {
    "code",
    "retCode",
    "err_code",
    "err-code",
    "error_code",
    "status",
    "label",
    "error",
    "errors",
    "msg",
    "message",
}
REPLIES: list[object] = [
    dict.fromkeys(WORDS, SECRET),
    {word: {other: SECRET for other in WORDS} for word in WORDS},
    {word: [SECRET] for word in WORDS},
    ["error", SECRET, SECRET],
    [SECRET],
]
FAULTY = {name: module for name, module in discover().items() if hasattr(module, "fault")}


@pytest.mark.parametrize("source", FAULTY)
@pytest.mark.parametrize("reply", REPLIES, ids=range(len(REPLIES)))
def test_no_error_a_venue_answers_is_quoted(source: str, reply: object) -> None:
    for body in (json.dumps(reply).encode(), SECRET.encode()):
        try:
            found: Fault | None = FAULTY[source].fault(body)
        except Exception as error:  # What a fault may raise is for the guard around it; here, what it says
            assert not isinstance(error, Refused) or "sk-live" not in str(error)
            continue
        assert found is None or "sk-live" not in found.message


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10001, "error 10001"),
        ("-32602", "error -32602"),
        (SECRET, "an error"),
        (None, "an error"),
        ("1" * 10, "an error"),
        ({"a": 1}, "an error"),
        ("12\n", "an error"),
        ("١٢", "an error"),
    ],
)
def test_an_error_is_named_by_its_number_alone(code: object, words: str) -> None:
    assert error_number(code) == words


def test_a_body_that_is_no_json_and_a_field_that_is_no_number_are_not_quoted() -> None:
    with pytest.raises(Refused) as refused:
        loaded(SECRET.encode(), "the reply")
    assert "sk-live" not in str(refused.value)
    with pytest.raises(Refused) as refused, known_shape("the reply"):
        float(SECRET)
    assert "sk-live" not in str(refused.value)


def test_an_archive_that_is_none_is_not_quoted() -> None:
    for start in (b"", b"\x1f\x8b", b"PK\x03\x04"):
        (file,) = opened(start + SECRET.encode())
        with file, pytest.raises(Refused) as refused:
            list(csv_blocks(file, "the archive"))
        assert "sk-live" not in str(refused.value)
