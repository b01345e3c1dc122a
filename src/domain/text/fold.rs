//! One pass over a text: the folded text, for each of its bytes the code point it came from, and what was dropped between.

use std::cell::Cell;

use super::shortcodes::shortcode;
use super::tables::{Fold, TABLES, Tables};
use crate::domain::case::Span;
use crate::domain::ids::hash;

/// So many code points of a text are read, five times as many as the longest message of WeCom has. What reads a text takes
/// time for each of them, and all wait for it.
pub const LONGEST_READ: usize = 20_000;

/// A text and its fold. Its buffers are used again by the next [`Text::set`].
#[derive(Debug, Default)]
pub struct Text {
    /// The original, as far as it is read.
    pub original: String,
    /// Its fold.
    pub folded: Folded,
    /// The answer to [`Text::remembered`], as soon as somebody asked.
    answer: Cell<Option<bool>>,
}

impl Text {
    /// Another text, folded.
    pub fn set(&mut self, original: &str) {
        self.set_with(|text| text.push_str(original));
    }

    /// Another text, written by the caller into the empty buffer, then folded.
    pub fn set_with(&mut self, write: impl FnOnce(&mut String)) {
        self.original.clear();
        self.answer.set(None);
        write(&mut self.original);
        let (read, unread) = first(&self.original, LONGEST_READ);
        self.original.truncate(read.len());
        self.folded.set(&self.original);
        self.folded.unread = unread;
    }

    /// Another text whose fold is known.
    pub fn set_folded(&mut self, original: &str, folded: &Folded) {
        self.original.clear();
        self.original.push_str(original);
        self.answer.set(None);
        self.folded.clone_from(folded);
    }

    /// The answer to a question about the original that several ask of each text. There is one such question.
    pub fn remembered(&self, ask: impl FnOnce(&str) -> bool) -> bool {
        self.answer.get().unwrap_or_else(|| {
            let answer = ask(&self.original);
            self.answer.set(Some(answer));
            answer
        })
    }

    /// The span of the whole original.
    pub fn whole(&self) -> Span {
        Span { start: 0, end: self.folded.length }
    }

    /// The characters of the original in a span; empty where the span lies outside.
    pub fn slice(&self, span: Span) -> &str {
        slice(&self.original, span)
    }
}

/// The first so many code points of a text, and how many follow.
pub fn first(text: &str, most: usize) -> (&str, u32) {
    if text.len() <= most {
        return (text, 0);
    }
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    let (read, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (read, u32::try_from(rest.chars().count()).unwrap_or(u32::MAX))
}

/// The characters of a text in a span of code points; empty where the span lies outside.
pub fn slice(text: &str, span: Span) -> &str {
    let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let start = starts.nth(span.start as usize);
    let end = match span.end.checked_sub(span.start) {
        Some(0) => start,
        Some(length) => starts.nth(length as usize - 1),
        None => None,
    };
    start.zip(end).and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
}

/// A folded text with the way back. Offsets are bytes of [`Folded::text`]; spans are code points of the original.
#[derive(Debug, Default)]
pub struct Folded {
    /// The folded text: letters and digits only.
    pub text: String,
    /// For each byte of `text`, the code point it came from; longer than `text`, and its end means nothing.
    from: Vec<u32>,
    /// Where something seen was dropped, by place.
    gaps: Vec<Gap>,
    /// How many code points the original has.
    length: u32,
    /// How many more the text has that it is of.
    unread: u32,
}

/// Without what means nothing: buffers are as long as the longest text that was in them.
impl Clone for Folded {
    fn clone(&self) -> Self {
        let mut clone = Self::default();
        clone.clone_from(self);
        clone
    }

    fn clone_from(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.from.clear();
        self.from.extend(other.from.iter().take(other.text.len() + WRITE));
        self.gaps.clone_from(&other.gaps);
        self.length = other.length;
        self.unread = other.unread;
    }
}

/// What was dropped before a byte of the folded text (or at its end).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The byte of the folded text that follows it.
    pub at: u32,
    /// How many seen characters were dropped, white space in a row counted as one.
    pub dropped: u32,
    /// The strongest of them.
    pub kind: GapKind,
}

/// What a gap separates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// Nothing of meaning: spaces, symbols, emoji.
    Separator,
    /// Two clauses: `，。！？`, a line end.
    Clause,
    /// Two texts with something else between them.
    Barrier,
}

/// The gap that is being read.
#[derive(Default)]
struct Pending {
    dropped: u32,
    kind: Option<GapKind>,
    /// The last dropped character was a full stop …
    stop: bool,
    /// … or white space.
    space: bool,
}

impl Pending {
    /// One more dropped character. White space in a row is seen as one.
    fn add(&mut self, dropped: Fold<'_>, space: bool) {
        let kind = match dropped {
            Fold::Invisible | Fold::To(_) | Fold::Many(_) => return,
            Fold::Space if self.stop => GapKind::Clause,
            Fold::Separator | Fold::Space | Fold::Stop => GapKind::Separator,
            Fold::Clause => GapKind::Clause,
            Fold::Barrier => GapKind::Barrier,
        };
        self.dropped += u32::from(!(space && self.space));
        self.space = space;
        self.kind = self.kind.max(Some(kind));
        self.stop = dropped == Fold::Stop;
    }
}

/// How many entries of [`Folded::from`] are written at once: the bytes of the longest character.
const WRITE: usize = 4;

