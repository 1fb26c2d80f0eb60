//! Gates that look further, gates that are overridden, and people who approve.

use serde_json::{Value, json};

use super::world::{MODEL, PIN, Said, World, text};

fn gated(gates: &str) -> (World, String) {
    let world = World::sample();
    world.edit(
        "churn_prior",
        "registers = ",
        &format!("registers = \"{MODEL}\""),
    );
    let file = world.read("experiments/churn_prior.toml");
    std::fs::write(
        world.path("experiments/churn_prior.toml"),
        format!("{file}\n[promote]\n{gates}\n"),
    )
    .unwrap();
    let run = world.prior_run("0.4");
    (world, run)
}

fn promote(world: &World, run: &str, more: &[&str]) -> Said {
    let words = [
        "promote",
        run,
        "--to",
        "production",
        "--reason",
        "it is urgent",
    ];
    world.by("ann", &[&words[..], more].concat())
}

fn gate<'a>(document: &'a Value, name: &str) -> &'a Value {
    let mut gates = document["gates"].as_array().unwrap().iter();
    gates
        .find(|gate| text(&gate["gate"]).starts_with(name))
        .unwrap()
}

#[test]
fn a_refusal_lists_every_gate_and_an_override_stands_out() {
    let (world, run) =
        gated("production = [\"auc >= 0.9\", \"log_loss < 1\", \"clean\", \"reproduced\"]");
    let said = promote(&world, &run, &[]).exits(7);
    said.says("auc >= 0.9 refused 0.5000")
        .says("log_loss < 1 held")
        .says("clean held")
        .says("does not pass 2 of 4 gates");
    let said = promote(&world, &run, &["--override-gates"]).exits(0);
    said.says("promoted to production over its gates")
        .says("auc >= 0.9 refused 0.5000");
    let log = world.transitions();
    assert_eq!(log[0]["overridden"], true);
    assert_eq!(log[0]["gates"].as_array().unwrap().len(), 4);
    assert_eq!(
        log[0]["gates"][0],
        json!({"gate": "auc >= 0.9", "held": false, "detail": "0.5000", "value": 0.5, "limit": 0.9})
    );
    world
        .run("history")
        .exits(0)
        .says("gates overridden: auc >= 0.9 (0.5000); reproduced (no second uncached execution is recorded)");
    let pin = world.read(PIN);
    assert!(
        pin.contains("overridden = true\nreason = \"it is urgent\"\n"),
        "{pin}"
    );
    // A promotion that needs no override leaves no trace of one.
    let other = world.prior_run("0.6");
    world.edit(
        "churn_prior",
        "production = ",
        "production = [\"log_loss < 1\"]",
    );
    let said = promote(&world, &other, &["--override-gates", "--format", "json"]).exits(0);
    let document = said.json();
    assert_eq!(document["overridden"], false);
    assert!(
        document["notices"][0]
            .as_str()
            .unwrap()
            .contains("nothing was overridden")
    );
    assert!(!world.read(PIN).contains("overridden"));
    world.run("history --verify").exits(0);
    promote(&world, &run, &["--override-gates", "--reason", " "]).exits(2);
}

#[test]
fn drift_and_leakage_are_asked_of_data() {
    let world = World::sample();
    let gates = |gates: &str| {
        world.edit(
            "churn_logistic",
            "staging = [",
            &format!("staging = [{gates}]"),
        );
    };
    gates("\"no_leakage\", \"drift < 0.3\"");
    let run = text(&world.json("run churn_logistic")["run"]).to_string();
    world.commit("a run");
    let stage = |world: &World| {
        world.run(&format!(
            "promote {run} --to staging --reason because --format json"
        ))
    };
    gates("\"no_leakage\", \"drift <= 0\"");
    let here = gate(&stage(&world).exits(7).json(), "drift").clone();
    let detail = text(&here["detail"]);
    assert!(
        detail.contains("from its train rows to 2024-01-31"),
        "{here}"
    );
    let psi = here["value"].as_f64().unwrap();
    assert!(
        psi > 0.0 && psi < 0.1,
        "the train rows are a sample of all: {psi}"
    );
    // The newest snapshot counts.
    world.run("ingest --as-of 2024-02-29").exits(0);
    let later = gate(&stage(&world).exits(7).json(), "drift").clone();
    assert!(text(&later["detail"]).contains("to 2024-02-29"), "{later}");
    assert!(later["value"].as_f64().unwrap() > psi);
    gates("\"no_leakage\", \"drift < 9.5\"");
    let document = stage(&world).exits(0).json();
    assert_eq!(gate(&document, "no_leakage")["held"], true);
    assert_eq!(gate(&document, "drift")["limit"], 9.5);
    // A clone has neither the rows nor what they showed, and does not pretend.
    world.commit("pinned");
    let clone = world.cloned();
    assert_eq!(stage(&clone).exits(0).json()["status"], "unchanged");
    clone.promote("staging", "archived").exits(0);
    let document = stage(&clone).exits(7).json();
    let detail = |name: &str| text(&gate(&document, name)["detail"]).to_string();
    assert_eq!(detail("no_leakage"), "this store never looked at its rows");
    assert!(detail("drift").contains("no snapshot"));
}

