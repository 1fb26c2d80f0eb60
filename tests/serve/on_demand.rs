//! Features on demand: declared once, the same value in training, for a spine, and for a request.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::world::{Server, World};

const JANUARY: &str = "2024-01-31";

const USAGE: &str = r#"entity = "user"
[source]
path = "data/{as_of}/usage.csv"
[columns]
user_id = "string"
hours   = "f64"
[features]
ttl     = "45d"
columns = ["hours"]
[features.request]
basket  = "f64"
channel = "string"
member  = "bool"
[features.derived]
basket_per_hour = "basket / NULLIF(hours, 0)"
by_app          = "COALESCE(channel, 'none') = 'app'"
"#;

const VIEWS: &str = r#"entity = "user"
[source]
path      = "data/{as_of}/views.csv"
timestamp = "watched_at"
[columns]
user_id    = "string"
watched_at = "datetime"
minutes    = "f64"
[features.windowed]
minutes_7d = { sql = "SUM(minutes)", window = "7d" }
[features.request]
basket = "f64"
[features.derived]
basket_over = "basket * 60 - minutes_7d"
"#;

const ORDERS: &str = r#"entity = "user"
[source]
path = "data/{as_of}/orders.csv"
[columns]
user_id = "string"
basket  = "f64"
channel = "string"
member  = "bool"
bought  = "bool"
"#;

const EXPERIMENT: &str = r#"registers = "buying"
as_of     = 2024-01-31
[label]
table  = "orders"
column = "bought"
[dataset]
features = ["usage.hours", "usage.basket", "usage.basket_per_hour", "usage.by_app", "views.basket_over"]
[preprocess]
missing_numeric     = "median"
missing_categorical = "category"
[model]
kind  = "random_forest"
trees = 20
"#;

/// Eighty customers with an order each; the last has no usage.
pub fn project() -> World {
    let mut usage = "user_id,hours\n".to_string();
    let mut views = "user_id,watched_at,minutes\n".to_string();
    let mut orders = "user_id,basket,channel,member,bought\n".to_string();
    for n in 0..80 {
        let hours = f64::from(n % 7);
        if n < 79 {
            usage.push_str(&format!("U{n:02},{hours:?}\n"));
        }
        for view in 0..n % 4 {
            let day = 20 + (n + view * 3) % 12;
            views.push_str(&format!(
                "U{n:02},2024-01-{day}T20:00:00Z,{}.25\n",
                view + n
            ));
        }
        let basket = match n % 10 {
            9 => String::new(),
            _ => format!("{}.5", n % 13),
        };
        let channel = ["app", "web", ""][(n % 3) as usize];
        let bought = n % 13 > 5 || n % 3 == 0;
        let member = n % 2 == 0;
        orders.push_str(&format!("U{n:02},{basket},{channel},{member},{bought}\n"));
    }
    let text = |path: &str, text: &str| (path.to_string(), text.to_string());
    World::of(&[
        text(
            "streamflow.toml",
            "[project]\nname = \"shop\"\n[entities.user]\nkey = \"user_id\"\n",
        ),
        text("features/usage.toml", USAGE),
        text("features/views.toml", VIEWS),
        text("features/orders.toml", ORDERS),
        text("experiments/buying.toml", EXPERIMENT),
        text("data/2024-01-31/usage.csv", &usage),
        text("data/2024-01-31/views.csv", &views),
        text("data/2024-01-31/orders.csv", &orders),
    ])
}

/// With a run in Production and its values.
pub fn ready() -> World {
    let world = project();
    let (code, document) = world.run(&["run", "buying"]);
    assert_eq!(code, 0, "{document:#}");
    let (code, document) = world.run(&["materialize", "--as-of", JANUARY]);
    assert_eq!(code, 0, "{document:#}");
    let promote = [
        "promote",
        "buying@latest",
        "--to",
        "production",
        "--reason",
        "it sells",
    ];
    let (code, document) = world.run(&promote);
    assert_eq!(code, 0, "{document:#}");
    world
}

/// The rows of a CSV file, by user.
fn rows(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut lines = text.lines();
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(String::from);
        let row: BTreeMap<_, _> = head.iter().map(ToString::to_string).zip(cells).collect();
        (row["user_id"].clone(), row)
    };
    lines.map(row).collect()
}

