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
    ]), @"");
}

#[test]
fn missing_keys() {
    assert_snapshot!(said_of(USAGE, &[
        ("entity = \"user\"", ""),
        ("path = \"data/{as_of}/usage.csv\"", ""),
        ("column = \"hours\"", ""),
        ("{ type = \"f64\", since = 2024-02-29 }", "{ since = 2024-02-29 }"),
    ]), @"");
    assert_snapshot!(said_of(ACCOUNTS, &[
        ("[source]\npath = \"data/accounts.csv\"", ""),
        ("[columns]\naccount_id = \"i64\"\nsize = \"i64\"\nopened = \"date\"", ""),
    ]), @"");
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
    ]), @"");
    assert_snapshot!(said_of(ACCOUNTS, &[
        ("[features]\ncolumns = [\"*\"]", "[[features]]\ncolumns = [\"*\"]"),
        ("[features]\ncolumns = [\"*\"]", "[checks]\ncolumn = \"size\"\nunique = true"),
        ("[source]\npath = \"data/accounts.csv\"", "source.path = 12:30:00"),
    ]), @"");
}

#[test]
fn the_entity_and_its_key() {
    assert_snapshot!(said_of(USAGE, &[
        ("entity = \"user\"", "entity = \"users\""),
        ("entity = \"user\"", "entity = \"planet\""),
        ("user_id = \"string\"", ""),
        ("user_id = \"string\"", "user_id = \"f64\""),
        ("user_id = \"string\"", "user_id = { type = \"string\", since = 2024-01-31 }"),
    ]), @"");
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
    ]), @"");
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
    ]), @"");
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
    ]), @"");
    assert_snapshot!(said_of(LABELS, &[
        ("labels.parquet\"", "labels.parquet\"\ndecimal = \",\""),
    ]), @"");
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
    ]), @"");
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
    ]), @"");
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
    assert_snapshot!(said, @"");
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
        ("[features.derived]", "[features.windowed]\nx = { sql = \"SUM(hours)\", window = \"7d\" }\n[features.derived]"),
        ("[features.derived]", "[features.request]\n[features.derived]"),
    ]), @"");
}
