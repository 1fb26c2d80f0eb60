//! Every rule on one small file: kept and broken, with nulls, with conditions and thresholds.

use crate::definition::{AsOf, DefinitionFiles, Definitions, Dtype, Table};
use crate::table::{self, ReadFile};

use super::{Against, CheckResult, OtherTable, check, run};

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
    ]), @"");
}

#[test]
fn rules_of_several_values() {
    insta::assert_snapshot!(found(&[
        "column = \"i\"\nincreasing = true",
        "column = \"i\"\nincreasing = true\nwhere = \"id <> 'u4'\"",
        "column = \"i\"\nstrictly_increasing = true\nwhere = \"id <> 'u3'\"",
        "column = \"ended\"\ngreater_than = \"began\"",
        "column = \"ended\"\nat_least = \"began\"",
        "column = \"a\"\ngreater_than = \"i\"",
        "column = \"i\"\nat_least = \"a\"",
        "columns = [\"a\", \"b\"]\nrow_sum = [4, 8]",
        "columns = [\"a\", \"b\", \"i\"]\nrow_sum = { min = 5 }",
        "sql = \"a < b OR plan = 'plus'\"",
        "sql = \"i IS NULL OR i > 0\"",
    ]), @"");
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
        "column = \"a\"\nstdev = [2.0, 2.1]",
        "column = \"a\"\nstdev = [2.0, 2.1]\nwhere = \"a = 4\"",
        "column = \"i\"\nsum = [8, 8]",
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
    ]), @"");
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
    ]), @"");
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
    insta::assert_snapshot!(found.join("\n"), @"");
}

#[test]
fn numbers_and_instants_of_another_dtype() {
    let found = found(&[
        "column = \"a\"\ndtype = \"i64\"",
        "column = \"i\"\ndtype = \"f64\"",
        "column = \"at\"\ndtype = \"date\"",
        "column = \"began\"\ndtype = \"datetime\"",
    ]);
    insta::assert_snapshot!(found, @"");
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
    insta::assert_snapshot!(String::from_utf8(csv).unwrap(), @"");
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
