use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::robot::Robot;
use super::*;
use crate::adapters::inbound;
use crate::domain::event::{Event, Kind, Segment};
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp(1_795_312_800_000);

/// Every event as the daemon's reader takes it.
fn events(channel: &Channel, plain: &str) -> Vec<Event> {
    let reading = channel.read(plain.as_bytes());
    assert_eq!(reading, channel.read(plain.as_bytes()), "the same callback gives the same bytes");
    let read =
        |json: &String| inbound::one(json, &Arc::from("corp"), NOW).unwrap_or_else(|why| panic!("{why:?}: {json}"));
    reading.events.iter().map(|json| read(json).event).collect()
}

fn event(channel: &Channel, plain: &str) -> Event {
    let mut events = events(channel, plain);
    assert_eq!(events.len(), 1, "{plain}");
    events.remove(0)
}

/// The one event as it is written.
fn written(channel: &Channel, plain: &str) -> Value {
    let reading = channel.read(plain.as_bytes());
    serde_json::from_str(reading.events.first().expect("one")).expect("JSON")
}

fn xml(fields: &[(&str, &str)]) -> String {
    let fields: String = fields.iter().map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>")).collect();
    format!("<xml><ToUserName><![CDATA[ww1]]></ToUserName>{fields}</xml>")
}

/// The same in the other format.
fn as_json(fields: &[(&str, &str)]) -> String {
    let mut object = json!({"ToUserName": "ww1"});
    for (name, text) in fields {
        let number = matches!(*name, "CreateTime" | "MsgId" | "AgentID").then(|| text.parse::<i64>().ok()).flatten();
        object[*name] = number.map_or_else(|| json!(text), |number| json!(number));
    }
    object.to_string()
}

fn robot(name: Option<&str>) -> Channel {
    let groups = [("wrBOT".into(), "wrGROUP".into())].into();
    Channel::Robot(Robot { name: name.map(Into::into), user: Some("qunwei".into()), groups, ..Robot::default() })
}

/// What somebody said in a group, as text with mentions in brackets.
fn heard(channel: &Channel, text: &str) -> String {
    let body = json!({"msgid": "M1", "aibotid": "AIB", "chatid": "wr1", "chattype": "group", "from": {"userid": "zs"},
                      "msgtype": "text", "text": {"content": text}});
    let Event { kind: Kind::Message(message), .. } = event(channel, &body.to_string()) else { panic!("a message") };
    let shown = |segment: &Segment| match segment {
        Segment::Text(text) => text.to_string(),
        Segment::Mention { user, name } => format!("[{user} {name}]"),
        other => format!("{other:?}"),
    };
    message.content.iter().map(shown).collect::<Vec<_>>().join("|")
}

#[test]
fn what_is_written_to_an_app_is_a_private_message_in_both_formats() {
    let head =
        [("FromUserName", "zs"), ("CreateTime", "1409659813"), ("MsgId", "4561255354251345929"), ("AgentID", "218")];
    type Row<'a> = (&'a [(&'a str, &'a str)], Segment);
    let rows: [Row<'_>; 7] = [
        (&[("MsgType", "text"), ("Content", " <早> & \n")], Segment::Text(" <早> & \n".into())),
        (
            &[("MsgType", "image"), ("PicUrl", "https://x/1"), ("MediaId", "m")],
            Segment::Image { url: Some("https://x/1".into()) },
        ),
        (&[("MsgType", "voice"), ("MediaId", "m"), ("Format", "amr")], Segment::Voice { text: None }),
        (&[("MsgType", "video"), ("MediaId", "m")], Segment::Video { seconds: None }),
        (
            &[("MsgType", "link"), ("Title", "t"), ("Url", "https://x/2")],
            Segment::Link { url: "https://x/2".into(), title: Some("t".into()) },
        ),
        (&[("MsgType", "location"), ("Label", "北京"), ("Scale", "16")], Segment::Other("location".into())),
        (&[("MsgType", "hologram")], Segment::Other("hologram".into())),
    ];
    for (fields, expected) in rows {
        let fields = [&head[..], fields].concat();
        for plain in [xml(&fields), as_json(&fields)] {
            let event = event(&Channel::App, &plain);
            assert_eq!((&*event.id, &*event.group), ("app:4561255354251345929", ""), "{plain}");
            assert_eq!(event.time, Some(Timestamp(1_409_659_813_000)));
            let Kind::Private(message) = event.kind else { panic!("{plain}") };
            assert_eq!((&*message.sender.id, message.content), ("zs", vec![expected.clone()]), "{plain}");
            assert_eq!(written(&Channel::App, &plain)["agent"], "218");
        }
    }
}

