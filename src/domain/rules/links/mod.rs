//! `links`: addresses in texts, names and link cards, with domains that are allowed or blocked.

mod scan;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use toml::Spanned;

pub(super) use self::scan::Address;
use self::scan::Scan;
pub use self::scan::may_have_address;
use super::{Build, Draft, Found, Hit, Look, MOST_HITS, Rule};
use crate::domain::case::Span;
use crate::domain::event::{Message, Segment};
use crate::domain::text::Text;

/// The keys of a `links` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Links {
    /// Domains that are no hit, with their subdomains.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    /// When given, only these domains and their subdomains are a hit.
    block: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Draft for Links {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let allow = self.allow.iter().filter_map(|domain| read_domain(domain, build)).collect();
        let block = self.block.as_ref().map(|list| {
            if list.get_ref().is_empty() {
                let fault = build.source.fault(list.span(), "an empty `block` finds nothing");
                build
                    .faults
                    .push(fault.help("name domains, or leave `block` out to find all links that are not allowed"));
            }
            list.get_ref().iter().filter_map(|domain| read_domain(domain, build)).collect()
        });
        (build.errors() == before).then(|| Box::new(Domains { allow, block }) as Box<dyn Rule>)
    }
}

/// A domain as it is written in TOML.
pub(super) fn read_domain(written: &Spanned<String>, build: &mut Build<'_>) -> Option<String> {
    let domain = written.get_ref().trim().to_lowercase();
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if domain.contains('.') && domain.split('.').all(label) {
        return Some(domain);
    }
    let fault = build.source.fault(written.span(), format!("`{}` is no domain", written.get_ref()));
    build.faults.push(fault.help("write the domain alone, as in `example.com`; its subdomains are meant too"));
    None
}

struct Domains {
    allow: Vec<String>,
    block: Option<Vec<String>>,
}

impl Domains {
    /// Whether an address is one, or leads on to one: `https://allowed.example/jump?to=https%3A%2F%2Fother.example`.
    fn is_hit(&self, address: &Address) -> bool {
        self.is_hit_by(&address.host, address.plain)
            || led_to(&address.rest).iter().any(|host| self.is_hit_by(host, true))
    }

    fn is_hit_by(&self, host: &str, plain: bool) -> bool {
        let among = |domains: &[String]| domains.iter().any(|domain| is_within(host, domain));
        let allowed = plain && among(&self.allow);
        !allowed && self.block.as_deref().is_none_or(among)
    }
}

/// The hosts of addresses that stand in what follows a host, in lower case, as they are or with percent signs.
fn led_to(rest: &str) -> Vec<String> {
    if !rest.contains("://") && !rest.contains('%') {
        return Vec::new();
    }
    let plain = rest.replace("%25", "%").replace("%3a", ":").replace("%2f", "/");
    let host = |piece: &str| {
        let authority = piece.split(['/', '?', '#', '&', '%']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
        (host.contains('.')).then(|| host.to_owned())
    };
    plain.split("://").skip(1).take(MOST_HITS).filter_map(host).collect()
}

/// Whether a host is a domain or one of its subdomains.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a text may have an address; asked by several rules, looked up once.
pub(super) fn names_host(text: &Text) -> bool {
    text.remembered(may_have_address)
}

/// All addresses in a text.
pub(super) fn addresses_in(text: &str) -> Vec<Address> {
    Scan::new(text).addresses().take(MOST_HITS).collect()
}

impl Rule for Domains {
    fn looks(&self) -> &'static [Look] {
        &[Look::Text, Look::Message]
    }

    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        if !names_host(text) {
            return;
        }
        let scan = Scan::new(&text.original);
        let hits = scan.addresses().filter(|address| self.is_hit(address));
        for Address { span, .. } in hits.take(MOST_HITS) {
            found.push(span);
        }
    }

    fn in_message(&self, message: &Message, found: &mut Found<'_>) {
        for (index, segment) in message.content.iter().enumerate() {
            let Segment::Link { url, .. } = segment else { continue };
            let scan = Scan::new(url);
            // What names no host that is known here is no allowed and no blocked one.
            let hit = scan.addresses().next().map_or(self.block.is_none(), |address| self.is_hit(&address));
            if hit {
                found.hits.push(Hit {
                    rule: found.rule,
                    span: Span { start: 0, end: scan.length() },
                    word: None,
                    part: Some(format!("content[{index}].url")),
                    matched: Some(url.to_string()),
                    disguise: None,
                    scored: None,
                });
            }
        }
    }
}
