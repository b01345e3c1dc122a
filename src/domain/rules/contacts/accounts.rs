//! Accounts of WeChat, QQ and other messengers: something that can be an account, and before it a word that announces it,
//! written however (微信, 薇❤, 威芯, ＶＸ, 扣扣, 🐧).

use pinyin::ToPinyin;

use super::marks::{Break, Mark, without_signs};
use super::names::{CALLS, FILLERS, NAMES, SOUNDS, Strength, UNITS, WORDS};
use super::numbers::{Number, Reading, runs};
use super::{Contact, Kind};
use crate::domain::case::Span;

/// The furthest that is looked back for an announcing word, in marks.
const LOOK_BACK: usize = 12;

/// All accounts of the wanted kinds.
pub(super) fn find(marks: &[Mark], wants: impl Fn(Kind) -> bool) -> Vec<Contact> {
    let mut found: Vec<Contact> = Vec::new();
    let mut add = |contact: Option<Contact>| {
        if let Some(contact) = contact.filter(|contact| wants(contact.kind)) {
            let known = |other: &Contact| super::numbers::overlap(other.span, contact.span);
            if !found.iter().any(known) {
                found.push(contact);
            }
        }
    };
    for token in tokens(marks) {
        add(token.account(marks));
    }
    let plain = without_signs(marks);
    for reading in [Reading::Figures, Reading::Spoken] {
        for run in runs(&plain, reading) {
            let few = run.groups().len() <= 4 || run.groups().iter().all(|size| *size <= 2);
            if let Some(number) = run.whole().filter(|number| few && (5..=12).contains(&number.digits.len())) {
                add(numbered(&number, marks, &plain));
            }
        }
    }
    found.sort_by_key(|contact| contact.span.start);
    found
}

/// Letters, digits, `-` and `_` in one piece, with a letter among them.
struct Token {
    /// In marks.
    from: usize,
    to: usize,
    /// As an account is written.
    text: String,
}

fn tokens(marks: &[Mark]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open = false;
    for (place, mark) in marks.iter().enumerate() {
        let is_part = mark.c.is_ascii_alphanumeric() && !mark.sign;
        let joint = mark.gap.kind == Break::Joint && mark.gap.width <= 2;
        match tokens.last_mut() {
            Some(token) if is_part && open && (mark.gap.width == 0 || joint) => {
                (0..mark.gap.width).for_each(|_| token.text.push('_'));
                token.text.push(mark.c);
                token.to = place + 1;
            }
            _ if is_part => tokens.push(Token { from: place, to: place + 1, text: mark.c.into() }),
            _ => {}
        }
        open = is_part;
    }
    tokens.retain(|token| token.text.len() >= 5 && token.text.bytes().any(|b| b.is_ascii_lowercase()));
    tokens
}

impl Token {
    /// The account that this is, with what announces it.
    fn account(&self, marks: &[Mark]) -> Option<Contact> {
        let contact = |from: usize, kind: Kind, id: &str| {
            let (first, last) = (marks.get(from)?, marks.get(self.to.checked_sub(1)?)?);
            let span = Span { start: first.at, end: last.at + 1 };
            Some(Contact { kind, span, text: id.to_owned(), hidden: false })
        };
        if let Some(told) = Head::before(marks, self.from).and_then(|head| head.announces(&self.text)) {
            return Some(Contact { hidden: told.hidden, ..contact(told.from, told.kind, &self.text)? });
        }
        if self.text.starts_with("wxid_") && self.text.len() >= 12 {
            return contact(self.from, Kind::Wechat, &self.text);
        }
        // 加vx_abc: the announcing word is the beginning of the token.
        for (name, kind, strength) in NAMES.iter().filter(|(name, ..)| name.is_ascii()) {
            let Some(id) = self.text.strip_prefix(name).map(|id| id.trim_start_matches('_')) else { continue };
            let called = || Head::before(marks, self.from).is_some_and(|head| head.calls());
            let digits = id.bytes().filter(u8::is_ascii_digit).count();
            if digits >= 2 && (*strength != Strength::Short || called()) && fits(*kind, id) {
                return contact(self.from, *kind, id);
            }
        }
        looks_like_account(&self.text).then(|| contact(self.from, Kind::Account, &self.text)).flatten()
    }
}

/// A number as an account, when a word before it says so. `number` stands in `plain`, the marks without signs.
fn numbered(number: &Number, marks: &[Mark], plain: &[Mark]) -> Option<Contact> {
    let first = plain.get(number.from)?.at;
    let from = marks.partition_point(|mark| mark.at < first);
    let place = from + marks.get(from..)?.iter().position(|mark| !mark.sign)?;
    let head = Head::before(marks, place);
    if counted(number, plain) {
        return None;
    }
    if let Some(Told { kind, from, hidden }) = head.as_ref().and_then(|head| head.announces(&number.digits)) {
        let span = Span { start: marks.get(from)?.at, end: number.span.end };
        return Some(Contact { kind, span, text: number.digits.clone(), hidden });
    }
    // 加 12345678, without a word of what it is.
    let called = head.is_some_and(|head| head.calls()) && (6..=10).contains(&number.digits.len());
    called.then(|| Contact { kind: Kind::Account, span: number.span, text: number.digits.clone(), hidden: false })
}

/// Whether a unit stands behind a number.
fn counted(number: &Number, plain: &[Mark]) -> bool {
    plain.get(number.to).is_some_and(|next| next.gap.width <= 1 && UNITS.contains(next.c))
}

/// What a word before an account says.
struct Told {
    kind: Kind,
    /// The mark at which it begins.
    from: usize,
    /// It is written as those write it who hide it.
    hidden: bool,
}