#[test]
fn the_sample_of_the_documents_says_hello() {
    let plain = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n\
                 <CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n\
                 <MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>";
    assert_eq!(
        written(&Channel::App, plain),
        json!({"id": "app:4561255354251345929", "type": "private_message", "time": "2014-09-02T12:10:13+00:00",
               "sender": {"id": "mycreate"}, "text": "hello", "agent": "218"})
    );
}

#[test]
fn events_that_mean_nothing_here_are_kept() {
    let head = [("FromUserName", "zs"), ("CreateTime", "1409659813"), ("MsgType", "event"), ("AgentID", "218")];
    for name in ["enter_agent", "subscribe", "message", "button", "LOCATION"] {
        let fields = [&head[..], &[("Event", name), ("EventKey", "k")]].concat();
        for plain in [xml(&fields), as_json(&fields)] {
            let event = event(&Channel::App, &plain);
            assert_eq!(event.kind, Kind::Other(format!("wecom.{name}").into()), "never taken for one of ours");
            assert!(event.id.starts_with("app:"), "{}", event.id);
            let written = written(&Channel::App, &plain);
            assert_eq!((&written["user"], &written["fields"]["EventKey"]), (&json!("zs"), &json!("k")));
        }
    }
    let two = ["1", "2"]
        .map(|key| event(&Channel::App, &xml(&[&head[..], &[("Event", "click"), ("EventKey", key)]].concat())).id);
    assert_ne!(two[0], two[1]);
}

#[test]
fn a_click_is_a_button_of_the_task_of_its_group() {
    let head = [
        ("FromUserName", "admin1"),
        ("CreateTime", "1409659813"),
        ("MsgType", "event"),
        ("Event", "template_card_event"),
    ];
    let fields =
        [&head[..], &[("TaskId", "a-2x@wr_1-B"), ("EventKey", "removed"), ("ResponseCode", "rc"), ("AgentID", "1")]]
            .concat();
    let expected = Kind::Button { user: "admin1".into(), task: "a-2x".into(), choice: "removed".into() };
    for plain in [xml(&fields), as_json(&fields)] {
        let event = event(&Channel::App, &plain);
        assert_eq!((&*event.group, &event.kind), ("wr_1-B", &expected));
        assert!(event.id.starts_with("click:"));
        let written = written(&Channel::App, &plain);
        assert_eq!((&written["response_code"], &written["agent"]), (&json!("rc"), &json!("1")));
    }
    let ids: Vec<_> = [
        ("FromUserName", "admin2"),
        ("CreateTime", "1409659814"),
        ("TaskId", "a-2y@wr_1-B"),
        ("EventKey", "undo"),
        ("AgentID", "2"),
    ]
    .into_iter()
    .map(|(name, text)| {
        let changed: Vec<_> = fields.iter().map(|field| if field.0 == name { (name, text) } else { *field }).collect();
        event(&Channel::App, &xml(&changed)).id
    })
    .collect();
    let own = event(&Channel::App, &xml(&fields)).id;
    assert!(ids[..4].iter().all(|id| *id != own) && ids[4] == own, "{own} {ids:?}");
    let foreign = [&head[..], &[("TaskId", "leave-request-7"), ("EventKey", "agree")]].concat();
    assert_eq!(
        event(&Channel::App, &xml(&foreign)).kind,
        Kind::Other("wecom.template_card_event".into()),
        "another bot's card"
    );
}

/// A change of a customer group in XML, with this in place of its list of members.
fn change(detail: &str, scene: &str, list: &str) -> String {
    format!(
        "<xml><ToUserName>ww1</ToUserName><FromUserName>sys</FromUserName><CreateTime>1700000000</CreateTime>\
         <MsgType>event</MsgType><Event>change_external_chat</Event><ChatId>wr1</ChatId><ChangeType>update</ChangeType>\
         <UpdateDetail>{detail}</UpdateDetail>{scene}{list}<LastMemVer>v1</LastMemVer><CurMemVer>v2</CurMemVer></xml>"
    )
}

