//! The URL of a database.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::host;

/// Where a database is and as whom it is spoken to.
pub struct Address {
    /// The environment variable that holds the URL: what errors name.
    pub variable: String,
    pub server: Server,
    pub user: String,
    pub password: Option<String>,
    pub database: String,
    /// Settings of the session, as `-c name=value`.
    pub options: Option<String>,
    pub connect_timeout: Duration,
}

pub enum Server {
    Tcp(String, u16),
    /// The folder of the server's socket, and the port in its name.
    Socket(PathBuf, u16),
}

/// The variable alone: the rest is secret.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.variable)
    }
}

const PORT: u16 = 5432;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Address {
    /// The address in an environment variable: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or the
    /// `key=value` words of libpq.
    ///
    /// # Errors
    /// [`Kind::MissingInput`] when the variable is not set, [`Kind::Usage`] for what is no URL and
    /// for what this program cannot do. No error quotes the value.
    pub fn of_variable(variable: &str) -> Result<Self> {
        let text = host::variable(variable).filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| {
            Error::new(
                Kind::MissingInput,
                format!("the environment variable {variable} is not set"),
            )
            .detail("it holds the URL of the database; no file of the project does")
            .help(format!(
                "`export {variable}='postgres://USER:PASSWORD@HOST:5432/DATABASE'`"
            ))
        })?;
        Self::parse(variable, text.trim())
    }

    fn parse(variable: &str, text: &str) -> Result<Self> {
        let url = ["postgres://", "postgresql://"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        let words = match url {
            Some(rest) => words_of_url(rest),
            None => words_of_pairs(text),
        };
        let words = words.ok_or_else(|| no_url(variable))?;
        Self::of_words(variable, words)
    }

    fn of_words(variable: &str, mut words: BTreeMap<String, String>) -> Result<Self> {
        let refuse = |why: &str| Error::usage(format!("{variable}: {why}"));
        let mut take = |key: &str| words.remove(key).filter(|value| !value.is_empty());
        let host = take("host").or_else(|| take("hostaddr"));
        let host = host.unwrap_or_else(|| "localhost".to_string());
        let port = take("port").map_or(Ok(PORT), |port| {
            port.parse().map_err(|_| refuse("the port is no number"))
        })?;
        if host.contains(',') {
            return Err(refuse("several hosts are not tried one after another")
                .help("name the one that answers"));
        }
        let server = match host.starts_with('/') {
            true => Server::Socket(PathBuf::from(host), port),
            false => Server::Tcp(host, port),
        };
        refuse_tls(variable, take("sslmode").as_deref())?;
        let timeout = take("connect_timeout").map_or(Ok(CONNECT_TIMEOUT), |seconds| {
            let seconds: u64 = seconds
                .parse()
                .map_err(|_| refuse("connect_timeout is no number of seconds"))?;
            Ok(Duration::from_secs(seconds.clamp(1, 3600)))
        })?;
        let user = take("user").ok_or_else(|| {
            refuse("the URL names no user").help("`postgres://USER:PASSWORD@HOST:5432/DATABASE`")
        })?;
        let address = Self {
            variable: variable.to_string(),
            server,
            password: take("password"),
            database: take("dbname").unwrap_or_else(|| user.clone()),
            options: take("options"),
            connect_timeout: timeout,
            user,
        };
        for harmless in [
            "application_name",
            "gssencmode",
            "fallback_application_name",
        ] {
            take(harmless);
        }
        match words.keys().next() {
            None => Ok(address),
            Some(key) => Err(
                refuse(&format!("`{key}` is not understood by this program")).help(
                    "user, password, host, port, dbname, sslmode, connect_timeout and options are",
                ),
            ),
        }
    }

    /// Whether what is sent stays on this machine.
    pub fn is_local(&self) -> bool {
        match &self.server {
            Server::Socket(..) => true,
            Server::Tcp(host, _) => {
                let address = host.parse::<std::net::IpAddr>();
                host == "localhost" || address.is_ok_and(|address| address.is_loopback())
            }
        }
    }

    /// A text of the server without what is secret.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_string();
        if let Some(password) = self.password.as_ref().filter(|text| text.len() > 2) {
            text = text.replace(password.as_str(), "…");
        }
        let host = match &self.server {
            Server::Tcp(host, _) => host.clone(),
            Server::Socket(folder, _) => folder.to_string_lossy().into_owned(),
        };
        for secret in [&self.user, &self.database, &host] {
            text = text.replace(&format!("\"{secret}\""), "\"…\"");
        }
        text
    }
}

fn no_url(variable: &str) -> Error {
    Error::usage(format!("{variable} holds no URL of a PostgreSQL database"))
        .help(format!(
            "`export {variable}='postgres://USER:PASSWORD@HOST:5432/DATABASE'`"
        ))
        .help("in a name or password `@`, `:`, `/`, `?` and `%` are written %40, %3A, %2F, %3F and %25")
}

