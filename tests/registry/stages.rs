//! Stages as policy, and aliases beside them.

use serde_json::{Value, json};

use super::world::{MODEL, PIN, World, text};

fn stage_of(world: &World, run: &str) -> Value {
    let runs = world.json("runs");
    let runs = runs["runs"].as_array().unwrap();
    runs.iter().find(|found| found["run"] == run).unwrap()["stage"].clone()
}

#[test]
fn what_is_replaced_is_archived_by_the_same_transition() {
    let world = World::sample();
    let runs = ["0.2", "0.3", "0.4"].map(|threshold| world.prior_run(threshold));
    assert_eq!(stage_of(&world, &runs[0]), Value::Null);
    world.promote(&runs[0], "production").exits(0);
    world
        .promote(&runs[1], "production")
        .exits(0)
        .says("which is archived");
    assert_eq!(stage_of(&world, &runs[0]), "archived");
    assert_eq!(stage_of(&world, &runs[1]), "production");
    let log = world.transitions();
    assert_eq!(text(&log[1]["archived"]), runs[0]);
    assert_eq!(text(&log[1]["replaced"]), runs[0]);
    let shown = world.json(&format!("show {}", runs[0]));
    assert_eq!(
        shown["stages"],
        json!([{ "model": MODEL, "stage": "archived" }])
    );
    world
        .run(&format!("show {}", runs[0]))
        .exits(0)
        .says("archived of streamflow_churn");
    world.run("runs").exits(0).says("P production a archived");
    // One that stands in staging too stays there.
    world.promote(&runs[2], "staging").exits(0);
    world.promote(&runs[2], "production").exits(0);
    world.promote(&runs[1], "production").exits(0);
    let log = world.transitions();
    assert_eq!(text(&log[4]["replaced"]), runs[2]);
    assert!(log[4]["archived"].is_null());
    assert_eq!(stage_of(&world, &runs[2]), "staging");
    world.rollback().exits(0);
    assert_eq!(stage_of(&world, &runs[1]), "archived");
}

#[test]
fn a_run_is_taken_out_of_its_stages() {
    let world = World::sample();
    let runs = ["0.2", "0.3", "0.4"].map(|threshold| world.prior_run(threshold));
    world.promote(&runs[0], "production").exits(0);
    world.promote(&runs[1], "production").exits(0);
    world.promote(&runs[1], "staging").exits(0);
    let said = world.promote(&runs[1], "archived").exits(0);
    said.says("it left production and staging")
        .says("nothing of streamflow_churn is in production now");
    world
        .promote(&runs[1], "archived")
        .exits(0)
        .says("archived already");
    assert_eq!(stage_of(&world, &runs[1]), "archived");
    world
        .run("show production")
        .exits(2)
        .says("no run of streamflow_churn is pinned");
    world.rollback().exits(1).says("nothing to go back from");
    let log = world.transitions();
    assert_eq!(
        (&log[3]["kind"], &log[3]["to"]),
        (&json!("demotion"), &json!("archived"))
    );
    assert_eq!(text(&log[3]["from"]), "production");
    assert_eq!(world.json("history")["pinned"], json!({}));
    world.run("history --verify").exits(0);
    // What was set aside is not gone back to.
    world.promote(&runs[2], "production").exits(0);
    world.rollback().exits(0);
    assert_eq!(world.production(), runs[0]);
    // Out and forgotten.
    world.promote(&runs[0], "None").exits(0);
    assert_eq!(stage_of(&world, &runs[0]), Value::Null);
    world
        .promote(&runs[0], "none")
        .exits(0)
        .says("in no stage already");
    assert_eq!(world.promote(&runs[2], "archived").exits(0).code, 0);
    world.run("history --verify").exits(0);
    let document = world.run(&format!(
        "promote {} --to none --reason x --format json",
        runs[2]
    ));
    let document = document.exits(0).json();
    assert_eq!(document["status"], "demoted");
    assert_eq!(document["left"], json!([]));
    world
        .run(&format!(
            "promote {} --to none --reason x --override-gates",
            runs[2]
        ))
        .exits(2)
        .says("no gates are asked");
}

