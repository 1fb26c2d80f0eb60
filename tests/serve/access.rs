//! Who may ask.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::world::{Answer, Server, World, template};

const TOKEN: &str = "3f9ac41be2074f1c9ac41be2073f9ac4";

fn with_token(world: &World, text: &str, mode: u32) -> String {
    let path = world.root.join("token");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_string()
}

fn ask(server: &Server, path: &str, authorization: &str) -> Answer {
    let header = format!("Authorization: {authorization}\r\n");
    server.request("GET", path, &header, "")
}

#[test]
fn who_holds_the_token_is_answered() {
    let world = World::ready(template().lenient, "2024-01-31");
    let file = with_token(&world, &format!("{TOKEN}\n"), 0o600);
    let server = world.serve_with(&["--address", "127.0.0.1:0", "--token-file", &file]);
    let id = world.ids("2024-01-31").remove(0);
    let right = format!("Bearer {TOKEN}");
    let features = format!("/features/{id}");
    for path in [
        "/ready",
        "/model",
        "/metrics",
        "/openapi.json",
        "/docs",
        &features,
    ] {
        assert_eq!(ask(&server, path, &right).status, 200, "{path}");
    }
    let headers = format!("Authorization: {right}\r\nContent-Type: application/json\r\n");
    let body = json!({ "user_id": id }).to_string();
    let told = server.request("POST", "/predict", &headers, &body);
    assert_eq!(told.status, 200, "{told:?}");

    let wrong = format!("Bearer {}", TOKEN.to_uppercase());
    for path in [
        "/model",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/nowhere",
        &features,
        "/predict",
    ] {
        let told = server.get(path);
        told.problem(401, "unauthorized");
        assert_eq!(
            told.header("www-authenticate"),
            Some("Bearer realm=\"streamflow\"")
        );
        let told = ask(&server, path, &wrong);
        told.problem(401, "unauthorized");
        let challenge = "Bearer realm=\"streamflow\", error=\"invalid_token\"";
        assert_eq!(told.header("www-authenticate"), Some(challenge));
    }
    server
        .predict(&json!({ "user_id": id }))
        .problem(401, "unauthorized");
    let twice = format!("{right}\r\nAuthorization: {right}");
    for sent in [
        TOKEN,
        "Bearer",
        "Basic YTpi",
        &right[..20],
        &format!("{right}0"),
        &twice,
    ] {
        ask(&server, "/model", sent).problem(401, "unauthorized");
    }
    let log = server.log().join("\n");
    assert!(!log.contains(TOKEN), "{log}");
    assert!(log.contains("must send the token"), "{log}");
}

