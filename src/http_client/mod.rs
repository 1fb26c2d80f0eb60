//! Asking servers over HTTP: one request, one reply, each bounded in time and size.
//!
//! - **TLS** is rustls. A server is believed when its certificate leads to a root of Mozilla's list, which is built in, or
//!   to one of a file of certificates, where one is named.
//! - **Redirects** are followed only to the same scheme, host and port. Credentials are sent to no other.
//! - **Proxies** are those of `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`, but for the hosts of `NO_PROXY` and for this machine
//!   ([`proxy`]).
//! - **Nothing secret is shown**: an address with a name or password in it is refused, credentials have no words, and no
//!   error quotes a header.
//!
//! A reply of any status is a [`Reply`]: what a status means is for whoever asked to say. What kept a reply from coming is a
//! [`Trouble`].

mod address;
mod proxy;
mod trouble;

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::RequestBuilder;
use ureq::config::Config;
use ureq::http::{HeaderValue, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

pub use address::{Address, segment, shown};
pub use trouble::Trouble;

use proxy::proxy_to;

use crate::error::{Error, Result};
use crate::host;

/// What a server is shown to be let in.
#[derive(Clone)]
pub enum Credentials {
    /// `Authorization: Bearer …`.
    Token(String),
    /// `Authorization: Basic …`.
    Password { user: String, password: String },
}

/// Which sort it is, and nothing of it.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(…)",
            Self::Password { .. } => "Password(…)",
        })
    }
}

/// How a server is asked.
#[derive(Debug)]
pub struct Options {
    pub credentials: Option<Credentials>,
    /// How long it may take to answer one request; more for one that sends much.
    pub time: Duration,
    /// What is believed in place of Mozilla's list.
    pub roots: Option<Roots>,
}

/// No credentials, a minute, and Mozilla's list.
impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: None,
            time: Duration::from_secs(60),
            roots: None,
        }
    }
}

/// Certificates that are believed.
#[derive(Debug, Clone)]
pub struct Roots(RootCerts);

impl Roots {
    /// Reads a file of PEM certificates.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a file that holds none, or is no PEM.
    pub fn parse(pem: &[u8]) -> Result<Self> {
        let mut found = Vec::new();
        for item in parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => found.push(certificate),
                Ok(_) => {}
                Err(_) => return Err(Error::usage("a file of certificates is no PEM")),
            }
        }
        match found.is_empty() {
            true => Err(Error::usage("a file of certificates holds none")),
            false => Ok(Self(RootCerts::from(found))),
        }
    }
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Patch,
    Post,
    Put,
    Delete,
}

/// What is asked of a server.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub method: Method,
    /// Below the address of the server, with its query: `/api/2.0/runs?id=1`.
    pub path: &'a str,
    /// What it is, and its bytes. A GET has none.
    pub body: Option<(&'static str, &'a [u8])>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The media type, without parameters; empty where the server says none.
    pub kind: String,
    pub body: Vec<u8>,
}

/// One server, asked over connections that are kept.
pub struct Client {
    agent: ureq::Agent,
    address: Address,
    proxy: Option<&'static str>,
    authorization: Option<HeaderValue>,
    time: Duration,
}

/// The address alone.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

const CONNECT: Duration = Duration::from_secs(10);
/// A line that carries less is as good as none.
const SLOWEST_BYTES_A_SECOND: u64 = 50_000;
const LONGEST_REPLY: u64 = 64 << 20;
const MOST_REDIRECTS: usize = 5;

impl Client {
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for credentials that no header can hold, and for a proxy that is none.
    pub fn new(address: Address, options: &Options) -> Result<Self> {
        let roots = match &options.roots {
            None => RootCerts::WebPki,
            Some(Roots(roots)) => roots.clone(),
        };
        let proxy = proxy_to(&address, host::variable)?;
        let agent = Config::builder()
            .http_status_as_error(false)
            // Followed here, where it is known where to.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy.clone().map(|(_, proxy)| proxy))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_connect(Some(CONNECT))
            .user_agent(concat!("streamflow/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let authorization = options
            .credentials
            .as_ref()
            .map(authorization)
            .transpose()?;
        Ok(Self {
            agent,
            address,
            proxy: proxy.map(|(variable, _)| variable),
            authorization,
            time: options.time,
        })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The environment variable that names the proxy in between; none where there is none.
    pub fn proxy(&self) -> Option<&'static str> {
        self.proxy
    }

    /// Sends a request and waits for the whole reply.
    ///
    /// # Errors
    /// What kept the reply from coming. A status of 400 or 500 is a reply.
    pub fn send(&self, request: &Request) -> std::result::Result<Reply, Trouble> {
        let mut url = self.address.url(request.path);
        for _ in 0..=MOST_REDIRECTS {
            let mut response = self.once(request, &url)?;
            let place = response.headers().get(header::LOCATION);
            let status = response.status().as_u16();
            if let (300..=399, Some(place)) = (status, place) {
                let place = String::from_utf8_lossy(place.as_bytes()).into_owned();
                url = self.followed(request.method, status, &url, &place)?;
                continue;
            }
            let kind = response.body().mime_type().unwrap_or_default().to_string();
            let body = response.body_mut().with_config().limit(LONGEST_REPLY);
            return Ok(Reply {
                status,
                kind,
                body: body.read_to_vec()?,
            });
        }
        Err(Trouble::Circles)
    }

    fn once(
        &self,
        request: &Request,
        url: &str,
    ) -> std::result::Result<ureq::http::Response<ureq::Body>, Trouble> {
        let (kind, body) = request.body.unwrap_or_default();
        let time = self.time + Duration::from_secs(body.len() as u64 / SLOWEST_BYTES_A_SECOND);
        let http = match request.method {
            Method::Get => return Ok(self.prepared(self.agent.get(url), time).call()?),
            Method::Patch => self.agent.patch(url),
            Method::Post => self.agent.post(url),
            Method::Put => self.agent.put(url),
            Method::Delete => self.agent.delete(url).force_send_body(),
        };
        let http = self.prepared(http, time);
        Ok(match request.body {
            None => http.send_empty()?,
            Some(_) => http.header(header::CONTENT_TYPE, kind).send(body)?,
        })
    }

    fn prepared<B>(&self, http: RequestBuilder<B>, time: Duration) -> RequestBuilder<B> {
        let http = match &self.authorization {
            Some(authorization) => http.header(header::AUTHORIZATION, authorization),
            None => http,
        };
        http.config().timeout_global(Some(time)).build()
    }

    /// Where a redirect leads, if it may be followed with the same request.
    fn followed(
        &self,
        method: Method,
        status: u16,
        from: &str,
        place: &str,
    ) -> std::result::Result<String, Trouble> {
        let same_request = method == Method::Get || matches!(status, 307 | 308);
        let elsewhere = || Trouble::Elsewhere(shown(place));
        let url = self.address.resolved(from, place).ok_or_else(elsewhere)?;
        same_request.then_some(url).ok_or_else(elsewhere)
    }
}

fn authorization(credentials: &Credentials) -> Result<HeaderValue> {
    let text = match credentials {
        Credentials::Token(token) => format!("Bearer {token}"),
        Credentials::Password { user, password } => {
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::usage("the token holds a character that no header can, such as the end of a line")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
