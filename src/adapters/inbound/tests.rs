use super::*;
use crate::domain::event::Kind;

const NOW: Timestamp = Timestamp(1_795_312_800_000);

fn event(id: &str, more: &str) -> String {
    format!(r#"{{"id":"{id}","type":"message","group":"g","sender":{{"id":"u"}},"text":"t"{more}}}"#)
}

fn take(body: impl AsRef<[u8]>) -> Result<Batch, Unreadable> {
    read(body.as_ref(), &Arc::from("example"), NOW, 3)
}

#[test]
fn each_event_is_kept_as_it_came() {
    let one = event("a", r#", "platform":"wecom","x":{ "y" : [1, 2 ] },"emoji":"\ud83d\ude00""#);
    let two = event("b", "");
    let rows = [
        (one.clone(), vec![&one]),
        (format!(" \r\n{one}\t"), vec![&one]),
        (format!("[{one}]"), vec![&one]),
        (format!("[ {one} ,\n{two}]"), vec![&one, &two]),
    ];
    for (body, expected) in rows {
        let batch = take(&body).expect(&body);
        assert_eq!(batch.events.iter().map(|event| &*event.raw).collect::<Vec<_>>(), expected, "{body}");
        assert!(batch.events.iter().all(|event| &*event.event.platform == "example"), "{body}");
    }
}

#[test]
fn a_time_that_is_missing_or_ahead_becomes_the_arrival() {
    let rows = [
        ("", NOW, Some(NOW), 0),
        (r#","time":null"#, NOW, Some(NOW), 0),
        (r#","time":"2026-11-22T10:05:00+08:00""#, NOW.plus(AHEAD), None, 0),
        (r#","time":"2026-11-22T10:05:00.001+08:00""#, NOW, Some(NOW), 1),
        (r#","time":"2999-01-01T00:00:00Z""#, NOW, Some(NOW), 1),
        (r#","time":"1999-12-31T23:59:59Z""#, Timestamp(946_684_799_000), None, 0),
    ];
    for (field, time, given, ahead) in rows {
        let batch = take(event("a", field)).expect(field);
        let got = batch.events.first().expect("one");
        assert_eq!((got.event.time, got.given_time, batch.ahead), (Some(time), given, ahead), "{field}");
    }
}

#[test]
fn what_is_wrong_is_said_with_field_and_index() {
    let (a, b) = (event("a", ""), event("b", ""));
    let no_sender = r#"{"id":"x","type":"message","group":"g","sender":{},"text":"t"}"#;
    let wrong_type = event("x", r#","content":[{"type":"text","text":1}]"#);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let (sender, text) = (Some("sender.id"), Some("content[0].text"));
    type Row<'a> = (Vec<u8>, &'a str, Option<&'a str>, Option<usize>);
    let rows: [Row<'_>; 22] = [
        (b"{\"id\":\"\xff\"}".to_vec(), "the body is not UTF-8: the byte at 7 is wrong", None, None),
        (b"".to_vec(), "the body is neither an event nor an array of events", None, None),
        (b"\"text\"".to_vec(), "the body is neither an event nor an array of events", None, None),
        (b"null".to_vec(), "the body is neither an event nor an array of events", None, None),
        (b"[]".to_vec(), "the array holds no event", None, None),
        (b"[ ]".to_vec(), "the array holds no event", None, None),
        (format!("[{a},{a},{a},{a}]").into(), "more than 3 events in one request", None, None),
        (format!("[{a},{b}").into(), "EOF while parsing a list", None, Some(2)),
        (format!("[{a},}}]").into(), "expected value", None, Some(1)),
        (format!("[{a}] x").into(), "trailing characters", None, Some(1)),
        (format!("{a}{b}").into(), "trailing characters", None, None),
        (b"{\"id\":".to_vec(), "EOF while parsing a value", None, None),
        (b"[1]".to_vec(), "is not a JSON object", None, Some(0)),
        (format!("[{a},[{b}]]").into(), "is not a JSON object", None, Some(1)),
        (no_sender.into(), "sender.id: is missing", sender, None),
        (format!("[{a},{no_sender}]").into(), "sender.id: is missing", sender, Some(1)),
        (wrong_type.clone().into(), "content[0].text: must be a string, not a number", text, None),
        (format!("[{wrong_type}]").into(), "content[0].text: must be a string, not a number", text, Some(0)),
        (event("a", r#","x":"\udc00""#).into(), "lone leading surrogate in hex escape", None, None),
        (event("a", r#","x":"\ud83d!""#).into(), "unexpected end of hex escape", None, None),
        (event("a", &format!(r#","x":{deep}"#)).into(), "recursion limit exceeded", None, None),
        (deep.clone().into(), "recursion limit exceeded", None, Some(0)),
    ];
    for (body, error, field, index) in rows {
        let expected = Unreadable { error: error.to_owned(), field: field.map(str::to_owned), index };
        let mut got = take(&body).expect_err(error);
        if let Some(position) = got.error.find(" at line 1 column ") {
            got.error.truncate(position); // where exactly is serde_json's business
        }
        assert_eq!(got, expected, "{}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn nesting_without_end_overflows_nothing() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(300_000);
        assert!(take(&deep).is_err());
        assert!(take(event("a", &format!(r#","x":{deep}"#))).is_err());
        assert!(take(event("a", &format!(r#","content":{deep}"#))).is_err());
    }
}

#[test]
fn many_brackets_that_are_not_deep_are_fine() {
    let flat = format!("[{}1]", "[],".repeat(500));
    assert!(take(event("a", &format!(r#","x":{flat}"#))).is_ok());
}

#[test]
fn an_unknown_type_is_taken() {
    let batch = take(r#"{"id":"w","type":"weather","sender":"sky"}"#).expect("unknown types are stored");
    assert_eq!(batch.events.first().expect("one").event.kind, Kind::Other("weather".into()));
}

#[test]
fn the_error_is_json_without_empty_fields() {
    let error = take(b"[]").expect_err("empty");
    assert_eq!(serde_json::to_string(&error).expect("strings"), r#"{"error":"the array holds no event"}"#);
}

#[test]
fn one_event_is_read_as_a_body_of_one_is() {
    let json = event("a", r#","time":"2999-01-01T00:00:00Z""#);
    let got = one(&json, &Arc::from("example"), NOW).expect("it is sound");
    assert_eq!(vec![got], take(&json).expect("it is sound").events);
    assert!(one("[]", &Arc::from("example"), NOW).is_err());
}
