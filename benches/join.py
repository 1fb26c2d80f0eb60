#!/usr/bin/env python3
"""The point-in-time join: a spine onto four event tables, beside Feast's file store, DuckDB and polars.

Usage: benches/join.py PATH/TO/streamflow [--spine N] [--history N] [--peers NAME,…] [--folder DIR]

Needs Python with duckdb, polars, pyarrow and feast, in an environment outside the checkout. Every
program reads the same Parquet files and writes one Parquet file; times are of the whole program,
its start included, medians of ROUNDS with the programs taking turns.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROUNDS = 3
TABLES = 4
DATE = "2024-03-31"
TTL_DAYS = 45
START = datetime.datetime(2024, 1, 1)
MICROSECONDS = 90 * 86_400 * 1_000_000


def keys(numbers):
    return pa.array([f"{number:08d}-USER" for number in numbers])


def instants(random, count):
    start = int(START.replace(tzinfo=datetime.timezone.utc).timestamp() * 1_000_000)
    return pa.array(start + random.integers(0, MICROSECONDS, count), pa.timestamp("us"))


def make(folder, spine_rows, history_rows):
    """Tables of events of a quarter as many users as rows, and a spine of known and unknown ones."""
    random = np.random.default_rng(7)
    rows = history_rows // TABLES
    users = max(rows // 10, 1)
    os.makedirs(f"{folder}/data/{DATE}")
    os.makedirs(f"{folder}/features")
    with open(f"{folder}/streamflow.toml", "w") as file:
        file.write('[project]\nname = "join"\n[entities.user]\nkey = "user_id"\n')
    for at in range(TABLES):
        table = {
            "user_id": keys(random.integers(0, users, rows)),
            "event_timestamp": instants(random, rows),
            f"hours_{at}": pa.array(random.random(rows) * 100),
            f"count_{at}": pa.array(random.integers(0, 1000, rows)),
        }
        pq.write_table(pa.table(table), f"{folder}/data/{DATE}/t{at}.parquet")
        with open(f"{folder}/features/t{at}.toml", "w") as file:
            file.write(
                textwrap.dedent(f"""
                entity = "user"
                [source]
                path = "data/{{as_of}}/t{at}.parquet"
                timestamp = "event_timestamp"
                [columns]
                user_id = "string"
                event_timestamp = "datetime"
                hours_{at} = "f64"
                count_{at} = "i64"
                [features]
                ttl = "{TTL_DAYS}d"
                columns = ["hours_{at}", "count_{at}"]
                """)
            )
    spine = {
        "row": pa.array(np.arange(spine_rows)),
        "user_id": keys(random.integers(0, users + users // 20, spine_rows)),
        "event_timestamp": instants(random, spine_rows),
    }
    pq.write_table(pa.table(spine), f"{folder}/spine.parquet")


DUCKDB = """
import duckdb, sys
folder, output = sys.argv[1:]
sql = "SELECT s.row, s.user_id, s.event_timestamp"
joins = ""
for at in range({tables}):
    fresh = f"t{{at}}.event_timestamp >= s.event_timestamp - INTERVAL {ttl} DAY"
    for name in ("hours", "count"):
        sql += f", CASE WHEN {{fresh}} THEN t{{at}}.{{name}}_{{at}} END AS {{name}}_{{at}}"
    joins += f" ASOF LEFT JOIN '{{folder}}/data/{date}/t{{at}}.parquet' t{{at}} ON s.user_id = t{{at}}.user_id AND s.event_timestamp >= t{{at}}.event_timestamp"
duckdb.sql(f"COPY ({{sql}} FROM '{{folder}}/spine.parquet' s {{joins}}) TO '{{output}}' (FORMAT parquet, COMPRESSION zstd)")
"""

POLARS = """
import polars, sys
folder, output = sys.argv[1:]
spine = polars.scan_parquet(f"{{folder}}/spine.parquet").sort("event_timestamp")
for at in range({tables}):
    table = polars.scan_parquet(f"{{folder}}/data/{date}/t{{at}}.parquet").sort("event_timestamp")
    spine = spine.join_asof(table, on="event_timestamp", by="user_id", tolerance="{ttl}d")
