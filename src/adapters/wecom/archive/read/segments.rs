//! The content of a message as a flat list of segments, with limits: a record that was forwarded in a record that was
//! forwarded may hold anything.

use serde_json::{Map, Value, json};

use super::head;
use crate::adapters::wecom::mention::Names;

/// How much of one message is read. What is beyond is left out, and a segment of type `cut` says how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep records may lie in records.
    pub depth: usize,
    /// How many parts all of them may have together.
    pub items: usize,
    /// How many bytes of text all of them may have together.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 8, items: 500, text: 64 << 10 }
    }
}

/// Types that have no segment of their own, and the fields that people read in them. An array's texts are all read.
const READABLE: [(&str, &[&str]); 12] = [
    ("location", &["title", "address"]),
    ("todo", &["title", "content"]),
    ("vote", &["votetitle", "voteitem"]),
    ("collect", &["title", "details"]),
    ("meeting", &["topic", "address", "remarks"]),
    ("meeting_notification", &["content", "topic"]),
    ("calendar", &["title", "place", "remarks"]),
    ("note", &["title", "content"]),
    ("solitaire", &["title", "content"]),
    ("sphfeed", &["sph_name", "feed_desc"]),
    ("voip_doc_share", &["filename"]),
    ("qydiskfile", &["filename"]),
];

/// The types of segments of interfaces.md §2, whose fields would be asked of what is kept raw.
const OWN: [&str; 9] = ["text", "mention", "image", "link", "voice", "video", "file", "card", "red_packet"];

/// The segments so far, and what is left of the limits.
pub(super) struct Flat<'a> {
    names: &'a Names,
    segments: Vec<Value>,
    depth: usize,
    items: usize,
    text: usize,
    /// Records that lie too deep, parts and bytes that were left out.
    cut: (usize, usize, usize),
}

impl<'a> Flat<'a> {
    pub(super) fn new(names: &'a Names, limits: Limits) -> Self {
        let Limits { depth, items, text } = limits;
        Self { names, segments: Vec::new(), depth, items, text, cut: (0, 0, 0) }
    }

    /// All segments; the last says what was cut, if something was.
    pub(super) fn finish(mut self) -> Vec<Value> {
        let (depth, items, bytes) = self.cut;
        if self.cut != (0, 0, 0) {
            self.segments.push(json!({"type": "cut", "too_deep": depth, "items": items, "bytes": bytes}));
        }
        self.segments
    }

    /// A whole message. Most types have their content under their own name.
    pub(super) fn message(&mut self, kind: &str, message: &Map<String, Value>, raw: &str) {
        let place = match kind {
            "docmsg" => "doc",
            "markdown" | "news" => "info",
            "external_redpacket" if !message.contains_key(kind) => "redpacket",
            other => other,
        };
        match message.get(place) {
            Some(Value::Object(content)) if !kind.is_empty() => self.part(kind, content, self.depth),
            _ => self.unknown(kind, raw),
        }
    }

    /// One part: a message, or what lies in a record.
    fn part(&mut self, kind: &str, content: &Map<String, Value>, depth: usize) {
        if self.items == 0 {
            self.cut.1 += 1;
            return;
        }
        self.items -= 1;
        match kind {
            "text" => self.said(content, "content"),
            "markdown" => self.said(content, "content"),
            "image" | "emotion" => self.media("image", kind, content),
            "voice" | "meeting_voice_call" => self.media("voice", kind, content),
            "video" => {
                self.media("video", kind, content);
                self.note("seconds", content.get("play_length").filter(|seconds| seconds.is_number()));
            }
            "file" => {
                self.media("file", kind, content);
                self.note_text("name", file_name(content));
                self.note("size", content.get("filesize").filter(|size| size.is_number()));
            }
            "link" => self.link(content, "link_url"),
            "docmsg" => self.link(content, "link_url"),
            "news" => self.items(content, depth, |flat, item, _| flat.link(item, "url")),
            "weapp" => self.card(content, &["title", "displayname", "description"]),
            "card" => {
                self.card(content, &["corpname"]);
                self.note_text("user", text_of(content, "userid"));
            }
            "redpacket" | "external_redpacket" => {
                self.segments.push(json!({"type": "red_packet"}));
                self.read(content, &["wish"]);
            }
            "chatrecord" => {
                self.segments.push(json!({"type": "chatrecord"}));
                self.read(content, &["title"]);
                self.record(content, depth);
            }
            "mixed" => self.record(content, depth),
            other => match READABLE.iter().find(|(name, _)| *name == other) {
                Some((name, fields)) => {
                    self.segments.push(json!({"type": name}));
                    self.read(content, fields);
                }
                None => self.unknown(other, &Value::Object(content.clone()).to_string()),
            },
        }
    }

    /// The parts of a record, each with its content as a JSON text.
    fn record(&mut self, content: &Map<String, Value>, depth: usize) {
        self.items(content, depth, |flat, item, depth| {
            let kind = item.get("type").and_then(Value::as_str).unwrap_or_default();
            let kind = match kind.strip_prefix("ChatRecord") {
                Some("") => "chatrecord".to_owned(),
                Some(kind) => kind.to_ascii_lowercase(),
                None => kind.to_owned(),
            };
            match item.get("content") {
                Some(Value::Object(content)) => flat.part(&kind, content, depth),
                Some(Value::String(text)) => match serde_json::from_str::<Value>(text) {
                    Ok(Value::Object(content)) => flat.part(&kind, &content, depth),
                    // A text that is no JSON is what was said, as far as anybody can tell.
                    _ => flat.part("text", &Map::from_iter([("content".to_owned(), json!(text))]), depth),
                },
                _ => flat.unknown(&kind, &Value::Object(item.clone()).to_string()),
            }
        });
    }

