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
}

impl View {
    /// Every view but the plain one, with its name in findings.
    const NAMES: [(Self, &'static str); 9] = [
        (Self::Sound, "sound"),
        (Self::Near, "near_sound"),
        (Self::Pinyin, "pinyin"),
        (Self::Initial, "initial"),
        (Self::Shape, "shape"),
        (Self::Split, "split"),
        (Self::Symbol, "symbol"),
        (Self::Letter, "letter"),
        (Self::Order, "order"),
    ];
}

/// The views that a word is written in, the plain one left out: empty where it stands as it is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Views(u16);

impl Views {
    /// Whether the word stands as it is.
    pub fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether some of it is written so.
    pub fn has(self, view: View) -> bool {
        self.0 & 1 << view as u16 != 0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        View::NAMES.iter().filter(move |(view, _)| self.has(*view)).map(|(_, name)| *name)
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
        let known = names.iter().filter_map(|name| View::NAMES.iter().find(|(_, known)| known == name));
        Ok(known.map(|(view, _)| *view).collect())
    }
}
