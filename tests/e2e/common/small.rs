//! A small project, to be damaged in a hundred ways.

pub const JANUARY: &str = "2024-01-31";
pub const FEBRUARY: &str = "2024-02-29";

const PROJECT: &str = r#"[project]
name = "small"

[store]
path = ".streamflow"

[entities.user]
key = "user_id"
"#;

const USAGE: &str = r#"entity = "user"
description = "What a customer watches."

[source]
path = "data/{as_of}/usage.csv"

[columns]
user_id = "string"
plan    = "string"
hours   = "f64"
devices = "i64"
joined  = "date"

[[checks]]
column  = "hours"
between = [0.0, 744.0]

[features]
columns = ["plan", "hours", "devices"]

[features.derived]
per_device = "hours / NULLIF(devices, 0)"
"#;

const LABELS: &str = r#"entity = "user"

[source]
path = "data/{as_of}/labels.csv"

[columns]
user_id = "string"
left    = "bool"
"#;

const EXPERIMENT: &str = r#"description = "The smallest one"
registers   = "leaving"
as_of       = 2024-01-31

[label]
table  = "labels"
column = "left"

[dataset]
features = ["usage.plan", "usage.hours", "usage.devices", "usage.per_device"]

[split]
method = "hash"
test   = 0.25
seed   = 42

[preprocess]
numeric             = "passthrough"
categorical         = "one_hot"
missing_numeric     = "median"
missing_categorical = "category"

[model]
kind  = "random_forest"
trees = 12
seed  = 42

[evaluate]
threshold = 0.5

[promote]
production = ["auc >= 0.60", "clean"]
"#;

/// Every file of the project.
pub fn small_files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = [
        (".gitignore", ".streamflow/\n"),
        ("streamflow.toml", PROJECT),
        ("features/usage.toml", USAGE),
        ("features/labels.toml", LABELS),
        ("experiments/small.toml", EXPERIMENT),
    ]
    .map(|(path, text)| (path.to_string(), text.to_string()))
    .to_vec();
    for (month, date) in [JANUARY, FEBRUARY].into_iter().enumerate() {
        files.push((format!("data/{date}/usage.csv"), usage(month)));
        files.push((format!("data/{date}/labels.csv"), labels(month)));
    }
    files
}

/// Customers U001 to U060; in the second month the first has gone and one has come.
fn customers(month: usize) -> std::ops::Range<usize> {
    1 + month..61 + month
}

fn usage(month: usize) -> String {
    let mut text = "user_id,plan,hours,devices,joined\n".to_string();
    for n in customers(month) {
        let plan = if n % 3 == 0 { "plus" } else { "basic" };
        let hours = (n * 7 + month * 5) % 40;
        let devices = n % 4;
        text.push_str(&format!(
            "U{n:03},{plan},{hours}.5,{devices},2023-0{}-15\n",
            n % 9 + 1
        ));
    }
    text
}

/// Who watches little leaves, mostly.
fn labels(month: usize) -> String {
    let mut text = "user_id,left\n".to_string();
    for n in customers(month) {
        let left = (n * 7 + month * 5) % 40 < 14 && n % 5 != 0 || n % 17 == 0;
        text.push_str(&format!("U{n:03},{left}\n"));
    }
    text
}