    fn items(
        &mut self,
        content: &Map<String, Value>,
        depth: usize,
        mut each: impl FnMut(&mut Self, &Map<String, Value>, usize),
    ) {
        let Some(depth) = depth.checked_sub(1) else {
            self.cut.0 += 1;
            return;
        };
        let items = content.get("item").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for item in items.iter().filter_map(Value::as_object) {
            each(self, item, depth);
        }
    }

    /// What somebody said, with mentions. A part that follows begins a new line, so that two parts make no word together.
    fn said(&mut self, content: &Map<String, Value>, field: &str) {
        let text = content.get(field).and_then(Value::as_str).unwrap_or_default();
        let text = self.take(text);
        self.new_line();
        let segments = self.names.segments(&text);
        self.segments.extend(segments);
    }

    /// Fields that people read, each a line of its own.
    fn read(&mut self, content: &Map<String, Value>, fields: &[&str]) {
        for field in fields {
            self.read_value(content.get(*field));
        }
    }

    fn read_value(&mut self, value: Option<&Value>) {
        match value {
            Some(Value::String(text)) if !text.is_empty() => {
                let text = self.take(text);
                self.new_line();
                self.segments.push(json!({"type": "text", "text": text}));
            }
            Some(Value::Array(items)) => {
                for item in items {
                    if self.items == 0 {
                        self.cut.1 += 1;
                        continue;
                    }
                    self.items -= 1;
                    // An option of a vote is a text, a question of a form an object.
                    self.read_value(item.get("ques").or(Some(item)).filter(|item| item.is_string()));
                }
            }
            _ => {}
        }
    }

    fn new_line(&mut self) {
        if let Some(Value::Object(last)) = self.segments.last_mut()
            && last.get("type").is_some_and(|kind| kind == "text")
            && let Some(Value::String(text)) = last.get_mut("text")
        {
            text.push('\n');
        }
    }

    /// A picture, voice, video or file: what it takes to fetch it stays with it.
    fn media(&mut self, segment: &str, kind: &str, content: &Map<String, Value>) {
        self.segments.push(json!({"type": segment}));
        if segment != kind {
            self.note_text("wecom", kind.to_owned());
        }
        for field in ["sdkfileid", "md5sum"] {
            if let Some(text) = content.get(field).and_then(Value::as_str) {
                self.note_text(field, text.to_owned());
            }
        }
    }

    /// A link, or, without an address, a card. Its description is read as text.
    fn link(&mut self, content: &Map<String, Value>, address: &str) {
        match content.get(address).and_then(Value::as_str).filter(|url| !url.is_empty()) {
            Some(url) => {
                let url = self.take(url);
                self.segments.push(json!({"type": "link", "url": url}));
            }
            None => self.segments.push(json!({"type": "card"})),
        }
        if let Some(title) = content.get("title").and_then(Value::as_str) {
            self.note_text("title", title.to_owned());
        }
        self.read(content, &["description"]);
    }

    fn card(&mut self, content: &Map<String, Value>, fields: &[&str]) {
        let texts = fields.iter().filter_map(|field| content.get(*field)?.as_str()).filter(|text| !text.is_empty());
        let title = texts.collect::<Vec<_>>().join("\n");
        self.segments.push(json!({"type": "card"}));
        self.note_text("title", title);
    }

    /// What this version does not know: kept as it came, not judged.
    fn unknown(&mut self, kind: &str, raw: &str) {
        let kind = head(kind, 64);
        let taken = kind.is_empty() || OWN.contains(&kind);
        self.segments.push(json!({"type": if taken { format!("wecom.{kind}") } else { kind.to_owned() }}));
        self.note_text("raw", raw.to_owned());
    }

    /// Adds a field to the last segment.
    fn note(&mut self, field: &str, value: Option<&Value>) {
        if let (Some(value), Some(Value::Object(last))) = (value, self.segments.last_mut()) {
            last.insert(field.to_owned(), value.clone());
        }
    }

    fn note_text(&mut self, field: &str, text: String) {
        let text = self.take(&text);
        self.note(field, Some(&Value::String(text)));
    }

    /// As much of a text as there is room for.
    fn take(&mut self, text: &str) -> String {
        let kept = head(text, self.text);
        self.text -= kept.len();
        self.cut.2 += text.len() - kept.len();
        kept.to_owned()
    }
}

/// A file's name, with its ending where the name has none.
fn file_name(content: &Map<String, Value>) -> String {
    let (name, ending) = (text_of(content, "filename"), text_of(content, "fileext"));
    let has_ending = ending.is_empty() || name.to_lowercase().ends_with(&format!(".{}", ending.to_lowercase()));
    if has_ending { name } else { format!("{name}.{ending}") }
}

fn text_of(content: &Map<String, Value>, field: &str) -> String {
    content.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
