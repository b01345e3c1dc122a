//! Where a message sends people: links, short links, invitations into groups, apps; addresses whose dot is written otherwise
//! (`abc 点 com`, `abc(dot)top`); e-mail.

use super::{Contact, Kind};
use crate::domain::case::Span;
use crate::domain::rules::links::{addresses_in, is_within, names_host};
use crate::domain::text::{Text, folded_char};

/// Services that hide where a link leads, of our own collection. An operator's own are added by `short_links`.
const SHORT: &[&str] = &[
    "t.cn",
    "dwz.cn",
    "dwz.mk",
    "u.jd.com",
    "3.cn",
    "suo.im",
    "suo.nz",
    "url.cn",
    "w.url.cn",
    "rrd.me",
    "mrw.so",
    "985.so",
    "6du.in",
    "sourl.cn",
    "tb.cn",
    "m.tb.cn",
    "s.click.taobao.com",
    "p.pinduoduo.com",
    "kurl.cn",
    "v.ht",
    "bit.ly",
    "tinyurl.com",
    "goo.gl",
    "is.gd",
    "t.ly",
    "t.co",
    "ow.ly",
    "cutt.ly",
    "rebrand.ly",
    "u.nu",
    "s.id",
    "reurl.cc",
    "lihi.cc",
    "urlc.cn",
    "surl.amap.com",
    "w3t.cn",
    "ft12.com",
    "x.co",
    "j.mp",
];

/// Places that lead into a group, to a person, or to an app: host, and how the path begins.
const INVITES: &[(&str, &str)] = &[
    ("work.weixin.qq.com", "/gm"),
    ("work.weixin.qq.com", "/ca"),
    ("work.weixin.qq.com", "/u"),
    ("weixin.qq.com", "/g"),
    ("weixin.qq.com", "/r"),
    ("u.wechat.com", ""),
    ("qm.qq.com", ""),
    ("jq.qq.com", ""),
    ("t.me", ""),
    ("telegram.me", ""),
    ("telegram.dog", ""),
    ("chat.whatsapp.com", ""),
    ("wa.me", ""),
    ("line.me", ""),
    ("lin.ee", ""),
    ("discord.gg", ""),
    ("discord.com", "/invite"),
    ("apps.apple.com", ""),
    ("itunes.apple.com", ""),
    ("testflight.apple.com", ""),
    ("play.google.com", "/store/apps"),
    ("a.app.qq.com", ""),
    ("sj.qq.com", ""),
    ("pgyer.com", ""),
    ("fir.im", ""),
];

/// The same by what stands before `://`.
const SCHEMES: &[&str] = &[
    "weixin://",
    "mqqapi://",
    "mqqopensdkapi://",
    "tg://",
    "itms-services://",
    "itms-apps://",
    "market://",
    "alipays://",
];

/// Domains at the top that make a name with a dot written otherwise an address: those that advertisers use.
const TOP: &[&str] = &[
    "com", "cn", "net", "org", "cc", "top", "vip", "xyz", "icu", "club", "shop", "app", "site", "online", "live",
    "fun", "win", "bet", "cyou", "sbs", "cfd", "lol", "me", "tv", "io", "im", "co",
];

/// The same as they are spelled out by sound.
const SPELLED: &[(&str, &str)] = &[
    ("康姆", "com"),
    ("康母", "com"),
    ("康木", "com"),
    ("抗姆", "com"),
    ("抗母", "com"),
    ("肯姆", "com"),
    ("西恩", "cn"),
    ("耐特", "net"),
    ("托普", "top"),
];

/// No more contacts of a text are told.
const MOST: usize = crate::domain::rules::MOST_HITS;

/// What an address is.
pub(super) fn kind_of(host: &str, rest: &str, short_links: &[String]) -> Kind {
    let invites = |(domain, path): &(&str, &str)| is_within(host, domain) && rest.starts_with(path);
    if INVITES.iter().any(invites) {
        Kind::Invite
    } else if SHORT.iter().any(|domain| host == *domain || host.strip_prefix("www.") == Some(*domain))
        || short_links.iter().any(|domain| is_within(host, domain))
    {
        Kind::ShortLink
    } else {
        Kind::Link
    }
}

