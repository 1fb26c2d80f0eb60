//! A stable share of entities is answered by the staged run, and by nothing of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use streamflow::definition::Stage;
use streamflow::hash::{Digest, ObjectId, RunId};

use crate::on_demand;
use crate::swap::{metric, outputs_of, path_of, replace};
use crate::world::{NO_PAYMENTS, Server, World, template};

const JANUARY: &str = "2024-01-31";

/// Where in [0, 1) an entity falls, as docs/hashing.md has it.
pub fn fraction(id: &str) -> f64 {
    let mut bytes = Vec::new();
    for text in ["streamflow canary 1", "streamflow_churn", id] {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    let hash = ObjectId::of_bytes(&bytes);
    let first = u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap());
    (first >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A world with one run in production and another staged, served as `[serve]` says.
pub fn world(production: RunId, staged: RunId, serve: &str) -> World {
    let world = World::new();
    world.declare(serve);
    world.pin_to(&[(Stage::Production, production), (Stage::Staging, staged)]);
    world.materialize(JANUARY);
    world
}

/// What a run alone answers, by id.
pub fn alone(run: RunId, ids: &[String]) -> BTreeMap<String, Value> {
    let server = World::ready(run, JANUARY).serve();
    let answers = server.predict(&json!({ "user_ids": ids })).json();
    let answers = answers["predictions"].as_array().unwrap().clone();
    ids.iter().cloned().zip(answers).collect()
}

/// Entities that both runs answer for.
fn ids(world: &World) -> Vec<String> {
    let path = world
        .root
        .join(format!("data/{JANUARY}/payments_agg_90d.csv"));
    let text = fs::read_to_string(path).unwrap();
    let paid: BTreeSet<&str> = text
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let mut ids = world.ids(JANUARY);
    ids.retain(|id| paid.contains(id.as_str()));
    ids.truncate(300);
    ids
}

fn canary(ids: &[String], share: f64) -> BTreeSet<&String> {
    ids.iter().filter(|id| fraction(id) < share).collect()
}

#[test]
fn exactly_the_entities_of_the_law_are_answered_by_the_staged_run() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "canary = 0.1");
    let ids = ids(&world);
    let (of_production, of_staged) = (alone(production, &ids), alone(staged, &ids));
    let tenth = canary(&ids, 0.1);
    assert!((15..50).contains(&tenth.len()), "{}", tenth.len());
    for share in [0.1, 0.2] {
        let text = fs::read_to_string(world.root.join("streamflow.toml")).unwrap();
        let text = text.replace("canary = 0.1", &format!("canary = {share}"));
        fs::write(world.root.join("streamflow.toml"), text).unwrap();
        let server = world.serve();
        let own = canary(&ids, share);
        // Those who were in stay in.
        assert!(tenth.is_subset(&own));
        for id in ids.iter().take(60) {
            let reply = server.predict(&json!({ "user_id": id }));
            let (run, right) = match own.contains(id) {
                true => (staged, &of_staged),
                false => (production, &of_production),
            };
            assert_eq!(reply.json(), right[id], "{id}");
            let run = run.to_string();
            assert_eq!(reply.header("x-streamflow-run"), Some(run.as_str()));
        }
        let batch = server.predict(&json!({ "user_ids": ids }));
        let expected: Vec<&Value> = ids
            .iter()
            .map(|id| match own.contains(id) {
                true => &of_staged[id],
                false => &of_production[id],
            })
            .collect();
        assert_eq!(batch.json()["predictions"], json!(expected));
        let run = production.to_string();
        assert_eq!(batch.header("x-streamflow-run"), Some(run.as_str()));
        // One run for all is the one that is named.
        let own: Vec<_> = own.into_iter().collect();
        let batch = server.predict(&json!({ "user_ids": own }));
        let run = staged.to_string();
        assert_eq!(batch.header("x-streamflow-run"), Some(run.as_str()));
        // Each answer is counted for the run that gave it.
        let count = |run: RunId| {
            let name = format!("model_prediction_probability_count{{run=\"{run}\"}}");
            metric(&server, &name)
        };
        let of_batches = own.len() * 2;
        let of_singles = ids[..60].iter().filter(|id| own.contains(id)).count();
        assert_eq!(count(staged), (of_batches + of_singles) as f64);
        assert_eq!(metric(&server, "canary_share"), share);
    }
}

