#!/usr/bin/env python3
"""What a history of snapshots costs: 100 months of 100 000 rows and 10 columns, 2 % of the rows new
in every cell each month. Once as full exports, once as files that hold the changed rows alone.

Usage: benches/history.py PATH/TO/streamflow [MONTHS [ROWS]]   (a release build)
"""

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time

SHARE = 0.02
COLUMNS = {
    "customer_id": "string", "plan": "string", "city": "string", "age": "i64", "visits": "i64",
    "fee": "f64", "hours": "f64", "active": "bool", "joined": "date", "last_seen": "datetime",
}
TABLE = """entity = "customer"

[source]
path = "data/{as_of}/usage.csv"
mode = "%s"

[columns]
%s

[features]
columns = ["plan", "age", "visits", "fee", "hours"]
"""
PROJECT = """[project]
name = "history"

[store]
path = ".streamflow"

[entities.customer]
key = "customer_id"
"""


def timed(command, folder):
    """Seconds of wall time of the whole program."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def date(month):
    return f"{2016 + month // 12}-{month % 12 + 1:02}-28"


def row(draws, key):
    return (
        f"C{key:07},{draws.choice(('basic', 'plus', 'family', 'trial'))},city {draws.randrange(50)},"
        f"{draws.randrange(18, 90)},{draws.randrange(400)},{draws.randrange(500, 9900) / 100},"
        f"{draws.randrange(74400) / 100},{draws.choice(('true', 'false'))},"
        f"20{draws.randrange(10, 16)}-{draws.randrange(1, 13):02}-{draws.randrange(1, 29):02},"
        f"2015-12-{draws.randrange(1, 29):02}T{draws.randrange(24):02}:{draws.randrange(60):02}:{draws.randrange(60):02}Z\n"
    )


def months(count, rows):
    """For each month the whole table, and the rows that are new in it."""
    draws = random.Random(20240131)
    table = [row(draws, key) for key in range(rows)]
    yield table, table
    for _ in range(1, count):
        changed = sorted(draws.sample(range(rows), int(rows * SHARE)))
        for key in changed:
            table[key] = row(draws, key)
        yield table, [table[key] for key in changed]


def project(folder, mode):
    os.makedirs(os.path.join(folder, "features"))
    columns = "\n".join(f'{name} = "{dtype}"' for name, dtype in COLUMNS.items())
    for path, text in (("streamflow.toml", PROJECT), ("features/usage.toml", TABLE % (mode, columns))):
        with open(os.path.join(folder, path), "w") as file:
            file.write(text)
    return folder


def write(folder, month, rows):
    path = os.path.join(folder, "data", date(month), "usage.csv")
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(rows)
    return os.path.getsize(path)


def size(folder):
    """All bytes of a store, the catalog and its log included."""
    paths = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return sum(os.path.getsize(path) for path in paths)


def parquet_bytes(program, folder, month):
    """The table of one date as the program writes it whole."""
    out = os.path.join(folder, "out.parquet")
    timed([program, "snapshots", "show", date(month), "--table", "usage", "-o", out], folder)
    return os.path.getsize(out)


def history(program, outside, count, rows, kind):
    folder = project(os.path.join(outside, kind), "upsert")
    store = os.path.join(folder, ".streamflow")
    figures = {"store_bytes": {}, "ingest_seconds": {}, "file_bytes": 0}
    shown = [n for n in (1, 10, 50, 100) if n < count] + [count]
    for month, (table, changed) in enumerate(months(count, rows)):
        figures["file_bytes"] += write(folder, month, table if kind == "full" else changed)
        seconds = timed([program, "ingest", "--as-of", date(month)], folder)
        if month + 1 in shown:
            figures["store_bytes"][month + 1] = size(store)
            figures["ingest_seconds"][month + 1] = seconds
    out = os.path.join(folder, "out.csv")
    read = lambda n: timed([program, "snapshots", "show", date(n - 1), "--table", "usage", "-o", out], folder)
    figures["read_seconds"] = {n: min(read(n) for _ in range(3)) for n in sorted({1, count // 2, count - 1, count})}
    pair = [date(count - 2), date(count - 1)]
    figures["diff_seconds"] = min(timed([program, "snapshots", "diff", *pair], folder) for _ in range(3))
    figures["fsck_seconds"] = timed([program, "fsck"], folder)
    first = parquet_bytes(program, folder, 0)
    figures["first_snapshot_parquet_bytes"] = first
    figures["whole_copies_parquet_bytes"] = sum(parquet_bytes(program, folder, n) for n in range(count))
    return figures


def changes_alone(program, outside, count, rows):
    """The changed rows of every month after the first, each month as one Parquet file."""
    folder = project(os.path.join(outside, "changes"), "replace")
    total = 0
    for month, (_, changed) in enumerate(months(count, rows)):
        if month > 0:
            write(folder, month, changed)
            timed([program, "ingest", "--as-of", date(month)], folder)
            total += parquet_bytes(program, folder, month)
    return total


def main():
    program = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    with tempfile.TemporaryDirectory() as outside:
        version = subprocess.run([program, "--version"], check=True, capture_output=True).stdout
        figures = {
            "program": version.decode().strip(),
            "machine": f"{platform.machine()}, {os.cpu_count()} processors",
            "months": count,
            "rows": rows,
            "changes_parquet_bytes": changes_alone(program, outside, count, rows),
        }
        for kind in ("full", "incremental"):
            found = figures[kind] = history(program, outside, count, rows, kind)
            bound = 3 * found["first_snapshot_parquet_bytes"] + figures["changes_parquet_bytes"]
            found["bound_bytes"] = bound
            found["store_over_bound"] = round(found["store_bytes"][count] / bound, 3)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