/// All addresses of every sort.
pub(super) fn find(text: &Text, short_links: &[String]) -> Vec<Contact> {
    let mut found: Vec<Contact> = Vec::new();
    if names_host(text) {
        for address in addresses_in(&text.original) {
            let kind = kind_of(&address.host, &address.rest, short_links);
            found.push(Contact { kind, span: address.span, text: address.host, hidden: false });
        }
    }
    let letters = Letters::of(&text.original);
    for contact in letters.mails().chain(letters.hidden()).chain(letters.spelled()).chain(letters.schemes()).take(MOST)
    {
        if !found.iter().any(|other| super::numbers::overlap(other.span, contact.span)) {
            found.push(contact);
        }
    }
    found.sort_by_key(|contact| contact.span.start);
    found
}

/// A text, each character as it is read in an address: ASCII where it can be, in lower case.
struct Letters {
    seen: Vec<char>,
    written: Vec<char>,
}

impl Letters {
    fn of(original: &str) -> Self {
        let written: Vec<char> = original.chars().collect();
        let seen = written.iter().map(|c| seen_as(*c)).collect();
        Self { seen, written }
    }

    fn at(&self, at: usize) -> char {
        self.seen.get(at).copied().unwrap_or('\0')
    }

    fn text(&self, from: usize, to: usize) -> String {
        self.seen.get(from..to).unwrap_or_default().iter().collect()
    }

    /// The beginning of the run of such characters that ends before `end`.
    fn back(&self, end: usize, is: impl Fn(char) -> bool) -> usize {
        let before = self.seen.get(..end).unwrap_or_default();
        end - before.iter().rev().take_while(|c| is(**c)).count()
    }

    /// The end of the run of such characters that begins at `start`.
    fn run(&self, start: usize, is: impl Fn(char) -> bool) -> usize {
        let rest = self.seen.get(start..).unwrap_or_default();
        start + rest.iter().take_while(|c| is(**c)).count()
    }

    fn contact(&self, kind: Kind, from: usize, to: usize) -> Contact {
        Contact {
            kind,
            span: Span { start: from as u32, end: to as u32 },
            text: self.text(from, to),
            hidden: kind == Kind::HiddenLink,
        }
    }

