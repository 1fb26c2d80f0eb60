//! Features of two tables: one value in training, for a request and for all, and what is said of it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::world::World;

const JANUARY: &str = "2024-01-31";
const EXPERIMENT: &str = "experiments/leaving.toml";

const USAGE: &str = r#"entity = "user"
[source]
path = "data/{as_of}/usage.csv"
[columns]
user_id = "string"
hours   = "f64"
plan    = "string"
[features]
columns = ["hours", "plan"]
[features.request]
basket = "f64"
"#;

const TERMS: &str = r#"entity = "user"
[source]
path = "data/{as_of}/terms.csv"
[columns]
user_id = "string"
months  = "i64"
yearly  = "bool"
[features]
columns = ["months", "yearly"]
"#;

const LABELS: &str = r#"entity = "user"
[source]
path = "data/{as_of}/labels.csv"
[columns]
user_id = "string"
left    = "bool"
basket  = "f64"
"#;

const LEAVING: &str = r#"registers = "leaving"
as_of     = 2024-01-31
[label]
table  = "labels"
column = "left"
[dataset]
features = ["usage.hours", "usage.plan", "usage.basket", "terms.months", "terms.yearly"]
[preprocess]
missing_numeric     = "median"
missing_categorical = "category"
[preprocess.derived]
per_month   = "usage.hours/nullif(terms.months, 0)"
bound       = "terms.yearly AND usage.plan = 'plus'"
kind        = "CASE WHEN terms.months > 9 THEN usage.plan ELSE 'new' END"
basket_rest = "usage.basket - terms.months"
[preprocess.columns]
per_month   = { log = true }
kind        = { categorical = "target" }
terms.months = { drop = true }
[model]
kind  = "gradient_boosting"
trees = 12
min_samples_leaf = 3
"#;

struct Row {
    hours: Option<f64>,
    plan: Option<&'static str>,
    months: Option<i64>,
    yearly: Option<bool>,
    basket: f64,
}

/// Every sort of null: the last users lack a row in one table or the other.
fn row(n: i64) -> Row {
    Row {
        hours: (n % 7 != 3 && n < 88).then(|| (n * 13 % 40) as f64 + 0.3),
        plan: (n % 11 != 5 && n < 88).then(|| ["basic", "plus"][(n % 2) as usize]),
        months: (!(84..88).contains(&n)).then_some(n % 19),
        yearly: (!(84..88).contains(&n)).then_some(n % 3 == 0),
        basket: (n % 13) as f64,
    }
}

const USERS: i64 = 92;

fn project() -> World {
    let (mut usage, mut terms, mut labels) = (
        "user_id,hours,plan\n".to_string(),
        "user_id,months,yearly\n".to_string(),
        "user_id,left,basket\n".to_string(),
    );
    for n in 0..USERS {
        let Row {
            hours,
            plan,
            months,
            yearly,
            basket,
        } = row(n);
        let hours = hours.map_or(String::new(), |hours| hours.to_string());
        if n < 88 {
            usage.push_str(&format!("U{n:02},{hours},{}\n", plan.unwrap_or("")));
        }
        if let (Some(months), Some(yearly)) = (months, yearly) {
            terms.push_str(&format!("U{n:02},{months},{yearly}\n"));
        }
        let left = n * 13 % 40 < 3 * (n % 19) || n % 17 == 0;
        labels.push_str(&format!("U{n:02},{left},{basket}\n"));
    }
    let text = |path: &str, text: &str| (path.to_string(), text.to_string());
    World::of(&[
        text(
            "streamflow.toml",
            "[project]\nname = \"leaving\"\n[entities.user]\nkey = \"user_id\"\n",
        ),
        text("features/usage.toml", USAGE),
        text("features/terms.toml", TERMS),
        text("features/labels.toml", LABELS),
        text(EXPERIMENT, LEAVING),
        text("data/2024-01-31/usage.csv", &usage),
        text("data/2024-01-31/terms.csv", &terms),
        text("data/2024-01-31/labels.csv", &labels),
    ])
}

