//! `files`: files by their types and sizes, and names that hide what they are.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::{Build, Draft, Found, Look, Rule};
use crate::domain::case::Span;
use crate::domain::event::{Message, Segment};
use crate::domain::text::{half_width, is_invisible};

/// The keys of a `files` rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Files {
    /// Types that are a hit, wherever one stands among several endings.
    #[serde(default)]
    block: Vec<Spanned<String>>,
    /// When given, all other types are a hit.
    allow: Option<Spanned<Vec<Spanned<String>>>>,
    /// How large a file may be.
    megabytes: Option<Spanned<i64>>,
    /// Names that are written so that they read otherwise than they are are a hit.
    #[serde(default)]
    disguised: bool,
}

impl Draft for Files {
    fn build(self: Box<Self>, build: &mut Build<'_>) -> Option<Box<dyn Rule>> {
        let before = build.errors();
        let block = types(&self.block, build);
        let allow = self.allow.as_ref().map(|allow| {
            if allow.get_ref().is_empty() {
                let fault = build.source.fault(allow.span(), "an empty `allow` would allow no file at all");
                build.faults.push(fault.help("name types, e.g. [\"pdf\", \"docx\"], or leave it out"));
            }
            types(allow.get_ref(), build)
        });
        let megabytes = self.megabytes.as_ref().and_then(|most| build.number(most, "megabytes", 1..=1_000_000));
        if block.is_empty() && allow.is_none() && self.megabytes.is_none() && !self.disguised {
            let fault = build.source.fault(build.span.clone(), "this `files` rule finds nothing");
            build.faults.push(fault.help("e.g. block = [\"apk\", \"exe\"], or megabytes = 100"));
        }
        let wanted = Wanted { block, allow, megabytes, disguised: self.disguised };
        (build.errors() == before).then(|| Box::new(wanted) as Box<dyn Rule>)
    }
}

/// Types without their dot, lower case.
fn types(written: &[Spanned<String>], build: &mut Build<'_>) -> Vec<Arc<str>> {
    let mut types = Vec::new();
    for one in written {
        let name = one.get_ref().trim().trim_start_matches(['*', '.']).to_lowercase();
        if name.is_empty() || !name.chars().all(char::is_alphanumeric) {
            let fault = build.source.fault(one.span(), format!("`{}` is no type of a file", one.get_ref()));
            build.faults.push(fault.help("write the ending alone: \"apk\""));
        }
        types.push(Arc::from(name));
    }
    types
}

struct Wanted {
    block: Vec<Arc<str>>,
    allow: Option<Vec<Arc<str>>>,
    megabytes: Option<u32>,
    disguised: bool,
}

impl Rule for Wanted {
    fn looks(&self) -> &'static [Look] {
        &[Look::Message]
    }

    fn in_message(&self, message: &Message, found: &mut Found<'_>) {
        for (index, segment) in message.content.iter().enumerate() {
            let Segment::File { name, size } = segment else { continue };
            if let Some(name) = name {
                self.in_name(index, name, found);
            }
            let most = self.megabytes.map(|most| u64::from(most) << 20);
            if let (Some(most), Some(size)) = (most, size)
                && *size > most
            {
                let size = size.to_string();
                let whole = Span { start: 0, end: size.len() as u32 };
                found.push_part(format!("content[{index}].size"), whole, &size, None);
            }
        }
    }

    fn limit(&self) -> Option<String> {
        self.megabytes.map(|most| format!("{most} MB"))
    }
}

impl Wanted {
    fn in_name(&self, index: usize, name: &str, found: &mut Found<'_>) {
        let read = FileName::new(name);
        let mut push = |span: Span, word: Option<Arc<str>>| {
            let (start, count) = (span.start as usize, (span.end - span.start) as usize);
            let matched: String = name.chars().skip(start).take(count).collect();
            found.push_part(format!("content[{index}].name"), span, &matched, word);
        };
        // Also `x.apk.1` and `x.apk.txt`, which people are told to rename.
        let blocked = read.endings().find_map(|(ending, span)| {
            let word = self.block.iter().find(|one| ***one == *ending)?;
            Some((span, word.clone()))
        });
        if let Some((span, word)) = blocked {
            return push(span, Some(word));
        }
        if let Some(allow) = &self.allow {
            let last = read.endings().last();
            let allowed = last.as_ref().is_some_and(|(ending, _)| allow.iter().any(|one| **one == **ending));
            if !allowed {
                return push(last.map_or(read.whole(), |(_, span)| span), None);
            }
        }
        if let (true, Some(at)) = (self.disguised, read.turned) {
            push(Span { start: at, end: at + 1 }, None);
        }
    }
}

/// A file's name as a system reads it, with the way back.
struct FileName {
    /// Lower case, of half width, without what is not seen; each with its place in the name.
    read: Vec<(char, u32)>,
    /// Where the direction of the text is turned, so that `gnp.exe` reads `exe.png`.
    turned: Option<u32>,
    length: u32,
}

impl FileName {
    fn new(name: &str) -> Self {
        let places = || (0..).zip(name.chars());
        let turned = places().find(|(_, c)| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'));
        let plain = |c: char| match c {
            '。' | '｡' | '․' | '﹒' => '.',
            _ => half_width(c),
        };
        let seen = places().filter(|(_, c)| !is_invisible(*c) && !c.is_control());
        let read = seen.flat_map(|(at, c)| plain(c).to_lowercase().map(move |c| (c, at))).collect();
        Self { read, turned: turned.map(|(at, _)| at), length: name.chars().count() as u32 }
    }

    /// What stands behind each dot but the first part, without spaces and signs at its ends; empty ones are none.
    fn endings(&self) -> impl Iterator<Item = (String, Span)> {
        self.read.split(|(c, _)| *c == '.').skip(1).filter_map(|part| {
            let is_name = |(c, _): &&(char, u32)| c.is_alphanumeric();
            let (start, end) = (part.iter().find(is_name)?.1, part.iter().rev().find(is_name)?.1);
            let kept = part.iter().filter(|(c, at)| (start..=end).contains(at) && !c.is_whitespace());
            Some((kept.map(|(c, _)| c).collect(), Span { start, end: end + 1 }))
        })
    }

    fn whole(&self) -> Span {
        Span { start: 0, end: self.length }
    }
}