#[test]
fn explanations_and_refusals_are_of_the_run_that_answers() {
    let (production, staged) = (template().lenient, template().strict);
    // The staged run refuses somebody whom production would answer for.
    let share = fraction(NO_PAYMENTS) + 1e-9;
    let world = world(production, staged, &format!("canary = {share}"));
    let server = world.serve();
    let refusal = server.predict(&json!({ "user_id": NO_PAYMENTS }));
    let problem = refusal.problem(422, "missing-features");
    assert_eq!(problem["run"], staged.to_string());
    let ids = ids(&world);
    let other = ids.iter().find(|id| fraction(id) > share).unwrap();
    let batch = server.predict(&json!({ "user_ids": [NO_PAYMENTS, other, "nobody"] }));
    let batch = batch.json();
    let items = batch["predictions"].as_array().unwrap();
    assert_eq!(items[0]["error"]["type"], "/problems/missing-features");
    assert_eq!(items[0]["error"]["run"], staged.to_string());
    assert_eq!(items[1]["run"], production.to_string());
    assert_eq!(items[2]["error"]["status"], 404);

    let own = ids.iter().find(|id| fraction(id) < share).unwrap();
    for (id, run) in [(own, staged), (other, production)] {
        let body = json!({ "user_id": id }).to_string();
        let headers = "Content-Type: application/json\r\n";
        let reply = server.request("POST", "/predict?explain=true", headers, &body);
        let reply = reply.json();
        assert_eq!(reply["run"], run.to_string());
        let used = reply["features_used"].as_object().unwrap();
        let parts = reply["explanation"]["contributions"].as_object().unwrap();
        assert!(parts.keys().eq(used.keys()), "{reply:#}");
    }
}

/// Asserts that production answers for everybody, and why.
fn assert_alone(server: &Server, ids: &[String], production: RunId, reason: &str) {
    let is_alone = |ready: &Value| {
        let told = ready["staged"]["reason"].as_str();
        told.is_some_and(|told| told.contains(reason))
    };
    let ready = server.wait_for("/ready", is_alone);
    assert_eq!(ready["status"], "ready");
    assert!(ready["staged"]["since"].is_string() && ready["staged"]["run"].is_null());
    let batch = server.predict(&json!({ "user_ids": ids })).json();
    for item in batch["predictions"].as_array().unwrap() {
        assert_eq!(item["run"], production.to_string());
    }
}

fn assert_beside(server: &Server, run: RunId) {
    let hash = run.to_string();
    let ready = server.wait_for("/ready", |ready| ready["staged"]["run"] == hash.as_str());
    assert!(ready["staged"]["reason"].is_null());
}

#[test]
fn what_cannot_be_loaded_leaves_production_alone() {
    let (production, staged) = (template().lenient, template().strict);
    let world = World::new();
    world.declare("canary = 0.5");
    world.pin(production);
    world.materialize(JANUARY);
    let ids = ids(&world);
    let server = world.serve();
    server.wait_for_log("production answers alone: nothing is staged");
    assert_alone(&server, &ids, production, "names no run in staging");
    assert_eq!(metric(&server, "staged_load_failing"), 0.0);

    let model = path_of(&world, outputs_of(&world, staged).model.into());
    let whole = fs::read(&model).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    replace(&model, &damaged);
    world.pin_to(&[(Stage::Production, production), (Stage::Staging, staged)]);
    let reason = outputs_of(&world, staged).model.short().clone();
    assert_alone(&server, &ids, production, &reason);
    assert_eq!(metric(&server, "staged_load_failing"), 1.0);
    assert_eq!(metric(&server, "model_load_failing"), 0.0);
    // Said once, and tried again.
    std::thread::sleep(Duration::from_millis(2500));
    assert!(metric(&server, "staged_load_failures_total") >= 2.0);
    let log = server.log();
    let said = log.iter().filter(|line| line.contains("cannot be loaded"));
    assert_eq!(said.count(), 1, "{log:#?}");
    replace(&model, &whole);
    assert_beside(&server, staged);
    server.wait_for_log(&format!(
        "beside it staged run {}: canary 0.5",
        staged.short()
    ));
    assert_eq!(metric(&server, "staged_load_failing"), 0.0);
    // Nothing of this was a swap of what is in production.
    assert_eq!(metric(&server, "model_swaps_total"), 0.0);

    // The staged run goes to production: both move together.
    world.pin_to(&[(Stage::Production, staged), (Stage::Staging, staged)]);
    server.wait_for("/ready", |ready| ready["run"] == staged.to_string());
    assert_alone(
        &server,
        &ids,
        staged,
        "the staged run is the one in production",
    );
    world.pin_to(&[(Stage::Production, staged), (Stage::Staging, production)]);
    assert_beside(&server, production);
    // Other values are those of both.
    world.materialize("2024-03-31");
    server.wait_for("/ready", |ready| ready["as_of"] == "2024-03-31");
    let batch = server
        .predict(&json!({ "user_ids": world.ids("2024-03-31") }))
        .json();
    let items = batch["predictions"].as_array().unwrap();
    let answered = items.iter().filter(|item| item["run"].is_string());
    let (mut runs, mut dates) = (BTreeSet::new(), BTreeSet::new());
    for item in answered {
        runs.insert(item["run"].to_string());
        dates.insert(item["as_of"].to_string());
    }
    assert_eq!((runs.len(), dates.len()), (2, 1));
}