fn run(world: &World, arguments: &[&str]) -> Value {
    let (code, document) = world.run(arguments);
    assert_eq!(code, 0, "{arguments:?}: {document:#}");
    document
}

/// With a run in Production and its values.
fn ready() -> World {
    let world = project();
    run(&world, &["run", "leaving"]);
    run(&world, &["materialize", "--as-of", JANUARY]);
    let promote = ["promote", "leaving@latest", "--to", "production"];
    run(
        &world,
        &[&promote[..], &["--reason", "it is told"]].concat(),
    );
    world
}

fn file(world: &World, name: &str) -> String {
    world.root.join(name).to_str().unwrap().to_string()
}

/// What expressions give, worked out by hand.
fn expected(n: i64) -> Value {
    let row = row(n);
    let months = row.months.map(|months| months as f64);
    let per_month = row
        .hours
        .zip(months.filter(|months| *months != 0.0))
        .map(|(hours, months)| hours / months);
    let plus = row.plan.map(|plan| plan == "plus");
    let bound = match (row.yearly, plus) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    let kind = match row.months {
        Some(months) if months > 9 => row.plan,
        _ => Some("new"),
    };
    let rest = months.map(|months| row.basket - months);
    json!({ "per_month": per_month, "bound": bound, "kind": kind, "basket_rest": rest })
}

