"""Customers, to try it without waiting: two weeks of orders, and of what came back, in a minute.

python customers.py --days 14
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

from model import FEATURES, made_up_orders


def buy(port: int, days: int, rows: int, phones_from: int) -> int:
    """Place `rows` orders on each of the `days` days before today, and give back some a day later.
    From day `phones_from` on there is an app for phones only. How many orders there were."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=days)
    orders = made_up_orders(first, days, rows, seed=int(today.timestamp()))
    orders.loc[orders["ordered_at"] >= first + timedelta(days=phones_from), "device"] = "phone"
    shop = HTTPConnection("127.0.0.1", port, timeout=30)
    for order in orders.to_dict("records"):
        at = order["ordered_at"]
        asked = {name: order[name] for name in FEATURES}
        _post(shop, "/order", {"id": order["id"], "ordered_at": at.isoformat(), **asked})
        back = at + timedelta(days=1)
        if order["returned"] and back <= datetime.now(UTC):
            _post(shop, f"/return/{order['id']}", {"returned_at": back.isoformat()})
    shop.close()
    return len(orders)


def _post(shop: HTTPConnection, path: str, body: dict[str, object]) -> None:
    shop.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = shop.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {text.decode()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--rows", type=int, default=40, help="orders a day")
    parser.add_argument("--phones-from", type=int, default=11, metavar="DAY")
    told = parser.parse_args()
    print(buy(told.port, told.days, told.rows, told.phones_from), "orders")


if __name__ == "__main__":
    main()
