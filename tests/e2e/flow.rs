//! Flows: what is done for a date, step by step, cut off and taken up again.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::common::{FEBRUARY, World, assert_sound};

const MARCH: &str = "2024-03-31";
const MONTHLY: &str = r#"
[flow.monthly]
description = "Once the six exports of a month are there."
steps = [
  { do = "ingest", retries = 1, backoff = "1s" },
  { do = "drift", experiment = "churn_random_forest" },
  { do = "run", experiment = "churn_random_forest" },
  { do = "replay", experiment = "churn_random_forest" },
  { do = "promote", experiment = "churn_random_forest", reason = "the month of {as_of}" },
  { do = "materialize", when = { step = "promote", is = "promoted" } },
]
"#;

/// The example project with this flow, committed.
fn world(flow: &str) -> World {
    let world = World::sample();
    let project = world.read("streamflow.toml");
    let own = project.split("\n[flow.").next().unwrap();
    world.write("streamflow.toml", &format!("{own}\n{flow}"));
    world.git(&["init", "--quiet"]);
    world.commit("The example with a flow");
    world
}

/// A screen without the minutes at which things were done.
fn untimed(screen: &str) -> String {
    let minute = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d").unwrap();
    minute.replace_all(screen, "<minute>").into_owned()
}

/// The records of `flow history`, the oldest first.
fn history(world: &World) -> Vec<Value> {
    let output = world.run(&["flow", "history", "--format", "json"]);
    let document = output.assert_code(0).json();
    document["flows"].as_array().unwrap().clone()
}

