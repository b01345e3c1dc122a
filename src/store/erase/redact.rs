//! Taking one person out of stored JSON: what they said and are called goes, their id becomes an alias that says nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Who is taken out.
#[derive(Clone, Debug)]
pub(super) struct Redactor {
    pub(super) user: String,
    pub(super) alias: String,
    /// What they are called, as far as is known.
    pub(super) names: BTreeSet<String>,
}

/// What stands where a name stood in a text of somebody else.
const MASK: &str = "＊";

/// Names shorter than this many characters are not looked for in texts: one character stands in many words.
const SHORTEST_NAME: usize = 2;

/// And ids shorter than this many bytes: a digit stands in many numbers.
const SHORTEST_ID: usize = 5;

/// What an event of theirs keeps: what it was, where and when, for numbers and counts to stay as they are.
const KEPT: [&str; 5] = ["id", "type", "group", "time", "message"];

/// Keys whose value is a number or a name of something that is no person, even where it looks the same.
const NO_PERSON: [&str; 16] = [
    "id", "type", "group", "message", "event", "case", "task", "time", "rule", "step", "choice", "platform", "key",
    "no", "channel", "told_by",
];

/// Keys under which a person is an object with an `id`.
const PERSONS: [&str; 4] = ["sender", "member", "members", "owner"];

/// What an object of theirs says of them.
const OF_THEM: [&str; 6] = ["name", "nickname", "text", "line", "answer", "reason"];

/// What stands beside `by`, in what they did to others.
const BY_THEM: [&str; 2] = ["name", "by_name"];

impl Redactor {
    /// Whether a message may have anything of them; cheap, and sometimes wrongly yes.
    pub(super) fn may_concern(&self, json: &str) -> bool {
        json.contains(&self.user) || json.contains("\\u")
    }

    /// The same of what we wrote ourselves: there their name alone is theirs too.
    pub(super) fn is_in_ours(&self, json: &str) -> bool {
        json.contains(&self.user) || self.names().any(|name| json.contains(name))
    }

