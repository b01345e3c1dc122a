//! Whence callbacks may come. WeCom lists its addresses (`getcallbackip`, wecom.md §1.4); the list changes now and then, so it is
//! the operator's to keep, and the signature is what counts.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

/// Networks that are allowed, and who says whence a request comes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Any of these.
    pub networks: Vec<Network>,
    /// Before us is a proxy that says it in this header, behind what was there before, as `x-forwarded-for`; without one the
    /// connection says it. A header that clients can set themselves allows everybody.
    pub header: Option<HeaderName>,
}

impl Sources {
    /// Whence a request comes, as far as that can be said.
    pub fn of(&self, caller: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let Some(header) = &self.header else { return caller };
        let last = headers.get_all(header).iter().next_back().and_then(|value| value.to_str().ok()?.rsplit(',').next());
        // Without it the request went past the proxy: the connection says whence.
        match last {
            Some(text) => text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical()).or(caller),
            None => caller,
        }
    }

    /// Whether a request may come from there.
    pub fn allow(&self, source: IpAddr) -> bool {
        self.networks.iter().any(|network| network.has(source))
    }
}

/// All addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many bits are alike.
    bits: u32,
}

/// Something is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither an address nor a network such as 101.91.0.0/16")]
pub struct BadNetwork;

impl Network {
    /// Reads `ADDRESS` or `ADDRESS/BITS`.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, BadNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| BadNetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.trim().parse()).map_err(|_| BadNetwork)?;
        if bits <= most { Ok(Self { address, bits }) } else { Err(BadNetwork) }
    }

    fn has(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_what_begins_alike() {
        let rows = [
            ("101.91.40.7", "101.91.40.7", true),
            ("101.91.40.7", "101.91.40.8", false),
            ("101.91.40.0/24", "101.91.40.255", true),
            ("101.91.40.0/24", "101.91.41.0", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("::/0", "8.8.8.8", false),
            ("::/0", "2408::1", true),
            ("2408:8000::/20", "2408:8fff::1", true),
            ("2408:8000::/20", "2408:9000::1", false),
        ];
        for (network, address, expected) in rows {
            let network = Network::parse(network).expect("a network");
            assert_eq!(network.has(address.parse().expect("an address")), expected, "{network:?} {address}");
        }
        for text in ["", "localhost", "1.2.3", "1.2.3.4/33", "::1/129", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.*"] {
            assert_eq!(Network::parse(text), Err(BadNetwork), "{text}");
        }
    }

    #[test]
    fn a_proxy_says_whence_if_it_is_trusted() {
        let header = HeaderName::from_static("x-forwarded-for");
        let (caller, client) = ("10.0.0.1".parse().expect("an address"), "101.91.40.7".parse().expect("an address"));
        let mut headers = HeaderMap::new();
        let (plain, proxied) = (Sources::default(), Sources { header: Some(header.clone()), ..Sources::default() });
        assert_eq!(proxied.of(Some(caller), &headers), Some(caller));
        headers.append(&header, "9.9.9.9".parse().expect("ASCII"));
        headers.append(&header, "8.8.8.8, ::ffff:101.91.40.7".parse().expect("ASCII"));
        assert_eq!(proxied.of(Some(caller), &headers), Some(client), "what clients wrote stands before");
        assert_eq!(plain.of(Some(caller), &headers), Some(caller));
        assert_eq!(plain.of(None, &headers), None);
    }
}
