//! Too many, too slow, and the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{PATIENCE, Server, World, signal, template};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

/// A connection that was used and is kept.
fn idle(server: &Server) -> Option<TcpStream> {
    let mut stream = server.connect();
    stream.write_all(HEALTH).ok()?;
    stream.read_exact(&mut [0]).ok()?;
    Some(stream)
}

fn half_sent(server: &Server, part: &str) -> TcpStream {
    let mut stream = server.connect();
    // The server may have refused it already.
    let _ = stream.write_all(part.as_bytes());
    stream
}

/// Asks until there is an answer, while others keep what they hold.
fn wait_for_answer(server: &Server, path: &str) {
    let start = Instant::now();
    while server.get(path).status != 200 {
        assert!(start.elapsed() < PATIENCE, "{:#?}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn it_recovers_from_having_no_file_left() {
    let world = World::ready(template().lenient, "2024-01-31");
    for files in [64, 24] {
        let server = world.serve_with_files(files);
        let held: Vec<Option<TcpStream>> = (0..150).map(|_| idle(&server)).collect();
        let half = (0..40).map(|_| half_sent(&server, "POST /predict HTTP/1.1\r\n"));
        let half: Vec<TcpStream> = half.collect();
        wait_for_answer(&server, "/ready");
        drop((held, half));
        wait_for_answer(&server, "/ready");
        assert!(server.log().iter().all(|line| !line.contains("bug")));
    }
}

/// What holds all connections does not keep a new pin from being served.
#[test]
fn files_are_left_to_the_store() {
    let (strict, lenient) = (template().strict, template().lenient);
    let world = World::ready(lenient, "2024-01-31");
    let server = world.serve_with_files(64);
    let half = (0..100).map(|_| half_sent(&server, "POST /predict HTTP/1.1\r\n"));
    let half: Vec<TcpStream> = half.collect();
    world.pin(strict);
    server.wait_for_log("now serving");
    drop(half);
    wait_for_answer(&server, "/ready");
    // There was room for 32 of them.
    let metrics = server.get("/metrics").body;
    let refused = |line: &str| {
        let count = line.strip_prefix("api_connections_refused_total ")?;
        count.parse::<u32>().ok()
    };
    let refused = metrics.lines().find_map(refused);
    assert!(refused.is_some_and(|count| count >= 60), "{refused:?}");
}

/// Replies pile up at a client that never reads them: it is given up, and keeps no thread.
#[test]
fn who_never_reads_is_given_up() {
    let world = World::ready(template().lenient, "2024-01-31");
    let mut server = world.serve();
    let stuffed = || {
        let mut stream = server.connect();
        stream
            .set_write_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        let ask = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
        // Until the server, which cannot write, reads no more.
        while stream.write_all(&ask).is_ok() {}
        stream
    };
    let connections = || {
        let text = server.get("/metrics").body;
        let line = text
            .lines()
            .find(|line| line.starts_with("api_connections "));
        line.unwrap().to_string()
    };
    let slow = stuffed();
    assert_eq!(connections(), "api_connections 2");
    let start = Instant::now();
    while connections() != "api_connections 1" {
        assert!(start.elapsed() < PATIENCE, "it waits on");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(slow);
    // Nor does it keep the server from ending.
    let slow = stuffed();
    signal(&server.child, "-TERM");
    let start = Instant::now();
    assert_eq!(server.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10));
    drop(slow);
}

#[test]
fn what_was_begun_is_finished_before_the_end() {
    let world = World::ready(template().lenient, "2024-01-31");
    let id = world.ids("2024-01-31").remove(0);
    let mut server = world.serve();
    let body = json!({ "user_id": id }).to_string();
    let (first, rest) = body.split_at(4);
    let head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let head = format!("{head}Content-Length: {}\r\n\r\n{first}", body.len());
    let mut begun = half_sent(&server, &head);
    let mut never = half_sent(&server, &head);
    let mut waiting: Vec<TcpStream> = (0..20).map(|_| idle(&server).unwrap()).collect();
    // Both bodies have begun to arrive.
    std::thread::sleep(Duration::from_millis(100));
    signal(&server.child, "-TERM");
    let start = Instant::now();
    while TcpStream::connect(&server.address).is_ok() {
        assert!(start.elapsed() < PATIENCE, "it goes on accepting");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.child.try_wait().unwrap(), None);
    begun.write_all(rest.as_bytes()).unwrap();
    let told = Server::read(&mut begun);
    assert_eq!(
        (told.status, told.header("connection")),
        (200, Some("close"))
    );
    assert_eq!(told.json()["user_id"], id);
    Server::read(&mut never).problem(408, "request-timeout");
    for stream in &mut waiting {
        let mut left = Vec::new();
        stream.read_to_end(&mut left).unwrap();
        assert!(left.ends_with(b"{\"status\":\"ok\"}\n"));
    }
    assert_eq!(server.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Requests that stand in the system's queue when the signal comes are answered, not dropped.
#[test]
fn a_signal_under_load_fails_no_request_that_was_accepted() {
    let world = World::ready(template().lenient, "2024-01-31");
    let mut server = world.serve();
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut answered = 0;
                    while let Ok(mut stream) = TcpStream::connect(&server.address) {
                        stream.set_read_timeout(Some(PATIENCE)).unwrap();
                        // One that the system took after the server had closed gets nothing.
                        let _ = stream.write_all(b"GET /health HTTP/1.0\r\n\r\n");
                        let mut reply = Vec::new();
                        let _ = stream.read_to_end(&mut reply);
                        match reply.ends_with(b"{\"status\":\"ok\"}\n") {
                            true => answered += 1,
                            false => assert!(reply.is_empty(), "{reply:?}"),
                        }
                    }
                    answered
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        signal(&server.child, "-TERM");
        let answered: usize = asking
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert!(answered > 0);
    });
    assert_eq!(server.wait(), Some(0));
}
