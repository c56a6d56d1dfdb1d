"""Bytes no honest source sends: HTTP, archives, CSV and JSON that lie, end early or never end; with the words for
each."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Callable
from functools import partial

US = 1_760_054_400_000_000
"""2025-10-10T00:00Z."""
ROW = f"{US},1,2,1,2,5,{US + 999_999},7,3,2,3,0\n".encode()
ROWS = ROW + ROW.replace(str(US).encode(), str(US + 1_000_000).encode())
LOADED = ""
"""The words for what is no fault, or for which another reader would be to blame."""
Made = Callable[[], bytes]
Table = dict[str, tuple[Made, str]]


def always(body: bytes) -> Made:
    return lambda: body


def raw(head: str, body: bytes = b"") -> Made:
    return always(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)


def packed(text: bytes) -> bytes:
    """Without the time it was packed at: the same bytes each time, as their checksum says."""
    return gzip.compress(text, mtime=0)


def to(location: str) -> Made:
    return raw(f"302 Found\r\nLocation: {location}\r\nContent-Length: 0")


ASTRAY = "the server redirects"
BROKE = "the connection broke"
HTTP: Table = {
    "redirect to a file": (to("file:///etc/passwd"), ASTRAY),
    "redirect to the environment": (to("file:///proc/self/environ"), ASTRAY),
    "redirect to gopher": (to("gopher://venue.example/"), ASTRAY),
    "redirect to ftp": (to("ftp://venue.example/"), ASTRAY),
    "redirect to a script": (to("javascript:alert(1)"), ASTRAY),
    "redirect to port 99999": (to("http://venue.example:99999/"), ASTRAY),
    "redirect to no host": (to("http://%00/"), ASTRAY),
    "redirect to a bracket": (to("http://[::1"), ASTRAY),
    "redirect to two dots": (to("http://a..b/"), ASTRAY),
    "redirect to this machine": (to("http://127.0.0.1:9/"), ASTRAY),
    "redirect to a cloud's own data": (to("http://169.254.169.254/latest/"), ASTRAY),
    "redirect to itself": (to("?again"), "the server redirects|redirect"),
    "gzip that is none": (raw("200 OK\r\nContent-Encoding: gzip", b"PK none"), "not packed the way it says"),
    "brotli unasked": (raw("200 OK\r\nContent-Encoding: br", b"PK"), "packed in a way nobody asked for"),
    "gzip cut": (raw("200 OK\r\nContent-Encoding: gzip", packed(ROWS * 9)[:-9]), "ended too early"),
    "two lengths": (raw("200 OK\r\nContent-Length: 3\r\nContent-Length: 5", b"PKPKP"), "no HTTP"),
    "an endless length": (raw(f"200 OK\r\nContent-Length: {'9' * 30}", b"PK"), "larger than"),
    "a part unasked": (raw("206 Partial Content\r\nContent-Length: 2", b"PK"), "another part than was asked for"),
    "no HTTP": (always(b"SSH-2.0-OpenSSH\r\n"), BROKE),
    "half a chunk": (raw("200 OK\r\nTransfer-Encoding: chunked", b"ffff\r\nPK"), BROKE),
    "a chunk of no size": (raw("200 OK\r\nTransfer-Encoding: chunked", b"zz\r\nPK"), BROKE),
    "300 headers": (raw("200 OK\r\n" + "\r\n".join(f"X{n}: 1" for n in range(300))), BROKE),
    "a header of 80 kB": (raw("200 OK\r\nX: " + "a" * 80_000), BROKE),
    "hung up": (always(b""), BROKE),
    "shorter than it said": (raw("200 OK\r\nContent-Length: 999", b"PK"), BROKE),
    "not modified, unasked": (raw("304 Not Modified"), "304"),
    **{
        f"status {status}": (raw(f"{status} No\r\nRetry-After: 0\r\nContent-Length: 0"), str(status))
        for status in (400, 401, 403, 404, 405, 410, 418, 429, 451, 500, 503, 999)
    },
}


def deflated(text: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(text) + packer.flush()


def bomb(times: int, text: bytes = b" " * (1 << 20), wbits: int = -15) -> bytes:
    """A megabyte packed once and said again and again."""
    packer = zlib.compressobj(9, wbits=wbits)
    first = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * times + packer.flush()


def zipped(body: bytes, text: bytes = b"", method: int = 8, flags: int = 0, files: int = 1, **lies: int) -> bytes:
    """A zip with one file's bytes, and a directory that names it `files` times."""
    facts = {"crc": zlib.crc32(text), "packed": len(body), "size": len(text), "offset": 0, **lies}
    head = struct.pack("<HHHHH3I", 20, flags, method, 0, 0, facts["crc"], facts["packed"], facts["size"])
    local = b"PK\3\4" + head + struct.pack("<HH", 5, 0) + b"a.csv" + body
    named = b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, facts["offset"])
    directory = (named + b"a.csv") * files
    end = struct.pack("<HHHHIIH", 0, 0, files & 0xFFFF, files & 0xFFFF, len(directory), len(local), 0)
    return local + directory + b"PK\5\6" + end