/// What stands before an account.
struct Head {
    text: String,
    sounds: Vec<&'static str>,
    /// The mark that each character of `text` is.
    places: Vec<usize>,
    /// Which of them are signs: ❤.
    signs: Vec<bool>,
    /// The first of them that is not blank before: a Latin word begins here.
    begins: Vec<bool>,
    /// A colon stands directly before the account.
    tells: bool,
}

impl Head {
    /// What stands before the mark at `to`.
    fn before(marks: &[Mark], to: usize) -> Option<Self> {
        let gap = marks.get(to)?.gap;
        if gap.kind == Break::Barrier || gap.width > 4 {
            return None;
        }
        let mut places = Vec::new();
        for place in (to.saturating_sub(LOOK_BACK)..to).rev() {
            places.push(place);
            let gap = marks.get(place)?.gap;
            if (gap.kind >= Break::Clause && !gap.tells) || gap.width > 3 {
                break;
            }
        }
        places.reverse();
        let chosen: Vec<Mark> = places.iter().filter_map(|place| marks.get(*place)).copied().collect();
        let text = chosen.iter().map(|mark| mark.c).collect();
        let sounds = chosen.iter().map(|mark| sound(mark.c)).collect();
        let signs = chosen.iter().map(|mark| mark.sign && mark.c != '加').collect();
        let starts = |place: usize| {
            let before = place.checked_sub(1).and_then(|before| marks.get(before));
            let here = marks.get(place);
            !before.is_some_and(|before| before.c.is_ascii_alphabetic() && here.is_some_and(|here| here.gap.width == 0))
        };
        let begins = places.iter().map(|place| starts(*place)).collect();
        (!places.is_empty()).then_some(Self { text, sounds, places, signs, begins, tells: gap.tells })
    }

    /// What the text before says that `id` is.
    fn announces(&self, id: &str) -> Option<Told> {
        let chars: Vec<char> = self.text.chars().collect();
        let (mut length, mut told) = (chars.len(), self.tells);
        for _ in 0..4 {
            let head: String = chars.get(..length)?.iter().collect();
            if let Some((kind, start, hidden)) = self.named(&head, length, told, id) {
                let signs = self.signs.get(start..length)?;
                let hidden = hidden || signs.iter().any(|sign| *sign);
                return Some(Told { kind, from: *self.places.get(start)?, hidden });
            }
            let filler = FILLERS.iter().find(|filler| head.ends_with(*filler))?;
            told |= filler.contains(['号', 'd']);
            length -= filler.chars().count();
        }
        None
    }

    /// The announcing word that `head`, the first `length` characters, ends with: where it begins, and whether it hides.
    fn named(&self, head: &str, length: usize, told: bool, id: &str) -> Option<(Kind, usize, bool)> {
        let mut best: Option<(Kind, usize, bool)> = None;
        for (name, kind, strength) in NAMES {
            let Some(rest) = head.strip_suffix(name) else { continue };
            let start = rest.chars().count();
            let latin = name.starts_with(|c: char| c.is_ascii_alphabetic());
            let whole = !latin || self.begins.get(start).copied().unwrap_or(true);
            let called = CALLS.iter().any(|call| rest.ends_with(call));
            let sure = match telling(id) {
                true => *strength != Strength::Short || told || called,
                // A word, or a short number: vx=velocity tells nothing.
                false => called || (told && (!latin || *kind == Kind::Qq)),
            };
            let longest = best.is_none_or(|(_, from, _)| start < from);
            if whole && sure && longest && fits(*kind, id) {
                best = Some((*kind, start, *strength == Strength::Hidden));
            }
        }
        if best.is_some() {
            return best;
        }
        let sounds = self.sounds.get(..length)?;
        let (pattern, kind) = SOUNDS.iter().find(|(pattern, _)| sounds.ends_with(pattern))?;
        let digits = id.bytes().filter(u8::is_ascii_digit).count();
        let enough = if *kind == Kind::Qq { digits >= 6 } else { telling(id) && (digits >= 2 || told) };
        (fits(*kind, id) && enough).then(|| (*kind, length - pattern.len(), true))
    }

    /// Whether it ends with a call to add somebody.
    fn calls(&self) -> bool {
        CALLS.iter().any(|call| self.text.ends_with(call))
    }
}

/// The syllable of a Han character; nothing for all others.
fn sound(c: char) -> &'static str {
    c.to_pinyin().map(|pinyin| pinyin.plain()).unwrap_or_default()
}

/// Whether something can be an account of a kind.
fn fits(kind: Kind, id: &str) -> bool {
    let digits = id.bytes().all(|b| b.is_ascii_digit());
    let named = id.starts_with(|c: char| c.is_ascii_lowercase()) && !WORDS.contains(&id);
    match kind {
        Kind::Wechat => (named && (6..=20).contains(&id.len())) || (digits && (5..=12).contains(&id.len())),
        Kind::Qq => digits && (5..=11).contains(&id.len()) && !id.starts_with('0'),
        _ => (named && (5..=32).contains(&id.len())) || (digits && (8..=13).contains(&id.len())),
    }
}

/// Whether something is more than a word: it has a digit, or `_`.
fn telling(id: &str) -> bool {
    let letters = id.bytes().any(|b| b.is_ascii_lowercase());
    letters && id.bytes().any(|b| b.is_ascii_digit() || b == b'_') || id.len() >= 7 && !letters
}

/// Whether a token by itself looks like an account: letters, then digits, neither too few nor too many.
fn looks_like_account(id: &str) -> bool {
    let letters = id.bytes().take_while(u8::is_ascii_lowercase).count();
    let digits = id.bytes().skip(letters).take_while(|b| b.is_ascii_digit() || *b == b'_').count();
    (2..=12).contains(&letters) && (3..=9).contains(&digits) && letters + digits == id.len() && id.len() >= 7
}