fn number(text: &str) -> Option<f64> {
    (!text.is_empty()).then(|| text.parse().unwrap())
}

/// What comes with the order of a customer.
fn context(order: &BTreeMap<String, String>) -> Value {
    let text = &order["channel"];
    json!({
        "basket": number(&order["basket"]),
        "channel": (!text.is_empty()).then_some(text),
    })
}

const FEATURES: [&str; 4] = [
    "usage.basket",
    "usage.basket_per_hour",
    "usage.by_app",
    "views.basket_over",
];

#[test]
fn training_spine_and_request_give_one_value() {
    let world = ready();
    let read = |path: &str| fs::read_to_string(world.root.join(path)).unwrap();
    let get = ["get", "buying@latest", "training_set", "-o", "training.csv"];
    let mut command = get.map(String::from);
    command[4] = world.root.join("training.csv").display().to_string();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    assert_eq!(world.run(&command).0, 0);
    let training = rows(&read("training.csv"));
    let orders = rows(&read("data/2024-01-31/orders.csv"));
    let usage = rows(&read("data/2024-01-31/usage.csv"));
    let views = read("data/2024-01-31/views.csv");

    // A plain loop over the files.
    assert_eq!(training.len(), 80);
    for (user, row) in &training {
        let order = &orders[user];
        let basket = number(&order["basket"]);
        let hours = usage.get(user).and_then(|row| number(&row["hours"]));
        let ratio = basket
            .zip(hours)
            .and_then(|(basket, hours)| (hours != 0.0).then(|| basket / hours));
        // From the 25th on: seven days before the last instant of the 31st.
        let of_user: Vec<_> = views
            .lines()
            .filter(|line| line.starts_with(user.as_str()))
            .collect();
        let recent = of_user.iter().filter(|line| line[12..14] >= *"25");
        let minutes: Vec<f64> = recent
            .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
            .collect();
        let sum = (!minutes.is_empty()).then(|| minutes.iter().sum::<f64>());
        let over = basket.zip(sum).map(|(basket, sum)| basket * 60.0 - sum);
        assert_eq!(number(&row["usage.basket"]), basket, "{user}");
        assert_eq!(number(&row["usage.basket_per_hour"]), ratio, "{user}");
        assert_eq!(number(&row["views.basket_over"]), over, "{user}");
        assert_eq!(row["usage.by_app"], (order["channel"] == "app").to_string());
    }

    // The same for people who train elsewhere.
    let spine: Vec<_> = read("data/2024-01-31/orders.csv")
        .lines()
        .enumerate()
        .map(|(at, line)| format!("{line},{}", if at == 0 { "as_of" } else { JANUARY }))
        .collect();
    let path = world.root.join("spine.csv");
    fs::write(&path, spine.join("\n") + "\n").unwrap();
    let out = world.root.join("joined.csv");
    let (spine, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let retrieve = [
        "features",
        "--spine",
        spine,
        "-o",
        out,
        "--experiment",
        "buying",
    ];
    let (code, document) = world.run(&retrieve);
    assert_eq!(code, 0, "{document:#}");
    for (user, row) in rows(&read("joined.csv")) {
        for feature in FEATURES {
            assert_eq!(row[feature], training[&user][feature], "{user} {feature}");
        }
    }

    // And for a request.
    let server = world.serve();
    for (user, order) in &orders {
        let answer = server.predict(&json!({ "user_id": user, "context": context(order) }));
        if !usage.contains_key(user) {
            assert_eq!(answer.status, 200, "views know {user}: {answer:?}");
        }
        let used = &answer.json()["features_used"];
        for feature in FEATURES {
            let expected = &training[user][feature];
            let told = match &used[feature] {
                Value::Null => String::new(),
                Value::Bool(told) => told.to_string(),
                told => {
                    assert_eq!(told.as_f64(), number(expected), "{user} {feature}");
                    continue;
                }
            };
            assert_eq!(told, *expected, "{user} {feature}");
        }
    }
}

#[test]
fn a_batch_shares_a_context_or_brings_one_each() {
    let world = ready();
    let server = world.serve();
    let near = json!({ "basket": 2, "channel": "app" });
    let far = json!({ "basket": 11.5, "channel": null });
    let one = |id: &str, context: &Value| {
        let answer = server.predict(&json!({ "user_id": id, "context": context }));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let many = |body: Value| server.predict(&body).json()["predictions"].clone();
    let shared = many(json!({ "user_ids": ["U01", "U02"], "context": near }));
    assert_eq!(shared, json!([one("U01", &near), one("U02", &near)]));
    let each = many(json!({ "user_ids": ["U01", "U01", "nobody"], "contexts": [near, far, far] }));
    assert_eq!(each[0], one("U01", &near));
    assert_eq!(each[1], one("U01", &far));
    assert_eq!(each[2]["error"]["status"], 404);
    assert_ne!(each[0]["features_used"], each[1]["features_used"]);

    let given = [
        "predict",
        "U01",
        "--context",
        "basket=2",
        "--context",
        "channel=app",
    ];
    assert_eq!(world.run(&given), (0, one("U01", &near)));
    let given = [
        "predict",
        "U01",
        "--context",
        "basket=11.5",
        "--context",
        "channel=",
    ];
    assert_eq!(world.run(&given), (0, one("U01", &far)));
}

fn refused(server: &Server, body: &Value, kind: &str, expected: &str) {
    let problem = server.predict(body).problem(422, kind);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(expected), "{detail}");
}

#[test]
fn a_context_that_does_not_fit_is_422() {
    let world = ready();
    let server = world.serve();
    for (context, expected) in [
        (
            json!({ "basket": "2", "channel": "app" }),
            "`context.basket` must be a number or null, and is",
        ),
        (
            json!({ "basket": true, "channel": "app" }),
            "`context.basket` must be a number or null, and is",
        ),
        (
            json!({ "basket": [2], "channel": "app" }),
            "`context.basket` must be a number or null, and is",
        ),
        (
            json!({ "basket": 2, "channel": 7 }),
            "`context.channel` must be a string",
        ),
        (
            json!({ "basket": 2, "channel": "app", "colour": 1 }),
            "`colour`",
        ),
        (
            json!({ "basket": 2, "chanel": "app" }),
            "`chanel`; did you mean `channel`?",
        ),
        // Declared, and of no feature of this run.
        (
            json!({ "basket": 2, "channel": "app", "member": true }),
            "`member`",
        ),
    ] {
        let one = json!({ "user_id": "U01", "context": context });
        refused(&server, &one, "wrong-shape", expected);
        let many = json!({ "user_ids": ["U01"], "contexts": [context] });
        refused(&server, &many, "wrong-shape", expected);
    }
    for body in [
        json!({ "user_id": "U01" }),
        json!({ "user_id": "U01", "context": {} }),
        json!({ "user_id": "U01", "context": { "channel": "app" } }),
        json!({ "user_ids": ["U01", "U02"], "contexts": [{ "basket": 1, "channel": "app" }, { "channel": "app" }] }),
    ] {
        refused(&server, &body, "missing-features", "basket (f64)");
        let problem = server.predict(&body).json();
        let missing = problem["missing_features"].to_string();
        assert!(missing.contains("usage.basket"), "{problem}");
        assert!(missing.contains("views.basket"), "{problem}");
    }
    for (body, expected) in [
        (json!({ "user_id": "U01", "context": 7 }), "`context`"),
        (json!({ "user_id": "U01", "contexts": [{}] }), "`contexts`"),
        (
            json!({ "user_ids": ["U01"], "contexts": [{}, {}] }),
            "list of 1",
        ),
        (
            json!({ "user_ids": ["U01"], "context": {}, "contexts": [{}] }),
            "not both",
        ),
    ] {
        refused(&server, &body, "wrong-shape", expected);
    }
    // Nothing of it counted as a failure of the server.
    assert_eq!(server.get("/ready").status, 200);

    let run = |arguments: &[&str]| {
        let (code, document) = world.run(arguments);
        (code, document["error"]["message"].to_string())
    };
    let (code, message) = run(&["predict", "U01"]);
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("basket (f64), channel (string)"),
        "{message}"
    );
    let (code, message) = run(&[
        "predict",
        "U01",
        "--context",
        "basket=many",
        "--context",
        "channel=",
    ]);
    assert_eq!(code, 2, "{message}");
    assert!(
        message.contains("must be a number or null, and is"),
        "{message}"
    );
    let (code, message) = run(&["predict", "U01", "--context", "basket"]);
    assert_eq!((code, message.contains("no `=`")), (2, true), "{message}");
    let twice = [
        "predict",
        "U01",
        "--context",
        "basket=1",
        "--context",
        "basket=2",
    ];
    assert_eq!(run(&twice).0, 2);
    let out = world.root.join("scores.csv");
    let (code, message) = run(&[
        "predict",
        "--all",
        "--as-of",
        JANUARY,
        "-o",
        out.to_str().unwrap(),
    ]);
    assert_eq!((code, out.exists()), (2, false), "{message}");
    assert!(message.contains("basket"), "{message}");
}

