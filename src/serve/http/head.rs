//! The head of a request: its first line and its headers.

use crate::serve::problem::Problem;

/// Bytes of a head, its blank line included.
pub const MAX_HEAD: usize = 16 * 1024;
/// Bytes of the path with its query.
const MAX_TARGET: usize = 8 * 1024;
const MAX_HEADERS: usize = 100;

/// A head that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub method: String,
    /// The path as sent, without scheme, host and query.
    pub path: String,
    /// What stands between `?` and `#`, as sent; empty where nothing does.
    pub query: String,
    /// HTTP/1.1, and not 1.0.
    pub is_1_1: bool,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
}

/// Where the head ends, if it does: after its blank line.
pub fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

impl Head {
    /// Parses a head up to and with its blank line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let text = &bytes[..bytes.len().saturating_sub(4)];
        let mut lines = split_lines(text);
        let first = lines.next().unwrap_or_default();
        let (method, (path, query), is_1_1) = request_line(first)?;
        let mut headers = Vec::new();
        for line in lines {
            if headers.len() == MAX_HEADERS {
                return Err(Problem::new(431, "The request has too many headers."));
            }
            headers.push(header(line)?);
        }
        let head = Self {
            method,
            path,
            query,
            is_1_1,
            headers,
        };
        match head.all("host").count() {
            0 if is_1_1 => Err(malformed("HTTP/1.1 demands a Host header")),
            0 | 1 => Ok(head),
            _ => Err(malformed("there are several Host headers")),
        }
    }

    /// The headers of a name, which is in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The first header of a name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the client will send another request on the connection.
    pub fn keeps_alive(&self) -> bool {
        let says = |word: &str| {
            self.all("connection")
                .flat_map(|value| value.split(','))
                .any(|token| token.trim().eq_ignore_ascii_case(word))
        };
        if self.is_1_1 {
            !says("close")
        } else {
            says("keep-alive") && !says("close")
        }
    }

    pub fn expects_continue(&self) -> bool {
        let expect = self.header("expect");
        expect.is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
    }

    /// How the body is delimited; a request without any header about it has an empty one.
    pub fn framing(&self) -> Result<Framing, Problem> {
        let mut lengths = self.all("content-length");
        let mut codings = self.all("transfer-encoding");
        match (
            lengths.next(),
            lengths.next(),
            codings.next(),
            codings.next(),
        ) {
            (None, None, None, None) => Ok(Framing::Length(0)),
            (Some(length), None, None, None) => content_length(length),
            (None, None, Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => {
                match self.is_1_1 {
                    true => Ok(Framing::Chunked),
                    false => Err(malformed("HTTP/1.0 has no chunks")),
                }
            }
            (None, None, Some(_), _) => Err(Problem::new(
                501,
                "The only transfer coding known is chunked.",
            )),
            _ => Err(malformed("the length of the body is given twice")),
        }
    }
}

fn content_length(text: &str) -> Result<Framing, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(malformed("Content-Length is no number"));
    }
    // More than 64 bits is too large whatever the limit.
    Ok(Framing::Length(text.parse().unwrap_or(u64::MAX)))
}

fn malformed(why: &str) -> Problem {
    Problem::new(400, format!("The request is not HTTP/1.1: {why}."))
}

fn split_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text.windows(2).position(|pair| pair == b"\r\n");
        rest = at.map(|at| &text[at + 2..]);
        Some(at.map_or(text, |at| &text[..at]))
    })
}

fn request_line(line: &[u8]) -> Result<(String, (String, String), bool), Problem> {
    let printable = line.iter().all(|byte| (0x20..0x7f).contains(byte));
    let text = std::str::from_utf8(line).ok().filter(|_| printable);
    let text = text.ok_or_else(|| malformed("its first line is not ASCII"))?;
    let parts: Vec<&str> = text.split(' ').collect();
    let [method, target, version] = parts[..] else {
        return Err(malformed("its first line is not `METHOD PATH HTTP/1.1`"));
    };
    if method.is_empty() || !method.bytes().all(is_token) || method.len() > 32 {
        return Err(malformed("its method is no word"));
    }
    let is_1_1 = match version {
        "HTTP/1.1" => true,
        "HTTP/1.0" => false,
        _ => {
            let status = if version.starts_with("HTTP/") {
                505
            } else {
                400
            };
            return Err(Problem::new(
                status,
                "The only versions known are HTTP/1.1 and HTTP/1.0.",
            ));
        }
    };
    if target.len() > MAX_TARGET {
        return Err(Problem::new(414, "The path is too long."));
    }
    Ok((method.to_string(), path_and_query(target)?, is_1_1))
}

/// The path and the query of a target in origin or absolute form.
fn path_and_query(target: &str) -> Result<(String, String), Problem> {
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    if !path.starts_with('/') && path != "*" {
        return Err(malformed("its path does not begin with a slash"));
    }
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Ok((path.to_string(), query.to_string()))
}

