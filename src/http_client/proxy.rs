//! Which proxy stands between, by the environment: what curl and most clients read.

use ureq::Proxy;

use super::address::Address;
use crate::error::{Error, Result};

/// The proxy to an address, and the variable that names it. `variable` reads the environment; small letters go before capital ones.
pub fn proxy_to(
    address: &Address,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(&'static str, Proxy)>> {
    let set = |name: &str| {
        let value = variable(&name.to_ascii_lowercase()).or_else(|| variable(name));
        value
            .map(|text| text.trim().to_string())
            .filter(|text| !text.is_empty())
    };
    let names = match address.is_https() {
        true => ["HTTPS_PROXY", "ALL_PROXY"],
        false => ["HTTP_PROXY", "ALL_PROXY"],
    };
    let found = names.into_iter().find_map(|name| Some((name, set(name)?)));
    let Some((name, text)) = found else {
        return Ok(None);
    };
    let except = set("NO_PROXY").unwrap_or_default();
    if address.is_this_machine() || is_excepted(address.host(), &except) {
        return Ok(None);
    }
    let proxy = Proxy::new(&text).map_err(|_| {
        Error::usage(format!("the environment variable {name} holds no proxy"))
            .help("write it as http://HOST:PORT, or unset it")
    })?;
    match proxy.protocol() {
        ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https => Ok(Some((name, proxy))),
        _ => Err(Error::usage(format!(
            "the environment variable {name} names a proxy of SOCKS, which is not spoken here"
        ))
        .help("name a proxy of HTTP, or let a tunnel do it and unset the variable")),
    }
}

/// Whether a list such as `example.com,.local,*` has a host: by its name, or by the end of its name.
fn is_excepted(host: &str, list: &str) -> bool {
    list.split(',').map(str::trim).any(|entry| {
        let entry = entry
            .trim_start_matches("*.")
            .trim_start_matches('.')
            .to_ascii_lowercase();
        let below = host
            .strip_suffix(&entry)
            .is_some_and(|before| before.ends_with('.'));
        entry == "*" || (!entry.is_empty() && (host == entry || below))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(address: &str, variables: &[(&str, &str)]) -> Option<String> {
        let address = Address::parse("a server", address).unwrap();
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_string())
        };
        let proxy = proxy_to(&address, variable).unwrap();
        proxy.map(|(_, proxy)| format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn each_scheme_has_its_own_proxy() {
        let both = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "b:2")];
        assert_eq!(through("http://example.com", &both).as_deref(), Some("a:1"));
        assert_eq!(
            through("https://example.com", &both).as_deref(),
            Some("b:2")
        );
        assert_eq!(through("https://example.com", &both[..1]), None);
        let all = [("all_proxy", "http://u:p@c:3"), ("NO_PROXY", "")];
        assert_eq!(through("http://example.com", &all).as_deref(), Some("c:3"));
        let small = [("http_proxy", "d:4"), ("HTTP_PROXY", "a:1")];
        assert_eq!(
            through("http://example.com", &small).as_deref(),
            Some("d:4")
        );
    }

    #[test]
    fn this_machine_and_excepted_hosts_have_none() {
        let with = |no: &'static str| [("HTTP_PROXY", "http://a:1"), ("NO_PROXY", no)];
        for host in ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert_eq!(through(&format!("http://{host}"), &with("")), None);
        }
        for list in [
            "*",
            "example.com",
            " .example.com ",
            "x, *.example.com",
            "ML.example.com",
        ] {
            assert_eq!(
                through("http://ml.example.com", &with(list)),
                None,
                "{list}"
            );
        }
        for list in ["ample.com", "example.org", ",", "l.example.com"] {
            assert!(
                through("http://ml.example.com", &with(list)).is_some(),
                "{list}"
            );
        }
    }

    #[test]
    fn what_is_no_proxy_is_said_without_its_words() {
        let address = Address::parse("a server", "http://example.com").unwrap();
        for wrong in ["http://hunter2@", "socks5://hunter2:x@a:1", "ftp://hunter2"] {
            let error = proxy_to(&address, |_| Some(wrong.to_string()));
            let said = format!("{:?}", error.map(|_| ()).unwrap_err());
            assert!(
                said.contains("HTTP_PROXY") && !said.contains("hunter2"),
                "{said}"
            );
        }
    }
}
