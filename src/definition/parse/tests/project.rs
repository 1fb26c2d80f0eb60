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
    ]), @r#"
    name = "shop" | version = 1
       streamflow.toml:3:1 unknown key `version` / `[project]` takes `name`
    [store] | paht
       streamflow.toml:5:1 unknown key `paht` / did you mean `path`?
    [server]
       streamflow.toml:13:2 unknown key `server` / did you mean `serve`?
    key = "user_id" | keys = []
       streamflow.toml:9:1 unknown key `keys` / did you mean `key`?
    maxage
       streamflow.toml:16:1 unknown key `maxage` / did you mean `max_age`?
    "#);
}

#[test]
fn missing_keys() {
    assert_snapshot!(said_of(PROJECT, &[
        ("name = \"shop\"", ""),
        ("[project]\nname = \"shop\"", ""),
        ("key = \"account_id\"", ""),
        ("[entities.user]\nkey = \"user_id\"\n\n[entities.account]\nkey = \"account_id\"", "[entities]"),
    ]), @r#"
    without name = "shop"
       streamflow.toml:1:1 missing key `name` / what the project is called
    without [project] | name = "shop"
       streamflow.toml:1:1 missing section `[project]` / a project has a `name`
    without key = "account_id"
       streamflow.toml:10:1 missing key `key` / the column that identifies one, such as `user_id`
    [entities]
       streamflow.toml:7:1 no entity is declared / add `[entities.user]` with its `key`
    "#);
}

#[test]
fn values_that_do_not_fit() {
    assert_snapshot!(said_of(PROJECT, &[
        ("name = \"shop\"", "name = 3"),
        ("name = \"shop\"", "name = \" \""),
        ("[store]\npath = \".streamflow\"", "[store.path]"),
        ("[entities.account]", "[entities.\"an account\"]"),
        ("key = \"account_id\"", "key = \"__row_date\""),
        ("[entities.account]\nkey = \"account_id\"", "[entities]\naccount = \"account_id\""),
        ("address = \"127.0.0.1:8000\"", "address = \"localhost\""),
        ("address = \"127.0.0.1:8000\"", "address = \"localhost:80000\""),
        ("model = \"churn\"", "model = \"../churn\""),
        ("max_age = \"45d\"", "max_age = 45"),
        ("max_age = \"45d\"", "max_age = \"45 days\""),
        ("log_predictions = true", "log_predictions = \"yes\""),
        ("shadow = \"staging\"", "shadow = \"production\""),
        ("shadow = \"staging\"", "shadow = true"),
        ("canary = 0.1", "canary = 1.5"),
        ("canary = 0.1", "canary = -0.1"),
        ("canary = 0.1", "canary = \"10 %\""),
        ("canary = 0.1", "canary = nan"),
    ]), @r#"
    name = 3
       streamflow.toml:2:8 wrong type for `name` / expected a string, found an integer
    name = " "
       streamflow.toml:2:8 invalid value for `name` / expected a text of one line that is not empty
    [store.path]
       streamflow.toml:4:1 wrong type for `path` / expected a string, found a table
    [entities."an account"]
       streamflow.toml:10:11 invalid name of an entity / `an account` is not a name: use up to 100 letters, digits, `_` and `-`, a letter or digit first
    key = "__row_date"
       streamflow.toml:11:7 invalid value for `key` / `__row_date` begins with `__`, which streamflow keeps for its own columns
    [entities] | account = "account_id"
       streamflow.toml:11:11 wrong type for `account` / expected a section `[entities.account]`, found a string
    address = "localhost"
       streamflow.toml:14:11 invalid value for `address` / expected HOST:PORT such as `127.0.0.1:8000`
    address = "localhost:80000"
       streamflow.toml:14:11 invalid value for `address` / expected HOST:PORT such as `127.0.0.1:8000`
    model = "../churn"
       streamflow.toml:15:9 invalid value for `model` / `../churn` is not a name: use up to 100 letters, digits, `_` and `-`, a letter or digit first
    max_age = 45
       streamflow.toml:16:11 wrong type for `max_age` / expected a string, found an integer
    max_age = "45 days"
       streamflow.toml:16:11 invalid value for `max_age` / `45 days` is not a length of time such as `45d`, `12h` or `30m`
    log_predictions = "yes"
       streamflow.toml:17:19 wrong type for `log_predictions` / expected true or false, found a string
    shadow = "production"
       streamflow.toml:18:10 unknown value `production` for `shadow` / expected `staging`
    shadow = true
       streamflow.toml:18:10 wrong type for `shadow` / expected a string, found a boolean
    canary = 1.5
       streamflow.toml:19:10 invalid value for `canary` / the share of entities lies between 0 and 1, such as 0.1
    canary = -0.1
       streamflow.toml:19:10 invalid value for `canary` / the share of entities lies between 0 and 1, such as 0.1
    canary = "10 %"
       streamflow.toml:19:10 wrong type for `canary` / expected a number, found a string
    canary = nan
       streamflow.toml:19:10 invalid value for `canary` / expected a finite number
    "#);
}
