//! What the server says of itself: `/openapi.json`, and the same as a page.

use serde_json::{Value, json};

use crate::world::{World, template};

/// Every route, every shape, and nothing from elsewhere.
#[test]
fn the_page_shows_all_that_the_document_has() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let document = server.get("/openapi.json").json();
    let page = server.get("/docs");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for outside in [
        "http:", "https:", "//", "<script", "<link", "<img", "@import", "url(",
    ] {
        assert!(!page.body.contains(outside), "{outside}");
    }
    assert!(page.body.contains("prefers-color-scheme: dark"));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/docs"));
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            let heading = format!("<b>{}</b> {path}</h2>", method.to_uppercase());
            assert!(page.body.contains(&heading), "{heading}");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        assert_eq!(
            page.body.matches(&format!("id=\"{name}\"")).count(),
            1,
            "{name}"
        );
    }
    // Each link leads to one of them.
    for link in page.body.split("href=\"#").skip(1) {
        let name = link.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

/// Whatever a route may answer with has the header that names the request.
#[test]
fn every_response_is_said_to_have_a_name() {
    let world = World::new();
    let server = world.serve();
    let document = server.get("/openapi.json").json();
    let mut responses = 0;
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            for response in operation["responses"].as_object().unwrap().values() {
                let header = &response["headers"]["X-Request-Id"]["$ref"];
                assert_eq!(header, "#/components/headers/RequestId");
                responses += 1;
            }
        }
    }
    assert!(responses > 10, "{responses}");
    let header = &document["components"]["headers"]["RequestId"];
    assert_eq!(header["schema"]["type"], "string");
}

/// What nobody's context may hold, no ids may have.
#[test]
fn a_context_for_nobody_must_fit_too() {
    let world = World::ready(template().lenient, "2024-01-31");
    let server = world.serve();
    let told = server.predict(&json!({ "user_ids": [] }));
    assert_eq!(
        (told.status, told.json()),
        (200, json!({ "predictions": [] }))
    );
    let told = server.predict(&json!({ "user_ids": [], "context": {} }));
    assert_eq!(told.status, 200);
    let told = server.predict(&json!({ "user_ids": [], "context": { "basket": 1 } }));
    let problem: Value = told.problem(422, "wrong-shape");
    assert!(
        problem["detail"].as_str().unwrap().contains("`basket`"),
        "{problem}"
    );
}
