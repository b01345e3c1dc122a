//! What became of pictures that were to be read.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{add, whole, words};
use crate::adapters::pictures::{NoText, Refused, Unread};

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words say it")]
pub enum PictureEnd {
    /// Something was read in it.
    Read,
    /// Nothing was.
    Nothing,
    Url,
    Host,
    Address,
    Unreachable,
    Redirect,
    Status,
    TooLarge,
    TooSlow,
    Type,
    TooManyPixels,
    Damaged,
    /// It waited too long to be of use.
    Late,
    /// Too many wait already.
    Overflow,
    /// No file says any more that pictures are read.
    Off,
}

const ENDS: [&str; 16] = [
    "read",
    "nothing",
    "url",
    "host",
    "address",
    "unreachable",
    "redirect",
    "status",
    "too_large",
    "too_slow",
    "type",
    "too_many_pixels",
    "damaged",
    "late",
    "overflow",
    "off",
];

/// What became of asking for the text in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words say it")]
pub enum TextEnd {
    Read,
    Nothing,
    Failed,
    TooSlow,
    TooMuch,
}

const TEXT_ENDS: [&str; 5] = ["read", "nothing", "failed", "too_slow", "too_much"];

impl PictureEnd {
    /// Its word.
    pub fn word(self) -> &'static str {
        ENDS.get(self as usize).copied().unwrap_or_default()
    }
}

impl From<Unread> for PictureEnd {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Refused(Refused::Url) => PictureEnd::Url,
            Unread::Refused(Refused::Host) => PictureEnd::Host,
            Unread::Address => PictureEnd::Address,
            Unread::Unreachable => PictureEnd::Unreachable,
            Unread::Redirect => PictureEnd::Redirect,
            Unread::Status => PictureEnd::Status,
            Unread::TooLarge => PictureEnd::TooLarge,
            Unread::TooSlow => PictureEnd::TooSlow,
            Unread::Type => PictureEnd::Type,
            Unread::TooManyPixels => PictureEnd::TooManyPixels,
            Unread::Damaged => PictureEnd::Damaged,
        }
    }
}

impl From<NoText> for TextEnd {
    fn from(none: NoText) -> Self {
        match none {
            NoText::Failed => TextEnd::Failed,
            NoText::TooSlow => TextEnd::TooSlow,
            NoText::TooMuch => TextEnd::TooMuch,
        }
    }
}

/// The figures.
pub struct Pictures {
    ends: [Counter; ENDS.len()],
    texts: [Counter; TEXT_ENDS.len()],
    fetches: Counter,
    waiting: Gauge,
}

impl Pictures {
    pub(super) fn new(all: &mut Registry) -> Self {
        Self {
            ends: words(all, "pictures", "Pictures that were to be read, by what became of them", "outcome", ENDS),
            texts: words(
                all,
                "picture_texts",
                "Pictures given to `text_command`, by what became of them",
                "outcome",
                TEXT_ENDS,
            ),
            fetches: add(all, "picture_fetches", "Requests for pictures", Counter::default()),
            waiting: add(all, "pictures_waiting", "Pictures that wait to be read, or are being read", Gauge::default()),
        }
    }

    /// This became of a picture.
    pub fn picture(&self, end: PictureEnd) {
        if let Some(counter) = self.ends.get(end as usize) {
            counter.inc();
        }
    }

    /// This became of asking for the text in one.
    pub fn text(&self, end: TextEnd) {
        if let Some(counter) = self.texts.get(end as usize) {
            counter.inc();
        }
    }

    /// A picture is asked for.
    pub fn fetch(&self) {
        self.fetches.inc();
    }

    /// So many wait.
    pub fn waiting(&self, pictures: usize) {
        self.waiting.set(whole(pictures));
    }
}
