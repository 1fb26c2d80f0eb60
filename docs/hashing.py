"""The hashing law of streamflow for tables and runs, written a second time (docs/hashing.md).

    pip install blake3 pyarrow
    python docs/hashing.py TABLE.parquet    the hash of each column, then of the table
    python docs/hashing.py NAME.lock        the hash of the run, from the lock alone
    python docs/hashing.py                  the same for the test vectors of docs/hashing.md

Rows are taken in the order of the file, which in an object of the store is the canonical one.
Values must be canonical: no NaN, no -0.0, no infinity, no empty text.
"""

import struct
import sys
import tomllib

import blake3
import pyarrow as pa
import pyarrow.parquet

VECTORS = {
    "active": pa.array([True, None, False]),
    "born": pa.array([0, 19782, None], pa.date32()),
    "fee": pa.array([29.85, None, 0.0]),
    "id": pa.array(["a", "bé", "c"]),
    "months": pa.array([1, -1, None], pa.int64()),
    "seen": pa.array([None, 0, 1709200800000000], pa.timestamp("us")),
}
# Arrow type to (dtype, physical type, struct format of one value).
DTYPES = {
    pa.bool_(): ("bool", pa.bool_(), "<?"),
    pa.int64(): ("i64", pa.int64(), "<q"),
    pa.float64(): ("f64", pa.float64(), "<d"),
    pa.date32(): ("date", pa.int32(), "<i"),
    pa.timestamp("us"): ("datetime", pa.int64(), "<q"),
    pa.timestamp("us", "UTC"): ("datetime", pa.int64(), "<q"),
    pa.string(): ("string", pa.string(), None),
    pa.large_string(): ("string", pa.string(), None),
    pa.string_view(): ("string", pa.string(), None),
}


def count(number):
    return struct.pack("<Q", number)


def text(value):
    encoded = value.encode("utf-8")
    return count(len(encoded)) + encoded


def validity(values):
    bits = bytearray((len(values) + 7) // 8)
    for row, value in enumerate(values):
        if value is not None:
            bits[row // 8] |= 1 << (row % 8)
    return bytes(bits)


def column(array):
    dtype, physical, form = DTYPES[array.type]
    values = array.cast(physical).to_pylist()
    content = text("streamflow column 1") + text(dtype) + count(len(values)) + validity(values)
    encode = text if form is None else lambda value: struct.pack(form, value)
    content += b"".join(encode(value) for value in values if value is not None)
    return dtype, blake3.blake3(content).digest()


def table(columns):
    """The hash of a table, from (name, dtype, column hash) in any order."""
    content = text("streamflow table 1") + count(len(columns))
    for name, dtype, digest in sorted(columns, key=lambda entry: entry[0].encode("utf-8")):
        content += text(name) + text(dtype) + digest
    return blake3.blake3(content).hexdigest()


def table_hash(path):
    """The hash of the table in a Parquet file."""
    source = pyarrow.parquet.read_table(path, partitioning=None)
    return table([(name, *column(source[name])) for name in source.column_names])


def values(entries):
    """The hash of the values of one prediction, from (dtype, value) by full name; ("null", None) for null."""
    content = text("streamflow values 1") + count(len(entries))
    for name in sorted(entries, key=lambda name: name.encode("utf-8")):
        dtype, entry = entries[name]
        form = {"bool": "<?", "i64": "<q", "f64": "<d", "date": "<q", "datetime": "<q"}.get(dtype)
        content += text(name) + text(dtype)
        if dtype == "string":
            content += text(entry)
        elif form:
            content += struct.pack(form, entry)
    return blake3.blake3(content).hexdigest()


def value(declared):
    """One declared value: the number of its type, then the value."""
    if isinstance(declared, bool):
        return b"\x00" + struct.pack("?", declared)
    if isinstance(declared, int):
        return b"\x01" + struct.pack("<q", declared)
    if isinstance(declared, float):
        return b"\x02" + struct.pack("<d", declared + 0.0)
    if isinstance(declared, str):
        return b"\x03" + text(declared)
    return b"\x04" + count(len(declared)) + b"".join(map(value, declared))


def flat(tables, path=()):
    """Nested tables of a lock as key paths joined by dots."""
    for key, entry in tables.items():
        if isinstance(entry, dict):
            yield from flat(entry, (*path, key))
        else:
            yield ".".join((*path, key)), entry


def run(lock):
    """The hash of a run, from its parsed lock alone."""
    content = text("streamflow run 1")
    for entries, encode in (
        (dict(flat(lock["declared"])), value),
        (lock["operations"], lambda version: struct.pack("<q", version)),
    ):
        content += count(len(entries))
        for key in sorted(entries, key=lambda key: key.encode("utf-8")):
            content += text(key) + encode(entries[key])
    content += count(len(lock["data"]))
    for data in lock["data"]:
        content += text(data["table"]) + text(data["as_of"]) + bytes.fromhex(data["hash"])
    return blake3.blake3(content).hexdigest()


def main(paths):
    if paths and paths[0].endswith(".lock"):
        with open(paths[0], "rb") as file:
            lock = tomllib.load(file)
        print(f"{'run':22} {run(lock)}")
        sys.exit(0 if run(lock) == lock["run"] else 4)
    source = pyarrow.parquet.read_table(paths[0]) if paths else pa.table(VECTORS)
    columns = [(name, *column(source[name])) for name in source.column_names]
    for name, dtype, digest in columns:
        print(f"{name:12} {dtype:9} {digest.hex()}")
    print(f"{'table':22} {table(columns)}")


if __name__ == "__main__":
    main(sys.argv[1:])