#[test]
fn members_come_and_go_in_both_forms_of_the_list() {
    let lists = [
        "<MemChangeList><Item>wm1</Item><Item><![CDATA[zs]]></Item></MemChangeList>",
        "<MemChangeList><![CDATA[wm1,zs]]></MemChangeList>",
        "<MemChangeList>\n wm1 , zs ,</MemChangeList>",
    ];
    let hint = Hint::Group { chat: "wr1".into(), last: Some("v1".into()), cur: Some("v2".into()) };
    let mut ids = Vec::new();
    for list in lists {
        let plain = change("add_member", "<JoinScene>3</JoinScene><QuitScene>0</QuitScene>", list);
        let came = event(&Channel::Customer, &plain);
        let Kind::Joined { members, inviter: None, channel: None } = &came.kind else { panic!("{came:?}") };
        assert_eq!(members.iter().map(|one| &*one.id).collect::<Vec<_>>(), ["wm1", "zs"], "{list}");
        assert_eq!((&*came.group, came.time), ("wr1", Some(Timestamp(1_700_000_000_000))));
        assert_eq!(written(&Channel::Customer, &plain)["join_scene"], "3");
        assert_eq!(Channel::Customer.read(plain.as_bytes()).hints, std::slice::from_ref(&hint));
        ids.push(came.id);
        for (scene, expected) in [("0", Some("quit")), ("1", Some("removed")), ("7", None)] {
            let plain = change("del_member", &format!("<QuitScene>{scene}</QuitScene>"), list);
            let Kind::Left { members, reason } = event(&Channel::App, &plain).kind else { panic!("{plain}") };
            assert_eq!((members.len(), reason.as_deref()), (2, expected), "{scene}");
        }
    }
    ids.dedup();
    assert!(ids.len() == 1 && ids[0].starts_with("cg:"), "the form makes no other event: {ids:?}");
    let json = json!({"MsgType": "event", "Event": "change_external_chat", "ChatId": "wr1", "CreateTime": 1_700_000_000,
                      "ChangeType": "update", "UpdateDetail": "add_member", "CurMemVer": "v2", "LastMemVer": "v1",
                      "MemChangeList": ["wm1", "zs"]});
    assert_eq!(event(&Channel::App, &json.to_string()).id, ids[0]);
}

#[test]
fn other_changes_of_a_group_are_kept_and_have_it_fetched() {
    let rows = [
        (change("add_member", "<MemChangeCnt>2</MemChangeCnt>", ""), "wecom.add_member"),
        (change("del_member", "", "<MemChangeList/>"), "wecom.del_member"),
        (change("change_owner", "", ""), "wecom.change_owner"),
        (change("change_name", "", ""), "wecom.change_name"),
        (change("change_notice", "", ""), "wecom.change_notice"),
        (change("", "", ""), "wecom.update"),
        (change("", "", "").replace(">update<", ">create<"), "wecom.create"),
        (change("", "", "").replace(">update<", ">dismiss<"), "wecom.dismiss"),
        (change("", "", "").replace(">update<", ">teleport<"), "wecom.teleport"),
    ];
    let mut ids = Vec::new();
    for (plain, expected) in rows {
        let event = event(&Channel::Customer, &plain);
        assert_eq!((&event.kind, &*event.group), (&Kind::Other(expected.into()), "wr1"));
        assert_eq!(Channel::Customer.read(plain.as_bytes()).hints.len(), 1, "{expected}");
        ids.push(event.id);
    }
    let different: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
}

#[test]
fn news_in_the_archive_is_a_hint_and_no_event() {
    let plain = xml(&[
        ("FromUserName", "sys"),
        ("CreateTime", "1700000000"),
        ("MsgType", "event"),
        ("AgentID", "2000004"),
        ("Event", "msgaudit_notify"),
    ]);
    assert_eq!(Channel::App.read(plain.as_bytes()), Reading { hints: vec![Hint::Archive], ..Reading::default() });
}