fn refuse_tls(variable: &str, sslmode: Option<&str>) -> Result<()> {
    match sslmode {
        None | Some("disable" | "allow" | "prefer") => Ok(()),
        Some(mode @ ("require" | "verify-ca" | "verify-full")) => Err(Error::usage(format!(
            "{variable} asks for sslmode={mode}, and this version speaks to PostgreSQL without TLS"
        ))
        .help("let a tunnel do it (`ssh -L`, stunnel, the proxy of your cloud), and say sslmode=disable for the way to the tunnel")),
        Some(_) => Err(Error::usage(format!("{variable}: unknown sslmode"))
            .help("disable, allow and prefer go without TLS; require, verify-ca and verify-full are not kept by this version")),
    }
}

/// The parts of what follows `postgres://`, under libpq's names.
fn words_of_url(rest: &str) -> Option<BTreeMap<String, String>> {
    let mut words = BTreeMap::new();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (login, place),
        None => ("", authority),
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':').unwrap_or(port))
        }
        None => place.split_once(':').unwrap_or((place, "")),
    };
    let parts = [
        ("user", user),
        ("password", password),
        ("host", host),
        ("port", port),
        ("dbname", database),
    ];
    for (key, value) in parts {
        if !value.is_empty() {
            words.insert(key.to_string(), decoded(value)?);
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=')?;
        words.insert(decoded(key)?, decoded(value)?);
    }
    Some(words)
}

/// `%2F` and the like as what they stand for.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            decoded.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    // The protocol ends texts with a zero.
    let text = String::from_utf8(decoded).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// `host=… user='…'`: values stand between single quotation marks or end at white space.
fn words_of_pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let mut words = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim_end();
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let (value, after) = pair_value(after.trim_start())?;
        words.insert(key.to_string(), value);
        rest = after.trim_start();
    }
    (!words.is_empty() && !text.contains('\0')).then_some(words)
}

fn pair_value(text: &str) -> Option<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.push(characters.next()?.1),
            '\'' if quoted => return Some((value, &text[at + 1..])),
            c if !quoted && c.is_ascii_whitespace() => return Some((value, &text[at..])),
            c => value.push(c),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address> {
        Address::parse("URL", text)
    }

    #[test]
    fn urls_and_pairs_say_the_same() {
        for text in [
            "postgres://al%40ice:p%2Fw%3A@db.example:6432/sales%20data",
            "postgresql:///?user=al%40ice&password=p%2Fw%3A&host=db.example&port=6432&dbname=sales%20data",
            r"host = db.example port=6432 user=al@ice password='p/w:' dbname='sales data'",
        ] {
            let address = parse(text).unwrap();
            assert!(matches!(&address.server, Server::Tcp(host, 6432) if host == "db.example"));
            assert_eq!(address.user, "al@ice");
            assert_eq!(address.password.as_deref(), Some("p/w:"));
            assert_eq!(address.database, "sales data");
        }
        let quoted = parse(r"user='it\'s \\' host=/run/pg").unwrap();
        assert_eq!(quoted.user, r"it's \");
        assert!(matches!(quoted.server, Server::Socket(..)));
        let six = parse("postgres://a@[::1]:99").unwrap();
        assert!(matches!(&six.server, Server::Tcp(host, 99) if host == "::1"));
        assert!(six.is_local());
    }

    #[test]
    fn what_is_refused_never_shows_a_secret() {
        for text in [
            "mysql://alice:hunter2@example/x",
            "postgres://alice:hunter2%@example/x",
            "postgres://alice:hunter2@example:x/x",
            "postgres://alice:hunter2@example/x?sslmode=require",
            "postgres://alice:hunter2@example/x?sslmode=hunter2",
            "postgres://alice:hunter2@example/x?service=hunter2",
            "postgres://alice:hunter2@example,other/x",
            "host=example user=alice password='hunter2",
            "postgres://:hunter2@example/x",
            "user=alice password=hunter2 sslrootcert=hunter2",
            "postgres://alice:hunter2@example/x?connect_timeout=hunter2",
        ] {
            let error = parse(text).map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage, "{text}");
            let said = format!("{error:?} {:?} {:?}", error.all_details(), error.all_help());
            assert!(
                !said.contains("hunter2") && !said.contains("alice"),
                "{said}"
            );
            assert!(!said.contains("example"), "{said}");
        }
    }

    #[test]
    fn texts_of_the_server_are_redacted() {
        let address = parse("postgres://alice:hunter2@db.example/sales").unwrap();
        assert_eq!(
            address.redact("role \"alice\" of \"sales\" at \"db.example\": hunter2, \"usage\""),
            "role \"…\" of \"…\" at \"…\": …, \"usage\""
        );
        assert_eq!(format!("{address:?}"), "Address(URL)");
    }
}
