//! `pushing`: many members who post the same link within a short time: accounts that push one thing together.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::links::{Address, addresses_in, is_within, names_host, read_domain};
use super::repeat;
use super::{Build, Draft, Found, LONGEST_WINDOW, Look, MOST_HITS, Rule, Said};
use crate::domain::event::{Message, Segment};
use crate::domain::ids::hash;
use crate::domain::recent::{MOST_LINKS, Needs, Recent, Sighting};
use crate::domain::text::Text;

/// The keys of a `pushing` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pushing {
    /// From how many members on it is a hit.
    members: Spanned<i64>,
    /// Within how many seconds.
    seconds: Spanned<i64>,
    /// Members of all groups together count, not only those of one.
    #[serde(default)]
    across_groups: bool,
    /// When two links are the same.
    #[serde(default)]
    same: Same,
    /// Domains that are no hit, with their subdomains.
    #[serde(default)]
    allow: Vec<Spanned<String>>,
}

/// When two links are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Same {
    /// They lead to the same page, whatever follows its `?`.
    #[default]
    Page,
    /// They lead to the same site: `a.example.com/1` and `b.example.com/2`.
    Site,
}

impl Draft for Pushing {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let members = build.number(&self.members, "members", 2..=repeat::MOST);
        let seconds = build.number(&self.seconds, "seconds", 1..=LONGEST_WINDOW);
        let allow = self.allow.iter().filter_map(|domain| read_domain(domain, build)).collect();
        let limit = repeat::Limit::members(members? as usize, Duration::from_secs(seconds?.into()), self.across_groups);
        let pushed = Pushed { limit, same: self.same, allow };
        (build.errors() == before).then(|| Box::new(pushed) as Box<dyn Rule>)
    }
}

struct Pushed {
    limit: repeat::Limit,
    same: Same,
    allow: Vec<String>,
}

impl Rule for Pushed {
    fn looks(&self) -> &'static [Look] {
        &[Look::Recent]
    }

    fn needs(&self, needs: &mut Needs) {
        needs.links(self.limit.within());
    }

    fn in_recent(&self, recent: &Recent, sighting: &Sighting, said: &Said<'_>, found: &mut Found<'_>) {
        if sighting.links == [0; MOST_LINKS] {
            return;
        }
        for link in links(said.message, said.text).take(MOST_HITS) {
            let allowed = link.address.plain && self.allow.iter().any(|domain| is_within(&link.address.host, domain));
            let key = if self.same == Same::Page { link.page() } else { link.site() };
            if !allowed && sighting.links.contains(&key) && self.limit.is_reached(recent, sighting, key) {
                match link.card {
                    None => found.push(link.address.span),
                    Some((index, url)) => {
                        found.push_part(format!("content[{index}].url"), link.address.span, url, None);
                    }
                }
            }
        }
    }

    fn limit(&self) -> Option<String> {
        Some(self.limit.in_words())
    }
}

/// A link in a message.
struct Link<'a> {
    address: Address,
    /// The segment it is in and its whole address, when it is not in the text.
    card: Option<(usize, &'a str)>,
}

/// All links of a message, those of its text first.
fn links<'a>(message: &'a Message, text: &Text) -> impl Iterator<Item = Link<'a>> {
    let in_text = if names_host(text) { addresses_in(&text.original) } else { Vec::new() };
    let cards = message.content.iter().enumerate().filter_map(|(index, segment)| {
        let Segment::Link { url, .. } = segment else { return None };
        let address = addresses_in(url).into_iter().next()?;
        Some(Link { address, card: Some((index, url)) })
    });
    in_text.into_iter().map(|address| Link { address, card: None }).chain(cards)
}

/// By what the links of a message are remembered: page and site of the first ones.
pub fn link_keys(message: &Message, text: &Text) -> [u64; MOST_LINKS] {
    let mut keys = [0; MOST_LINKS];
    let mut known: Vec<u64> = Vec::new();
    for key in links(message, text).flat_map(|link| [link.page(), link.site()]) {
        if !known.contains(&key) && known.len() < MOST_LINKS {
            known.push(key);
        }
    }
    keys.iter_mut().zip(known).for_each(|(slot, key)| *slot = key);
    keys
}

/// The keys of the pages that a message links to, without those of some domains.
pub(super) fn pages(message: &Message, text: &Text, allow: &[String]) -> Vec<u64> {
    let allowed =
        |link: &Link<'_>| link.address.plain && allow.iter().any(|domain| is_within(&link.address.host, domain));
    links(message, text).filter(|link| !allowed(link)).take(MOST_HITS).map(|link| link.page()).collect()
}

/// A path this short says nothing without what follows its `?`: `/s?id=1`.
const SHORT_PATH: usize = 3;

impl Link<'_> {
    fn page(&self) -> u64 {
        let rest = self.address.rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let query = if path.chars().count() <= SHORT_PATH { query } else { "" };
        hash(&["page", self.host(), path, query]) as u64
    }

    fn site(&self) -> u64 {
        hash(&["site", site(self.host())]) as u64
    }

    fn host(&self) -> &str {
        self.address.host.strip_prefix("www.").unwrap_or(&self.address.host)
    }
}

/// The part of a host that somebody registered: `example.com`, `example.com.cn`; a number as it is.
fn site(host: &str) -> &str {
    if host.split('.').all(|label| label.bytes().all(|b| b.is_ascii_digit())) {
        return host;
    }
    let labels: Vec<&str> = host.rsplit('.').collect();
    let below_country = matches!(labels[..], [top, second, ..]
        if top.len() == 2 && ["com", "net", "org", "gov", "edu", "ac", "co"].contains(&second));
    let kept = if below_country { 3 } else { 2 };
    let length: usize = labels.iter().take(kept).map(|label| label.len() + 1).sum();
    host.get(host.len().saturating_sub(length.saturating_sub(1))..).unwrap_or(host)
}
