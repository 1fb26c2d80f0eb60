//! `POST /predict?explain=true`.

use std::fs;

use serde_json::{Value, json};

use super::world::{Answer, NO_PAYMENTS, Server, World, template};

fn ask(server: &Server, query: &str, body: &Value) -> Answer {
    let headers = "Content-Type: application/json\r\n";
    let path = format!("/predict{query}");
    server.request("POST", &path, headers, &body.to_string())
}

/// A world in which a run with another estimator serves.
fn serving(kind: &str) -> World {
    let world = World::new();
    let lenient = fs::read_to_string(world.root.join("experiments/lenient.toml")).unwrap();
    let other = lenient.replace("kind = \"logistic_regression\"", kind);
    fs::write(world.root.join("experiments/other.toml"), other).unwrap();
    let (code, run) = world.run(&["run", "other"]);
    assert_eq!(code, 0, "{run:#}");
    world.pin(run["run"].as_str().unwrap().parse().unwrap());
    world.materialize("2024-01-31");
    world
}

fn put_together(explanation: &Value) -> f64 {
    let parts = explanation["contributions"].as_object().unwrap().values();
    let base = explanation["base"].as_f64().unwrap();
    let sum = parts.fold(base, |sum, part| sum + part.as_f64().unwrap());
    match explanation["scale"].as_str().unwrap() {
        "log_odds" => 1.0 / (1.0 + (-sum).exp()),
        _ => sum,
    }
}

#[test]
fn parts_add_up_and_are_those_of_the_command() {
    for kind in [
        "kind = \"random_forest\"\ntrees = 20",
        "kind = \"gradient_boosting\"\ntrees = 20",
        "kind = \"logistic_regression\"",
    ] {
        let world = serving(kind);
        let server = world.serve();
        let ids: Vec<String> = world.ids("2024-01-31").into_iter().take(40).collect();
        let many = ask(&server, "?explain=true", &json!({ "user_ids": ids })).json();
        let arguments: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (code, told) = world.run(&[&["predict", "--explain"], arguments.as_slice()].concat());
        assert_eq!((code, &told), (0, &many), "{kind}");
        for (id, answer) in ids.iter().zip(many["predictions"].as_array().unwrap()) {
            let probability = answer["probability"].as_f64().unwrap();
            let sum = put_together(&answer["explanation"]);
            assert!((sum - probability).abs() <= 1e-9, "{kind}: {answer:#}");
            let used = answer["features_used"].as_object().unwrap();
            let parts = answer["explanation"]["contributions"].as_object().unwrap();
            assert!(used.keys().eq(parts.keys()), "{answer:#}");
            assert_eq!(
                ask(&server, "?explain=true", &json!({ "user_id": id })).json(),
                *answer
            );
        }
    }
}

#[test]
fn replies_are_what_they_were_unless_it_is_asked_for() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let one = json!({ "user_id": world.ids("2024-01-31")[0] });
    let plain = server.predict(&one);
    assert_eq!(plain.status, 200);
    for query in ["?", "?explain=false", "?&"] {
        let same = ask(&server, query, &one);
        assert_eq!(
            (same.status, same.body),
            (200, plain.body.clone()),
            "{query}"
        );
    }
    let explained = ask(&server, "?explain=true", &one);
    let begin = plain.body.trim_end_matches('}');
    assert!(explained.body.starts_with(begin), "{explained:?}");
    let run = template().lenient.to_string();
    assert_eq!(explained.header("x-streamflow-run"), Some(run.as_str()));
}

#[test]
fn wrong_queries_are_problems() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let one = json!({ "user_id": world.ids("2024-01-31")[0] });
    for query in [
        "?explain",
        "?explain=1",
        "?explain=TRUE",
        "?explain=true&explain=true",
        "?explane=true",
        "?explain=true&verbose=1",
    ] {
        let problem = ask(&server, query, &one).problem(400, "bad-request");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("explain"), "{query}: {detail}");
    }
    // What is wrong without it is wrong with it.
    let explain = |body: &Value| ask(&server, "?explain=true", body);
    explain(&json!({ "user_id": "nobody" })).problem(404, "unknown-entity");
    explain(&json!({ "user_id": 7 })).problem(422, "wrong-shape");
    let several = explain(&json!({ "user_ids": [one["user_id"], "nobody", NO_PAYMENTS] })).json();
    let predictions = &several["predictions"];
    assert!(predictions[0]["explanation"]["base"].is_number());
    assert_eq!(predictions[1]["error"]["status"], 404);
    assert!(
        predictions[2]["explanation"]["base"].is_number(),
        "{predictions:#}"
    );
    let none = explain(&json!({ "user_ids": [] })).json();
    assert_eq!(none, json!({ "predictions": [] }));
    let id = &one["user_id"];
    explain(&json!({ "user_ids": vec![id; 1001] })).problem(413, "too-large");
    assert_eq!(explain(&json!({ "user_ids": vec![id; 1000] })).status, 200);
    server.predict(&json!({ "user_ids": vec![id; 1001] }));
}

#[test]
fn an_estimator_without_exact_parts_is_named() {
    let world = serving("kind = \"gaussian_nb\"");
    let server = world.serve();
    let id = &world.ids("2024-01-31")[0];
    for body in [json!({ "user_id": id }), json!({ "user_ids": [id] })] {
        let refused = ask(&server, "?explain=true", &body);
        assert!(refused.header("x-streamflow-run").is_some());
        let problem = refused.problem(422, "no-explanation");
        assert_eq!(problem["title"], "No explanation");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("gaussian_nb") && detail.contains("random_forest"),
            "{detail}"
        );
        assert_eq!(server.predict(&body).status, 200);
    }
}

#[test]
fn the_description_of_the_routes_has_it() {
    let world = World::ready(template().lenient, "2024-01-31");
    let document = world.serve().get("/openapi.json").json();
    let parameter = &document["paths"]["/predict"]["post"]["parameters"][0];
    assert_eq!(
        (&parameter["name"], &parameter["in"]),
        (&json!("explain"), &json!("query"))
    );
    let schemas = &document["components"]["schemas"];
    let explanation = &schemas["Explanation"]["properties"];
    assert_eq!(explanation["scale"]["enum"][1], "log_odds");
    assert!(schemas["Prediction"]["properties"]["explanation"].is_object());
}
