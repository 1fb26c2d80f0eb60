//! Promotions that somebody vouches for, and a server that wants nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{EncodePrivateKey, EncodePublicKey};
use serde_json::{Value, json};

use super::world::{PIN, World, text};

/// Writes a pair of keys into the home of a world: `NAME.key` and `NAME.pub`.
fn keys(world: &World, name: &str, seed: u8) -> (String, String) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let path = |ending: &str| world.root.join(format!("{name}.{ending}"));
    let private = key.to_pkcs8_pem(Default::default()).unwrap();
    let public = key
        .verifying_key()
        .to_public_key_pem(Default::default())
        .unwrap();
    std::fs::write(path("key"), private.as_bytes()).unwrap();
    std::fs::write(path("pub"), public).unwrap();
    let shown = |ending: &str| path(ending).to_str().unwrap().to_string();
    (shown("key"), shown("pub"))
}

/// A server of its own, and what it says on standard error.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(world: &World, public: &str) -> Self {
        let mut command = world.command(env!("CARGO_BIN_EXE_streamflow"));
        command.args([
            "serve",
            "--address",
            "127.0.0.1:0",
            "--require-signature",
            public,
        ]);
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().to_string();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        serde_json::from_str(reply.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    fn run(&self) -> String {
        text(&self.get("/model")["run"]).to_string()
    }

    /// Waits for what `/ready` says of the staged run.
    fn wait_for_staged(&self, holds: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let staged = self.get("/ready")["staged"].take();
            if holds(&staged) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{staged:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn comes_to_serve(&self, run: &str) {
        let begun = Instant::now();
        while self.run() != run {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{run} is not served"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn goes_on_serving(&self, run: &str) {
        for _ in 0..12 {
            assert_eq!(self.run(), run);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn only_signed_promotions_are_served_where_that_is_asked() {
    let world = World::sample();
    let (key, public) = keys(&world, "release", 7);
    let (other_key, _) = keys(&world, "other", 8);
    let runs = ["0.2", "0.3", "0.4"].map(|threshold| world.prior_run(threshold));
    world.run("materialize --as-of 2024-01-31").exits(0);
    let serve = format!("serve --address 127.0.0.1:0 --require-signature {public}");
    let promote = |run: &str, key: &str| {
        world.run(&format!(
            "promote {run} --to production --reason because --sign {key}"
        ))
    };
    world.promote(&runs[0], "production").exits(0);
    world
        .run(&serve)
        .exits(1)
        .says("its promotion is not signed");
    promote(&runs[0], &other_key)
        .exits(0)
        .says("signed with key");
    world
        .run(&serve)
        .exits(1)
        .says("a key that is not trusted here");
    promote(&runs[0], &key).exits(0);
    promote(&runs[0], &key).exits(0).says("nothing to do");
    let log = world.transitions();
    assert_eq!(log.len(), 3, "signing anew is a promotion of its own");
    assert_eq!(
        log[2]["signed"]["outputs"],
        world.json(&format!("show {}", runs[0]))["outputs"]
    );

    let server = Server::start(&world, &public);
    server.comes_to_serve(&runs[0]);
    let signed = world.read(PIN);
    world.promote(&runs[1], "production").exits(0);
    server.goes_on_serving(&runs[0]);
    promote(&runs[1], &key).exits(0);
    server.comes_to_serve(&runs[1]);
    // A signature of another promotion.
    let forged = world.read(PIN).replace(&runs[1], &runs[2]);
    std::fs::write(world.path(PIN), forged).unwrap();
    server.goes_on_serving(&runs[1]);
    world
        .run(&serve)
        .exits(1)
        .says("the signature is not of this promotion");
    // A rollback is vouched for too.
    std::fs::write(world.path(PIN), signed).unwrap();
    promote(&runs[2], &key).exits(0);
    server.comes_to_serve(&runs[2]);
    world.rollback().exits(0);
    server.goes_on_serving(&runs[2]);
    promote(&runs[2], &key).exits(0);
    world
        .run(&format!(
            "rollback streamflow_churn --reason worse --sign {key}"
        ))
        .exits(0);
    server.comes_to_serve(&runs[0]);
    world.run("history --verify").exits(0);
    world.run("history").exits(0).says("signed with key");
    drop(server);
    // Without the demand anything is served, and the clone verifies what it has made again.
    world.commit("pinned");
    let clone = world.cloned();
    clone.run(&format!("replay {}", runs[0])).exits(0);
    clone.run("materialize --as-of 2024-01-31").exits(0);
    Server::start(&clone, &public).comes_to_serve(&runs[0]);
}

/// A staged run is asked for a signature too, and its lack is no trouble of production's.
#[test]
fn a_staged_run_is_vouched_for_or_not_asked() {
    let world = World::sample();
    let path = world.path("streamflow.toml");
    let declared = world.read("streamflow.toml");
    let declared = declared.replace("[serve]\n", "[serve]\ncanary = 1.0\n");
    std::fs::write(path, declared).unwrap();
    let (key, public) = keys(&world, "release", 7);
    let runs = ["0.2", "0.3"].map(|threshold| world.prior_run(threshold));
    let promote = |run: &str, stage: &str| {
        world.run(&format!(
            "promote {run} --to {stage} --reason because --sign {key}"
        ))
    };
    promote(&runs[0], "production").exits(0);
    world.promote(&runs[1], "staging").exits(0);
    world.run("materialize --as-of 2024-01-31").exits(0);
    let server = Server::start(&world, &public);
    server.wait_for_staged(|staged| {
        let reason = staged["reason"].as_str().unwrap_or_default();
        reason.contains("its promotion is not signed")
    });
    assert_eq!(server.run(), runs[0]);
    promote(&runs[1], "staging").exits(0);
    server.wait_for_staged(|staged| staged["run"] == runs[1].as_str());
    // What was vouched for in staging is not for production.
    let pins = world.read(PIN).replace("[staging]", "[production]");
    let first = pins.find("[production]").unwrap();
    let second = pins.rfind("[production]").unwrap();
    assert_ne!(first, second);
    let forged = format!("{}{}", &pins[..first], &pins[second..]);
    std::fs::write(world.path(PIN), forged).unwrap();
    server.goes_on_serving(&runs[0]);
}

#[test]
fn keys_that_are_none_are_refused_before_anything_is_done() {
    let world = World::sample();
    let run = world.prior_run("0.2");
    let (key, public) = keys(&world, "release", 7);
    let promote = |key: &str| {
        world.run(&format!(
            "promote {run} --to production --reason because --sign {key}"
        ))
    };
    promote("missing.key").exits(2).says("there is no key file");
    promote(&public).exits(2).says("it is a public key");
    promote("streamflow.toml").exits(2).says("it should be PEM");
    let serve = |public: &str| {
        world.run(&format!(
            "serve --address 127.0.0.1:0 --require-signature {public}"
        ))
    };
    serve(&key).exits(2).says("it is a private key");
    serve("missing.pub").exits(2).says("there is no key file");
    assert!(!world.path(PIN).exists());
    world
        .run(&format!(
            "promote {run} --to archived --reason x --sign {key}"
        ))
        .exits(2)
        .says("vouched for by nobody");
    world
        .run(&format!("promote {run} --alias a --reason x --sign {key}"))
        .exits(2);
    let document = world.run(&format!(
        "promote {run} --to staging --reason because --sign {key} --format json"
    ));
    let document = document.exits(0).json();
    assert_eq!(
        document["transition"]["signed"]["key"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    assert_eq!(document["status"], json!("promoted"));
}
