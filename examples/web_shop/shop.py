"""A web shop that asks its model at every order, and logs what it was asked and what it said.

python shop.py --port 5000
"""

from __future__ import annotations

import argparse
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from flask import Flask, Response, jsonify, request
from model import FEATURES, trained

import driftline
from driftline.client import new_id

DATABASE = "shop.db"
TABLES = """
create table if not exists orders (id text primary key, ordered_at text, returned_at text)
"""


def tracker() -> driftline.Client:
    """What logs to Driftline. `DRIFTLINE_KEY` is a key that may write; leave it out where there are
    no keys."""
    return driftline.Client(
        os.environ.get("DRIFTLINE_URL", "http://127.0.0.1:8501"),
        os.environ.get("DRIFTLINE_KEY"),
        "returns",
        spool="spool",
    )


def shop(client: driftline.Client) -> Flask:
    """The shop's web service."""
    app, model = Flask(__name__), trained()
    _run(TABLES)

    @app.post("/order")
    def order() -> Response:
        asked: dict[str, Any] = request.get_json()
        row = {name: asked[name] for name in FEATURES}
        number = asked.get("id") or new_id()
        ordered_at = asked.get("ordered_at") or datetime.now(UTC).isoformat()
        probability = float(model.predict_proba(pd.DataFrame([row]))[0, 1])
        _run("insert into orders (id, ordered_at) values (?, ?)", number, ordered_at)
        said = {"probability": probability, "returns": probability > 0.5}
        logged = {"id": number, "ordered_at": ordered_at, **row, **said}
        client.log_predictions(logged, timestamp="ordered_at")
        return jsonify({"id": number, "free_return": not said["returns"]})

    @app.post("/return/<number>")
    def give_back(number: str) -> Response:
        when = request.get_json()["returned_at"]
        _run("update orders set returned_at = ? where id = ?", when, number)
        return jsonify({"id": number})

    return app


def _run(statement: str, *values: str) -> None:
    with closing(sqlite3.connect(DATABASE, timeout=20)) as database, database:
        database.execute(statement, values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    port = parser.parse_args().port
    with tracker() as client:
        shop(client).run("127.0.0.1", port)


if __name__ == "__main__":
    main()
