//! What nobody should send: each gets the right 4xx, nothing stops, nothing panics.

use std::io::Write;

use serde_json::{Value, json};

use crate::world::{Answer, Server, World, template};

const POST: &str = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
const ROUTES: [&str; 8] = [
    "/health",
    "/ready",
    "/features/x",
    "/predict",
    "/model",
    "/metrics",
    "/openapi.json",
    "/docs",
];

/// The server still answers, and met no bug.
fn assert_sound(server: &Server) {
    assert_eq!(server.get("/ready").status, 200);
    let log = server.log();
    let bug = log.iter().find(|line| line.contains("bug"));
    assert_eq!(bug, None, "{log:#?}");
}

/// Sends a part again and again, up to 1 GiB, and reads what comes.
fn flood(server: &Server, head: &str, part: &[u8]) -> Answer {
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let mut sent = 0;
    while sent < 1 << 30 && stream.write_all(part).is_ok() {
        sent += part.len();
    }
    Server::read(&mut stream)
}

#[test]
fn endless_requests_are_refused() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let space = vec![b' '; 1 << 20];

    let told = flood(
        &server,
        &format!("{POST}Content-Length: 1073741824\r\n\r\n"),
        &space,
    );
    told.problem(413, "too-large");
    // Nobody has to send a body that will be refused.
    let asks = format!("{POST}Content-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n");
    let told = server.raw(asks.as_bytes());
    told.problem(413, "too-large");
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n");
    let whole = [&b"40000000\r\n"[..], &space].concat();
    flood(&server, &chunked, &whole).problem(413, "too-large");
    let small = b"1\r\n \r\n".repeat(1 << 15);
    flood(&server, &chunked, &small).problem(413, "too-large");
    let wordy = format!("1;{}\r\n \r\n", "x".repeat(900)).repeat(1 << 10);
    flood(&server, &chunked, wordy.as_bytes()).problem(413, "too-large");

    let long = "y".repeat(1 << 20);
    let head = format!("GET /health HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n");
    server.raw(head.as_bytes()).problem(431, "http");
    let head = format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n");
    server.raw(head.as_bytes()).problem(431, "http");
    let many = "X: y\r\n".repeat(200);
    server
        .request("GET", "/health", &many, "")
        .problem(431, "http");
    flood(&server, "", &vec![b'A'; 1 << 16]).problem(431, "http");
    assert_sound(&server);
}

#[test]
fn bodies_that_are_no_request_are_refused() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let status = |body: &[u8]| {
        let head = format!(
            "{POST}Connection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        server.raw(&[head.as_bytes(), body].concat()).status
    };
    let ids = vec!["a"; 100_000];
    assert_eq!(
        status(json!({ "user_ids": ids }).to_string().as_bytes()),
        413
    );
    assert_eq!(status(&vec![b'1'; 1 << 20]), 400);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 100_000] {
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            assert_eq!(status(open.as_bytes()), 400);
            for name in ["user_id", "user_ids", "context"] {
                let body = format!("{{\"{name}\":{open}1{close}}}");
                assert_eq!(status(body.as_bytes()), 400, "{name} {depth}");
            }
        }
    }
    for body in [
        &b"\xff"[..],
        b"{\"user_id\":\"\xff\"}",
        b"{\"user_id\":\"\xc0\xaf\"}",
        b"{\"user_id\":\"\xed\xa0\x80\"}",
        b"{\"user_id\":\"\\ud800\"}",
        b"{\"\xff\":1}",
        b"\xef\xbb\xbf{\"user_id\":\"a\"}",
        b"\xff\xfe{\x00}\x00",
        b"{\"user_id\":\"a\0\"}",
        b"{\"user_id\":NaN}",
        b"{\"user_id\":\"a\"} {\"user_id\":\"b\"}",
    ] {
        assert_eq!(status(body), 400, "{}", String::from_utf8_lossy(body));
    }
    for body in [
        "{\"user_id\":1e999}",
        "{\"user_id\":123456789012345678901234567890}",
        "{\"user_id\":{\"user_id\":\"a\"}}",
        "{\"user_ids\":[null]}",
    ] {
        let found = status(body.as_bytes());
        assert!([400, 422].contains(&found), "{body} {found}");
    }
    assert_sound(&server);
}

