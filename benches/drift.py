#!/usr/bin/env python3
"""How long drift takes beside Evidently: 200 columns of 100 000 rows at two dates.

Usage: benches/drift.py PATH/TO/streamflow   (a release build; in the environment of
tests/peers/requirements-drift.txt, which also has pyarrow)
"""

import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd

COLUMNS, ROWS = 200, 100_000
ROUNDS = 3  # of ours; Evidently takes long enough for once
DATES = ["2024-01-31", "2024-02-29"]
EVIDENTLY = """
import sys, pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
reference, current = (pd.read_parquet(path).drop(columns="user_id") for path in sys.argv[1:3])
kinds = reference.dtypes
categories = [name for name in reference if kinds[name] == object or kinds[name] == bool]
numbers = [name for name in reference if name not in categories]
definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
sets = [Dataset.from_pandas(frame, definition) for frame in (current, reference)]
Report([DataDriftPreset()]).run(*sets).save_html(sys.argv[3])
"""


def frame(month):
    """Numbers, whole numbers, categories and bools in turn; every fifth column moves."""
    rng = np.random.default_rng(7 + month)
    columns, dtypes = {"user_id": np.arange(ROWS)}, {}
    for at in range(COLUMNS):
        moved = 0.4 * month * (at % 5 == 0)
        shapes = {
            "f64": lambda: rng.normal(moved, 1, ROWS),
            "i64": lambda: rng.poisson(30 + 3 * moved, ROWS),
            "string": lambda: rng.choice(["red", "green", "blue"], ROWS, p=[0.5 - moved / 4, 0.3, 0.2 + moved / 4]),
            "bool": lambda: rng.random(ROWS) < 0.3 + moved / 2,
        }
        dtype = ["f64", "f64", "i64", "f64", "string", "bool", "f64", "i64"][at % 8]
        columns[f"column_{at:03}"], dtypes[f"column_{at:03}"] = shapes[dtype](), dtype
    return pd.DataFrame(columns), dtypes


def project(root):
    for month, date in enumerate(DATES):
        table, dtypes = frame(month)
        (root / "data" / date).mkdir(parents=True)
        table.to_parquet(root / "data" / date / "wide.parquet")
    lines = "".join(f'{name} = "{dtype}"\n' for name, dtype in dtypes.items())
    (root / "streamflow.toml").write_text('[project]\nname = "wide"\n[entities.user]\nkey = "user_id"\n')
    (root / "features").mkdir()
    (root / "features" / "wide.toml").write_text(
        'entity = "user"\n[source]\npath = "data/{as_of}/wide.parquet"\nmode = "replace"\n'
        f'[columns]\nuser_id = "i64"\n{lines}[features]\ncolumns = ["*"]\n'
    )


def seconds(command, root, codes=(0,)):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode in codes, done.stdout + done.stderr
    return time.perf_counter() - start


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        project(root)
        ours = [program, "drift", "--reference", DATES[0], "--current", DATES[1], "-o", "ours.html"]
        paths = [f"data/{date}/wide.parquet" for date in DATES]
        theirs = [sys.executable, "-W", "ignore", "-c", EVIDENTLY, *paths, "theirs.html"]
        first = seconds(ours, root, (0, 6))
        again = statistics.median(seconds(ours, root, (0, 6)) for _ in range(ROUNDS))
        evidently = seconds(theirs, root)
        size = lambda name: (root / name).stat().st_size
        print(f"{platform.machine()}, {os.cpu_count()} processors; {COLUMNS} columns × {ROWS} rows × 2")
        print(f"streamflow drift, ingesting both dates  {first:.2f} s")
        print(f"streamflow drift                        {again:.2f} s   report {size('ours.html')} bytes")
        print(f"evidently DataDriftPreset to HTML       {evidently:.2f} s   report {size('theirs.html')} bytes")


if __name__ == "__main__":
    main()
