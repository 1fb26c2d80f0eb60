"""Parquet files as pyarrow writes them, well and badly: each ends in a correct table, or is refused in words."""

import datetime
import json
import pathlib
import subprocess
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

DATE = "2024-01-31"
KEY = pa.array(["a", "b"])


def file(column, path, **options):
    pq.write_table(pa.table({"id": KEY, "x": column}), path, **options)


def typed(values, dtype):
    return lambda path: file(pa.array(values, dtype), path)


def written(**options):
    values = pa.array([1.5, None], pa.float64())
    return lambda path: file(values, path, **options)


def cut(path):
    file(pa.array([1.5, 2.5]), path)
    path.write_bytes(path.read_bytes()[:-20])


def duplicated(path):
    pq.write_table(pa.table([KEY, pa.array([1, 2]), pa.array([3, 4])], names=["id", "x", "x"]), path)


def without_rows(path):
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "x": pa.array([], pa.float64())}), path)


def many_row_groups(path):
    table = pa.table({"id": [f"{row:05}" for row in range(20_000)], "x": [float(row) for row in range(20_000)]})
    table = pa.concat_tables([table, pa.table({"id": ["a", "b"], "x": [1.5, None]})])
    pq.write_table(table, path, row_group_size=700, data_page_size=512)


UTC = datetime.timezone.utc
NOON = datetime.datetime(2024, 1, 31, 12, 0)
# What is written, the declared type, and the value of row `a` (that of `b` is null), or words of the refusal.
CASES = {
    "gzip": (written(compression="gzip"), "f64", 1.5),
    "brotli": (written(compression="brotli"), "f64", 1.5),
    "lz4": (written(compression="lz4"), "f64", 1.5),
    "snappy": (written(compression="snappy"), "f64", 1.5),
    "zstd": (written(compression="zstd"), "f64", 1.5),
    "no compression": (written(compression="none"), "f64", 1.5),
    "pages of version 2": (written(data_page_version="2.0"), "f64", 1.5),
    "format 1.0": (written(version="1.0"), "f64", 1.5),
    "byte stream split": (written(use_dictionary=False, column_encoding={"x": "BYTE_STREAM_SPLIT", "id": "PLAIN"}), "f64", 1.5),
    "delta of integers": (
        lambda path: file(pa.array([7, None], pa.int64()), path, use_dictionary=False, column_encoding={"x": "DELTA_BINARY_PACKED"}),
        "i64",
        7,
    ),
    "delta of strings": (
        lambda path: file(pa.array(["x", None]), path, use_dictionary=False, column_encoding={"x": "DELTA_BYTE_ARRAY"}),
        "string",
        "x",
    ),
    "many row groups": (many_row_groups, "f64", 1.5),
    "checksums of pages": (written(write_page_checksum=True), "f64", 1.5),
    "a dictionary": (lambda path: file(pa.array(["x", None]).dictionary_encode(), path), "string", "x"),
    "large strings": (typed(["x", None], pa.large_string()), "string", "x"),
    "views of strings": (typed(["x", None], pa.string_view()), "string", "x"),
    "empty text": (typed(["", None], pa.string()), "string", None),
    "small integers": (typed([-7, None], pa.int8()), "i64", -7),
    "unsigned integers": (typed([255, None], pa.uint8()), "i64", 255),
    "integers for floats": (typed([7, None], pa.int32()), "f64", 7.0),
    "single floats": (typed([0.5, None], pa.float32()), "f64", 0.5),
    "floats for integers": (typed([7.0, None], pa.float64()), "i64", 7),
    "not a number": (typed([float("nan"), None], pa.float64()), "f64", None),
    "negative zero": (typed([-0.0, None], pa.float64()), "f64", 0.0),
    "milliseconds": (typed([NOON, None], pa.timestamp("ms")), "datetime", "2024-01-31T12:00:00Z"),
    "nanoseconds": (typed([NOON, None], pa.timestamp("ns")), "datetime", "2024-01-31T12:00:00Z"),
    "a time zone": (
        typed([NOON.replace(tzinfo=UTC), None], pa.timestamp("us", tz="America/New_York")),
        "datetime",
        "2024-01-31T12:00:00Z",
    ),
    "dates of 64 bits": (typed([NOON.date(), None], pa.date64()), "date", DATE),
    "nothing but nulls": (typed([None, None], pa.null()), "f64", None),
    "half floats": (typed([0.5, None], pa.float16()), "f64", "holds bytes"),
    "decimals": (typed([1, None], pa.decimal128(5, 2)), "f64", "decimal(5, 2)"),
    "bytes": (typed([b"x", None], pa.binary()), "string", "bytes"),
    "times of day": (typed([datetime.time(1), None], pa.time64("us")), "string", "times of day"),
    "lists": (typed([[1], None], pa.list_(pa.int64())), "i64", "lists"),
    "structs": (typed([{"y": 1}, None], pa.struct({"y": pa.int64()})), "i64", "structs"),
    "maps": (typed([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), "i64", "holds lists"),
    "infinity": (typed([float("inf"), None], pa.float64()), "f64", "infinite"),
    "too large": (typed([2**64 - 1, None], pa.uint64()), "i64", "does not fit in an i64"),
    "strings for numbers": (typed(["1.5", None], pa.string()), "f64", "holds strings"),
    "a name twice": (duplicated, "i64", "x"),
    "no rows": (without_rows, "f64", "empty file"),
    "cut off": (cut, "f64", "not a readable Parquet file"),
    "text": (lambda path: path.write_text("id,x\na,1.5\n"), "f64", "not a readable Parquet file"),
    "nothing": (lambda path: path.write_bytes(b""), "f64", "empty file"),
}


def outcome(program, folder, write, dtype):
    """Exit code of the ingest, what it said, and the value of row `a` where there is one."""
    data = folder / "data" / DATE
    data.mkdir(parents=True)
    (folder / "features").mkdir()
    (folder / "streamflow.toml").write_text('[project]\nname = "intake"\n[entities.user]\nkey = "id"\n')
    (folder / "features" / "t.toml").write_text(
        'entity = "user"\n[source]\npath = "data/{as_of}/t.parquet"\n'
        f'[columns]\nid = "string"\nx = "{dtype}"\n[features]\ncolumns = ["x"]\n'
    )
    write(data / "t.parquet")

    def run(*arguments):
        return subprocess.run([program, "-C", str(folder), *arguments], capture_output=True, text=True)

    done = run("ingest", "--as-of", DATE)
    values = []
    if done.returncode == 0:
        for key in KEY.to_pylist():
            found = run("features", key, "--as-of", DATE, "--format", "json")
            values.append(json.loads(found.stdout)["features"]["t.x"])
    return done.returncode, done.stderr, values


def parquet_of_others(program):
    """Runs every case; fails with those that end otherwise than they should."""
    wrong = []
    read = refused = 0
    for name, (write, dtype, expected) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            code, said, values = outcome(program, pathlib.Path(folder), write, dtype)
        if code == 0 and values and values[0] == expected and values[1] is None:
            read += 1
        elif code == 6 and isinstance(expected, str) and expected in said:
            refused += 1
        else:
            wrong.append(f"{name}: exit {code}, {values}, expected {expected!r}\n{said}")
    assert not wrong, "\n".join(wrong)
    return f"{read} files read, {refused} refused"