/// The state of each step of a record.
fn states(record: &Value) -> Vec<(String, String)> {
    let steps = record["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_string();
    steps
        .map(|step| (text(&step["name"]), text(&step["outcome"])))
        .collect()
}

/// What a server on the project answers over HTTP.
fn served(world: &World, id: &str) -> Value {
    let mut server = world.start(&["serve", "--address", "127.0.0.1:0", "--color", "never"]);
    let mut first = String::new();
    let told = BufReader::new(server.stderr.take().unwrap()).read_line(&mut first);
    assert!(told.unwrap() > 0, "the server says where it listens");
    let address = first.trim().rsplit("http://").next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = format!(r#"{{"user_id":"{id}"}}"#);
    let length = body.len();
    let request = format!(
        "POST /predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{reply}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_month_of_the_course_from_six_files_to_a_served_prediction() {
    let world = world(MONTHLY);
    let done = world.run(&["flow", "monthly", "--as-of", FEBRUARY]);
    insta::assert_snapshot!(done.assert_code(0).screen(), @r##"
    exit 0
    --- stdout
    Done: 6 steps in <time> s.
    --- stderr
    monthly   2024-02-29
      ingest       new        6 tables, revision 1  12 268 rows  <time> s
      drift        steady     0 of 21 columns  <time> s
      run          executed   run <short>, auc 0.7817  1 999 rows  <time> s
      replay       identical  run <short>  1 999 rows  <time> s
      promote      promoted   run <short>  <time> s
      materialize  new        21 features  2 045 rows  <time> s
    "##);
    let again = world.run(&["flow", "monthly", "--as-of", FEBRUARY]);
    insta::assert_snapshot!(untimed(&again.assert_code(0).screen()), @r##"
    exit 0
    --- stdout
    monthly   2024-02-29   done on <minute> UTC; nothing to do.
      `streamflow flow monthly --as-of 2024-02-29 --restart` does it anew
    "##);
    insta::assert_snapshot!(untimed(
        &world.run(&["flow", "history"]).assert_code(0).screen()
    ), @r##"
    exit 0
    --- stdout
      <minute>  monthly  2024-02-29  done  6/6  <time> s  tester
    "##);
    let attempts = world.run(&["flow", "history", "monthly", "--as-of", FEBRUARY]);
    insta::assert_snapshot!(untimed(&attempts.assert_code(0).screen()), @r##"
    exit 0
    --- stdout
    monthly   2024-02-29   begun <minute> UTC by tester
      ingest       new        6 tables, revision 1  12 268 rows  <time> s
          1  <minute>  new
      drift        steady     0 of 21 columns  <time> s
          1  <minute>  steady
      run          executed   run <short>, auc 0.7817  1 999 rows  <time> s
          1  <minute>  executed
      replay       identical  run <short>  1 999 rows  <time> s
          1  <minute>  identical
      promote      promoted   run <short>  <time> s
          1  <minute>  promoted
      materialize  new        21 features  2 045 rows  <time> s
          1  <minute>  new
    "##);
    // What was promoted answers for the month's values; no lock of the tree was touched.
    let answer = served(&world, "2077-CJCND");
    assert_eq!(answer["as_of"], FEBRUARY);
    assert_eq!(
        answer["run"],
        history(&world)[0]["steps"][2]["attempts"][0]["run"]
    );
    assert_eq!(
        world
            .git(&["status", "--short", "--untracked-files=all"])
            .trim(),
        "?? lockfiles/streamflow_churn.pin"
    );
    let log = world.run(&["history", "--format", "json"]).json();
    assert_eq!(log["transitions"][0]["reason"], "the month of 2024-02-29");
}

#[test]
fn a_step_that_fails_stops_the_flow_which_goes_on_from_there() {
    let world = world(MONTHLY);
    let file = "data/2024-02-29/subscriptions.csv";
    let text = world.read(file);
    world.remove(file);
    let stopped = world.run(&["flow", "monthly", "--as-of", FEBRUARY]);
    insta::assert_snapshot!(stopped.assert_code(5).screen(), @r##"
    exit 5
    --- stderr
    monthly   2024-02-29
      ingest failed, again in <time> s: subscriptions has no file for 2024-02-29
      ingest       failed     2 attempts  <time> s
    error: flow monthly of 2024-02-29 stopped at ingest
      subscriptions has no file for 2024-02-29
    help: put the file there, or read it from elsewhere:
          `streamflow ingest --as-of 2024-02-29 --from DIR`
          `streamflow flow monthly --as-of 2024-02-29` goes on from there
    "##);
    insta::assert_snapshot!(untimed(
        &world.run(&["flow", "history"]).assert_code(0).screen()
    ), @r##"
    exit 0
    --- stdout
      <minute>  monthly  2024-02-29  failed  0/6  <time> s  tester  at ingest
    "##);
    world.write(file, &text);
    let done = world.run(&["flow", "monthly", "--as-of", FEBRUARY, "--format", "json"]);
    let done = done.assert_code(0).json();
    assert_eq!(
        (&done["state"], &done["resumed"]),
        (&"done".into(), &true.into())
    );
    // One retry each time: two attempts failed, the third one did it.
    assert_eq!(done["steps"][0]["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(history(&world).len(), 1, "one record, gone on with");
}

#[test]
fn gates_that_do_not_hold_are_an_outcome_and_no_failure() {
    let world = world(&MONTHLY.replace(
        "  { do = \"replay\", experiment = \"churn_random_forest\" },\n",
        "",
    ));
    let done = world.run(&["flow", "monthly", "--as-of", FEBRUARY]);
    insta::assert_snapshot!(done.assert_code(0).screen(), @r##"
    exit 0
    --- stdout
    Done: 5 steps in <time> s.
    --- stderr
    monthly   2024-02-29
      ingest       new        6 tables, revision 1  12 268 rows  <time> s
      drift        steady     0 of 21 columns  <time> s
      run          executed   run <short>, auc 0.7817  1 999 rows  <time> s
      promote      refused    run <short> does not pass 1 of 4 gates of production  <time> s
      materialize  skipped    promote is refused, not promoted
    "##);
    assert!(!world.has("lockfiles/streamflow_churn.pin"));
}

#[test]
fn an_attempt_that_takes_too_long_is_ended() {
    let world = world(
        "[flow.slow]\nsteps = [{ do = \"run\", experiment = \"churn_random_forest\", timeout = \"1s\" }]\n",
    );
    world.edit(
        "experiments/churn_random_forest.toml",
        "trees            = 300",
        "trees = 20000",
    );
    let ended = world.run(&["flow", "slow", "--as-of", FEBRUARY]);
    insta::assert_snapshot!(ended.assert_code(1).screen(), @r##"
    exit 1
    --- stderr
    slow   2024-02-29
      run          failed     <time> s
    error: flow slow of 2024-02-29 stopped at run
      it took longer than its `timeout` and was ended
    help: `streamflow flow slow --as-of 2024-02-29` goes on from there
    "##);
    let attempt = &history(&world)[0]["steps"][0]["attempts"][0];
    assert_eq!(attempt["exit_code"], Value::Null);
    assert!(attempt["seconds"].as_f64().unwrap() >= 1.0);
}

#[test]
fn every_date_on_file_is_caught_up_with_in_order() {
    let world = world(MONTHLY);
    let arguments = [
        "flow",
        "monthly",
        "--from",
        "2024-01-01",
        "--to",
        "2024-12-31",
    ];
    let done = world.run(&arguments).assert_code(0);
    insta::assert_snapshot!(done.screen(), @r##"
    exit 0
    --- stdout
    Done: 6 steps in <time> s.
    Done: 6 steps in <time> s.
    Done: 6 steps in <time> s.
    --- stderr
    monthly   2024-01-31
      ingest       new        6 tables, revision 1  11 973 rows  <time> s
      drift        skipped    no date before 2024-01-31 is on file
      run          executed   run <short>, auc 0.7696  2 000 rows  <time> s
      replay       identical  run <short>  2 000 rows  <time> s
      promote      promoted   run <short>  <time> s
      materialize  new        21 features  2 000 rows  <time> s
    monthly   2024-02-29
      ingest       new        6 tables, revision 1  12 268 rows  <time> s
      drift        steady     0 of 21 columns  <time> s
      run          executed   run <short>, auc 0.7817  1 999 rows  <time> s
      replay       identical  run <short>  1 999 rows  <time> s
      promote      promoted   run <short>  <time> s
      materialize  new        21 features  2 045 rows  <time> s
    monthly   2024-03-31
      ingest       new        6 tables, revision 1  12 538 rows  <time> s
      drift        steady     0 of 21 columns  <time> s
      run          executed   run <short>, auc 0.7667  2 017 rows  <time> s
      replay       identical  run <short>  2 017 rows  <time> s
      promote      refused    run <short> does not pass 1 of 4 gates of production  <time> s
      materialize  skipped    promote is refused, not promoted
    "##);
    let dates: Vec<Value> = history(&world)
        .iter()
        .map(|record| record["as_of"].clone())
        .collect();
    assert_eq!(dates, ["2024-01-31", FEBRUARY, MARCH]);
    insta::assert_snapshot!(untimed(&world.run(&arguments).assert_code(0).screen()), @r##"
    exit 0
    --- stdout
    monthly   2024-01-31   done on <minute> UTC; nothing to do.
      `streamflow flow monthly --as-of 2024-01-31 --restart` does it anew
    monthly   2024-02-29   done on <minute> UTC; nothing to do.
      `streamflow flow monthly --as-of 2024-02-29 --restart` does it anew
    monthly   2024-03-31   done on <minute> UTC; nothing to do.
      `streamflow flow monthly --as-of 2024-03-31 --restart` does it anew
    "##);
    let none = world.run(&[
        "flow",
        "monthly",
        "--from",
        "2023-01-01",
        "--to",
        "2023-12-31",
    ]);
    insta::assert_snapshot!(none.assert_code(5).screen(), @r##"
    exit 5
    --- stderr
    error: no date from 2023-01-01 to 2023-12-31 has a file of every table with
           features
      on file   2024-01-31, 2024-02-29, 2024-03-31
    "##);
    let backwards = world.run(&["flow", "monthly", "--from", MARCH, "--to", FEBRUARY]);
    insta::assert_snapshot!(backwards.assert_code(2).screen(), @r##"
    exit 2
    --- stderr
    error: 2024-03-31 is after 2024-02-29
    help: `--from` names the first date, `--to` the last
    "##);
}

#[test]
fn a_flow_that_is_changed_or_told_to_begins_anew() {
    let world = world("[flow.data]\nsteps = [{ do = \"ingest\" }]\n");
    let run = |world: &World, more: &[&str]| {
        let arguments = ["flow", "data", "--as-of", FEBRUARY, "--format", "json"];
        let all = [&arguments[..], more].concat();
        states(&world.run(&all).assert_code(0).json())[0].1.clone()
    };
    assert_eq!(run(&world, &[]), "new");
    assert_eq!(run(&world, &[]), "new", "as it was done");
    assert_eq!(run(&world, &["--restart"]), "unchanged");
    assert_eq!(history(&world).len(), 2);
    let materialize = "{ do = \"ingest\" }, { do = \"materialize\" }";
    world.edit("streamflow.toml", "{ do = \"ingest\" }", materialize);
    assert_eq!(run(&world, &[]), "unchanged");
    assert_eq!(history(&world).len(), 3);
}

#[test]
fn one_process_does_a_flow_at_a_time() {
    let world = world(MONTHLY);
    let first = world.start(&["flow", "monthly", "--as-of", FEBRUARY]);
    let begun = || !history(&world).is_empty();
    while !begun() {
        sleep(Duration::from_millis(5));
    }
    let second = world.run(&["flow", "monthly", "--as-of", MARCH]);
    let first = world.wait(first).assert_code(0);
    drop(first);
    insta::assert_snapshot!(second.assert_code(1).screen(), @r##"
    exit 1
    --- stderr
    error: flow monthly is being done already
    help: `streamflow flow history monthly` shows how far it is
    "##);
}

/// Each step in turn is cut off by `kill -9` in its middle, and the flow taken up again.
#[test]
fn killed_in_every_step_it_goes_on_where_it_stopped() {
    let world = world(MONTHLY);
    let arguments = ["flow", "monthly", "--as-of", FEBRUARY, "--restart"];
    let mut cut = BTreeSet::new();
    let steps = ["ingest", "drift", "run", "replay", "promote", "materialize"];
    for step in steps {
        for _ in 0..60 {
            // From an empty store, so that every step has something to do.
            if world.has(".streamflow") {
                world.forget();
            }
            world.git(&["clean", "--quiet", "--force", "-d", "lockfiles"]);
            if cut_off_in(&world, &arguments, step) {
                cut.insert(step);
                break;
            }
        }
        let before = history(&world).pop().unwrap();
        let done = world.run(&["flow", "monthly", "--as-of", FEBRUARY, "--format", "json"]);
        let done = done.assert_code(0).json();
        assert_eq!(done["state"], "done", "after {step}");
        for (was, is) in before["steps"]
            .as_array()
            .unwrap()
            .iter()
            .zip(done["steps"].as_array().unwrap())
        {
            if was["state"] == "done" {
                assert_eq!(was, is, "a step that was done is not done again");
            }
        }
        let answer = served(&world, "2077-CJCND");
        assert_eq!(answer["as_of"], FEBRUARY, "after {step}");
        let log = world.run(&["history", "--format", "json"]).json();
        assert_eq!(
            log["transitions"].as_array().unwrap().len(),
            1,
            "after {step}"
        );
        assert_sound(&world);
    }
    assert_eq!(cut, steps.into_iter().collect(), "steps that were cut off");
}

/// Kills the flow once it has started this step; whether it was still at it.
fn cut_off_in(world: &World, arguments: &[&str], step: &str) -> bool {
    let at_step = |record: &Value| {
        let steps = record["steps"].as_array().unwrap();
        let found = steps.iter().find(|found| found["name"] == step).unwrap();
        found["state"].clone()
    };
    let mut child = world.start(arguments);
    loop {
        let state = history(world).last().map(at_step);
        if state == Some("started".into()) || child.try_wait().unwrap().is_some() {
            child.kill().unwrap();
            child.wait().unwrap();
            break;
        }
    }
    // The command of the step may live on; what it does then is what would be done anyway.
    let record = history(world).pop();
    record.is_some_and(|record| at_step(&record) == "started")
}

#[test]
fn drift_decides_whether_a_step_is_done() {
    let flow = "[flow.retrain]\nsteps = [{ do = \"ingest\" }, { do = \"drift\", experiment = \"churn_prior\" }, \
                { do = \"run\", experiment = \"churn_prior\", when = { step = \"drift\", is = \"drifted\" } }]\n";
    let world = world(flow);
    let outcomes = |date: &str| {
        let output = world.run(&["flow", "retrain", "--as-of", date, "--format", "json"]);
        states(&output.assert_code(0).json())
    };
    let of = |words: [&str; 3]| {
        let names = ["ingest", "drift", "run"].map(ToString::to_string);
        names
            .into_iter()
            .zip(words.map(ToString::to_string))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        outcomes("2024-01-31"),
        of(["new", "skipped", "skipped"]),
        "nothing before it"
    );
    assert_eq!(outcomes(FEBRUARY), of(["new", "steady", "skipped"]));
    // In March everybody who stayed has left, and the other way round.
    let file = "data/2024-03-31/labels.csv";
    let text = world
        .read(file)
        .replace("True", "stayed")
        .replace("False", "True");
    world.write(file, &text.replace("stayed", "False"));
    assert_eq!(outcomes(MARCH)[1].1, "drifted");
}

#[test]
fn wrong_definitions_are_quoted() {
    let told = |steps: &str| {
        let world = World::small();
        let project = world.read("streamflow.toml");
        world.write(
            "streamflow.toml",
            &format!("{project}\n[flow.x]\nsteps = [{steps}]\n"),
        );
        world.run(&["check"]).assert_code(2).screen()
    };
    let screens = [
        "",
        r#"{ do = "ingst" }"#,
        r#"{ name = "a" }"#,
        r#"{ do = "ingest", experiment = "small" }"#,
        r#"{ do = "ingest", retries = -1 }"#,
        r#"{ do = "ingest", backoff = "soon" }"#,
        r#"{ do = "ingest" }, { do = "ingest" }"#,
        r#"{ do = "run", experiment = "smal" }"#,
        r#"{ do = "run" }"#,
        r#"{ do = "promote", experiment = "small" }"#,
        r#"{ do = "drift", reference = "lately" }"#,
        r#"{ do = "ingest", when = { step = "drift", is = "drifted" } }"#,
        r#"{ do = "ingest" }, { do = "materialize", when = { step = "ingest", is = "drifted" } }"#,
    ]
    .map(told);
    insta::assert_snapshot!(screens.join("\n"), @r##"
    exit 2
    --- stderr
    error: invalid value for `steps`
       ╭▸ streamflow.toml:11:9
       │
    11 │ steps = []
       ╰╴        ━━ a flow has at least one step, such as `{ do = "ingest" }`

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: unknown value `ingst` for `do`
       ╭▸ streamflow.toml:11:17
       │
    11 │ steps = [{ do = "ingst" }]
       ╰╴                ━━━━━━━ did you mean `ingest`?

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: missing key `do`
       ╭▸ streamflow.toml:11:10
       │
    11 │ steps = [{ name = "a" }]
       ╰╴         ━━━━━━━━━━━━━━ what the step does, such as `do = "ingest"`

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: unknown key `experiment`
       ╭▸ streamflow.toml:11:27
       │
    11 │ steps = [{ do = "ingest", experiment = "small" }]
       ╰╴                          ━━━━━━━━━━ `[[flow.x.steps]]` takes `backoff`, `do`, `name`, `retries`, `timeout`, `when`

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: invalid value for `retries`
       ╭▸ streamflow.toml:11:37
       │
    11 │ steps = [{ do = "ingest", retries = -1 }]
       ╰╴                                    ━━ expected 0 to 100 further tries

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: invalid value for `backoff`
       ╭▸ streamflow.toml:11:37
       │
    11 │ steps = [{ do = "ingest", backoff = "soon" }]
       ╰╴                                    ━━━━━━ `soon` is not a length of time such as `45d`, `12h` or `30m`

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: a second step `ingest`
       ╭▸ streamflow.toml:11:31
       │
    11 │ steps = [{ do = "ingest" }, { do = "ingest" }]
       ╰╴                              ━━ give it a name of its own: `name = "…"`

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: unknown experiment `smal`
       ╭▸ streamflow.toml:11:37
       │
    11 │ steps = [{ do = "run", experiment = "smal" }]
       ╰╴                                    ━━━━━━ did you mean `small`?

    a flow names an experiment that is not there

    exit 2
    --- stderr
    error: missing key `experiment`
       ╭▸ streamflow.toml:11:10
       │
    11 │ steps = [{ do = "run" }]
       ╰╴         ━━━━━━━━━━━━━━ the experiment, by the name of its file

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: no earlier step runs `small`
       ╭▸ streamflow.toml:11:28
       │
    11 │ steps = [{ do = "promote", experiment = "small" }]
       ╰╴                           ━━━━━━━━━━ add `{ do = "run", experiment = "small" }` before this step

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: invalid value for `reference`
       ╭▸ streamflow.toml:11:38
       │
    11 │ steps = [{ do = "drift", reference = "lately" }]
       ╰╴                                     ━━━━━━━━ expected `previous`, `production` or a date such as 2024-01-31

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: no earlier step `drift`
       ╭▸ streamflow.toml:11:43
       │
    11 │ steps = [{ do = "ingest", when = { step = "drift", is = "drifted" } }]
       ╰╴                                          ━━━━━━━ steps before this one: 

    1 error in 1 of 4 files

    exit 2
    --- stderr
    error: unknown value `drifted` for `is`
       ╭▸ streamflow.toml:11:82
       │
    11 │ …t", is = "drifted" } }]
       ╰╴          ━━━━━━━━━ expected one of `new`, `unchanged`, `skipped`

    1 error in 1 of 4 files
    "##);
}

#[test]
fn wrong_words_are_told() {
    let world = world(MONTHLY);
    let cases: [&[&str]; 6] = [
        &["flow", "montly", "--as-of", FEBRUARY],
        &["flow", "monthly"],
        &["flow", "monthly", "--as-of", "february"],
        &["flow", "monthly", "other", "--as-of", FEBRUARY],
        &["flow", "history", "--restart"],
        &["flow", "history", "none"],
    ];
    let screens: Vec<String> = cases
        .iter()
        .map(|words| world.run(words).screen())
        .collect();
    insta::assert_snapshot!(screens.join("\n"), @r##"
    exit 2
    --- stderr
    error: there is no flow `montly`
    help: did you mean `monthly`?

    exit 2
    --- stderr
    error: a flow is done for a date
    help: `--as-of DATE`, or `--from DATE --to DATE` for every date on file between
          them

    exit 2
    --- stderr
    error: `february` is not a date of the form YYYY-MM-DD

    exit 2
    --- stderr
    error: one flow at a time: monthly or other

    exit 2
    --- stderr
    error: `flow history` takes a flow and `--as-of`

    exit 0
    --- stdout
    no flow has been done in this store
    "##);
    insta::assert_snapshot!(world.run(&["flow"]).assert_code(0).screen(), @r##"
    exit 0
    --- stdout
    monthly   ingest → drift → run → replay → promote → materialize
      Once the six exports of a month are there.
    "##);
}
