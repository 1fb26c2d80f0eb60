//! Addresses, and a server that answers what it is told to.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;
use crate::error::Kind;

fn address(text: &str) -> Address {
    Address::parse("a server", text).unwrap()
}

#[test]
fn an_address_is_what_requests_are_below() {
    for (text, shown, url) in [
        (
            "http://Example.COM",
            "http://example.com",
            "http://example.com/x",
        ),
        (
            "HTTPS://example.com:443/",
            "https://example.com",
            "https://example.com/x",
        ),
        (
            "http://[::1]:5000/ml/",
            "http://[::1]:5000/ml",
            "http://[::1]:5000/ml/x",
        ),
        (
            " http://a_b-c.d:80/e/f ",
            "http://a_b-c.d/e/f",
            "http://a_b-c.d/e/f/x",
        ),
    ] {
        let address = address(text);
        assert_eq!(address.to_string(), shown);
        assert_eq!(address.url("/x"), url);
    }
    assert!(address("http://127.0.0.1:1").is_this_machine());
    assert!(!address("http://example.com").is_this_machine());
}

#[test]
fn what_is_no_address_is_refused_without_its_secrets() {
    for text in [
        "",
        "http",
        "http:/a",
        "://a",
        "http://",
        "http://:80",
        "http://a:",
        "http://a:x",
        "http://a:70000",
        "http://a:0",
        "http://[::1",
        "http://[x]:1",
        "http://[::1]x",
        "http://a b/",
        "http://a/é",
        "http://a?x=hunter2",
        "http://a#b",
        "http://u:hunter2@a",
        "http://hunter2@a:1/",
        "hunter2://a",
        "ws://a",
    ] {
        // A port may be left empty, as in RFC 3986.
        if text == "http://a:" {
            assert_eq!(address(text).to_string(), "http://a");
            continue;
        }
        let error = Address::parse("a server", text).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{text}");
        let said = format!("{error} {:?} {:?}", error.all_details(), error.all_help());
        assert!(
            !said.contains("hunter2@") && !said.contains("x=hunter2"),
            "{said}"
        );
    }
}

#[test]
fn a_redirect_leads_to_the_same_server_or_nowhere() {
    let server = address("http://a:5000/ml");
    let from = "http://a:5000/ml/api/x";
    let to = |place: &str| server.resolved(from, place);
    assert_eq!(to("/y?z").as_deref(), Some("http://a:5000/y?z"));
    assert_eq!(to("y").as_deref(), Some("http://a:5000/ml/api/y"));
    assert_eq!(to("http://A:5000/y").as_deref(), Some("http://A:5000/y"));
    for place in [
        "http://a/y",
        "https://a:5000/y",
        "http://b:5000/y",
        "//a:5000/y",
        "http://a:5000@b/y",
        "javascript:1",
        "",
        "http://u:p@a:5000/y",
    ] {
        assert_eq!(to(place), None, "{place}");
    }
    assert_eq!(shown("http://u:p@b:1/x?token=1"), "http://…@b:1/x");
}

#[test]
fn segments_are_encoded() {
    assert_eq!(segment("a b/c%é+&=~._-"), "a%20b%2Fc%25%C3%A9%2B%26%3D~._-");
}

/// Answers one connection with some bytes, and closes it; gives what it was asked.
fn one_reply(reply: &'static [u8]) -> (Address, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let mut asked = Vec::new();
        while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut bytes).unwrap();
            asked.extend(&bytes[..read]);
        }
        stream.write_all(reply).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address(&format!("http://127.0.0.1:{port}")), asked)
}

fn get(address: Address, options: &Options) -> std::result::Result<Reply, Trouble> {
    let client = Client::new(address, options).unwrap();
    client.send(&Request {
        method: Method::Get,
        path: "/x?y=1",
        body: None,
    })
}

#[test]
fn a_reply_of_any_status_is_a_reply() {
    let (address, asked) = one_reply(
        b"HTTP/1.1 418 T\r\nContent-Type: text/plain; q=1\r\nContent-Length: 2\r\n\r\nhi",
    );
    let reply = get(address, &Options::default()).unwrap();
    assert_eq!(
        (reply.status, reply.kind.as_str(), &reply.body[..]),
        (418, "text/plain", &b"hi"[..])
    );
    let asked = asked.join().unwrap().to_lowercase();
    assert!(asked.starts_with("get /x?y=1 http/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("user-agent: streamflow/") && !asked.contains("content-length"),
        "{asked}"
    );
}

#[test]
fn a_reply_that_ends_early_or_is_none_is_trouble() {
    for reply in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi",
        b"\x16\x03\x01\x02\x00\x01",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.2/\r\n\r\n",
    ] {
        let (address, asked) = one_reply(reply);
        let trouble = get(address, &Options::default()).unwrap_err();
        asked.join().unwrap();
        assert!(
            matches!(
                trouble,
                Trouble::Broken(_) | Trouble::Unreachable(_) | Trouble::Elsewhere(_)
            ),
            "{trouble:?}"
        );
    }
}

#[test]
fn a_server_that_says_nothing_is_late() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let quick = Options {
        time: Duration::from_millis(200),
        ..Options::default()
    };
    let trouble = get(address(&format!("http://127.0.0.1:{port}")), &quick).unwrap_err();
    assert!(matches!(trouble, Trouble::Late), "{trouble:?}");
}

#[test]
fn credentials_have_no_words() {
    let token = Credentials::Token("hunter2".into());
    let password = Credentials::Password {
        user: "alice".into(),
        password: "hunter2".into(),
    };
    assert_eq!(format!("{token:?} {password:?}"), "Token(…) Password(…)");
    for (pem, words) in [
        (&b"x"[..], "holds none"),
        (b"-----BEGIN CERTIFICATE-----\n?\n", "PEM"),
    ] {
        let error = Roots::parse(pem).unwrap_err();
        assert!(error.message().contains(words), "{error}");
    }
}