    /// Names that are looked for in texts.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).filter(|name| name.chars().count() >= SHORTEST_NAME)
    }

    /// Whose an event is, if it is one.
    pub(super) fn is_theirs(&self, event: &Value) -> bool {
        let sender = event.get("sender");
        let sender = sender.and_then(|sender| sender.get("id")).or(sender);
        let by = [sender, event.get("user")].into_iter().flatten().any(|id| self.is_them(id));
        let about = event.get("member").and_then(|member| member.get("id")).is_some_and(|id| self.is_them(id));
        let typed = event
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.starts_with("member_") || kind == "track" || kind == "join_request");
        by || (about && typed)
    }

    /// What they are called in an event of theirs.
    pub(super) fn note_names(&mut self, event: &Value) {
        for who in ["sender", "member"] {
            let person = event.get(who).filter(|person| person.get("id").is_some_and(|id| self.is_them(id)));
            if let Some(name) = person.and_then(|person| person.get("name")).and_then(Value::as_str) {
                self.names.insert(name.to_owned());
            }
        }
    }

    /// An event of the journal without them; `None` when there is nothing of them in it.
    pub(super) fn event(&self, json: &str) -> Option<String> {
        let mut event: Value = serde_json::from_str(json).ok()?;
        if !self.is_theirs(&event) {
            return self.walk("", &mut event, false).then(|| event.to_string());
        }
        let mut kept: Map<String, Value> = Map::new();
        for key in KEPT {
            if let Some(value) = event.get(key) {
                kept.insert(key.to_owned(), value.clone());
            }
        }
        let person = json!({"id": self.alias});
        if event.get("member").is_some() {
            kept.insert("member".to_owned(), person);
            for (key, nothing) in [("name", json!("")), ("answer", json!(""))] {
                if event.get(key).is_some() {
                    kept.insert(key.to_owned(), nothing);
                }
            }
        } else if event.get("sender").is_some() {
            kept.insert("sender".to_owned(), person);
            kept.insert("text".to_owned(), json!(""));
        } else {
            kept.insert("user".to_owned(), json!(self.alias));
            for key in ["task", "choice"] {
                kept.extend(event.get(key).map(|value| (key.to_owned(), value.clone())));
            }
        }
        Some(Value::Object(kept).to_string())
    }

    /// A value of the core without them. Entries of lists that are theirs go; `None` when there is nothing of them in it.
    pub(super) fn state(&self, json: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(json).ok()?;
        self.walk("", &mut value, true).then(|| value.to_string())
    }

    /// A plain text without them.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        let mut masked = text.to_owned();
        self.mask(&mut masked).then_some(masked)
    }

    fn is_them(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => *text == self.user,
            Value::Number(number) => number.to_string() == self.user,
            _ => false,
        }
    }

    /// Whether anything was changed. `key`: under which the value stands. `drop`: what is theirs in a list goes, instead of being
    /// left empty.
    fn walk(&self, key: &str, value: &mut Value, drop: bool) -> bool {
        match value {
            Value::String(text) if *text == self.user => {
                let person = !NO_PERSON.contains(&key);
                if person {
                    text.clone_from(&self.alias);
                }
                person
            }
            Value::String(text) => self.mask(text),
            Value::Array(items) => {
                let before = items.len();
                let ids = items.iter().all(|item| item.is_string() || item.is_number()) && !NO_PERSON.contains(&key);
                let first = |item: &Value| item.get(0).is_some_and(|id| id.is_string() && self.is_them(id));
                items.retain(|item| !(ids && self.is_them(item)) && !(drop && (self.owns(key, item) || first(item))));
                let mut changed = items.len() != before;
                for item in items {
                    changed |= self.walk(key, item, drop);
                }
                changed
            }
            Value::Object(map) => self.walk_object(key, map, drop),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn walk_object(&self, key: &str, map: &mut Map<String, Value>, drop: bool) -> bool {
        let mut changed = false;
        let theirs = self.owns_map(key, map);
        let by = map.get("by").is_some_and(|id| self.is_them(id));
        let gone: &[&str] = if theirs {
            &OF_THEM
        } else if by {
            &BY_THEM
        } else {
            &[]
        };
        for key in gone {
            if let Some(said) = map.get_mut(*key).filter(|said| said.is_string()) {
                *said = json!("");
                changed = true;
            }
        }
        if let Some(content) = map.get_mut("content").filter(|_| theirs) {
            *content = json!([]);
            changed = true;
        }
        let person = PERSONS.contains(&key) && map.get("id").is_some_and(|id| self.is_them(id));
        if let Some(id) = map.get_mut("id").filter(|_| person) {
            *id = json!(self.alias);
            changed = true;
        }
        if let Some(value) = map.remove(&self.user) {
            map.insert(self.alias.clone(), value);
            changed = true;
        }
        for (key, value) in map.iter_mut() {
            if matches!(key.as_str(), "user" | "sender" | "inviter" | "by") && self.is_them(value) {
                *value = json!(self.alias); // a number too
                changed = true;
            } else {
                changed |= self.walk(key, value, drop);
            }
        }
        changed
    }

    /// Whether an object that stands under this key is theirs.
    fn owns(&self, key: &str, value: &Value) -> bool {
        value.as_object().is_some_and(|map| self.owns_map(key, map))
    }

    fn owns_map(&self, key: &str, map: &Map<String, Value>) -> bool {
        let id = |key: &str| {
            map.get(key).is_some_and(|id| self.is_them(id) || id.get("id").is_some_and(|id| self.is_them(id)))
        };
        id("user") || id("sender") || (PERSONS.contains(&key) && map.get("id").is_some_and(|id| self.is_them(id)))
    }

    fn mask(&self, text: &mut String) -> bool {
        let mut changed = false;
        // Who has no name is called by their id.
        let id = Some(&*self.user).filter(|user| user.len() >= SHORTEST_ID);
        for name in self.names().chain(id) {
            if text.contains(name) {
                *text = text.replace(name, MASK);
                changed = true;
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let names = BTreeSet::from(["小王".to_owned()]);
        Redactor { user: "u1".to_owned(), alias: "erased-1".to_owned(), names }
    }

    #[test]
    fn what_is_theirs_goes_and_what_is_others_stays() {
        let rows = [
            (
                r#"{"id":"m-1","type":"message","group":"g1","time":"t","sender":{"id":"u1","name":"小王","role":"member"},"content":[{"type":"text","text":"加微信"}],"quote":{"sender":"u7","text":"…"},"extra":1}"#,
                Some(r#"{"group":"g1","id":"m-1","sender":{"id":"erased-1"},"text":"","time":"t","type":"message"}"#),
            ),
            (
                r#"{"id":"m-2","type":"message","sender":{"id":"u2","name":"小李"},"quote":{"message":"m-1","sender":"u1","text":"加微信"},"content":[{"type":"mention","user":"u1","name":"小王"},{"type":"text","text":"@小王 别发了"}]}"#,
                Some(
                    r#"{"content":[{"name":"","type":"mention","user":"erased-1"},{"text":"@＊ 别发了","type":"text"}],"id":"m-2","quote":{"message":"m-1","sender":"erased-1","text":""},"sender":{"id":"u2","name":"小李"},"type":"message"}"#,
                ),
            ),
            (r#"{"id":"m-3","type":"message","sender":{"id":"u11","name":"小张"},"text":"u1 是什么"}"#, None),
            (
                r#"{"id":"e-1","type":"member_joined","members":[{"id":"u1","name":"小王"},{"id":"u2","name":"小李"}],"inviter":"u1"}"#,
                Some(
                    r#"{"id":"e-1","inviter":"erased-1","members":[{"id":"erased-1","name":""},{"id":"u2","name":"小李"}],"type":"member_joined"}"#,
                ),
            ),
            (
                r#"{"id":"e-2","type":"member_renamed","group":"g1","member":{"id":"u1","name":"小王八"}}"#,
                Some(r#"{"group":"g1","id":"e-2","member":{"id":"erased-1"},"type":"member_renamed"}"#),
            ),
            (
                r#"{"id":"e-3","type":"button","group":"g1","user":"u1","task":"a-1","choice":"removed"}"#,
                Some(r#"{"choice":"removed","group":"g1","id":"e-3","task":"a-1","type":"button","user":"erased-1"}"#),
            ),
            ("no JSON at all: u1", None),
        ];
        for (before, after) in rows {
            let redacted = redactor().event(before);
            let same = |a: &str, b: &str| {
                serde_json::from_str::<Value>(a).unwrap() == serde_json::from_str::<Value>(b).unwrap()
            };
            match (&redacted, after) {
                (None, None) => {}
                (Some(redacted), Some(after)) if same(redacted, after) => {}
                _ => panic!("{before}\n{redacted:?}\n{after:?}"),
            }
        }
    }

    /// A case, a message or a group may be called as they are.
    #[test]
    fn what_only_looks_like_their_id_stays() {
        let mut one = redactor();
        one.user = "5".to_owned();
        let action = r#"{"id":"5","group":"5","what":{"Private":{"user":"6","text":"第 5 条"}},"cause":{"case":"5","event":"5"}}"#;
        assert_eq!(one.state(action), None);
        let theirs = r#"{"id":"5","group":"5","what":{"Private":{"user":"5","text":"第 5 条"}},"cause":{"case":"5","user":"5"}}"#;
        let expected = r#"{"cause":{"case":"5","user":"erased-1"},"group":"5","id":"5","what":{"Private":{"text":"","user":"erased-1"}}}"#;
        let redacted: Value = serde_json::from_str(&one.state(theirs).unwrap()).unwrap();
        assert_eq!(redacted, serde_json::from_str::<Value>(expected).unwrap());
        let event = r#"{"id":"5","type":"message","group":"5","sender":{"id":"6","name":"小李"},"text":"你好"}"#;
        assert_eq!(one.event(event), None);
    }

    #[test]
    fn an_id_that_is_a_number_is_found_too() {
        let mut one = redactor();
        one.user = "1001".to_owned();
        let redacted =
            one.event(r#"{"id":7,"type":"message","sender":{"id":1001,"name":"小王"},"text":"你好"}"#).unwrap();
        assert!(!redacted.contains("1001") && !redacted.contains("你好"), "{redacted}");
        let quoted = one
            .event(r#"{"id":8,"type":"message","sender":{"id":3},"text":"?","quote":{"sender":1001,"text":"你好"}}"#);
        let quoted = quoted.unwrap();
        assert!(!quoted.contains("1001") && !quoted.contains("你好") && quoted.contains('?'), "{quoted}");
    }

    #[test]
    fn entries_of_lists_that_are_theirs_go_from_state() {
        let one = redactor();
        let before = r#"{"waiting":[{"user":"u1","name":"小王"},{"user":"u2","name":"小李"}],"mentions":["u1","u3"],"notifies":[["u1",1]],"x":{"u1":2}}"#;
        let after = one.state(before).unwrap();
        let expected =
            r#"{"waiting":[{"user":"u2","name":"小李"}],"mentions":["u3"],"notifies":[],"x":{"erased-1":2}}"#;
        assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), serde_json::from_str::<Value>(expected).unwrap());
    }
}