#[test]
fn a_robot_hears_its_name_as_a_mention() {
    let named = robot(Some("群 卫"));
    let rows = [
        ("@群 卫 这个链接可以吗", "[qunwei 群 卫]|这个链接可以吗"),
        ("@群 卫\u{2005}/禁言 @小李 1h", "[qunwei 群 卫]|/禁言 @小李 1h"),
        ("@群 卫", "[qunwei 群 卫]"),
        ("@群 卫2 你好 @群 卫 好", "@群 卫2 你好 |[qunwei 群 卫]|好"),
        ("举报 @群 卫", "举报 |[qunwei 群 卫]"),
        ("@新名字 你好", "[qunwei 群 卫]|@新名字 你好"),
        ("", "[qunwei 群 卫]"),
    ];
    for (text, expected) in rows {
        assert_eq!(heard(&named, text), expected, "{text}");
    }
    let nameless = robot(None);
    for (text, expected) in
        [("@群卫 你好 呀", "[qunwei 群卫]|你好 呀"), ("@群卫", "[qunwei 群卫]"), ("你好", "[qunwei ]|你好")]
    {
        assert_eq!(heard(&nameless, text), expected, "{text}");
    }
    assert_eq!(heard(&Channel::Robot(Robot::default()), "@群卫 你好"), "[AIB 群卫]|你好");
}

#[test]
fn what_is_said_to_a_robot() {
    let body = |kind: &str, about: Value, chat: Option<&str>| {
        let mut body = json!({"msgid": "M1", "aibotid": "AIB", "chattype": if chat.is_some() { "group" } else { "single" },
                              "from": {"userid": "zs"}, "response_url": "https://qyapi.weixin.qq.com/x", "msgtype": kind});
        body[kind] = about;
        if let Some(chat) = chat {
            body["chatid"] = json!(chat);
        }
        body.to_string()
    };
    let (channel, url) = (robot(Some("群卫")), "https://x/1");
    let rows = [
        ("text", json!({"content": "@群卫 早"}), vec![Segment::Text("@群卫 早".into())]),
        ("image", json!({"url": url}), vec![Segment::Image { url: Some(url.into()) }]),
        ("voice", json!({"content": "你好"}), vec![Segment::Voice { text: Some("你好".into()) }]),
        ("file", json!({"url": url}), vec![Segment::File { name: None, size: None }]),
        ("video", json!({"url": url}), vec![Segment::Video { seconds: None }]),
        ("hologram", json!({"url": url}), vec![Segment::Other("hologram".into())]),
        (
            "mixed",
            json!({"msg_item": [{"msgtype": "text", "text": {"content": "看"}}, {"msgtype": "image", "image": {"url": url}}]}),
            vec![Segment::Text("看".into()), Segment::Image { url: Some(url.into()) }],
        ),
    ];
    for (kind, about, expected) in rows {
        let private = event(&channel, &body(kind, about.clone(), None));
        assert_eq!((&*private.id, &*private.group, private.time), ("aibot:M1", "", Some(NOW)), "{kind}");
        let Kind::Private(message) = private.kind else { panic!("{kind}") };
        assert_eq!((&*message.sender.id, message.content), ("zs", expected), "{kind}");
        let plain = body(kind, about, Some("wrBOT"));
        let message = event(&channel, &plain);
        assert!(
            matches!(message.kind, Kind::Message(_)) && *message.group == *"wrGROUP",
            "{kind}: by the id it goes by here"
        );
        assert!(
            !written(&channel, &plain).to_string().contains("qyapi"),
            "who has that address can speak for the robot"
        );
    }
    assert_eq!(channel.read(body("stream", json!({"id": "s"}), None).as_bytes()), Reading::default());
}

