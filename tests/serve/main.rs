//! The server, driven from outside over loopback, on the example project.

#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod access;
mod canary;
mod derived;
mod docs;
mod doors;
mod explain;
mod hostile;
mod limits;
mod live;
mod log;
mod metrics;
mod on_demand;
mod shadow;
mod swap;
mod tasks;
mod values;
mod world;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use streamflow::hash::{Digest, RunId};

use world::{NO_PAYMENTS, World, signal, template};

/// The server answers with the score that the run itself gave.
#[test]
fn a_booster_answers_as_its_run_scored() {
    let world = World::new();
    let lenient = fs::read_to_string(world.root.join("experiments/lenient.toml")).unwrap();
    let boosted = lenient.replace("logistic_regression", "gradient_boosting");
    fs::write(world.root.join("experiments/boosted.toml"), boosted).unwrap();
    let (code, run) = world.run(&["run", "boosted"]);
    assert_eq!(code, 0, "{run:#}");
    world.pin(run["run"].as_str().unwrap().parse().unwrap());
    world.materialize("2024-01-31");
    let scores = world.root.join("scores.csv");
    let path = scores.to_str().unwrap();
    let (code, told) = world.run(&["get", "boosted@latest", "predictions", "-o", path]);
    assert_eq!(code, 0, "{told:#}");
    let server = world.serve();
    let model = server.get("/model").json();
    assert_eq!(model["estimator"], "gradient_boosting", "{model:#}");
    let text = fs::read_to_string(scores).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1).take(20) {
        let (id, probability) = (line.split(',').next(), line.rsplit(',').next());
        let answer = server.predict(&json!({ "user_id": id.unwrap() })).json();
        let scored: f64 = probability.unwrap().parse().unwrap();
        assert_eq!(answer["probability"].as_f64(), Some(scored), "{line}");
        rows += 1;
    }
    assert_eq!(rows, 20);
}

#[test]
fn every_route_answers() {
    let run = template().lenient;
    let world = World::ready(run, "2024-01-31");
    let server = world.serve();
    let id = world.ids("2024-01-31").remove(0);
    let hash = run.to_string();

    assert_eq!(server.get("/health").json(), json!({ "status": "ok" }));
    let ready = server.get("/ready");
    assert_eq!(ready.header("x-streamflow-run"), Some(hash.as_str()));
    let mut told = ready.json();
    assert!(told.as_object_mut().unwrap().remove("tables").is_some());
    assert_eq!(
        told,
        json!({ "status": "ready", "model": "streamflow_churn", "run": hash, "as_of": "2024-01-31" })
    );

    let features = server.get(&format!("/features/{id}")).json();
    assert_eq!(features["user_id"], id.as_str());
    let (_, shown) = world.run(&["features", &id]);
    assert_eq!(features["features"], shown["features"]);
    assert_eq!(features["status"], shown["status"]);
    assert_eq!(shown["entity"], id.as_str());

    let answer = server.predict(&json!({ "user_id": id }));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-streamflow-run"), Some(hash.as_str()));
    let (code, told) = world.run(&["predict", &id]);
    assert_eq!((code, &told), (0, &answer.json()));
    let probability = told["probability"].as_f64().unwrap();
    assert_eq!(told["prediction"], i64::from(probability >= 0.5));
    let used = told["features_used"].as_object().unwrap();
    assert!(used.contains_key("subscriptions.fee_change"));
    assert_eq!(
        used["subscriptions.monthly_fee"],
        features["features"]["subscriptions.monthly_fee"]
    );

    let model = server.get("/model").json();
    assert_eq!(model["run"], hash.as_str());
    assert_eq!(model["experiment"], "lenient");
    assert!(model["metrics"]["auc"].is_number());
    assert_eq!(server.get("/openapi.json").json()["openapi"], "3.1.0");
    let metrics = server.get("/metrics").body;
    for line in [
        format!("model_info{{model=\"streamflow_churn\",run=\"{hash}\"}} 1"),
        "api_requests_total{route=\"/predict\",method=\"POST\",status=\"200\"} 1".to_string(),
        "api_request_latency_seconds_count{route=\"/predict\"} 1".to_string(),
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}\n{metrics}"
        );
    }
    let head = server.request("HEAD", "/health/", "", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some("16"));
}

