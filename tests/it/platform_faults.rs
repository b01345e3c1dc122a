//! Platforms that are down, in the way, lying, late or confused: everything is done in the end that still makes sense, nothing
//! twice, and a backlog is no flood. In virtual time, by `QUNWEI_SOAK_SEED` where something is drawn.

use std::collections::BTreeMap;
use std::time::Duration;

use qunwei::domain::time::Timestamp;
use qunwei::ports::Clock;
use serde_json::{Value, json};

use crate::soak::{number, seed};
use crate::support::bot::Answer;
use crate::support::dice::Dice;
use crate::support::{MORNING, World, dump};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

/// The states of all actions, counted.
fn states(world: &World) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for row in &dump::state(world.data.path())["outbox"] {
        *states.entry(row.split(" | ").nth(3).unwrap().to_owned()).or_default() += 1;
    }
    states
}

/// A violation every two minutes, each by somebody else, and somebody who comes every ten, for an hour and a bit in which the
/// platform answers like this; then it is well again. Gives how often it was tried.
async fn an_hour_of(answer: Answer) -> (World, usize) {
    let mut world = World::new().await;
    world.bot.always(Some(answer));
    for minute in 0..66 {
        if minute % 2 == 0 {
            world.say(&format!("bad{minute}"), SPAM).await;
        }
        if minute % 10 == 0 {
            let joined = json!({"id": format!("j-{minute}"), "type": "member_joined", "group": "g1",
                                "members": [{"id": format!("new{minute}"), "name": "新人"}]});
            assert_eq!(world.post(joined.to_string()).await.0, 200);
        }
        world.quiet().await;
        world.turn(MINUTE);
    }
    let attempts = world.bot.model().attempts.values().map(|(count, _)| count).sum();
    world.bot.always(None);
    for _ in 0..12 {
        world.turn(MINUTE);
        world.quiet().await;
    }
    world.settled().await;
    (world, attempts)
}

#[tokio::test]
async fn an_hour_without_the_platform_loses_nothing_that_still_makes_sense() {
    for (what, answer) in [
        ("503", Answer::Status(503, Vec::new())),
        ("429", Answer::Status(429, vec![("retry-after", "600".to_owned())])),
    ] {
        let (mut world, attempts) = an_hour_of(answer).await;
        let states = states(&world);
        let counts = world.bot.model().counts.clone();
        let done = world.bot.model().done.len(); // not in one statement: the model is locked until that ends
        println!("{what}: {attempts} attempts in the hour; actions {states:?}, by type {counts:?}");
        assert_eq!(counts["private"], 33, "{what}: everybody was warned once");
        assert_eq!(counts["delete"], 33, "{what}: every message was taken back");
        assert_eq!(done, states["done"], "{what}");
        // Those who came in the last ten minutes are welcomed; a welcome that is an hour late is none.
        assert!(states.get("expired").is_some_and(|late| *late >= 5), "{what}: welcomes came late: {states:?}");
        assert!(!states.contains_key("pending") && !states.contains_key("failed"), "{what}: {states:?}");
        // Waits grow to five minutes: an outage is no reason to knock all the time.
        assert!(attempts < 33 * 2 * 25, "{what}: {attempts} attempts");
        world.down().await;
        assert_eq!(world.bot.faults(), Vec::<String>::new());
    }
}

/// It says 200 and does nothing. Nobody can know that; but it is not sent again, the member's next violation climbs the ladder
/// as if they had been warned, and a person can undo it all the same.
#[tokio::test]
async fn a_platform_that_lies_confuses_nobody_else() {
    let mut world = World::new().await;
    world.bot.always(Some(Answer::Status(200, Vec::new())));
    for _ in 0..3 {
        world.say("9", SPAM).await;
        world.settled().await;
        world.turn(5 * MINUTE);
    }
    assert!(world.bot.model().muted.is_empty() && world.bot.model().done.is_empty(), "it lied");
    let attempts: usize = world.bot.model().attempts.values().map(|(count, _)| count).sum();
    world.restart().await;
    world.turn(HOUR);
    world.settled().await;
    assert_eq!(world.bot.model().attempts.values().map(|(count, _)| count).sum::<usize>(), attempts, "sent again");
    world.bot.always(None);
    let mut undo = world.message("undo", "boss", "/撤销 3");
    undo["sender"]["role"] = json!("admin");
    assert_eq!(world.post(undo.to_string()).await.0, 200);
    world.settled().await;
    assert_eq!(world.bot.model().counts.get("unmute"), Some(&1), "{:?}", world.bot.model().counts);
    world.turn(48 * HOUR);
    world.settled().await;
    assert!(states(&world).keys().all(|state| state == "done"), "{:?}", states(&world));
    world.down().await;
}