/// While runs change places under load, each reply is of one state: who belongs to the canary is
/// answered by one run and everybody else by the other, with that run's features and numbers.
#[test]
fn replies_are_of_one_state_while_runs_change_places() {
    let (one, other) = (template().lenient, template().strict);
    let world = world(one, other, "canary = 0.5\nshadow = \"staging\"");
    let mut ids = ids(&world);
    ids.truncate(24);
    let right: BTreeMap<String, BTreeMap<String, Value>> = [one, other]
        .map(|run| (run.to_string(), alone(run, &ids)))
        .into();
    let own = canary(&ids, 0.5);
    assert!(own.len() > 4 && own.len() < 20);
    let server = world.serve();
    assert_beside(&server, other);
    let over = AtomicBool::new(false);
    let ask = || {
        let mut seen = BTreeSet::new();
        while !over.load(Ordering::Relaxed) {
            let reply = server.predict(&json!({ "user_ids": ids }));
            assert_eq!(reply.status, 200, "{reply:?}");
            let reply = reply.json();
            let (mut canary, mut others) = (BTreeSet::new(), BTreeSet::new());
            for (id, item) in ids.iter().zip(reply["predictions"].as_array().unwrap()) {
                let run = item["run"].as_str().unwrap();
                assert_eq!(*item, right[run][id], "{id}");
                let side = if own.contains(id) {
                    &mut canary
                } else {
                    &mut others
                };
                side.insert(run.to_string());
            }
            assert_eq!((canary.len(), others.len()), (1, 1));
            assert_ne!(canary, others);
            seen.extend(canary);
        }
        seen
    };
    let seen = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
        for turn in 0..8 {
            let (production, staged) = if turn % 2 == 0 {
                (other, one)
            } else {
                (one, other)
            };
            world.pin_to(&[(Stage::Production, production), (Stage::Staging, staged)]);
            assert_beside(&server, staged);
        }
        over.store(true, Ordering::Relaxed);
        let seen = asking.into_iter().map(|thread| thread.join().unwrap());
        seen.flatten().collect::<BTreeSet<_>>()
    });
    assert_eq!(seen.len(), 2, "both runs were staged meanwhile");
}

