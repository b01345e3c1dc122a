//! Finds addresses in a text: `https://…`, `www.…` and bare domains, with no space needed between them and Chinese.

use std::net::Ipv4Addr;
use std::ops::Range;

use crate::domain::case::Span;
use crate::domain::text::folded_char;

/// Domains at the top that make a bare name an address. A few more than the common ones: those that advertisers use.
const TOP: &[&str] = &[
    "com", "net", "org", "cn", "cc", "top", "xyz", "vip", "shop", "site", "online", "club", "info", "biz", "io", "app",
    "me", "tv", "ltd", "pro", "fun", "icu", "wang", "work", "link", "live", "store", "tech", "space", "website", "win",
    "bet", "ink", "kim", "mobi", "asia", "hk", "tw", "sg", "jp", "kr", "uk", "eu", "ru", "co", "gg", "ly", "im", "fm",
    "bid", "loan", "life", "world", "fund", "edu", "gov", "ai", "sbs", "cyou", "cfd", "lol", "buzz", "bond", "monster",
];

/// Schemes that make an address.
const SCHEMES: &[&str] = &["http", "https", "ftp"];

/// Not ASCII, and a letter or digit all the same.
const LETTER: u8 = 0x80;
/// Neither.
const OTHER: u8 = 0;

/// An address in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain::rules) struct Address {
    /// The whole of it, in code points.
    pub(in crate::domain::rules) span: Span,
    /// The host, lower case, without port and user.
    pub(in crate::domain::rules) host: String,
    /// What follows it, port, path and query, lower case and of half width.
    pub(in crate::domain::rules) rest: String,
    /// The host was written in plain letters: one in look-alikes (`еxample.com`) is not the host it looks like.
    pub(in crate::domain::rules) plain: bool,
}

/// A text in one byte a code point: ASCII, lower case, with full-width forms as what they stand for.
pub(super) struct Scan {
    written: Vec<char>,
    view: Vec<u8>,
}

/// Whether a text has what every address has: a dot between two ASCII letters or digits, or `//`.
pub fn may_have_address(text: &str) -> bool {
    let is_ascii_name = |c| seen_as(c).is_ascii_alphanumeric();
    let (mut before, mut dotted) = ('\0', false);
    for c in text.chars() {
        if dotted && is_ascii_name(c) {
            return true;
        }
        dotted = matches!(c, '.' | '。' | '．' | '｡') && is_ascii_name(before);
        if matches!(c, '/' | '／') && matches!(before, '/' | '／') {
            return true;
        }
        before = c;
    }
    false
}

/// What a character is read as in an address.
fn seen_as(c: char) -> u8 {
    match c {
        '\0'..='\u{7F}' => c.to_ascii_lowercase() as u8,
        '。' | '｡' | '．' => b'.',
        '：' => b':',
        '／' => b'/',
        '＠' => b'@',
        '－' => b'-',
        '＿' => b'_',
        _ => match folded_char(c) {
            Some(to) if to.is_ascii() => to as u8,
            Some(_) => LETTER,
            None => OTHER,
        },
    }
}

/// Whether a character is written as what it is read as, but for its width.
fn is_plain(c: char) -> bool {
    c.is_ascii() || ('\u{FF00}'..='\u{FF60}').contains(&c) || !seen_as(c).is_ascii_alphanumeric()
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == LETTER
}

fn is_host(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}

