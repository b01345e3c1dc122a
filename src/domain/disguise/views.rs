//! The ways in which a word may be written otherwise.

use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// How a character of a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum View {
    /// As it is.
    Plain,
    /// Another character of the same sound.
    Sound,
    /// Another character of nearly the same sound: zh for z, n for l, ang for an.
    Near,
    /// Its sound in letters.
    Pinyin,
    /// The first letter of its sound.
    Initial,
    /// A character that looks like it.
    Shape,
    /// Its parts.
    Split,
    /// A symbol that shows it.
    Symbol,
    /// A letter or digit that is read like it.
    Letter,
    /// Itself, at another place in the word.
    Order,
    /// Itself, after the character before it several times over.
    Repeated,
    /// With something between its characters that says nothing.
    Filler,
    /// In another message than the one before it.
    Pieces,
}

impl View {
    /// Every view but the plain one, with its name in findings and what it is called in a chat.
    const NAMES: [(Self, &'static str, &'static str); 12] = [
        (Self::Sound, "sound", "同音"),
        (Self::Near, "near_sound", "近音"),
        (Self::Pinyin, "pinyin", "拼音"),
        (Self::Initial, "initial", "首字母"),
        (Self::Shape, "shape", "形近"),
        (Self::Split, "split", "拆字"),
        (Self::Symbol, "symbol", "符号"),
        (Self::Letter, "letter", "谐音字母"),
        (Self::Order, "order", "颠倒"),
        (Self::Repeated, "repeated", "叠字"),
        (Self::Filler, "filler", "夹字"),
        (Self::Pieces, "pieces", "分条"),
    ];
}

/// The views that a word is written in, the plain one left out: empty where it stands as it is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Views(u16);

impl Views {
    /// None.
    pub(super) const EMPTY: Self = Self(0);

    /// Whether the word stands as it is.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether some of it is written so.
    pub fn has(self, view: View) -> bool {
        self.0 & 1 << view as u16 != 0
    }

    /// Whether nobody writes so by chance, or in what means something else: nothing in it differs by sound or shape alone.
    pub fn are_chosen(self) -> bool {
        let by_chance = [View::Sound, View::Near, View::Initial, View::Shape];
        !self.is_empty() && !by_chance.into_iter().any(|view| self.has(view))
    }

    /// Whether nothing is different but that something stands between.
    pub fn are_fillers(self) -> bool {
        self.0 == 1 << View::Filler as u16
    }

    /// Whether nothing but sounds differs.
    pub fn are_sounds(self) -> bool {
        let sounds = 1 << View::Sound as u16 | 1 << View::Near as u16;
        !self.is_empty() && self.0 & !sounds == 0
    }

    /// What stands in a text and the word that it is read as: `薇❤ = 微信 (sound + symbol)`.
    pub fn reading(self, matched: &str, word: &str) -> String {
        match self.is_empty() {
            true => format!("{matched} = {word} (plain)"),
            false => format!("{matched} = {word} ({})", self.names().collect::<Vec<_>>().join(" + ")),
        }
    }

    /// These and one more.
    #[must_use]
    pub fn and(self, view: View) -> Self {
        Self(self.0 | 1 << view as u16)
    }

    /// These and others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        View::NAMES.iter().filter(move |(view, ..)| self.has(*view)).map(|(_, name, _)| *name)
    }

    /// What they are called in a chat: `同音＋符号`; empty where the word stands as it is.
    pub fn in_chat(self) -> String {
        let called = View::NAMES.iter().filter(|(view, ..)| self.has(*view)).map(|(_, _, called)| *called);
        called.collect::<Vec<_>>().join("＋")
    }
}

impl FromIterator<View> for Views {
    fn from_iter<I: IntoIterator<Item = View>>(views: I) -> Self {
        let seen = views.into_iter().filter(|view| *view != View::Plain);
        Self(seen.fold(0, |all, view| all | 1 << view as u16))
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Serialize for Views {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Views {
    /// Names of a later version are left out.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        let known = names.iter().filter_map(|name| View::NAMES.iter().find(|(_, known, _)| known == name));
        Ok(known.map(|(view, ..)| *view).collect())
    }
}