def csv(text: bytes) -> Made:
    return always(zipped(deflated(text), text))


DAMAGED = "cannot be unpacked"
LONG = "a line in it has more than"
COLUMNS = "its columns are not the known ones"
ZIP: Table = {
    "nothing": (always(b""), DAMAGED),
    "HTML": (always(b"<html>down for maintenance</html>"), DAMAGED),
    "cut": (always(zipped(deflated(ROWS), ROWS)[:-30]), DAMAGED),
    "cut in its contents": (lambda: zipped(deflated(ROWS)[:-9], ROWS), f"{DAMAGED}|CRC"),
    "another CRC": (lambda: zipped(deflated(ROWS), ROWS, crc=7), "CRC"),
    "two files": (lambda: zipped(deflated(ROWS), ROWS, files=2), DAMAGED),
    "no file": (lambda: zipped(deflated(ROWS), ROWS, files=0), DAMAGED),
    "a million files": (lambda: zipped(deflated(ROWS), ROWS, files=1_000_000), "names more than one file"),
    "not packed": (lambda: zipped(ROWS, ROWS, method=0), f"{DAMAGED}|CRC"),
    "another way of packing": (lambda: zipped(ROWS, ROWS, method=99), f"{DAMAGED}|CRC"),
    "garbage": (lambda: zipped(bytes(range(256)) * 20, ROWS), f"{DAMAGED}|CRC"),
    "a wrong place": (lambda: zipped(deflated(ROWS), ROWS, offset=1 << 30), DAMAGED),
    "a wrong size": (lambda: zipped(deflated(ROWS), ROWS, packed=5), DAMAGED),
    "more than there is": (lambda: zipped(deflated(ROWS), ROWS, packed=1 << 30), DAMAGED),
    "12 GB without a line's end": (lambda: zipped(bomb(12_000)), LONG),
    "12 GB of empty lines": (lambda: zipped(bomb(12_000, b"\n" * (1 << 20))), "inflated it has more than"),
    "12 GB of rows": (lambda: zipped(bomb(12_000, ROW * 20_000)), "inflated it has more than"),
    "gzip": (lambda: packed(ROWS), LOADED),
    "gzip cut": (lambda: packed(ROWS)[:-9], DAMAGED),
    "gzip with a tail": (lambda: packed(ROWS) + b"tail", DAMAGED),
    "gzip in 20,000 empty parts": (lambda: packed(b"") * 20_000 + packed(ROWS), LOADED),
    "gzip in 200,000 empty parts": (lambda: packed(b"") * 200_000 + packed(ROWS), "parts"),
    "gzip of 12 GB without a line's end": (lambda: bomb(12_000, wbits=31), LONG),
    "gzip of 12 GB of rows": (lambda: bomb(12_000, ROW * 20_000, 31), "inflated it has more than"),
    "other columns": (csv(b"a,b\n1,2\n"), COLUMNS),
    "a word in a number": (csv(ROWS.replace(b",5,", b",five,")), COLUMNS),
    "an open quote": (csv(b'"' + ROWS), COLUMNS),
    "UTF-16": (csv(ROWS.decode().encode("utf-16")), COLUMNS),
    "NUL": (csv(bytes(300)), COLUMNS),
    "carriage returns": (csv(ROWS.replace(b"\n", b"\r")), COLUMNS),
    "a million columns": (csv(b",".join([b"a"] * 1_000_000) + b"\n"), LONG),
    "no rows": (csv(b"open_time,open,high,low,close,volume,close_time,q,c,t,tq,ignore\n"), "holds no bars"),
    "an empty file": (csv(b""), COLUMNS),
    "another day": (csv(ROWS.replace(str(US)[:6].encode(), b"176104")), "another day"),
    "a byte order mark": (csv(b"\xef\xbb\xbf" + ROWS), LOADED),
    "a negative time": (csv(ROWS.replace(str(US).encode() + b",1,2", b"-5,1,2")), LOADED),
    "no number": (csv(ROWS.replace(b",1,2,1,2,", b",nan,inf,1,2,")), LOADED),
}


