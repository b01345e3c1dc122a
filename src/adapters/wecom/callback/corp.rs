//! What apps and customer contact are told (WeCom's documents 90239, 90240, 92130): XML or JSON with the same names.

use serde_json::{Value, json};

use super::write::{Click, Event, hashed};
use super::{Hint, Reading};
use crate::adapters::wecom::tree::Node;
use crate::adapters::wecom::xml;

/// What ids of messages and events begin with.
pub(super) const PREFIX: &str = "app:";

/// What is decrypted, read; `None` for what is not even a message or an event.
pub(super) fn read(plain: &[u8]) -> Option<Reading> {
    let text = std::str::from_utf8(plain).ok()?;
    if text.trim_ascii_start().starts_with('{') {
        let json: Value = serde_json::from_str(text).ok()?;
        return reading(&Node::of_json(&json).ok()?);
    }
    reading(&xml::parse(text).ok()?)
}

fn reading(root: &Node<'_>) -> Option<Reading> {
    let kind = root.word("MsgType");
    // A third-party app is told the same with `InfoType` in place of both.
    let name = if kind == Some("event") { root.word("Event") } else { root.word("InfoType") };
    let events = |event: Event| Reading { events: vec![event.json()], ..Reading::default() };
    match (name, kind) {
        (Some("change_external_chat"), _) => group_changed(root),
        (Some("msgaudit_notify"), _) => Some(Reading { hints: vec![Hint::Archive], ..Reading::default() }),
        (Some(name @ ("template_card_event" | "template_card_menu_event")), _) => {
            clicked(root).or_else(|| other(root, name)).map(events)
        }
        (Some(name), _) => other(root, name).map(events),
        (None, Some(kind)) if kind != "event" => said(root, kind).map(events),
        (None, _) => None,
    }
}

/// Somebody wrote to an app alone; more an app does not see (90235).
fn said(root: &Node<'_>, kind: &str) -> Option<Event> {
    let user = root.word("FromUserName")?;
    let time = root.word("CreateTime");
    let id = match root.word("MsgId") {
        Some(id) => format!("{PREFIX}{id}"),
        None => hashed(PREFIX, &[user, time.unwrap_or_default(), &root.json().to_string()]),
    };
    let event = Event::new(id, "private_message").at(time).from(user).maybe("agent", root.word("AgentID"));
    Some(match kind {
        "text" => event.with("text", root.text("Content").unwrap_or_default()),
        kind => event.with("content", json!([segment(root, kind)])),
    })
}

/// A message that is not text, as the one segment it is.
fn segment(root: &Node<'_>, kind: &str) -> Value {
    let text = |name: &str| root.text(name);
    match kind {
        "image" => json!({"type": "image", "url": text("PicUrl"), "media": text("MediaId")}),
        "voice" => json!({"type": "voice", "text": text("Recognition"), "media": text("MediaId")}),
        "video" => json!({"type": "video", "media": text("MediaId")}),
        "file" => json!({"type": "file", "name": text("FileName").or(text("Title")), "media": text("MediaId")}),
        "link" => json!({"type": "link", "url": text("Url").unwrap_or_default(), "title": text("Title"),
                         "description": text("Description")}),
        // Kept, not judged: WeCom has many, and new ones now and then.
        kind => json!({"type": kind, "fields": root.json()}),
    }
}

/// A button of a card was pressed (90240).
fn clicked(root: &Node<'_>) -> Option<Event> {
    let click = Click {
        task: root.word("TaskId")?,
        user: root.word("FromUserName")?,
        choice: root.word("EventKey")?,
        time: root.word("CreateTime"),
        chat: root.word("ChatId"),
    };
    let selected = root.child("SelectedItems").map(Node::json);
    // With the code the card can be changed for everyone, once, within 72 hours (94888).
    let code = root.word("ResponseCode");
    Some(click.event()?.maybe("response_code", code).maybe("agent", root.word("AgentID")).maybe("selected", selected))
}

/// An event of which nothing is made: stored as it is.
fn other(root: &Node<'_>, name: &str) -> Option<Event> {
    let time = root.word("CreateTime").or(root.word("TimeStamp"));
    let id = match root.word("MsgId") {
        Some(id) => format!("{PREFIX}{id}"),
        None => hashed(PREFIX, &[&root.json().to_string()]),
    };
    let event = Event::own(id, name).at(time).maybe("user", root.word("FromUserName"));
    Some(event.maybe("group", root.word("ChatId")).with("fields", root.json()))
}

/// A customer group is not what it was (92130). Who did it is not told, nor what anybody is called.
fn group_changed(root: &Node<'_>) -> Option<Reading> {
    let chat = root.word("ChatId")?;
    let time = root.word("CreateTime").or(root.word("TimeStamp"));
    let (change, detail) = (root.word("ChangeType").unwrap_or_default(), root.word("UpdateDetail").unwrap_or_default());
    let (last, cur) = (root.word("LastMemVer"), root.word("CurMemVer"));
    let members = changed_members(root);
    let id = || {
        let (time, members, cur) = (time.unwrap_or_default(), members.join(","), cur.unwrap_or_default());
        hashed("cg:", &[chat, time, change, detail, &members, cur])
    };
    let people: Value = members.iter().map(|member| json!({ "id": member })).collect();
    let event = match (change, detail) {
        ("update", "add_member") if !members.is_empty() => {
            Event::new(id(), "member_joined").with("members", people).maybe("join_scene", root.word("JoinScene"))
        }
        ("update", "del_member") if !members.is_empty() => {
            let reason = match root.word("QuitScene") {
                Some("0") => Some("quit"),
                Some("1") => Some("removed"),
                _ => None,
            };
            Event::new(id(), "member_left").with("members", people).maybe("reason", reason)
        }
        // Without its members a change says as much as the hint does: the group must be fetched.
        ("update", detail) => {
            Event::own(id(), if detail.is_empty() { "update" } else { detail }).with("fields", root.json())
        }
        ("create", _) => Event::own(id(), "create").with("fields", root.json()),
        ("dismiss", _) => Event::own(id(), "dismiss").with("fields", root.json()),
        (change, _) => Event::own(id(), change).with("fields", root.json()),
    };
    let hint = Hint::Group { chat: chat.into(), last: last.map(Into::into), cur: cur.map(Into::into) };
    let events = vec![event.at(time).with("group", chat).json()];
    Some(Reading { events, hints: vec![hint], reply_to: None })
}

/// Who came or went: `<Item>` elements, or, as it was before, their ids with commas between them; in JSON an array as well.
fn changed_members<'n>(root: &'n Node<'_>) -> Vec<&'n str> {
    let lists = root.all("MemChangeList");
    let texts = lists.flat_map(|list| std::iter::once(list).chain(list.all("Item"))).map(|node| &*node.text);
    texts.flat_map(|text| text.split(',')).map(str::trim).filter(|id| !id.is_empty()).collect()
}