#[test]
fn a_batch_answers_for_each_in_order() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let ids = world.ids("2024-01-31");
    let asked = json!({ "user_ids": [ids[1], "nobody", ids[0]] });
    let predictions = server.predict(&asked).json()["predictions"].clone();
    let one = |id: &str| server.predict(&json!({ "user_id": id })).json();
    assert_eq!(predictions[0], one(&ids[1]));
    assert_eq!(predictions[1]["user_id"], "nobody");
    assert_eq!(predictions[1]["error"]["status"], 404);
    assert_eq!(predictions[2], one(&ids[0]));
    let none = server.predict(&json!({ "user_ids": [] })).json();
    assert_eq!(none, json!({ "predictions": [] }));
    let (code, told) = world.run(&["predict", &ids[1], "nobody"]);
    assert_eq!((code, &told["predictions"][0]), (5, &predictions[0]));
}

#[test]
fn every_error_is_a_problem_with_its_status() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let json_type = "Content-Type: application/json\r\n";
    let post = |headers: &str, body: &str| server.request("POST", "/predict", headers, body);

    let unknown = server.predict(&json!({ "user_id": "nobody" }));
    let problem = unknown.problem(404, "unknown-entity");
    assert_eq!(problem["title"], "Unknown user");
    assert!(unknown.header("x-streamflow-run").is_some());
    server
        .get("/features/nobody")
        .problem(404, "unknown-entity");
    server
        .get("/features/..%2F..%2Fetc")
        .problem(404, "unknown-entity");
    server.get("/features/%ff").problem(400, "bad-request");
    server.get("/").problem(404, "not-found");
    post(json_type, "{").problem(400, "bad-request");
    post(json_type, "\u{0}").problem(400, "bad-request");
    post(json_type, &"[".repeat(200_000)).problem(400, "bad-request");
    for body in ["[]", "{}", r#"{"user_id":7}"#, r#"{"user_ids":["a",7]}"#] {
        post(json_type, body).problem(422, "wrong-shape");
    }
    let curl = "Content-Type: application/x-www-form-urlencoded\r\n";
    for headers in ["", curl] {
        post(headers, r#"{"user_id":"a"}"#).problem(415, "unsupported-media-type");
    }
    let wrong = server.get("/predict");
    wrong.problem(405, "method-not-allowed");
    assert_eq!(wrong.header("allow"), Some("POST"));
    let wrong = server.request("POST", "/health", json_type, "{}");
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    wrong.problem(405, "method-not-allowed");
    let large = " ".repeat(3 * 1024 * 1024);
    post(json_type, &large).problem(413, "too-large");
    let many = json!({ "user_ids": vec!["a"; 10_001] });
    server.predict(&many).problem(413, "too-large");
    server.get(&"/x".repeat(5_000)).problem(414, "http");
    let long = format!("X: {}\r\n", "y".repeat(20_000));
    server
        .request("GET", "/health", &long, "")
        .problem(431, "http");
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn chunks_are_read_and_ambiguity_is_refused() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let id = world.ids("2024-01-31").remove(0);
    let body = json!({ "user_id": id }).to_string();
    let head = "POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
    let (a, b) = body.split_at(5);
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{a}\r\n{:x};x=y\r\n{b}\r\n0\r\n\r\n",
        a.len(),
        b.len()
    );
    assert_eq!(server.raw(chunked.as_bytes()).status, 200);
    for lengths in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: -3\r\n",
        "Content-Length : 3\r\n",
    ] {
        let refused = server.raw(format!("{head}{lengths}\r\n0\r\n\r\n").as_bytes());
        refused.problem(400, "bad-request");
    }
    // Two requests sent at once are answered in turn.
    let two = "GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.0\r\n\r\n";
    let both = server.raw(two.as_bytes());
    assert!(
        both.body.contains("{\"status\":\"ok\"}\nHTTP/1.1 404"),
        "{both:?}"
    );
}

