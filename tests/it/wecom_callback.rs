//! WeCom's callbacks over HTTP, before the whole daemon: what is answered, what is stored, what is done.

use std::time::Duration;

use qunwei::adapters::wecom::callback::Hint;
use qunwei::adapters::wecom::crypt::Crypt;
use qunwei::app::intake::Intake;
use qunwei::web::hooks::Switch;
use qunwei::web::wecom::{Limits, Network, Sources};
use serde_json::{Value, json};

use crate::fake_wecom::{Address, Attempt, Format, Manner, Script, percent};
use crate::support::corp::{APP, CORP, CUSTOMER, Corp, KEY, ONCE, OTHER_KEY, ROBOT, TOKEN};
use crate::support::dice::Dice;
use crate::support::faulty::Fault;
use crate::support::{World, until};

const SECOND: Duration = Duration::from_secs(1);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// Not what is waited for where it matters, and soon over where nothing can come.
const SHORT: Duration = Duration::from_millis(150);

fn hasty(limits: &mut Limits) {
    limits.deadline = SHORT;
}

/// The first step of the ladder, and nothing else, was taken.
async fn warned(corp: &Corp) {
    let kinds = corp.world.next_kinds(2).await;
    assert!(kinds.contains(&("private".to_owned(), "warn_private".to_owned())), "{kinds:?}");
}

fn join(corp: &Corp, detail: &str, more: &str) -> String {
    format!(
        "<xml><ToUserName>{CORP}</ToUserName><FromUserName>sys</FromUserName><CreateTime>{}</CreateTime><MsgType>event</MsgType>\
         <Event>change_external_chat</Event><ChatId>g1</ChatId><ChangeType>update</ChangeType>\
         <UpdateDetail>{detail}</UpdateDetail>{more}<LastMemVer>1</LastMemVer><CurMemVer>2</CurMemVer></xml>",
        corp.seconds()
    )
}

#[tokio::test]
async fn an_address_is_verified_at_once_even_while_nothing_can_be_stored() {
    let corp = Corp::new().await;
    corp.world.faults.set([Fault::Full]);
    for name in [APP, CUSTOMER, ROBOT] {
        corp.address(name).verify(&corp.client).await.expect(name);
        let wrong = Address { token: "other".to_owned(), ..corp.address(name) };
        assert!(wrong.verify(&corp.client).await.unwrap_err().contains("Answered(401"), "{name}");
        let wrong = Address { aes_key: OTHER_KEY.to_owned(), ..corp.address(name) };
        assert!(wrong.verify(&corp.client).await.unwrap_err().contains("Answered(403"), "{name}");
        let wrong = Address { receiveid: "wwOTHER".to_owned(), ..corp.address(name) };
        assert!(wrong.verify(&corp.client).await.unwrap_err().contains("Answered(403"), "{name}");
        let bare = corp.client.get(&corp.address(name).url).send().await.unwrap();
        assert_eq!(bare.status(), 400, "{name}");
    }
    corp.world.faults.set([]);
}

#[tokio::test]
async fn the_samples_of_the_documents_are_answered() {
    let corp = Corp::new().await;
    let echostr = percent("P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==");
    let url = format!(
        "{}?msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr={echostr}",
        corp.address(APP).url
    );
    let answer = corp.client.get(url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "1616140317555161061"));
}

#[tokio::test]
async fn what_comes_in_is_durable_judged_and_answered_with_an_empty_200() {
    let corp = Corp::new().await;
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await, (200, String::new()));
    let events = corp.journal();
    assert_eq!((&events[0]["id"], &events[0]["type"]), (&json!("aibot:M1"), &json!("message")), "durable by then");
    warned(&corp).await;
    assert_eq!(corp.post(APP, &corp.written(7, "我的记录")).await, (200, String::new()));
    assert_eq!(corp.world.next_kinds(1).await, [("private".to_owned(), "command".to_owned())]);
    let app_json = Address { format: Format::AppJson, ..corp.address(APP) };
    let plain = json!({"FromUserName": "8", "CreateTime": corp.seconds(), "MsgType": "event", "Event": "enter_agent"});
    assert!(app_json.post(&corp.client, ONCE, &plain.to_string()).await.accepted());
    let text = corp.metrics.text();
    for (door, count) in [(APP, 2), (ROBOT, 1)] {
        let counted = format!("qunwei_requests_total{{bridge=\"{door}\",status=\"200\"}} {count}\n");
        assert!(text.contains(&counted), "{counted}: {text}");
    }
    corp.world.finish().await;
}