/// What two programs could read as other requests: it is refused, and what stands behind it is never
/// taken for a request.
#[test]
fn no_request_is_smuggled() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let smuggled = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let with_headers = [
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 0",
        "Content-Length: 0x5",
        "Content-Length: 5 0",
        "Content-Length:",
        "Content-Length: \u{a0}5",
        "Content-Length : 5",
        "Content-Length\t: 5",
        " Content-Length: 5",
        "X: y\r\n Content-Length: 5",
        "X: y\nContent-Length: 5",
        "X: y\rContent-Length: 5",
        "X\0: y",
        "X: y\0Content-Length: 5",
        "Content-Length: 5\u{b}",
        "Host: y",
        ": 5",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \u{a0}chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding:\u{b}chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:",
    ];
    let heads = with_headers.map(|headers| format!("{POST}{headers}\r\n\r\n0\r\n\r\n"));
    let lines = [
        "GET /health HTTP/1.1 \r\nHost: x\r\n\r\n",
        "GET  /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET\t/health HTTP/1.1\r\nHost: x\r\n\r\n",
        " GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health HTTP/1.1\nHost: x\n\n\r\n\r\n",
        "GET /health\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.10\r\nHost: x\r\n\r\n",
        "GET /health HTTP/3\r\nHost: x\r\n\r\n",
        "GET /he\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /predict HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let chunks = [
        "5\r\nabcdefg\r\n0\r\n\r\n",
        "5\nabcde\n0\n\n",
        "-1\r\n\r\n",
        "0x0\r\n\r\n",
        "100000000\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        "1;\nx\r\na\r\n0\r\n\r\n",
        "0\r\nX: y\n\r\n\r\n",
        "1\r\na0\r\n\r\n",
    ];
    let chunks = chunks.map(|chunks| format!("{POST}Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    let all = heads
        .into_iter()
        .chain(lines.map(String::from))
        .chain(chunks);
    for request in all {
        let told = server.raw(format!("{request}{smuggled}").as_bytes());
        assert!(
            [400, 413, 501, 505].contains(&told.status),
            "{request:?}\n{told:?}"
        );
        assert_eq!(told.header("connection"), Some("close"), "{request:?}");
        assert!(!told.body.contains("\nHTTP/1.1"), "{request:?}\n{told:?}");
    }
    assert_sound(&server);
}

#[test]
fn dots_lead_nowhere() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let up = [
        "..",
        "%2e%2e",
        "%2E.",
        "..%2f..",
        "..%5c..",
        "..\\..",
        "%252e%252e",
        "%00",
        "....",
    ];
    for route in ROUTES {
        for up in up {
            for path in [
                format!("{route}/{up}"),
                format!("{route}/{up}/{up}/etc/passwd"),
                format!("{route}/{up}/metrics"),
                format!("/{up}{route}"),
                format!("/{up}/{up}{route}"),
                format!("{route}{up}"),
            ] {
                for (method, body) in [("GET", ""), ("POST", "{}")] {
                    let told = server.request(method, &path, "", body);
                    let refused = [400, 404, 405].contains(&told.status);
                    assert!(refused, "{method} {path} {told:?}");
                }
            }
        }
    }
    server
        .get("/features/%2e%2e")
        .problem(404, "unknown-entity");
    server.get("/features/..").problem(404, "unknown-entity");
    assert_sound(&server);
}

/// Whatever a client writes comes back as JSON, if it does, and no browser takes it for a page.
#[test]
fn nothing_comes_back_as_a_page() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let script = "<script>alert(1)</script>";
    let typed = format!("Content-Type: {script}\r\n");
    let json_type = "Content-Type: application/json\r\n";
    let body = json!({ "user_id": script }).to_string();
    let answers = [
        server.get(&format!("/{script}")),
        server.get(&format!("/features/{script}")),
        server.request("POST", "/predict", &typed, "{}"),
        server.request("POST", "/predict", json_type, &body),
        server.request("POST", &format!("/predict?{script}=1"), json_type, &body),
        server.request(
            "POST",
            &format!("/predict?explain={script}"),
            json_type,
            &body,
        ),
        server.request(script, "/health", "", ""),
        server.request("GET", "/health", &format!("{script}: 1\r\n"), ""),
    ];
    for told in answers {
        assert!((400..500).contains(&told.status), "{told:?}");
        assert_eq!(
            told.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(told.header("x-content-type-options"), Some("nosniff"));
        assert!(told.json().is_object());
        assert!(!told.head.contains("script"), "{told:?}");
    }
    // The one page there is shows nothing of a request, and runs nothing.
    let page = server.get("/docs").body;
    let told = server.request("GET", "/docs?<script>", "X-Request-Id: <script>\r\n", &body);
    assert_eq!((told.status, &told.body), (200, &page));
    assert!(
        told.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    for route in ROUTES.into_iter().filter(|route| *route != "/docs") {
        let told = server.get(route);
        let kind = told.header("content-type").unwrap();
        let known = ["application/json", "application/problem+json", "text/plain"];
        assert!(
            known.iter().any(|known| kind.starts_with(known)),
            "{route} {kind}"
        );
        assert_eq!(told.header("x-content-type-options"), Some("nosniff"));
    }
    let log = server.log();
    assert!(!log.iter().any(|line| line.contains("script")), "{log:#?}");
}

#[test]
fn an_empty_line_before_a_request_is_passed_over() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let mut stream = server.connect();
    for part in [
        "\r\n\r",
        "\n",
        "\r\nGET /health HTTP/1.1\r",
        "\nHost: x\r\nConnection: close\r\n\r",
        "\n",
    ] {
        stream.write_all(part.as_bytes()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    let told: Value = Server::read(&mut stream).json();
    assert_eq!(told, json!({ "status": "ok" }));
}
