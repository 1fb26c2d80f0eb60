//! Who may ask: whoever reaches the address, or whoever holds a token.
//!
//! A server on loopback is reached from its own machine only. Any other address demands a token, or
//! the word of whoever starts it that everyone may ask. The token stands in a file: an argument can
//! be read by every user of a machine, and a definition is committed.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use constant_time_eq::constant_time_eq;

use super::http::Head;
use super::problem::Problem;
use crate::error::{Error, Result};

/// Characters of a token; 32 hex digits are 128 bits.
const LEAST: usize = 32;
const MOST: usize = 1024;

/// Bits of a file's mode that let everyone on the machine read or change it.
const OTHERS: u32 = 0o006;

/// Whom the server answers.
#[derive(Debug)]
pub enum Access {
    /// Whoever reaches the address, which must be loopback.
    Local,
    /// Whoever reaches the address, whichever it is.
    Everyone,
    /// Whoever sends the token.
    Holders(Token),
}

/// A secret that callers show. It is never printed.
pub struct Token(Box<str>);

/// What is known of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Hears everything.
    Admitted,
    /// Showed no token where one is asked for.
    Unknown,
}

impl Access {
    /// # Errors
    /// [`crate::error::Kind::Usage`] for addresses that other machines reach while nobody is asked who they are.
    pub fn check(&self, address: &str, found: &[SocketAddr]) -> Result<()> {
        let is_local = |found: &SocketAddr| found.ip().to_canonical().is_loopback();
        match self {
            Self::Local if !found.iter().all(is_local) => Err(Error::usage(format!(
                "{address} can be reached from other machines, and nobody would be asked for a token"
            ))
            .help("`--token-file FILE` answers only who sends the token in that file; `openssl rand -hex 32` makes one")
            .help("`--insecure` answers everyone who reaches the address")),
            _ => Ok(()),
        }
    }

    /// Whether callers need a token.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Holders(_))
    }

    /// Who sent a head; an error for whoever sent another token.
    pub fn caller(&self, head: &Head) -> Result<Caller, Stranger> {
        let Self::Holders(token) = self else {
            return Ok(Caller::Admitted);
        };
        let mut sent = head.all("authorization");
        match (sent.next(), sent.next()) {
            (None, _) => Ok(Caller::Unknown),
            (Some(one), None) if token.is_shown_by(one) => Ok(Caller::Admitted),
            _ => Err(Stranger::WrongToken),
        }
    }
}

/// A caller who is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    Tokenless,
    WrongToken,
}

impl Stranger {
    pub fn to_problem(self) -> Problem {
        let why = match self {
            Self::Tokenless => "This server asks for a token: send `Authorization: Bearer TOKEN`.",
            Self::WrongToken => {
                "The request's Authorization is not `Bearer` and the token of this server."
            }
        };
        Problem::new(401, why)
    }

    /// The value of `WWW-Authenticate`.
    pub const fn challenge(self) -> &'static str {
        match self {
            Self::Tokenless => "Bearer realm=\"streamflow\"",
            Self::WrongToken => "Bearer realm=\"streamflow\", error=\"invalid_token\"",
        }
    }
}

