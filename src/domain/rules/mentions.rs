//! `mentions`: a mention of everybody, also one that is only typed, or mentions of too many members in one message.

use std::collections::HashSet;

use serde::Deserialize;
use toml::Spanned;

use super::content::places;
use super::{Build, Draft, Found, Look, MOST_HITS, Rule};
use crate::domain::case::Span;
use crate::domain::event::{Message, Segment};
use crate::domain::text::{Text, folded_char};

/// The keys of a `mentions` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mentions {
    /// Mentioning everybody is a hit.
    #[serde(default)]
    everybody: bool,
    /// How many different members may be mentioned in one message.
    members: Option<Spanned<i64>>,
}

impl Draft for Mentions {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let members = self.members.as_ref().and_then(|members| build.number(members, "members", 1..=10_000));
        if !self.everybody && self.members.is_none() {
            let fault = build.source.fault(build.span.clone(), "a `mentions` rule without a limit finds nothing");
            build.faults.push(fault.help("write `everybody = true`, or `members = 10`"));
        }
        (build.errors() == before).then(|| Box::new(Limit { everybody: self.everybody, members }) as Box<dyn Rule>)
    }
}

/// What people type to call everybody, folded …
const TYPED: [&str; 5] = ["所有人", "全体成员", "全体人员", "all", "everyone"];
/// … and what platforms put in the place of a member.
const USERS: [&str; 4] = ["all", "@all", "everyone", "@everyone"];

struct Limit {
    everybody: bool,
    members: Option<u32>,
}

impl Rule for Limit {
    fn looks(&self) -> &'static [Look] {
        if self.everybody { &[Look::Text, Look::Message] } else { &[Look::Message] }
    }

    fn in_text(&self, text: &Text, found: &mut Found<'_>) {
        if self.everybody && (text.original.contains('@') || text.original.contains('＠')) {
            typed(&text.original).into_iter().take(MOST_HITS).for_each(|span| found.push(span));
        }
    }

    fn in_message(&self, message: &Message, found: &mut Found<'_>) {
        let (mut users, mut all): (HashSet<&str>, Option<Span>) = (HashSet::new(), None);
        for (at, _, segment) in places(message) {
            let Segment::Mention { user, name } = segment else { continue };
            let here = Span { start: at, end: at + 1 };
            if is_everybody(user, name) {
                if self.everybody {
                    found.push(here);
                }
                continue;
            }
            users.insert(if user.is_empty() { name } else { user });
            all = Some(Span { start: all.map_or(here.start, |span| span.start), end: here.end });
        }
        if let (Some(most), Some(span)) = (self.members, all)
            && users.len() > most as usize
        {
            found.push(span);
        }
    }

    fn limit(&self) -> Option<String> {
        self.members.map(|most| format!("{most} members in one message"))
    }
}

/// Whether a mention means everybody. A member may be called 所有人: where an id is given, it decides.
fn is_everybody(user: &str, name: &str) -> bool {
    let named = || TYPED.contains(&name.trim_start_matches(['@', '＠']).trim());
    if user.is_empty() { named() } else { stands_for_everybody(user) }
}

/// Whether a platform takes this for everybody where others take it for a member's id: nobody is called by it unasked.
pub fn stands_for_everybody(user: &str) -> bool {
    let typed = || TYPED.contains(&user.trim_start_matches(['@', '＠']).trim());
    USERS.iter().any(|all| user.eq_ignore_ascii_case(all)) || typed()
}

/// Where everybody is called by typing it: `@所有人`, `＠ 全體成員`; not `a@all.com` and not `@allen`.
fn typed(text: &str) -> Vec<Span> {
    let chars: Vec<char> = text.chars().collect();
    let fold = |c: &char| folded_char(*c).unwrap_or(*c);
    let is_latin = |c: Option<&char>| c.map(fold).is_some_and(|c| c.is_ascii_alphanumeric());
    let mut spans = Vec::new();
    for (at, _) in chars.iter().enumerate().filter(|(_, c)| matches!(c, '@' | '＠')) {
        if is_latin(at.checked_sub(1).and_then(|before| chars.get(before))) {
            continue;
        }
        let rest = chars.get(at + 1..).unwrap_or_default();
        let skipped = rest.iter().take_while(|c| c.is_whitespace() || folded_char(**c).is_none()).take(4).count();
        let rest = rest.get(skipped..).unwrap_or_default();
        let word = TYPED.iter().find(|word| {
            let length = word.chars().count();
            let same = rest.len() >= length && word.chars().zip(rest).all(|(a, b)| a == fold(b));
            same && !(word.is_ascii() && is_latin(rest.get(length)))
        });
        if let Some(word) = word {
            let end = at + 1 + skipped + word.chars().count();
            spans.push(Span { start: at as u32, end: end as u32 });
        }
    }
    spans
}
