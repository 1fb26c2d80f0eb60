//! What a reply and a line of the log have in common.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Server, World, template};

const JSON: [&str; 4] = ["--address", "127.0.0.1:0", "--log", "json"];

fn ask(server: &Server, headers: &str) -> String {
    let reply = server.request("GET", "/health", headers, "");
    assert_eq!(reply.status, 200);
    let named = reply.head.to_ascii_lowercase();
    assert_eq!(named.matches("x-request-id:").count(), 1, "{}", reply.head);
    reply.header("x-request-id").unwrap().to_string()
}

/// The line of the log about a request, as the document it is.
fn line_of(server: &Server, id: &str) -> Value {
    let line = server.wait_for_log(&format!("\"request_id\":{}", json!(id)));
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_reply_repeats_the_name_of_its_request() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    assert_eq!(ask(&server, "X-Request-Id: a/b-7:\"{}\r\n"), "a/b-7:\"{}");
    // What is none gets a number, and so does what could end a header or hide in a line.
    let long = format!("X-Request-Id: {}\r\n", "x".repeat(129));
    let mut seen = Vec::new();
    for headers in [
        "",
        "X-Request-Id:\r\n",
        "X-Request-Id: a b\r\n",
        "X-Request-Id: caf\u{e9}\r\n",
        &long,
    ] {
        let id = ask(&server, headers);
        assert!(
            id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
        assert!(!seen.contains(&id), "{id} twice");
        seen.push(id);
    }
    // Refusals have one too, also of what is no request.
    for refused in [server.get("/nowhere"), server.raw(b"no request\r\n\r\n")] {
        assert_eq!(refused.header("x-request-id").unwrap().len(), 16);
    }
    // In text requests leave no line.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.log().len(), 1, "{:?}", server.log());
}

#[test]
fn each_request_is_a_line_of_json() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve_with(&JSON);
    let id = world.ids("2024-01-31").remove(0);
    let headers = "Content-Type: application/json\r\nX-Request-Id: first\r\n";
    let body = json!({ "user_id": id }).to_string();
    let reply = server.request("POST", "/predict?explain=false", headers, &body);
    assert_eq!(reply.header("x-request-id"), Some("first"));
    let line = line_of(&server, "first");
    assert_eq!(line["method"], "POST");
    assert_eq!(line["path"], "/predict");
    assert_eq!(line["route"], "/predict");
    assert_eq!(line["status"], 200);
    assert_eq!(line["bytes"], reply.body.len());
    assert_eq!(line["run"], template().lenient.to_string());
    let seconds = line["seconds"].as_f64().unwrap();
    assert!(seconds > 0.0 && seconds < 10.0, "{seconds}");
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(line["at"].as_str().unwrap().ends_with('Z'));
    // Nothing of the body, and nothing of the query.
    assert!(!line.to_string().contains(&id));
    assert!(!line.to_string().contains("explain"));

    // What a client sends stays inside its text.
    let path = format!("/\"}},{{\\n%0a{}", "x".repeat(3000));
    let told = server.request("GET", &path, "X-Request-Id: \"},{\"a\":\"\r\n", "");
    assert_eq!(told.status, 404);
    let line = line_of(&server, "\"},{\"a\":\"");
    assert_eq!(line["path"].as_str().unwrap(), &path[..512]);
    assert_eq!(line["route"], "none");
    let told = server.raw(b"GET /\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(told.status, 400);
    let line = line_of(&server, told.header("x-request-id").unwrap());
    assert_eq!(
        (&line["path"], &line["method"]),
        (&Value::Null, &Value::Null)
    );

    // Events stand between them, and every line is a document.
    world.pin(template().strict);
    server.wait_for_log("now serving");
    for line in server.log() {
        let document: Value = serde_json::from_str(&line).unwrap();
        let kinds = ["event", "request_id"]
            .iter()
            .filter(|key| document[**key].is_string());
        assert_eq!(kinds.count(), 1, "{line}");
        assert!(!line.contains(char::is_control));
    }
}

/// The reply says no more than that it failed; the log says why, with the request's name.
#[test]
fn a_failure_inside_is_found_by_the_name_of_the_request() {
    let world = World::ready(template().lenient, "2024-01-31");
    let pin = world.root.join("lockfiles/streamflow_churn.pin");
    std::fs::write(&pin, "no pin").unwrap();
    let headers = "Content-Type: application/json\r\nX-Request-Id: told-apart\r\n";
    for arguments in [&JSON[..], &JSON[..2]] {
        let server = world.serve_with(arguments);
        let told = server.request("POST", "/predict", headers, "{\"user_id\":\"x\"}");
        let problem = told.problem(503, "not-ready");
        assert!(
            problem["detail"].as_str().unwrap().contains("see the log"),
            "{problem}"
        );
        if arguments.len() == JSON.len() {
            let error = line_of(&server, "told-apart")["error"].to_string();
            assert!(error.contains("streamflow_churn.pin"), "{error}");
        } else {
            let line = server.wait_for_log("(request told-apart)");
            assert!(
                line.starts_with("error: ") && line.contains("streamflow_churn.pin"),
                "{line}"
            );
        }
    }
}
