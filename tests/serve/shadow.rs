//! What was answered is asked of the other run too, and nobody notices but who looks.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streamflow::definition::Stage;
use streamflow::hash::RunId;

use crate::canary::{alone, fraction, world};
use crate::swap::metric;
use crate::world::{NO_PAYMENTS, PATIENCE, Server, World, signal, template};

/// Both runs' answers, production's first.
type Both = [BTreeMap<String, Value>; 2];

fn both(production: RunId, staged: RunId, ids: &[String]) -> Both {
    [alone(production, ids), alone(staged, ids)]
}

/// Entities, one of them without what the strict run needs.
fn ids(world: &World) -> Vec<String> {
    let mut ids = world.ids("2024-01-31");
    ids.truncate(200);
    ids.push(NO_PAYMENTS.to_string());
    ids
}

/// A metric of the two runs.
fn counted(server: &Server, name: &str, production: RunId, staged: RunId) -> f64 {
    let labels = format!("{{run=\"{production}\",staged=\"{staged}\"}}");
    metric(server, &format!("{name}{labels}"))
}

/// Waits until so many entities were compared, dropped or met by silence.
fn wait_for_compared(server: &Server, production: RunId, staged: RunId, entities: usize) {
    let start = std::time::Instant::now();
    loop {
        let text = server.get("/metrics").body;
        let labels = format!("{{run=\"{production}\",staged=\"{staged}\"");
        let ends = [
            "shadow_compared_total",
            "shadow_dropped_total",
            "shadow_silent_total",
        ];
        let lines = text.lines().filter(|line| {
            ends.iter()
                .any(|name| line.starts_with(&format!("{name}{labels}")))
        });
        let done: f64 = lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum();
        if done >= entities as f64 {
            assert_eq!(done, entities as f64);
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{done} of {entities}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_both_say_is_counted_and_replies_stay_what_they_were() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "shadow = \"staging\"");
    let ids = ids(&world);
    let [of_production, of_staged] = both(production, staged, &ids);
    let server = world.serve();
    for id in &ids {
        let reply = server.predict(&json!({ "user_id": id }));
        assert_eq!(reply.json(), of_production[id]);
    }
    let batch = server.predict(&json!({ "user_ids": ids })).json();
    for (id, item) in ids.iter().zip(batch["predictions"].as_array().unwrap()) {
        assert_eq!(*item, of_production[id]);
    }
    wait_for_compared(&server, production, staged, 2 * ids.len());

    let answered: Vec<&String> = ids
        .iter()
        .filter(|id| of_staged[*id]["run"].is_string())
        .collect();
    let silent = (ids.len() - answered.len()) as f64;
    assert!((1.0..20.0).contains(&silent));
    let count = |name: &str| counted(&server, name, production, staged);
    assert_eq!(count("shadow_compared_total"), 2.0 * answered.len() as f64);
    let disagree =
        |id: &&&String| of_production[**id]["prediction"] != of_staged[**id]["prediction"];
    let disagreed = answered.iter().filter(disagree).count();
    assert!(disagreed > 0);
    assert_eq!(count("shadow_disagreed_total"), 2.0 * disagreed as f64);
    assert_eq!(count("shadow_dropped_total"), 0.0);
    let score =
        |answers: &BTreeMap<String, Value>, id: &str| answers[id]["probability"].as_f64().unwrap();
    let difference: f64 = answered
        .iter()
        .map(|id| score(&of_staged, id) - score(&of_production, id))
        .sum();
    let sum = count("shadow_probability_difference_sum");
    assert!((sum - 2.0 * difference).abs() < 1e-9, "{sum} {difference}");
    let name = |by: &str, reason: &str| {
        format!(
            "shadow_silent_total{{run=\"{production}\",staged=\"{staged}\",by=\"{by}\",reason=\"{reason}\"}}"
        )
    };
    assert_eq!(
        metric(&server, &name("staged", "missing_features")),
        2.0 * silent
    );
    assert_eq!(
        metric(&server, &name("production", "missing_features")),
        0.0
    );
    for by in ["production", "staged"] {
        let name = format!(
            "shadow_latency_seconds_count{{run=\"{production}\",staged=\"{staged}\",by=\"{by}\"}}"
        );
        assert_eq!(metric(&server, &name), 2.0 * answered.len() as f64);
    }
    // What a shadow says is no answer.
    let told = format!("model_prediction_probability_count{{run=\"{staged}\"}}");
    assert_eq!(metric(&server, &told), 0.0);
}

/// Of the canary production is asked, so that everybody is compared.
#[test]
fn with_a_canary_both_are_asked_about_everybody() {
    let (production, staged) = (template().strict, template().lenient);
    let world = world(production, staged, "shadow = \"staging\"\ncanary = 0.5");
    let ids = ids(&world);
    let server = world.serve();
    let reply = server.predict(&json!({ "user_ids": ids })).json();
    let items = reply["predictions"].as_array().unwrap().iter();
    let answered = items.filter(|item| item["run"].is_string()).count();
    wait_for_compared(&server, production, staged, answered);
    let compared = counted(&server, "shadow_compared_total", production, staged);
    assert!(
        answered as f64 - compared <= 1.0,
        "{compared} of {answered}"
    );
    // Another pair of runs is counted apart.
    world.pin_to(&[(Stage::Production, staged), (Stage::Staging, production)]);
    server.wait_for("/ready", |ready| {
        ready["staged"]["run"] == production.to_string()
    });
    assert_eq!(
        counted(&server, "shadow_compared_total", staged, production),
        0.0
    );
    assert_eq!(
        counted(&server, "shadow_compared_total", production, staged),
        compared
    );
}

/// Whoever asks faster than the other run can answer is answered all the same.
#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "shadow = \"staging\"");
    let some = world.ids("2024-01-31");
    let ids: Vec<&String> = some.iter().cycle().take(10_000).collect();
    let server = world.serve();
    let body = json!({ "user_ids": ids });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..6 {
                    assert_eq!(server.predict(&body).status, 200);
                }
            });
        }
    });
    wait_for_compared(&server, production, staged, 24 * ids.len());
    let dropped = counted(&server, "shadow_dropped_total", production, staged);
    assert!(dropped > 0.0 && dropped % 10_000.0 == 0.0, "{dropped}");
}

