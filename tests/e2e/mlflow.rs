//! An export to MLflow, as far as no MLflow is needed; with one, tests/peers/mlflow_export.py goes on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::common::{Output, World};

const SECRET: &str = "hunter2-of-alice";

/// What is asked, first line and headers, of whoever stands in for a server.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers every request with what `reply` says to its first line. Gives the address.
fn standing_in(reply: impl Fn(&str) -> String + Send + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let heard = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let _ = answer(&stream, &reply, &heard);
        }
    });
    (format!("http://127.0.0.1:{port}"), asked)
}

fn answer(mut stream: &TcpStream, reply: &impl Fn(&str) -> String, heard: &Asked) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    heard.lock().unwrap().push(head.clone());
    let text = reply(head.lines().next().unwrap_or_default());
    stream.write_all(text.as_bytes()).ok()
}

fn with(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

fn json(status: &str, body: &str) -> String {
    with(status, "application/json", body)
}

/// The small project with one run.
fn executed() -> World {
    let world = World::small();
    world.run_one("small");
    world
}

fn export(world: &World, uri: &str) -> Output {
    let output = world.run(&["export", "small@latest", "--to", "mlflow", uri]);
    assert!(!output.screen().contains("hunter2"), "{}", output.screen());
    output
}

/// A text whose lines may be broken anywhere.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_export_to_mlflow_has_a_run_and_a_server() {
    let world = World::small();
    let stands = |arguments: &[&str], words: &str| {
        let output = world.run(arguments).assert_code(2);
        assert!(
            flowing(&output.stderr).contains(words),
            "{arguments:?} {}",
            output.stderr
        );
    };
    let uri = "http://127.0.0.1:1";
    stands(&["export", "--to", "mlflow", uri], "no run is named");
    stands(
        &["export", "--to", "mlflow", "small@latest"],
        "`streamflow export small@latest --to mlflow",
    );
    stands(
        &["export", "small", "--to", "mlflow"],
        "MLFLOW_TRACKING_URI",
    );
    stands(
        &["export", "small", "--to", "mlflow", uri, uri],
        "unexpected argument",
    );
    stands(
        &["export", "small", "--to", "mlflow", uri, "-o", "x"],
        "cannot be used with",
    );
    stands(
        &["export", "small", "--to", "mlflow", uri, "--schema", "x"],
        "`--schema` is of `--to postgres`",
    );
    stands(
        &["export", "small", "--to", "mlflow", uri, "--format", "onnx"],
        "two places for one export",
    );
    stands(
        &["export", "small", "--to", "wandb"],
        "`--to wandb` is no destination",
    );
    stands(
        &["export", "--to", "postgres", "--dry-run"],
        "`--dry-run` is of `--to mlflow`",
    );
    stands(&["export", "--to", "postgres", uri], "takes no URI");
    stands(&["export", "small", "--dry-run"], "--to");
    for (uri, words) in [
        ("127.0.0.1:5000", "one begins with http:// or https://"),
        ("ftp://a", "only http:// and https://"),
        ("http://", "names no host"),
        ("http://a:b", "its port is none"),
        ("http://a:0", "its port is none"),
        ("http://a b", "its host is no name"),
        ("http://a/#/experiments/1", "a `?` or a `#`"),
        ("file:///srv/mlruns", "is a store of MLflow"),
        ("sqlite:///mlflow.db", "is a store of MLflow"),
        ("databricks", "Databricks is not written to"),
        ("http://alice:hunter2@a", "a name or a password"),
        ("nowhere", "one begins with http://"),
    ] {
        let output = world
            .run(&["export", "small", "--to", "mlflow", uri])
            .assert_code(2);
        let said = flowing(&output.stderr);
        assert!(
            said.contains(words) && !said.contains("hunter2"),
            "{uri}: {said}"
        );
    }
    let found = world
        .run(&["export", "nothing", "--to", "mlflow", uri])
        .assert_code(2);
    assert!(found.stderr.contains("nothing"), "{}", found.stderr);
    let half = World::small().with("MLFLOW_TRACKING_USERNAME", "hunter2");
    let output = half
        .run(&["export", "small", "--to", "mlflow", uri])
        .assert_code(2);
    insta::assert_snapshot!(output.screen(), @"
    exit 2
    --- stderr
    error: MLFLOW_TRACKING_USERNAME is set, and MLFLOW_TRACKING_PASSWORD is not
    ");
    let late = World::small().with("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon");
    let output = late
        .run(&["export", "small", "--to", "mlflow", uri])
        .assert_code(2);
    insta::assert_snapshot!(output.screen(), @"
    exit 2
    --- stderr
    error: the environment variable MLFLOW_HTTP_REQUEST_TIMEOUT is no number of
           seconds
      found     soon
    help: `MLFLOW_HTTP_REQUEST_TIMEOUT=300` waits five minutes for each reply
    ");
}

#[test]
fn what_would_be_written_is_shown_and_nothing_sent() {
    let world = executed();
    let (uri, asked) = standing_in(|_| json("500 No", "{}"));
    let arguments = [
        "export",
        "small@latest",
        "--to",
        "mlflow",
        &uri,
        "--dry-run",
        "--format",
        "json",
    ];
    let document = world.run(&arguments).assert_code(0).json();
    assert_eq!(document["status"], "planned");
    assert_eq!(document["params"]["model.trees"], "12");
    let paths: Vec<&str> = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    insta::assert_snapshot!(paths.join("\n"), @"
    declared.json
    metrics.json
    predictions.parquet
    report.html
    small.lock
    model/conda.yaml
    model/model.onnx
    model/python_env.yaml
    model/requirements.txt
    model/MLmodel
    ");
    let world = world.with("MLFLOW_TRACKING_URI", &uri);
    let screen = world
        .run(&["export", "small@latest", "--to", "mlflow", "--dry-run"])
        .assert_code(0);
    // What is of this machine is not shown, nor what has times in it.
    let screen = screen.stdout.replace(&uri, "URI");
    let screen = screen.lines().take_while(|line| *line != "  artifacts");
    let screen: Vec<&str> = screen
        .filter(|line| !line.contains("streamflow.environment"))
        .collect();
    let screen = screen.join("\n");
    insta::assert_snapshot!(screen, @r#"
    Run 6b4d74ef5ea9 would go to MLflow at URI; nothing was sent.

      names
        experiment  small
        run         small 6b4d74ef5ea9
        model       leaving   None

      params
        as_of                           ["2024-01-31"]
        entity.key                      user_id
        evaluate.threshold              0.5
        features.usage.devices          devices
        features.usage.hours            hours
        features.usage.per_device       hours / NULLIF(devices, 0)
        features.usage.plan             plan
        label.column                    left
        label.lead                      0
        label.table                     labels
        model.kind                      random_forest
        model.max_depth                 0
        model.max_features              sqrt
        model.min_samples_leaf          1
        model.min_samples_split         2
        model.seed                      42
        model.trees                     12
        preprocess.categorical          one_hot
        preprocess.missing_categorical  category
        preprocess.missing_numeric      median
        preprocess.numeric              passthrough
        split.method                    hash
        split.seed                      42
        split.test                      0.25
        tables.usage.ttl                none

      metrics
        accuracy                 0.8333333333333334
        auc                      0.9545454545454546
        average_precision        0.5
        brier                    0.15972222222222218
        f1                       0.5
        log_loss                 3.2628531069551623
        precision                0.3333333333333333
        recall                   1
        prior_accuracy           0.9166666666666666
        prior_auc                0.5
        prior_average_precision  0.08333333333333333
        prior_brier              0.18750000000000003
        prior_f1                 0
        prior_log_loss           0.567035853784455
        prior_precision          0
        prior_recall             0
        threshold                0.5
        rows_total               60
        rows_train               48
        rows_test                12
        rows_unlabelled          0

      tags
        mlflow.log-model.history           [{"artifact_path":"model","flavors":{"onnx":{"code":null,"data":…
        mlflow.note.content                The smallest one …
        mlflow.source.name                 experiments/small.toml
        mlflow.source.type                 LOCAL
        streamflow.as_of                   2024-01-31
        streamflow.data.labels.2024-01-31  c70db2df683d7901bab35da1d7bb69c8985b6537def043bbe83c05320fe4c9e7
        streamflow.data.usage.2024-01-31   4e995f7e51d9f9fd50c57eb785f274f19791470f18b2d5650d46687b36d12188
        streamflow.experiment              small
        streamflow.label                   labels.left
        streamflow.output.model            6ef8ffd5b4db0a45c4e8c7ed8b3a0583599bdae4340ff61da1c12e2cdec85882
        streamflow.output.predictions      0afecc5793e4350c596a571e25ae23062d91f07ec5d2b5eefc70df005575889a
        streamflow.output.split            a6b8c53bde65fa14b461d97eb4330068f26d6aeca362246537435592cc3b7b6c
        streamflow.output.training_set     53a14df9b6e5b4acbc6ecf4993a31c0fa847513761a2309c7bab083077bf7949
        streamflow.reproduced              false
        streamflow.run                     6b4d74ef5ea9c38345bfb3ad9c33637541a5868e7d7d3440c3d3380e35f5fe79
        streamflow.version                 0.1.0

      inputs
        labels 2024-01-31  c70db2df683d7901bab35da1d7bb69c8985b
        usage 2024-01-31   4e995f7e51d9f9fd50c57eb785f274f19791
    "#);
    assert!(asked.lock().unwrap().is_empty(), "a plan asks nobody");
}

#[test]
fn a_server_that_is_not_there_is_said() {
    let world = executed().with("MLFLOW_HTTP_REQUEST_TIMEOUT", "1");
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let screen = export(&world, &format!("http://127.0.0.1:{port}"))
        .assert_code(5)
        .screen();
    insta::assert_snapshot!(screen.replace(&port.to_string(), "PORT"), @"
    exit 5
    --- stderr
    error: the MLflow server at http://127.0.0.1:PORT cannot be reached
      Connection refused (os error 111)
    help: run the same command again when it answers: it goes on where it stopped
    ");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let screen = export(&world, &format!("http://127.0.0.1:{port}"))
        .assert_code(5)
        .screen();
    insta::assert_snapshot!(screen.replace(&port.to_string(), "PORT"), @"
    exit 5
    --- stderr
    error: nothing was written: the MLflow server at http://127.0.0.1:PORT does not
           answer in time
    help: run the same command again when it answers: it goes on where it stopped
          MLFLOW_HTTP_REQUEST_TIMEOUT=600 waits ten minutes for each reply
    ");
    // What speaks first, and something else.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n");
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    for (scheme, words) in [("http", "cannot be understood"), ("https", "speaks no TLS")] {
        let screen = export(&world, &format!("{scheme}://{place}"))
            .assert_code(5)
            .screen();
        assert!(flowing(&screen).contains(words), "{screen}");
    }
}

#[test]
fn a_server_that_says_no_is_quoted() {
    let world = executed();
    let said = |reply: String, code: i32| {
        let (uri, _) = standing_in(move |_| reply.clone());
        export(&world, &uri)
            .assert_code(code)
            .screen()
            .replace(&uri, "URI")
    };
    let page = with(
        "200 OK",
        "text/html; charset=utf-8",
        "<html><body>hello</body></html>",
    );
    insta::assert_snapshot!(said(page, 5), @"
    exit 5
    --- stderr
    error: what answers at URI is no MLflow server
      it replied  200 a page of HTML
    help: the URI is that which a browser opens MLflow's pages at, with the path
          before `/#/` where there is one
    ");
    insta::assert_snapshot!(said(json("404 Not Found", "{\"detail\":\"Not Found\"}"), 5), @r#"
    exit 5
    --- stderr
    error: what answers at URI is no MLflow server
      it replied  404 {"detail":"Not Found"}
    help: the URI is that which a browser opens MLflow's pages at, with the path
          before `/#/` where there is one
    "#);
    let away = with(
        "401 Unauthorized",
        "text/plain",
        "You are not authenticated.",
    );
    insta::assert_snapshot!(said(away, 5), @"
    exit 5
    --- stderr
    error: nothing was written: the MLflow server at URI refuses
      it said  401 You are not authenticated.
    help: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or
          MLFLOW_TRACKING_TOKEN, say who you are
    ");
    let forbidden =
        "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"Permission\\u001b[31m denied\"}";
    insta::assert_snapshot!(said(json("403 Forbidden", forbidden), 5), @"
    exit 5
    --- stderr
    error: nothing was written: the MLflow server at URI refuses
      it said  403 PERMISSION_DENIED: Permission [31m denied
    help: ask whoever runs the server for the permission
          MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or
          MLFLOW_TRACKING_TOKEN, say who you are
    ");
    insta::assert_snapshot!(said(with("503 Service Unavailable", "text/plain", "come back later"), 5), @"
    exit 5
    --- stderr
    error: nothing was written: the MLflow server at URI refuses
      it said  503 come back later
    help: run the same command again: it goes on where it stopped
    ");
    let wrong = "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Missing value\"}";
    insta::assert_snapshot!(said(json("400 Bad Request", wrong), 1), @"
    exit 1
    --- stderr
    error: nothing was written: the MLflow server at URI refuses
      it said  400 INVALID_PARAMETER_VALUE: Missing value
    ");
}

const EXPERIMENT: &str = r#"{"experiment":{"experiment_id":"7","lifecycle_stage":"active",
    "artifact_location":"PLACE"}}"#;

#[test]
fn artifacts_that_the_server_does_not_take_stop_it_before_a_run_is_made() {
    let world = executed();
    for place in [
        "/srv/mlruns/7",
        "s3://key:hunter2@bucket/7",
        "mlflow-artifacts://elsewhere:80/7",
    ] {
        let (uri, asked) = standing_in(move |line| match line {
            _ if line.contains("get-by-name") => {
                json("200 OK", &EXPERIMENT.replace("PLACE", place))
            }
            _ => json("200 OK", "{}"),
        });
        let screen = export(&world, &uri)
            .assert_code(5)
            .screen()
            .replace(&uri, "URI");
        if place.starts_with('/') {
            insta::assert_snapshot!(screen, @"
            exit 5
            --- stderr
            error: the MLflow server at URI does not take artifacts of
                   the experiment small
              they are kept at  /srv/mlruns/7
              that is a place which clients of the server write to themselves; this program
              writes through the server
            help: start it with `mlflow server --artifacts-destination …` and without
                  `--no-serve-artifacts` or `--default-artifact-root`
                  an experiment keeps the place it was made with: where that is an old one,
                  rename the experiment there
            ");
        }
        assert!(
            flowing(&screen).contains("does not take artifacts"),
            "{screen}"
        );
        let asked = asked.lock().unwrap();
        assert!(
            !asked.iter().any(|head| head.contains("runs/create")),
            "{asked:?}"
        );
    }
    let deleted = EXPERIMENT.replace("active", "deleted");
    let (uri, _) = standing_in(move |_| json("200 OK", &deleted));
    let screen = export(&world, &uri)
        .assert_code(1)
        .screen()
        .replace(&uri, "URI");
    insta::assert_snapshot!(screen, @"
    exit 1
    --- stderr
    error: the experiment small is deleted at URI
      a deleted experiment keeps its name until it is removed for good
    help: `mlflow experiments restore --experiment-id 7` brings it back; `mlflow gc`
          removes it
    ");
}

#[test]
fn credentials_go_to_the_server_and_to_nobody_else() {
    let asked_of = |asked: &Asked| asked.lock().unwrap().join("\n").to_lowercase();
    let refused = || json("401 Unauthorized", "{\"message\":\"no {}\"}");
    let token = executed().with("MLFLOW_TRACKING_TOKEN", SECRET);
    let (uri, asked) = standing_in(move |_| refused());
    export(&token, &uri).assert_code(5);
    assert!(
        asked_of(&asked).contains(&format!("authorization: bearer {SECRET}")),
        "{}",
        asked_of(&asked)
    );
    // A name and its password go before a token.
    let named = token
        .with("MLFLOW_TRACKING_USERNAME", "alice")
        .with("MLFLOW_TRACKING_PASSWORD", "hunter2");
    let (uri, asked) = standing_in(move |_| refused());
    export(&named, &uri).assert_code(5);
    let basic = "authorization: basic ywxpy2u6ahvudgvymg==";
    assert!(asked_of(&asked).contains(basic), "{}", asked_of(&asked));
    // To the same host a redirect is followed, to another not.
    let (elsewhere, asked) = standing_in(move |_| refused());
    let place = elsewhere.clone();
    let (uri, first) = standing_in(move |line| {
        let to = if line.contains("/moved/") {
            place.as_str()
        } else {
            "/moved"
        };
        format!(
            "HTTP/1.1 307 Moved\r\nLocation: {to}/x?y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    });
    let screen = export(&named, &uri).assert_code(5).screen();
    assert!(
        screen.contains(&elsewhere) && flowing(&screen).contains("not followed"),
        "{screen}"
    );
    assert_eq!(first.lock().unwrap().len(), 2);
    assert!(asked_of(&first).matches(basic).count() == 2);
    assert_eq!(asked_of(&asked), "", "nobody else is asked");
    let broken = executed().with("MLFLOW_TRACKING_TOKEN", "hunter2\nX-Other: 1");
    let output = export(&broken, &uri).assert_code(2);
    assert!(
        flowing(&output.stderr).contains("no header can"),
        "{}",
        output.stderr
    );
}