#[test]
fn what_a_guard_let_pass_is_leakage_all_the_same() {
    let world = World::sample();
    world.edit(
        "churn_logistic",
        "staging = [",
        "staging = [\"no_leakage\"]",
    );
    // Rows of several dates are shuffled: entities stand on both sides.
    world.edit(
        "churn_logistic",
        "as_of = ",
        "as_of = [2024-01-31, 2024-02-29]",
    );
    world.edit("churn_logistic", "method = ", "method = \"shuffle\"");
    let file = world.read("experiments/churn_logistic.toml");
    let file = format!("{file}\n[allow]\nentity_overlap = true\n");
    std::fs::write(world.path("experiments/churn_logistic.toml"), file).unwrap();
    world.run("run churn_logistic").exits(0);
    let said = world.promote("churn_logistic@latest", "staging").exits(7);
    said.says("no_leakage")
        .says("have rows on both sides of the split");
}

#[test]
fn as_many_people_as_asked_must_approve() {
    let (world, run) = gated("approvals = 2\nproduction = [\"clean\"]");
    let approve = |user: &str, run: &str| {
        world.by(
            user,
            &["promote", run, "--approve", "--reason", "looked at it"],
        )
    };
    let said = promote(&world, &run, &[]).exits(7);
    said.says("approvals = 2 refused 0 of 2")
        .says("--approve --reason TEXT");
    // Nobody can waive other people.
    promote(&world, &run, &["--override-gates"]).exits(7);
    approve("bob", &run).exits(0).says("1 of 2: bob");
    approve("bob", &run).exits(0).says("nothing to do");
    assert_eq!(world.transitions().len(), 1, "the same person counts once");
    promote(&world, &run, &[]).exits(7).says("1 of 2: bob");
    approve("", &run).exits(2).says("STREAMFLOW_USER");
    assert!(!world.read(PIN).contains("bob"), "the file holds no names");
    world.run("show production").exits(2);

    // Somebody else approves in a clone: the file brings the first approval there.
    world.commit("approved");
    let clone = world.cloned();
    let there = [
        "promote",
        &run,
        "--approve",
        "--reason",
        "so did I",
        "--format",
        "json",
    ];
    let document = clone.by("cid", &there).exits(0).json();
    let by: Vec<&str> = document["approved_by"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    assert_eq!((by.len(), by[1]), (2, "cid"));
    clone.run("run --locked churn_prior").exits(0);
    promote(&clone, &run, &[])
        .exits(0)
        .says("approvals = 2 held 2 of 2");
    let log = clone.transitions();
    assert_eq!(text(&log[1]["approved_by"][1]), "cid");
    clone.run("history").exits(0).says("approved by");
    clone.run("history --verify").exits(0);
    // An approval is good for one promotion.
    assert!(!clone.read(PIN).contains("[[approvals]]"));
    clone.promote(&run, "archived").exits(0);
    promote(&clone, &run, &[]).exits(7).says("0 of 2");
    // Staging needs none; whoever promotes counts by an approval of their own.
    world.promote(&run, "staging").exits(0);
    approve("ann", &run).exits(0).says("2 of 2: bob, ann");
    promote(&world, &run, &[]).exits(0);
    approve("dan", &run).exits(0).says("in production already");
    world.run("history --verify").exits(0);
}

#[test]
fn an_approval_that_somebody_wrote_into_the_file_counts_for_nothing() {
    let (world, run) = gated("approvals = 2");
    for user in ["bob", "cid"] {
        world
            .by(user, &["promote", &run, "--approve", "--reason", "x"])
            .exits(0);
    }
    let pin = world.read(PIN);
    let last = pin.rfind("sequence = 2").is_some();
    assert!(last, "{pin}");
    // The approval of another run, said to be of this one.
    let other = world.prior_run("0.7");
    std::fs::write(world.path(PIN), pin.replace(&run, &other)).unwrap();
    promote(&world, &other, &[]).exits(7).says("0 of 2");
    let said = world.run("history --verify").exits(1);
    said.says("which says something else");
}

#[test]
fn declared_approvals_and_gates_are_checked() {
    let (world, _) = gated("approvals = 1");
    for (line, words) in [
        ("approvals = -1", "from 0 to 100"),
        ("approvals = 101", "from 0 to 100"),
        ("approvals = 1.5", "wrong type"),
        ("approvals = \"two\"", "wrong type"),
        ("aprovals = 1", "did you mean `approvals`"),
        ("production = [\"drift > 0.3\"]", "less drift is better"),
        (
            "production = [\"drift < production.drift\"]",
            "expected a number",
        ),
        ("production = [\"drfit < 0.3\"]", "did you mean `drift`"),
        ("production = [\"no_leakge\"]", "did you mean `no_leakage`"),
    ] {
        world.edit("churn_prior", "approvals = 1", line);
        world.run("check").exits(2).says(words);
        let key = line.split(' ').next().unwrap();
        world.edit("churn_prior", key, "approvals = 1");
    }
    world.run("check").exits(0);
}
