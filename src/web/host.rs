//! The `Host` that a request names: a page of a foreign site can have its own name lead to this machine (rebinding), and then asks
//! us as if we were that site.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HOST;

/// Whether a request names this machine from within: `localhost` or a loopback address, with or without a port.
pub fn is_this_machine(headers: &HeaderMap) -> bool {
    named(headers).is_some_and(is_loopback)
}

/// Whether no foreign site can have named us so: by an address, by a name without a dot, or not at all.
pub fn is_no_site(headers: &HeaderMap) -> bool {
    if !headers.contains_key(HOST) {
        return true; // no browser
    }
    let bare = |name: &str| !name.is_empty() && !name.contains('.') && !name.contains(char::is_whitespace);
    named(headers).is_some_and(|host| address(host).is_some() || bare(name(host)))
}

/// The one host that is named; none where there are two, of which another reader may take the other.
fn named(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    hosts.next().filter(|_| hosts.next().is_none())?.to_str().ok()
}

fn is_loopback(host: &str) -> bool {
    name(host).eq_ignore_ascii_case("localhost") || address(host).is_some_and(|ip| ip.is_loopback())
}

/// What stands before the port.
fn name(host: &str) -> &str {
    host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name)
}

fn address(host: &str) -> Option<IpAddr> {
    match host.parse::<SocketAddr>() {
        Ok(address) => Some(address.ip()),
        Err(_) => name(host).trim_start_matches('[').trim_end_matches(']').parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn host(host: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))])
    }

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        for name in ["localhost", "LocalHost:8787", "127.0.0.1", "127.0.0.1:8787", "127.8.8.8:1", "[::1]", "[::1]:8787"]
        {
            assert!(is_this_machine(&host(name)) && is_no_site(&host(name)), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "evil.example:8787",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "192.168.1.5",
            "[::2]:8787",
            "localhost:x",
            ":8787",
        ] {
            assert!(!is_this_machine(&host(name)), "{name}");
        }
        assert!(!is_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn what_a_foreign_site_can_be_called_is_told_apart() {
        for name in ["qunwei:8081", "qunwei", "10.1.2.3:8081", "[fd00::1]:8081"] {
            assert!(is_no_site(&host(name)), "{name}");
        }
        for name in ["evil.example", "a.b:8081", "localhost.", "127.0.0.1.evil.example", "", " "] {
            assert!(!is_no_site(&host(name)), "{name}");
        }
        assert!(is_no_site(&HeaderMap::new()));
        let mut two = host("localhost");
        two.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(!is_no_site(&two) && !is_this_machine(&two));
    }
}