#[tokio::test]
async fn a_change_of_a_group_is_an_event_and_a_hint() {
    let corp = Corp::new().await;
    let list = "<MemChangeList><Item>wm1</Item></MemChangeList>";
    let left = join(&corp, "del_member", &format!("<QuitScene>1</QuitScene>{list}"));
    assert_eq!(corp.post(CUSTOMER, &left).await.0, 200);
    let notify = format!(
        "<xml><MsgType>event</MsgType><Event>msgaudit_notify</Event><CreateTime>{}</CreateTime></xml>",
        corp.seconds()
    );
    assert_eq!(corp.post(APP, &notify).await.0, 200);
    let group = Hint::Group { chat: "g1".into(), last: Some("1".into()), cur: Some("2".into()) };
    assert_eq!(*corp.hints.lock().unwrap(), [group, Hint::Archive]);
    let events = corp.journal();
    assert_eq!((events.len(), &events[0]["type"], &events[0]["reason"]), (1, &json!("member_left"), &json!("removed")));
    corp.replace(|door| hasty(&mut door.limits));
    corp.world.faults.set([Fault::Full]);
    assert_eq!(corp.post(CUSTOMER, &join(&corp, "add_member", list)).await.0, 503);
    assert_eq!(corp.hints.lock().unwrap().len(), 2, "no hint of what may come again");
    corp.world.faults.set([]);
}

