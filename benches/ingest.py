#!/usr/bin/env python3
"""Ingest of one large CSV file, beside polars and pandas reading the same file and doing nothing with it.

Usage: benches/ingest.py PATH/TO/streamflow [ROWS ...]   (a release build; polars, pandas and pyarrow on the Python path)

Streamflow reads, parses by declared type, runs ten checks, sorts by key, hashes, and writes durable Parquet. The peers only read
into memory. They take turns, each in a process of its own; the median of three rounds counts, and the highest peak memory.
"""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
TABLE = """entity = "user"
[source]
path = "data/{as_of}/usage.csv"
[columns]
user_id = "string"
plan = "string"
country = "string"
active = "bool"
joined = "date"
sessions = "i64"
devices = "i64"
watch_hours = "f64"
monthly_fee = "f64"
score = "f64"
[[checks]]
column = "user_id"
unique = true
[[checks]]
column = "plan"
in_set = ["basic", "standard", "premium"]
[[checks]]
column = "country"
not_null = true
[[checks]]
column = "active"
not_null = true
[[checks]]
column = "joined"
between = ["2000-01-01", "2030-01-01"]
[[checks]]
column = "sessions"
between = [0, 10000]
[[checks]]
column = "devices"
between = [0, 100]
[[checks]]
column = "watch_hours"
between = [0.0, 744.0]
mostly = 0.99
[[checks]]
column = "monthly_fee"
between = [0.0, 1000.0]
[[checks]]
column = "score"
not_null = true
mostly = 0.5
[features]
columns = ["watch_hours", "sessions"]
"""
PEERS = {
    "polars": "import polars; frame = polars.read_csv({path!r}, try_parse_dates=True); assert frame.width == 10",
    "pandas": "import pandas; frame = pandas.read_csv({path!r}, parse_dates=['joined']); assert frame.shape[1] == 10",
}
MAKE = """
import numpy, polars
rows, path = {rows}, {path!r}
random = numpy.random.default_rng(7)
pick = lambda values: polars.Series(values).gather(random.integers(0, len(values), rows))
days = polars.Series(random.integers(16000, 19700, rows).astype("int32")).cast(polars.Date)
score = polars.Series(random.normal(size=rows)).round(6)
polars.DataFrame({{
    "user_id": "U" + polars.Series(random.permutation(rows)).cast(polars.String).str.zfill(9),
    "plan": pick(["basic", "standard", "premium"]),
    "country": pick(["DE", "FR", "GB", "IT", "ES", "PL", "SE", "NL"]),
    "active": pick(["true", "false"]),
    "joined": days,
    "sessions": random.integers(0, 400, rows),
    "devices": random.integers(0, 9, rows),
    "watch_hours": numpy.round(random.gamma(2.0, 15.0, rows), 3),
    "monthly_fee": numpy.round(random.uniform(5, 120, rows), 2),
    "score": score.set(polars.Series(random.random(rows) < 0.1), None),
}}).write_csv(path)
"""


def run(command, folder):
    """Seconds of wall time and peak memory in GiB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} ended with {status}")
    return seconds, usage.ru_maxrss / 2**20


def measure(program, rows, folder):
    os.makedirs(os.path.join(folder, "data/2024-01-31"))
    os.makedirs(os.path.join(folder, "features"))
    path = os.path.join(folder, "data/2024-01-31/usage.csv")
    with open(os.path.join(folder, "streamflow.toml"), "w") as file:
        file.write('[project]\nname = "bench"\n[entities.user]\nkey = "user_id"\n')
    with open(os.path.join(folder, "features/usage.toml"), "w") as file:
        file.write(TABLE)
    subprocess.run([sys.executable, "-c", MAKE.format(rows=rows, path=path)], check=True)
    commands = {name: [sys.executable, "-c", text.format(path=path)] for name, text in PEERS.items()}
    commands["streamflow"] = [program, "ingest", "--as-of", "2024-01-31"]
    taken = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            subprocess.run(["rm", "-rf", os.path.join(folder, ".streamflow")], check=True)
            taken[name].append(run(command, folder))
    seconds = {name: statistics.median(one[0] for one in all) for name, all in taken.items()}
    return {
        "rows": rows,
        "file_gib": os.path.getsize(path) / 2**30,
        "seconds": seconds,
        "rounds": {name: [round(one[0], 2) for one in all] for name, all in taken.items()},
        "peak_gib": {name: max(one[1] for one in all) for name, all in taken.items()},
        "streamflow_over_polars": seconds["streamflow"] / seconds["polars"],
        "streamflow_over_pandas": seconds["streamflow"] / seconds["pandas"],
    }


def main():
    program = os.path.abspath(sys.argv[1])
    sizes = [int(rows) for rows in sys.argv[2:]] or [5_000_000, 10_000_000]
    figures = {
        "program": subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip(),
        "peers": {name: importlib.metadata.version(name) for name in PEERS},
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load": os.getloadavg(),
        "sizes": [],
    }
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            figures["sizes"].append(measure(program, rows, folder))
    first, last = figures["sizes"][0], figures["sizes"][-1]
    figures["growth"] = {
        "rows": last["rows"] / first["rows"],
        "seconds": last["seconds"]["streamflow"] / first["seconds"]["streamflow"],
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
