//! The session archive from the library to the verdict, with a mock of the library and real RSA keys.

use std::sync::Arc;
use std::time::Duration;

use qunwei::adapters::wecom::archive::library::{Library, LibraryError, Sdk};
use qunwei::adapters::wecom::archive::poll::Pace;
use qunwei::adapters::wecom::archive::state::{Code, DAY, State, Trouble};
use qunwei::adapters::wecom::inlet::Inlet;
use qunwei::ports::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::MORNING;
use crate::support::archive::{Core, Loop, Turn, Vault, acts, ids, journal, keys, seal, text};
use crate::support::clock::HandClock;
use crate::support::dice::Dice;
use crate::support::faulty::Fault;

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// A vault and a data directory.
struct Place {
    vault: Vault,
    data: TempDir,
    clock: Arc<HandClock>,
}

impl Place {
    fn new() -> Self {
        Self { vault: Vault::new(), data: tempfile::tempdir().unwrap(), clock: Arc::new(HandClock::new(MORNING)) }
    }

    fn core(&self) -> Core {
        Core::start(self.data.path(), self.clock.clone())
    }

    fn run(&self, core: &Core, turn: Turn) -> Loop {
        Loop::start(&self.vault, Arc::new(core.intake.clone()), self.clock.clone(), turn)
    }

    /// Reads all there is, and stops.
    async fn read_all(&self, turn: Turn) -> State {
        let core = self.core();
        let run = self.run(&core, turn);
        let seq = self.vault.seq;
        let state = run.until("all is read", |state| state.seq == seq && state.trouble.is_none()).await;
        run.stop().await;
        state
    }
}

#[test]
fn the_library_is_called_as_its_header_says_and_everything_is_freed() {
    let mut vault = Vault::new();
    vault.say(&text("m1", "wmA", "hello"));
    std::fs::write(vault.folder.path().join("media/F1"), "a picture of 23 bytes..").unwrap();
    let mut sdk = vault.sdk();
    let answer: Value = serde_json::from_slice(&sdk.chat_data(0, 1000).unwrap()).unwrap();
    let message = &answer["chatdata"][0];
    let key = keys(&[1]).open(1, message["encrypt_random_key"].as_str().unwrap()).unwrap();
    let opened = sdk.decrypt(&key, message["encrypt_chat_msg"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&opened).unwrap(), text("m1", "wmA", "hello"));
    assert_eq!(vault.read("calls"), "0 1000 2\n", "half a second is rounded up");

    let (mut file, mut index, mut pieces) = (Vec::new(), String::new(), 0);
    loop {
        let piece = sdk.media("F1", &index).unwrap();
        file.extend(piece.bytes);
        pieces += 1;
        let Some(next) = piece.next else { break };
        index = next;
    }
    assert_eq!((file.as_slice(), pieces), (&b"a picture of 23 bytes.."[..], 4));

    let failed = |call, code| LibraryError::Failed { call, code };
    assert_eq!(sdk.media("F2", ""), Err(failed("GetMediaData", Code::FileId)));
    assert_eq!(sdk.decrypt("key", "junk"), Err(failed("DecryptData", Code::Cipher)));
    assert_eq!(sdk.decrypt("key", "a\0b"), Err(LibraryError::Nul("a message")));
    for code in (10_000..=10_011).chain([-1, 10_012]) {
        vault.tell("fail", &format!("GetChatData {code}"));
        let error = sdk.chat_data(0, 1000).unwrap_err();
        assert_eq!(error, failed("GetChatData", Code::of(code)));
        assert!(error.to_string().starts_with(&format!("GetChatData: {code} (")), "{error}");
    }
    vault.untell("fail");
    for length in ["-1", "300000000"] {
        vault.tell("length", length);
        assert!(matches!(sdk.chat_data(0, 1000), Err(LibraryError::Nonsense { .. })), "a length of {length}");
    }
    drop(sdk);
    assert_eq!(vault.read("destroyed"), "0", "slices and pieces that were not freed");
}

