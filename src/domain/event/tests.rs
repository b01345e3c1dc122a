use super::*;

fn error(json: &str) -> String {
    match Event::parse(json) {
        Err(malformed) => malformed.to_string(),
        Ok(event) => panic!("{json} was read as {event:?}"),
    }
}

/// A message with these further fields.
fn with(fields: &str) -> String {
    format!(r#"{{"id":"m","type":"message","group":"g","sender":{{"id":"u"}},{fields}}}"#)
}

fn text(text: &str) -> Segment {
    Segment::Text(text.into())
}

#[test]
fn the_message_of_the_interface_is_read_whole() {
    let json = r#"{"id":"m-1001","type":"message","platform":"wecom","group":"g1","time":"2026-11-22T10:00:00+08:00",
        "sender":{"id":"u1","name":"小王","role":"admin"},"quote":{"message":"m-990","sender":"u7","text":"…"},
        "content":[{"type":"text","text":"加微信 \u0061bc"},{"type":"mention","user":7,"name":"小李"},
        {"type":"image","url":"https://a"},{"type":"link","url":"https://b","title":"t"},{"type":"voice","text":"v"},
        {"type":"video","seconds":75.5},{"type":"file","name":"a.apk","size":1048576},{"type":"card","title":"小程序"},
        {"type":"red_packet"},{"type":"location","text":{"lat":1},"name":[2]}]}"#;
    let event = Event::parse(json).expect("it is the interface's");
    assert_eq!((&*event.id, &*event.platform, &*event.group), ("m-1001", "wecom", "g1"));
    assert_eq!(event.time, Some(Timestamp(1_795_312_800_000)));
    let Kind::Message(message) = event.kind else { panic!("not a message: {:?}", event.kind) };
    assert_eq!(message.sender, Person { id: "u1".into(), name: "小王".into(), role: Some(Role::Admin) });
    let expected = [
        text("加微信 abc"),
        Segment::Mention { user: "7".into(), name: "小李".into() },
        Segment::Image { url: Some("https://a".into()) },
        Segment::Link { url: "https://b".into(), title: Some("t".into()) },
        Segment::Voice { text: Some("v".into()) },
        Segment::Video { seconds: Some(75) },
        Segment::File { name: Some("a.apk".into()), size: Some(1_048_576) },
        Segment::Card { title: Some("小程序".into()) },
        Segment::RedPacket,
        Segment::Other("location".into()),
    ];
    assert_eq!(message.content, expected);
    assert_eq!(message.original().chars().count(), 7 + 9);
}

