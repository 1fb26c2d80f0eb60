#!/usr/bin/env python3
"""Whether checks find what Great Expectations finds, on the same file with nulls: names of
expectations, verdicts, counts, percents and observed values.

Usage: benches/agreement.py PATH/TO/streamflow
Needs numpy, pandas and great_expectations. Exit code 1 where they differ.
"""

import json
import os
import subprocess
import sys
import tempfile

import great_expectations as gx
import numpy
import pandas

ROWS = 5000
FIELDS = ["element_count", "missing_count", "missing_percent", "unexpected_count",
          "unexpected_percent", "observed_value"]  # fmt: skip
PROJECT = '[project]\nname = "peer"\n[store]\npath = ".streamflow"\n[entities.user]\nkey = "user_id"\n'
TABLE = """entity = "user"
[source]
path = "data/{as_of}/t.csv"
[columns]
user_id = "i64"
s = "string"
a = "f64"
b = "f64"
i = "i64"
"""
E = gx.expectations
EITHER = {"ignore_row_if": "either_value_is_missing"}
BOUNDS = {"min_value": 0, "max_value": 1}

PAIRS = [
    ('column = "s"\nnot_null = true', E.ExpectColumnValuesToNotBeNull(column="s")),
    ('column = "i"\nunique = true', E.ExpectColumnValuesToBeUnique(column="i")),
    ('columns = ["i", "s"]\nunique = true',
     E.ExpectCompoundColumnsToBeUnique(column_list=["i", "s"], ignore_row_if="any_value_is_missing")),
    ('column = "a"\nbetween = [0, 15]',
     E.ExpectColumnValuesToBeBetween(column="a", min_value=0, max_value=15)),
    ('column = "s"\nin_set = ["basic", "plus"]',
     E.ExpectColumnValuesToBeInSet(column="s", value_set=["basic", "plus"])),
    ('column = "s"\nnot_in_set = ["basic"]',
     E.ExpectColumnValuesToNotBeInSet(column="s", value_set=["basic"])),
    ("column = \"s\"\nregex = '^[a-z]+$'", E.ExpectColumnValuesToMatchRegex(column="s", regex="^[a-z]+$")),
    ('column = "s"\nlength = [4, 5]',
     E.ExpectColumnValueLengthsToBeBetween(column="s", min_value=4, max_value=5)),
    ('column = "s"\ndate_format = "%Y-%m-%d"',
     E.ExpectColumnValuesToMatchStrftimeFormat(column="s", strftime_format="%Y-%m-%d")),
    ('column = "i"\nincreasing = true', E.ExpectColumnValuesToBeIncreasing(column="i")),
    ('column = "a"\ngreater_than = "b"',
     E.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b", **EITHER)),
    ('column = "a"\nat_least = "b"',
     E.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b", or_equal=True, **EITHER)),
    ('column = "a"\nmean = [0, 1]', E.ExpectColumnMeanToBeBetween(column="a", **BOUNDS)),
    ('column = "a"\nmedian = [0, 1]', E.ExpectColumnMedianToBeBetween(column="a", **BOUNDS)),
    ('column = "a"\nstdev = [0, 1]', E.ExpectColumnStdevToBeBetween(column="a", **BOUNDS)),
    ('column = "a"\nsum = [0, 1]', E.ExpectColumnSumToBeBetween(column="a", **BOUNDS)),
    ('column = "a"\nmin = [0, 1]', E.ExpectColumnMinToBeBetween(column="a", **BOUNDS)),
    ('column = "a"\nmax = [0, 1]', E.ExpectColumnMaxToBeBetween(column="a", **BOUNDS)),
    ('column = "s"\ndistinct_count = [0, 1]',
     E.ExpectColumnUniqueValueCountToBeBetween(column="s", **BOUNDS)),
    ("row_count = [0, 1]", E.ExpectTableRowCountToBeBetween(**BOUNDS)),
]  # fmt: skip


def table():
    """One value in ten is null; among the texts is a day that no calendar has."""
    random = numpy.random.default_rng(3)
    texts = ["basic", "plus", "full", "x1", "2024-02-30", "2024-02-29"]
    frame = pandas.DataFrame(
        {
            "user_id": numpy.arange(ROWS),
            "s": random.choice(texts, ROWS),
            "a": random.normal(10, 5, ROWS).round(2),
            "b": random.normal(10, 5, ROWS).round(2),
            "i": random.integers(0, 3000, ROWS).astype("float"),
        }
    )
    for column in ["s", "a", "b", "i"]:
        frame.loc[random.random(ROWS) < 0.1, column] = None
    return frame


def ours(program, frame):
    with tempfile.TemporaryDirectory() as folder:
        for name in ["features", "experiments", "data/2024-01-31"]:
            os.makedirs(os.path.join(folder, name))
        frame.to_csv(os.path.join(folder, "data/2024-01-31/t.csv"), index=False)
        blocks = "".join(f'[[checks]]\n{block}\nseverity = "warn"\n' for block, _ in PAIRS)
        for path, text in [("streamflow.toml", PROJECT), ("features/t.toml", TABLE + blocks)]:
            with open(os.path.join(folder, path), "w") as file:
                file.write(text)
        command = [program, "ingest", "--as-of", "2024-01-31", "--format", "json"]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return json.loads(done.stdout)["checks"]


def same(a, b):
    return a == b or abs(a - float(b)) <= 1e-9 * max(1, abs(a))


def main():
    frame = table()
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("peer").add_dataframe_asset("t")
    batch = asset.add_batch_definition_whole_dataframe("whole")
    batch = batch.get_batch(batch_parameters={"dataframe": frame})
    differing = 0
    for own, (block, expectation) in zip(ours(os.path.abspath(sys.argv[1]), frame), PAIRS):
        peer = batch.validate(expectation)
        found = {"type": (own["expectation_config"]["type"], peer.expectation_config.type)}
        found["success"] = (own["success"], peer.success)
        for field in FIELDS:
            if peer.result.get(field) is not None and field in own["result"]:
                found[field] = (own["result"][field], peer.result[field])
        unlike = {name: pair for name, pair in found.items() if not same(*pair)}
        differing += bool(unlike)
        print("differs" if unlike else "agrees ", own["rule"], unlike or f"({len(found)} fields)")
    print(f"{len(PAIRS) - differing} of {len(PAIRS)} agree with Great Expectations {gx.__version__}")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