#[test]
fn what_is_no_library_of_wecoms_is_refused() {
    let vault = Vault::new();
    let missing = vault.folder.path().join("none.so");
    assert!(matches!(Library::open(&missing), Err(LibraryError::Load(_))));
    vault.tell("text.so", "not a library");
    assert!(matches!(Library::open(&vault.folder.path().join("text.so")), Err(LibraryError::Load(_))));
    assert_eq!(Library::open("libc.so.6".as_ref()).err(), Some(LibraryError::Function("NewSdk")));
    let library = Library::open(&vault.library()).unwrap();
    let mut access = vault.access();
    access.corp = "x".to_owned();
    let refused = LibraryError::Failed { call: "Init", code: Code::Params };
    assert_eq!(Sdk::init(library, &access).err(), Some(refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_judged_whatever_they_are_wrapped_in() {
    let mut place = Place::new();
    let inner =
        json!({"title": "", "item": [{"type": "ChatRecordText", "content": json!({"content": SPAM}).to_string()}]});
    let record = json!({"title": "记录", "item": [{"type": "ChatRecord", "content": inner.to_string()}]});
    let wrapped = |id: &str, kind: &str, content: Value| {
        let mut message = text(id, &format!("wm{id}"), "");
        message["msgtype"] = json!(kind);
        message[kind] = content;
        message
    };
    place.vault.put(&text("harmless", "wmA", "明天几点开会"));
    place.vault.put(&text("plain", "wmB", SPAM));
    place.vault.put(&wrapped("record", "chatrecord", record));
    place.vault.put(&wrapped("vote", "vote", json!({"votetitle": SPAM, "voteitem": ["好", "不好"]})));
    place.vault.put(&wrapped("wonder", "wonder", json!({"content": SPAM})));
    place.vault.put(&json!({"msgid": "switch", "action": "switch", "time": MORNING.0, "user": "zhangsan"}));
    let mut private = text("private", "wmA", SPAM);
    private["roomid"] = json!("");
    place.vault.put(&private);
    let recall = json!({"msgid": "recall", "action": "recall", "from": "wmB", "tolist": [], "roomid": "wrG",
                        "msgtime": MORNING.0, "msgtype": "revoke", "revoke": {"pre_msgid": "plain"}});
    place.vault.put(&recall);
    place.vault.write();
    let state = place.read_all(Turn::default()).await;
    assert_eq!((state.messages, state.private, state.unreadable, state.lost), (7, 1, 0, 0));
    let data = place.data.path();
    assert_eq!(ids(data), ["harmless", "plain", "record", "vote", "wonder", "switch", "recall"]);
    let judged: Vec<String> = acts(data).into_iter().filter(|(_, what)| what == "Delete").map(|(id, _)| id).collect();
    assert_eq!(judged, ["plain", "record", "vote"]);
    let recalled = &journal(data)[6];
    assert_eq!((&recalled["type"], &recalled["message"]), (&json!("message_recalled"), &json!("plain")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_missing_stops_the_reading_until_it_is_there() {
    let mut place = Place::new();
    place.vault.put(&text("one", "wmA", "一"));
    place.vault.version = 2;
    place.vault.put(&text("two", "wmA", "二"));
    place.vault.version = 1;
    place.vault.put(&text("three", "wmA", "三"));
    place.vault.write();
    let core = place.core();
    let run = place.run(&core, Turn::default());
    let state = run.until("it waits for the key", |state| state.trouble.is_some()).await;
    assert_eq!(
        (state.trouble, state.seq),
        (Some(Trouble::NoKey(2)), 3),
        "what is before it is durable, nothing behind it is"
    );
    // Another version's key under this one: told from a damaged message, and nothing is passed over either.
    run.keys.store(Arc::new({
        let mut wrong = keys(&[1]);
        wrong.add(2, &crate::support::archive::pem(3)).unwrap();
        wrong
    }));
    run.hint.notify_one();
    run.until("it waits for the right key", |state| state.trouble == Some(Trouble::OtherKey(2))).await;
    run.keys.store(Arc::new(keys(&[1, 2])));
    run.hint.notify_one();
    let state = run.until("all is read", |state| state.seq == 9 && state.trouble.is_none()).await;
    assert_eq!((state.messages, state.unreadable, state.lost), (3, 0, 0));
    run.stop().await;
    drop(core);
    assert_eq!(ids(place.data.path()), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_that_cannot_be_read_does_not_stop_the_rest() {
    let mut place = Place::new();
    let vault = &mut place.vault;
    vault.put(&text("one", "wmA", "一"));
    vault.put_sealed("damaged", "junk");
    vault.put_sealed("no-json", &seal("{", "k3y-0f/th1s+m3ss4ge="));
    vault.seq += 1;
    vault.put_line(
        &json!({"msgid": "no-key", "publickey_ver": 1, "encrypt_random_key": "AAAA", "encrypt_chat_msg": "x"}),
    );
    vault.seq += 1;
    vault.put_line(&json!({"msgid": "empty"}));
    let mut long = text("", "wmA", "没有编号");
    long["from"] = json!("x".repeat(600)); // longer than any id may be
    vault.put(&long);
    vault.put(&text("two", "wmA", "二"));
    vault.write();
    let state = place.read_all(Turn::default()).await;
    assert_eq!((state.messages, state.unreadable, state.lost), (7, 5, 0));
    let events = journal(place.data.path());
    let told: Vec<(&str, &str)> =
        events.iter().map(|event| (event["id"].as_str().unwrap(), event["type"].as_str().unwrap())).collect();
    let unread = "wecom.unread";
    let expected = [
        ("one", "message"),
        ("damaged", unread),
        ("no-json", unread),
        ("no-key", unread),
        ("empty", unread),
        ("archive-seq:14", unread),
        ("two", "message"),
    ];
    assert_eq!(told, expected);
    assert!(events[1]["raw"].as_str().unwrap().contains("junk"), "it is kept sealed: {}", events[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_store_refuses_alone_is_replaced_and_the_rest_goes_on() {
    let mut place = Place::new();
    for at in 0..30 {
        place.vault.put(&text(&format!("m{at:02}"), "wmA", if at == 17 { "poison" } else { "好" }));
    }
    place.vault.write();
    let core = place.core();
    core.faults.set([Fault::Poison("poison".to_owned())]);
    let run = place.run(&core, Turn::default());
    let state = run.until("all is read", |state| state.seq == 90 && state.trouble.is_none()).await;
    assert_eq!(state.lost, 1);
    run.stop().await;
    drop(core);
    let mut expected: Vec<String> = (0..30).map(|at| format!("m{at:02}")).collect();
    expected[17] = "refused:m17".to_owned();
    assert_eq!(ids(place.data.path()), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_or_a_failing_store_at_any_moment_loses_and_doubles_nothing() {
    let mut place = Place::new();
    let expected: Vec<String> = (0..400).map(|at| format!("m{at:03}")).collect();
    for (at, id) in expected.iter().enumerate() {
        place.vault.put(&text(id, &format!("wm{at}"), if at % 40 == 7 { SPAM } else { "好的" }));
    }
    place.vault.write();
    let seed = std::env::var("QUNWEI_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(6);
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let mut starts = 0;
    loop {
        starts += 1;
        let core = place.core();
        let run = place.run(&core, Turn { limit: 20, ..Turn::default() });
        for _ in 0..=dice.below(16) {
            let faults = [vec![], vec![Fault::Full], vec![Fault::Lies], vec![Fault::Reads]];
            core.faults.set(faults[dice.below(4) as usize].clone());
            place.clock.turn(Duration::from_secs(2)); // a store that was broken is tried again after a second
            tokio::time::sleep(Duration::from_millis(dice.below(80))).await;
        }
        let done = run.state().seq == place.vault.seq;
        run.stop().await;
        drop(core);
        if done {
            break;
        }
        assert!(starts < 500, "it gets nowhere");
    }
    let state = place.read_all(Turn::default()).await;
    assert_eq!(state.seq, place.vault.seq);
    let mut found = ids(place.data.path());
    assert_eq!(found.len(), expected.len(), "each once, after {starts} starts");
    found.sort();
    assert_eq!(found, expected);
    let deleted = acts(place.data.path()).into_iter().filter(|(_, what)| what == "Delete").count();
    assert_eq!(deleted, 10, "and each judged once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_are_read_in_order() {
    let mut place = Place::new();
    for at in 0..10_000 {
        place.vault.put(&text(&format!("m{at}"), &format!("wm{}", at % 500), &format!("第 {at} 条")));
    }
    place.vault.write();
    let state = place.read_all(Turn::default()).await;
    assert_eq!((state.messages, state.lost), (10_000, 0));
    let expected: Vec<String> = (0..10_000).map(|at| format!("m{at}")).collect();
    assert_eq!(ids(place.data.path()), expected);
    let calls = place.vault.read("calls");
    assert_eq!(calls.lines().take(3).collect::<Vec<_>>(), ["0 1000 2", "3000 1000 2", "6000 1000 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hint_asks_at_once_and_messages_from_before_the_first_start_are_passed_over() {
    let mut place = Place::new();
    let mut old = text("old", "wmA", SPAM);
    old["msgtime"] = json!(MORNING.0 - 1);
    place.vault.say(&old);
    let pace = Pace { interval: Duration::from_secs(3600), ..Pace::default() };
    let core = place.core();
    let run = place.run(&core, Turn { pace: pace.clone(), ..Turn::default() });
    run.until("the old one is passed over", |state| state.seq == 3 && state.earlier == 1).await;
    place.vault.say(&text("new", "wmA", "好"));
    run.hint.notify_one();
    run.until("the new one is read", |state| state.seq == 6 && state.messages == 1).await;
    run.stop().await;
    // A later start does not take itself for the first.
    place.clock.turn(Duration::from_secs(60));
    place.vault.say(&text("meanwhile", "wmA", "好"));
    let run = place.run(&core, Turn { pace, ..Turn::default() });
    run.until("what came meanwhile is read", |state| state.seq == 9 && state.messages == 1).await;
    run.stop().await;
    drop(core);
    assert_eq!(ids(place.data.path()), ["new", "meanwhile"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_without_reading_raise_an_alarm_each_and_a_gap_is_said() {
    let mut place = Place::new();
    place.vault.say(&text("one", "wmA", "一"));
    let core = place.core();
    let run = place.run(&core, Turn::default());
    run.until("it is read", |state| state.seq == 3).await;
    place.vault.tell("fail", "GetChatData 10009");
    let refused = LibraryError::Failed { call: "GetChatData", code: Code::Address };
    for days in 1..=3 {
        place.clock.turn(DAY);
        let state = run.until("the alarm", |state| state.days_behind == days && state.trouble.is_some()).await;
        assert_eq!(state.trouble, Some(Trouble::Library(refused.clone())));
        assert!(state.trouble.unwrap().to_string().contains("egress IP"), "the advice is said");
    }
    place.vault.untell("fail");
    run.until("it is read again", |state| state.days_behind == 0 && state.trouble.is_none()).await;
    run.stop().await;
    let read_up_to = place.clock.now();
    place.clock.turn(DAY * 6);
    let run = place.run(&core, Turn::default());
    let state = run.until("it is read", |state| state.polled.is_some() && state.days_behind == 0).await;
    let gap = state.gap.expect("a gap is told");
    assert_eq!(gap.1.since(gap.0), DAY, "six days less the five that WeCom still has");
    assert!(gap.0 <= read_up_to);
    run.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_that_is_not_there_yet_is_tried_again() {
    let mut place = Place::new();
    place.vault.say(&text("one", "wmA", "一"));
    let own = place.vault.library();
    let aside = own.with_extension("aside");
    std::fs::rename(&own, &aside).unwrap();
    let core = place.core();
    // A worker that looks for the library where it is not.
    let (library, access) = (own.clone(), place.vault.access());
    let worker = qunwei::adapters::wecom::archive::worker::Worker::start("late", move || {
        let sdk = Sdk::init(Library::open(&library)?, &access)?;
        Ok(qunwei::adapters::wecom::archive::page::Archive::new(sdk, 1000))
    })
    .unwrap();
    let none = worker.page(0, Arc::new(keys(&[1]))).await;
    assert!(matches!(none, Err(Trouble::Library(LibraryError::Load(_)))), "{none:?}");
    std::fs::rename(&aside, &own).unwrap();
    let page = worker.page(0, Arc::new(keys(&[1]))).await.unwrap();
    assert_eq!(page.messages.len(), 1);
    let taken = Inlet::submit(&core.intake, Vec::new(), None).await;
    assert!(taken.is_ok(), "nothing handed in is fine: {taken:?}");
}