#[test]
fn a_robot_is_shown_what_a_member_quotes() {
    let mut body = json!({"msgid": "M1", "aibotid": "AIB", "chatid": "wr1", "chattype": "group", "from": {"userid": "zs"},
                          "msgtype": "text", "text": {"content": "@群卫 举报"}});
    let item = json!({"msgtype": "text", "text": {"content": "加我"}});
    let rows = [
        (json!({"msgtype": "text", "text": {"content": "兼职刷单"}}), "兼职刷单"),
        (json!({"msgtype": "voice", "voice": {"content": "你好"}}), "你好"),
        (
            json!({"msgtype": "mixed", "mixed": {"msg_item": [item, {"msgtype": "image", "image": {"url": "u"}}, item]}}),
            "加我加我",
        ),
        (json!({"msgtype": "image", "image": {"url": "https://x/1"}}), ""),
    ];
    for (quote, expected) in rows {
        body["quote"] = quote.clone();
        let Kind::Message(message) = event(&robot(Some("群卫")), &body.to_string()).kind else { panic!("{quote}") };
        let quoted = message.quote.expect("it quotes");
        assert_eq!((&*quoted.text, quoted.message, quoted.sender), (expected, None, None), "{quote}");
    }
    assert_eq!(written(&robot(None), &body.to_string())["quote"]["url"], "https://x/1");
}

#[test]
fn what_happens_to_a_robot() {
    let body = |kind: &str, about: Value| {
        json!({"msgid": "M1", "create_time": 1_700_000_000, "aibotid": "AIB", "chatid": "wr1", "chattype": "group",
               "from": {"userid": "admin1"}, "msgtype": "event", "event": {"eventtype": kind, kind: about}})
    };
    let channel = robot(None);
    let card = json!({"card_type": "button_interaction", "event_key": "removed", "task_id": "a-2x@wrTASK",
                      "selected_items": {"selected_item": [{"question_key": "why", "option_ids": {"option_id": ["spam"]}}]}});
    let spelt_together = json!({"cardtype": "button_interaction", "eventkey": "removed", "taskid": "a-2x@wrTASK"});
    for card in [card, spelt_together] {
        let event = event(&channel, &body("template_card_event", card).to_string());
        assert_eq!(event.kind, Kind::Button { user: "admin1".into(), task: "a-2x".into(), choice: "removed".into() });
        assert_eq!((&*event.group, event.time), ("wrTASK", Some(Timestamp(1_700_000_000_000))));
    }
    let own = json!({"event_key": "k", "task_id": "mod-42"});
    assert_eq!(
        &*event(&channel, &body("template_card_event", own.clone()).to_string()).group,
        "wr1",
        "the group it hangs in"
    );
    let mut single = body("template_card_event", own);
    (single["chattype"], single["chatid"]) = (json!("single"), Value::Null);
    assert_eq!(event(&channel, &single.to_string()).kind, Kind::Other("wecom.template_card_event".into()));
    for (kind, about) in
        [("enter_chat", Value::Null), ("feedback_event", json!({"id": "f", "type": 2, "content": "不对"}))]
    {
        let event = event(&channel, &body(kind, about).to_string());
        assert_eq!((&*event.id, event.kind), ("aibot:M1", Kind::Other(format!("wecom.{kind}").into())));
    }
}

#[test]
fn what_cannot_be_read_is_kept_whole() {
    let plains = [
        "",
        "hello",
        "<xml>",
        "{}",
        "[]",
        "null",
        "<xml/>",
        "{\"MsgType\":\"event\"}",
        "{\"msgtype\":\"text\"}",
        "<xml><MsgType>text</MsgType><Content>早</Content></xml>",
        "<xml><MsgType>event</MsgType><Event>change_external_chat</Event></xml>",
        "{\"msgtype\":\"event\",\"event\":{}}",
        "{\"msgtype\":\"text\",\"from\":{}}",
        "\\ud800",
        "[[[[[",
    ];
    for channel in [Channel::App, Channel::Customer, robot(None)] {
        for plain in plains {
            let event = event(&channel, plain);
            assert_eq!(event.kind, Kind::Other("wecom.unread".into()), "{plain}");
            assert_eq!(written(&channel, plain)["raw"], plain);
        }
        let written = channel.read(&[0xff, b'<']);
        assert!(written.events[0].contains("wecom.unread"));
    }
}