#[test]
fn nothing_pinned_or_nothing_materialized_is_not_ready() {
    let world = World::new();
    let _ = fs::remove_file(world.root.join("lockfiles/streamflow_churn.pin"));
    let server = world.serve();
    let id = world.ids("2024-01-31").remove(0);
    assert_eq!(server.get("/health").status, 200);
    server.get("/ready").problem(503, "not-ready");
    server.get("/model").problem(503, "not-ready");
    server
        .get(&format!("/features/{id}"))
        .problem(503, "not-ready");
    server
        .predict(&json!({ "user_id": id }))
        .problem(503, "not-ready");
    assert_eq!(world.run(&["predict", &id]).0, 5);
    // Without values, the command computes them from the snapshot.
    let (code, computed) = world.run(&["features", &id, "--as-of", "2024-01-31"]);
    assert_eq!(code, 0);

    world.materialize("2024-01-31");
    let path = format!("/features/{id}");
    let found = server.wait_for(&path, |answer| answer["as_of"] == "2024-01-31");
    assert_eq!(found["features"], computed["features"]);
    server.get("/ready").problem(503, "not-ready");
    world.pin(template().lenient);
    server.wait_for("/ready", |answer| answer["status"] == "ready");
    assert_eq!(server.predict(&json!({ "user_id": id })).status, 200);
}

#[test]
fn a_new_pin_and_new_values_are_served_without_a_restart() {
    let (strict, lenient) = (template().strict, template().lenient);
    let world = World::ready(strict, "2024-01-31");
    let server = world.serve();
    let id = world.ids("2024-03-31").remove(0);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let answer = server.predict(&json!({ "user_ids": [id] }));
                assert_eq!(answer.status, 200, "{answer:?}");
                asked += 1;
            }
            asked
        });
        world.materialize("2024-03-31");
        server.wait_for("/ready", |answer| answer["as_of"] == "2024-03-31");
        world.pin(lenient);
        let run = lenient.to_string();
        server.wait_for("/ready", |answer| answer["run"] == run.as_str());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(asking.join().unwrap() > 0);
    });
    // A pin that cannot be loaded leaves the pair as it is.
    world.pin(RunId::from_bytes([9; 32]));
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(server.get("/ready").json()["run"], lenient.to_string());
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("model_swaps_total 2\n"), "{metrics}");
    assert!(!metrics.contains("model_load_failures_total 0\n"));
}

#[test]
fn what_is_missing_follows_the_run() {
    let (strict, lenient) = (template().strict, template().lenient);
    let world = World::ready(strict, "2024-03-31");
    let departed = world.departed();
    let server = world.serve();
    let payments = "payments_agg_90d.failed_payments_90d";

    let (_, values) = world.run(&["features", &departed]);
    assert_eq!(values["status"][payments], "expired");
    assert_eq!(values["features"][payments], Value::Null);
    let refused = server.predict(&json!({ "user_id": departed }));
    let problem = refused.problem(422, "missing-features");
    assert_eq!(problem["missing_features"], json!([payments]));

    let absent = server.predict(&json!({ "user_id": NO_PAYMENTS }));
    let problem = absent.problem(422, "missing-features");
    assert_eq!(
        problem["missing_features"],
        json!([payments, "subscriptions.monthly_fee"])
    );

    // The lenient run imputes what is absent, and refuses what has expired all the same.
    world.pin(lenient);
    let run = lenient.to_string();
    server.wait_for("/ready", |answer| answer["run"] == run.as_str());
    let imputed = server.predict(&json!({ "user_id": NO_PAYMENTS }));
    assert_eq!(imputed.status, 200, "{imputed:?}");
    let imputed = imputed.json()["imputed"].clone();
    assert!(
        imputed
            .as_array()
            .unwrap()
            .contains(&json!("subscriptions.monthly_fee"))
    );
    let expired = server.predict(&json!({ "user_id": departed }));
    expired.problem(422, "missing-features");
}

