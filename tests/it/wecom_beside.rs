//! Beside an existing bot: the callback address points at Qunwei, and the bot behind it notices no difference.

use std::time::Duration;

use qunwei::web::hooks::Switch;
use qunwei::web::wecom::Forward;

use crate::fake_wecom::{Address, Attempt, Manner};
use crate::support::corp::{APP, Behind, Corp, Got, ONCE, ROBOT, Says};
use crate::support::faulty::Fault;
use crate::support::until;

const SECOND: Duration = Duration::from_secs(1);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";
const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(15);

/// What a bot replies passively: opaque to us.
const REPLY: &str = "<xml><Encrypt><![CDATA[x+/=]]></Encrypt>\r\n</xml>";

async fn beside(bot: &Behind, within: Duration) -> Corp {
    Corp::with(|door| {
        door.forward = Some(bot.forward(within));
        door.limits.deadline = SHORT.max(within.min(SECOND));
    })
    .await
}

async fn warned(corp: &Corp) {
    let kinds = corp.world.next_kinds(2).await;
    assert!(kinds.contains(&("private".to_owned(), "warn_private".to_owned())), "{kinds:?}");
}

fn counted(corp: &Corp, what: &str, door: &str, label: &str) -> u64 {
    let text = corp.metrics.text();
    let name = format!("qunwei_{what}_total{{door=\"{door}\",{label}}} ");
    text.lines().find_map(|line| line.strip_prefix(&*name)).map_or(0, |count| count.parse().unwrap())
}

fn unjudged(corp: &Corp, why: &str) -> u64 {
    counted(corp, "unjudged", ROBOT, &format!("why=\"{why}\""))
}

fn forwarded(corp: &Corp, outcome: &str) -> u64 {
    counted(corp, "forwarded", ROBOT, &format!("outcome=\"{outcome}\""))
}

