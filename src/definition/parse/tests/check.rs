//! Wrong blocks of `[[checks]]`.

use insta::assert_snapshot;

use super::{ACCOUNTS, USAGE, edited, findings, said_of};
use crate::definition::{Definitions, Severity, Threshold};

const FIRST: &str = "column = \"hours\"\nbetween = [0, 744.0]\nmostly = 0.99\nseverity = \"warn\"";

/// What is said of other first blocks.
fn said(blocks: &[&str]) -> String {
    let edits: Vec<_> = blocks.iter().map(|block| (FIRST, *block)).collect();
    said_of(USAGE, &edits)
}

#[test]
fn every_rule_is_accepted() {
    let blocks = [
        "column = \"hours\"\nnot_null = true",
        "column = \"hours\"\nnot_null = true\nbetween = [0, 1]",
        "column = \"hours\"\nunique = true",
        "columns = [\"user_id\", \"seen_at\"]\nunique = true",
        "column = \"hours\"\nbetween = { min = 0 }",
        "column = \"devices\"\nin_set = [1, 2]",
        "column = \"plan\"\nnot_in_set = [\"x\"]",
        "column = \"plan\"\nregex = '^[a-z]+$'",
        "column = \"plan\"\nlength = [1, 10]",
        "column = \"plan\"\ndate_format = \"%d.%m.%Y\"",
        "column = \"plan\"\ndate_format = \"%Y-%m-%dT%H:%M:%S%z\"",
        "column = \"plan\"\ndtype = \"i64\"",
        "column = \"hours\"\ndtype = \"i64\"",
        "column = \"seen_at\"\nincreasing = true",
        "column = \"seen_at\"\nstrictly_increasing = true\nseverity = \"warn\"",
        "column = \"hours\"\ngreater_than = \"devices\"",
        "column = \"seen_at\"\nat_least = \"created_at\"",
        "columns = [\"hours\", \"devices\"]\nrow_sum = [0, 1000]",
        "sql = \"hours >= devices OR plan = 'full'\"",
        "column = \"devices\"\nexists_in = \"accounts.account_id\"",
        "column = \"joined\"\nmin = [2020-01-01, 2024-01-01]",
        "column = \"devices\"\nmax = { max = 20 }",
        "column = \"hours\"\nmean = [10, 20]",
        "column = \"hours\"\nmedian = [10, 20]",
        "column = \"hours\"\nstdev = { max = 5.5 }",
        "column = \"devices\"\nsum = { min = 1 }",
        "column = \"hours\"\nquantile = { at = 0.9, between = [10, 20] }",
        "column = \"plan\"\ndistinct_count = [1, 5]",
        "column = \"plan\"\ndistinct_in_set = [\"a\"]",
        "column = \"plan\"\ndistinct_contains = [\"a\"]",
        "column = \"plan\"\ndistinct_equals = [\"a\"]",
        "column = \"plan\"\nnull_share = { max = 0.1 }",
        "row_count = { min = 1 }",
        "row_count_equals = \"accounts\"",
        "column_set = [\"user_id\", \"hours\", \"devices\", \"plan\", \"active\", \"joined\", \"seen_at\", \"created_at\"]",
        "column_order = [\"user_id\", \"hours\", \"devices\", \"plan\", \"active\", \"joined\", \"seen_at\", \"created_at\", \"bitrate\"]",
        "column = \"seen_at\"\nfreshness = \"2d\"",
        "column = \"hours\"\nnot_null = true\nwhere = \"plan = 'full'\"",
        "column = \"hours\"\nnot_null = true\nwarn = { count = 10 }\nfail = { share = 0.01 }",
        "column = \"hours\"\nnot_null = true\nseverity = \"quarantine\"\nfail = { count = 10 }",
    ];
    let said = said(&blocks);
    assert_eq!(
        said.matches("   accepted\n").count(),
        blocks.len(),
        "{said}"
    );
    // What a block is written back as is the same check.
    for block in blocks {
        let definitions = Definitions::parse(&edited(USAGE, FIRST, block)).unwrap();
        let check = &definitions.tables["usage"].checks[0];
        let written: String = check
            .block()
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"))
            .collect();
        let again = Definitions::parse(&edited(USAGE, FIRST, &written));
        let again = again.unwrap_or_else(|error| panic!("{written}{}", findings(&error)));
        assert_eq!(*check, again.tables["usage"].checks[0], "{written}");
    }
}