impl Token {
    /// Reads the one line of a token file.
    ///
    /// # Errors
    /// [`crate::error::Kind::Usage`]: the file cannot be read, everyone on the machine can read it, or its text is no token.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let cannot = |error| {
            Error::usage(format!("the token file {shown} cannot be read"))
                .caused_by(error)
                .help("`(umask 077; openssl rand -hex 32 > FILE)` makes one")
        };
        let file = File::open(path).map_err(cannot)?;
        let facts = file.metadata().map_err(cannot)?;
        if facts.is_dir() {
            return Err(cannot(ErrorKind::IsADirectory.into()));
        }
        let mode = facts.permissions().mode();
        if mode & OTHERS != 0 {
            let mode = mode & 0o777;
            let message = format!(
                "every user of this machine can read or change the token file {shown} (mode {mode:03o})"
            );
            return Err(Error::usage(message)
                .help("a token that others could read is no secret: `(umask 077; openssl rand -hex 32 > FILE)` makes another"));
        }
        let mut bytes = Vec::new();
        let most = file.take(2 * MOST as u64);
        { most }.read_to_end(&mut bytes).map_err(cannot)?;
        Self::of(&bytes).map_err(|why| {
            Error::usage(format!("the token file {shown} {why}"))
                .help("a token is one line of 32 to 1024 letters, digits and -._~+/=")
                .help("`(umask 077; openssl rand -hex 32 > FILE)` makes one")
        })
    }

    /// The token of a file's bytes, or what is wrong with them; its text is in no message.
    fn of(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "is no text".to_string())?;
        let token = text.trim_end_matches(['\r', '\n']);
        if token.is_empty() {
            return Err("is empty".to_string());
        }
        if token.contains(['\r', '\n']) {
            return Err("has several lines; a token is one".to_string());
        }
        let is_known = |letter: char| letter.is_ascii_alphanumeric() || "-._~+/=".contains(letter);
        if let Some(at) = token.chars().position(|letter| !is_known(letter)) {
            return Err(format!(
                "has a character that no token has, its {}",
                ordinal(at + 1)
            ));
        }
        match token.len() {
            length if length < LEAST => Err(format!(
                "has a token of {length} characters, which can be guessed; it takes at least {LEAST}"
            )),
            length if length > MOST => Err(format!("has a token of more than {MOST} characters")),
            _ => Ok(Self(token.into())),
        }
    }

    /// Whether the value of an Authorization header shows it. How long the comparison takes tells
    /// nothing but the length.
    fn is_shown_by(&self, authorization: &str) -> bool {
        let Some((scheme, sent)) = authorization.split_once(' ') else {
            return false;
        };
        let sent = sent.trim_start_matches(' ');
        scheme.eq_ignore_ascii_case("bearer")
            && constant_time_eq(sent.as_bytes(), self.0.as_bytes())
    }
}

/// A place, counted from 1: `1st`, `22nd`.
fn ordinal(place: usize) -> String {
    let ending = match (place % 10, place % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{place}{ending}")
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789ABCDEF-._~+/=";

    #[test]
    fn a_token_is_one_line_that_cannot_be_guessed() {
        for text in [
            SECRET.to_string(),
            format!("{SECRET}\n"),
            format!("{SECRET}\r\n"),
        ] {
            assert_eq!(&*Token::of(text.as_bytes()).unwrap().0, SECRET);
        }
        let refused = |bytes: &[u8]| Token::of(bytes).unwrap_err();
        assert_eq!(refused(b""), "is empty");
        assert_eq!(refused(b"\n\n"), "is empty");
        assert_eq!(refused(b"\xff"), "is no text");
        assert!(refused(format!("{SECRET}\n{SECRET}\n").as_bytes()).contains("several lines"));
        assert!(refused(format!("{SECRET} ").as_bytes()).ends_with("its 40th"));
        assert!(refused(format!("\u{feff}{SECRET}").as_bytes()).ends_with("its 1st"));
        assert!(refused(&[b'a'; 31]).contains("of 31 characters"));
        assert!(refused(&[b'a'; 1025]).contains("more than 1024"));
        assert_eq!(
            format!("{:?}", Token::of(SECRET.as_bytes()).unwrap()),
            "Token(…)"
        );
    }

    #[test]
    fn only_the_whole_token_shows_it() {
        let token = Token::of(SECRET.as_bytes()).unwrap();
        for scheme in ["Bearer ", "bearer ", "BEARER   "] {
            assert!(token.is_shown_by(&format!("{scheme}{SECRET}")), "{scheme}");
        }
        let (almost, longer) = (&SECRET[1..], format!("{SECRET}="));
        for value in ["", "Bearer", "Bearer ", SECRET, almost, &longer] {
            assert!(!token.is_shown_by(value), "{value}");
            assert!(!token.is_shown_by(&format!("Basic {value}")), "{value}");
        }
        assert!(!token.is_shown_by(&format!("Bearer {almost}")));
        assert!(!token.is_shown_by(&format!("Bearer {longer}")));
        assert!(!token.is_shown_by(&format!("Bearer {}", SECRET.to_lowercase())));
    }

    #[test]
    fn only_loopback_needs_no_word() {
        let found = |address: &str| [address.parse::<SocketAddr>().unwrap()];
        let check = |access: &Access, address| access.check(address, &found(address)).is_ok();
        let token = || Token::of(SECRET.as_bytes()).unwrap();
        for local in [
            "127.0.0.1:1",
            "127.9.9.9:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(check(&Access::Local, local), "{local}");
        }
        for reached in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"] {
            assert!(!check(&Access::Local, reached), "{reached}");
            assert!(check(&Access::Everyone, reached));
            assert!(check(&Access::Holders(token()), reached));
        }
    }
}
