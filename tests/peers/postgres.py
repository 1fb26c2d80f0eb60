"""Tables from PostgreSQL and into it, against a real server. Part of tests/peers/run."""

import contextlib
import csv
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import traceback

from server import PASSWORD, USER, Server, cut

STREAMFLOW = os.environ["STREAMFLOW"]
VARIABLE = "STREAMFLOW_POSTGRES"
DATES = ["2024-01-31", "2024-02-29", "2024-03-31"]
SECRETS = [PASSWORD, USER, "127.0.0.1"]
SQL_TYPES = {
    "string": "text",
    "bool": "boolean",
    "i64": "bigint",
    "f64": "double precision",
    "date": "date",
    "datetime": "timestamptz",
}


class Project:
    """A folder of definitions, and the program in it."""

    def __init__(self, folder, url=None):
        self.folder = pathlib.Path(folder)
        self.url = url

    def run(self, *arguments, **options):
        """What the program says, which holds nothing of the URL; it must exit with `code`."""
        return "".join(self.outputs(*arguments, **options))

    def outputs(self, *arguments, url="own", code=0):
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        url = self.url if url == "own" else url
        if url is not None:
            environment[VARIABLE] = url
        command = [STREAMFLOW, "-C", str(self.folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{arguments}: exit {done.returncode}, not {code}\n{said}"
        for secret in SECRETS:
            assert secret not in said, f"{secret} is shown\n{said}"
        return done.stdout, done.stderr

    def json(self, *arguments, **options):
        return json.loads(self.outputs(*arguments, "--format", "json", **options)[0])

    def hashes(self):
        """Hash and rows of each table at each date."""
        snapshots = self.json("snapshots")["snapshots"]
        return {
            (entry["table"], snapshot["as_of"]): (entry["hash"], entry["rows"])
            for snapshot in snapshots
            for entry in snapshot["tables"]
        }

    def tables(self):
        return {path.stem: tomllib.loads(path.read_text()) for path in sorted((self.folder / "features").glob("*.toml"))}

    def ask(self, table, query):
        """Lets a table's rows come from a query."""
        path = self.folder / "features" / f"{table}.toml"
        source = f'postgres = {{ url_env = "{VARIABLE}", query = {json.dumps(query)} }}'
        text, count = re.subn(r"(?m)^(path|postgres) *=.*$", lambda _: source, path.read_text())
        assert count == 1, path
        path.write_text(text)

    def clone(self):
        """The same without the store: what a colleague has."""
        other = Project(tempfile.mkdtemp(dir=self.folder.parent) + "/project", self.url)
        shutil.copytree(self.folder, other.folder, ignore=shutil.ignore_patterns(".streamflow"))
        return other

    def kept_nothing(self):
        """No snapshot, and no file that was kept."""
        assert self.json("snapshots")["snapshots"] == []
        screen = self.run("run", url=None, code=5)
        assert "no date at all" in screen or f"{VARIABLE} is not set" in screen, screen


def says(screen, *texts):
    """Whether a screen holds some texts, wherever its lines are wrapped."""
    flat = lambda text: " ".join(text.split())
    return all(flat(text) in flat(screen) for text in texts)


def example(folder, url=None):
    """The example project, without its runs."""
    project = Project(folder, url)
    subprocess.run([STREAMFLOW, "init", str(folder)], check=True, capture_output=True)
    shutil.rmtree(project.folder / "lockfiles", ignore_errors=True)
    return project


def columns_of(table):
    """Names and dtypes that a definition declares."""
    dtype = lambda declared: declared if isinstance(declared, str) else declared["type"]
    return {name: dtype(declared) for name, declared in table["columns"].items()}


def load(server, project, schema, dates, types=None):
    """The project's own files as tables, one for all dates, its rows in any order."""
    server.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    for name, table in project.tables().items():
        declared = columns_of(table)
        sql_type = lambda column: (types or {}).get(column, SQL_TYPES[declared[column]])
        columns = ", ".join(f'"{column}" {sql_type(column)}' for column in declared)
        server.sql(f'CREATE TABLE {schema}."{name}" (day date, {columns}); CREATE TABLE {schema}.load (LIKE {schema}."{name}")')
        for date in dates:
            path = project.folder / table["source"]["path"].replace("{as_of}", date)
            if path.exists():
                names = ", ".join(f'"{column}"' for column in path.open().readline().strip().split(","))
                copy = f"COPY {schema}.load ({names}) FROM STDIN (FORMAT csv, HEADER)"
                server.sql(copy, path.read_text())
                server.sql(f"UPDATE {schema}.load SET day = '{date}' WHERE day IS NULL")
        server.sql(f'INSERT INTO {schema}."{name}" SELECT * FROM {schema}.load ORDER BY random(); DROP TABLE {schema}.load')


def query_of(name, table, schema):
    columns = ", ".join(f'"{column}"' for column in columns_of(table))
    return f'SELECT {columns} FROM {schema}."{name}" WHERE day = {{as_of}}'


def asking(server, project, schema="shop"):
    """The same project with queries in place of its files."""
    other = project.clone()
    shutil.rmtree(other.folder / "data")
    other.url = server.url()
    for name, table in project.tables().items():
        other.ask(name, query_of(name, table, schema))
    return other


# --- what is read ---------------------------------------------------------------------------------


def queries_give_the_tables_that_files_give(server, folder):
    files = example(folder / "files")
    for date in DATES:
        files.run("ingest", "--as-of", date)
    load(server, files, "shop", DATES)
    database = asking(server, files)
    for date in DATES:
        database.run("ingest", "--as-of", date)
    assert database.hashes() == files.hashes() and len(files.hashes()) == 18
    ran = [project.json("run", "churn_random_forest") for project in (files, database)]
    assert ran[0]["run"] == ran[1]["run"] and ran[0]["outputs"] == ran[1]["outputs"]
    return "18 tables, 1 run"


def other_types_of_the_same_numbers_are_the_same_table(server, folder):
    """A price as numeric or real, counts as smallint or numeric, texts as varchar, char, enum, domain."""
    files = example(folder / "files")
    files.run("ingest", "--as-of", DATES[0])
    plans = "CREATE TYPE plan AS ENUM ('Month-to-month', 'One year', 'Two year'); CREATE DOMAIN months AS smallint"
    server.sql(f"DROP TYPE IF EXISTS plan; DROP DOMAIN IF EXISTS months; {plans}")
    tried = [
        {"monthly_fee": "numeric(8,2)", "total_paid": "numeric", "months_active": "smallint", "contract_type": "plan"},
        {"monthly_fee": "real", "months_active": "numeric(10,0)", "contract_type": "varchar(20)", "user_id": "char(10)"},
        {"months_active": "months", "net_service": "name", "total_paid": "real"},
        {"months_active": "double precision", "user_id": "varchar"},
    ]
    for types in tried:
        load(server, files, "typed", DATES[:1], types)
        database = asking(server, files, "typed")
        database.run("ingest", "--as-of", DATES[0])
        assert database.hashes() == files.hashes(), types
    return f"{len(tried)} ways"


SINGLE = """entity = "user"
[source]
postgres = { url_env = "STREAMFLOW_POSTGRES", query = '''%s''' }
[columns]
%s
[features]
columns = ["*"]
"""


def single(server, folder, query, columns, more=""):
    """A project of one table."""
    project = Project(folder / f"single-{random.randrange(10**9)}", server.url())
    (project.folder / "features").mkdir(parents=True)
    (project.folder / "experiments").mkdir()
    (project.folder / "streamflow.toml").write_text('[project]\nname = "p"\n[entities.user]\nkey = "user_id"\n')
    lines = "\n".join(f'{name} = "{dtype}"' for name, dtype in {"user_id": "string", **columns}.items())
    (project.folder / "features" / "usage.toml").write_text(SINGLE % (query, lines) + more)
    experiment = 'as_of = 2024-01-31\nlabel = { table = "usage", column = "x" }\n'
    experiment += 'dataset.features = ["usage.x"]\nmodel.kind = "prior"\nallow.label_column = ["usage.x"]\n'
    if columns.get("x") == "i64":
        (project.folder / "experiments" / "e.toml").write_text(experiment)
    return project


def values_are_what_they_are(server, folder):
    """Edges of each type, against the same values in a CSV file."""
    columns = {"b": "bool", "i": "i64", "n": "f64", "f": "f64", "s": "string", "u": "string", "d": "date", "t": "datetime", "z": "datetime", "j": "string"}
    rows = [
        ("a", "true", "9223372036854775807", "0.1", "29.85", "'x,\"y\"\n '", "'0b5a6f0e-1111-4222-8333-444455556666'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'2024-01-31 23:30:00+02'", "'{\"k\": 1}'"),
        ("b", "false", "'-9223372036854775808'", "'NaN'", "'NaN'", "''", "NULL", "'9999-12-31'", "'0001-01-01'", "'2024-03-31 03:00:00 Europe/Berlin'", "NULL"),
        ("c", "NULL", "0", "'-1e-21'", "'-0'", "'é€😀'", "NULL", "'2024-02-29'", "'2000-01-01'", "'1999-12-31 23:59:59.5+00'", "NULL"),
        ("d", "NULL", "NULL", "123456789012345678901234567890.5", "3.4e38", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"),
    ]
    casts = ("text", "boolean", "bigint", "numeric", "real", "text", "uuid", "date", "timestamp", "timestamptz", "jsonb")
    select = lambda row: "SELECT " + ", ".join(f"{value if at else repr(value)}::{cast} AS {name}" for at, (value, cast, name) in enumerate(zip(row, casts, ["user_id", *columns])))
    database = single(server, folder, " UNION ALL ".join(map(select, rows)), columns)
    database.run("ingest", "--as-of", DATES[0])
    files = single(server, folder, "SELECT 1", columns)
    definition = files.folder / "features" / "usage.toml"
    definition.write_text(re.sub(r"(?m)^postgres = .*$", 'path = "{as_of}.csv"', definition.read_text()))
    with (files.folder / f"{DATES[0]}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([
            ["user_id", *columns],
            ["a", "true", 9223372036854775807, "0.1", "29.85", 'x,"y"\n ', "0b5a6f0e-1111-4222-8333-444455556666", "0001-01-01", "9999-12-31T23:59:59.999999Z", "2024-01-31T21:30:00Z", '{"k": 1}'],
            ["b", "false", -9223372036854775808, "", "", "", "", "9999-12-31", "0001-01-01T00:00:00Z", "2024-03-31T01:00:00Z", ""],
            ["c", "", 0, "-1e-21", "0", "é€😀", "", "2024-02-29", "2000-01-01", "1999-12-31T23:59:59.5Z", ""],
            ["d", "", "", "123456789012345678901234567890.5", "3.4e38", "", "", "", "", "", ""],
        ])
    files.run("ingest", "--as-of", DATES[0])
    assert database.hashes() == files.hashes()
    return "4 rows of 11 types"


def what_was_read_is_locked_as_a_file(server, folder):
    files = example(folder / "files")
    load(server, files, "shop", DATES)
    database = asking(server, files)
    first = database.json("run", "churn_random_forest")
    lock = (database.folder / "lockfiles" / "churn_random_forest.lock").read_text()
    assert re.search(r'path = "postgres:usage_agg_30d#[0-9a-f]{12}"', lock), lock
    # Neither file nor object nor fact has a part of the URL in it.
    for path in [*(database.folder / ".streamflow").rglob("*"), *(database.folder / "lockfiles").rglob("*")]:
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in SECRETS), path
    # What was read is in the store: the database is no longer needed.
    again = database.json("run", "--locked", "churn_random_forest", url=None)
    assert again["outputs"] == first["outputs"]
    assert database.json("run", "churn_random_forest", url=None)["status"] == "cached"
    # A fresh clone asks for the locked dates.
    clone = database.clone()
    clone.run("run", "--locked", "churn_random_forest", url=None, code=5)
    proved = clone.json("run", "--locked", "churn_random_forest")
    assert (proved["status"], proved["outputs"]) == ("executed", first["outputs"])
    # Another row: it is told, with both hashes.
    server.sql("UPDATE shop.usage_agg_30d SET watch_hours_30d = 1 WHERE user_id = (SELECT min(user_id) FROM shop.usage_agg_30d)")
    clone = database.clone()
    screen = clone.run("run", "--locked", "churn_random_forest", code=5)
    locked = {entry["table"]: entry["hash"] for entry in tomllib.loads(lock)["data"]}["usage_agg_30d"]
    assert says(screen, locked[:12], "rebuilt", "postgres:usage_agg_30d#"), screen
    assert says(screen, "asks the database again"), screen
    # The old state is back: asked again, it is the locked one.
    load(server, files, "shop", DATES)
    for date in {source["date"] for entry in tomllib.loads(lock)["data"] for source in entry["source"]}:
        clone.run("ingest", "--as-of", str(date))
    clone.run("run", "--locked", "churn_random_forest", url=None)
    return "offline, in a clone, and with another row"


def reading_again_makes_a_revision_of_what_changed(server, folder):
    files = example(folder / "files")
    load(server, files, "shop", DATES)
    database = asking(server, files)
    database.run("ingest", "--as-of", DATES[0])
    objects = lambda: sorted(path.name for path in (database.folder / ".streamflow" / "objects").rglob("*") if path.is_file())
    before = objects()
    # The rows lie elsewhere in the table now, and come in another order.
    server.sql("CREATE TABLE shop.turned AS SELECT * FROM shop.users ORDER BY random(); TRUNCATE shop.users; INSERT INTO shop.users SELECT * FROM shop.turned")
    assert "is as it was" in database.run("ingest", "--as-of", DATES[0])
    assert objects() == before
    server.sql(f"DELETE FROM shop.users WHERE user_id = (SELECT min(user_id) FROM shop.users WHERE day = '{DATES[0]}')")
    # A run believes what was read; an ingest asks.
    database.run("lock", "churn_random_forest", url=None)
    screen = database.run("ingest", "--as-of", DATES[0])
    assert "revision 2" in screen, screen
    return "same rows, one object; one row less, revision 2"


def another_query_is_asked_for_the_same_dates(server, folder):
    server.sql("DROP TABLE IF EXISTS seen; CREATE TABLE seen (day date, user_id text, x bigint)")
    server.sql(f"INSERT INTO seen VALUES ('{DATES[0]}', 'a', 1), ('{DATES[0]}', 'b', 2), ('{DATES[1]}', 'b', 3)")
    project = single(server, folder, "SELECT user_id, x FROM seen WHERE day = {as_of}", {"x": "i64"})
    for date in DATES[:2]:
        project.run("ingest", "--as-of", date)
    assert project.hashes()["usage", DATES[1]][1] == 2
    # The dates that a snapshot builds on are asked for again with it.
    project.ask("usage", "SELECT user_id, 10 * x AS x FROM seen WHERE day = {as_of}")
    before = project.hashes()
    project.run("ingest", "--as-of", DATES[1])
    after = project.hashes()
    assert after["usage", DATES[1]] != before["usage", DATES[1]] and after["usage", DATES[1]][1] == 2
    # The table of the first query can still be made again, of what that one gave.
    digest = before["usage", DATES[1]][0]
    table = project.folder / ".streamflow" / "objects" / digest[:2] / digest[2:]
    content = table.read_bytes()
    table.chmod(0o644)
    table.write_bytes(content[:-9])
    project.run("fsck", code=1)
    project.run("fsck", "--repair", url=None)
    assert table.read_bytes() == content
    return "2 dates, and the table of the query before repaired"


def a_clone_asks_for_the_dates_of_the_lock(server, folder):
    """A table that is folded of two dates; then the database forgets the first one."""
    server.sql("DROP TABLE IF EXISTS seen; CREATE TABLE seen (day date, user_id text, x bigint)")
    server.sql(f"INSERT INTO seen SELECT '{DATES[0]}', 'u' || i, i % 2 FROM generate_series(1, 60) i")
    server.sql(f"INSERT INTO seen SELECT '{DATES[1]}', 'u' || i, i % 2 FROM generate_series(31, 90) i")
    project = single(server, folder, "SELECT user_id, x FROM seen WHERE day = {as_of}", {"x": "i64"})
    experiment = project.folder / "experiments" / "e.toml"
    experiment.write_text(experiment.read_text().replace(DATES[0], DATES[1]))
    for date in DATES[:2]:
        project.run("ingest", "--as-of", date)
    assert project.hashes()["usage", DATES[1]][1] == 90
    first = project.json("run", "e")
    lock = (project.folder / "lockfiles" / "e.lock").read_bytes()
    assert project.clone().json("run", "--locked", "e")["outputs"] == first["outputs"]
    clone = project.clone()
    assert clone.json("run", "e")["run"] == first["run"]
    assert (clone.folder / "lockfiles" / "e.lock").read_bytes() == lock
    server.sql(f"DELETE FROM seen WHERE day = '{DATES[0]}'")
    screen = project.clone().run("run", "--locked", "e", code=5)
    assert says(screen, "postgres:usage#", "is missing", "asks the database again"), screen
    project.run("run", "--locked", "e", url=None)
    clone = project.clone()
    clone.run("run", "e")
    assert clone.hashes()["usage", DATES[1]][1] == 60
    assert (clone.folder / "lockfiles" / "e.lock").read_bytes() != lock
    # Another query has no answer for a date of the old one: it is left behind, and not asked for again.
    project.ask("usage", "SELECT user_id, 1 - x AS x FROM seen WHERE day = {as_of}")
    project.run("ingest", "--as-of", DATES[1])
    assert project.hashes()["usage", DATES[1]][1] == 60
    project.run("lock", "e", url=None)
    return "2 dates"


def a_query_without_a_date_is_kept_as_it_was(server, folder):
    server.sql("DROP TABLE IF EXISTS now; CREATE TABLE now (user_id text, x bigint); INSERT INTO now VALUES ('a', 1), ('b', 2)")
    project = single(server, folder, "SELECT * FROM now", {"x": "i64"})
    assert "has no {as_of}" in project.run("lock", code=5)
    project.run("ingest", "--as-of", DATES[0])
    server.sql("UPDATE now SET x = 7")
    project.run("lock", url=None)
    project.run("ingest", "--as-of", DATES[1])
    hashes = project.hashes()
    assert hashes["usage", DATES[0]] != hashes["usage", DATES[1]]
    return "2 dates, 2 states"


def tables_of_one_ingest_are_of_one_state(server, folder):
    """While the first table is read, someone rewrites the second."""
    files = example(folder / "files")
    load(server, files, "shop", DATES[:1])
    database = asking(server, files)
    database.run("ingest", "--as-of", DATES[0])
    slow = database.clone()
    labels = query_of("labels", files.tables()["labels"], "shop")
    slow.ask("labels", labels.replace(" FROM ", " FROM pg_sleep(2), "))

    def disturb():
        end = time.monotonic() + 20
        while server.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%pg_sleep%'") == "0":
            assert time.monotonic() < end
        server.sql("DELETE FROM shop.users")

    thread = threading.Thread(target=disturb)
    thread.start()
    slow.run("ingest", "--as-of", DATES[0])
    thread.join()
    assert server.sql("SELECT count(*) FROM shop.users") == "0"
    assert slow.hashes() == database.hashes()
    return "6 tables, one of them emptied meanwhile"


def event_tables_and_checks_work_on_what_was_read(server, folder):
    server.sql("DROP TABLE IF EXISTS seen; CREATE TABLE seen (user_id text, x bigint, at timestamptz)")
    server.sql("INSERT INTO seen SELECT 'u' || i % 5, i, '2024-01-01'::timestamptz + i * interval '1 hour' FROM generate_series(1, 100) i")
    query = "SELECT user_id, x, at FROM seen WHERE at < {as_of} + 1"
    check = '\n[[checks]]\ncolumn = "x"\nbetween = [1, 90]\nseverity = "quarantine"\n'
    project = single(server, folder, query, {"x": "i64", "at": "datetime"}, check)
    definition = project.folder / "features" / "usage.toml"
    definition.write_text(definition.read_text().replace("[columns]", 'timestamp = "at"\n[columns]'))
    screen = project.run("ingest", "--as-of", DATES[0])
    entry = project.json("snapshots")["snapshots"][0]["tables"][0]
    assert entry["rows"] == 90 and entry["checks"]["quarantined"] == 10, screen
    return "90 of 100 events"


def passwords_are_proved_in_each_way(server, folder):
    project = single(server, folder, "SELECT 'a' AS user_id, 1 AS x", {"x": "i64"})
    server.sql("SET password_encryption = 'md5'; DROP ROLE IF EXISTS old; CREATE ROLE old LOGIN PASSWORD 'p@ss/w:rd%'")
    old = server.url("old", "p%40ss%2Fw%3Ard%25")
    socket = f"host={server.folder} port={server.port} user={USER} password='{PASSWORD}' dbname=postgres"
    ways = [("md5", old), ("password", old), ("password", server.url()), ("scram-sha-256", server.url())]
    ways += [("trust", server.url(password="")), ("scram-sha-256", socket), ("md5", server.url())]
    try:
        for method, url in ways:
            server.allow(method)
            project.run("ingest", "--as-of", DATES[0], url=url)
        server.allow("reject")
        assert "does not let this user in" in project.run("ingest", "--as-of", DATES[0], code=5)
    finally:
        server.allow("scram-sha-256")
    screen = project.run("ingest", "--as-of", DATES[0], url=server.url(password=""), code=5)
    assert "asks for a password" in screen, screen
    return f"{len(ways)} ways"


# --- what goes wrong ------------------------------------------------------------------------------


def a_database_that_cannot_be_had_leaves_nothing(server, folder):
    server.sql("DROP TABLE IF EXISTS hidden; CREATE TABLE hidden (user_id text, x bigint)")
    server.sql("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest-word'")
    plain = "SELECT user_id, x FROM hidden WHERE {as_of} IS NOT NULL"
    slow = "SELECT 'a' AS user_id, 1 AS x FROM pg_sleep(20) WHERE {as_of} IS NOT NULL"
    url = server.url
    cases = [
        (plain, None, 5, "STREAMFLOW_POSTGRES is not set"),
        (plain, " ", 5, "is not set"),
        (plain, "mysql://u:hidden-word@h/d", 2, "no URL"),
        (plain, url(password="hidden-word"), 5, "refuses the password"),
        (plain, url(user="nobody-there"), 5, "refuses the password"),
        (plain, url(port=1), 5, "cannot be reached"),
        (plain, "postgres://u:hidden-word@host.invalid/d", 5, "cannot be reached"),
        (plain, url(database="elsewhere-db"), 5, "no database of that name"),
        (plain, url(more="?sslmode=require"), 2, "without TLS"),
        (plain, url(more="?sslmode=verify-full"), 2, "without TLS"),
        (plain, url(user="guest", password="guest-word"), 5, "permission denied"),
        (slow, url(more="?options=-c%20statement_timeout%3D200"), 5, "statement timeout"),
    ]
    for query, where, code, expected in cases:
        project = single(server, folder, query, {"x": "i64"})
        for command in (["ingest", "--as-of", DATES[0]], ["run"], ["lock"]):
            screen = project.run(*command, url=where, code=code)
            assert says(screen, expected), f"{expected}\n{screen}"
            for secret in ("hidden-word", "nobody-there", "guest", "elsewhere-db", "host.invalid"):
                assert secret not in screen, screen
        project.kept_nothing()
    return f"{len(cases)} reasons"


def queries_that_are_no_queries_are_definitions_in_error(server, folder):
    server.sql("DROP TABLE IF EXISTS victim; CREATE TABLE victim (user_id text, x bigint); INSERT INTO victim VALUES ('a', 1)")
    marker = folder / "marker"
    cases = [
        ("SELEC user_id", "syntax error", "line 1 of the query   SELEC user_id"),
        ("SELECT user_id,\n       y AS x\nFROM victim", 'column "y" does not exist', "line 2 of the query"),
        ("SELECT * FROM nowhere WHERE d = {as_of}", 'relation "nowhere" does not exist', "SQLSTATE 42P01"),
        ("SELECT 1; DROP TABLE victim", "multiple commands", ""),
        ("DROP TABLE victim", "gives no rows", "write a SELECT"),
        ("INSERT INTO victim VALUES ('b', 2) RETURNING user_id, x", "read-only transaction", "a source is a SELECT"),
        ("WITH gone AS (DELETE FROM victim RETURNING *) SELECT * FROM gone", "read-only transaction", ""),
        (f"SELECT 1) TO PROGRAM 'touch {marker}' --", "syntax error", ""),
        ("SELECT user_id, x FROM victim WHERE x = $1", "parameter", ""),
        ("SELECT user_id, x FROM victim WHERE user_id > {as_of}", "operator does not exist", "line 1 of the query"),
        ("SELECT (", "syntax error", ""),
    ]
    for query, expected, more in cases:
        project = single(server, folder, query, {"x": "i64"})
        screen = project.run("ingest", "--as-of", DATES[0], code=2)
        assert says(screen, expected, more), f"{query}: {expected} {more}\n{screen}"
        assert max(map(len, screen.splitlines())) <= 100, screen
        assert project.json("snapshots")["snapshots"] == []
    assert server.sql("SELECT count(*) FROM victim") == "1" and not marker.exists()
    return f"{len(cases)} texts"


def columns_and_values_of_another_type_are_refused(server, folder):
    cases = [
        ("SELECT 'a' AS user_id, '5' AS x", "i64", "x   declared i64   the query gives text", "`x::bigint`"),
        ("SELECT 1 AS user_id, 5 AS x", "i64", "user_id   declared string   the query gives integer", "`user_id::text`"),
        ("SELECT 'a' AS user_id, now()::time AS x", "string", "the query gives time", "`x::text`"),
        ("SELECT 'a' AS user_id, ARRAY[1] AS x", "i64", "the query gives integer[]", "`x::bigint`"),
        ("SELECT 'a' AS user_id, '1 day'::interval AS x", "f64", "the query gives interval", "`x::float8`"),
        ("SELECT 'a' AS user_id, 1::money AS x", "f64", "the query gives money", "`x::float8`"),
        ("SELECT 'a' AS user_id, '\\x00'::bytea AS x", "string", "the query gives bytea", "`x::text`"),
        ("SELECT 'a' AS user_id, 1 AS x", "bool", "the query gives integer", "`x::boolean`"),
        ("SELECT 'a' AS user_id, 1 AS y", "i64", "unknown", "missing"),
        ("SELECT 'a' AS user_id, 1 AS x, 2 AS x", "i64", "repeated", "stands twice"),
        ("SELECT 'a' AS user_id", "i64", "missing", "`x`"),
        ("SELECT 'a' AS user_id, 1, 1 AS x", "i64", "?column?", "unknown"),
        ("SELECT 'a' AS user_id, 'infinity'::float8 AS x", "f64", "is infinite", "row 1"),
        ("SELECT 'a' AS user_id, 'infinity'::numeric AS x", "f64", "is infinite", "row 1"),
        ("SELECT 'a' AS user_id, '-infinity'::timestamptz AS x", "datetime", "is infinite", "-infinity"),
        ("SELECT 'a' AS user_id, 'infinity'::date AS x", "date", "is infinite", "infinity"),
        ("SELECT 'a' AS user_id, date '0044-03-15 BC' AS x", "date", "years 1 to 9999", "row 1"),
        ("SELECT 'a' AS user_id, 1.5 AS x", "i64", "has a fraction", "1.5"),
        ("SELECT 'a' AS user_id, 1e30::numeric AS x", "i64", "does not fit in an i64", "row 1"),
        ("SELECT 'a' AS user_id, now() + '1 s' AS x", "date", "has a time of day", "row 1"),
        ("SELECT 'a' AS user_id, 1 / (i - 3) AS x FROM generate_series(1, 9) i", "i64", "division by zero", "22012"),
        ("SELECT 'a' AS user_id, 1 AS x WHERE {as_of} < '2000-01-01'", "i64", "gives no rows", "2024-01-31"),
        ("SELECT NULL::text AS user_id, 1 AS x", "i64", "without user_id", ""),
        ("SELECT 'a' AS user_id, i AS x FROM generate_series(1, 2) i", "i64", "in more than one row", ""),
    ]
    for query, dtype, expected, more in cases:
        project = single(server, folder, query, {"x": dtype})
        screen = project.run("ingest", "--as-of", DATES[0], code=6)
        assert says(screen, expected, more), f"{query}\n{screen}"
        assert project.json("snapshots")["snapshots"] == []
    return f"{len(cases)} answers"


def a_line_that_breaks_leaves_no_half_snapshot(server, folder):
    wide = "SELECT 'u' || i AS user_id, i AS x, repeat('x', 100) AS s FROM generate_series(1, 50000) i WHERE {as_of} IS NOT NULL"
    cuts = [0, 1, 100, 700, 5_000, 100_000, 3_000_000]
    for after in cuts:
        project = single(server, folder, wide, {"x": "i64", "s": "string"})
        with cut(server.port, after) as port:
            screen = project.run("ingest", "--as-of", DATES[0], url=server.url(port=port), code=5)
        assert "broke off" in screen or "cannot be reached" in screen, screen
        assert not any(path.is_file() for path in (project.folder / ".streamflow" / "objects").rglob("*")), after
        project.kept_nothing()
    halting = "SELECT 'u' || i AS user_id, CASE WHEN i > 20000 THEN (SELECT 1 FROM pg_sleep(0.01 + i * 0)) ELSE 1 END AS x, s FROM (%s) t (i, s)"
    rows = "SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i WHERE {as_of} IS NOT NULL"
    project = single(server, folder, halting % rows, {"x": "i64", "s": "string"})

    def terminate():
        end = time.monotonic() + 20
        where = "application_name = 'streamflow' AND query LIKE 'COPY%'"
        while server.sql(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {where}") == "0":
            assert time.monotonic() < end

    thread = threading.Thread(target=terminate)
    thread.start()
    screen = project.run("ingest", "--as-of", DATES[0], code=5)
    thread.join()
    assert "terminating connection" in screen or "broke off" in screen, screen
    project.kept_nothing()
    # The same command, when the database is there again.
    project = single(server, folder, wide, {"x": "i64", "s": "string"})
    project.run("ingest", "--as-of", DATES[0])
    assert project.hashes()["usage", DATES[0]][1] == 50_000
    return f"{len(cuts)} places, and by the server"


# --- what is written ------------------------------------------------------------------------------


def exported_tables_read_back_are_the_same(server, folder):
    server.sql("DROP SCHEMA IF EXISTS streamflow CASCADE")
    files = example(folder / "files", server.url())
    for date in DATES:
        files.run("ingest", "--as-of", date)
        files.run("export", "--to", "postgres", "--as-of", date)
    newest = DATES[-1]
    # Each row says from which date it is: asked for date by date, the table is put together again.
    back = asking(server, files, "unused")
    for name, table in files.tables().items():
        columns = ", ".join(f'"{column}"' for column in columns_of(table))
        back.ask(name, f'SELECT {columns} FROM streamflow."snapshot_{name}" WHERE as_of = DATE \'{newest}\' AND row_date = {{as_of}}')
    for date in DATES:
        back.run("ingest", "--as-of", date, code=0) if has_rows(server, files, newest, date) else None
    ours, theirs = files.hashes(), back.hashes()
    for name in files.tables():
        assert ours[name, newest] == theirs[name, newest], name
    # What the metadata says is what is there.
    for line in server.sql("SELECT kind, source_table, as_of, rows, hash FROM streamflow.metadata").splitlines():
        kind, source, date, rows, digest = line.split("|")
        assert ours[source, date] == (digest, int(rows)) and kind == "snapshot"
        found = server.sql(f"SELECT count(*) FROM streamflow.\"snapshot_{source}\" WHERE as_of = '{date}'")
        assert found == rows
    # A date that is exported again stands there once.
    files.run("export", "--to", "postgres", "--as-of", newest)
    assert server.sql("SELECT count(*) FROM streamflow.metadata") == "18"
    return "6 tables of 3 dates"


def has_rows(server, files, newest, date):
    """Whether each table still has a row of a date; a query without rows is refused."""
    counts = [server.sql(f"SELECT count(*) FROM streamflow.\"snapshot_{name}\" WHERE as_of = '{newest}' AND row_date = '{date}'") for name in files.tables()]
    return "0" not in counts


def online_values_are_those_that_are_served(server, folder):
    server.sql("DROP SCHEMA IF EXISTS streamflow CASCADE")
    files = example(folder / "files", server.url())
    assert "materialize" in files.run("ingest", "--as-of", DATES[0]) + files.run("export", "--to", "postgres")
    files.run("materialize", "--as-of", DATES[0])
    document = files.json("export", "--to", "postgres")
    assert document["online_as_of"] == DATES[0] and {table["kind"] for table in document["tables"]} == {"snapshot", "online"}
    compared = 0
    for key in server.sql("SELECT user_id FROM streamflow.online_users ORDER BY md5(user_id) LIMIT 10").splitlines():
        served = files.json("features", key)
        for name, value in served["features"].items():
            table, feature = name.split(".")
            found = server.sql(f"SELECT to_jsonb(\"{feature}\") FROM streamflow.\"online_{table}\" WHERE user_id = '{key}'")
            assert (json.loads(found) if found else None) == value, (key, name, found, value)
            compared += 1
    assert compared > 100
    return f"{compared} values"


def an_export_is_whole_or_not_there(server, folder):
    server.sql("DROP SCHEMA IF EXISTS streamflow CASCADE; DROP SCHEMA IF EXISTS theirs CASCADE")
    files = example(folder / "files", server.url())
    assert "there is no snapshot" in files.run("export", "--to", "postgres", code=5)
    files.run("ingest", "--as-of", DATES[0])
    assert "no snapshot of" in files.run("export", "--to", "postgres", "--as-of", DATES[1], code=5)
    # Somebody's table of that name is left alone, and nothing else is written.
    server.sql("CREATE SCHEMA theirs; CREATE TABLE theirs.snapshot_users (x int); INSERT INTO theirs.snapshot_users VALUES (7)")
    screen = files.run("export", "--to", "postgres", "--schema", "theirs", code=2)
    assert says(screen, "streamflow did not make it", "--schema"), screen
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'theirs'") == "1"
    assert server.sql("SELECT x FROM theirs.snapshot_users") == "7"
    # A line that breaks while rows are sent: what was there before is there, and no more.
    for after in (0, 400, 500, 600, 700):
        with cut(server.port, after) as port:
            files.run("export", "--to", "postgres", url=server.url(port=port), code=5)
        assert server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'streamflow'") == "0", after
    files.run("export", "--to", "postgres")
    # A new column is added; one of another type is refused.
    server.sql("ALTER TABLE streamflow.snapshot_users DROP COLUMN row_date")
    files.run("export", "--to", "postgres")
    assert server.sql("SELECT count(DISTINCT row_date) FROM streamflow.snapshot_users") == "1"
    server.sql("ALTER TABLE streamflow.snapshot_users ALTER COLUMN row_date TYPE text")
    screen = files.run("export", "--to", "postgres", code=2)
    assert says(screen, "row_date", "is text, and date now"), screen
    # Names with capitals, spaces and quotation marks; a schema of another name.
    files.run("export", "--to", "postgres", "--schema", 'Odd "name')
    assert server.sql('SELECT count(*) FROM "Odd ""name".snapshot_users') != "0"
    assert "64" in files.run("export", "--to", "postgres", "--schema", "x" * 64, code=2)
    reader = "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'reader-word'"
    server.sql(reader)
    screen = files.run("export", "--to", "postgres", "--schema", "new", url=server.url("reader", "reader-word"), code=5)
    assert "permission denied" in screen and "reader" not in screen, screen
    assert "needs a format" in files.run("export", "churn_random_forest@latest", code=2)
    files.run("export", "x", "--to", "postgres", code=2)
    files.run("export", "--schema", "x", code=2)
    files.run("export", "--to", "postgres", "--format", "slsa", code=2)
    return "5 broken lines, 6 refusals"


def texts_that_no_table_can_hold_are_refused(server, folder):
    project = single(server, folder, "SELECT 1", {"x": "string"})
    definition = project.folder / "features" / "usage.toml"
    definition.write_text(re.sub(r"(?m)^postgres = .*$", 'path = "{as_of}.csv"', definition.read_text()))
    (project.folder / f"{DATES[0]}.csv").write_text("user_id,x\na,b\0c\n")
    project.run("ingest", "--as-of", DATES[0])
    screen = project.run("export", "--to", "postgres", "--schema", "zeros", code=6)
    assert "NUL" in screen and "x of snapshot_usage" in screen, screen
    assert server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'zeros'") == "0"
    return "a NUL"


# --- somebody's export ----------------------------------------------------------------------------


def the_churn_export_is_the_same_from_a_database(server, folder):
    source = os.environ.get("STREAMFLOW_CHURN_EXPORT")
    if not source:
        return "skipped: STREAMFLOW_CHURN_EXPORT is not set"
    files = Project(folder / "export", server.url())
    shutil.copytree(source, files.folder, ignore=shutil.ignore_patterns(".streamflow", "lockfiles"))
    dates = sorted(path.name for path in (files.folder / "data").iterdir() if path.is_dir())
    load(server, files, "churn", dates)
    database = asking(server, files, "churn")
    for date in dates:
        files.run("ingest", "--as-of", date)
        database.run("ingest", "--as-of", date)
    assert files.hashes() == database.hashes() and files.hashes()
    rows = sum(rows for _, rows in files.hashes().values())
    return f"{len(files.hashes())} tables, {rows} rows"


CHECKS = [
    queries_give_the_tables_that_files_give,
    other_types_of_the_same_numbers_are_the_same_table,
    values_are_what_they_are,
    what_was_read_is_locked_as_a_file,
    reading_again_makes_a_revision_of_what_changed,
    another_query_is_asked_for_the_same_dates,
    a_clone_asks_for_the_dates_of_the_lock,
    a_query_without_a_date_is_kept_as_it_was,
    tables_of_one_ingest_are_of_one_state,
    event_tables_and_checks_work_on_what_was_read,
    passwords_are_proved_in_each_way,
    a_database_that_cannot_be_had_leaves_nothing,
    queries_that_are_no_queries_are_definitions_in_error,
    columns_and_values_of_another_type_are_refused,
    a_line_that_breaks_leaves_no_half_snapshot,
    exported_tables_read_back_are_the_same,
    online_values_are_those_that_are_served,
    an_export_is_whole_or_not_there,
    texts_that_no_table_can_hold_are_refused,
    the_churn_export_is_the_same_from_a_database,
]


def main(names):
    wanted = [check for check in CHECKS if not names or any(name in check.__name__ for name in names)]
    passed = 0
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        for number, check in enumerate(wanted):
            name = check.__name__.replace("_", " ")
            own = pathlib.Path(folder) / str(number)
            own.mkdir()
            try:
                print(f"ok      {name}: {check(server, own)}", flush=True)
                passed += 1
            except Exception:
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {len(wanted) - passed} failed")
    sys.exit(0 if wanted and passed == len(wanted) else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