#[test]
fn every_type_is_read() {
    let rest = r#""id":"e","group":"g","sender":{"id":"u"},"text":"t","message":"m","members":[{"id":1}],
        "member":{"id":"v"},"inviter":"i","channel":"c","reason":"quit","user":"w","task":"k","choice":"yes","name":"buy""#;
    let person = |id: &str| Person { id: id.into(), ..Person::default() };
    let message = || Message { sender: person("u"), content: vec![text("t")], ..Message::default() };
    let rows = [
        ("message", Kind::Message(message())),
        ("message_edited", Kind::Edited { message: "m".into(), now: message() }),
        ("message_recalled", Kind::Recalled { message: "m".into() }),
        ("private_message", Kind::Private(message())),
        (
            "member_joined",
            Kind::Joined { members: vec![person("1")], inviter: Some("i".into()), channel: Some("c".into()) },
        ),
        ("member_left", Kind::Left { members: vec![person("1")], reason: Some("quit".into()) }),
        ("member_renamed", Kind::Renamed { member: person("v") }),
        ("group_updated", Kind::GroupUpdated { name: Some("buy".into()), archive: None }),
        ("join_request", Kind::JoinRequest { member: person("v"), answer: None, inviter: Some("i".into()) }),
        ("button", Kind::Button { user: "w".into(), task: "k".into(), choice: "yes".into() }),
        ("track", Kind::Track { member: person("v"), name: "buy".into() }),
        ("weather", Kind::Other("weather".into())),
    ];
    for (kind, expected) in rows {
        let event = Event::parse(&format!(r#"{{"type":"{kind}",{rest}}}"#)).expect(kind);
        assert_eq!(event.kind, expected);
        assert_eq!((&*event.platform, &*event.group, event.time), ("bridge", "g", None), "{kind}");
    }
}

#[test]
fn what_may_be_absent_or_null_may() {
    for fields in
        [r#""text":"t""#, r#""text":"t","content":null,"time":null,"name":null"#, r#""content":[],"text":"t""#]
    {
        let event = Event::parse(&with(fields)).expect(fields);
        let Kind::Message(message) = event.kind else { panic!("{fields}") };
        assert_eq!(message.content, [text("t")], "{fields}");
    }
    let private = r#"{"id":-5,"type":"private_message","sender":{"id":9},"text":""}"#;
    let event = Event::parse(private).expect(private);
    assert_eq!((&*event.id, &*event.group), ("-5", ""));
}

#[test]
fn nothing_but_id_and_time_is_asked_of_an_unknown_type() {
    let json = r#"{"id":"x","type":"weather","group":["g"],"text":5,"content":"wet","sender":"sky","members":{}}"#;
    let event = Event::parse(json).expect("its fields may be anything");
    assert_eq!((event.kind, &*event.group), (Kind::Other("weather".into()), ""));
    assert_eq!(error(r#"{"type":"weather"}"#), "id: is missing");
}

#[test]
fn the_field_that_is_wrong_is_named() {
    let rows = [
        (r#"{"type":"message"}"#.to_owned(), "id: is missing"),
        (r#"{"id":"","type":"message"}"#.to_owned(), "id: is empty"),
        (
            r#"{"id":1.5,"type":"message"}"#.to_owned(),
            "id: must be a string or an integer, not a number with a fraction",
        ),
        (r#"{"id":{"a":[1]},"type":"message"}"#.to_owned(), "id: must be a string or an integer, not an object"),
        (r#"{"id":"m"}"#.to_owned(), "type: is missing"),
        (r#"{"id":"m","type":7}"#.to_owned(), "type: must be a string, not a number"),
        (r#"{"id":"m","type":"message","sender":{"id":"u"},"text":"t"}"#.to_owned(), "group: is missing"),
        (r#"{"id":"m","type":"message","group":"g","text":"t"}"#.to_owned(), "sender: is missing"),
        (
            r#"{"id":"m","type":"message","group":"g","sender":"u","text":"t"}"#.to_owned(),
            "sender: must be an object, not a string",
        ),
        (r#"{"id":"m","type":"message","group":"g","sender":{},"text":"t"}"#.to_owned(), "sender.id: is missing"),
        (
            r#"{"id":"m","type":"message","group":"g","sender":{"id":"u","role":"boss"},"text":"t"}"#.to_owned(),
            "sender.role: `boss` is none of owner, admin, member, bot",
        ),
        (
            r#"{"id":"m","type":"message","group":"g","sender":{"id":"u","name":[]},"text":"t"}"#.to_owned(),
            "sender.name: must be a string, not an array",
        ),
        (with(r#""x":1"#), "content: is missing (and so is text)"),
        (with(r#""text":false"#), "text: must be a string, not true or false"),
        (with(r#""content":"t""#), "content: must be an array, not a string"),
        (with(r#""content":{"type":"text"}"#), "content: must be an array, not an object"),
        (with(r#""content":[{"type":"red_packet"},"t"]"#), "content[1]: must be an object, not a string"),
        (with(r#""content":[{"text":"t"}]"#), "content[0].type: is missing"),
        (with(r#""content":[{"type":"text"}]"#), "content[0].text: is missing"),
        (with(r#""content":[{"type":"text","text":5}]"#), "content[0].text: must be a string, not a number"),
        (with(r#""content":[{"type":"mention"}]"#), "content[0].user: is missing"),
        (with(r#""content":[{"type":"video","seconds":"75"}]"#), "content[0].seconds: must be a number, not a string"),
        (with(r#""content":[{"type":"file","size":[]}]"#), "content[0].size: must be a number, not an array"),
        (
            with(r#""text":"t","time":"yesterday""#),
            "time: `yesterday` is not RFC 3339 with an offset, such as 2026-11-22T10:00:00+08:00",
        ),
        (with(r#""text":"t","time":1795312800"#), "time: must be a string, not a number"),
        (with(r#""text":"t","id":"again""#), "duplicate field `id`"),
        (r#"{"id":"e","type":"member_left","group":"g"}"#.to_owned(), "members: is missing"),
        (
            r#"{"id":"e","type":"member_left","group":"g","members":[{"id":"u"},{"name":"n"}]}"#.to_owned(),
            "members[1].id: is missing",
        ),
        (
            r#"{"id":"e","type":"member_left","group":"g","members":[5]}"#.to_owned(),
            "members[0]: must be an object, not a number",
        ),
        (r#"{"id":"e","type":"button","group":"g","user":"u","task":"t"}"#.to_owned(), "choice: is missing"),
        (r#"{"id":"e","type":"track","group":"g","member":{"id":"u"}}"#.to_owned(), "name: is missing"),
        (format!(r#"{{"id":"{}","type":"x"}}"#, "长".repeat(171)), "id: is longer than 512 bytes"),
        ("[]".to_owned(), "is not a JSON object"),
        ("加微信".to_owned(), "is not a JSON object"),
        (r#"{"id":"m""#.to_owned(), "EOF while parsing an object"),
        (with(r#""text":"\ud800""#), "unexpected end of hex escape"),
        (with(r#""text":"t"}"#), "trailing characters"),
    ];
    for (json, expected) in rows {
        let got = error(&json);
        // Where exactly is serde_json's business.
        assert_eq!(got.split(" at line 1 column ").next(), Some(expected), "{json}");
    }
}

#[test]
fn an_object_inside_an_object_without_end_is_an_error_and_no_overflow() {
    for (open, close) in [("[", "]"), (r#"{"content":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(Event::parse(&with(&format!(r#""content":{deep}"#))).is_err());
    }
}

#[test]
fn scan_asks_for_words_only() {
    let Scanned { id, group, message, .. } =
        Event::parse_for_scan(r#"{"id":17,"text":"加薇"}"#).expect("the short form");
    assert_eq!((id.as_deref(), group, message.content), (Some("17"), None, vec![text("加薇")]));
    let whole = r#"{"group":"g","sender":{"name":"小王"},"content":[{"type":"text","text":"a"}]}"#;
    let Scanned { id, group, message, .. } = Event::parse_for_scan(whole).expect("a message");
    assert_eq!((id, group.as_deref(), &*message.sender.name), (None, Some("g"), "小王"));
    let error = Event::parse_for_scan(r#"{"id":"x"}"#).expect_err("nothing to read");
    assert_eq!(error.to_string(), "text: is missing (and so is content)");
}
