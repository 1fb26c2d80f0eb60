use insta::assert_snapshot;

use super::{PROJECT, said_of};

#[test]
fn unknown_keys() {
    assert_snapshot!(said_of(PROJECT, &[
        ("name = \"shop\"", "name = \"shop\"\nversion = 1"),
        ("[store]\npath", "[store]\npaht"),
        ("[serve]", "[server]"),
        ("key = \"user_id\"", "key = \"user_id\"\nkeys = []"),
        ("max_age", "maxage"),
    ]), @"");
}

#[test]
fn missing_keys() {
    assert_snapshot!(said_of(PROJECT, &[
        ("name = \"shop\"", ""),
        ("[project]\nname = \"shop\"", ""),
        ("key = \"account_id\"", ""),
        ("[entities.user]\nkey = \"user_id\"\n\n[entities.account]\nkey = \"account_id\"", "[entities]"),
    ]), @"");
}

#[test]
fn values_that_do_not_fit() {
    assert_snapshot!(said_of(PROJECT, &[
        ("name = \"shop\"", "name = 3"),
        ("name = \"shop\"", "name = \" \""),
        ("[store]\npath = \".streamflow\"", "store = \".streamflow\""),
        ("[entities.account]", "[entities.\"an account\"]"),
        ("key = \"account_id\"", "key = \"__row_date\""),
        ("[entities.account]\nkey = \"account_id\"", "[entities]\naccount = \"account_id\""),
        ("address = \"127.0.0.1:8000\"", "address = \"localhost\""),
        ("address = \"127.0.0.1:8000\"", "address = \"localhost:80000\""),
        ("model = \"churn\"", "model = \"../churn\""),
        ("max_age = \"45d\"", "max_age = 45"),
        ("max_age = \"45d\"", "max_age = \"45 days\""),
    ]), @"");
}
