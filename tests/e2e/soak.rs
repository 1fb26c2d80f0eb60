//! Killed at random instants, again and again in one store: it stays sound, and what was reported
//! done is there.
//!
//! `STREAMFLOW_SOAK=300` sets the number of kills; tests/SOAK.md has the command and the last result.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{World, assert_sound};

/// Kills in the ordinary tests.
const SHORT: usize = 40;

/// Numbers that look random and are the same each time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What the program reported done, with exit code 0.
#[derive(Default)]
struct Reported {
    /// Outputs and metrics by run.
    runs: BTreeMap<String, (Value, Value)>,
    /// Revision by date.
    snapshots: BTreeMap<String, u64>,
    /// Transitions in order.
    transitions: Vec<(u64, String)>,
    materialized: bool,
}

impl Reported {
    fn note(&mut self, kind: &str, document: &Value) {
        let text = |name: &str| document[name].as_str().unwrap().to_string();
        match kind {
            "run" => {
                let results = (document["outputs"].clone(), document["metrics"].clone());
                self.runs.insert(text("run"), results);
            }
            "ingest" => {
                self.snapshots
                    .insert(text("as_of"), document["revision"].as_u64().unwrap());
            }
            "promote" if document["status"] == "promoted" => {
                let transition = &document["transition"];
                let run = transition["run"].as_str().unwrap().to_string();
                self.transitions
                    .push((transition["sequence"].as_u64().unwrap(), run));
            }
            "materialize" => self.materialized = true,
            _ => {}
        }
    }

    /// Everything is still there.
    fn assert_kept(&self, world: &World) {
        let json = |arguments: &[&str]| {
            let mut all = arguments.to_vec();
            all.extend(["--format", "json"]);
            world.run(&all).assert_code(0).json()
        };
        for (run, (outputs, metrics)) in &self.runs {
            let shown = json(&["show", run]);
            assert_eq!(
                (&shown["outputs"], &shown["metrics"]),
                (outputs, metrics),
                "run {run}"
            );
        }
        let all = json(&["snapshots"]);
        for (date, revision) in &self.snapshots {
            let mut of_date = all["snapshots"].as_array().unwrap().iter();
            let found = of_date.find(|snapshot| snapshot["as_of"] == date.as_str());
            assert!(
                found.unwrap()["revision"].as_u64().unwrap() >= *revision,
                "{date}"
            );
        }
        if !self.transitions.is_empty() {
            let history = json(&["history"]);
            let log: Vec<(u64, String)> = history["transitions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| {
                    (
                        t["sequence"].as_u64().unwrap(),
                        t["run"].as_str().unwrap().to_string(),
                    )
                })
                .collect();
            for transition in &self.transitions {
                assert!(log.contains(transition), "{transition:?} is not in {log:?}");
            }
        }
        if self.materialized {
            let table = world.read("data/2024-01-31/users.csv");
            let id = table.lines().nth(1).unwrap().split(',').next().unwrap();
            json(&["features", id]);
        }
    }
}

/// A command and the arguments it has this time.
fn command(
    world: &World,
    at: usize,
    runs: &[String],
    draws: &mut Draws,
) -> (&'static str, Vec<String>) {
    let words = |text: &str| text.split(' ').map(ToString::to_string).collect();
    match at % 6 {
        0 => {
            let trees = 3 + draws.below(40);
            let run = format!("run churn_random_forest --set model.trees={trees}");
            ("run", words(&run))
        }
        1 => {
            // Another value each time, so that there is something to write.
            let path = "data/2024-03-31/usage_agg_30d.csv";
            let text = world.read(path);
            let mut lines: Vec<&str> = text.lines().collect();
            lines.swap_remove(1 + draws.below(lines.len() as u64 - 1) as usize);
            world.write(path, &(lines.join("\n") + "\n"));
            ("ingest", words("ingest --as-of 2024-03-31"))
        }
        2 => {
            let run = &runs[draws.below(runs.len() as u64) as usize];
            let promote = format!("promote {run} --to staging --reason soak");
            ("promote", words(&promote))
        }
        3 => ("gc", words("gc --yes --keep 2 --grace 0d")),
        4 => {
            let date = ["2024-01-31", "2024-02-29", "2024-03-31"][draws.below(3) as usize];
            ("materialize", words(&format!("materialize --as-of {date}")))
        }
        _ => ("run", words("run churn_logistic --no-cache")),
    }
}

#[test]
fn killed_at_random_instants_nothing_that_was_reported_is_lost() {
    let wanted = std::env::var("STREAMFLOW_SOAK").map_or(SHORT, |text| text.parse().unwrap());
    let watch = Instant::now();
    let world = World::sample();
    world.run(&["run"]).assert_code(0);
    world.commit("all");
    let locked: Vec<String> = ["churn_logistic", "churn_random_forest"]
        .iter()
        .map(|name| world.run_one(name)["run"].as_str().unwrap().to_string())
        .collect();
    let mut reported = Reported::default();
    let mut draws = Draws(2024);
    // The longest that each command is let live, in microseconds.
    let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut died, mut finished, mut at) = (BTreeMap::new(), 0, 0);
    while died.values().sum::<usize>() < wanted {
        let (kind, arguments) = command(&world, at, &locked, &mut draws);
        at += 1;
        assert!(
            at < 6 * wanted + 60,
            "only {died:?} of {at} were killed before they ended"
        );
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(["--format", "json"]);
        let length = lengths.entry(kind).or_insert(60_000);
        let mut child = world.start(&arguments);
        sleep(Duration::from_micros(draws.below(*length)));
        child.kill().unwrap();
        let output = world.wait(child);
        match output.code {
            -1 => {
                *died.entry(kind).or_default() += 1;
                // Next time it may live longer, until about one in three sees its end.
                *length += *length / 12;
            }
            code => {
                finished += 1;
                *length -= *length / 6;
                let output = output.assert_code(code);
                // A gate may refuse, and a commit may be missing; nothing else may go wrong.
                assert!(
                    code == 0 || (kind == "promote" && code == 7),
                    "{kind}: {}",
                    output.stderr
                );
                if code == 0 {
                    reported.note(kind, &output.json());
                }
            }
        }
        let fsck = world
            .run(&["fsck", "--format", "json"])
            .assert_code(0)
            .json();
        assert_eq!(fsck["sound"], true, "after {kind}: {fsck:#}");
        if at % 12 == 0 {
            reported.assert_kept(&world);
        }
    }
    reported.assert_kept(&world);
    assert_sound(&world);
    for path in world.files().keys().filter(|path| path.contains(".tmp-")) {
        assert!(path.starts_with("lockfiles/"), "{path}");
    }
    world.git(&["checkout", "--quiet", "--", "data"]);
    world.run(&["run", "--locked", "--no-cache"]).assert_code(0);
    println!(
        "{} kills ({died:?}), {finished} commands ended before theirs; fsck sound {at} times; {} runs, \
         {} snapshots and {} transitions reported done, none lost; {:.0} s",
        died.values().sum::<usize>(),
        reported.runs.len(),
        reported.snapshots.len(),
        reported.transitions.len(),
        watch.elapsed().as_secs_f64()
    );
}
