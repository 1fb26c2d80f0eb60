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
        "column = \"hours\"\nbetween = [0, 1]\nnot_null = true",
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
    ]), @"");
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
    ]), @"");
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
    ]), @"");
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
    ]), @"");
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
    ]), @"");
    let mut files = edited(USAGE, FIRST, "row_count_equals = \"accounts\"");
    let accounts = files.0.get_mut(ACCOUNTS).unwrap();
    accounts.push_str("[[checks]]\nrow_count_equals = \"labels\"\n");
    let labels = files.0.get_mut(super::LABELS).unwrap();
    labels.push_str("[[checks]]\nrow_count_equals = \"usage\"\n");
    assert_snapshot!(findings(&Definitions::parse(&files).unwrap_err()), @"");
}