#[test]
fn predict_all_says_what_each_route_says() {
    let world = World::ready(template().strict, "2024-03-31");
    let file = world.root.join("scored.json");
    let path = file.to_str().unwrap();
    let (code, document) = world.run(&["predict", "--all", "-o", path]);
    assert_eq!(code, 0, "{document:#}");
    let text = fs::read_to_string(&file).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(document["rows"], rows.len());
    let row = |id: &str| rows.iter().find(|row| row["user_id"] == id).unwrap();
    let id = world.ids("2024-03-31").remove(0);
    let (_, told) = world.run(&["predict", &id]);
    assert_eq!(row(&id)["probability"], told["probability"]);
    let refused = row(NO_PAYMENTS);
    assert_eq!(refused["probability"], Value::Null);
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("payments_agg_90d")
    );

    // From the snapshot of a date directly: the same figures.
    let again = world.root.join("again.json");
    let arguments = ["predict", "--all", "--as-of", "2024-03-31", "-o"];
    let arguments = [&arguments[..], &[again.to_str().unwrap()]].concat();
    assert_eq!(world.run(&arguments).0, 0);
    assert_eq!(fs::read_to_string(again).unwrap(), text);
}

#[test]
fn materializing_the_same_again_changes_nothing() {
    let world = World::ready(template().lenient, "2024-01-31");
    let (_, first) = world.run(&["materialize", "--as-of", "2024-01-31"]);
    assert_eq!(first["new"], false);
    let (_, newest) = world.run(&["materialize"]);
    assert_eq!(
        (&newest["as_of"], &newest["new"]),
        (&json!("2024-03-31"), &json!(true))
    );
    assert_ne!(first["materialization"], newest["materialization"]);
    assert_eq!(world.run(&["materialize", "--as-of", "2024-02-15"]).0, 5);
}

#[test]
fn a_half_sent_request_keeps_nobody_waiting() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let half: Vec<TcpStream> = (0..50)
        .map(|at| {
            let mut stream = server.connect();
            let part = match at % 3 {
                0 => "POST /pre",
                1 => "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Le",
                _ => "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
            };
            stream.write_all(part.as_bytes()).unwrap();
            stream
        })
        .collect();
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(server.get("/ready").status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(half);
}

#[test]
fn a_signal_stops_it_gracefully() {
    for name in ["-TERM", "-INT"] {
        let world = World::ready(template().lenient, "2024-01-31");
        let mut server = world.serve();
        let mut idle = server.connect();
        idle.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut byte = [0];
        idle.read_exact(&mut byte).unwrap();
        signal(&server.child, name);
        let start = Instant::now();
        let status = server.child.wait().unwrap();
        assert_eq!(status.code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(TcpStream::connect(&server.address).is_err());
    }
}

#[test]
fn a_port_in_use_is_named() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let (code, document) = world.run(&["serve", "--address", &server.address]);
    assert_eq!(code, 1);
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains(&server.address), "{message}");
    let (code, _) = world.run(&["serve", "--address", "nonsense"]);
    assert_eq!(code, 1);
}

#[test]
fn a_run_whose_values_are_not_there_is_not_promoted() {
    let run = template().lenient.to_string();
    let world = World::new();
    let path = world.root.join("features/subscriptions.toml");
    let text = fs::read_to_string(&path).unwrap();
    let other = text.replace("fee_change = \"", "fee_change = \"2 * ");
    assert_ne!(text, other);
    fs::write(&path, other).unwrap();
    world.materialize("2024-01-31");

    let promote =
        |stage: &str| world.run(&["promote", &run, "--to", stage, "--reason", "it is better"]);
    let (code, document) = promote("production");
    assert_eq!(code, 5, "{document:#}");
    let lacking = &document["error"]["details"];
    assert_eq!(lacking, &json!(["subscriptions.fee_change"]));

    // Pinned to a stage, its definitions are materialized beside those of the tree.
    assert_eq!(promote("staging").0, 0);
    world.materialize("2024-01-31");
    let (code, document) = promote("production");
    assert_eq!(code, 0, "{document:#}");
    let server = world.serve();
    let id = world.ids("2024-01-31").remove(5);
    let used = server.predict(&json!({ "user_id": id })).json();
    let shown = server.get(&format!("/features/{id}")).json();
    let name = "subscriptions.fee_change";
    let (used, shown) = (&used["features_used"][name], &shown["features"][name]);
    assert_ne!(used, shown);
    let model = server.get("/model").json();
    assert_eq!(model["reason"], "it is better");
    assert!(model["since"].is_string() && model["by"].is_string());
}