spine.sort("row").collect().write_parquet(output, compression="zstd")
"""

FEAST = """
import datetime, os, sys, tempfile
import pandas
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64
folder, output = sys.argv[1:]
user = Entity(name="user_id", join_keys=["user_id"], value_type=ValueType.STRING)
views = []
for at in range({tables}):
    source = FileSource(path=f"{{folder}}/data/{date}/t{{at}}.parquet", timestamp_field="event_timestamp")
    fields = [Field(name=f"hours_{{at}}", dtype=Float64), Field(name=f"count_{{at}}", dtype=Int64)]
    views.append(FeatureView(name=f"t{{at}}", entities=[user], ttl=datetime.timedelta(days={ttl}), schema=fields, source=source, online=False))
with tempfile.TemporaryDirectory() as registry:
    config = RepoConfig(project="join", provider="local", registry=f"{{registry}}/registry.db", offline_store={{"type": "{store}"}}, online_store=None, entity_key_serialization_version=3)
    store = FeatureStore(config=config)
    store.apply([user, *views])
    spine = pandas.read_parquet(f"{{folder}}/spine.parquet")
    names = [f"t{{at}}:{{name}}_{{at}}" for at in range({tables}) for name in ("hours", "count")]
    store.get_historical_features(entity_df=spine, features=names).to_df().to_parquet(output, compression="zstd")
"""


def timed(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[:2]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - start


def summary(path):
    """Rows, and the sum of what was found in each feature: equal in every program that is right."""
    table = pq.read_table(path)
    found = {"rows": table.num_rows}
    for at in range(TABLES):
        for name in (f"hours_{at}", f"count_{at}"):
            full = next(column for column in table.column_names if column.endswith(name))
            column = table[full]
            found[name] = (len(column) - column.null_count, round(float(pa.compute.sum(column).as_py() or 0), 3))
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--spine", type=int, default=1_000_000)
    arguments.add_argument("--history", type=int, default=10_000_000)
    arguments.add_argument("--peers", default="duckdb,polars,feast", help="those to measure beside it")
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--folder")
    options = arguments.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        make(folder, options.spine, options.history)
        words = {"tables": TABLES, "ttl": TTL_DAYS, "date": DATE}
        python = lambda text, **more: [sys.executable, "-c", text.format(**words, **more), folder]
        ours = [program, "-C", folder, "features", "--spine", f"{folder}/spine.parquet", "-o"]
        commands = {
            "streamflow": ours,
            "duckdb": python(DUCKDB),
            "polars": python(POLARS),
            "feast": python(FEAST, store="file"),
        }
        peers = options.peers.split(",")
        commands = {name: command for name, command in commands.items() if name in ["streamflow", *peers]}
        ingest = timed([program, "-C", folder, "ingest", "--as-of", DATE])
        figures = {"spine": options.spine, "history": options.history, "ingest_once": round(ingest, 2)}
        times = {name: [] for name in commands}
        results = {}
        for turn in range(options.rounds):
            for name, command in commands.items():
                # Minutes a turn: one is enough.
                if name == "feast" and turn > 0:
                    continue
                times[name].append(timed([*command, f"{folder}/{name}.parquet"]))
                results[name] = summary(f"{folder}/{name}.parquet")
        figures["seconds"] = {name: round(statistics.median(all), 2) for name, all in times.items()}
        figures["same_values_as_streamflow"] = {
            name: found == results["streamflow"] for name, found in results.items()
        }
        figures["rows_out"] = {name: found["rows"] for name, found in results.items()}
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    import pyarrow.compute  # noqa: F401

    main()