#[test]
fn what_waits_for_a_request_is_said_so() {
    let world = ready();
    let (_, shown) = world.run(&["features", "U01"]);
    for feature in FEATURES {
        assert_eq!(shown["status"][feature], "request", "{shown:#}");
        assert_eq!(shown["features"][feature], Value::Null);
    }
    assert_eq!(shown["status"]["usage.hours"], "present");
    let server = world.serve();
    let answer = server.get("/features/U01").json();
    assert_eq!(answer["status"], shown["status"]);
    let schemas = server.get("/openapi.json").json()["components"]["schemas"].clone();
    assert_eq!(schemas["Context"]["required"], json!(["basket", "channel"]));
    assert_eq!(
        schemas["Context"]["properties"]["basket"]["type"],
        json!(["number", "null"])
    );

    // Two dates are compared over labelled rows, which have what a request would bring.
    for table in ["usage", "views", "orders"] {
        let from = world.root.join(format!("data/{JANUARY}/{table}.csv"));
        let folder = world.root.join("data/2024-02-29");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(from, folder.join(format!("{table}.csv"))).unwrap();
    }
    let dates = ["--reference", JANUARY, "--current", "2024-02-29"];
    let names = |document: &Value| {
        let columns = document["columns"].as_array().unwrap().iter();
        columns
            .map(|column| column["name"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    let (_, all) = world.run(&[&["drift"], &dates[..]].concat());
    assert_eq!(names(&all).len(), 2, "{all:#}");
    assert!(
        all["notices"][0].as_str().unwrap().contains("usage.basket"),
        "{all:#}"
    );
    let (_, of_run) = world.run(&[&["drift", "--experiment", "buying"], &dates[..]].concat());
    assert!(
        names(&of_run).contains(&"usage.basket_per_hour".to_string()),
        "{of_run:#}"
    );
}

#[test]
fn a_spine_brings_the_context_or_is_told_what_it_lacks() {
    let world = ready();
    let spine = |text: &str, arguments: &[&str]| {
        let path = world.root.join("spine.csv");
        fs::write(&path, text).unwrap();
        let out = world.root.join("out.csv");
        let fixed = [
            "features",
            "--spine",
            path.to_str().unwrap(),
            "-o",
            out.to_str().unwrap(),
        ];
        let (code, document) = world.run(&[&fixed, arguments].concat());
        (code, document, fs::read_to_string(out).unwrap_or_default())
    };
    // What is not asked for by name is left out, with a word.
    let (code, document, text) = spine("user_id,as_of\nU01,2024-01-31\n", &[]);
    assert_eq!(code, 0, "{document:#}");
    assert!(!text.contains("basket"), "{text}");
    let notice = document["notices"][0].as_str().unwrap();
    assert!(
        notice.contains("usage.basket_per_hour") && notice.contains("`basket`"),
        "{notice}"
    );
    let (code, _, text) = spine(
        "user_id,as_of,basket\nU01,2024-01-31, 3 \nU01,2024-01-31,NaN\nU02,2024-01-31,\n",
        &[
            "--features",
            "usage.basket,usage.basket_per_hour",
            "--status",
        ],
    );
    assert_eq!(code, 0);
    assert_eq!(
        text.lines()
            .skip(1)
            .map(|line| line.split_once("31,").unwrap().1)
            .collect::<Vec<_>>(),
        [
            " 3 ,3.0,3.0,present,present",
            "NaN,,,null,null",
            ",,,null,null",
        ],
        "{text}"
    );
    let (code, document, _) = spine(
        "user_id,as_of\nU01,2024-01-31\n",
        &["--features", "usage.basket"],
    );
    assert_eq!(code, 6, "{document:#}");
    let error = document["error"].to_string();
    assert!(
        error.contains("no column `basket`") && error.contains("features/usage.toml"),
        "{error}"
    );
    let (code, document, _) = spine(
        "user_id,as_of,basket\nU01,2024-01-31,much\nU02,2024-01-31,inf\n",
        &["--features", "usage.basket"],
    );
    assert_eq!(code, 6, "{document:#}");
    let error = document["error"].to_string();
    assert!(
        error.contains("2 values cannot be read") && error.contains("is no f64"),
        "{error}"
    );
}

/// No run can have it: the labels bring one type. A spine meets it without a label.
#[test]
fn one_name_of_two_types_is_refused_for_a_spine() {
    let world = project();
    let path = world.root.join("features/views.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replacen("basket = \"f64\"", "basket = \"i64\"", 1),
    )
    .unwrap();
    fs::remove_file(world.root.join("experiments/buying.toml")).unwrap();
    let spine = world.root.join("spine.csv");
    fs::write(&spine, "user_id,as_of,basket\nU01,2024-01-31,3\n").unwrap();
    let out = world.root.join("out.csv");
    let fixed = [
        "features",
        "--spine",
        spine.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
    ];
    let (code, document) =
        world.run(&[&fixed[..], &["--features", "usage.basket,views.basket"]].concat());
    assert_eq!((code, out.exists()), (2, false), "{document:#}");
    let error = document["error"].to_string();
    assert!(
        error.contains("is f64 in one table and i64 in `views`"),
        "{error}"
    );
    let (code, document) = world.run(&[&fixed[..], &["--features", "views.basket"]].concat());
    assert_eq!(code, 0, "{document:#}");
}

fn edited(from: &str, to: &str, path: &str) -> (i32, String) {
    let world = project();
    let path = world.root.join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    let (code, document) = world.run(&["check"]);
    (code, document.to_string())
}

#[test]
fn the_labels_must_bring_what_a_request_would() {
    let orders = "features/orders.toml";
    for (from, to, path, expected) in [
        (
            "basket  = \"f64\"\n",
            "",
            orders,
            "declare `basket = \\\"f64\\\"` in [columns]",
        ),
        (
            "basket  = \"f64\"",
            "basket  = \"string\"",
            orders,
            "basket is string in [columns] there",
        ),
        (
            "hours   = \"f64\"",
            "hours   = \"f64\"\nbasket = \"f64\"",
            "features/usage.toml",
            "ambiguous",
        ),
        (
            "basket = \"f64\"",
            "minutes_7d = \"f64\"",
            "features/views.toml",
            "ambiguous",
        ),
        (
            "member  = \"bool\"",
            "by_app  = \"bool\"",
            "features/usage.toml",
            "two features `by_app`",
        ),
        (
            "member  = \"bool\"",
            "member  = \"boolean\"",
            "features/usage.toml",
            "boolean",
        ),
        (
            "member  = \"bool\"",
            "bought  = \"bool\"",
            "features/usage.toml",
            "\"ok\"",
        ),
        (
            "column = \"bought\"",
            "column = \"bought\"\nlead = 1",
            "experiments/buying.toml",
            "of a later date",
        ),
        (
            "\"usage.hours\"",
            "\"usage.hours\", \"usage.by_channel\"",
            "experiments/buying.toml",
            "usage.by_channel",
        ),
    ] {
        let (code, text) = edited(from, to, path);
        let fine = expected == "\"ok\"";
        assert_eq!(code, if fine { 0 } else { 2 }, "{from} {text}");
        assert!(fine || text.contains(expected), "{text}");
    }
    // A request of the answer itself.
    let world = project();
    let path = world.root.join("features/usage.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("member ", "bought ")).unwrap();
    let path = world.root.join("experiments/buying.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("\"usage.hours\"", "\"usage.hours\", \"usage.bought\""),
    )
    .unwrap();
    let (code, document) = world.run(&["check"]);
    assert_eq!(code, 2);
    assert!(
        document.to_string().contains("what is predicted"),
        "{document:#}"
    );
}