fn header(line: &[u8]) -> Result<(String, String), Problem> {
    let colon = line.iter().position(|byte| *byte == b':');
    let colon = colon.ok_or_else(|| malformed("a header has no colon"))?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(malformed("a header's name is no word"));
    }
    if value
        .iter()
        .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
    {
        return Err(malformed("a header holds a control character"));
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    // These two alone: to `str::trim` a space that does not break is one too, and to others it is not.
    let value = String::from_utf8_lossy(value);
    let value = value.trim_matches([' ', '\t']).to_string();
    Ok((name, value))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn parse(text: &str) -> Result<Head, u16> {
        let text = text.replace('\n', "\r\n");
        Head::parse(text.as_bytes()).map_err(|problem| problem.status)
    }

    fn framing(headers: &str) -> Result<Framing, u16> {
        let head = parse(&format!("POST / HTTP/1.1\nHost: x\n{headers}\n"))?;
        head.framing().map_err(|problem| problem.status)
    }

    #[test]
    fn a_head_is_taken_apart() {
        let head =
            parse("GET http://host/a%20b?q=1 HTTP/1.1\nHost: x\nACCEPT:  a , b \n\n").unwrap();
        assert_eq!(
            (head.method.as_str(), head.path.as_str()),
            ("GET", "/a%20b")
        );
        assert_eq!(head.query, "q=1");
        let query = |target: &str| {
            let head = parse(&format!("GET {target} HTTP/1.0\n\n")).unwrap();
            (head.path, head.query)
        };
        let both = |path: &str, query: &str| (path.to_string(), query.to_string());
        assert_eq!(query("/a?b?c#d?e"), both("/a", "b?c"));
        assert_eq!(query("/a#b?c"), both("/a", ""));
        assert_eq!(query("/a?"), both("/a", ""));
        assert_eq!(head.header("accept"), Some("a , b"));
        assert!(head.keeps_alive());
        let old = parse("GET / HTTP/1.0\n\n").unwrap();
        assert!(!old.keeps_alive());
    }

    proptest! {
        /// What is taken for a request is one to everybody: its lines are those that a line feed ends
        /// too, and no name or value holds what ends one.
        #[test]
        fn a_head_is_understood_in_one_way_or_refused(
            tokens in vec(select(vec![
                "GET ", "/", " HTTP/1.1", "\r\n", "\n", "\r", " ", "\t", ":", "Host: x", "Content-Length: 1",
                "Transfer-Encoding: chunked", "a", "\0", "\u{a0}", "?", "#", "%2e",
            ]), 0..20),
        ) {
            let text = format!("GET / HTTP/1.1\r\nHost: y\r\n{}\r\n\r\n", tokens.concat());
            let Some(end) = end_of_head(text.as_bytes()) else { unreachable!("it has an end") };
            if let Ok(head) = Head::parse(&text.as_bytes()[..end]) {
                let lines = text[..end].trim_end().split('\n').count();
                prop_assert_eq!(lines, 1 + head.headers.len());
                let is_end = |letter: char| letter == '\r' || letter == '\n' || letter == '\0';
                prop_assert!(!head.headers.iter().any(|(name, value)| name.contains(is_end) || value.contains(is_end)));
                let lengths = head.all("content-length").count() + head.all("transfer-encoding").count();
                prop_assert!(lengths < 2 || head.framing().is_err());
            }
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "GET /\n\n",
            "GET / HTTP/1.1\n\n",
            "GET / HTTP/1.1\nHost: x\nHost: y\n\n",
            "GET / HTTP/1.1\nHost: x\n folded\n\n",
            "GET / HTTP/1.1\nHost: x\nName : y\n\n",
            "GET  / HTTP/1.1\nHost: x\n\n",
            "G\u{e9}T / HTTP/1.1\nHost: x\n\n",
            "GET relative HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\nHost: x\nA: b\u{b}c\n\n",
            "GET / HTTP/1.1\nHost: x\n: y\n\n",
        ] {
            assert_eq!(parse(text), Err(400), "{text:?}");
        }
        assert_eq!(parse("GET / HTTP/2.0\nHost: x\n\n"), Err(505));
    }

    #[test]
    fn a_body_has_one_length() {
        assert_eq!(framing(""), Ok(Framing::Length(0)));
        assert_eq!(framing("Content-Length: 12\n"), Ok(Framing::Length(12)));
        assert_eq!(
            framing("Content-Length: 99999999999999999999999\n"),
            Ok(Framing::Length(u64::MAX))
        );
        assert_eq!(
            framing("Transfer-Encoding: chunked\n"),
            Ok(Framing::Chunked)
        );
        for headers in [
            "Content-Length: +1\n",
            "Content-Length: 1, 1\n",
            "Content-Length: 1\nContent-Length: 1\n",
            "Content-Length: 1\nTransfer-Encoding: chunked\n",
        ] {
            assert_eq!(framing(headers), Err(400), "{headers:?}");
        }
        for coding in [
            "gzip, chunked",
            "chunked, chunked",
            "\u{a0}chunked",
            "x",
            "",
        ] {
            let header = format!("Transfer-Encoding: {coding}\n");
            assert_eq!(framing(&header), Err(501), "{coding:?}");
        }
    }
}
