"""What the tests of OKX's sources share: its envelope, its archives and its rows as it writes them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date
from types import ModuleType

from pipelines.source import Piece
from tests.pipelines.sources_kit import ask

DAY = date(2025, 10, 10)
MIDNIGHT = 1760054400000
SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
MINUTE = 60_000
BTC = {
    "instId": "BTC-USDT-SWAP",
    "ctType": "linear",
    "ctVal": "0.01",
    "ctMult": "1",
    "ctValCcy": "BTC",
}
INVERSE = {"instId": "BTC-USD-SWAP", "ctType": "inverse", "ctVal": "100", "ctMult": "1", "ctValCcy": "USD"}
TRADES = "instrument_name,trade_id,side,price,size,created_time\n"
FUNDING = "instrument_name,funding_rate,funding_time\r\n"


def reply(data: object, code: str = "0") -> bytes:
    return json.dumps({"code": code, "msg": "", "data": data}).encode()


def candle(minute: int, *more: str) -> list[str]:
    return [str(MIDNIGHT + minute * MINUTE), "100000", "100010", "99990", "100005", *more]


def packed(csv: str | bytes, name: str = "a.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, csv)
    return file.getvalue()


def listed(*names: str, host: str = "https://static.okx.com") -> bytes:
    files = [{"filename": name, "url": f"{host}/cdn/{name}", "sizeMB": "1", "dateTs": "0"} for name in names]
    return reply([{"details": [{"groupDetails": files}]}])


def plan_of(module: ModuleType, symbol: str) -> list[Piece]:
    return list(module.plan(ask(*SPAN, symbol)))


def prints(*trades: Sequence[object], name: str = "BTC-USDT-SWAP") -> str:
    return TRADES + "".join(
        f"{name},{number},{side},{price},{size},{time}\n" for number, side, price, size, time in trades
    )


def order(ts: int, pos_side: str, side: str, size: str = "300", price: str = "100000") -> dict[str, str]:
    return {"bkLoss": "0", "bkPx": price, "ccy": "", "posSide": pos_side, "side": side, "sz": size, "ts": str(ts)}


def orders(*details: dict[str, str], name: str = "BTC-USDT-SWAP") -> bytes:
    family = name.removesuffix("-SWAP")
    return reply([{"details": list(details), "instId": name, "instType": "SWAP", "uly": family, "instFamily": family}])
