//! Every rule on one small file: kept and broken, with nulls, with conditions and thresholds.

use crate::definition::{AsOf, DefinitionFiles, Definitions, Dtype, Table};
use crate::table::{self, ReadFile};

use crate::check::{Against, CheckResult, OtherTable, check, run};

const FILE: &str = "\
id,plan,a,b,i,began,ended,at,code
u1,basic,1.5,2.5,1,2024-01-01,2024-01-05,2024-02-01T00:00Z,A-10
u2,plus,2.5,,2,2024-01-31,2024-01-30,,B-20
u3,,,3.0,3,,2024-02-01,2024-02-29T12:00Z,c30
u4,basic,4.0,4.0,2,2024-02-02,2024-02-02,2024-02-28T00:00Z,
u5,plus,-1.0,1.0,,2024-01-15,,2024-02-10T00:00Z,D-40
";

const TABLE: &str = "entity = \"user\"\n\
    [source]\npath = \"data/{as_of}/usage.csv\"\n\
    [columns]\nid = \"string\"\nplan = \"string\"\na = \"f64\"\nb = \"f64\"\ni = \"i64\"\n\
    began = \"date\"\nended = \"date\"\nat = \"datetime\"\ncode = \"string\"\n";

const PLANS: &str = "entity = \"user\"\n[source]\npath = \"data/{as_of}/plans.csv\"\n\
    [columns]\nid = \"string\"\nplan = \"string\"\n";

fn table_with(blocks: &[&str]) -> Table {
    let project = "[project]\nname = \"t\"\n[store]\npath = \"s\"\n[entities.user]\nkey = \"id\"\n";
    let blocks: String = blocks
        .iter()
        .map(|block| format!("[[checks]]\n{block}\n"))
        .collect();
    let files = [
        ("streamflow.toml", project.to_string()),
        ("features/usage.toml", format!("{TABLE}{blocks}")),
        ("features/plans.toml", PLANS.to_string()),
    ];
    let files = files.map(|(path, text)| (path.to_string(), text));
    let mut definitions = Definitions::parse(&DefinitionFiles(files.into()))
        .unwrap_or_else(|error| panic!("{blocks}{:?}", error.all_findings()));
    definitions.tables.remove("usage").unwrap()
}

fn as_of() -> AsOf {
    "2024-02-29".parse().unwrap()
}

fn read(table: &Table) -> ReadFile {
    table::read(FILE.as_bytes(), "usage.csv", as_of(), table).unwrap()
}

fn against() -> Against {
    let plans = table::testing::read_text(
        "user_id,plan\na,basic\nb,\n",
        &table::testing::table(&[("plan", Dtype::String)]),
    );
    let plans = OtherTable {
        frame: plans.unwrap().frame,
        rows_in_file: 5,
    };
    Against {
        as_of: as_of(),
        tables: [("plans".parse().unwrap(), plans)].into(),
    }
}

fn result(block: &str) -> CheckResult {
    let table = table_with(&[block]);
    run(&table.checks, &read(&table), &against()).remove(0)
}

/// Each block with what was found: rows looked at, rows without a value, and the lines that break
/// the rule or what was observed.
fn found(blocks: &[&str]) -> String {
    let one = |block: &&str| {
        let found = result(block);
        let lines: Vec<u32> = found.examples.iter().map(|example| example.line).collect();
        let what = match found.observed {
            Some(_) => format!("found {}", found.observed_words()),
            None => format!("lines {lines:?}"),
        };
        let verdict = if found.passed { "passed" } else { "broken" };
        format!(
            "{}\n   must be {}\n   {verdict}: {} looked at, {} without, {what}\n",
            block.replace('\n', " | "),
            found.rule,
            found.checked,
            found.missing.unwrap(),
        )
    };
    blocks.iter().map(one).collect()
}

