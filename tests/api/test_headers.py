"""What answers tell caches and browsers."""

from __future__ import annotations

import pytest
import requests

from analytics.warehouse import Warehouse, hub
from pipelines.config import Settings
from pipelines.refreshing import build
from tests.api.server import get

TABLE = "/api/v1/crash_days.csv"


def test_who_has_it_already_is_told_so(api: str) -> None:
    first = get(api, TABLE)
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get(api, TABLE, {"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert get(api, TABLE, {"If-None-Match": '"other"'}).content == first.content


def test_a_tag_stands_for_one_sequence_of_bytes(api: str) -> None:
    asked = [(TABLE, {}), (TABLE, {"limit": 1}), (TABLE, {"excel": 1}), (TABLE.replace("csv", "json"), {})]
    packed = {"Accept-Encoding": "gzip"}
    plain = {"Accept-Encoding": "identity"}
    tags = {get(api, path, headers, **query).headers["ETag"] for path, query in asked for headers in (packed, plain)}
    assert len(tags) == 8
    assert get(api, TABLE).headers["ETag"] == get(api, TABLE, generation=1).headers["ETag"], "the same rows"


def test_a_pinned_generation_is_kept_and_the_newest_is_asked_for_again(api: str) -> None:
    assert get(api, TABLE, generation=1).headers["Cache-Control"] == "public, max-age=86400, immutable"
    assert get(api, TABLE).headers["Cache-Control"] == "public, max-age=60, must-revalidate"
    assert get(api, TABLE, nothing="x").headers["Cache-Control"] == "no-store"


def test_the_same_content_published_again_has_other_tags_since_its_runs_are_others(api: str, own: Settings) -> None:
    path = own.reference_dir / "crash_days.csv"
    written = path.read_text()
    for text in (written.replace(",curated,", ",proposed,", 1), written):
        path.write_text(text)
        build.build(own)
    hub.cache_clear()
    first, third = (get(api, "/api/v1/runs.csv", generation=number) for number in (1, 3))
    with hub().lease(1) as one, hub().lease(3) as three:
        assert one.content_hash == three.content_hash
    hub.cache_clear()
    assert first.content != third.content
    assert first.headers["ETag"] != third.headers["ETag"]


def test_a_file_has_a_name_with_its_generation(api: str, warehouse: Warehouse) -> None:
    names = {
        form: get(api, f"/api/v1/venues.{form}").headers["Content-Disposition"] for form in ("csv", "json", "parquet")
    }
    assert names == {
        "csv": f'attachment; filename="crashday-venues-{warehouse.number}.csv"',
        "json": f'inline; filename="crashday-venues-{warehouse.number}.json"',
        "parquet": f'attachment; filename="crashday-venues-{warehouse.number}.parquet"',
    }


def test_head_tells_the_same_without_the_rows(api: str) -> None:
    head, whole = requests.head(f"{api}{TABLE}", timeout=30), get(api, TABLE)
    assert (head.status_code, head.content) == (200, b"")
    same = ("ETag", "X-Crashday-Rows", "X-Crashday-Total", "Content-Type", "Content-Disposition", "Cache-Control")
    assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", TABLE, 200),
        ("GET", "/api/v1/nope.csv", 404),
        ("GET", f"{TABLE}?colour=red", 400),
        ("GET", "/api/v2", 404),
        ("POST", TABLE, 405),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
        ("OPTIONS", TABLE, 204),
    ],
)
def test_data_may_be_read_from_any_site_and_run_on_none(api: str, method: str, path: str, status: int) -> None:
    response = requests.request(method, f"{api}{path}", headers={"Origin": "https://example.org"}, timeout=30)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Referrer-Policy" in response.headers


def test_a_browser_may_ask_whether_it_may_ask(api: str) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    allowed = requests.options(f"{api}{TABLE}", headers=asked, timeout=30).headers
    assert "GET" in allowed["Access-Control-Allow-Methods"]
    assert "If-None-Match" in allowed["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", [TABLE, "/healthz", "/api/v1/nope.csv"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_an_answer_varies_by_is_said_once(api: str, path: str, encoding: str) -> None:
    assert get(api, path, {"Accept-Encoding": encoding}).headers.get("Vary", "Accept-Encoding") == "Accept-Encoding"


def test_a_page_runs_only_its_own_scripts_and_is_framed_elsewhere_only_where_asked(api: str) -> None:
    plain, embedded = get(api, "/cascade").headers, get(api, "/cascade", embed="true").headers
    policy = plain["Content-Security-Policy"]
    assert "script-src 'self' 'sha256-" in policy and "object-src 'none'" in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert policy.endswith("frame-ancestors 'self'") and plain["X-Frame-Options"] == "SAMEORIGIN"
    assert embedded["Content-Security-Policy"].endswith("frame-ancestors *") and "X-Frame-Options" not in embedded
