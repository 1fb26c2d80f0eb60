//! Classes and numbers over HTTP: the reply says what the run's own table of predictions says, and an
//! explanation adds up to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::World;

const LABEL: &str = "[label]\ntable  = \"labels\"\ncolumn = \"churn_label\"";

/// The example with a run of another task pinned and served.
pub fn pinned(column: &str, task: &str, model: &str) -> (World, Value) {
    let world = World::new();
    let path = world.root.join("experiments/lenient.toml");
    let lenient = std::fs::read_to_string(&path).unwrap();
    let label =
        format!("[label]\ntable  = \"subscriptions\"\ncolumn = \"{column}\"\ntask = \"{task}\"");
    let changed = lenient
        .replace(LABEL, &label)
        .replace(
            "\"subscriptions.*\"",
            "\"subscriptions.months_active\", \"usage_agg_30d.*\"",
        )
        .replace("kind = \"logistic_regression\"", model);
    assert_eq!(changed.matches(&label).count(), 1);
    std::fs::write(&path, changed).unwrap();
    let (code, run) = world.run(&["run", "lenient"]);
    assert_eq!(code, 0, "{run:#}");
    world.pin(run["run"].as_str().unwrap().parse().unwrap());
    world.materialize("2024-01-31");
    (world, run)
}

/// The run's predictions of its test rows, by customer and column.
fn predictions(world: &World) -> BTreeMap<String, BTreeMap<String, String>> {
    let file = world.root.join("predictions.csv");
    let file = file.to_str().unwrap();
    assert_eq!(
        world
            .run(&["get", "lenient@latest", "predictions", "-o", file])
            .0,
        0
    );
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let cells = names.iter().zip(line.split(','));
            let row: BTreeMap<String, String> = cells
                .map(|(name, cell)| ((*name).to_string(), cell.to_string()))
                .collect();
            (row["user_id"].clone(), row)
        })
        .collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// Base and contributions.
fn explained(reply: &Value) -> f64 {
    let parts = reply["explanation"]["contributions"].as_object().unwrap();
    parts
        .values()
        .fold(number(&reply["explanation"]["base"]), |sum, part| {
            sum + number(part)
        })
}

#[test]
fn a_class_is_answered_with_the_probability_of_each() {
    for model in [
        "kind = \"random_forest\"\ntrees = 15",
        "kind = \"logistic_regression\"",
    ] {
        let (world, run) = pinned("contract_type", "multiclass", model);
        let names = &run["evaluation"]["classes"]["names"];
        assert_eq!(*names, json!(["Month-to-month", "One year", "Two year"]));
        let server = world.serve();
        for (id, row) in predictions(&world).iter().take(25) {
            let reply = server.request(
                "POST",
                "/predict?explain=true",
                "Content-Type: application/json\r\n",
                &json!({ "user_id": id }).to_string(),
            );
            assert_eq!(reply.status, 200, "{reply:?}");
            let reply = reply.json();
            assert_eq!(reply["prediction"], row["prediction"]);
            for (class, probability) in reply["probabilities"].as_object().unwrap() {
                let stored: f64 = row[&format!("probability.{class}")].parse().unwrap();
                assert_eq!(number(probability), stored);
            }
            let predicted = reply["prediction"].as_str().unwrap();
            assert_eq!(reply["probability"], reply["probabilities"][predicted]);
            if model.contains("random_forest") {
                assert!((explained(&reply) - number(&reply["probability"])).abs() < 1e-9);
            }
        }
        let model = server.get("/model").json();
        assert_eq!(model["threshold"], Value::Null, "{model:#}");
    }
}

#[test]
fn a_number_is_answered_without_a_probability() {
    for model in [
        "kind = \"gradient_boosting\"\ntrees = 20",
        "kind = \"ridge\"",
    ] {
        let (world, _) = pinned("monthly_fee", "regression", model);
        let server = world.serve();
        let ids: Vec<String> = predictions(&world).keys().take(25).cloned().collect();
        let reply = server.predict(&json!({ "user_ids": ids }));
        let rows = predictions(&world);
        for answer in reply.json()["predictions"].as_array().unwrap() {
            let row = &rows[answer["user_id"].as_str().unwrap()];
            let stored: f64 = row["prediction"].parse().unwrap();
            assert_eq!(number(&answer["prediction"]), stored);
            assert!(answer.get("probability").is_none(), "{answer:#}");
        }
        let one = json!({ "user_id": ids[0] }).to_string();
        let json = "Content-Type: application/json\r\n";
        let reply = server
            .request("POST", "/predict?explain=true", json, &one)
            .json();
        assert_eq!(reply["explanation"]["scale"], "number");
        let prediction = number(&reply["prediction"]);
        assert!((explained(&reply) - prediction).abs() < 1e-9 * prediction.abs().max(1.0));
    }
}