/// A balancer that has no token hears whether, and nothing more.
#[test]
fn health_and_readiness_need_no_token() {
    let world = World::new();
    let _ = fs::remove_file(world.root.join("lockfiles/streamflow_churn.pin"));
    let file = with_token(&world, TOKEN, 0o400);
    let server = world.serve_with(&["--address", "127.0.0.1:0", "--token-file", &file]);
    let right = format!("Bearer {TOKEN}");
    assert_eq!(server.get("/health").json(), json!({ "status": "ok" }));
    assert_eq!(
        ask(&server, "/health", "Bearer no").json(),
        json!({ "status": "ok" })
    );
    let told = server.get("/ready").problem(503, "not-ready");
    assert_eq!(
        told["detail"],
        "Not ready; ask with the token for the reason."
    );
    let told = ask(&server, "/ready", &right).problem(503, "not-ready");
    assert!(
        told["detail"].as_str().unwrap().contains("pinned"),
        "{told}"
    );

    world.pin(template().lenient);
    world.materialize("2024-01-31");
    server.wait_for("/ready", |answer| answer["status"] == "ready");
    let told = server.get("/ready");
    assert_eq!(told.json(), json!({ "status": "ready" }));
    assert_eq!(told.header("x-streamflow-run"), None);
    assert_eq!(
        ask(&server, "/ready", &right).json()["model"],
        "streamflow_churn"
    );
    ask(&server, "/ready", "Bearer no").problem(401, "unauthorized");
    let described = ask(&server, "/openapi.json", &right).json();
    assert_eq!(
        described["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
    assert_eq!(described["paths"]["/health"]["get"]["security"], json!([]));
    assert!(described["paths"]["/predict"]["post"]["responses"]["401"].is_object());
}

#[test]
fn an_address_that_others_reach_demands_a_token_or_a_word() {
    let world = World::ready(template().lenient, "2024-01-31");
    let refused = |arguments: &[&str]| {
        let (code, document) = world.run(&[&["serve"], arguments].concat());
        assert_eq!(code, 2, "{document:#}");
        document["error"].to_string()
    };
    for address in ["0.0.0.0:0", "[::]:0", "10.255.255.255:0"] {
        let told = refused(&["--address", address]);
        assert!(
            told.contains("--token-file") && told.contains("--insecure"),
            "{told}"
        );
    }
    // What the project declares is held to the same.
    let path = world.root.join("streamflow.toml");
    let text = fs::read_to_string(&path).unwrap();
    let reached = text.replace("\"127.0.0.1:8000\"", "\"0.0.0.0:0\"");
    assert_ne!(text, reached);
    fs::write(&path, &reached).unwrap();
    assert!(refused(&[]).contains("0.0.0.0:0 can be reached from other machines"));

    let open = world.serve_with(&["--insecure"]);
    assert!(open.log()[0].contains("http://0.0.0.0:"));
    open.wait_for_log("everyone who reaches this address is answered");
    assert_eq!(open.get("/model").status, 200);

    with_token(&world, TOKEN, 0o600);
    let declared = reached.replace("[serve]", "[serve]\ntoken_file = \"token\"");
    fs::write(&path, declared).unwrap();
    let held = world.serve_with(&[]);
    held.get("/model").problem(401, "unauthorized");
    assert_eq!(ask(&held, "/model", &format!("Bearer {TOKEN}")).status, 200);
    // The command line decides over what is declared.
    let open = world.serve_with(&["--insecure"]);
    assert_eq!(open.get("/model").status, 200);
}

#[test]
fn a_token_file_that_keeps_no_secret_is_refused() {
    let world = World::ready(template().lenient, "2024-01-31");
    let told = |text: &str, mode: u32| {
        let file = with_token(&world, text, mode);
        let (code, document) = world.run(&["serve", "--token-file", &file]);
        assert_eq!(code, 2, "{document:#}");
        assert!(!document.to_string().contains(&TOKEN[..31]), "{document:#}");
        let message = document["error"]["message"].as_str().unwrap();
        message.replace(&file, "FILE")
    };
    let two = format!("{TOKEN}\n{TOKEN}\n");
    let found = [
        told("", 0o600),
        told("\n", 0o600),
        told(&two, 0o600),
        told("secret", 0o600),
        told(&format!(" {TOKEN}"), 0o600),
        told(&TOKEN.repeat(40), 0o600),
        told(TOKEN, 0o644),
        told(TOKEN, 0o602),
    ];
    insta::assert_snapshot!(found.join("\n"), @r"
    the token file FILE is empty
    the token file FILE is empty
    the token file FILE has several lines; a token is one
    the token file FILE has a token of 6 characters, which can be guessed; it takes at least 32
    the token file FILE has a character that no token has, its 1st
    the token file FILE has a token of more than 1024 characters
    every user of this machine can read or change the token file FILE (mode 644)
    every user of this machine can read or change the token file FILE (mode 602)
    ");
    for file in ["nowhere/token", "features"] {
        let file = world.root.join(file);
        let (code, document) = world.run(&["serve", "--token-file", file.to_str().unwrap()]);
        assert_eq!(code, 2, "{document:#}");
        let message = document["error"]["message"].as_str().unwrap();
        assert!(message.contains("cannot be read"), "{message}");
    }
    let file = with_token(&world, TOKEN, 0o600);
    let both = world.run(&["serve", "--insecure", "--token-file", &file]);
    assert_eq!(both.0, 2);
}