def many(part: bytes, size: int = 30 << 20) -> bytes:
    return b"[" + (part + b",") * (size // (len(part) + 1)) + part + b"]"


def bybit(rows: str, **more: object) -> Made:
    """Bybit's reply, its list in JSON as it is."""
    reply = {"retCode": 0, "retMsg": "OK", "time": 1_764_000_000_000, **more}
    return always(json.dumps(reply)[:-1].encode() + b', "result": {"list": ' + rows.encode() + b"}}")


GOOD = json.dumps([[str(US // 1000), "1", "2", "1", "2", "5", "7"]])
MEMORY = "of memory, more than the"
DEEP = "nested deeper than"
SHAPE = "the reply has no list of rows|as this source has known them|a row is not"
JSON: Table = {
    "empty lists": (partial(many, b"[]"), MEMORY),
    "empty objects": (partial(many, b"{}"), MEMORY),
    "small objects": (partial(many, b'{"a":1}'), MEMORY),
    "numbers": (partial(many, b"1"), MEMORY),
    "texts": (partial(many, b'"ab"'), MEMORY),
    "one field many times": (lambda: b"{" + b'"a":1,' * (5 << 20) + b'"a":1}', MEMORY),
    "as many lists as are allowed": (partial(many, b"[]", 6 << 20), SHAPE),
    "200,000 lists inside each other": (always(b"[" * 200_000 + b"]" * 200_000), DEEP),
    "500 lists inside each other": (always(b"[" * 500 + b"]" * 500), DEEP),
    "60 lists in a row": (bybit("[" * 60 + "]" * 60), DEEP),
    "30 MB of brackets": (lambda: b"[" * (30 << 20), MEMORY),
    "objects inside each other": (lambda: b'{"a":' * 200_000 + b"1" + b"}" * 200_000, DEEP),
    "a text of 30 MB": (lambda: b'"' + b"a" * (30 << 20) + b'"', SHAPE),
    "a number of a million digits": (lambda: b"1" * 1_000_000, "not JSON"),
    "more than a reply may have": (lambda: b" " * (65 << 20), "larger than the"),
    "null": (always(b"null"), SHAPE),
    "half a pair": (always(rb'{"retCode": 7, "retMsg": "\ud800"}'), "not JSON"),
    "a byte order mark": (lambda: b"\xef\xbb\xbf" + bybit(GOOD)(), LOADED),
    "UTF-16": (lambda: bybit(GOOD)().decode().encode("utf-16"), "not JSON"),
    "Latin": (always(b'{"retMsg": "\xe9"}'), "not JSON"),
    "NaN": (bybit("[[NaN]]"), "not JSON"),
    "cut": (lambda: bybit(GOOD)()[:-9], "not JSON"),
    "HTML": (always(b"<html>maintenance</html>"), "not JSON but a web page"),
    "two values": (lambda: bybit(GOOD)() * 2, "not JSON"),
    "nothing": (always(b""), "not JSON"),
    "rows of objects in objects": (bybit('[{"start": {"a": 1}}]'), SHAPE),
    "rows of other length": (bybit('[["1"]]'), SHAPE),
    "rows that are no lists": (bybit("[1, null]"), SHAPE),
    "another symbol": (bybit(GOOD + ', "symbol": "OTHERUSDT"'), "is about"),
    "an error in a list": (always(b'{"retCode": [1], "retMsg": {"a": 2}}'), "Bybit says|as this source"),
    "a time of another kind": (bybit(GOOD, time={"now": 1}), SHAPE),
}