    /// `name@host.top`
    fn mails(&self) -> impl Iterator<Item = Contact> {
        let signs = self.seen.iter().enumerate().filter(|(_, c)| **c == '@').map(|(at, _)| at);
        signs.filter_map(|sign| {
            let from = self.back(sign, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'));
            let end = self.run(sign + 1, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
            let host = self.text(sign + 1, end);
            let host = host.trim_end_matches(['.', '-']);
            let (name, top) = host.rsplit_once('.')?;
            let letters = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_lowercase());
            let whole = from < sign && letters && !name.is_empty();
            whole.then(|| self.contact(Kind::Email, from, sign + 1 + host.len()))
        })
    }

    /// Schemes of apps.
    fn schemes(&self) -> impl Iterator<Item = Contact> {
        let colons = self.seen.windows(3).enumerate().filter(|(_, three)| matches!(three, [':', '/', '/']));
        colons.filter_map(|(at, _)| {
            let from = self.back(at, |c| c.is_ascii_alphanumeric() || c == '-');
            let scheme = self.text(from, at + 3);
            let known = SCHEMES.iter().find(|known| scheme.ends_with(*known))?;
            let end = self.run(at + 3, |c| c.is_ascii_graphic());
            Some(self.contact(Kind::Invite, at + 3 - known.len(), end))
        })
    }

    /// Addresses whose last dot is written otherwise.
    fn hidden(&self) -> impl Iterator<Item = Contact> {
        let mut from = 0;
        std::iter::from_fn(move || {
            loop {
                from = self.run(from, |c| !c.is_ascii_alphabetic());
                let end = self.run(from, |c| c.is_ascii_alphabetic());
                if from == end {
                    return None;
                }
                let found = self.hidden_before(from, end);
                from = end;
                if found.is_some() {
                    return found;
                }
            }
        })
    }

    /// Addresses whose end is spelled out: `abc888点康姆`.
    fn spelled(&self) -> impl Iterator<Item = Contact> {
        let dots = self.seen.iter().enumerate().filter(|(_, c)| matches!(c, '点' | '.')).map(|(at, _)| at);
        dots.filter_map(|dot| {
            let end = dot + 3;
            let said = self.text(dot + 1, end);
            let (_, top) = SPELLED.iter().find(|(spelled, _)| *spelled == said)?;
            let from = self.back(dot, |c| c.is_ascii_alphanumeric() || c == '-');
            let host = format!("{}.{top}", self.text(from, dot));
            (dot - from >= 3).then(|| Contact { text: host, ..self.contact(Kind::HiddenLink, from, end) })
        })
    }

    /// The address that the word `from..end` is the end of.
    fn hidden_before(&self, from: usize, end: usize) -> Option<Contact> {
        let bounded = |c: char| !c.is_ascii_alphanumeric();
        if !TOP.contains(&&*self.text(from, end)) || !bounded(self.at(end)) {
            return None;
        }
        let (label_end, dot) = self.dot_before(from)?;
        let label = self.back(label_end, |c| c.is_ascii_alphanumeric() || c == '-');
        let text = self.text(label, label_end);
        let has_letter = text.bytes().any(|b| b.is_ascii_lowercase());
        let has_digit = text.bytes().any(|b| b.is_ascii_digit());
        // www , abc , com: the name before may have such a dot too.
        let www = self.dot_before(label).is_some_and(|(at, _)| self.text(at.saturating_sub(3), at) == "www");
        let enough = match dot {
            Dot::Said { spaced } => text.len() >= 3 && (has_letter || !spaced),
            Dot::Wrapped => text.len() >= 2,
            Dot::Spaced => www || (text.len() >= 4 && has_digit),
            Dot::Other => www || (text.len() >= 3 && has_letter && has_digit),
        };
        let start = if www { self.back(self.dot_before(label)?.0, |c| c == 'w') } else { label };
        let host = format!("{text}.{}", self.text(from, end));
        let end = if self.at(end) == '/' { self.run(end, |c| c.is_ascii_graphic()) } else { end };
        enough.then(|| Contact { text: host, ..self.contact(Kind::HiddenLink, start, end) })
    }

    /// A dot that is written otherwise and ends before `from`: where it begins, and how it is written.
    fn dot_before(&self, from: usize) -> Option<(usize, Dot)> {
        let closing = |c: char| matches!(c, ')' | ']' | '}' | '>' | '）' | '】' | '」' | '》');
        let opening = |c: char| matches!(c, '(' | '[' | '{' | '<' | '（' | '【' | '「' | '《');
        let after = self.back(from, |c| c == ' ');
        let wrapped = after.checked_sub(1).is_some_and(|at| closing(self.at(at)));
        let dot_end = if wrapped { self.back(after - 1, |c| c == ' ') } else { after };
        let said = dot_end.checked_sub(1).map(|at| self.at(at))?;
        let word = self.text(dot_end.saturating_sub(3), dot_end) == "dot";
        let dot_start = if word { dot_end - 3 } else { dot_end - 1 };
        let inner = if wrapped { self.back(dot_start, |c| c == ' ') } else { dot_start };
        let wrapped = wrapped && inner.checked_sub(1).is_some_and(|at| opening(self.at(at)));
        let outer = if wrapped { inner - 1 } else { dot_start };
        let label_end = self.back(outer, |c| c == ' ');
        let spaced = label_end < outer || after < from;
        let written = self.written.get(dot_start).copied().unwrap_or_default();
        let dot = match said {
            _ if wrapped && (word || matches!(said, '.' | '点' | '。' | ',')) => Dot::Wrapped,
            _ if word && spaced => Dot::Said { spaced },
            '点' => Dot::Said { spaced },
            '.' if spaced => Dot::Spaced,
            '.' if written == '。' || written == '｡' => Dot::Other,
            '·' | '•' | '・' | '∙' | '⋅' | '‧' | '․' | 'ꓸ' | '°' | '丶' | ',' | '、' => Dot::Other,
            _ => return None,
        };
        (label_end > 0 && self.at(label_end - 1).is_ascii_alphanumeric()).then_some((label_end, dot))
    }
}

/// How a dot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dot {
    /// 点, or the word `dot`.
    Said { spaced: bool },
    /// In brackets.
    Wrapped,
    /// A dot with spaces around it.
    Spaced,
    /// Another sign.
    Other,
}

/// What a character is read as in an address.
fn seen_as(c: char) -> char {
    match c {
        '\0'..='\u{7F}' => c.to_ascii_lowercase(),
        '。' | '｡' | '．' => '.',
        '：' => ':',
        '／' => '/',
        '＠' => '@',
        '－' => '-',
        '，' => ',',
        '　' => ' ',
        '點' => '点',
        _ => folded_char(c).filter(char::is_ascii).unwrap_or(c),
    }
}
