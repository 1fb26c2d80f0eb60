//! A new pair comes to serve whole and tried, or not at all.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use streamflow::definition::Stage;
use streamflow::hash::{Digest, RunId};
use streamflow::run::{enter, executions_of, find_run};
use streamflow::store::ObjectName;
use streamflow::workspace::Workspace;

use crate::world::{Server, World, template};

pub fn outputs_of(world: &World, run: RunId) -> streamflow::lockfile::Outputs {
    let workspace = Workspace::open(Some(&world.root)).unwrap();
    let executions = executions_of(workspace.store().catalog(), run).unwrap();
    executions.last().unwrap().outputs
}

pub fn path_of(world: &World, object: ObjectName) -> PathBuf {
    let workspace = Workspace::open(Some(&world.root)).unwrap();
    workspace.store().objects().path(object)
}

/// Objects are read-only files: the new bytes take the place of the old.
pub fn replace(path: &PathBuf, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

pub fn metric(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").body;
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

/// The old pair serves, and that the new one does not is seen in all three places.
fn assert_degraded(server: &Server, old: RunId, reason: &str) {
    let is_degraded = |answer: &Value| answer["degraded"]["reason"].is_string();
    let ready = server.wait_for("/ready", is_degraded);
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["run"], old.to_string());
    let told = ready["degraded"]["reason"].as_str().unwrap();
    assert!(told.contains(reason), "{told}");
    assert!(ready["degraded"]["since"].is_string());
    assert_eq!(metric(server, "model_load_failing"), 1.0);
    assert!(metric(server, "model_load_failures_total") >= 1.0);
    // Said once, however often it is tried again.
    std::thread::sleep(Duration::from_millis(2500));
    assert!(metric(server, "model_load_failures_total") >= 2.0);
    let log = server.log();
    let said = log
        .iter()
        .filter(|line| line.contains("the pair as before goes on serving"));
    let said: Vec<_> = said.filter(|line| line.contains(reason)).collect();
    assert_eq!(said.len(), 1, "{log:#?}");
}

fn assert_serves(server: &Server, run: RunId) {
    let hash = run.to_string();
    let ready = server.wait_for("/ready", |answer| {
        answer["run"] == hash.as_str() && answer["degraded"].is_null()
    });
    assert_eq!(ready["status"], "ready");
    assert_eq!(metric(server, "model_load_failing"), 0.0);
}

#[test]
fn a_damaged_or_missing_object_leaves_the_old_pair_serving() {
    let (strict, lenient) = (template().strict, template().lenient);
    let world = World::ready(lenient, "2024-01-31");
    let id = world.ids("2024-01-31").remove(0);
    let server = world.serve();
    let before = server.predict(&json!({ "user_id": id })).json();
    let outputs = outputs_of(&world, strict);

    let model = path_of(&world, outputs.model.into());
    let whole = fs::read(&model).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    replace(&model, &damaged);
    world.pin(strict);
    assert_degraded(&server, lenient, &outputs.model.short());
    assert_eq!(server.predict(&json!({ "user_id": id })).json(), before);
    // As soon as it can be loaded, it serves.
    replace(&model, &whole);
    assert_serves(&server, strict);

    world.pin(lenient);
    assert_serves(&server, lenient);
    let predictions = path_of(&world, outputs.predictions.into());
    let whole = fs::read(&predictions).unwrap();
    fs::remove_file(&predictions).unwrap();
    world.pin(strict);
    assert_degraded(&server, lenient, "does not have the predictions of run");
    // Going back needs nothing of what is missing.
    world.pin(lenient);
    assert_serves(&server, lenient);
    server.wait_for_log("still serving");
    fs::write(&predictions, &whole).unwrap();
    world.pin(strict);
    assert_serves(&server, strict);
}

/// A sound model file in the place of another: its hash is right, its answers are not.
#[test]
fn a_model_that_answers_otherwise_does_not_serve() {
    let (strict, lenient) = (template().strict, template().lenient);
    let world = World::ready(lenient, "2024-01-31");
    let server = world.serve();
    let (code, other) = world.run(&["run", "strict", "--set", "model.l2=9.0"]);
    assert_eq!(code, 0, "{other:#}");
    let other: RunId = other["run"].as_str().unwrap().parse().unwrap();
    {
        let workspace = Workspace::open(Some(&world.root)).unwrap();
        let catalog = workspace.store().catalog();
        let mut forged = executions_of(catalog, strict).unwrap().pop().unwrap();
        forged.outputs.model = outputs_of(&world, other).model;
        enter(
            catalog,
            &find_run(catalog, strict).unwrap().unwrap(),
            &[],
            &forged,
        )
        .unwrap();
    }
    // Without it the last execution counts.
    fs::remove_file(world.root.join("lockfiles/strict.lock")).unwrap();
    world.pin(strict);
    assert_degraded(&server, lenient, "answers otherwise than the run did");
    // Nor does it when the server starts with it.
    let fresh = world.serve();
    let told = fresh.get("/ready").problem(503, "not-ready");
    assert!(!told.to_string().contains("run did"), "{told}");
    fresh.wait_for_log("answers otherwise than the run did");
}

/// Of a pin that names the same run in production nothing is loaded again.
#[test]
fn a_pin_that_changes_nothing_is_no_swap() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    world.pin(template().strict);
    assert_serves(&server, template().strict);
    assert_eq!(metric(&server, "model_swaps_total"), 1.0);
    world.pin_to(&[
        (Stage::Production, template().strict),
        (Stage::Staging, template().lenient),
    ]);
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(metric(&server, "model_swaps_total"), 1.0);
    assert_eq!(metric(&server, "model_load_failures_total"), 0.0);
}
