//! Where a server is.

use std::fmt;

use crate::error::{Error, Result};

/// `http://HOST:PORT/PATH` of a server: what requests are below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    is_https: bool,
    /// Lowercase; in brackets where it is an IPv6 address.
    host: String,
    /// None where it is the scheme's own.
    port: Option<u16>,
    /// Begins with a slash and does not end with one; or is empty.
    path: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

impl Address {
    /// Reads an address. `what` it is of, such as `MLflow`, is for messages.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for what is no address of a server, and for one with a name or a password in
    /// it, which is not quoted.
    pub fn parse(what: &str, text: &str) -> Result<Self> {
        let refused = |why: &str| {
            let shown = shown(text);
            Error::usage(format!("`{shown}` is no address of {what}: {why}"))
                .help("write it as http://HOST:PORT or https://HOST")
        };
        let text = text.trim();
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| refused("one begins with http:// or https://"))?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(refused("only http:// and https:// are spoken here")),
        };
        if rest.contains(['?', '#']) {
            return Err(refused("it has a `?` or a `#` in it"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(refused("it has a name or a password before `@`").detail(
                "an address is shown, and kept in the history of the shell; \
                     what stands before `@` is not shown here",
            ));
        }
        let (host, port) = host_and_port(authority).map_err(refused)?;
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused(
                "its path has a character that must be written as %XX",
            ));
        }
        let own = if is_https { 443 } else { 80 };
        Ok(Self {
            is_https,
            host,
            port: port.filter(|port| *port != own),
            path: path.trim_end_matches('/').to_string(),
        })
    }

    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Lowercase; in brackets where it is an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it names this machine by a name that always does.
    pub fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.host.starts_with("127.") || self.host == "[::1]"
    }

    /// Scheme, host and port: who is spoken to.
    pub fn origin(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        let port = self.port.map_or(String::new(), |port| format!(":{port}"));
        format!("{scheme}://{}{port}", self.host)
    }

    /// The whole address of a path below this one.
    pub fn url(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// A place that a reply to `from` names, as a whole address; none where it is at another scheme, host or port.
    pub fn resolved(&self, from: &str, place: &str) -> Option<String> {
        if place.starts_with('/') && !place.starts_with("//") {
            return Some(format!("{}{place}", self.origin()));
        }
        if place.contains("://") {
            let rest = place.find("://").map(|at| &place[at + 3..])?;
            let end = rest
                .find(['/', '?', '#'])
                .map_or(place.len(), |at| place.len() - rest.len() + at);
            let origin = Self::parse("a server", &place[..end]).ok()?.origin();
            return (origin == self.origin()).then(|| place.to_string());
        }
        let is_plain = !place.is_empty() && !place.starts_with("//") && !place.contains(':');
        let folder = from.rsplit_once('/')?.0;
        is_plain.then(|| format!("{folder}/{place}"))
    }
}

/// An address as it may be shown: without what stands before `@`, and without a query.
pub fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    let rest = rest
        .rsplit_once('@')
        .map_or(rest.to_string(), |(_, place)| format!("…@{place}"));
    format!("{scheme}{rest}").replace(char::is_control, " ")
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("its `[` is never closed")?;
            let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
            if !is_address {
                return Err("between `[` and `]` stands no IPv6 address");
            }
            (format!("[{host}]"), port)
        }
        None => {
            let at = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(at);
            let is_name =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            match host.is_empty() {
                true => return Err("it names no host"),
                false if !host.bytes().all(is_name) => return Err("its host is no name"),
                false => (host.to_string(), port),
            }
        }
    };
    let port = match port.strip_prefix(':') {
        Some("") => None,
        Some(port) => Some(
            port.parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or("its port is none")?,
        ),
        None if port.is_empty() => None,
        None => return Err("after its host comes neither `:` nor `/`"),
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// A text as one segment of a path, or a value of a query.
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