#[tokio::test]
async fn the_bot_gets_what_came_and_its_answer_goes_back_as_it_is() {
    let bot = Behind::start().await;
    let corp = beside(&bot, LONG).await;
    let address = corp.address(ROBOT);
    for (status, body) in [(200, REPLY), (200, ""), (202, "later"), (302, ""), (500, "oops")] {
        bot.says(Says::Body(status, body.to_owned()));
        let mut sealed = address.seal(&corp.spoken("M1", SPAM));
        sealed.query = format!("a=%2B+%e7%be%a4&{}&b", sealed.query);
        let got = address.send(&corp.client, ONCE.patience, &sealed).await;
        assert_eq!(got, Attempt::Answered(status, "text/xml; charset=gbk".to_owned(), body.to_owned()));
        let expected = Got {
            method: axum::http::Method::POST,
            query: sealed.query.clone(),
            kind: sealed.kind.to_owned(),
            body: sealed.body.clone(),
        };
        assert_eq!(bot.got().pop(), Some(expected), "byte for byte");
    }
    assert_eq!(corp.ids(), ["aibot:M1"], "what the bot had sent again is no news here");
    assert_eq!((forwarded(&corp, "answered"), unjudged(&corp, "store")), (5, 0));
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn a_bot_that_asks_for_it_again_gets_it_again() {
    let bot = Behind::start().await;
    let corp = beside(&bot, LONG).await;
    bot.says(Says::Body(503, String::new()));
    let message = corp.spoken("M1", SPAM);
    let manner = Manner { pause: Duration::from_millis(20), tries: 500, ..ONCE };
    let mending = async {
        until("it was asked twice", || (bot.got().len() >= 2).then_some(())).await;
        bot.says(Says::Body(200, REPLY.to_owned()));
    };
    let (outcome, ()) = tokio::join!(corp.deliver(ROBOT, manner, &message), mending);
    assert!(outcome.accepted() && outcome.body() == REPLY && outcome.statuses()[0] == 503, "{outcome:?}");
    assert_eq!(corp.ids(), ["aibot:M1"]);
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn while_the_bot_is_down_what_comes_is_judged() {
    let corp = Corp::new().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    corp.replace(|door| door.forward = Some(Forward::new(&format!("http://{nobody}/"), LONG, 100).unwrap()));
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await, (200, String::new()));
    assert_eq!(corp.ids(), ["aibot:M1"]);
    assert_eq!(forwarded(&corp, "unreachable"), 1);
    corp.address(ROBOT).verify(&corp.client).await.expect("the address is verified without it");
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn a_bot_that_takes_too_long_or_says_too_much_keeps_nobody_waiting() {
    let bot = Behind::start().await;
    let corp = beside(&bot, SHORT).await;
    bot.says(Says::Nothing);
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await, (200, String::new()));
    assert_eq!(forwarded(&corp, "late"), 1);
    corp.replace(|door| door.forward = Some(bot.forward(LONG)));
    bot.says(Says::Body(200, "x".repeat((1 << 20) + 1)));
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await, (200, String::new()));
    assert_eq!(forwarded(&corp, "too_large"), 1);
    assert_eq!(corp.ids(), ["aibot:M1"]);
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn while_nothing_can_be_stored_the_bot_works_on() {
    let bot = Behind::start().await;
    let corp = beside(&bot, LONG).await;
    bot.says(Says::Body(200, REPLY.to_owned()));
    corp.world.faults.set([Fault::Full]);
    assert_eq!(corp.post(ROBOT, &corp.spoken("M1", SPAM)).await, (200, REPLY.to_owned()));
    assert_eq!((unjudged(&corp, "store"), bot.got().len()), (1, 1));
    corp.world.faults.set([]);
    corp.world.turn(SECOND);
    let manner = Manner { pause: Duration::from_millis(20), tries: 500, ..ONCE };
    until("it is ready", || corp.world.running().health.ready().ok()).await;
    assert!(corp.deliver(ROBOT, manner, &corp.spoken("M2", "早")).await.accepted());
    assert_eq!(corp.ids(), ["aibot:M2"], "what was let through is not in it, and says so in a metric");
}

#[tokio::test]
async fn with_both_down_wecom_is_asked_to_send_again_and_both_get_it() {
    let bot = Behind::start().await;
    let corp = beside(&bot, SHORT).await;
    bot.says(Says::Nothing);
    corp.world.faults.set([Fault::Full]);
    let message = corp.spoken("M1", SPAM);
    assert_eq!(corp.post(ROBOT, &message).await.0, 503);
    corp.world.faults.set([]);
    corp.world.turn(SECOND);
    until("it is ready", || corp.world.running().health.ready().ok()).await;
    bot.says(Says::Body(200, REPLY.to_owned()));
    corp.replace(|door| door.forward = Some(bot.forward(LONG)));
    assert_eq!(corp.post(ROBOT, &message).await, (200, REPLY.to_owned()));
    assert_eq!(corp.ids(), ["aibot:M1"]);
    warned(&corp).await;
    corp.world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_opened_here_is_the_bots_to_refuse() {
    let bot = Behind::start().await;
    let corp = beside(&bot, LONG).await;
    bot.says(Says::Body(200, REPLY.to_owned()));
    let (message, address) = (corp.spoken("M1", SPAM), corp.address(ROBOT));
    let other_token = Address { token: "other".to_owned(), ..address.clone() };
    let other_corp = Address { receiveid: "ww1".to_owned(), ..address.clone() };
    for (address, why) in [(other_token, "signature"), (other_corp, "unreadable")] {
        let outcome = address.post(&corp.client, ONCE, &message).await;
        assert_eq!((outcome.statuses(), outcome.body()), (vec![200], REPLY), "{why}");
        assert_eq!(unjudged(&corp, why), 1, "{why}");
    }
    let garbage = corp.client.post(&address.url).body("garbage").send().await.unwrap();
    assert_eq!((garbage.status().as_u16(), garbage.text().await.unwrap().as_str()), (200, REPLY));
    corp.replace(|door| {
        door.forward = Some(bot.forward(LONG));
        door.state = Switch::Off("QUNWEI_WECOM_TOKEN is not set".to_owned());
    });
    assert_eq!(corp.post(ROBOT, &message).await, (200, REPLY.to_owned()));
    assert_eq!((unjudged(&corp, "off"), bot.got().len()), (1, 4));
    assert_eq!(corp.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_of_the_bot_may_have_a_query_of_its_own() {
    let bot = Behind::start().await;
    let corp = Corp::new().await;
    let forward = Forward::new(&format!("{}?robot=7", bot.url), LONG, 100).unwrap();
    corp.replace(|door| door.forward = Some(forward.clone()));
    let address = corp.address(APP);
    let sealed = address.seal(&corp.written(1, "早"));
    address.send(&corp.client, ONCE.patience, &sealed).await;
    assert_eq!(bot.got()[0].query, format!("robot=7&{}", sealed.query));
    assert_eq!(format!("{forward:?}"), "Forward(…)", "addresses may hold tokens");
}

/// Answers one request on each connection, keeps it open, and hangs up on the next.
async fn forgetful() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let heard = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counting = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counting = counting.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 1 << 16];
                for answer in [&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..], b""] {
                    if stream.read(&mut request).await.unwrap_or(0) > 0 {
                        counting.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        stream.write_all(answer).await.ok();
                    }
                }
            });
        }
    });
    (url, heard)
}

#[tokio::test]
async fn a_connection_that_the_bot_closes_costs_it_no_callback() {
    let (url, heard) = forgetful().await;
    let corp = Corp::with(|door| door.forward = Some(Forward::new(&url, LONG, 100).unwrap())).await;
    for at in 0..3 {
        assert_eq!(corp.post(ROBOT, &corp.spoken(&format!("M{at}"), "早")).await, (200, "ok".to_owned()), "{at}");
    }
    let heard = heard.load(std::sync::atomic::Ordering::SeqCst);
    assert!(heard >= 3, "{heard}");
    assert_eq!(forwarded(&corp, "answered"), 3);
}
