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
            let _ = answer(stream, &reply, &heard);
        }
    });
    (format!("http://127.0.0.1:{port}"), asked)
}

fn answer(stream: TcpStream, reply: &impl Fn(&str) -> String, heard: &Asked) -> Option<()> {
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
    (&stream).write_all(text.as_bytes()).ok()
}

fn with(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
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

#[test]
fn an_export_to_mlflow_has_a_run_and_a_server() {
    let world = World::small();
    let stands = |arguments: &[&str], words: &str| {
        let output = world.run(arguments).assert_code(2);
        assert!(
            output.stderr.contains(words),
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
        ("127.0.0.1:5000", "begins with http:// or https://"),
        ("ftp://a", "only http:// and https://"),
        ("http://", "names no host"),
        ("http://a:b", "its port is none"),
        ("http://a:0", "its port is none"),
        ("http://a b", "its host is no name"),
        ("http://a/#/experiments/1", "no `#`"),
        ("file:///tmp/mlruns", "is a store of MLflow"),
        ("sqlite:///mlflow.db", "is a store of MLflow"),
        ("databricks", "Databricks is not written to"),
        ("http://alice:hunter2@a", "a name or a password"),
        ("nowhere", "begins with http://"),
    ] {
        let output = world
            .run(&["export", "small", "--to", "mlflow", uri])
            .assert_code(2);
        let said = output.stderr;
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
    insta::assert_snapshot!(output.screen(), @"");
    let late = World::small().with("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon");
    let output = late
        .run(&["export", "small", "--to", "mlflow", uri])
        .assert_code(2);
    insta::assert_snapshot!(output.screen(), @"");
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
    insta::assert_snapshot!(paths.join("\n"), @"");
    let world = world.with("MLFLOW_TRACKING_URI", &uri);
    let screen = world
        .run(&["export", "small@latest", "--to", "mlflow", "--dry-run"])
        .assert_code(0);
    let screen = screen.stdout.replace(&uri, "URI");
    insta::assert_snapshot!(screen, @"");
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
    insta::assert_snapshot!(screen.replace(&port.to_string(), "PORT"), @"");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let screen = export(&world, &format!("http://127.0.0.1:{port}"))
        .assert_code(5)
        .screen();
    insta::assert_snapshot!(screen.replace(&port.to_string(), "PORT"), @"");
    let (uri, _) = standing_in(|_| "SSH-2.0-OpenSSH_9.2p1\r\n".to_string());
    let screen = export(&world, &uri).assert_code(5).screen();
    assert!(screen.contains("cannot be understood"), "{screen}");
    let screen = export(&world, &uri.replace("http", "https"))
        .assert_code(5)
        .screen();
    assert!(screen.contains("is not trusted"), "{screen}");
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
    insta::assert_snapshot!(said(page, 5), @"");
    insta::assert_snapshot!(said(json("404 Not Found", "{\"detail\":\"Not Found\"}"), 5), @"");
    let away = with(
        "401 Unauthorized",
        "text/plain",
        "You are not authenticated.",
    );
    insta::assert_snapshot!(said(away, 5), @"");
    let forbidden =
        "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"Permission\\u001b[31m denied\"}";
    insta::assert_snapshot!(said(json("403 Forbidden", forbidden), 5), @"");
    insta::assert_snapshot!(said(with("503 Service Unavailable", "text/plain", "come back later"), 5), @"");
    let wrong = "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Missing value\"}";
    insta::assert_snapshot!(said(json("400 Bad Request", wrong), 1), @"");
}

const EXPERIMENT: &str = r#"{"experiment":{"experiment_id":"7","lifecycle_stage":"active","artifact_location":"PLACE"}}"#;

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
            insta::assert_snapshot!(screen, @"");
        }
        assert!(screen.contains("does not take artifacts"), "{screen}");
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
    insta::assert_snapshot!(screen, @"");
}

#[test]
fn credentials_go_to_the_server_and_to_nobody_else() {
    let asked_of = |asked: &Asked| asked.lock().unwrap().join("\n").to_lowercase();
    let refused = || json("401 Unauthorized", &format!("{{\"message\":\"no {{}}\"}}"));
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
        screen.contains(&elsewhere) && screen.contains("not followed"),
        "{screen}"
    );
    assert_eq!(first.lock().unwrap().len(), 2);
    assert!(asked_of(&first).matches(basic).count() == 2);
    assert_eq!(asked_of(&asked), "", "nobody else is asked");
    let broken = executed().with("MLFLOW_TRACKING_TOKEN", "hunter2\nX-Other: 1");
    let output = export(&broken, &uri).assert_code(2);
    assert!(output.stderr.contains("no header can"), "{}", output.stderr);
}
