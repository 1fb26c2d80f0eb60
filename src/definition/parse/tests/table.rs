use insta::assert_snapshot;

use super::{ACCOUNTS, LABELS, USAGE, said_of};

#[test]
fn unknown_keys() {
    assert_snapshot!(said_of(USAGE, &[
        ("description", "descripton"),
        ("mode = ", "modus = "),
        ("{ type = \"f64\",", "{ type = \"f64\", cents = true,"),
        ("severity = \"warn\"", "severty = \"warn\""),
        ("severity = \"warn\"", "regex = \"a+\""),
        ("ttl = \"45d\"", "tll = \"45d\""),
        ("[features.derived]", "[features.drived]"),
        ("[features]", "[feature]"),
    ]), @r##"
    descripton
       features/usage.toml:2:1 unknown key `descripton` / did you mean `description`?
    modus =
       features/usage.toml:6:1 unknown key `modus` / did you mean `mode`?
    { type = "f64", cents = true,
       features/usage.toml:25:27 unknown key `cents` / a column takes `since`, `type`
    severty = "warn"
       features/usage.toml:31:1 unknown key `severty` / did you mean `severity`?
    regex = "a+"
       features/usage.toml:31:1 two rules in one block / a block has one rule, here `between`: add a block
    tll = "45d"
       features/usage.toml:40:1 unknown key `tll` / `[features]` takes `columns`, `derived`, `request`, `ttl`, `windowed`
    [features.drived]
       features/usage.toml:42:11 unknown key `drived` / did you mean `derived`?
    [feature]
       features/usage.toml:39:2 unknown key `feature` / did you mean `features`?
    "##);
}

#[test]
fn missing_keys() {
    assert_snapshot!(said_of(USAGE, &[
        ("entity = \"user\"", ""),
        ("path = \"data/{as_of}/usage.csv\"", ""),
        ("column = \"hours\"", ""),
        ("{ type = \"f64\", since = 2024-02-29 }", "{ since = 2024-02-29 }"),
    ]), @r#"
    without entity = "user"
       features/usage.toml:1:1 missing key `entity` / what a row is about, such as "user"
    without path = "data/{as_of}/usage.csv"
       features/usage.toml:4:1 missing key `path` / the file of a date, such as "data/{as_of}/users.csv"
    without column = "hours"
       features/usage.toml:27:1 missing key `column` / the column it looks at
    { since = 2024-02-29 }
       features/usage.toml:25:11 missing key `type` / such as "f64"
    "#);
    assert_snapshot!(said_of(ACCOUNTS, &[
        ("[source]\npath = \"data/accounts.csv\"", ""),
        ("[columns]\naccount_id = \"i64\"\nsize = \"i64\"\nopened = \"date\"", ""),
    ]), @r#"
    without [source] | path = "data/accounts.csv"
       features/accounts.toml:1:1 missing section `[source]` / say where the rows come from: `path`
    without [columns] | account_id = "i64" | size = "i64" | opened = "date"
       features/accounts.toml:1:1 missing section `[columns]` / name every column of the file, with its dtype
    "#);
}

#[test]
fn wrong_types() {
    assert_snapshot!(said_of(USAGE, &[
        ("entity = \"user\"", "entity = 7"),
        ("description = \"What people watch.\"", "description = [\"a\"]"),
        ("null = [\"NA\"]", "null = \"NA\""),
        ("null = [\"NA\"]", "null = [\"NA\", 9, 2024-01-01]"),
        ("hours = \"f64\"", "hours = true"),
        ("between = [0, 744.0]", "between = { low = 0 }"),
        ("mostly = 0.99", "mostly = \"99%\""),
        ("not_null = true", "not_null = \"yes\""),
        ("columns = [\"hours\", \"devices\", \"plan\"]", "columns = \"*\""),
        ("hours_per_device = \"hours / NULLIF(devices, 0)\"", "hours_per_device = { sql = \"hours\" }"),
    ]), @r#"
    entity = 7
       features/usage.toml:1:10 wrong type for `entity` / expected a string, found an integer
    description = ["a"]
       features/usage.toml:2:15 wrong type for `description` / expected a string, found a list
    null = "NA"
       features/usage.toml:10:8 wrong type for `null` / expected a list, found a string
    null = ["NA", 9, 2024-01-01]
       features/usage.toml:10:15 wrong type for `null` / expected a string, found an integer
       features/usage.toml:10:18 wrong type for `null` / expected a string, found a date
    hours = true
       features/usage.toml:18:9 wrong type for `hours` / expected a string, found a boolean
    between = { low = 0 }
       features/usage.toml:29:11 invalid value for `between` / expected [low, high], { min = … } or { max = … }
       features/usage.toml:29:13 unknown key `low` / bounds take `max`, `min`
    mostly = "99%"
       features/usage.toml:30:10 wrong type for `mostly` / expected a number, found a string
    not_null = "yes"
       features/usage.toml:38:12 wrong type for `not_null` / expected true or false, found a string
    columns = "*"
       features/usage.toml:41:11 wrong type for `columns` / expected a list, found a string
    hours_per_device = { sql = "hours" }
       features/usage.toml:43:20 wrong type for `hours_per_device` / expected a string, found a table
    "#);
    assert_snapshot!(said_of(ACCOUNTS, &[
        ("[features]\ncolumns = [\"*\"]", "[[features]]\ncolumns = [\"*\"]"),
        ("[features]\ncolumns = [\"*\"]", "[checks]\ncolumn = \"size\"\nunique = true"),
        ("[source]\npath = \"data/accounts.csv\"", "source.path = 12:30:00"),
    ]), @r#"
    [[features]] | columns = ["*"]
       features/accounts.toml:11:1 wrong type for `features` / expected a section `[features]`, found a list
    [checks] | column = "size" | unique = true
       features/accounts.toml:11:1 wrong type for `checks` / expected a list, found a table
    source.path = 12:30:00
       features/accounts.toml:3:15 wrong type for `path` / expected a string, found a time
    "#);
}

#[test]
fn the_entity_and_its_key() {
    assert_snapshot!(said_of(USAGE, &[
        ("entity = \"user\"", "entity = \"users\""),
        ("entity = \"user\"", "entity = \"planet\""),
        ("user_id = \"string\"", ""),
        ("user_id = \"string\"", "user_id = \"f64\""),
        ("user_id = \"string\"", "user_id = { type = \"string\", since = 2024-01-31 }"),
    ]), @r#"
    entity = "users"
       features/usage.toml:1:10 unknown entity `users` / did you mean `user`?
    entity = "planet"
       features/usage.toml:1:10 unknown entity `planet` / streamflow.toml declares `account`, `user`
    without user_id = "string"
       features/usage.toml:16:1 missing column `user_id` / the key of `user`: declare it
    user_id = "f64"
       features/usage.toml:17:11 column `user_id` cannot be a key / it is the key of `user`: string or i64
    user_id = { type = "string", since = 2024-01-31 }
       features/usage.toml:17:11 column `user_id` cannot be absent from older files / it identifies every row
    "#);
}

#[test]
fn columns() {
    assert_snapshot!(said_of(USAGE, &[
        ("hours = \"f64\"", "hours = \"float\""),
        ("hours = \"f64\"", "hours = \"F64\""),
        ("hours = \"f64\"", "hours = \"f64\"\n__hours = \"f64\""),
        ("since = 2024-02-29", "since = \"February\""),
        ("since = 2024-02-29", "since = 2024-02-29T00:00:00"),
        ("since = 2024-02-29", "since = \"2024-02-30\""),
        ("since = 2024-02-29", "since = 2024-02-30"),
    ]), @r#"
    hours = "float"
       features/usage.toml:18:9 unknown value `float` for `hours` / expected one of `string`, `bool`, `i64`, `f64`, `date`, `datetime`
    hours = "F64"
       features/usage.toml:18:9 unknown value `F64` for `hours` / expected one of `string`, `bool`, `i64`, `f64`, `date`, `datetime`
    hours = "f64" | __hours = "f64"
       features/usage.toml:19:1 invalid name of a column / `__hours` begins with `__`, which streamflow keeps for its own columns
    since = "February"
       features/usage.toml:25:35 invalid value for `since` / `February` is not a date of the form YYYY-MM-DD
    since = 2024-02-29T00:00:00
       features/usage.toml:25:35 wrong type for `since` / expected a date such as 2024-01-31, found a date with a time
    since = "2024-02-30"
       features/usage.toml:25:35 invalid value for `since` / `2024-02-30` is not a date of the form YYYY-MM-DD
    since = 2024-02-30
       features/usage.toml:25:35 invalid TOML: invalid date / expected day between 01 and 29
    "#);
}

#[test]
fn source_paths() {
    assert_snapshot!(said_of(USAGE, &[
        ("data/{as_of}/usage.csv", "/data/usage.csv"),
        ("data/{as_of}/usage.csv", "C:/data/usage.csv"),
        ("data/{as_of}/usage.csv", "data/../../usage.csv"),
        ("data/{as_of}/usage.csv", "data\\\\usage.csv"),
        ("data/{as_of}/usage.csv", "data/{date}/usage.csv"),
        ("data/{as_of}/usage.csv", "data/usage.xlsx"),
        ("data/{as_of}/usage.csv", ""),
    ]), @r#"
    /data/usage.csv
       features/usage.toml:5:8 invalid value for `path` / the path is relative to the project root
    C:/data/usage.csv
       features/usage.toml:5:8 invalid value for `path` / the path is relative to the project root
    data/../../usage.csv
       features/usage.toml:5:8 invalid value for `path` / the path stays in the project: no `..`
    data\\usage.csv
       features/usage.toml:5:8 invalid value for `path` / folders are separated by `/` on every system
    data/{date}/usage.csv
       features/usage.toml:5:8 invalid value for `path` / the one placeholder is `{as_of}`, the snapshot's date
    data/usage.xlsx
       features/usage.toml:5:8 invalid value for `path` / the path ends in neither .csv nor .parquet
    without data/{as_of}/usage.csv
       features/usage.toml:5:8 invalid value for `path` / the path ends in neither .csv nor .parquet
    "#);
}

#[test]
fn csv_dialects() {
    assert_snapshot!(said_of(USAGE, &[
        ("delimiter = \";\"", "delimiter = \";;\""),
        ("delimiter = \";\"", "delimiter = \"€\""),
        ("delimiter = \";\"", "delimiter = '\"'"),
        ("delimiter = \";\"", "delimiter = \"\\t\""),
        ("delimiter = \";\"", ""),
        ("delimiter = \";\"\ndecimal = \",\"", "delimiter = \".\""),
        ("decimal = \",\"", "decimal = \"'\""),
        ("encoding = \"Latin1\"", "encoding = \"latin-9000\""),
        ("true = [\"oui\"]", "true = [\"oui\", \"non\"]"),
        ("false = [\"non\"]", "false = [\"NA\"]"),
        ("true = [\"oui\"]", "true = [\"0\"]"),
        ("true = [\"oui\"]\nfalse = [\"non\"]", "true = [\"0\"]"),
    ]), @r#"
    delimiter = ";;"
       features/usage.toml:7:13 invalid value for `delimiter` / expected one ASCII character such as ";"
    delimiter = "€"
       features/usage.toml:7:13 invalid value for `delimiter` / expected one ASCII character such as ";"
    delimiter = '"'
       features/usage.toml:7:13 invalid value for `delimiter` / expected one ASCII character such as ";"
    delimiter = "\t"
       accepted
    without delimiter = ";"
       features/usage.toml:8:1 the delimiter is the decimal sign / set `delimiter` and `decimal` to different characters
    delimiter = "."
       features/usage.toml:7:1 the delimiter is the decimal sign / set `delimiter` and `decimal` to different characters
    decimal = "'"
       features/usage.toml:8:11 unknown value `'` for `decimal` / expected one of `.`, `,`
    encoding = "latin-9000"
       features/usage.toml:9:12 invalid value for `encoding` / `latin-9000` is no encoding of the WHATWG standard, such as utf-8 or latin1
    true = ["oui", "non"]
       features/usage.toml:12:1 `non` means both true and false / take it out of one of the two lists
    false = ["NA"]
       features/usage.toml:12:1 `NA` means both null and false / take it out of one of the two lists
    true = ["0"]
       accepted
    true = ["0"]
       features/usage.toml:11:1 `0` means both true and false / take it out of one of the two lists
    "#);
    assert_snapshot!(said_of(LABELS, &[
        ("labels.parquet\"", "labels.parquet\"\ndecimal = \",\""),
    ]), @r#"
    labels.parquet" | decimal = ","
       features/labels.toml:5:11 `decimal` goes with CSV only / a Parquet file says for itself how it is written
    "#);
}

#[test]
fn modes_and_times() {
    assert_snapshot!(said_of(USAGE, &[
        ("mode = \"upsert\"", "mode = \"append\""),
        ("mode = \"upsert\"", "mode = \"replaced\""),
        ("timestamp = \"seen_at\"", "timestamp = \"seen\""),
        ("timestamp = \"seen_at\"", "timestamp = \"hours\""),
        ("timestamp = \"seen_at\"", "timestamp = \"joined\""),
        ("created = \"created_at\"", "created = \"plan\""),
        ("seen_at = \"datetime\"", "seen_at = { type = \"datetime\", since = 2024-01-31 }"),
    ]), @r##"
    mode = "append"
       features/usage.toml:6:8 unknown value `append` for `mode` / expected one of `upsert`, `replace`
    mode = "replaced"
       features/usage.toml:6:8 unknown value `replaced` for `mode` / did you mean `replace`?
    timestamp = "seen"
       features/usage.toml:13:13 unknown column `seen` / table `usage` has `seen_at`
       features/usage.toml:44:1 a window needs events / say which column has the instant of an event: `timestamp` under [source]
    timestamp = "hours"
       features/usage.toml:13:13 column `hours` holds no time / it has to be a date or a datetime
    timestamp = "joined"
       accepted
    created = "plan"
       features/usage.toml:14:11 column `plan` holds no time / it has to be a date or a datetime
    seen_at = { type = "datetime", since = 2024-01-31 }
       features/usage.toml:23:11 column `seen_at` cannot be absent from older files / it places every row in time
    "##);
}

#[test]
fn checks() {
    assert_snapshot!(said_of(USAGE, &[
        ("column = \"hours\"", "column = \"huors\""),
        ("column = \"hours\"", "column = \"zebra\""),
        ("between = [0, 744.0]\n", ""),
        ("between = [0, 744.0]", "between = [0]"),
        ("between = [0, 744.0]", "between = [\"0\", true]"),
        ("between = [0, 744.0]", "between = [744.0, 0]"),
        ("between = [0, 744.0]", "between = [0, inf]"),
        ("mostly = 0.99", "mostly = 0"),
        ("mostly = 0.99", "mostly = 1.5"),
        ("mostly = 0.99", "mostly = nan"),
        ("severity = \"warn\"", "severity = \"error\""),
        ("not_null = true", "not_null = false"),
        ("in_set = [\"basic\", \"full\"]", "in_set = []"),
        ("in_set = [\"basic\", \"full\"]", "in_set = [\"basic\", 2]"),
        ("in_set = [\"basic\", \"full\"]", "between = [\"a\", \"b\"]"),
    ]), @r#"
    column = "huors"
       features/usage.toml:28:10 unknown column `huors` / table `usage` has `hours`
    column = "zebra"
       features/usage.toml:28:10 unknown column `zebra` / table `usage` has `active`, `bitrate`, `created_at`, `devices`, `hours`, `joined`, `plan`, `seen_at`, `user_id`
    without between = [0, 744.0]
       features/usage.toml:27:1 a check without a rule / add `not_null`, `unique`, `between` or `in_set`
    between = [0]
       features/usage.toml:29:11 invalid value for `between` / expected two bounds: [low, high]
    between = ["0", true]
       features/usage.toml:29:12 wrong type for `between` / expected a number, found a string
       features/usage.toml:29:17 wrong type for `between` / expected a number, found a boolean
    between = [744.0, 0]
       features/usage.toml:29:11 invalid value for `between` / 744.0 is greater than 0.0: nothing lies between
    between = [0, inf]
       features/usage.toml:29:15 invalid value for `between` / expected a finite number
    mostly = 0
       features/usage.toml:30:10 invalid value for `mostly` / a share of rows, above 0 and at most 1
    mostly = 1.5
       features/usage.toml:30:10 invalid value for `mostly` / a share of rows, above 0 and at most 1
    mostly = nan
       features/usage.toml:30:10 invalid value for `mostly` / expected a finite number
    severity = "error"
       features/usage.toml:31:12 unknown value `error` for `severity` / expected one of `warn`, `quarantine`, `fail`
    not_null = false
       features/usage.toml:38:12 a rule that is off / remove it: a rule that is not written is off
    in_set = []
       features/usage.toml:35:10 invalid value for `in_set` / an empty set refuses every value
    in_set = ["basic", 2]
       features/usage.toml:35:20 wrong type for `in_set` / expected a string, found an integer
    between = ["a", "b"]
       features/usage.toml:35:11 invalid value for `between` / only numbers, dates and datetimes have an order; see `in_set`
    "#);
}

#[test]
fn bounds_are_of_the_columns_own_dtype() {
    let with = |column: &'static str, rule: &'static str| {
        let new = format!("column = \"{column}\"\n{rule}");
        said_of(
            USAGE,
            &[("column = \"hours\"\nbetween = [0, 744.0]", new.as_str())],
        )
    };
    let said: String = [
        with("devices", "between = [0, 9.5]"),
        with("devices", "between = [0, 9]"),
        with("joined", "between = [2024-01-01, \"2024-12-31\"]"),
        with("joined", "between = [2024-12-31, 2024-01-01]"),
        with("joined", "in_set = [2024-12-31, 2024]"),
        with(
            "seen_at",
            "between = [2024-01-01T00:00:00Z, \"2024-01-01T00:00:00.5\"]",
        ),
        with(
            "seen_at",
            "between = [2024-01-01T00:00:00+02:00, 2023-12-31T22:00:00Z]",
        ),
        with("seen_at", "between = [2024-01-01, 2024-02-01]"),
        with("active", "in_set = [true, 1]"),
    ]
    .concat();
    assert_snapshot!(said, @r#"
    column = "devices" | between = [0, 9.5]
       features/usage.toml:29:15 wrong type for `between` / expected an integer, found a number with a fraction
    column = "devices" | between = [0, 9]
       accepted
    column = "joined" | between = [2024-01-01, "2024-12-31"]
       accepted
    column = "joined" | between = [2024-12-31, 2024-01-01]
       features/usage.toml:29:11 invalid value for `between` / "2024-12-31" is greater than "2024-01-01": nothing lies between
    column = "joined" | in_set = [2024-12-31, 2024]
       features/usage.toml:29:23 wrong type for `in_set` / expected a date such as 2024-01-31, found an integer
    column = "seen_at" | between = [2024-01-01T00:00:00Z, "2024-01-01T00:00:00.5"]
       accepted
    column = "seen_at" | between = [2024-01-01T00:00:00+02:00, 2023-12-31T22:00:00Z]
       accepted
    column = "seen_at" | between = [2024-01-01, 2024-02-01]
       features/usage.toml:29:12 invalid value for `between` / `2024-01-01` is not a date with a time such as 2024-01-31T12:00:00Z
       features/usage.toml:29:24 invalid value for `between` / `2024-02-01` is not a date with a time such as 2024-01-31T12:00:00Z
    column = "active" | in_set = [true, 1]
       features/usage.toml:29:17 wrong type for `in_set` / expected true or false, found an integer
    "#);
}

#[test]
fn features() {
    assert_snapshot!(said_of(USAGE, &[
        ("ttl = \"45d\"", "ttl = \"45\""),
        ("ttl = \"45d\"", "ttl = \"-1d\""),
        ("ttl = \"45d\"", "ttl = 45"),
        ("[\"hours\", \"devices\", \"plan\"]", "[\"hours\", \"montsh\", \"device\"]"),
        ("[\"hours\", \"devices\", \"plan\"]", "[\"hours\", \"hours\"]"),
        ("[\"hours\", \"devices\", \"plan\"]", "[\"hours\", \"user_id\"]"),
        ("[\"hours\", \"devices\", \"plan\"]", "[\"*\", \"hours\"]"),
        ("hours_per_device =", "plan ="),
        ("hours_per_device =", "\"\" ="),
        ("[features.derived]", "[features.request]\nhours = \"f64\"\n[features.derived]"),
        ("[features.derived]", "[features.request]\nminute = \"float\"\n[features.derived]"),
        ("[features.derived]", "[features.request]\nhours_per_device = \"f64\"\n[features.derived]"),
    ]), @r#"
    ttl = "45"
       features/usage.toml:40:7 invalid value for `ttl` / `45` is not a length of time such as `45d`, `12h` or `30m`
    ttl = "-1d"
       features/usage.toml:40:7 invalid value for `ttl` / `-1d` is not a length of time such as `45d`, `12h` or `30m`
    ttl = 45
       features/usage.toml:40:7 wrong type for `ttl` / expected a string, found an integer
    ["hours", "montsh", "device"]
       features/usage.toml:41:21 unknown column `montsh` / table `usage` has `active`, `bitrate`, `created_at`, `devices`, `hours`, `joined`, `plan`, `seen_at`, `user_id`
       features/usage.toml:41:31 unknown column `device` / table `usage` has `devices`
    ["hours", "hours"]
       features/usage.toml:41:21 column `hours` is taken twice / remove it
    ["hours", "user_id"]
       features/usage.toml:41:21 the key `user_id` is no feature / every row has its own: nothing can be learned from it
    ["*", "hours"]
       features/usage.toml:41:12 `*` beside names / `["*"]` alone takes every column
    plan =
       features/usage.toml:43:1 two features `plan` / `columns` takes a column of this name
    "" =
       features/usage.toml:43:1 invalid name of a feature / a column's name is a text without control characters
    [features.request] | hours = "f64" | [features.derived]
       features/usage.toml:43:1 `hours` from the request is ambiguous / a column has this name: expressions could mean either
    [features.request] | minute = "float" | [features.derived]
       features/usage.toml:43:10 unknown value `float` for `minute` / expected one of `string`, `bool`, `i64`, `f64`, `date`, `datetime`
    [features.request] | hours_per_device = "f64" | [features.derived]
       features/usage.toml:45:1 two features `hours_per_device` / [features.request] has one of this name
    "#);
}

#[test]
fn windows_are_quoted_where_they_err() {
    let windowed = "hours_7d = { sql = \"SUM(hours)\", window = \"7d\" }";
    assert_snapshot!(said_of(USAGE, &[
        ("timestamp = \"seen_at\"\n", ""),
        (windowed, "x = \"SUM(hours)\""),
        (windowed, "x = { sql = \"SUM(hours)\" }"),
        (windowed, "x = { window = \"7d\" }"),
        (windowed, "x = { sql = \"SUM(hours)\", window = \"0d\" }"),
        (windowed, "x = { sql = \"SUM(hours)\", window = \"7 days\" }"),
        (windowed, "x = { sql = \"SUM(hours)\", window = 7 }"),
        (windowed, "x = { sql = \"SUM(hours)\", windw = \"7d\" }"),
        (windowed, "x = { sql = \"SUM(hour)\", window = \"7d\" }"),
        (windowed, "x = { sql = \"hours\", window = \"7d\" }"),
        (windowed, "x = { sql = \"SUM(hours) FILTER (WHERE plan)\", window = \"7d\" }"),
        (windowed, "x = { sql = \"SUM(AVG(hours))\", window = \"7d\" }"),
        (windowed, "hours = { sql = \"SUM(hours)\", window = \"7d\" }"),
        (windowed, "hours_per_device = { sql = \"SUM(hours)\", window = \"7d\" }"),
        (windowed, "\"\" = { sql = \"SUM(hours)\", window = \"7d\" }"),
        ("hours / NULLIF(devices, 0)", "hours_7d / NULLIF(devices, 0)"),
        ("hours / NULLIF(devices, 0)", "hours_8d / NULLIF(devices, 0)"),
    ]), @r##"
    without timestamp = "seen_at"
       features/usage.toml:43:1 a window needs events / say which column has the instant of an event: `timestamp` under [source]
    x = "SUM(hours)"
       features/usage.toml:45:5 wrong type for `x` / expected `{ sql = "SUM(x)", window = "7d" }`, found a string
    x = { sql = "SUM(hours)" }
       features/usage.toml:45:5 missing key `window` / how far back events count, such as "7d"
    x = { window = "7d" }
       features/usage.toml:45:5 missing key `sql` / an aggregate such as "SUM(hours)"
    x = { sql = "SUM(hours)", window = "0d" }
       features/usage.toml:45:36 invalid value for `window` / `0d` is not a length of time such as `45d`, `12h` or `30m`
    x = { sql = "SUM(hours)", window = "7 days" }
       features/usage.toml:45:36 invalid value for `window` / `7 days` is not a length of time such as `45d`, `12h` or `30m`
    x = { sql = "SUM(hours)", window = 7 }
       features/usage.toml:45:36 wrong type for `window` / expected a string, found an integer
    x = { sql = "SUM(hours)", windw = "7d" }
       features/usage.toml:45:27 unknown key `windw` / did you mean `window`?
    x = { sql = "SUM(hour)", window = "7d" }
       features/usage.toml:45:18 unknown column `hour` / table has `hours`
    x = { sql = "hours", window = "7d" }
       features/usage.toml:45:14 a windowed feature is one aggregate / one of AVG, COUNT, LAST, MAX, MIN, STDDEV, SUM; what is made of several goes into [features.derived]
    x = { sql = "SUM(hours) FILTER (WHERE plan)", window = "7d" }
       features/usage.toml:45:39 `plan` is a string and no condition / a bool is needed here, such as a comparison
    x = { sql = "SUM(AVG(hours))", window = "7d" }
       features/usage.toml:45:18 AVG gathers many rows, and an expression sees one / an aggregate does not stand within another, or in its filter
    hours = { sql = "SUM(hours)", window = "7d" }
       features/usage.toml:45:1 a windowed feature named `hours` / a column has this name: expressions could mean either
    hours_per_device = { sql = "SUM(hours)", window = "7d" }
       features/usage.toml:43:1 two features `hours_per_device` / [features.windowed] has one of this name
    "" = { sql = "SUM(hours)", window = "7d" }
       features/usage.toml:45:1 invalid name of a feature / a column's name is a text without control characters
    hours_7d / NULLIF(devices, 0)
       accepted
    hours_8d / NULLIF(devices, 0)
       features/usage.toml:43:21 unknown column `hours_8d` / table has `hours_7d`
    "##);
}

#[test]
fn expressions_are_quoted_where_they_err() {
    let expression = "\"hours / NULLIF(devices, 0)\"";
    assert_snapshot!(said_of(USAGE, &[
        (expression, "\"hours / NULLIF(device, 0)\""),
        (expression, "'hours / NULLIF(device, 0)'"),
        (expression, "\"hours\\u0020/ device\""),
        (expression, "\"\"\"hours /\ndevice\"\"\""),
        (expression, "\"hours / plan\""),
        (expression, "\"hours +\""),
        (expression, "\"\""),
    ]), @r#"
    "hours / NULLIF(device, 0)"
       features/usage.toml:43:36 unknown column `device` / table has `devices`
    'hours / NULLIF(device, 0)'
       features/usage.toml:43:36 unknown column `device` / table has `devices`
    "hours\u0020/ device"
       features/usage.toml:43:20 unknown column `device` / table has `devices`
    """hours / | device"""
       features/usage.toml:43:20 unknown column `device` / table has `devices`
    "hours / plan"
       features/usage.toml:43:29 `plan` is a string and cannot be divided / a number is needed here, such as CAST(plan AS f64)
    "hours +"
       features/usage.toml:43:27 expected an expression, but the expression ends / this does not read as a SQL expression
    ""
       features/usage.toml:43:21 the expression is empty / write a SQL expression over the table's columns
    "#);
}
