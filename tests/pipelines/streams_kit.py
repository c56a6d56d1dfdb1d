"""What the tests of live feeds share: venues' lists of contracts, and the rows of a message."""

from __future__ import annotations

import json

from pipelines.recording.streams import Row, StreamModule

BYBIT_LIST = {
    "retCode": 0,
    "result": {
        "list": [
            {
                "symbol": "BTCUSDT",
                "baseCoin": "BTC",
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
                "contractType": "LinearPerpetual",
                "status": "Trading",
            },
            {
                "symbol": "BTCPERP",
                "baseCoin": "BTC",
                "quoteCoin": "USDC",
                "settleCoin": "USDC",
                "contractType": "LinearPerpetual",
                "status": "Trading",
            },
            {
                "symbol": "1000PEPEUSDT",
                "baseCoin": "1000PEPE",
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
                "contractType": "LinearPerpetual",
                "status": "PreLaunch",
            },
            {
                "symbol": "BTC-26DEC25",
                "baseCoin": "BTC",
                "quoteCoin": "USDC",
                "settleCoin": "USDC",
                "contractType": "LinearFutures",
                "status": "Trading",
                "deliveryTime": "1766736000000",
            },
        ],
        "nextPageCursor": "",
    },
}
OKX_LIST = {
    "code": "0",
    "data": [
        {"instId": "BTC-USD-SWAP", "ctType": "inverse", "ctVal": "100", "ctMult": "1", "ctValCcy": "USD"},
        {"instId": "BTC-USDT-SWAP", "ctType": "linear", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC"},
        {"instId": "ODD-USDT-SWAP", "ctType": "linear", "ctVal": "10", "ctMult": "1", "ctValCcy": "USDT"},
    ],
}


def rows(stream: StreamModule, message: object, listing: object = None) -> list[Row]:
    """The rows of a message, as they come out of a segment."""
    read = stream.reader([json.dumps(listing).encode()] if listing else [])
    return list(read(json.loads(json.dumps(message))))
