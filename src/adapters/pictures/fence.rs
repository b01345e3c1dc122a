//! Which addresses are fetched from: those that a file names, and never one inside unless a file names how it begins.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::domain::picture::PicturePlan;

/// Why an address is not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no plain address of the web.
    Url,
    /// No file names its host.
    Host,
}

/// Where an address may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// To what anybody can reach.
    Public,
    /// To the operator's own server.
    Internal,
}

/// Whether an address may be fetched, and where it may lead.
///
/// # Errors
/// It may not.
pub fn admit(plan: &PicturePlan, address: &str) -> Result<(Url, Way), Refused> {
    let url = Url::parse(address).map_err(|_| Refused::Url)?;
    let plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !plain {
        return Err(Refused::Url);
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(Refused::Url)?;
    // Dots of a path are done away with by the parser; signs that some servers take for a slash are not.
    let path = url.path().to_ascii_lowercase();
    let tricky = ["%2f", "%5c", "%2e", "%00", ";"].iter().any(|sign| path.contains(sign));
    if !tricky && plan.internal.iter().any(|beginning| url.as_str().starts_with(&**beginning)) {
        return Ok((url, Way::Internal));
    }
    let named = plan.hosts.iter().any(|named| is_named(named, host, url.port()));
    if named { Ok((url, Way::Public)) } else { Err(Refused::Host) }
}

/// Whether a host is the one that is named, or below it. `port` is `None` where it is the usual one.
fn is_named(named: &str, host: &str, port: Option<u16>) -> bool {
    let bracketed = named.ends_with(']');
    let (name, at) = match named.rsplit_once(':').filter(|_| !bracketed) {
        Some((name, at)) => (name, at.parse::<u16>().ok()),
        None => (named, None),
    };
    let same = name == "*" || host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // The parser leaves the usual port out, also where a file writes it.
    same && (port == at || (port.is_none() && matches!(at, Some(80 | 443))))
}

impl Way {
    /// Whether a connection may go there.
    pub fn leads_to(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Way::Public => is_public(address),
            Way::Internal => !is_nobodys(address),
        }
    }
}

/// Whether an address is one that anybody on the internet can reach.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        // Of what is not assigned for the internet (2000::/3), nothing; of that, not what carries other addresses in it.
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let global = first & 0xE000 == 0x2000;
            let special = first == 0x2001 && (second < 0x0200 || second == 0x0DB8);
            global && !special && first != 0x2002 && first != 0x3FFF
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    let special = match octets {
        [0 | 10 | 127, ..] | [224..=255, ..] => true, // this network, private, loopback; multicast, reserved, broadcast
        [100, 64..=127, ..] => true,                  // shared by providers; 100.100.100.200 tells secrets of machines
        [169, 254, ..] => true,                       // link-local, 169.254.169.254 among it
        [172, 16..=31, ..] | [192, 168, ..] => true,  // private
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true, // protocols, documentation, 6to4
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true, // benchmarks, documentation
        [168, 63, 129, 16] => true,                   // tells secrets of machines at one provider
        _ => false,
    };
    !special
}

/// Whether nobody has a picture server there: what is no single machine, and where machines are told secrets.
fn is_nobodys(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let told = [[100, 100, 100, 200], [168, 63, 129, 16], [192, 0, 0, 192]].contains(&v4.octets());
            told || v4.is_link_local() || v4.is_unspecified() || v4.is_multicast() || v4.octets()[0] >= 240
        }
        IpAddr::V6(v6) => {
            let link_local = v6.segments()[0] & 0xFFC0 == 0xFE80;
            let told = v6 == Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254);
            told || link_local || v6.is_unspecified() || v6.is_multicast() || carries_another(v6)
        }
    }
}

/// Whether a gateway makes another address of it.
fn carries_another(v6: Ipv6Addr) -> bool {
    let [first, second, ..] = v6.segments();
    first == 0x2002 || (first, second) == (0x2001, 0) || (first, second) == (0x0064, 0xFF9B)
}
