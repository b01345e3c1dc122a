use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::adapters::inbound;
use crate::adapters::wecom::archive::page::Sealed;
use crate::domain::event::{Event, Kind, Segment};

const AT: i64 = 1_700_000_000_123;

fn reader() -> Reader {
    Reader { names: Names::new([("群卫".to_owned(), "bot".to_owned())]), ..Reader::default() }
}

fn opened(message: &Value) -> Opened {
    Opened { seq: 7, msgid: "outer".to_owned(), message: Ok(message.to_string().into_bytes()) }
}

fn read_by(reader: &Reader, message: &Value) -> Value {
    match reader.read(&opened(message)) {
        Read::Event { json, .. } => {
            // Whatever comes out is an event that the intake takes.
            inbound::one(&json, &Arc::from("acme"), Timestamp(AT)).unwrap_or_else(|error| panic!("{error:?}: {json}"));
            serde_json::from_str(&json).expect("JSON")
        }
        Read::Private => panic!("passed over"),
    }
}

fn message(kind: &str, place: &str, content: Value) -> Value {
    let mut message = json!({"msgid": "m1_external", "action": "send", "from": "wmAAA", "tolist": ["zhangsan"],
                             "roomid": "wrRRR", "msgtime": AT, "msgtype": kind});
    message[place] = content;
    message
}