/// What may stand between `//` and the path: a host, a port, a user.
fn is_authority(b: u8) -> bool {
    is_host(b)
        || matches!(
            b,
            b'@' | b':' | b'~' | b'%' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
}

/// What goes on with a path, a query or a fragment.
fn is_path(b: u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^')
}

impl Scan {
    pub(super) fn new(text: &str) -> Self {
        let written: Vec<char> = text.chars().collect();
        let view = written.iter().copied().map(seen_as).collect();
        Self { written, view }
    }

    /// How many code points the text has.
    pub(super) fn length(&self) -> u32 {
        self.view.len() as u32
    }

    fn at(&self, at: usize) -> u8 {
        self.view.get(at).copied().unwrap_or(OTHER)
    }

    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.view.get(start..end).unwrap_or_default()
    }

    /// The end of the run of such bytes that begins at `start`.
    fn run(&self, start: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.view.get(start..).unwrap_or_default();
        start + rest.iter().position(|b| !is(*b)).unwrap_or(rest.len())
    }

    /// All addresses, in order.
    pub(super) fn addresses(&self) -> impl Iterator<Item = Address> {
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < self.view.len() {
                let (next, address) = self.step(at);
                at = next.max(at + 1);
                if address.is_some() {
                    return address;
                }
            }
            None
        })
    }

    /// Looks at one run of host characters, or steps over what is none: where to go on, and the address found.
    fn step(&self, start: usize) -> (usize, Option<Address>) {
        let start = self.run(start, |b| !is_host(b));
        let end = self.run(start, is_host);
        if self.bytes(end, end + 3) == b"://" {
            return self.with_scheme(start, end);
        }
        // `abc.com` in a run such as `..abc.com.`; a run with an empty label is several.
        let mut from = start;
        while from < end {
            let to = self.label_chain(from, end);
            if let Some(address) = self.bare(from, to) {
                return (address.span.end as usize, Some(address));
            }
            from = to + 1;
        }
        (end, None)
    }

    /// The end of the labels from `from`: before two dots, or at `end`.
    fn label_chain(&self, from: usize, end: usize) -> usize {
        let run = self.bytes(from, end);
        run.windows(2).position(|pair| pair == b"..").map_or(end, |at| from + at)
    }

    fn with_scheme(&self, start: usize, colon: usize) -> (usize, Option<Address>) {
        // The scheme is the end of the run: `看abchttp://…` and `1.http://…` have it too.
        let run = String::from_utf8_lossy(self.bytes(start, colon));
        let Some(scheme) = SCHEMES.iter().filter(|scheme| run.ends_with(*scheme)).max_by_key(|scheme| scheme.len())
        else {
            return (colon + 3, None);
        };
        let first = colon + 3;
        let mut host = self.host_of_authority(first, self.run(first, is_authority));
        if host.is_empty() || (self.at(host.end) == LETTER && !self.bytes(host.start, host.end).contains(&b'.')) {
            // The name itself is not ASCII: 中文.com.
            host = self.host_of_authority(first, self.run(first, |b| is_authority(b) || b == LETTER));
        }
        if host.is_empty() {
            return (first, None);
        }
        let end = self.path_end(host.end);
        (end, Some(self.address(colon - scheme.len(), host, end)))
    }

    /// The host in `user@host:port`.
    fn host_of_authority(&self, start: usize, end: usize) -> Range<usize> {
        let authority = self.bytes(start, end);
        let user = authority.windows(2).rposition(|pair| matches!(pair, [b'@', b] if is_name(*b)));
        let host = user.map_or(start, |at| start + at + 1);
        host..self.run(host, |b| is_host(b) || b == LETTER).min(end)
    }

    fn address(&self, start: usize, host: Range<usize>, end: usize) -> Address {
        let rest = self.bytes(host.end, end).iter().map(|b| char::from(*b)).collect();
        let seen = self.bytes(host.start, host.end);
        let written = self.written.get(host).unwrap_or_default().iter().copied();
        let plain = written.clone().all(is_plain);
        let letters = written.zip(seen).map(|(c, seen)| if *seen == LETTER { c } else { char::from(*seen) });
        let host = letters.collect::<String>().trim_matches('.').to_owned();
        Address { span: span(start, end), host, rest, plain }
    }

    /// The number of a machine that anybody can reach, with a port or a path behind it: without one it is as often a version.
    fn bare_number(&self, start: usize, end: usize, host: &str) -> Option<Address> {
        let number: Ipv4Addr = host.parse().ok()?;
        let inside = number.is_private() || number.is_loopback() || number.is_link_local() || number.is_unspecified();
        let last = self.path_end(end);
        // 8.8.8.0/24 is many of them.
        let leads = self.bytes(end, last).iter().skip(1).any(|b| self.at(end) == b':' || !b.is_ascii_digit());
        (!inside && leads).then(|| self.address(start, start..end, last))
    }

    /// A domain without a scheme in `from..to`, which has no empty label but at its ends.
    fn bare(&self, from: usize, to: usize) -> Option<Address> {
        let edge = |b: &u8| matches!(b, b'.' | b'-' | b'_');
        let run = self.bytes(from, to);
        let start = from + run.iter().position(|b| !edge(b))?;
        let end = from + run.iter().rposition(|b| !edge(b))? + 1;
        let host = std::str::from_utf8(self.bytes(start, end)).ok()?;
        let (rest, top) = host.rsplit_once('.')?;
        if top.bytes().all(|b| b.is_ascii_digit()) {
            return self.bare_number(start, end, host);
        }
        let known = TOP.contains(&top) || top.starts_with("xn--");
        let www = rest.strip_prefix("www.").is_some() && top.len() > 1 && top.bytes().all(|b| b.is_ascii_lowercase());
        let is_mail = self.at(end) == b'@' || (start > 0 && self.at(start - 1) == b'@');
        let name = rest.bytes().any(|b| b.is_ascii_alphanumeric());
        if !(known || www) || is_mail || !name {
            return None;
        }
        Some(self.address(start, start..end, self.path_end(end)))
    }

    /// The end of an address whose host ends at `end`: with port, path, query and fragment, without the punctuation of the
    /// sentence it stands in.
    fn path_end(&self, end: usize) -> usize {
        let mut at = end;
        if self.at(at) == b':' {
            let port = self.run(at + 1, |b| b.is_ascii_digit());
            at = if port > at + 1 { port } else { at };
        }
        if matches!(self.at(at), b'/' | b'?' | b'#') {
            at = self.run(at, is_path);
        }
        let opened = self.bytes(end, at).contains(&b'(');
        let closing = |b: u8| {
            matches!(b, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b']' | b'*') || (b == b')' && !opened)
        };
        while at > end && closing(self.at(at - 1)) {
            at -= 1;
        }
        at
    }
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