#[test]
fn thresholds_have_a_severity_of_their_own() {
    let severity = |options: &str| {
        let block = format!("column = \"hours\"\nnot_null = true\n{options}");
        let definitions = Definitions::parse(&edited(USAGE, FIRST, &block)).unwrap();
        let check = &definitions.tables["usage"].checks[0];
        (check.severity, check.warn, check.fail)
    };
    let count = |count| Some(Threshold::Count(count));
    assert_eq!(
        severity("warn = { count = 2 }"),
        (Severity::Warn, count(2), None)
    );
    assert_eq!(
        severity("fail = { count = 2 }"),
        (Severity::Fail, None, count(2))
    );
    assert_eq!(
        severity("severity = \"quarantine\"\nfail = { share = 1 }"),
        (Severity::Quarantine, None, Some(Threshold::Share(1.0)))
    );
}

#[test]
fn blocks_without_one_rule_and_its_columns() {
    assert_snapshot!(said(&[
        "column = \"hours\"\nbetween = [0, 1]\nunique = true",
        "column = \"hours\"\nbetween = [0, 1]\nunique = true\nnot_null = true",
        "row_count = [0, 1]\ncolumn = \"hours\"\nnot_null = true",
        "column = \"hours\"",
        "",
        "not_null = true",
        "columns = [\"hours\", \"plan\"]\nnot_null = true",
        "column = \"hours\"\ncolumns = [\"hours\", \"plan\"]\nunique = true",
        "columns = [\"hours\"]\nunique = true",
        "columns = [\"hours\", \"hours\"]\nunique = true",
        "columns = [\"hours\", \"pla\"]\nunique = true",
        "column = \"hours\"\nrow_sum = [0, 1]",
        "column = \"hours\"\nrow_count = [0, 1]",
        "column = \"hours\"\nsql = \"hours > 1\"",
        "column = \"hours\"\nregexp = \"a\"",
    ]), @r##"
    column = "hours" | between = [0, 1] | unique = true
       features/usage.toml:29:1 two rules in one block / a block has one rule, here `unique`: add a block
    column = "hours" | between = [0, 1] | unique = true | not_null = true
       features/usage.toml:29:1 two rules in one block / a block has one rule, here `not_null`: add a block
       features/usage.toml:30:1 two rules in one block / a block has one rule, here `not_null`: add a block
    row_count = [0, 1] | column = "hours" | not_null = true
       features/usage.toml:28:1 two rules in one block / a block has one rule, here `not_null`: add a block
    column = "hours"
       features/usage.toml:27:1 a check without a rule / add `not_null`, `unique`, `between` or `in_set`
    without column = "hours" | between = [0, 744.0] | mostly = 0.99 | severity = "warn"
       features/usage.toml:27:1 a check without a rule / add `not_null`, `unique`, `between` or `in_set`
    not_null = true
       features/usage.toml:27:1 missing key `column` / the column it looks at
    columns = ["hours", "plan"] | not_null = true
       features/usage.toml:28:1 `not_null` looks at one column / write `column = "…"`
    column = "hours" | columns = ["hours", "plan"] | unique = true
       features/usage.toml:28:1 `unique` looks at one or at several columns / keep one of the two keys
    columns = ["hours"] | unique = true
       features/usage.toml:28:11 invalid value for `columns` / two columns or more; one alone is `column = "…"`
    columns = ["hours", "hours"] | unique = true
       features/usage.toml:28:21 column `hours` stands twice / remove it
    columns = ["hours", "pla"] | unique = true
       features/usage.toml:28:21 unknown column `pla` / table `usage` has `plan`
    column = "hours" | row_sum = [0, 1]
       features/usage.toml:28:1 `row_sum` looks at several columns / write `columns = […]`
    column = "hours" | row_count = [0, 1]
       features/usage.toml:28:1 `row_count` looks at the whole file / remove it
    column = "hours" | sql = "hours > 1"
       features/usage.toml:28:1 `sql` names its columns itself / remove it
    column = "hours" | regexp = "a"
       features/usage.toml:27:1 a check without a rule / add `not_null`, `unique`, `between` or `in_set`
       features/usage.toml:29:1 unknown key `regexp` / did you mean `regex`?
    "##);
}

#[test]
fn rules_that_are_none() {
    assert_snapshot!(said(&[
        "column = \"hours\"\nregex = \"a+\"",
        "column = \"plan\"\nregex = \"a(b\"",
        "column = \"plan\"\nregex = 'a(?=b)'",
        "column = \"plan\"\nlength = [10, 1]",
        "column = \"plan\"\nlength = [-1, 1]",
        "column = \"plan\"\nlength = 5",
        "column = \"plan\"\nlength = {}",
        "column = \"plan\"\nlength = { low = 5 }",
        "column = \"joined\"\nlength = [1, 5]",
        "column = \"plan\"\ndate_format = \"%Y-%m\"",
        "column = \"plan\"\ndate_format = \"%Y-%m-%d %Q\"",
        "column = \"plan\"\ndate_format = \"%Y-%m-%d %\"",
        "column = \"joined\"\ndate_format = \"%Y-%m-%d\"",
        "column = \"hours\"\ndtype = \"int\"",
        "column = \"active\"\ndtype = \"date\"",
        "column = \"plan\"\nincreasing = true",
        "column = \"hours\"\nincreasing = false",
        "column = \"hours\"\ngreater_than = \"joined\"",
        "column = \"hours\"\ngreater_than = \"hours\"",
        "column = \"hours\"\ngreater_than = \"hour\"",
        "columns = [\"hours\", \"plan\"]\nrow_sum = [0, 1]",
        "sql = \"hours + 1\"",
        "sql = \"huors > 1\"",
        "sql = \"hours >\"",
        "column = \"plan\"\nnot_in_set = []",
        "column = \"plan\"\ndistinct_equals = []",
        "column = \"plan\"\ndistinct_in_set = [1]",
    ]), @r##"
    column = "hours" | regex = "a+"
       features/usage.toml:29:9 `regex` on `hours`, which is of dtype f64 / only strings are matched
    column = "plan" | regex = "a(b"
       features/usage.toml:29:9 invalid value for `regex` / unclosed group
    column = "plan" | regex = 'a(?=b)'
       features/usage.toml:29:9 invalid value for `regex` / look-around, including look-ahead and look-behind, is not supported
    column = "plan" | length = [10, 1]
       features/usage.toml:29:10 invalid value for `length` / 10 is greater than 1: nothing lies between
    column = "plan" | length = [-1, 1]
       features/usage.toml:29:11 invalid value for `length` / -1 is no count: 0 or more
    column = "plan" | length = 5
       features/usage.toml:29:10 wrong type for `length` / expected two bounds: [low, high], found an integer
    column = "plan" | length = {}
       features/usage.toml:29:10 invalid value for `length` / expected [low, high], { min = … } or { max = … }
    column = "plan" | length = { low = 5 }
       features/usage.toml:29:10 invalid value for `length` / expected [low, high], { min = … } or { max = … }
       features/usage.toml:29:12 unknown key `low` / bounds take `max`, `min`
    column = "joined" | length = [1, 5]
       features/usage.toml:29:10 `length` on `joined`, which is of dtype date / only strings have a length
    column = "plan" | date_format = "%Y-%m"
       features/usage.toml:29:15 invalid value for `date_format` / it has to name year, month and day, such as "%Y-%m-%d"
    column = "plan" | date_format = "%Y-%m-%d %Q"
       features/usage.toml:29:15 invalid value for `date_format` / `%Q` is not supported; there are %Y %y %m %b %B %h %d %e %j %H %I %k %l %M %S %f %p %P %z %a %A %T %F %D %R %%
    column = "plan" | date_format = "%Y-%m-%d %"
       features/usage.toml:29:15 invalid value for `date_format` / `%` at the end: a percent sign is written `%%`
    column = "joined" | date_format = "%Y-%m-%d"
       features/usage.toml:29:15 `date_format` on `joined`, which is of dtype date / only strings are parsed; a date column holds dates
    column = "hours" | dtype = "int"
       features/usage.toml:29:9 unknown value `int` for `dtype` / expected one of `string`, `bool`, `i64`, `f64`, `date`, `datetime`
    column = "active" | dtype = "date"
       features/usage.toml:29:9 invalid value for `dtype` / a value of dtype bool never reads as date
    column = "plan" | increasing = true
       features/usage.toml:29:14 `increasing` on `plan`, which is of dtype string / only numbers, dates and datetimes have an order
    column = "hours" | increasing = false
       features/usage.toml:29:14 a rule that is off / remove it: a rule that is not written is off
    column = "hours" | greater_than = "joined"
       features/usage.toml:29:16 invalid value for `greater_than` / `joined` is of dtype date and has no order with f64
    column = "hours" | greater_than = "hours"
       features/usage.toml:29:16 invalid value for `greater_than` / a column is never compared with itself
    column = "hours" | greater_than = "hour"
       features/usage.toml:29:16 unknown column `hour` / table `usage` has `hours`
    columns = ["hours", "plan"] | row_sum = [0, 1]
       features/usage.toml:29:11 `row_sum` on `plan`, which is of dtype string / only numbers add up
    sql = "hours + 1"
       features/usage.toml:28:7 invalid value for `sql` / it gives a value of dtype f64; a condition is true or false
    sql = "huors > 1"
       features/usage.toml:28:8 unknown column `huors` / table has `hours`
    sql = "hours >"
       features/usage.toml:28:14 expected an expression, but the expression ends / this does not read as a SQL expression
    column = "plan" | not_in_set = []
       features/usage.toml:29:14 invalid value for `not_in_set` / an empty set forbids nothing
    column = "plan" | distinct_equals = []
       features/usage.toml:29:19 invalid value for `distinct_equals` / an empty set: say what is meant by `not_null` or `null_share`
    column = "plan" | distinct_in_set = [1]
       features/usage.toml:29:20 wrong type for `distinct_in_set` / expected a string, found an integer
    "##);
}

#[test]
fn statistics_and_files() {
    assert_snapshot!(said(&[
        "column = \"plan\"\nmean = [0, 1]",
        "column = \"plan\"\nmin = [0, 1]",
        "column = \"joined\"\nmedian = [0, 1]",
        "column = \"joined\"\nmax = [2024-02-01, 2024-01-01]",
        "column = \"hours\"\nmean = [2, 1]",
        "column = \"hours\"\nmean = 1",
        "column = \"hours\"\nquantile = [0, 1]",
        "column = \"hours\"\nquantile = { at = 90, between = [0, 1] }",
        "column = \"hours\"\nquantile = { at = 0.9 }",
        "column = \"hours\"\nquantile = { at = 0.9, between = [2, 1], of = 1 }",
        "column = \"plan\"\ndistinct_count = [1.5, 2]",
        "column = \"plan\"\nnull_share = { max = 5 }",
        "row_count = { min = -1 }",
        "column_set = [\"user_id\", \"hours\"]",
        "column_order = [\"user_id\", \"user_id\"]",
        "column_order = [\"usr_id\"]",
        "column = \"hours\"\nfreshness = \"2d\"",
        "column = \"seen_at\"\nfreshness = \"yesterday\"",
    ]), @r##"
    column = "plan" | mean = [0, 1]
       features/usage.toml:29:8 `mean` on `plan`, which is of dtype string / it is computed of numbers
    column = "plan" | min = [0, 1]
       features/usage.toml:29:7 `min` on `plan`, which is of dtype string / only numbers, dates and datetimes have an order
    column = "joined" | median = [0, 1]
       features/usage.toml:29:10 `median` on `joined`, which is of dtype date / it is computed of numbers
    column = "joined" | max = [2024-02-01, 2024-01-01]
       features/usage.toml:29:7 invalid value for `max` / "2024-02-01" is greater than "2024-01-01": nothing lies between
    column = "hours" | mean = [2, 1]
       features/usage.toml:29:8 invalid value for `mean` / 2.0 is greater than 1.0: nothing lies between
    column = "hours" | mean = 1
       features/usage.toml:29:8 wrong type for `mean` / expected two bounds: [low, high], found an integer
    column = "hours" | quantile = [0, 1]
       features/usage.toml:29:12 wrong type for `quantile` / expected { at = 0.9, between = [low, high] }, found a list
    column = "hours" | quantile = { at = 90, between = [0, 1] }
       features/usage.toml:29:19 invalid value for `at` / 90.0 is no share: 0.0 to 1.0
    column = "hours" | quantile = { at = 0.9 }
       features/usage.toml:29:12 missing key `between` / the bounds of the quantile
    column = "hours" | quantile = { at = 0.9, between = [2, 1], of = 1 }
       features/usage.toml:29:34 invalid value for `between` / 2.0 is greater than 1.0: nothing lies between
       features/usage.toml:29:42 unknown key `of` / a quantile takes `at`, `between`
    column = "plan" | distinct_count = [1.5, 2]
       features/usage.toml:29:19 wrong type for `distinct_count` / expected an integer, found a number with a fraction
    column = "plan" | null_share = { max = 5 }
       features/usage.toml:29:22 invalid value for `max` / 5.0 is no share: 0.0 to 1.0
    row_count = { min = -1 }
       features/usage.toml:28:21 invalid value for `min` / -1 is no count: 0 or more
    column_set = ["user_id", "hours"]
       features/usage.toml:28:14 invalid value for `column_set` / every file has `active`, `created_at`, `devices`, `joined`, `plan`, `seen_at`, so this would never hold
    column_order = ["user_id", "user_id"]
       features/usage.toml:28:28 column `user_id` stands twice / remove it
    column_order = ["usr_id"]
       features/usage.toml:28:17 unknown column `usr_id` / table `usage` has `user_id`
    column = "hours" | freshness = "2d"
       features/usage.toml:29:13 `freshness` on `hours`, which is of dtype f64 / only dates and datetimes grow old
    column = "seen_at" | freshness = "yesterday"
       features/usage.toml:29:13 invalid value for `freshness` / `yesterday` is not a length of time such as `45d`, `12h` or `30m`
    "##);
}

#[test]
fn options_that_do_not_fit() {
    assert_snapshot!(said(&[
        "column = \"hours\"\nmean = [0, 1]\nmostly = 0.9",
        "column = \"hours\"\nmean = [0, 1]\nwarn = { count = 1 }\nfail = { count = 2 }",
        "row_count = [0, 1]\nseverity = \"quarantine\"",
        "column = \"hours\"\nincreasing = true\nseverity = \"quarantine\"",
        "row_count_equals = \"accounts\"\nwhere = \"hours > 1\"",
        "column = \"hours\"\nnot_null = true\nwhere = \"plna = 'full'\"",
        "column = \"hours\"\nnot_null = true\nwhere = \"hours\"",
        "column = \"hours\"\nnot_null = true\nwhere = 1",
        "column = \"hours\"\nnot_null = true\nmostly = 0.9\nfail = { count = 1 }",
        "column = \"hours\"\nnot_null = true\nseverity = \"fail\"\nfail = { count = 1 }",
        "column = \"hours\"\nnot_null = true\nseverity = \"quarantine\"\nwarn = { count = 1 }",
        "column = \"hours\"\nnot_null = true\nwarn = { count = 5 }\nfail = { count = 5 }",
        "column = \"hours\"\nnot_null = true\nwarn = { share = 0.5 }\nfail = { share = 0.1 }",
        "column = \"hours\"\nnot_null = true\nfail = { count = 0 }",
        "column = \"hours\"\nnot_null = true\nfail = { share = 1.5 }",
        "column = \"hours\"\nnot_null = true\nfail = { count = 1, share = 0.5 }",
        "column = \"hours\"\nnot_null = true\nfail = {}",
        "column = \"hours\"\nnot_null = true\nfail = { rows = 1 }",
        "column = \"hours\"\nnot_null = true\nfail = 10",
    ]), @r##"
    column = "hours" | mean = [0, 1] | mostly = 0.9
       features/usage.toml:30:1 `mostly` with `mean` / `mean` holds or not: no share of rows keeps it
    column = "hours" | mean = [0, 1] | warn = { count = 1 } | fail = { count = 2 }
       features/usage.toml:30:1 `warn` with `mean` / `mean` holds or not: no share of rows keeps it
       features/usage.toml:31:1 `fail` with `mean` / `mean` holds or not: no share of rows keeps it
    row_count = [0, 1] | severity = "quarantine"
       features/usage.toml:29:1 `row_count` has no rows to quarantine / it holds or not: `severity` is "warn" or "fail"
    column = "hours" | increasing = true | severity = "quarantine"
       features/usage.toml:30:1 `increasing` has no rows to quarantine / without them others would follow one another: "warn" or "fail"
    row_count_equals = "accounts" | where = "hours > 1"
       features/usage.toml:29:1 `where` with `row_count_equals` / it looks at the file as a whole
    column = "hours" | not_null = true | where = "plna = 'full'"
       features/usage.toml:30:10 unknown column `plna` / table has `plan`
    column = "hours" | not_null = true | where = "hours"
       features/usage.toml:30:9 invalid value for `where` / it gives a value of dtype f64; a condition is true or false
    column = "hours" | not_null = true | where = 1
       features/usage.toml:30:9 wrong type for `where` / expected a string, found an integer
    column = "hours" | not_null = true | mostly = 0.9 | fail = { count = 1 }
       features/usage.toml:30:1 `mostly` beside a threshold / `warn` and `fail` say how many rows may break: keep one way
    column = "hours" | not_null = true | severity = "fail" | fail = { count = 1 }
       features/usage.toml:30:1 `severity` beside a threshold / thresholds say what happens; only "quarantine" goes with `fail`
    column = "hours" | not_null = true | severity = "quarantine" | warn = { count = 1 }
       features/usage.toml:31:1 `warn` with severity quarantine / quarantined rows are always shown: keep `fail` alone
    column = "hours" | not_null = true | warn = { count = 5 } | fail = { count = 5 }
       features/usage.toml:30:1 `warn` is never reached / `fail` is reached first: `warn` has to be less
    column = "hours" | not_null = true | warn = { share = 0.5 } | fail = { share = 0.1 }
       features/usage.toml:30:1 `warn` is never reached / `fail` is reached first: `warn` has to be less
    column = "hours" | not_null = true | fail = { count = 0 }
       features/usage.toml:30:18 invalid value for `count` / a number of rows, 1 or more
    column = "hours" | not_null = true | fail = { share = 1.5 }
       features/usage.toml:30:18 invalid value for `share` / a share of rows, above 0 and at most 1
    column = "hours" | not_null = true | fail = { count = 1, share = 0.5 }
       features/usage.toml:30:8 invalid value for `fail` / expected either `count` or `share`
    column = "hours" | not_null = true | fail = {}
       features/usage.toml:30:8 invalid value for `fail` / expected either `count` or `share`
    column = "hours" | not_null = true | fail = { rows = 1 }
       features/usage.toml:30:8 invalid value for `fail` / expected either `count` or `share`
       features/usage.toml:30:10 unknown key `rows` / a threshold takes `count`, `share`
    column = "hours" | not_null = true | fail = 10
       features/usage.toml:30:8 wrong type for `fail` / expected { count = … } or { share = … }, found an integer
    "##);
}

#[test]
fn references() {
    assert_snapshot!(said(&[
        "column = \"devices\"\nexists_in = \"accounts\"",
        "column = \"devices\"\nexists_in = \"acounts.account_id\"",
        "column = \"devices\"\nexists_in = \"zebra.x\"",
        "column = \"devices\"\nexists_in = \"accounts.acount_id\"",
        "column = \"plan\"\nexists_in = \"accounts.account_id\"",
        "column = \"devices\"\nexists_in = \"usage.devices\"",
        "row_count_equals = \"usage\"",
        "row_count_equals = \"accuonts\"",
        "row_count_equals = \"a b\"",
    ]), @r##"
    column = "devices" | exists_in = "accounts"
       features/usage.toml:29:13 invalid value for `exists_in` / expected TABLE.COLUMN, such as "users.user_id"
    column = "devices" | exists_in = "acounts.account_id"
       features/usage.toml:29:13 unknown table `acounts` / did you mean `accounts`?
    column = "devices" | exists_in = "zebra.x"
       features/usage.toml:29:13 unknown table `zebra` / there are `accounts`, `labels`, `usage`
    column = "devices" | exists_in = "accounts.acount_id"
       features/usage.toml:29:13 unknown column `acount_id` / table `accounts` has `account_id`
    column = "plan" | exists_in = "accounts.account_id"
       features/usage.toml:29:13 `plan` is of dtype string, `accounts.account_id` of dtype i64 / only values of one dtype are looked up
    column = "devices" | exists_in = "usage.devices"
       features/usage.toml:29:13 `exists_in` refers to its own table / name another table
    row_count_equals = "usage"
       features/usage.toml:28:20 `row_count_equals` refers to its own table / name another table
    row_count_equals = "accuonts"
       features/usage.toml:28:20 unknown table `accuonts` / did you mean `accounts`?
    row_count_equals = "a b"
       features/usage.toml:28:20 invalid value for `row_count_equals` / `a b` is not a name: use up to 100 letters, digits, `_` and `-`, a letter or digit first
    "##);
    let mut files = edited(USAGE, FIRST, "row_count_equals = \"accounts\"");
    let accounts = files.0.get_mut(ACCOUNTS).unwrap();
    accounts.push_str("[[checks]]\nrow_count_equals = \"labels\"\n");
    let labels = files.0.get_mut(super::LABELS).unwrap();
    labels.push_str("[[checks]]\nrow_count_equals = \"usage\"\n");
    assert_snapshot!(findings(&Definitions::parse(&files).unwrap_err()), @"   features/accounts.toml:14:20 tables wait for each other: accounts → labels → usage → accounts / a table is checked after those it refers to: one of these checks has to go");
}