#[test]
fn a_query_is_read_as_it_was_signed() {
    let raw =
        "msg_signature=5c45&timestamp=140%399&nonce=a+b%2Bc&echostr=P9nA%2B%2f%3D%3D+x&echostr=second&empty&x=%zz";
    let query = Query::parse(raw).expect("it is sound");
    let parts = (&*query.signature, &*query.timestamp, &*query.nonce, query.echostr.as_deref());
    assert_eq!(parts, ("5c45", "14099", "a+b+c", Some("P9nA+/==+x")), "a `+` is none of a form's");
    let bare = Query::parse("nonce=&timestamp=1&msg_signature=2").expect("it is sound");
    assert_eq!((&*bare.nonce, bare.echostr), ("", None));
    let long = format!("msg_signature={}&timestamp=1&nonce=2", "x".repeat(5000));
    let rows = [
        ("", BadQuery::Missing("msg_signature")),
        ("msg_signature=1&timestamp=2", BadQuery::Missing("nonce")),
        ("msg_signature=1&nonce=2", BadQuery::Missing("timestamp")),
        ("msg_signature=%", BadQuery::Encoding("msg_signature")),
        ("msg_signature=%4", BadQuery::Encoding("msg_signature")),
        ("msg_signature=%zz", BadQuery::Encoding("msg_signature")),
        ("msg_signature=%+5", BadQuery::Encoding("msg_signature")),
        ("msg_signature=%ff", BadQuery::Encoding("msg_signature")),
        (&long, BadQuery::Encoding("msg_signature")),
    ];
    for (raw, expected) in rows {
        assert_eq!(Query::parse(raw).err(), Some(expected), "{raw:.40}");
    }
}

#[test]
fn envelopes_of_every_kind_are_opened() {
    let rows = [
        (
            "<xml><ToUserName><![CDATA[ww]]></ToUserName><AgentID>1</AgentID><Encrypt><![CDATA[a+/=]]></Encrypt></xml>",
            Format::Xml,
        ),
        ("\u{feff} <xml>\n<Encrypt>\na+/=\n</Encrypt></xml>", Format::Xml),
        (r#"{"encrypt":"a+/="}"#, Format::Json),
        (r#" {"ToUserName":"ww","AgentID":1,"Encrypt":"a+\/="}"#, Format::Json),
    ];
    for (body, format) in rows {
        assert_eq!(envelope(body.as_bytes()), Ok((format, "a+/=".into())), "{body}");
    }
    let rows = [
        ("", BadEnvelope::Neither),
        ("hello", BadEnvelope::Neither),
        ("[]", BadEnvelope::Neither),
        ("{", BadEnvelope::Json),
        ("{}", BadEnvelope::Missing),
        (r#"{"encrypt":1}"#, BadEnvelope::Missing),
        ("<xml><A/></xml>", BadEnvelope::Missing),
        ("<!DOCTYPE a><xml/>", BadEnvelope::Xml(crate::adapters::wecom::xml::BadXml::DocType)),
    ];
    for (body, expected) in rows {
        assert_eq!(envelope(body.as_bytes()), Err(expected), "{body}");
    }
    assert_eq!(envelope(b"\xff"), Err(BadEnvelope::Neither));
}

proptest! {
    #[test]
    fn whatever_is_in_it_becomes_an_event_that_can_be_read(plain: String, names in prop::collection::vec(prop::sample::select(&[
        "MsgType", "Event", "FromUserName", "CreateTime", "MsgId", "Content", "ChatId", "ChangeType", "UpdateDetail", "TaskId", "EventKey",
        "MemChangeList", "MemChangeList", "Item", "SelectedItems",
    ][..]), 0..12), texts in prop::collection::vec(prop_oneof![
        Just("event".to_owned()), Just("text".to_owned()), Just("change_external_chat".to_owned()), Just("update".to_owned()),
        Just("add_member".to_owned()), Just("template_card_event".to_owned()), Just("x@y".to_owned()), "[0-9]{1,30}", "[^\0]{0,600}",
    ], 12)) {
        let fields: Vec<_> = names.iter().zip(&texts).map(|(name, text)| (*name, text.as_str())).collect();
        for plain in [plain, xml(&fields), as_json(&fields)] {
            for channel in [Channel::App, robot(None), robot(Some("群卫"))] {
                for json in channel.read(plain.as_bytes()).events {
                    let read = inbound::one(&json, &Arc::from("corp"), NOW);
                    // An id that is too long is told by the reader; then the callback is kept whole.
                    let kept = inbound::one(&channel.unread(plain.as_bytes()), &Arc::from("corp"), NOW);
                    prop_assert!(read.is_ok() || kept.is_ok(), "{:?}: {}", read, json);
                }
            }
        }
    }
}