#[test]
fn without_a_staged_run_nothing_is_compared() {
    let world = World::ready(template().lenient, "2024-01-31");
    world.declare("shadow = \"staging\"");
    let server = world.serve();
    server.wait_for_log("production answers alone: nothing is staged");
    let id = world.ids("2024-01-31").remove(0);
    assert_eq!(server.predict(&json!({ "user_id": id })).status, 200);
    assert!(
        !server
            .get("/metrics")
            .body
            .contains("shadow_compared_total")
    );
}

fn stop(mut server: Server) {
    signal(&server.child, "-TERM");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn the_command_shows_what_replies_add_up_to() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "shadow = \"staging\"\ncanary = 0.3");
    let ids = ids(&world);
    let [of_production, of_staged] = both(production, staged, &ids);
    let own = |id: &String| fraction(id) < 0.3;
    let server = world.serve();
    assert_eq!(server.predict(&json!({ "user_ids": ids })).status, 200);
    stop(server);
    // Stopped, a server has written everything.
    let (code, shown) = world.run(&["shadow", "--model", "streamflow_churn"]);
    assert_eq!(code, 0, "{shown:#}");
    let pair = &shown["pairs"][0];
    assert_eq!(shown["pairs"].as_array().unwrap().len(), 1);
    assert_eq!(pair["run"], production.to_string());
    assert_eq!(pair["staged"], staged.to_string());

    let by_both = |id: &&String| of_staged[*id]["run"].is_string();
    let answered: Vec<&String> = ids.iter().filter(by_both).collect();
    assert_eq!(pair["compared"], answered.len());
    let of =
        |answers: &BTreeMap<String, Value>, id: &String, field: &str| answers[id][field].clone();
    let agreed = answered
        .iter()
        .filter(|id| of(&of_production, id, "prediction") == of(&of_staged, id, "prediction"));
    let agreed = agreed.count();
    assert_eq!(pair["agreed"], agreed);
    let share = agreed as f64 / answered.len() as f64;
    assert_eq!(pair["agreement"].as_f64(), Some(share));
    for cell in pair["predictions"].as_array().unwrap() {
        let is_own = |id: &&&String| {
            let predicted = |answers| of(answers, id, "prediction").to_string();
            cell["production"] == predicted(&of_production)
                && cell["staged"] == predicted(&of_staged)
        };
        assert_eq!(cell["entities"], answered.iter().filter(is_own).count());
    }
    let by_staged = answered.iter().filter(|id| own(id)).count();
    // Of the canary production would have answered for them, and nobody was told anything.
    let silent = ids.iter().filter(|id| !by_both(id) && !own(id)).count();
    assert_eq!(pair["answered_by"]["staged"], by_staged);
    assert_eq!(
        pair["answered_by"]["production"],
        answered.len() - by_staged + silent
    );
    let silences = pair["silent"].as_array().unwrap();
    assert_eq!(silences.len(), 1);
    assert_eq!(silences[0]["by"], "staged");
    assert_eq!(silences[0]["reason"], "missing_features");
    assert_eq!(silences[0]["entities"], silent);

    let score = |answers: &BTreeMap<String, Value>, id: &String| {
        of(answers, id, "probability").as_f64().unwrap()
    };
    let mut apart: Vec<(f64, &String)> = answered
        .iter()
        .map(|id| (score(&of_staged, id) - score(&of_production, id), *id))
        .collect();
    let count = apart.len() as f64;
    let close = |found: &Value, wanted: f64| {
        let found = found.as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    };
    let difference = &pair["difference"];
    close(
        &difference["mean"],
        apart.iter().map(|(one, _)| one).sum::<f64>() / count,
    );
    close(
        &difference["mean_absolute"],
        apart.iter().map(|(one, _)| one.abs()).sum::<f64>() / count,
    );
    apart.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |share: f64| apart[(share * count).ceil() as usize - 1].0;
    close(&difference["quantiles"]["p5"], at(0.05));
    close(&difference["quantiles"]["p50"], at(0.5));
    close(&difference["quantiles"]["p99"], at(0.99));
    assert!(difference["psi"].as_f64().unwrap() > 0.0);
    apart.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(b.1)));
    let most = pair["most"].as_array().unwrap();
    assert_eq!(most.len(), 10);
    for (shown, (difference, id)) in most.iter().zip(&apart) {
        assert_eq!(shown["entity"], **id);
        close(&shown["difference"], *difference);
        assert_eq!(shown["as_of"], "2024-01-31");
    }
    for side in ["production", "staged"] {
        let p50 = pair["latency_microseconds"]["p50"][side].as_f64().unwrap();
        let p99 = pair["latency_microseconds"]["p99"][side].as_f64().unwrap();
        assert!(0.0 < p50 && p50 <= p99);
    }
    // A day that is not over yet is no day of tomorrow.
    let (code, none) = world.run(&["shadow", "--since", "2999-01-01"]);
    assert_eq!(code, 5, "{none:#}");
    let help = none["error"]["help"].to_string();
    assert!(
        help.contains("the last rows in this store are of"),
        "{help}"
    );
    assert_eq!(world.run(&["shadow", "--since", "yesterday"]).0, 2);
    assert_eq!(world.run(&["shadow", "--model", "nobody"]).0, 2);
}

