#!/usr/bin/env python3
"""What checks cost: ten of them over a table of ROWS rows, beside Great Expectations, pandera and
polars on the same Parquet file.

Usage: benches/checks.py PATH/TO/streamflow [ROWS]   (a release build; ROWS is 10 million)
Needs pyarrow and numpy; peers that are not installed are left out.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time

import numpy
import pyarrow
import pyarrow.parquet

TABLE = """entity = "user"
[source]
path = "data/{as_of}/usage.parquet"
mode = "replace"
[columns]
user_id = "i64"
plan = "string"
hours = "f64"
devices = "i64"
code = "string"
began = "date"
ended = "date"
"""

CHECKS = """
[[checks]]
column = "user_id"
not_null = true
[[checks]]
column = "user_id"
unique = true
[[checks]]
column = "hours"
between = [0, 744]
mostly = 0.99
severity = "quarantine"
[[checks]]
column = "plan"
in_set = ["basic", "plus", "full"]
[[checks]]
column = "code"
regex = '^[A-Z]{2}-\\d{6}$'
[[checks]]
column = "code"
length = [9, 9]
[[checks]]
column = "ended"
at_least = "began"
[[checks]]
column = "hours"
mean = [100, 500]
[[checks]]
column = "devices"
quantile = { at = 0.9, between = [1, 20] }
[[checks]]
column = "plan"
distinct_count = [1, 10]
"""

PROJECT = '[project]\nname = "bench"\n[store]\npath = ".streamflow"\n[entities.user]\nkey = "user_id"\n'


def table(rows):
    """Customers in a shuffled order; one plan and one number in a thousand is null."""
    random = numpy.random.default_rng(42)
    holes = lambda: random.random(rows) < 0.001
    began = numpy.datetime64("2023-01-01") + random.integers(0, 365, rows)
    numbers = random.integers(0, 1_000_000, rows)
    codes = numpy.char.add("AB-", numpy.char.zfill(numbers.astype("U6"), 6))
    plans = numpy.array(["basic", "plus", "full"])[random.integers(0, 3, rows)]
    array = pyarrow.array
    return pyarrow.table(
        {
            "user_id": array(random.permutation(rows)),
            "plan": array(plans, mask=holes()),
            "hours": array(random.random(rows) * 744, mask=holes()),
            "devices": array(random.integers(1, 20, rows)),
            "code": array(codes),
            "began": array(began.astype("datetime64[D]")),
            "ended": array((began + random.integers(0, 365, rows)).astype("datetime64[D]")),
        }
    )


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def ingest(program, folder, checks):
    """Wall seconds of a first ingest with these checks, and what they said."""
    with open(os.path.join(folder, "features", "usage.toml"), "w") as file:
        file.write(TABLE + checks)
    subprocess.run(["rm", "-rf", os.path.join(folder, ".streamflow")], check=True)
    command = [program, "ingest", "--as-of", "2024-01-31", "--format", "json"]
    took, done = seconds(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True))
    return took, json.loads(done.stdout)["statistics"]


def streamflow(program, folder, rounds=3):
    """The least of some rounds with and without checks, in turn: their difference is the checks."""
    pairs = []
    for _ in range(rounds):
        without, _ = ingest(program, folder, "")
        with_checks, statistics = ingest(program, folder, CHECKS)
        pairs.append((without, with_checks))
    assert statistics["successful_expectations"] == 10, statistics
    without, with_checks = map(min, zip(*pairs))
    return {"without": without, "with": with_checks, "checks": with_checks - without}


def great_expectations(path):
    import great_expectations as gx
    import pandas

    frame = pandas.read_parquet(path)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    batches = context.data_sources.add_pandas("bench").add_dataframe_asset("usage")
    batch = batches.add_batch_definition_whole_dataframe("whole")
    e = gx.expectations
    suite = gx.ExpectationSuite(name="usage")
    for expectation in [
        e.ExpectColumnValuesToNotBeNull(column="user_id"),
        e.ExpectColumnValuesToBeUnique(column="user_id"),
        e.ExpectColumnValuesToBeBetween(column="hours", min_value=0, max_value=744, mostly=0.99),
        e.ExpectColumnValuesToBeInSet(column="plan", value_set=["basic", "plus", "full"]),
        e.ExpectColumnValuesToMatchRegex(column="code", regex=r"^[A-Z]{2}-\d{6}$"),
        e.ExpectColumnValueLengthsToBeBetween(column="code", min_value=9, max_value=9),
        e.ExpectColumnPairValuesAToBeGreaterThanB(column_A="ended", column_B="began", or_equal=True),
        e.ExpectColumnMeanToBeBetween(column="hours", min_value=100, max_value=500),
        e.ExpectColumnQuantileValuesToBeBetween(
            column="devices", quantile_ranges={"quantiles": [0.9], "value_ranges": [[1, 20]]}
        ),
        e.ExpectColumnUniqueValueCountToBeBetween(column="plan", min_value=1, max_value=10),
    ]:
        suite.add_expectation(expectation)
    rows = batch.get_batch(batch_parameters={"dataframe": frame})
    took, result = seconds(lambda: rows.validate(suite))
    failed = [one.expectation_config.type for one in result.results if not one.success]
    assert not failed, failed
    return took


def pandera(path):
    import pandas
    import pandera.pandas as pa

    frame = pandas.read_parquet(path)
    schema = pa.DataFrameSchema(
        {
            "user_id": pa.Column(nullable=False, unique=True),
            "hours": pa.Column(checks=pa.Check.in_range(0, 744), nullable=True),
            "plan": pa.Column(
                checks=[
                    pa.Check.isin(["basic", "plus", "full"]),
                    pa.Check(lambda s: 1 <= s.nunique() <= 10),
                ],
                nullable=True,
            ),
            "code": pa.Column(
                checks=[pa.Check.str_matches(r"^[A-Z]{2}-\d{6}$"), pa.Check.str_length(9, 9)]
            ),
            "devices": pa.Column(checks=pa.Check(lambda s: 1 <= s.quantile(0.9) <= 20)),
        },
        checks=[
            pa.Check(lambda f: f["ended"] >= f["began"]),
            pa.Check(lambda f: 100 <= f["hours"].mean() <= 500),
        ],
    )
    return seconds(lambda: schema.validate(frame, lazy=True))[0]


def polars(path):
    import polars as pl

    frame = pl.read_parquet(path)
    share = lambda test: test.mean()
    expressions = [
        pl.col("user_id").null_count().alias("not_null"),
        pl.col("user_id").is_duplicated().sum().alias("unique"),
        share(pl.col("hours").is_between(0, 744)).alias("between"),
        share(pl.col("plan").is_in(["basic", "plus", "full"])).alias("in_set"),
        share(pl.col("code").str.contains(r"^[A-Z]{2}-\d{6}$")).alias("regex"),
        share(pl.col("code").str.len_chars().is_between(9, 9)).alias("length"),
        share(pl.col("ended") >= pl.col("began")).alias("at_least"),
        pl.col("hours").mean().alias("mean"),
        pl.col("devices").quantile(0.9).alias("quantile"),
        pl.col("plan").n_unique().alias("distinct"),
    ]
    return seconds(lambda: frame.select(expressions))[0]


def main():
    program = os.path.abspath(sys.argv[1])
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        for name in ["features", "experiments", "data/2024-01-31"]:
            os.makedirs(os.path.join(folder, name))
        with open(os.path.join(folder, "streamflow.toml"), "w") as file:
            file.write(PROJECT)
        path = os.path.join(folder, "data/2024-01-31/usage.parquet")
        pyarrow.parquet.write_table(table(rows), path)
        figures = {
            "machine": f"{platform.machine()}, {os.cpu_count()} processors",
            "rows": rows,
            "streamflow_seconds": streamflow(program, folder),
        }
        for peer in [polars, pandera, great_expectations]:
            try:
                figures[f"{peer.__name__}_seconds"] = peer(path)
            except ImportError:
                figures[f"{peer.__name__}_seconds"] = None
        print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
