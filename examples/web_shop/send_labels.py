"""Tell Driftline which orders came back. Run it every morning, from cron; twice does no harm.

An order that has not come back `--after` days (14 by default) after it was placed never will: that
is a label too.

python send_labels.py
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

from shop import DATABASE, tracker


def known_by(now: datetime, after: timedelta) -> list[dict[str, object]]:
    """Of every order of which it is known: whether it came back, and since when that is known."""
    with closing(sqlite3.connect(DATABASE)) as database:
        orders = database.execute("select id, ordered_at, returned_at from orders").fetchall()
    labels: list[dict[str, object]] = []
    for number, ordered_at, returned_at in orders:
        over = datetime.fromisoformat(ordered_at) + after
        if returned_at is not None:
            labels.append({"id": number, "returned": True, "known_at": returned_at})
        elif over <= now:
            labels.append({"id": number, "returned": False, "known_at": over.isoformat()})
    return labels


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--after", type=float, default=14, metavar="DAYS")
    after = timedelta(days=parser.parse_args().after)
    labels = known_by(datetime.now(UTC), after)
    with tracker() as client:
        client.log_labels(labels)
        sent = client.flush(timeout=60)
        print(client.stats)
    return 0 if sent else 1


if __name__ == "__main__":
    sys.exit(main())
