"""Every test of Evidently that drift reports, against Evidently itself, through the program's own JSON.

Run by tests/peers/check.py in the environment of requirements-drift.txt; prints one line of counts.
"""

import collections
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift

warnings.filterwarnings("ignore")
REFERENCE, CURRENT = "2024-01-31", "2024-02-29"
NAMES = {
    "K-S p_value": "ks",
    "chi-square p_value": "chisquare",
    "Z-test p_value": "z",
    "Wasserstein distance (normed)": "wasserstein",
    "Jensen-Shannon distance": "jensenshannon",
}
# Rows of both dates: tiny, on both sides of 1000 (another test), and of 10 000 (another distribution).
SIZES = [(1, 1), (3, 4), (8, 8), (50, 50), (141, 97), (500, 20_000), (7, 12_000), (999, 1000), (1000, 1000)]
SIZES += [(1000, 30_000), (1001, 40), (1001, 1001), (3000, 2500), (6000, 6000)]


def with_nulls(rng, values, share):
    values = list(values)
    for at in range(1, len(values)):
        if rng.random() < share:
            values[at] = None
    return values


def numbers(rng, rows, month):
    """One list of floats or ints for each shape of column."""
    yield "normal", rng.normal(0, 1, rows)
    yield "shifted", rng.normal(0.3 * month, 1 + 0.1 * month, rows)
    yield "disjoint", rng.random(rows) + 5 * month
    yield "heavy", rng.lognormal(0, 2 + 0.05 * month, rows)
    yield "far_away", 1e9 + rng.normal(0.2 * month, 1, rows)
    yield "tiny", rng.normal(0, 1e-7, rows) + 1e-8 * month
    yield "ties", rng.normal(0.1 * month, 1, rows).round(1)
    yield "nulls", with_nulls(rng, rng.normal(0.2 * month, 1, rows), 0.2 + 0.1 * month)
    yield "many_whole", rng.integers(0, 300 + 10 * month, rows)
    yield "some_whole", rng.poisson(3 + 0.2 * month, rows)
    yield "five", rng.choice(5, rows, p=[0.3 - 0.05 * month, 0.2, 0.2, 0.2, 0.1 + 0.05 * month])
    yield "two", rng.choice([0, 1], rows, p=[0.4 + 0.03 * month, 0.6 - 0.03 * month])
    yield "constant", np.full(rows, 7)
    yield "two_constants", np.full(rows, 7 + month)


def categories(rng, rows, month):
    yield "bools", [bool(value) for value in rng.random(rows) < 0.3 + 0.04 * month]
    yield "one", ["a"] * rows
    yield "pair", list(rng.choice(["yes", "no"], rows, p=[0.5 + 0.02 * month, 0.5 - 0.02 * month]))
    yield "three", list(rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3 + 0.03 * month, 0.2 - 0.03 * month]))
    yield "appears", list(rng.choice(["a", "b", "c"] + ["new"] * month, rows))
    yield "disappears", list(rng.choice(["a", "b", "c"] + ["old"] * (1 - month), rows))
    yield "frequent", list(rng.choice([f"k{n:02d}" for n in range(40)], rows))
    yield "rare", [f"id{value}" for value in rng.integers(0, 4 * rows, rows)]
    yield "gaps", with_nulls(rng, rng.choice(["a", "b", "c"], rows), 0.3)


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value.item() if hasattr(value, "item") else value)


def write(root, table, columns):
    """The files of one table; `columns` maps a name to its lists of both dates."""
    dtypes = {}
    for name, (reference, _) in columns.items():
        first = reference[0].item() if hasattr(reference[0], "item") else reference[0]
        dtypes[name] = {bool: "bool", str: "string", int: "i64", float: "f64"}[type(first)]
    lines = "\n".join(f'{name} = "{dtype}"' for name, dtype in dtypes.items())
    (root / "features").mkdir(exist_ok=True)
    (root / "features" / f"{table}.toml").write_text(
        f'entity = "user"\n[source]\npath = "data/{{as_of}}/{table}.csv"\nmode = "replace"\n'
        f'[columns]\nid = "i64"\n{lines}\n[features]\ncolumns = ["*"]\n'
    )
    for month, date in enumerate([REFERENCE, CURRENT]):
        folder = root / "data" / date
        folder.mkdir(parents=True, exist_ok=True)
        rows = zip(*(map(text, lists[month]) for lists in columns.values()))
        lines = [",".join(["id", *columns])] + [f"{at}," + ",".join(row) for at, row in enumerate(rows)]
        (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")
    return dtypes


def theirs(columns, dtypes):
    """Evidently's method, score and PSI of each column."""
    of = lambda *kinds: [name for name, dtype in dtypes.items() if dtype in kinds]
    definition = DataDefinition(numerical_columns=of("i64", "f64"), categorical_columns=of("string", "bool"))
    frame = lambda month: pd.DataFrame({name: lists[month] for name, lists in columns.items()})
    reference, current = (Dataset.from_pandas(frame(month), definition) for month in (0, 1))
    metrics = [ValueDrift(column=name, method=method) for name in columns for method in (None, "psi")]
    found = collections.defaultdict(dict)
    for metric in Report(metrics).run(current, reference).dict()["metrics"]:
        column, method = metric["config"]["column"], metric["config"]["method"]
        found[column][NAMES.get(method, method)] = float(metric["value"])
    return found


def close(ours, theirs, method):
    # A distance of 0 is the root of what rounding left: theirs may be a few 1e-9, or not a number.
    if method == "jensenshannon" and (math.isnan(theirs) or theirs < 1e-7):
        return ours < 1e-7
    return abs(ours - theirs) <= 1e-9 * abs(theirs) + 1e-15


def main():
    rng = np.random.default_rng(20240131)
    count, worst = collections.Counter(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "streamflow.toml").write_text('[project]\nname = "drift"\n[entities.user]\nkey = "id"\n')
        tables = {}
        for reference, current in SIZES:
            made = [[*numbers(rng, rows, month), *categories(rng, rows, month)] for month, rows in enumerate((reference, current))]
            columns = {name: (values, after) for (name, values), (_, after) in zip(*made)}
            table = f"rows_{reference}_{current}"
            tables[table] = (columns, write(root, table, columns))
        command = [os.environ["STREAMFLOW"], "-C", str(root), "drift", "--reference", REFERENCE, "--current", CURRENT]
        done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True)
        assert done.returncode in (0, 6), done.stdout + done.stderr
        ours = {column["name"]: column for column in json.loads(done.stdout)["columns"]}
    for table, (columns, dtypes) in tables.items():
        for name, found in theirs(columns, dtypes).items():
            column = ours[f"{table}.{name}"]
            method = column["evidently"]["method"]
            pairs = {method: column["evidently"]["score"], "psi": column["psi"]}
            assert pairs.keys() == found.keys(), f"{table}.{name}: {method}, theirs {sorted(found)}"
            for test, score in pairs.items():
                assert close(score, found[test], test), f"{table}.{name} {test}: {score!r}, theirs {found[test]!r}"
                if found[test] > 1e-7:
                    worst = max(worst, abs(score - found[test]))
                count[test] += 1
    print(", ".join(f"{count[test]} of {test}" for test in sorted(count)) + f"; largest difference {worst:.1e}")


if __name__ == "__main__":
    sys.exit(main())
