//! Reads what a bot says came of the actions it fetched: `{"done":["a-…"],"failed":[{"id":"a-…","error":"…","final":true}]}`.

use serde_json::Value;

use crate::adapters::inbound::Unreadable;
use crate::domain::action::ActionId;
use crate::ports::Reply;

/// Actions of one request.
const MOST: usize = 1000;
/// Of a bot's reason, so many characters are kept.
const LONGEST_ERROR: usize = 300;

/// What a bot says of one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// Which.
    pub id: ActionId,
    /// What came of it.
    pub reply: Reply,
}

/// Reads one request.
///
/// # Errors
/// The field that is wrong, and which of its list.
pub fn read(body: &[u8]) -> Result<Vec<Ack>, Unreadable> {
    let mut value: Value =
        serde_json::from_slice(body).map_err(|error| wrong(format!("the body is not JSON: {error}"), None, None))?;
    let Some(said) = value.as_object_mut() else {
        return Err(wrong(r#"the body must be an object: {"done":[…],"failed":[…]}"#.to_owned(), None, None));
    };
    let mut acks = Vec::new();
    for (field, one) in [("done", done as fn(Value) -> Option<Ack>), ("failed", failed)] {
        let list = match said.remove(field) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong(format!("`{field}` must be an array"), Some(field), None)),
        };
        for (at, value) in list.into_iter().enumerate() {
            let needs = if field == "done" {
                r#"an action's id, or {"id":"a-…","message":"…"}"#
            } else {
                r#"{"id":"a-…","error":"…","final":true}"#
            };
            let ack = one(value).filter(|ack| !ack.id.is_empty());
            acks.push(ack.ok_or_else(|| wrong(format!("`{field}[{at}]` must be {needs}"), Some(field), Some(at)))?);
        }
    }
    if acks.len() > MOST {
        return Err(wrong(format!("`done` and `failed` name more than {MOST} actions"), Some("done"), None));
    }
    Ok(acks)
}

fn done(value: Value) -> Option<Ack> {
    let (id, message) = match value {
        Value::String(id) => (id, None),
        Value::Object(mut fields) => match (fields.remove("id")?, fields.remove("message")) {
            (Value::String(id), None | Some(Value::Null)) => (id, None),
            (Value::String(id), Some(Value::String(message))) => (id, Some(message).filter(|one| !one.is_empty())),
            (Value::String(id), Some(Value::Number(message))) => (id, Some(message.to_string())),
            _ => return None,
        },
        _ => return None,
    };
    Some(Ack { id: id.into(), reply: Reply::Done { message } })
}

fn failed(value: Value) -> Option<Ack> {
    let Value::Object(mut fields) = value else { return None };
    let Value::String(id) = fields.remove("id")? else { return None };
    let error = match fields.remove("error") {
        None | Some(Value::Null) => "the bot says it failed".to_owned(),
        Some(Value::String(error)) => error.chars().take(LONGEST_ERROR).collect(),
        Some(_) => return None,
    };
    let reply = match fields.remove("final") {
        Some(Value::Bool(true)) => Reply::Refused { error },
        None | Some(Value::Null | Value::Bool(false)) => Reply::Retry { after: None, error },
        Some(_) => return None,
    };
    Some(Ack { id: id.into(), reply })
}

fn wrong(error: String, field: Option<&str>, index: Option<usize>) -> Unreadable {
    Unreadable { error, field: field.map(str::to_owned), index }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_bot_says_is_read() {
        let body = r#"{"done":["a-1",{"id":"a-2","message":"m-5"},{"id":"a-3","message":7},{"id":"a-4"}],
                       "failed":[{"id":"a-5","error":"no such member","final":true},{"id":"a-6"}],"more":1}"#;
        let said: Vec<(String, Reply)> =
            read(body.as_bytes()).unwrap().into_iter().map(|ack| (ack.id.to_string(), ack.reply)).collect();
        let done = |message: Option<&str>| Reply::Done { message: message.map(str::to_owned) };
        let expected = [
            ("a-1", done(None)),
            ("a-2", done(Some("m-5"))),
            ("a-3", done(Some("7"))),
            ("a-4", done(None)),
            ("a-5", Reply::Refused { error: "no such member".to_owned() }),
            ("a-6", Reply::Retry { after: None, error: "the bot says it failed".to_owned() }),
        ];
        assert_eq!(said, expected.map(|(id, reply)| (id.to_owned(), reply)));
        assert_eq!(read(b"{}"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many = format!(r#"{{"done":[{}]}}"#, vec![r#""a""#; MOST + 1].join(","));
        let rows = [
            ("", "the body is not JSON", None, None),
            ("[]", "the body must be an object", None, None),
            (r#"{"done":"a-1"}"#, "`done` must be an array", Some("done"), None),
            (r#"{"done":["a-1",2]}"#, "`done[1]` must be an action's id", Some("done"), Some(1)),
            (r#"{"done":[""]}"#, "`done[0]`", Some("done"), Some(0)),
            (r#"{"done":[{"id":"a-1","message":[]}]}"#, "`done[0]`", Some("done"), Some(0)),
            (r#"{"failed":["a-1"]}"#, "`failed[0]` must be {\"id\"", Some("failed"), Some(0)),
            (r#"{"failed":[{"id":"a","final":"yes"}]}"#, "`failed[0]`", Some("failed"), Some(0)),
            (&many, "more than 1000 actions", Some("done"), None),
        ];
        for (body, error, field, index) in rows {
            let unreadable = read(body.as_bytes()).unwrap_err();
            assert!(unreadable.error.contains(error), "{body}: {unreadable:?}");
            assert_eq!((unreadable.field.as_deref(), unreadable.index), (field, index), "{body}");
        }
    }
}
