//! What keeps a reply from coming.

use std::fmt;
use std::io;

/// Why there is no reply. Its words name neither address nor credentials.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody knows the host.
    UnknownHost,
    /// Nobody listens there, or the line is cut.
    Unreachable(io::Error),
    /// It took too long.
    Late,
    /// The certificate is not believed, or TLS is not spoken there.
    Untrusted(String),
    /// The server sends on to another scheme, host or port, or with another request.
    Elsewhere(String),
    /// The server sends on and on.
    Circles,
    /// A reply of more bytes than are read.
    TooLong,
    /// What comes is no HTTP, or ends too early.
    Broken(String),
}

impl From<ureq::Error> for Trouble {
    fn from(error: ureq::Error) -> Self {
        use ureq::Error as Of;
        match error {
            Of::HostNotFound => Self::UnknownHost,
            Of::Timeout(_) => Self::Late,
            Of::Io(error) => Self::of_io(error),
            Of::Rustls(error) => Self::Untrusted(error.to_string()),
            Of::Tls(why) => Self::Untrusted(why.to_string()),
            Of::Pem(error) => Self::Untrusted(error.to_string()),
            Of::BodyExceedsLimit(_) => Self::TooLong,
            Of::ConnectProxyFailed(why) => Self::Broken(format!("the proxy refuses: {why}")),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl Trouble {
    fn of_io(error: io::Error) -> Self {
        match error.kind() {
            // What rustls finds comes as this.
            io::ErrorKind::InvalidData => Self::Untrusted(error.to_string()),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Late,
            io::ErrorKind::UnexpectedEof => {
                Self::Broken("the server closed the connection before it had answered".to_string())
            }
            _ => Self::Unreachable(error),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost => f.write_str("nobody knows a host of that name"),
            Self::Unreachable(error) => write!(f, "{error}"),
            Self::Late => f.write_str("it does not answer in time"),
            Self::Untrusted(why) => write!(f, "TLS failed: {why}"),
            Self::Elsewhere(place) => write!(f, "it sends on to {place}, which is not followed"),
            Self::Circles => f.write_str("it sends on and on"),
            Self::TooLong => f.write_str("its reply is too long"),
            Self::Broken(why) => write!(f, "what it answers is no HTTP: {why}"),
        }
    }
}

impl std::error::Error for Trouble {}