/// The content that a message of this type comes to.
fn content(kind: &str, content: Value) -> Vec<Value> {
    let read = read_by(&reader(), &message(kind, kind, content));
    assert_eq!(
        (&read["id"], &read["group"], &read["type"]),
        (&json!("m1_external"), &json!("wrRRR"), &json!("message"))
    );
    read["content"].as_array().expect("segments").clone()
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[test]
fn a_text_keeps_its_time_its_sender_and_its_mentions() {
    let read = read_by(&reader(), &message("text", "text", json!({"content": "@群卫 我的记录"})));
    let expected = json!({"id": "m1_external", "type": "message", "group": "wrRRR", "time": "2023-11-14T22:13:20.123+00:00",
        "sender": {"id": "wmAAA"}, "content": [{"type": "mention", "user": "bot", "name": "群卫"}, text(" 我的记录")]});
    assert_eq!(read, expected);
    let robot = json!({"from": "wbRRRRRRRRRRRRRRRRRRRRRRRR", "roomid": "r", "msgtype": "text", "text": {"content": "x"}, "msgtime": 0});
    let read = read_by(&reader(), &robot);
    assert_eq!(
        (&read["id"], &read["sender"]),
        (&json!("outer"), &json!({"id": "wbRRRRRRRRRRRRRRRRRRRRRRRR", "role": "bot"}))
    );
    let employee = json!({"from": "wbli", "roomid": "r", "msgtype": "text", "text": {"content": "x"}, "msgtime": 0});
    assert_eq!(read_by(&reader(), &employee)["sender"], json!({"id": "wbli"}), "no robot, only called alike");
    assert_eq!(read.get("time"), None, "no time is better than one of 1970");
}

#[test]
fn every_type_becomes_what_people_see() {
    let image = json!({"md5sum": "abc", "filesize": 9, "sdkfileid": "F"});
    assert_eq!(content("image", image), [json!({"type": "image", "md5sum": "abc", "sdkfileid": "F"})]);
    let voice = json!({"md5sum": "abc", "voice_size": 9, "play_length": 3, "sdkfileid": "F"});
    assert_eq!(content("voice", voice), [json!({"type": "voice", "md5sum": "abc", "sdkfileid": "F"})]);
    let video = json!({"md5sum": "abc", "filesize": 9, "play_length": 75, "sdkfileid": "F"});
    assert_eq!(content("video", video), [json!({"type": "video", "seconds": 75, "md5sum": "abc", "sdkfileid": "F"})]);
    let file = json!({"md5sum": "a", "filename": "赚钱", "fileext": "apk", "filesize": 1024, "sdkfileid": "F"});
    let expected = json!({"type": "file", "name": "赚钱.apk", "size": 1024, "md5sum": "a", "sdkfileid": "F"});
    assert_eq!(content("file", file), [expected]);
    let named = json!({"filename": "a.PDF", "fileext": "pdf"});
    assert_eq!(content("file", named)[0]["name"], "a.PDF");
    let emotion = json!({"type": 1, "width": 9, "height": 9, "imagesize": 9, "md5sum": "abc", "sdkfileid": "F"});
    assert_eq!(
        content("emotion", emotion),
        [json!({"type": "image", "wecom": "emotion", "md5sum": "abc", "sdkfileid": "F"})]
    );
    let link = json!({"title": "t", "description": "加微信", "link_url": "https://a.example", "image_url": "u"});
    assert_eq!(
        content("link", link),
        [json!({"type": "link", "url": "https://a.example", "title": "t"}), text("加微信")]
    );
    let weapp = json!({"title": "t", "description": "d", "username": "gh", "displayname": "n"});
    assert_eq!(content("weapp", weapp), [json!({"type": "card", "title": "t\nn\nd"})]);
    assert_eq!(
        content("card", json!({"corpname": "c", "userid": "u"})),
        [json!({"type": "card", "title": "c", "user": "u"})]
    );
    let location = json!({"longitude": 1.5, "latitude": 2.5, "address": "a", "title": "t", "zoom": 15});
    assert_eq!(content("location", location), [json!({"type": "location"}), text("t\n"), text("a")]);
    for kind in ["redpacket", "external_redpacket"] {
        let wish = content(kind, json!({"type": 1, "wish": "w", "totalcnt": 9, "totalamount": 9}));
        assert_eq!(wish, [json!({"type": "red_packet"}), text("w")]);
    }
    let vote = json!({"votetitle": "v", "voteitem": ["one", "two"], "votetype": 101});
    assert_eq!(content("vote", vote), [json!({"type": "vote"}), text("v\n"), text("one\n"), text("two")]);
    let form = json!({"title": "f", "details": [{"id": 1, "ques": "q", "type": "Text"}]});
    assert_eq!(content("collect", form), [json!({"type": "collect"}), text("f\n"), text("q")]);
    assert_eq!(
        content("todo", json!({"title": "t", "content": "c"})),
        [json!({"type": "todo"}), text("t\n"), text("c")]
    );
}

#[test]
fn types_whose_content_stands_under_another_name() {
    let reader = reader();
    let read = |kind, place, content| read_by(&reader, &message(kind, place, content))["content"].clone();
    assert_eq!(read("markdown", "info", json!({"content": "# x"})), json!([text("# x")]));
    let doc = json!({"title": "d", "link_url": "https://doc.example", "doc_creator": "u"});
    assert_eq!(read("docmsg", "doc", doc), json!([{"type": "link", "url": "https://doc.example", "title": "d"}]));
    let news =
        json!({"item": [{"title": "a", "description": "b", "url": "https://n.example", "picurl": ""}, {"title": "c"}]});
    let expected =
        json!([{"type": "link", "url": "https://n.example", "title": "a"}, text("b"), {"type": "card", "title": "c"}]);
    assert_eq!(read("news", "info", news), expected);
}

#[test]
fn forwarded_records_are_read_to_their_innermost_text() {
    let inner = json!({"title": "内", "item": [
        {"type": "ChatRecordText", "msgtime": 1, "content": json!({"content": "加微信 abc"}).to_string()}]});
    let record = json!({"title": "外", "item": [
        {"type": "ChatRecordText", "msgtime": 1, "content": json!({"content": "/禁言"}).to_string(), "from_chatroom": false},
        {"type": "ChatRecordImage", "content": json!({"md5sum": "a"}).to_string()},
        {"type": "ChatRecord", "content": inner.to_string()},
        {"type": "ChatRecordText", "content": "no JSON"},
        {"type": "ChatRecordWonder", "content": json!({"x": 1}).to_string()},
        {"type": "ChatRecordText"}, 5]});
    let expected = [
        json!({"type": "chatrecord"}),
        text("外\n"),
        text("/禁言"),
        json!({"type": "image", "md5sum": "a"}),
        json!({"type": "chatrecord"}),
        text("内\n"),
        text("加微信 abc\n"),
        text("no JSON"),
        json!({"type": "wonder", "raw": "{\"x\":1}"}),
        json!({"type": "wecom.text", "raw": "{\"type\":\"ChatRecordText\"}"}),
    ];
    assert_eq!(content("chatrecord", record), expected);
    let mixed = json!({"item": [{"type": "text", "content": json!({"content": "看"}).to_string()},
                                {"type": "image", "content": json!({"md5sum": "a"}).to_string()}]});
    assert_eq!(content("mixed", mixed), [text("看"), json!({"type": "image", "md5sum": "a"})]);
}

#[test]
fn what_is_beyond_the_limits_is_left_out_and_said() {
    let said = |text: &str| json!({"type": "ChatRecordText", "content": json!({"content": text}).to_string()});
    let mut record = json!({"title": "", "item": [said("deep")]});
    for _ in 0..20 {
        record = json!({"title": "", "item": [{"type": "chatrecord", "content": record.to_string()}]});
    }
    let deep = content("chatrecord", record);
    assert_eq!(deep.len(), 9 + 1, "{deep:?}");
    assert_eq!(deep.last(), Some(&json!({"type": "cut", "too_deep": 1, "items": 0, "bytes": 0})));

    let many: Vec<Value> = (0..600).map(|_| said("x")).collect();
    let many = content("chatrecord", json!({"title": "", "item": many}));
    assert_eq!(many.last(), Some(&json!({"type": "cut", "too_deep": 0, "items": 101, "bytes": 0})));

    let long = content("text", json!({"content": "长".repeat(40_000)}));
    let kept = (64 << 10) / 3;
    assert_eq!(long[0]["text"].as_str().map(|text| text.chars().count()), Some(kept));
    assert_eq!(long[1], json!({"type": "cut", "too_deep": 0, "items": 0, "bytes": 120_000 - 3 * kept}));
}

#[test]
fn a_recall_names_the_message_that_was_recalled() {
    let recall = json!({"msgid": "m2", "action": "recall", "from": "wmAAA", "tolist": [], "roomid": "wrRRR", "msgtime": AT,
                        "msgtype": "revoke", "revoke": {"pre_msgid": "m1_external"}});
    let json = read_by(&reader(), &recall).to_string();
    let event = Event::parse(&json).expect("an event");
    assert_eq!((&*event.group, event.kind), ("wrRRR", Kind::Recalled { message: "m1_external".into() }));
}

#[test]
fn what_is_unknown_is_kept_raw_and_not_judged() {
    let wonder = message("wonder", "wonder", json!({"x": [1, 2]}));
    let read = read_by(&reader(), &wonder);
    assert_eq!(read["content"], json!([{"type": "wonder", "raw": "{\"x\":[1,2]}"}]));
    let Kind::Message(said) = Event::parse(&read.to_string()).expect("an event").kind else { panic!("a message") };
    assert_eq!(said.content, [Segment::Other("wonder".into())]);

    for (kind, event) in [("agree", "wecom.agree"), ("disagree", "wecom.disagree")] {
        let read = read_by(&reader(), &message(kind, kind, json!({"userid": "wmA", "agree_time": AT})));
        assert_eq!(read["type"], event);
        assert!(read["content"][0]["raw"].as_str().is_some_and(|raw| raw.contains("wmA")), "{read}");
    }
    let switch = json!({"msgid": "m3", "action": "switch", "time": AT, "user": "zhangsan"});
    let expected =
        json!({"id": "m3", "type": "wecom.switch", "time": "2023-11-14T22:13:20.123+00:00", "user": "zhangsan"});
    assert_eq!(read_by(&reader(), &switch), expected);
}

#[test]
fn what_cannot_be_read_becomes_an_event_that_holds_it() {
    let broken = [
        Ok(b"{".to_vec()),
        Ok(b"\xff\xfe".to_vec()),
        Ok(b"[1]".to_vec()),
        Ok(json!({"roomid": "r", "msgtype": "text"}).to_string().into_bytes()),
        Ok(json!({"from": "a", "roomid": "r", "msgtype": "revoke", "revoke": {}}).to_string().into_bytes()),
        Ok(json!({"from": "a", "roomid": "r", "action": "dance"}).to_string().into_bytes()),
        Err(Sealed { why: "10008".to_owned(), raw: "{\"seq\":7}".to_owned() }),
    ];
    for message in broken {
        let opened = Opened { seq: 7, msgid: String::new(), message };
        let Read::Event { json, raw, .. } = reader().read(&opened) else { panic!("passed over") };
        let event = inbound::one(&json, &Arc::from("acme"), Timestamp(AT)).expect("an event").event;
        assert!(raw && event.kind == Kind::Other("wecom.unread".into()) && !event.id.is_empty(), "{json}");
    }
    let large = Opened { seq: 7, msgid: "m".to_owned(), message: Ok("长".repeat(40_000).into_bytes()) };
    let Read::Event { json, .. } = reader().read(&large) else { panic!("passed over") };
    let event: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((event["raw"].as_str().map(str::len), &event["raw_bytes"]), (Some(32_766), &json!(120_000)));
}

#[test]
fn messages_between_two_people_are_passed_over_unless_they_are_wanted() {
    let mut private = message("text", "text", json!({"content": "hello"}));
    private["roomid"] = json!("");
    assert_eq!(reader().read(&opened(&private)), Read::Private);
    let kept = read_by(&Reader { private: Private::Keep, ..reader() }, &private);
    assert_eq!((&kept["type"], kept.get("group")), (&json!("wecom.private"), None));
}

#[test]
fn wrong_kinds_in_every_field_are_no_panic() {
    let values = [json!(null), json!(5), json!(-1.5), json!("x"), json!([]), json!([[]]), json!({}), json!(true)];
    let kinds = [
        "text",
        "image",
        "voice",
        "video",
        "file",
        "link",
        "weapp",
        "card",
        "location",
        "emotion",
        "redpacket",
        "chatrecord",
        "mixed",
        "markdown",
        "docmsg",
        "news",
        "revoke",
        "vote",
        "collect",
        "todo",
        "",
    ];
    for kind in kinds {
        let place = match kind {
            "markdown" | "news" => "info",
            "docmsg" => "doc",
            other => other,
        };
        for value in &values {
            event_json(message(kind, place, value.clone()).to_string().as_bytes());
            for field in ["msgid", "action", "from", "roomid", "msgtime", "msgtype"] {
                let mut message = message(kind, place, json!({}));
                message[field] = value.clone();
                event_json(message.to_string().as_bytes());
            }
            for field in [
                "content",
                "title",
                "item",
                "link_url",
                "filename",
                "fileext",
                "play_length",
                "filesize",
                "votetitle",
                "voteitem",
                "details",
                "pre_msgid",
                "userid",
                "md5sum",
            ] {
                let message = message(kind, place, json!({field: value}));
                if let Some(json) = event_json(message.to_string().as_bytes()) {
                    Event::parse(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
                }
            }
        }
    }
}