#[test]
fn training_and_request_give_one_score() {
    let world = ready();
    let path = file(&world, "predictions.csv");
    run(
        &world,
        &["get", "leaving@latest", "predictions", "-o", &path],
    );
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let scored: BTreeMap<String, f64> = lines
        .map(|cells| {
            let probability = cells[at("probability")].parse().unwrap();
            (cells[at("user_id")].to_string(), probability)
        })
        .collect();
    assert!(scored.len() > 10);
    let server = world.serve();
    let users: Vec<String> = (0..USERS).map(|n| format!("U{n:02}")).collect();
    let contexts: Vec<Value> = (0..USERS)
        .map(|n| json!({ "basket": row(n).basket }))
        .collect();
    let answers = server
        .predict(&json!({ "user_ids": users, "contexts": contexts }))
        .json();
    for (n, answer) in (0..).zip(answers["predictions"].as_array().unwrap()) {
        assert_eq!(answer["derived"], expected(n), "U{n}");
        let used: Vec<&String> = answer["features_used"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        let raw = [
            "terms.months",
            "terms.yearly",
            "usage.basket",
            "usage.hours",
            "usage.plan",
        ];
        assert_eq!(used, raw);
        let imputed = answer["imputed"].as_array().unwrap();
        for name in ["per_month", "bound", "kind", "basket_rest"] {
            let is_null = expected(n)[name].is_null();
            assert_eq!(imputed.contains(&json!(name)), is_null, "U{n} {name}");
        }
        // To the bit, whatever is null.
        if let Some(probability) = scored.get(answer["user_id"].as_str().unwrap()) {
            assert_eq!(answer["probability"].as_f64(), Some(*probability), "U{n}");
        }
        let alone = json!({ "user_id": users[n as usize], "context": contexts[n as usize] });
        assert_eq!(server.predict(&alone).json(), *answer);
    }
    let told = server.get("/model").json();
    let rest = &told["derived"]["basket_rest"];
    assert_eq!(rest, "usage.basket - terms.months");
}

#[test]
fn what_is_derived_is_explained_by_its_own_name() {
    let world = ready();
    let asked = ["predict", "U02", "--context", "basket=2", "--explain"];
    let answer = run(&world, &asked);
    let explained = &answer["explanation"];
    let contributions = explained["contributions"].as_object().unwrap();
    let names: Vec<&String> = contributions.keys().collect();
    let expected = [
        "basket_rest",
        "bound",
        "kind",
        "per_month",
        "terms.yearly",
        "usage.basket",
        "usage.hours",
        "usage.plan",
    ];
    assert_eq!(names, expected, "what is dropped contributes nothing");
    let parts = contributions.values().map(|part| part.as_f64().unwrap());
    let sum = parts.fold(explained["base"].as_f64().unwrap(), |sum, part| sum + part);
    let probability = answer["probability"].as_f64().unwrap();
    assert!((streamflow::math::sigmoid(sum) - probability).abs() <= 1e-9);
    let importances = run(&world, &["show", "leaving@latest", "--importances"]);
    let permuted = importances["importances"].as_array().unwrap();
    let mut names: Vec<&str> = permuted
        .iter()
        .map(|feature| feature["feature"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, expected);
}

/// Where a null is refused, it is so for one row and not for those beside it.
#[test]
fn a_null_that_is_refused_names_what_is_derived() {
    let world = project();
    let text = fs::read_to_string(world.root.join(EXPERIMENT)).unwrap();
    let strict = text
        .replace(
            "features = [\"usage.hours\", \"usage.plan\", \"usage.basket\",",
            "features = [\"usage.hours\",",
        )
        .replace(
            "per_month   = { log = true }",
            "per_month = { missing_numeric = \"error\" }",
        )
        .replace(
            "bound       = \"terms.yearly AND usage.plan = 'plus'\"\n",
            "",
        )
        .replace(
            "kind        = \"CASE WHEN terms.months > 9 THEN usage.plan ELSE 'new' END\"\n",
            "",
        )
        .replace("basket_rest = \"usage.basket - terms.months\"\n", "")
        .replace("kind        = { categorical = \"target\" }\n", "");
    fs::write(world.root.join(EXPERIMENT), &strict).unwrap();
    let (code, refused) = world.run(&["run", "leaving"]);
    assert_eq!(code, 6, "{refused:#}");
    let details = refused["error"]["details"].as_array().unwrap();
    assert!(
        details[0].as_str().unwrap().starts_with("per_month: "),
        "{details:?}"
    );
    // Trained where it is known, and asked where it is not.
    let known: Vec<String> = (0..USERS)
        .filter(|n| *n == 0 || !expected(*n)["per_month"].is_null())
        .map(|n| format!("U{n:02}"))
        .collect();
    for name in ["usage", "terms", "labels"] {
        let path = world.root.join(format!("data/2024-01-31/{name}.csv"));
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        let head = lines.next().unwrap().to_string();
        let of_known = |line: &&str| known.iter().any(|user| line.starts_with(user.as_str()));
        // U00 has been a customer for 0 months, and has no label.
        let kept = lines.filter(of_known);
        let kept = kept.filter(|line| name != "labels" || !line.starts_with("U00"));
        let kept: Vec<String> = std::iter::once(head)
            .chain(kept.map(String::from))
            .collect();
        fs::write(path, kept.join("\n") + "\n").unwrap();
    }
    run(&world, &["run", "leaving"]);
    run(&world, &["materialize", "--as-of", JANUARY]);
    let promote = ["promote", "leaving@latest", "--to", "production"];
    run(
        &world,
        &[&promote[..], &["--reason", "it is strict"]].concat(),
    );
    let server = world.serve();
    let answers = server
        .predict(&json!({ "user_ids": ["U01", "U00", "U02"] }))
        .json();
    let answers = answers["predictions"].as_array().unwrap();
    assert_eq!(answers[0]["derived"]["per_month"], expected(1)["per_month"]);
    assert_eq!(answers[2]["derived"]["per_month"], expected(2)["per_month"]);
    assert_eq!(answers[1]["error"]["status"], 422);
    let detail = answers[1]["error"]["detail"].as_str().unwrap();
    assert!(detail.contains("per_month is null"), "{detail}");
    let path = file(&world, "all.csv");
    run(&world, &["predict", "--all", "-o", &path]);
    let all = fs::read_to_string(path).unwrap();
    let refused: Vec<&str> = all
        .lines()
        .filter(|line| line.contains("per_month"))
        .collect();
    assert!(refused.len() == 1 && refused[0].starts_with("U00"), "{all}");
}