#[tokio::test]
async fn what_comes_again_counts_once_however_it_is_sent() {
    let corp = Corp::new().await;
    let message = corp.spoken("M1", SPAM);
    let address = corp.address(ROBOT);
    let sealed = address.seal(&message);
    for _ in 0..3 {
        let Attempt::Answered(200, _, body) = address.send(&corp.client, ONCE.patience, &sealed).await else {
            panic!("the same bytes again are taken for what they are")
        };
        assert_eq!(body, "");
    }
    assert_eq!(corp.post(ROBOT, &message).await.0, 200, "sealed anew");
    let five = (0..5).map(|_| corp.post(ROBOT, &message));
    assert!(futures_util::future::join_all(five).await.iter().all(|answer| answer.0 == 200), "at once");
    assert_eq!(corp.ids(), ["aibot:M1"]);
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn dropped_duplicated_and_out_of_order() {
    let corp = Corp::new().await;
    let messages: Vec<String> = (0..8).map(|at| corp.spoken(&format!("M{at}"), &format!("第 {at} 句"))).collect();
    let script = Script { dropped: vec![2], duplicated: vec![1, 5], swapped: vec![(0, 7), (3, 4)] };
    let outcomes = corp.address(ROBOT).post_all(&corp.client, ONCE, &script, &messages).await;
    assert_eq!(outcomes.iter().map(|outcome| outcome.statuses()).collect::<Vec<_>>(), vec![vec![200]; 9]);
    assert_eq!(corp.ids(), ["7", "1", "4", "3", "5", "6", "0"].map(|at| format!("aibot:M{at}")));
}

#[tokio::test]
async fn what_cannot_be_stored_is_held_until_it_can() {
    let corp = Corp::with(|door| door.limits.deadline = Duration::from_secs(19)).await;
    corp.world.faults.set([Fault::Full]);
    let message = corp.spoken("M1", SPAM);
    let posting = corp.post(ROBOT, &message);
    let mending = async {
        until("it was tried", || (corp.world.faults.failed() > 0).then_some(())).await;
        corp.world.faults.set([]);
        corp.world.turn(SECOND);
    };
    let (answered, ()) = tokio::join!(posting, mending);
    assert_eq!(answered, (200, String::new()), "in the first post");
    assert_eq!(corp.ids(), ["aibot:M1"]);
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_stored_in_time_is_asked_for_again_and_taken_once() {
    for fault in [Fault::Full, Fault::Lies] {
        let corp = Corp::with(|door| hasty(&mut door.limits)).await;
        corp.world.faults.set([fault.clone()]);
        let message = corp.spoken("M1", SPAM);
        let (status, body) = corp.post(ROBOT, &message).await;
        assert_eq!((status, body.contains("send it again")), (503, true), "{fault:?}: {body}");
        corp.world.faults.set([]);
        corp.world.turn(SECOND);
        let manner = Manner { anew: true, pause: Duration::from_millis(20), tries: 500, ..ONCE };
        assert!(corp.deliver(ROBOT, manner, &message).await.accepted(), "{fault:?}");
        assert_eq!(corp.ids(), ["aibot:M1"], "{fault:?}");
        warned(&corp).await;
        corp.world.finish().await;
    }
}

#[tokio::test]
async fn a_commit_that_takes_too_long_is_answered_503() {
    let world = World::new().await;
    let (nobody, full) = (Intake::new(100), Intake::new(10));
    let corp = Corp::before(world, nobody.clone(), |door| hasty(&mut door.limits)).await;
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await.0, 503);
    assert_eq!(nobody.depth(), 1, "it may become durable yet");
    let corp = Corp::before(World::new().await, full.clone(), |door| hasty(&mut door.limits)).await;
    for _ in 0..9 {
        let post = corp.post(ROBOT, &corp.spoken("M1", SPAM)).await;
        assert_eq!(post.0, 503);
    }
    let (status, body) = corp.post(ROBOT, &corp.spoken("M2", SPAM)).await;
    assert_eq!((status, body.contains("too many")), (503, true), "{body}");
    assert!(corp.metrics.text().contains("qunwei_shed_total{what=\"intake\"} "));
}

#[tokio::test]
async fn who_does_not_know_the_token_changes_nothing() {
    let corp = Corp::with(|door| door.limits.window = Some(Duration::from_secs(300))).await;
    let (address, message) = (corp.address(ROBOT), corp.spoken("M1", SPAM));
    let now = corp.seconds();
    let sealed = |at: i64| address.seal_with(message.as_bytes(), [7; 16], &at.to_string(), "n1");
    let sound = sealed(now);
    let forged = Address { token: "guessed".to_owned(), ..address.clone() };
    let mut tampered = sound.clone();
    tampered.body = sound.body.replacen("A", "B", 1);
    let mut rows = vec![(forged.seal_with(message.as_bytes(), [7; 16], &now.to_string(), "n1"), 401), (tampered, 401)];
    for (part, other) in
        [("nonce=n1", "nonce=n2"), ("timestamp=1", "timestamp=2"), ("msg_signature=", "msg_signature=0")]
    {
        let mut one = sound.clone();
        one.query = one.query.replace(part, other);
        rows.push((one, 401));
    }
    for part in ["nonce", "timestamp", "msg_signature"] {
        let mut one = sound.clone();
        one.query = one.query.replace(part, "x");
        rows.push((one, 400));
    }
    rows.extend([(sealed(now - 301), 401), (sealed(now + 301), 401)]);
    let other_key = Address { aes_key: OTHER_KEY.to_owned(), ..address.clone() };
    let other_corp = Address { receiveid: CORP.to_owned(), ..address.clone() };
    let mut told = Vec::new();
    for (one, expected) in [(other_key, 403), (other_corp, 403)] {
        rows.push((one.seal_with(message.as_bytes(), [7; 16], &now.to_string(), "n1"), expected));
    }
    for (sealed, expected) in rows {
        let Attempt::Answered(status, _, body) = address.send(&corp.client, ONCE.patience, &sealed).await else {
            panic!("an answer")
        };
        assert_eq!(status, expected, "{sealed:?}: {body}");
        if status == 403 {
            told.push(body);
        }
    }
    assert!(told.len() == 2 && told[0] == told[1], "nobody can tell them apart: {told:?}");
    assert_eq!(corp.ids(), Vec::<String>::new(), "nothing was stored");
    let Attempt::Answered(200, ..) = address.send(&corp.client, ONCE.patience, &sound).await else {
        panic!("a sound one is taken")
    };
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn whatever_is_posted_gets_an_answer_and_the_next_good_one_is_taken() {
    let corp = Corp::with(|door| door.limits.max_bytes = 4096).await;
    let mut dice = Dice::new(20_261_126);
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "hello",
        "{}",
        "[]",
        "null",
        "{\"encrypt\":",
        "{\"encrypt\":{}}",
        "{\"encrypt\":\"\"}",
        "<xml>",
        "<xml/>",
        "<xml></y>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><xml><Encrypt>&b;</Encrypt></xml>",
        "\u{feff}<xml><Encrypt></Encrypt></xml>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(b"<xml><Encrypt>\xff</Encrypt></xml>".to_vec());
    bodies.push("<a>".repeat(1300).into_bytes());
    bodies.push(format!("{{\"encrypt\":{}", "[".repeat(3000)).into_bytes());
    for _ in 0..50 {
        bodies.push((0..dice.below(600)).map(|_| dice.roll().to_le_bytes()[0]).collect());
    }
    for name in [APP, CUSTOMER, ROBOT] {
        let query = corp.address(name).seal("x").query;
        for body in &bodies {
            for query in [&*query, "", "msg_signature=%&timestamp=%zz&nonce"] {
                let url = format!("{}?{query}", corp.address(name).url);
                let answer = corp.client.post(url).body(body.clone()).send().await.unwrap();
                assert!([400, 401].contains(&answer.status().as_u16()), "{} {body:?}", answer.status());
            }
        }
        let large = corp.client.post(&corp.address(name).url).body(vec![b'<'; 5000]).send().await.unwrap();
        assert_eq!(large.status(), 413);
    }
    assert_eq!(corp.ids(), Vec::<String>::new());
    // What is signed is kept, whatever it is, and is not asked for again.
    let plains = ["", "hello", "<xml>", "{\"msgtype\":1}", "\u{0}", "<xml><MsgType>text</MsgType></xml>"];
    for plain in plains {
        assert_eq!(corp.post(APP, plain).await, (200, String::new()), "{plain}");
    }
    let long =
        format!("<xml><MsgType>text</MsgType><FromUserName>{}</FromUserName><MsgId>1</MsgId></xml>", "u".repeat(600));
    assert_eq!(corp.post(APP, &long).await.0, 200, "an id that is longer than any");
    let kinds: Vec<Value> = corp.journal().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, vec![json!("wecom.unread"); plains.len() + 1]);
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await.0, 200);
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn addresses_that_there_are_not_and_that_are_off() {
    let corp = Corp::new().await;
    let message = corp.written(1, "早");
    let at = |path: &str| Address { url: format!("{}{path}", corp.base), ..corp.address(APP) };
    for (path, expected) in [
        ("/hooks/wecom/corp/app/guard", 200),
        ("/hooks/wecom/corp/app/%67uard", 200),
        ("/hooks/wecom/corp/app/other", 404),
        ("/hooks/wecom/corp/app/", 404),
        ("/hooks/wecom/corp", 404),
        ("/hooks/wecom/", 404),
        ("/hooks/wecom/corp/app/%ff", 404),
        ("/elsewhere", 404),
    ] {
        assert_eq!(at(path).post(&corp.client, ONCE, &message).await.statuses(), [expected], "{path}");
    }
    let put = corp.client.put(&corp.address(APP).url).send().await.unwrap();
    assert_eq!((put.status().as_u16(), &put.headers()["allow"]), (405, &"GET, POST".parse().unwrap()));
    corp.replace(|door| door.state = Switch::Off("QUNWEI_WECOM_TOKEN is not set".to_owned()));
    let (status, body) = corp.post(APP, &message).await;
    assert_eq!((status, body.contains("QUNWEI_WECOM_TOKEN")), (503, true), "{body}");
}

#[tokio::test]
async fn a_key_can_be_changed_while_both_are_in_use() {
    let corp = Corp::new().await;
    let (old, new) = (corp.address(APP), Address { aes_key: OTHER_KEY.to_owned(), ..corp.address(APP) });
    let keys = |keys: &[&str]| keys.iter().map(|key| Crypt::new(TOKEN, key, CORP).unwrap()).collect::<Vec<_>>();
    for (known, expected) in [(&[KEY][..], [200, 403]), (&[OTHER_KEY, KEY], [200, 200]), (&[OTHER_KEY], [403, 200])] {
        corp.replace(|door| door.keys = keys(known));
        for (address, expected) in [&old, &new].into_iter().zip(expected) {
            assert_eq!(
                address.post(&corp.client, ONCE, &corp.written(1, "早")).await.statuses(),
                [expected],
                "{known:?}"
            );
        }
    }
}

#[tokio::test]
async fn only_who_comes_from_an_allowed_address_is_heard() {
    let corp = Corp::new().await;
    let message = corp.written(1, "早");
    assert_eq!(corp.post(APP, &message).await.0, 200);
    let networks = |texts: &[&str]| texts.iter().map(|text| Network::parse(text).unwrap()).collect::<Vec<_>>();
    let from = |texts: &[&str], header: bool| {
        let header = header.then(|| axum::http::HeaderName::from_static("x-forwarded-for"));
        Some(Sources { networks: networks(texts), header })
    };
    corp.replace(|door| door.sources = from(&["127.0.0.0/8"], false));
    // Connections from before are made anew: nobody asked then whence they come.
    let manner = Manner { tries: 20, ..ONCE };
    let outcome = corp.deliver(APP, manner, &message).await;
    assert!(outcome.accepted() && outcome.statuses().len() < 20, "{outcome:?}");
    corp.replace(|door| door.sources = from(&["101.91.0.0/16", "::1"], false));
    assert_eq!(corp.post(APP, &message).await.0, 403);
    assert!(corp.address(APP).verify(&corp.client).await.unwrap_err().contains("403"));
    corp.replace(|door| door.sources = from(&["101.91.0.0/16"], true));
    let address = corp.address(APP);
    let sealed = address.seal(&message);
    for (header, expected) in
        [("101.91.40.7", 200), ("101.91.40.7, 8.8.8.8", 403), ("8.8.8.8,101.91.40.7", 200), ("?", 403)]
    {
        let request = corp.client.post(format!("{}?{}", address.url, sealed.query)).body(sealed.body.clone());
        let status = request.header("x-forwarded-for", header).send().await.unwrap().status();
        assert_eq!(status.as_u16(), expected, "{header}");
    }
}
