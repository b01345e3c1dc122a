//! Reads one example of `hit` or `miss`: a text, or a table for what a text cannot show.

use jiff::civil::{DateTime, Time, date};
use jiff::tz::TimeZone;

use super::faults::Faults;
use super::section::{Number, Placed, Section};
use super::tree::{Entry, Value};
use crate::domain::event::{Message, Person, Segment};
use crate::domain::time::Timestamp;

/// A message that a rule is tried on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Example {
    pub(super) message: Message,
    /// When it was sent, where it says so; in UTC.
    pub(super) at: Option<Timestamp>,
    /// When its sender came, where it says so.
    pub(super) joined: Option<Timestamp>,
}

const MOST: u32 = 1000;
const IMAGES: Number = Number { key: "images", range: 1..=MOST, unit: "pictures", default: 4 };
const VIDEOS: Number = Number { key: "videos", range: 1..=MOST, unit: "videos", default: 1 };
const MENTIONS: Number = Number { key: "mentions", range: 1..=MOST, unit: "members", default: 11 };
const MEGABYTES: Number = Number { key: "megabytes", range: 1..=1_000_000, unit: "MB", default: 200 };
const JOINED: Number = Number { key: "joined_hours", range: 0..=100_000, unit: "hours ago", default: 1 };

/// Takes a list of examples.
pub(super) fn list(section: &mut Section<'_>, key: &'static str, faults: &Faults) -> Vec<Placed<Example>> {
    let Some(entry) = section.take(key) else { return Vec::new() };
    let help = format!("write {key} = [\"…\", \"…\"]");
    let Value::Array(items) = entry.value else {
        let message = format!("`{key}` takes a list of texts, but this is {}", entry.value.kind());
        faults.add(faults.at(&entry.at, message).help(help));
        return Vec::new();
    };
    items.into_iter().filter_map(|item| one(key, item, faults)).collect()
}

fn one(key: &str, item: Entry, faults: &Faults) -> Option<Placed<Example>> {
    let Entry { at, value, .. } = item;
    let value = match value {
        Value::Text(text) => Example { message: said(vec![Segment::Text(text.into())]), ..Example::default() },
        Value::Table(entries) => {
            let mut section = Section::new(format!("an example of `{key}`"), at.clone(), entries, faults);
            let example = table(&mut section, faults);
            section.finish();
            example
        }
        other => {
            let message = format!("an example is a text or a table, but this is {}", other.kind());
            let fault = faults.at(&at, message);
            faults.add(fault.help("write it in quotes, or as in { file = \"a.apk\" }"));
            return None;
        }
    };
    Some(Placed { value, at })
}

fn said(content: Vec<Segment>) -> Message {
    Message { content, ..Message::default() }
}

fn table(section: &mut Section<'_>, faults: &Faults) -> Example {
    let mut content = Vec::new();
    let mut text = |key| section.text(key).map(|text| text.value.into_boxed_str());
    content.extend(text("text").map(Segment::Text));
    content.extend(text("voice").map(|text| Segment::Voice { text: Some(text) }));
    content.extend(text("link").map(|url| Segment::Link { url, title: None }));
    content.extend(text("card").map(|title| Segment::Card { title: Some(title) }));
    content.extend(text("mention").map(|user| Segment::Mention { user, name: "".into() }));
    content.extend(text("other").map(Segment::Other));
    let (file, name) = (text("file"), text("name").unwrap_or_default());
    let size = section.number(&MEGABYTES).map(|megabytes| u64::from(megabytes) << 20);
    if file.is_some() || size.is_some() {
        content.push(Segment::File { name: file, size });
    }
    let mut number = |number| 0..section.number(number).unwrap_or(0);
    content.extend(number(&IMAGES).map(|_| Segment::Image { url: None }));
    content.extend(number(&VIDEOS).map(|_| Segment::Video { seconds: None }));
    content.extend(
        number(&MENTIONS).map(|no| Segment::Mention { user: format!("u{no}").into_boxed_str(), name: "".into() }),
    );
    if section.flag("red_packet") == Some(true) {
        content.push(Segment::RedPacket);
    }
    let at = section.text("at").and_then(|at| time(&at, faults));
    let joined = section.number(&JOINED);
    let at = at.or(joined.map(|_| monday(Time::constant(12, 0, 0, 0))));
    let ago = |hours: u32| std::time::Duration::from_secs(u64::from(hours) * 3600);
    let joined = at.zip(joined).map(|(at, hours)| at.minus(ago(hours)));
    let sender = Person { name, ..Person::default() };
    Example { message: Message { sender, ..said(content) }, at, joined }
}

/// `23:30` on a Monday, or `2026-11-28 23:30`.
fn time(written: &Placed<String>, faults: &Faults) -> Option<Timestamp> {
    let text = written.value.trim().replace('：', ":");
    let at = text.parse::<Time>().ok().map(monday).or_else(|| text.parse().ok().map(in_utc));
    if at.is_none() {
        let fault = faults.at(&written.at, format!("`{}` is no time", written.value));
        faults.add(fault.help("write at = \"23:30\", or with the day at = \"2026-11-28 23:30\""));
    }
    at
}

fn monday(time: Time) -> Timestamp {
    in_utc(date(2026, 11, 23).to_datetime(time))
}

fn in_utc(at: DateTime) -> Timestamp {
    Timestamp(at.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_millisecond()))
}