/// What either run needs of a request may stand in it, and what the staged one lacks is its own trouble.
#[test]
fn a_request_may_bring_what_either_run_needs() {
    let world = on_demand::project();
    let plain = fs::read_to_string(world.root.join("experiments/buying.toml")).unwrap();
    let plain = plain
        .lines()
        .map(|line| match line.starts_with("features") {
            true => "features = [\"usage.hours\"]",
            false => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    fs::write(world.root.join("experiments/plain.toml"), plain).unwrap();
    let run = |name: &str| -> RunId {
        let (code, document) = world.run(&["run", name]);
        assert_eq!(code, 0, "{document:#}");
        document["run"].as_str().unwrap().parse().unwrap()
    };
    let (needs, plain) = (run("buying"), run("plain"));
    world.declare("canary = 0.5");
    world.pin_model(
        "buying",
        &[(Stage::Production, plain), (Stage::Staging, needs)],
    );
    world.materialize(JANUARY);
    let server = world.serve();
    let context = json!({ "basket": 3.5, "channel": "app" });
    let ids: Vec<String> = (0..40).map(|n| format!("U{n:02}")).collect();
    let reply = server.predict(&json!({ "user_ids": ids, "context": context }));
    let runs = |reply: &Value| -> Vec<Option<String>> {
        assert!(reply["predictions"].is_array(), "{reply:#}");
        let items = reply["predictions"].as_array().unwrap().iter();
        items
            .map(|item| item["run"].as_str().map(str::to_string))
            .collect()
    };
    let with = runs(&reply.json());
    let of_staged = with.iter().filter(|run| **run == Some(needs.to_string()));
    let of_staged = of_staged.count();
    assert!((8..32).contains(&of_staged), "{of_staged}");
    assert!(with.iter().all(Option::is_some));
    // Without it, those of the canary are refused and nobody else.
    let reply = server.predict(&json!({ "user_ids": ids }));
    assert_eq!(reply.status, 200, "{reply:?}");
    let reply = reply.json();
    for (item, run) in reply["predictions"].as_array().unwrap().iter().zip(&with) {
        if *run == Some(needs.to_string()) {
            let problem = &item["error"];
            assert_eq!(problem["type"], "/problems/missing-features", "{item:#}");
            assert_eq!(problem["missing_features"][0], "usage.basket");
            assert_eq!(problem["run"], needs.to_string());
        } else {
            assert_eq!(item["run"], plain.to_string());
        }
    }
    // The other way round: production needs what the staged run does not know.
    world.pin_model(
        "buying",
        &[(Stage::Production, needs), (Stage::Staging, plain)],
    );
    assert_beside(&server, plain);
    let reply = server.predict(&json!({ "user_ids": ids, "context": context }));
    let turned = runs(&reply.json());
    for (before, now) in with.iter().zip(turned) {
        assert!(now.is_some() && now != *before);
    }
    // A name that neither knows is refused as ever.
    let reply = server.predict(&json!({ "user_ids": ids, "context": { "colour": "red" } }));
    reply.problem(422, "wrong-shape");
}

/// Whichever protocol asks, the same entities are answered by the same run.
#[test]
fn other_protocols_have_the_same_canary() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "canary = 0.3");
    let ids: Vec<String> = ids(&world).into_iter().take(60).collect();
    let (of_production, of_staged) = (alone(production, &ids), alone(staged, &ids));
    let own = canary(&ids, 0.3);
    assert!(own.len() > 5 && own.len() < 40);
    let server = world.serve();
    let post = |path: &str, body: &Value| {
        let headers = "Content-Type: application/json\r\n";
        server.request("POST", path, headers, &body.to_string())
    };
    let right = |whose: &dyn Fn(&String) -> bool| -> Vec<Value> {
        let answer = |id: &String| match whose(id) {
            true => of_staged[id]["probability"].clone(),
            false => of_production[id]["probability"].clone(),
        };
        ids.iter().map(answer).collect()
    };
    let keys = json!({ "name": "user_id", "datatype": "BYTES", "shape": [ids.len()], "data": ids });
    let body = json!({ "inputs": [keys], "outputs": [{ "name": "probability" }] });
    let reply = post("/v2/models/streamflow_churn/infer", &body);
    assert_eq!(
        reply.json()["outputs"][0]["data"],
        json!(right(&|id| own.contains(id)))
    );
    assert_eq!(reply.json()["model_version"], production.to_string());
    // Who names a run is answered by that one.
    let path = format!("/v2/models/streamflow_churn/versions/{production}/infer");
    let reply = post(&path, &body);
    assert_eq!(reply.json()["outputs"][0]["data"], json!(right(&|_| false)));

    let records: Vec<Value> = ids.iter().map(|id| json!({ "user_id": id })).collect();
    let reply = post("/invocations", &json!({ "dataframe_records": records }));
    let run = production.to_string();
    assert_eq!(reply.header("x-streamflow-run"), Some(run.as_str()));
    let found: Vec<Value> = reply.json()["predictions"].as_array().unwrap().clone();
    let found: Vec<&Value> = found.iter().map(|one| &one["probability"]).collect();
    assert_eq!(json!(found), json!(right(&|id| own.contains(id))));
    let one = own.into_iter().next().unwrap();
    let reply = post(
        "/invocations",
        &json!({ "dataframe_records": [{ "user_id": one }] }),
    );
    let run = staged.to_string();
    assert_eq!(reply.header("x-streamflow-run"), Some(run.as_str()));
}