#[test]
fn aliases_name_runs_here_and_in_a_clone() {
    let world = World::sample();
    let runs = ["0.2", "0.3"].map(|threshold| world.prior_run(threshold));
    let alias = |run: &str, how: &str, name: &str| {
        world.run(&format!("promote {run} {how} {name} --reason tried"))
    };
    let shown =
        |world: &World, name: &str| text(&world.json(&format!("show {name}"))["run"]).to_string();
    alias(&runs[0], "--alias", "champion")
        .exits(0)
        .says("points at run");
    assert_eq!(shown(&world, "streamflow_churn@champion"), runs[0]);
    alias(&runs[0], "--alias", "champion")
        .exits(0)
        .says("it is run");
    alias(&runs[1], "--alias", "champion")
        .exits(0)
        .says(&runs[0][..12]);
    alias(&runs[0], "--alias", "fallback").exits(0);
    assert_eq!(shown(&world, "streamflow_churn@champion"), runs[1]);
    let show = world.json("show streamflow_churn@fallback");
    assert_eq!(
        show["aliases"],
        json!([{ "model": MODEL, "alias": "fallback" }])
    );
    assert_eq!(show["stages"], json!([]));
    world
        .run("show streamflow_churn@fallback")
        .exits(0)
        .says("streamflow_churn@fallback");
    let history = world.json("history");
    assert_eq!(
        history["aliases"],
        json!({ "champion": runs[1], "fallback": runs[0] })
    );
    assert!(history["transitions"][0]["to"].is_null());
    world.run("history").exits(0).says("@champion");
    // The file has no stage, and a clone knows all the same.
    world
        .run("show churn_prior@champion")
        .exits(2)
        .says("did you mean `streamflow_churn@champion`");
    world.commit("aliases");
    let clone = world.cloned();
    assert_eq!(shown(&clone, "streamflow_churn@champion"), runs[1]);
    world.run("gc").exits(0);
    alias(&runs[0], "--remove-alias", "champion")
        .exits(2)
        .says("is run");
    alias(&runs[0], "--remove-alias", "falback")
        .exits(2)
        .says("did you mean `fallback`");
    alias("streamflow_churn@champion", "--remove-alias", "champion")
        .exits(0)
        .says("removed");
    world
        .run("show streamflow_churn@champion")
        .exits(2)
        .says("there are production, staging, fallback");
    world
        .run("show streamflow_churn@fallbac")
        .exits(2)
        .says("did you mean `streamflow_churn@fallback`");
    world.run("history --verify").exits(0);
    assert!(world.read(PIN).contains("[aliases.fallback]"));
    let at = text(&history["transitions"][1]["at"]).to_string();
    let then = world.json(&format!("history --at {at}"));
    assert_eq!(then["aliases"], json!({ "champion": runs[1] }));
}

#[test]
fn a_word_that_means_something_else_is_no_alias() {
    let world = World::sample();
    let run = world.prior_run("0.2");
    for name in [
        "latest",
        "locked",
        "production",
        "staging",
        "archived",
        "none",
        "head",
        "main",
        "Champion",
        "beef",
        "0123abcd",
        "a@b",
        "a.b",
        "a/b",
    ] {
        let said = world.run(&format!("promote {run} --alias {name} --reason x"));
        said.exits(2).says("is not an alias");
    }
    world
        .run(&format!("promote {run} --alias a --to staging --reason x"))
        .exits(2);
    world.run(&format!("promote {run} --reason x")).exits(2);
    // A model that is called as an experiment, where git has a word for a revision.
    world.edit("churn_prior", "registers = ", "registers = \"churn_prior\"");
    world.git(&["branch", "blue"]);
    world
        .run(&format!("promote {run} --alias blue --reason x"))
        .exits(2)
        .says("git revision");
    world
        .run(&format!("promote {run} --alias green --reason x"))
        .exits(0);
    assert_eq!(text(&world.json("show churn_prior@green")["run"]), run);
    world.git(&["branch", "green"]);
    world
        .run("show churn_prior@green")
        .exits(2)
        .says("means two runs")
        .says("refs/heads/green");
    assert_eq!(
        text(&world.json("show churn_prior@refs/heads/green")["run"]),
        run
    );
    assert_eq!(text(&world.json("show churn_prior@blue")["run"]), run);
}

#[test]
fn models_of_one_project_do_not_meet() {
    let world = World::sample();
    let prior = world.prior_run("0.2");
    world.edit("churn_logistic", "registers = ", "registers = \"second\"");
    let logistic = text(&world.json("run churn_logistic")["run"]).to_string();
    world.promote(&prior, "production").exits(0);
    world.run("replay churn_logistic@latest").exits(0);
    world.promote(&logistic, "production").exits(0);
    world
        .run(&format!("promote {logistic} --alias champion --reason x"))
        .exits(0);
    assert_eq!(text(&world.json("show second@production")["run"]), logistic);
    assert_eq!(
        text(&world.json("show streamflow_churn@production")["run"]),
        prior
    );
    world.run("show streamflow_churn@champion").exits(2);
    world
        .run("show production")
        .exits(2)
        .says("there are 2 models");
    world
        .run("history")
        .exits(2)
        .says("models: second, streamflow_churn");
    assert_eq!(
        world.json("history second")["transitions"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for model in ["second", MODEL] {
        world.run(&format!("history {model} --verify")).exits(0);
    }
    assert_eq!(stage_of(&world, &prior), "production");
}