/// A server that is killed loses the rows of some seconds, and leaves no half file.
#[test]
fn a_killed_server_leaves_whole_rows() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "shadow = \"staging\"");
    let (code, none) = world.run(&["shadow"]);
    assert_eq!(code, 5, "{none:#}");
    let ids: Vec<String> = world.ids("2024-01-31").into_iter().take(500).collect();
    for _ in 0..2 {
        let mut server = world.serve();
        let start = std::time::Instant::now();
        // Rows are written every two seconds.
        while start.elapsed().as_secs_f64() < 2.6 {
            assert_eq!(server.predict(&json!({ "user_ids": ids })).status, 200);
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    let (code, shown) = world.run(&["shadow"]);
    assert_eq!(code, 0, "{shown:#}");
    let pair = &shown["pairs"][0];
    let silent = pair["silent"][0]["entities"].as_u64().unwrap();
    let rows = pair["compared"].as_u64().unwrap() + silent;
    assert!(rows > 0 && rows % 500 == 0, "{rows}");
    let (code, found) = world.run(&["fsck"]);
    assert_eq!(code, 0, "{found:#}");
}

#[test]
fn a_gate_asks_what_the_shadow_showed() {
    let (production, staged) = (template().lenient, template().strict);
    let world = world(production, staged, "shadow = \"staging\"");
    let gates = |gates: &str| {
        let path = world.root.join("experiments/strict.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("[promote]").next().unwrap();
        let text = format!("{text}[promote]\nproduction = [{gates}]\n");
        std::fs::write(path, text).unwrap();
    };
    let promote = || {
        let run = staged.to_string();
        let to = ["--to", "production", "--reason", "as good"];
        world.run(&[&["promote", &run], &to[..]].concat())
    };
    gates("\"shadow_agreement >= 0\"");
    let (code, refused) = promote();
    assert_eq!(code, 7, "{refused:#}");
    assert!(refused.to_string().contains("nothing is recorded of it"));

    let ids: Vec<String> = world.ids("2024-01-31").into_iter().take(100).collect();
    let server = world.serve();
    assert_eq!(server.predict(&json!({ "user_ids": ids })).status, 200);
    stop(server);
    let shown = world.run(&["shadow"]).1;
    let pair = &shown["pairs"][0];
    let (share, compared) = (pair["agreement"].as_f64().unwrap(), &pair["compared"]);
    assert!(share > 0.3 && share < 1.0);
    gates(&format!(
        "\"shadow_agreement > {share}\", \"shadow_compared >= {compared}\""
    ));
    let (code, refused) = promote();
    assert_eq!(code, 7, "{refused:#}");
    assert_eq!(refused["gates"][0]["held"], false);
    assert_eq!(refused["gates"][0]["value"].as_f64(), Some(share));
    assert_eq!(refused["gates"][1]["held"], true);
    gates(&format!(
        "\"shadow_agreement >= {share}\", \"shadow_compared >= {compared}\""
    ));
    let (code, promoted) = promote();
    assert_eq!(code, 0, "{promoted:#}");
}