#[test]
fn rules_of_one_value() {
    insta::assert_snapshot!(found(&[
        "column = \"plan\"\nnot_null = true",
        "column = \"id\"\nnot_null = true",
        "column = \"plan\"\nunique = true",
        "column = \"code\"\nunique = true",
        "columns = [\"plan\", \"i\"]\nunique = true",
        "columns = [\"plan\", \"a\"]\nunique = true",
        "column = \"a\"\nbetween = [0, 4]",
        "column = \"a\"\nbetween = { min = -1 }",
        "column = \"i\"\nbetween = { max = 2 }",
        "column = \"began\"\nbetween = [2024-01-01, 2024-01-31]",
        "column = \"at\"\nbetween = [2024-02-01T00:00:00Z, 2024-02-29T12:00:00Z]",
        "column = \"plan\"\nin_set = [\"basic\"]",
        "column = \"i\"\nin_set = [1, 2, 3]",
        "column = \"plan\"\nnot_in_set = [\"plus\", \"none\"]",
        "column = \"a\"\nnot_in_set = [0.5]",
        "column = \"code\"\nregex = \"^[A-Z]-\\\\d0$\"",
        "column = \"code\"\nregex = \"0\"",
        "column = \"code\"\nlength = [4, 4]",
        "column = \"code\"\nlength = { min = 3 }",
        "column = \"plan\"\nexists_in = \"plans.plan\"",
        "column = \"plan\"\nexists_in = \"plans.plan\"\nwhere = \"plan <> 'plus'\"",
    ]), @r##"
    column = "plan" | not_null = true
       must be not null
       broken: 5 looked at, 0 without, lines [4]
    column = "id" | not_null = true
       must be not null
       passed: 5 looked at, 0 without, lines []
    column = "plan" | unique = true
       must be unique
       broken: 4 looked at, 1 without, lines [2, 3, 5, 6]
    column = "code" | unique = true
       must be unique
       passed: 4 looked at, 1 without, lines []
    columns = ["plan", "i"] | unique = true
       must be unique
       passed: 3 looked at, 2 without, lines []
    columns = ["plan", "a"] | unique = true
       must be unique
       passed: 4 looked at, 1 without, lines []
    column = "a" | between = [0, 4]
       must be between 0 and 4
       broken: 4 looked at, 1 without, lines [6]
    column = "a" | between = { min = -1 }
       must be at least -1
       passed: 4 looked at, 1 without, lines []
    column = "i" | between = { max = 2 }
       must be at most 2
       broken: 4 looked at, 1 without, lines [4]
    column = "began" | between = [2024-01-01, 2024-01-31]
       must be between 2024-01-01 and 2024-01-31
       broken: 4 looked at, 1 without, lines [5]
    column = "at" | between = [2024-02-01T00:00:00Z, 2024-02-29T12:00:00Z]
       must be between 2024-02-01T00:00:00Z and 2024-02-29T12:00:00Z
       passed: 4 looked at, 1 without, lines []
    column = "plan" | in_set = ["basic"]
       must be in ["basic"]
       broken: 4 looked at, 1 without, lines [3, 6]
    column = "i" | in_set = [1, 2, 3]
       must be in [1, 2, 3]
       passed: 4 looked at, 1 without, lines []
    column = "plan" | not_in_set = ["plus", "none"]
       must be not in ["plus", "none"]
       broken: 4 looked at, 1 without, lines [3, 6]
    column = "a" | not_in_set = [0.5]
       must be not in [0.5]
       passed: 4 looked at, 1 without, lines []
    column = "code" | regex = "^[A-Z]-\\d0$"
       must be like ^[A-Z]-\d0$
       broken: 4 looked at, 1 without, lines [4]
    column = "code" | regex = "0"
       must be like 0
       passed: 4 looked at, 1 without, lines []
    column = "code" | length = [4, 4]
       must be of length exactly 4
       broken: 4 looked at, 1 without, lines [4]
    column = "code" | length = { min = 3 }
       must be of length at least 3
       passed: 4 looked at, 1 without, lines []
    column = "plan" | exists_in = "plans.plan"
       must be in plans.plan
       broken: 4 looked at, 1 without, lines [3, 6]
    column = "plan" | exists_in = "plans.plan" | where = "plan <> 'plus'"
       must be in plans.plan where plan <> 'plus'
       passed: 2 looked at, 0 without, lines []
    "##);
}

#[test]
fn rules_of_several_values() {
    insta::assert_snapshot!(found(&[
        "column = \"i\"\nincreasing = true",
        "column = \"i\"\nincreasing = true\nwhere = \"id <> 'u4'\"",
        "column = \"i\"\nstrictly_increasing = true\nwhere = \"id <> 'u3'\"",
        "column = \"ended\"\ngreater_than = \"began\"",
        "column = \"ended\"\nat_least = \"began\"",
        "column = \"ended\"\nat_least = \"began\"\nwhere = \"id <> 'u2'\"",
        "column = \"at\"\nstrictly_increasing = true\nwhere = \"id < 'u4'\"",
        "column = \"a\"\ngreater_than = \"i\"",
        "column = \"i\"\nat_least = \"a\"",
        "columns = [\"a\", \"b\"]\nrow_sum = [4, 8]",
        "columns = [\"a\", \"b\", \"i\"]\nrow_sum = { min = 5 }",
        "sql = \"a < b OR plan = 'plus'\"",
        "sql = \"i IS NULL OR i > 0\"",
    ]), @r##"
    column = "i" | increasing = true
       must be increasing
       broken: 4 looked at, 1 without, lines [5]
    column = "i" | increasing = true | where = "id <> 'u4'"
       must be increasing where id <> 'u4'
       passed: 3 looked at, 1 without, lines []
    column = "i" | strictly_increasing = true | where = "id <> 'u3'"
       must be strictly increasing where id <> 'u3'
       broken: 3 looked at, 1 without, lines [5]
    column = "ended" | greater_than = "began"
       must be greater than began
       broken: 3 looked at, 2 without, lines [3, 5]
    column = "ended" | at_least = "began"
       must be at least began
       broken: 3 looked at, 2 without, lines [3]
    column = "ended" | at_least = "began" | where = "id <> 'u2'"
       must be at least began where id <> 'u2'
       passed: 2 looked at, 2 without, lines []
    column = "at" | strictly_increasing = true | where = "id < 'u4'"
       must be strictly increasing where id < 'u4'
       passed: 2 looked at, 1 without, lines []
    column = "a" | greater_than = "i"
       must be greater than i
       passed: 3 looked at, 2 without, lines []
    column = "i" | at_least = "a"
       must be at least a
       broken: 3 looked at, 2 without, lines [2, 3, 5]
    columns = ["a", "b"] | row_sum = [4, 8]
       must be in sum between 4 and 8
       broken: 3 looked at, 2 without, lines [6]
    columns = ["a", "b", "i"] | row_sum = { min = 5 }
       must be in sum at least 5
       passed: 2 looked at, 3 without, lines []
    sql = "a < b OR plan = 'plus'"
       must be such that a < b OR plan = 'plus'
       broken: 4 looked at, 1 without, lines [5]
    sql = "i IS NULL OR i > 0"
       must be such that i IS NULL OR i > 0
       passed: 5 looked at, 0 without, lines []
    "##);
}

#[test]
fn statistics() {
    insta::assert_snapshot!(found(&[
        "column = \"a\"\nmin = [-1, 0]",
        "column = \"began\"\nmin = { min = 2024-01-02 }",
        "column = \"at\"\nmax = [2024-02-29T00:00:00Z, 2024-03-01T00:00:00Z]",
        "column = \"i\"\nmax = { max = 2 }",
        "column = \"a\"\nmean = [1.7, 1.8]",
        "column = \"a\"\nmean = [1.7, 1.8]\nwhere = \"a > 0\"",
        "column = \"i\"\nmedian = [2, 2]",
        "column = \"b\"\nmedian = [3, 3]",
        "column = \"a\"\nstdev = [2.0, 2.2]",
        "column = \"a\"\nstdev = { max = 2.1 }",
        "column = \"a\"\nstdev = [2.0, 2.1]\nwhere = \"a = 4\"",
        "column = \"i\"\nsum = [8, 8]",
        "column = \"a\"\nsum = { max = 6 }",
        "column = \"a\"\nquantile = { at = 0.25, between = [0.8, 0.9] }",
        "column = \"a\"\nquantile = { at = 1, between = { max = 3 } }",
        "column = \"plan\"\ndistinct_count = [2, 2]",
        "column = \"a\"\ndistinct_count = { min = 5 }",
        "column = \"plan\"\ndistinct_in_set = [\"basic\", \"plus\", \"full\"]",
        "column = \"plan\"\ndistinct_in_set = [\"basic\"]",
        "column = \"plan\"\ndistinct_contains = [\"basic\"]",
        "column = \"plan\"\ndistinct_contains = [\"basic\", \"full\"]",
        "column = \"plan\"\ndistinct_equals = [\"plus\", \"basic\"]",
        "column = \"plan\"\ndistinct_equals = [\"plus\", \"full\"]",
        "column = \"plan\"\nnull_share = { max = 0.2 }",
        "column = \"plan\"\nnull_share = { max = 0.1 }",
        "column = \"a\"\nmean = [0, 1]\nwhere = \"a > 100\"",
        "column = \"a\"\nnull_share = { max = 0.5 }\nwhere = \"a > 100\"",
    ]), @r##"
    column = "a" | min = [-1, 0]
       must be lowest value between -1 and 0
       passed: 4 looked at, 1 without, found -1
    column = "began" | min = { min = 2024-01-02 }
       must be lowest value at least 2024-01-02
       broken: 4 looked at, 1 without, found 2024-01-01
    column = "at" | max = [2024-02-29T00:00:00Z, 2024-03-01T00:00:00Z]
       must be highest value between 2024-02-29T00:00:00Z and 2024-03-01T00:00:00Z
       passed: 4 looked at, 1 without, found 2024-02-29T12:00:00Z
    column = "i" | max = { max = 2 }
       must be highest value at most 2
       broken: 4 looked at, 1 without, found 3
    column = "a" | mean = [1.7, 1.8]
       must be mean between 1.7 and 1.8
       passed: 4 looked at, 1 without, found 1.75
    column = "a" | mean = [1.7, 1.8] | where = "a > 0"
       must be mean between 1.7 and 1.8 where a > 0
       broken: 3 looked at, 0 without, found 2.6666666666666665
    column = "i" | median = [2, 2]
       must be median exactly 2
       passed: 4 looked at, 1 without, found 2
    column = "b" | median = [3, 3]
       must be median exactly 3
       broken: 4 looked at, 1 without, found 2.75
    column = "a" | stdev = [2.0, 2.2]
       must be standard deviation between 2 and 2.2
       passed: 4 looked at, 1 without, found 2.101586702153082
    column = "a" | stdev = { max = 2.1 }
       must be standard deviation at most 2.1
       broken: 4 looked at, 1 without, found 2.101586702153082
    column = "a" | stdev = [2.0, 2.1] | where = "a = 4"
       must be standard deviation between 2 and 2.1 where a = 4
       broken: 1 looked at, 0 without, lines []
    column = "i" | sum = [8, 8]
       must be sum exactly 8
       passed: 4 looked at, 1 without, found 8
    column = "a" | sum = { max = 6 }
       must be sum at most 6
       broken: 4 looked at, 1 without, found 7
    column = "a" | quantile = { at = 0.25, between = [0.8, 0.9] }
       must be quantile 0.25 between 0.8 and 0.9
       passed: 4 looked at, 1 without, found 0.875
    column = "a" | quantile = { at = 1, between = { max = 3 } }
       must be quantile 1 at most 3
       broken: 4 looked at, 1 without, found 4
    column = "plan" | distinct_count = [2, 2]
       must be distinct values exactly 2
       passed: 4 looked at, 1 without, found 2
    column = "a" | distinct_count = { min = 5 }
       must be distinct values at least 5
       broken: 4 looked at, 1 without, found 4
    column = "plan" | distinct_in_set = ["basic", "plus", "full"]
       must be distinct values in ["basic", "plus", "full"]
       passed: 4 looked at, 1 without, found basic, plus
    column = "plan" | distinct_in_set = ["basic"]
       must be distinct values in ["basic"]
       broken: 4 looked at, 1 without, found plus
    column = "plan" | distinct_contains = ["basic"]
       must be distinct values with ["basic"]
       passed: 4 looked at, 1 without, found basic, plus
    column = "plan" | distinct_contains = ["basic", "full"]
       must be distinct values with ["basic", "full"]
       broken: 4 looked at, 1 without, found full
    column = "plan" | distinct_equals = ["plus", "basic"]
       must be distinct values ["plus", "basic"]
       passed: 4 looked at, 1 without, found basic, plus
    column = "plan" | distinct_equals = ["plus", "full"]
       must be distinct values ["plus", "full"]
       broken: 4 looked at, 1 without, found basic, full
    column = "plan" | null_share = { max = 0.2 }
       must be share of nulls at most 0.2
       passed: 4 looked at, 1 without, found 0.2
    column = "plan" | null_share = { max = 0.1 }
       must be share of nulls at most 0.1
       broken: 4 looked at, 1 without, found 0.2
    column = "a" | mean = [0, 1] | where = "a > 100"
       must be mean between 0 and 1 where a > 100
       broken: 0 looked at, 0 without, lines []
    column = "a" | null_share = { max = 0.5 } | where = "a > 100"
       must be share of nulls at most 0.5 where a > 100
       passed: 0 looked at, 0 without, found 0
    "##);
}

#[test]
fn rules_of_the_file() {
    insta::assert_snapshot!(found(&[
        "row_count = [5, 5]",
        "row_count = { min = 6 }",
        "row_count = [2, 2]\nwhere = \"plan = 'basic'\"",
        "row_count_equals = \"plans\"",
        "column_set = [\"plan\", \"id\", \"a\", \"b\", \"i\", \"began\", \"ended\", \"at\", \"code\"]",
        "column_order = [\"id\", \"plan\", \"a\", \"b\", \"i\", \"began\", \"ended\", \"at\", \"code\"]",
        "column_order = [\"plan\", \"id\", \"a\", \"b\", \"i\", \"began\", \"ended\", \"at\", \"code\"]",
        "column = \"at\"\nfreshness = \"12h\"",
        "column = \"at\"\nfreshness = \"11h\"",
        "column = \"began\"\nfreshness = \"27d\"",
        "column = \"began\"\nfreshness = \"26d\"",
        "column = \"at\"\nfreshness = \"12h\"\nwhere = \"at IS NULL\"",
    ]), @r##"
    row_count = [5, 5]
       must be rows exactly 5
       passed: 5 looked at, 0 without, found 5
    row_count = { min = 6 }
       must be rows at least 6
       broken: 5 looked at, 0 without, found 5
    row_count = [2, 2] | where = "plan = 'basic'"
       must be rows exactly 2 where plan = 'basic'
       passed: 2 looked at, 0 without, found 2
    row_count_equals = "plans"
       must be as many rows as plans
       passed: 5 looked at, 0 without, found 5, 5
    column_set = ["plan", "id", "a", "b", "i", "began", "ended", "at", "code"]
       must be columns plan, id, a, b, i, began, ended, at, code in any order
       passed: 5 looked at, 0 without, found id, plan, a, b, i, began, ended, at, code
    column_order = ["id", "plan", "a", "b", "i", "began", "ended", "at", "code"]
       must be columns id, plan, a, b, i, began, ended, at, code
       passed: 5 looked at, 0 without, found id, plan, a, b, i, began, ended, at, code
    column_order = ["plan", "id", "a", "b", "i", "began", "ended", "at", "code"]
       must be columns plan, id, a, b, i, began, ended, at, code
       broken: 5 looked at, 0 without, found id, plan, a, b, i, began, ended, at, code
    column = "at" | freshness = "12h"
       must be at most 12h old
       passed: 4 looked at, 1 without, found 2024-02-29T12:00:00Z
    column = "at" | freshness = "11h"
       must be at most 11h old
       broken: 4 looked at, 1 without, found 2024-02-29T12:00:00Z
    column = "began" | freshness = "27d"
       must be at most 27d old
       passed: 4 looked at, 1 without, found 2024-02-02
    column = "began" | freshness = "26d"
       must be at most 26d old
       broken: 4 looked at, 1 without, found 2024-02-02
    column = "at" | freshness = "12h" | where = "at IS NULL"
       must be at most 12h old where at IS NULL
       broken: 0 looked at, 1 without, lines []
    "##);
}

/// A column that begins at a date is in some files and not in others.
#[test]
fn columns_that_a_file_may_lack() {
    let all = "column_set = [\"id\", \"plan\", \"a\", \"b\", \"i\", \"began\", \"ended\", \"at\", \"code\"]";
    let mut table = table_with(&[all]);
    let since = Some("2024-03-01".parse().unwrap());
    table.columns.get_mut("code").unwrap().since = since;
    let without: String = FILE
        .lines()
        .map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0))
        .collect();
    let file = table::read(without.as_bytes(), "usage.csv", as_of(), &table).unwrap();
    let found = run(&table.checks, &file, &against()).remove(0);
    assert!(!found.passed);
    assert_eq!(
        found.observed_words(),
        "id, plan, a, b, i, began, ended, at"
    );
}

#[test]
fn texts_as_dates_and_numbers() {
    let file = "id,s\n1,2024-02-29\n2,29.02.2024\n3,2023-02-29\n4,\n5,7\n6,7.5\n7,true\n8,2024-02-29T10:00Z\n9,1e3\n10,2024-2-9\n";
    let mut table = table_with(&[
        "column = \"plan\"\ndate_format = \"%Y-%m-%d\"",
        "column = \"plan\"\ndate_format = \"%d.%m.%Y\"",
        "column = \"plan\"\ndtype = \"date\"",
        "column = \"plan\"\ndtype = \"datetime\"",
        "column = \"plan\"\ndtype = \"i64\"",
        "column = \"plan\"\ndtype = \"f64\"",
        "column = \"plan\"\ndtype = \"bool\"",
        "column = \"plan\"\ndtype = \"string\"",
    ]);
    let plan = table.columns["plan"].clone();
    table.columns.retain(|name, _| name.as_str() == "id");
    table.columns.insert("s".parse().unwrap(), plan);
    for check in &mut table.checks {
        check.columns = vec!["s".parse().unwrap()];
    }
    let file = table::read(file.as_bytes(), "s.csv", as_of(), &table).unwrap();
    let text = |row: &u32| {
        file.frame
            .column("s")
            .unwrap()
            .cell(*row as usize)
            .to_string()
    };
    let found: Vec<String> = run(&table.checks, &file, &against())
        .iter()
        .map(|found| {
            let kept = (0..10)
                .filter(|row| !found.rows.contains(row))
                .collect::<Vec<_>>();
            let kept: Vec<String> = kept.iter().map(text).collect();
            format!("{}: {}", found.rule, kept.join(" "))
        })
        .collect();
    insta::assert_snapshot!(found.join("\n"), @r##"
    a date like %Y-%m-%d: "2024-02-29" null "2024-2-9"
    a date like %d.%m.%Y: "29.02.2024" null
    readable as date: "2024-02-29" null
    readable as datetime: "2024-02-29" null "2024-02-29T10:00Z"
    readable as i64: null "7" "1e3"
    readable as f64: null "7" "7.5" "1e3"
    readable as bool: null "true"
    readable as string: "2024-02-29" "29.02.2024" "2023-02-29" null "7" "7.5" "true" "2024-02-29T10:00Z" "1e3" "2024-2-9"
    "##);
}

#[test]
fn numbers_and_instants_of_another_dtype() {
    let found = found(&[
        "column = \"a\"\ndtype = \"i64\"",
        "column = \"i\"\ndtype = \"f64\"",
        "column = \"at\"\ndtype = \"date\"",
        "column = \"began\"\ndtype = \"datetime\"",
    ]);
    insta::assert_snapshot!(found, @r##"
    column = "a" | dtype = "i64"
       must be readable as i64
       broken: 4 looked at, 1 without, lines [2, 3]
    column = "i" | dtype = "f64"
       must be readable as f64
       passed: 4 looked at, 1 without, lines []
    column = "at" | dtype = "date"
       must be readable as date
       broken: 4 looked at, 1 without, lines [4]
    column = "began" | dtype = "datetime"
       must be readable as datetime
       passed: 4 looked at, 1 without, lines []
    "##);
}

#[test]
fn thresholds_decide_what_happens() {
    let happened = |options: &str| {
        // Two of four values are broken.
        let found = result(&format!("column = \"a\"\nbetween = [2, 4]\n{options}"));
        match found.passed {
            true => "passed",
            false => found.severity.as_str(),
        }
    };
    let cases = [
        ("warn = { count = 3 }", "passed"),
        ("warn = { count = 2 }", "warn"),
        ("fail = { count = 3 }", "passed"),
        ("fail = { count = 2 }", "fail"),
        ("fail = { share = 0.51 }", "passed"),
        ("fail = { share = 0.5 }", "fail"),
        ("warn = { count = 1 }\nfail = { count = 3 }", "warn"),
        ("warn = { count = 1 }\nfail = { share = 0.1 }", "fail"),
        (
            "severity = \"quarantine\"\nfail = { count = 3 }",
            "quarantine",
        ),
        ("severity = \"quarantine\"\nfail = { count = 2 }", "fail"),
        ("mostly = 0.5", "passed"),
        ("mostly = 0.51\nseverity = \"warn\"", "warn"),
        ("where = \"a IS NULL\"\nfail = { share = 0.001 }", "passed"),
    ];
    for (options, expected) in cases {
        assert_eq!(happened(options), expected, "{options}");
    }
}

#[test]
fn quarantined_rows_are_whole_with_their_lines_and_rules() {
    let table = table_with(&[
        "column = \"plan\"\nunique = true\nseverity = \"quarantine\"",
        "column = \"a\"\nbetween = [0, 3]\nseverity = \"quarantine\"",
        "sql = \"began <= ended\"\nseverity = \"quarantine\"",
        "column = \"b\"\nnot_null = true\nseverity = \"warn\"",
    ]);
    let checked = check(read(&table), &table.checks, &against());
    let rows = checked.quarantine().unwrap();
    let csv = table::FileForm::Csv
        .encode(&rows, &["__line", "__rules", "id"])
        .unwrap();
    insta::assert_snapshot!(String::from_utf8(csv).unwrap(), @r##"
    __line,__rules,id,a,at,b,began,code,ended,i,plan
    2,plan unique,u1,1.5,2024-02-01T00:00:00Z,2.5,2024-01-01,A-10,2024-01-05,1,basic
    3,plan unique; such that began <= ended,u2,2.5,,,2024-01-31,B-20,2024-01-30,2,plus
    5,plan unique; a between 0 and 3,u4,4.0,2024-02-28T00:00:00Z,4.0,2024-02-02,,2024-02-02,2,basic
    6,plan unique; a between 0 and 3,u5,-1.0,2024-02-10T00:00:00Z,1.0,2024-01-15,D-40,,,plus
    "##);
    let kept = checked.frame().column("id").unwrap();
    assert_eq!((kept.len(), kept.cell(0).to_string()), (1, "\"u3\"".into()));
    let nothing = check(read(&table), &[], &against());
    assert!(nothing.quarantine().is_none());
}

#[test]
fn what_nobody_can_say_is_not_held_against_a_file() {
    let alone = Against::nothing(as_of());
    for block in [
        "column = \"plan\"\nexists_in = \"plans.plan\"",
        "row_count_equals = \"plans\"",
    ] {
        let table = table_with(&[block]);
        let found = run(&table.checks, &read(&table), &alone).remove(0);
        assert!(found.passed && found.missing.is_none(), "{found:?}");
    }
}

/// A result as the first version wrote it, without what came later.
#[test]
fn results_of_the_first_version_are_read() {
    let text = r#"{"column":"user_id","rule":"unique","severity":"warn","mostly":1.0,"checked":4,"failed":2,"passed":false,"examples":[{"line":3,"value":"\"b\""}]}"#;
    let found: CheckResult = serde_json::from_str(text).unwrap();
    assert_eq!((found.subject().as_str(), found.failed), ("user_id", 2));
    assert!(found.is_by_row() && found.block.is_empty());
    assert_eq!(serde_json::to_string(&found).unwrap(), text);
}