/// Two hours of an ordinary group: forty people, one message every twenty seconds, somebody who comes every six minutes, and
/// two who misbehave. Each with the time at which it happened.
fn two_hours() -> Vec<Value> {
    let mut events = Vec::new();
    let mut event = |second: u64, kind: &str, rest: Value| {
        let time = MORNING.plus(SECOND * second as u32).to_string();
        let mut event = json!({"id": format!("e-{}", events.len()), "type": kind, "group": "g1", "time": time});
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        events.push(event);
    };
    for at in 0..360 {
        let sender = json!({"id": format!("u{}", at * 7 % 40), "name": "某人"});
        event(
            at * 20,
            "message",
            json!({"sender": sender, "text": format!("第 {at} 件事，说一说第 {} 号楼", at * 31 % 97)}),
        );
        if at % 18 == 0 {
            event(at * 20 + 3, "member_joined", json!({"members": [{"id": format!("n{at}"), "name": "新人"}]}));
        }
        if at == 100 {
            event(at * 20 + 5, "message", json!({"sender": {"id": "spammer"}, "text": SPAM}));
        }
        if at == 200 {
            for burst in 0..12 {
                event(at * 20 + 5, "message", json!({"sender": {"id": "flooder"}, "text": format!("第 {burst} 句")}));
            }
        }
    }
    events
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Whose cases there are, by rule.
fn accused(world: &World) -> BTreeMap<String, String> {
    let cases = &dump::state(world.data.path())["cases"];
    let case = |row: &String| serde_json::from_str::<Value>(row.split_once(" | ").unwrap().1).unwrap();
    let cases = cases.iter().map(case);
    let who = |case: &Value| (text(&case["user"]), text(&case["findings"][0]["rule"]));
    cases.map(|case| who(&case)).collect()
}

const HOWS: [&str; 6] = [
    "as it happened",
    "three hours late, at once",
    "three hours late, with a restart in the middle of the flood",
    "twice",
    "in disorder",
    "in disorder, twice, in pieces",
];

#[tokio::test]
async fn a_backlog_is_no_flood_however_it_comes() {
    let first = seed();
    for seed in first..first + number("QUNWEI_SOAK_ROUNDS").unwrap_or(1) {
        println!("QUNWEI_SOAK_SEED={seed}");
        a_backlog(&mut Dice::new(seed)).await;
    }
}

async fn a_backlog(dice: &mut Dice) {
    let events = two_hours();
    let flood = events.iter().position(|event| event["sender"]["id"] == "flooder").unwrap();
    let mut expected = None;
    for how in HOWS {
        let mut world = World::new().await;
        let mut coming: Vec<Value> = events.clone();
        if how.contains("twice") {
            coming.extend(events.clone());
        }
        if how.contains("disorder") {
            for at in (1..coming.len()).rev() {
                let with = dice.below(at as u64 + 1) as usize;
                coming.swap(at, with);
            }
        }
        if how != "as it happened" {
            world.turn(3 * HOUR);
        }
        let mut accepted = 0;
        let pieces = if how.contains("at once") { coming.len() } else { 1 + dice.below(40) as usize };
        let pieces = match how {
            "as it happened" => 1,
            "three hours late, with a restart in the middle of the flood" => flood + 5,
            _ => pieces,
        };
        for piece in coming.chunks(pieces) {
            if how == "as it happened" {
                let time = Timestamp::parse(piece[0]["time"].as_str().unwrap()).unwrap();
                world.clock.set(world.clock.now().max(time));
            }
            let (status, answer) = world.post(Value::Array(piece.to_vec()).to_string()).await;
            assert_eq!(status, 200, "{how}: {answer}");
            accepted += answer["accepted"].as_u64().unwrap();
            if how.contains("restart") {
                world.restart().await;
            }
        }
        assert_eq!(accepted, events.len() as u64, "{how}: each once");
        world.turn(2 * MINUTE);
        world.quiet().await;
        let accused = accused(&world);
        let welcomes = world.bot.model().done.iter().filter(|action| action["cause"]["step"] == "welcome").count();
        println!("{how}: {} events, cases {accused:?}, {welcomes} welcomes", coming.len());
        assert_eq!(
            *expected.get_or_insert(accused.clone()),
            accused,
            "{how}: others are accused than when it happened"
        );
        assert_eq!(accused.keys().collect::<Vec<_>>(), ["flooder", "spammer"], "{how}");
        assert!(how == "as it happened" || welcomes <= 1, "{how}: {welcomes} welcomes, hours late");
        world.down().await;
        assert_eq!(world.bot.faults(), Vec::<String>::new());
    }
}

/// One message is one case, also when its edit comes first and the daemon was started anew between.
#[tokio::test]
async fn a_message_that_comes_after_its_edit_is_one_case() {
    for restart in [false, true] {
        let mut world = World::new().await;
        let message = world.message("m-1", "9", SPAM);
        world.turn(MINUTE);
        let edit = json!({"id": "e-1", "type": "message_edited", "group": "g1", "message": "m-1",
                          "time": world.clock.now().to_string(), "sender": {"id": "9"}, "text": SPAM});
        assert_eq!(world.post(edit.to_string()).await.0, 200);
        world.settled().await;
        world.turn(5 * MINUTE);
        if restart {
            world.restart().await;
        }
        assert_eq!(world.post(message.to_string()).await.0, 200);
        world.settled().await;
        assert_eq!(dump::state(world.data.path())["cases"].len(), 1, "restarted: {restart}");
        world.down().await;
    }
}