impl Folded {
    /// Folds a text. Code points beyond the 2³²th are ignored.
    pub fn set(&mut self, original: &str) {
        let tables = &*TABLES;
        self.text.clear();
        self.gaps.clear();
        let mut pending = Pending::default();
        let (mut rest, mut index) = (original, 0_u32);
        while !rest.is_empty() && index < u32::MAX {
            let (kept, after) = self.keep_run(tables, rest, &mut index, &mut pending);
            rest = kept;
            let Some(c) = after else { break };
            if let Some(shortcode) = shortcode(rest) {
                rest = rest.get(shortcode.bytes..).unwrap_or_default();
                index = index.saturating_add(shortcode.chars);
                pending.add(Fold::Separator, false);
                continue;
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            match tables.fold(c) {
                Fold::To(to) => self.put(to.encode_utf8(&mut [0; 4]), index, &mut pending),
                Fold::Many(to) => self.put(to, index, &mut pending),
                dropped => pending.add(dropped, c.is_whitespace()),
            }
            index += 1;
        }
        self.close(&mut pending);
        self.length = index;
        self.unread = 0;
    }

    /// Copies the characters at the beginning of `rest` that stay as they are. Gives what follows, and its first character.
    #[inline]
    fn keep_run<'a>(
        &mut self,
        tables: &Tables,
        rest: &'a str,
        index: &mut u32,
        pending: &mut Pending,
    ) -> (&'a str, Option<char>) {
        let at = self.text.len();
        self.make_room(at + rest.len());
        let marks = self.from.get_mut(at..).unwrap_or_default();
        let (mut bytes, mut here, mut after) = (0, *index, None);
        for c in rest.chars() {
            if !tables.keeps(c) {
                after = Some(c);
                break;
            }
            // One wide write for any character; what is too much is written over by the next.
            if let Some(room) = marks.get_mut(bytes..bytes + WRITE) {
                room.copy_from_slice(&[here; WRITE]);
            }
            bytes += c.len_utf8();
            here = here.saturating_add(1);
        }
        let Some((kept, rest)) = rest.split_at_checked(bytes) else { return ("", None) };
        if bytes > 0 {
            self.close(pending);
            self.text.push_str(kept);
        }
        *index = here;
        (rest, after)
    }

    /// Adds what one character folds to.
    fn put(&mut self, to: &str, index: u32, pending: &mut Pending) {
        self.close(pending);
        let at = self.text.len();
        self.make_room(at + to.len());
        if let Some(room) = self.from.get_mut(at..at + to.len()) {
            room.fill(index);
        }
        self.text.push_str(to);
    }

    /// Makes room for the marks of so many bytes.
    fn make_room(&mut self, bytes: usize) {
        if self.from.len() < bytes + WRITE {
            self.from.resize(bytes + WRITE, 0);
        }
    }

    #[inline]
    fn close(&mut self, pending: &mut Pending) {
        if let Some(kind) = pending.kind {
            let at = self.text.len() as u32;
            self.gaps.push(Gap { at, dropped: pending.dropped, kind });
            *pending = Pending::default();
        }
    }

    /// For each byte of the fold, the code point it came from.
    fn from(&self) -> &[u32] {
        self.from.get(..self.text.len()).unwrap_or_default()
    }

    /// The code points of the original that bytes `start..end` of the fold came from; an empty span when there are none.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let first = self.from().get(start).copied();
        let last = end.checked_sub(1).filter(|last| *last >= start).and_then(|last| self.from().get(last).copied());
        match (first, last) {
            (Some(first), Some(last)) => Span { start: first, end: last + 1 },
            _ => {
                let at = first.unwrap_or(self.length);
                Span { start: at, end: at }
            }
        }
    }

    /// The code points of the original that are kept in the fold, in order.
    pub fn places(&self) -> Vec<u32> {
        let mut places = self.from().to_vec();
        places.dedup();
        places
    }

    /// How many code points of the original are kept in the fold.
    pub fn kept(&self) -> usize {
        let first = usize::from(!self.from().is_empty());
        first + self.from().windows(2).filter(|pair| matches!(pair, [a, b] if a != b)).count()
    }

    /// All gaps, by place.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The gaps between the characters of bytes `start..end`, those at its ends not counted.
    pub fn gaps_within(&self, start: usize, end: usize) -> &[Gap] {
        let first = self.gaps.partition_point(|gap| gap.at as usize <= start);
        let last = self.gaps.partition_point(|gap| (gap.at as usize) < end);
        self.gaps.get(first..last).unwrap_or_default()
    }

    /// Whether something seen was dropped directly before this byte, or the text begins or ends there.
    pub fn is_edge(&self, at: usize) -> bool {
        at == 0 || at >= self.text.len() || self.gaps.binary_search_by_key(&at, |gap| gap.at as usize).is_ok()
    }

    /// How many code points the original has.
    pub fn original_length(&self) -> u32 {
        self.length
    }

    /// How many code points of the text follow that are not read.
    pub fn unread(&self) -> u32 {
        self.unread
    }

    /// A hash by which equal folds are known again; `None` when the fold is shorter than `shortest` characters.
    pub fn fingerprint(&self, shortest: usize) -> Option<u64> {
        let long_enough = self.text.len() >= shortest && self.text.chars().count() >= shortest;
        (long_enough && !self.text.is_empty()).then(|| hash(&[&self.text]) as u64)
    }
}

/// What a single character folds to, when that is a single character.
pub fn folded_char(c: char) -> Option<char> {
    match TABLES.fold(c) {
        Fold::To(to) => Some(to),
        _ => None,
    }
}
