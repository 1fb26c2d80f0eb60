#!/usr/bin/env python3
"""Reading a table from PostgreSQL, and writing one, beside other programs.

Usage: benches/postgres.py PATH/TO/streamflow [ROWS]
(a release build; Debian's postgresql; for the peers pandas, sqlalchemy, psycopg, polars and connectorx.
A peer that is not installed is left out. The server is one of its own, in a temporary folder.)
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "peers"))
from server import Server  # noqa: E402

ROUNDS = 5
COLUMNS = {
    "user_id": ("string", "'user-' || lpad(i::text, 8, '0')", "text"),
    "age": ("i64", "18 + i % 70", "integer"),
    "visits": ("i64", "(i::bigint * 7919) % 100000", "bigint"),
    "hours": ("f64", "((i::bigint * 104729) % 744000) / 1000.0", "double precision"),
    "fee": ("f64", "((i::bigint * 15485863) % 10000) / 100.0", "numeric(8,2)"),
    "score": ("f64", "sin(i)", "double precision"),
    "active": ("bool", "i % 3 = 0", "boolean"),
    "plan": ("string", "(ARRAY['basic', 'standard', 'premium'])[1 + i % 3]", "text"),
    "joined": ("date", "DATE '2015-01-01' + i % 3000", "date"),
    "seen": ("datetime", "TIMESTAMPTZ '2024-01-01' + i * INTERVAL '1 second'", "timestamptz"),
}
QUERY = f"SELECT {', '.join(COLUMNS)} FROM usage"


def timed(command, **options):
    """Seconds of wall time, and the largest memory of a program, in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    assert status == 0, f"{command}: {process.stderr.read().decode()}"
    return seconds, usage.ru_maxrss / 1024


def project(folder, source):
    (folder / "features").mkdir(parents=True)
    (folder / "streamflow.toml").write_text('[project]\nname = "bench"\n[entities.user]\nkey = "user_id"\n')
    columns = "\n".join(f'{name} = "{dtype}"' for name, (dtype, *_) in COLUMNS.items())
    text = f'entity = "user"\n[source]\n{source}\n[columns]\n{columns}\n[features]\ncolumns = ["*"]\n'
    (folder / "features" / "usage.toml").write_text(text)
    return folder


PEERS = {
    "pandas read_sql (psycopg)": (
        "pandas, sqlalchemy, psycopg",
        "import pandas, sqlalchemy; print(len(pandas.read_sql(q, sqlalchemy.create_engine(u.replace('postgres:', 'postgresql+psycopg:', 1)))))",
    ),
    "polars read_database_uri (connectorx)": (
        "polars, connectorx",
        "import polars; print(len(polars.read_database_uri(q, u, engine='connectorx')))",
    ),
}


def main():
    program = os.path.abspath(sys.argv[1])
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with Server() as server, tempfile.TemporaryDirectory() as outside:
        outside = pathlib.Path(outside)
        server.sql(f"CREATE TABLE usage ({', '.join(f'{name} {kind}' for name, (*_, kind) in COLUMNS.items())})")
        values = ", ".join(value for _, value, _ in COLUMNS.values())
        server.sql(f"INSERT INTO usage SELECT {values} FROM generate_series(1, {rows}) i ORDER BY hashint4(i)")
        server.sql("VACUUM ANALYZE usage")
        environment = {**os.environ, "STREAMFLOW_POSTGRES": server.url()}
        plain = {**environment, "PGOPTIONS": "-c datestyle=ISO -c timezone=UTC -c extra_float_digits=1"}
        csv = outside / "2024-01-31.csv"
        copy = ["psql", "-X", "-q", server.url(), "-c", f"\\copy ({QUERY}) TO '{csv}' (FORMAT csv, HEADER)"]
        ask = f'postgres = {{ url_env = "STREAMFLOW_POSTGRES", query = "{QUERY} WHERE {{as_of}} IS NOT NULL" }}'
        binary = ["psql", "-X", "-q", server.url(), "-c", f"\\copy ({QUERY}) TO '/dev/null' (FORMAT binary)"]
        ways = {"psql \\copy to CSV": [], "psql \\copy in binary, to nowhere": [], "streamflow ingest, from the database": []}
        ways |= {"streamflow ingest, from that CSV": [], "streamflow export --to postgres": [], "psql \\copy from CSV": []}
        ways |= {name: [] for name, (needs, _) in PEERS.items() if all(installed(module.strip()) for module in needs.split(","))}
        for at in range(ROUNDS):
            database = project(outside / f"database{at}", ask)
            files = project(outside / f"files{at}", 'path = "{as_of}.csv"\ntrue = ["t"]\nfalse = ["f"]')
            ingest = lambda folder: [program, "-C", str(folder), "ingest", "--as-of", "2024-01-31"]
            ways["psql \\copy to CSV"].append(timed(copy, env=plain))
            ways["psql \\copy in binary, to nowhere"].append(timed(binary, env=plain))
            os.link(csv, files / csv.name)
            ways["streamflow ingest, from the database"].append(timed(ingest(database), env=environment))
            ways["streamflow ingest, from that CSV"].append(timed(ingest(files), env=environment))
            for name, (_, code) in PEERS.items():
                if name in ways:
                    script = [sys.executable, "-c", f"q = {QUERY!r}; u = {server.url()!r}; {code}"]
                    ways[name].append(timed(script, env=plain))
            server.sql("DROP SCHEMA IF EXISTS streamflow CASCADE; DROP TABLE IF EXISTS loaded; CREATE TABLE loaded (LIKE usage)")
            export = [program, "-C", str(database), "export", "--to", "postgres"]
            ways["streamflow export --to postgres"].append(timed(export, env=environment))
            load = f"\\copy loaded ({', '.join(COLUMNS)}) FROM '{csv}' (FORMAT csv, HEADER)"
            ways["psql \\copy from CSV"].append(timed(["psql", "-X", "-q", server.url(), "-c", load], env=plain))
            hashes = [snapshot_hash(program, folder) for folder in (database, files)]
            assert hashes[0] == hashes[1], "another table from the database than from the file"
        figures = {"rows": rows, "columns": len(COLUMNS), "machine": f"{platform.machine()}, {os.cpu_count()} processors"}
        for name, rounds in ways.items():
            seconds, memory = (statistics.median(side) for side in zip(*rounds))
            figures[name] = {"seconds": round(seconds, 2), "MiB": round(memory)}
        print(json.dumps(figures, indent=2))


def installed(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def snapshot_hash(program, folder):
    command = [program, "-C", str(folder), "snapshots", "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["snapshots"][0]["hash"]


if __name__ == "__main__":
    main()
