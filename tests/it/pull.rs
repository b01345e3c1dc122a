//! A bot that cannot be sent to fetches its actions, each under a lease, and says what came of them.

use std::time::{Duration, Instant};

use qunwei::ports::RowKind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::journal;
use crate::support::faulty::Fault;
use crate::support::pull::{ask, fetching};
use crate::support::{TOKEN, World, dump, until};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SPAM: &str = "兼职刷单日结，加薇信 abc12345";

const IDEMPOTENT: &str = r#"["private", "task", "idempotent"]"#;
const ONCE: &str = r#"["private", "task"]"#;
const MUTING: &str = r#"["send", "mute", "task", "idempotent"]"#;

/// The states of all actions, in the order they were decided.
fn states(world: &World) -> Vec<String> {
    let state = |row: &String| row.split(" | ").nth(3).unwrap().to_owned();
    dump::state(world.data.path())["outbox"].iter().map(state).collect()
}

fn id(action: &Value) -> &str {
    action["id"].as_str().unwrap()
}

#[tokio::test]
async fn what_is_fetched_and_said_to_be_done_is_done() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    world.say("9", SPAM).await;
    world.quiet().await;
    let actions = world.fetch().await;
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!((&actions[0]["type"], &actions[0]["user"]), (&json!("private"), &json!("9")));
    assert_eq!(world.fetch().await, [json!(null); 0], "nobody else gets it");
    let said = json!({"done": [{"id": id(&actions[0]), "message": "m-77"}, "a-nobody-knows"]});
    assert_eq!(world.ack(&said).await, (1, 0, 1));
    assert_eq!(world.ack(&said).await, (0, 1, 1), "said twice, it is done once");
    let outbox = &dump::state(world.data.path())["outbox"];
    assert!(outbox[0].contains("| done |") && outbox[0].contains("| m-77 |"), "{outbox:?}");
    // Another bridge's bot has no say in it, and none in what is sent.
    let (status, answer) = ask(&world, "POST", "sent/actions/ack", Some(TOKEN), &said.to_string()).await;
    assert_eq!(status, 409, "{answer}");
    world.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_clearly() {
    let world = World::with_only(&fetching(IDEMPOTENT)).await;
    type Row<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, u16, &'a str);
    let rows: [Row<'_>; 18] = [
        ("GET", "example/actions?wait=0", None, "", 401, "authorization"),
        ("GET", "example/actions?wait=0", Some("token-0123456789abcdeX"), "", 401, "authorization"),
        ("GET", "example/actions?wait=0", Some(""), "", 401, "authorization"),
        ("POST", "example/actions/ack", Some("token-0123456789"), "{}", 401, "authorization"),
        ("GET", "nobody/actions?wait=0", Some(TOKEN), "", 404, "no bridge of this name"),
        ("POST", "nobody/actions/ack", Some(TOKEN), "{}", 404, "no bridge of this name"),
        ("GET", "sent/actions?wait=0", Some(TOKEN), "", 409, "token_env"),
        ("POST", "example/actions", Some(TOKEN), "", 405, "GET"),
        ("GET", "example/actions/ack", Some(TOKEN), "", 405, "POST"),
        ("GET", "example/actions?wait=61", Some(TOKEN), "", 400, "`wait` must be a whole number from 0 to 60"),
        ("GET", "example/actions?wait=-1", Some(TOKEN), "", 400, "`wait`"),
        ("GET", "example/actions?wait=0&max=0", Some(TOKEN), "", 400, "`max` must be a whole number from 1 to 100"),
        ("GET", "example/actions?max=101&wait=0", Some(TOKEN), "", 400, "`max`"),
        ("GET", "example/actions?max=many&wait=0", Some(TOKEN), "", 400, "`max`"),
        ("POST", "example/actions/ack", Some(TOKEN), "", 400, "not JSON"),
        ("POST", "example/actions/ack", Some(TOKEN), r#"{"done":[7]}"#, 400, "`done[0]`"),
        ("POST", "example/actions/ack", Some(TOKEN), r#"{"failed":[{}]}"#, 400, "`failed[0]`"),
        ("GET", "example", Some(TOKEN), "", 405, "POST"),
    ];
    for (method, path, token, body, expected, words) in rows {
        let (status, answer) = ask(&world, method, path, token, body).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(error.contains(words), "{method} {path}: {answer}");
        let named = words.starts_with('`').then(|| words.split(['`', '[']).nth(1).unwrap());
        assert_eq!(answer["field"].as_str(), named, "{method} {path}: {answer}");
    }
    let (status, _) = ask(&world, "HEAD", "example/actions?wait=0", Some(TOKEN), "").await;
    assert_eq!(status, 405, "who only asks for the head takes no actions");
    let large = format!(r#"{{"done":[{}]}}"#, vec!["\"a-1\""; 200_000].join(","));
    let (status, _) = ask(&world, "POST", "example/actions/ack", Some(TOKEN), &large).await;
    assert_eq!(status, 413);
    world.finish().await;
}

#[tokio::test]
async fn who_waits_is_answered_as_soon_as_there_is_something() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    let url = format!("http://{}/hooks/bridge/example/actions?wait=60", world.running().listen);
    let waiting = || {
        let request = reqwest::Client::new().get(&url).bearer_auth(TOKEN);
        tokio::spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap() })
    };
    let polls = [waiting(), waiting()];
    let begun = Instant::now();
    for user in 0..6 {
        world.say(&user.to_string(), SPAM).await;
    }
    let mut got = Vec::new();
    for poll in polls {
        got.extend(poll.await.unwrap()["actions"].as_array().unwrap().iter().map(|action| id(action).to_owned()));
    }
    assert!(begun.elapsed() < 30 * SECOND, "long before its time");
    world.quiet().await;
    got.extend(world.fetch().await.iter().map(|action| id(action).to_owned()));
    let all = got.len();
    got.sort();
    got.dedup();
    assert_eq!((got.len(), all), (6, 6), "each to one of them");
    world.ack(&json!({ "done": got })).await;
    let begun = Instant::now();
    assert_eq!(world.poll("wait=1").await, [json!(null); 0]);
    assert!(begun.elapsed() >= SECOND, "it waited for its time");
    world.finish().await;
}

/// A poll on a connection of its own, which waits.
async fn open_poll(world: &World) -> TcpStream {
    let mut stream = TcpStream::connect(world.running().listen).await.unwrap();
    let head = format!(
        "GET /hooks/bridge/example/actions?wait=60 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The status of the answer that comes.
async fn answered(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 12];
    tokio::time::timeout(20 * SECOND, stream.read_exact(&mut answer)).await.expect("it is answered").unwrap();
    String::from_utf8(answer).unwrap()
}

/// The status of a poll that takes one more place, and leaves it.
async fn one_more(world: &World) -> u16 {
    ask(world, "GET", "example/actions?wait=0", Some(TOKEN), "").await.0
}

#[tokio::test]
async fn a_bot_that_hangs_up_takes_nothing_with_it() {
    let mut world = World::with_only(&fetching(ONCE)).await;
    let mut polls = Vec::new();
    for _ in 0..8 {
        polls.push(open_poll(&world).await);
    }
    until_async(|| async { one_more(&world).await == 429 }).await;
    drop(polls);
    until_async(|| async { one_more(&world).await == 200 }).await;
    world.say("9", SPAM).await;
    world.quiet().await;
    assert_eq!(world.poll("wait=20").await.len(), 1, "it was not given to who had gone");
    assert_eq!(world.do_all_after(MINUTE).await, ["task"], "and nobody says what came of it");
    world.finish().await;
}

/// Waits until it is so.
async fn until_async<F: Future<Output = bool>>(mut so: impl FnMut() -> F) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < 20 * SECOND, "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl World {
    async fn do_all_after(&self, time: Duration) -> Vec<String> {
        self.turn(time);
        self.quiet().await;
        self.do_all().await
    }
}

#[tokio::test]
async fn who_waits_is_answered_when_the_daemon_stops_or_the_token_is_another() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    let mut waiting = open_poll(&world).await;
    until_async(|| async { is_waiting(&world).await }).await;
    let other = fetching(IDEMPOTENT).replace("token_env = ", "previous_token_env = ");
    let other = other.replace("capabilities = [\"private\"", "token_file = \"token.txt\"\ncapabilities = [\"private\"");
    world.write("config/token.txt", "another-token-0123456789");
    world.write("config/test.toml", &other);
    world.running().reloader.reload().await.unwrap();
    assert_eq!(answered(&mut waiting).await, "HTTP/1.1 200");
    for (token, status) in [(TOKEN, 200), ("another-token-0123456789", 200), ("token-of-nobody-012345", 401)] {
        assert_eq!(ask(&world, "GET", "example/actions?wait=0", Some(token), "").await.0, status, "{token}");
    }
    world.write("config/test.toml", &other.replace("previous_token_env", "# previous_token_env"));
    world.running().reloader.reload().await.unwrap();
    assert_eq!(ask(&world, "GET", "example/actions?wait=0", Some(TOKEN), "").await.0, 401, "the old one is over");
    world.write("config/test.toml", &fetching(IDEMPOTENT));
    world.running().reloader.reload().await.unwrap();

    let mut waiting = open_poll(&world).await;
    until_async(|| async { is_waiting(&world).await }).await;
    let begun = Instant::now();
    world.down().await;
    assert_eq!(answered(&mut waiting).await, "HTTP/1.1 200");
    assert!(begun.elapsed() < 8 * SECOND, "nobody holds up the end: {:?}", begun.elapsed());
    world.up().await;
    world.finish().await;
}

/// Whether a poll is open: seven more fill the bridge.
async fn is_waiting(world: &World) -> bool {
    let seven: Vec<TcpStream> = futures_util::future::join_all((0..7).map(|_| open_poll(world))).await;
    let mut full = false;
    for _ in 0..50 {
        full |= one_more(world).await == 429;
        if full {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(seven);
    full
}

#[tokio::test]
async fn a_lease_without_a_word_hands_the_same_out_again() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    world.say("9", SPAM).await;
    world.quiet().await;
    let first = world.fetch().await;
    world.turn(59 * SECOND);
    world.quiet().await;
    assert_eq!(world.fetch().await, [json!(null); 0]);
    world.turn(SECOND);
    world.quiet().await;
    world.turn(2 * SECOND);
    world.quiet().await;
    assert_eq!(world.fetch().await, first, "the same bytes under the same id");
    let failed = json!({"failed": [{"id": id(&first[0]), "error": "busy", "final": false}]});
    assert_eq!(world.ack(&failed).await, (1, 0, 0));
    assert_eq!(world.fetch().await, [json!(null); 0], "after a while");
    world.turn(5 * SECOND);
    world.quiet().await;
    assert_eq!(world.fetch().await, first);
    let failed = json!({"failed": [{"id": id(&first[0]), "error": "no such member", "final": true}]});
    assert_eq!(world.ack(&failed).await, (1, 0, 0));
    let alert = world.fetch().await;
    assert_eq!((&alert[0]["type"], &alert[0]["cause"]["step"]), (&json!("task"), &json!("alert")), "{alert:?}");
    world.do_all_after(2 * MINUTE).await;
    assert_eq!(states(&world), ["failed", "done"]);
    let outbox = &dump::state(world.data.path())["outbox"];
    assert!(outbox[0].contains("no such member"), "{outbox:?}");
    world.finish().await;
}

#[tokio::test]
async fn nobody_knows_what_came_of_it_until_the_bot_says() {
    let mut world = World::with_only(&fetching(ONCE)).await;
    world.say("9", SPAM).await;
    world.quiet().await;
    let fetched = world.fetch().await;
    assert_eq!(fetched.len(), 1, "what is recorded first is waited for");
    world.turn(MINUTE);
    world.quiet().await;
    assert_eq!(states(&world)[0], "uncertain");
    assert_eq!(world.do_all().await, ["task"], "the admins are told, and it is not repeated");
    assert_eq!(world.ack(&json!({"done": [id(&fetched[0])]})).await, (1, 0, 0), "late, and the truth");
    assert_eq!(world.ack(&json!({"done": [id(&fetched[0])]})).await, (0, 1, 0));
    assert_eq!(states(&world), ["done", "done"]);
    let settings = world.config().settings;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    journal::run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    world.up().await;
    world.finish().await;
}

#[tokio::test]
async fn a_restart_repeats_nothing_that_was_said_to_be_done() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    for user in ["1", "2", "3"] {
        world.say(user, SPAM).await;
    }
    world.quiet().await;
    let fetched = world.fetch().await;
    assert_eq!(fetched.len(), 3);
    assert_eq!(world.ack(&json!({"done": [id(&fetched[0])]})).await, (1, 0, 0));
    world.restart().await;
    assert_eq!(world.ack(&json!({"done": [id(&fetched[0]), id(&fetched[1])]})).await, (1, 1, 0));
    let again = world.fetch().await;
    assert_eq!(again, fetched[2..], "what the bot has not spoken of is handed out anew");
    world.do_all_after(2 * MINUTE).await;
    assert_eq!(states(&world), ["done"; 3]);
    world.finish().await;
}

#[tokio::test]
async fn after_a_restart_a_bot_that_does_not_drop_a_repeated_id_is_waited_for() {
    let mut world = World::with_only(&fetching(ONCE)).await;
    for user in ["1", "2"] {
        world.say(user, SPAM).await;
    }
    world.quiet().await;
    let fetched = world.fetch().await;
    assert_eq!(fetched.len(), 2);
    world.restart().await;
    world.quiet().await;
    assert_eq!(world.fetch().await, [json!(null); 0], "the bot may be at it");
    assert_eq!(world.ack(&json!({"done": [id(&fetched[0])]})).await, (1, 0, 0));
    world.turn(MINUTE);
    world.quiet().await;
    assert_eq!(states(&world)[..2], ["done", "uncertain"]);
    world.do_all().await;
    world.finish().await;
}

#[tokio::test]
async fn an_answer_of_200_means_that_it_is_durable() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    world.say("9", SPAM).await;
    world.quiet().await;
    let fetched = world.fetch().await;
    world.faults.set([Fault::FullFor(RowKind::Outcome)]);
    let said = json!({"done": [id(&fetched[0])]});
    let (status, answer) = ask(&world, "POST", "example/actions/ack", Some(TOKEN), &said.to_string()).await;
    assert_eq!(status, 503, "{answer}");
    world.faults.set([]);
    world.turn(2 * SECOND); // the store is tried again
    assert_eq!(world.ack(&said).await, (0, 1, 0));
    assert_eq!(states(&world), ["done"]);
    world.finish().await;
}

#[tokio::test]
async fn what_is_undone_while_the_bot_has_it_is_taken_back_if_it_was_done() {
    for done in [true, false] {
        let ladder = "[profile.default]\nladder = [\"mute 1h\"]\n[group.g1]\nadmins = [\"1\"]\n";
        let mut world = World::with_only(&format!("{}{ladder}", fetching(MUTING))).await;
        world.say("9", SPAM).await;
        world.quiet().await;
        let fetched = world.fetch().await;
        assert_eq!(fetched[0]["type"], "mute", "{fetched:?}");
        world.say("1", "/撤销 1").await;
        world.quiet().await;
        let reply = world.fetch().await;
        assert!(reply.iter().all(|action| action["type"] != "unmute"), "it does not overtake: {reply:?}");
        let said = match done {
            true => json!({"done": [id(&fetched[0])]}),
            false => json!({"failed": [{"id": id(&fetched[0]), "final": false}]}),
        };
        assert_eq!(world.ack(&said).await, (1, 0, 0));
        world.ack(&json!({"done": reply.iter().map(id).collect::<Vec<_>>()})).await;
        let rest = world.do_all().await;
        assert_eq!(rest.contains(&"unmute".to_owned()), done, "what was done is taken back: {rest:?}");
        assert_eq!(states(&world)[0], if done { "done" } else { "cancelled" });
        assert!(!rest.contains(&"mute".to_owned()), "{rest:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_bot_that_does_not_ask_is_noticed() {
    let mut world = World::with_only(&fetching(IDEMPOTENT)).await;
    world.turn(HOUR);
    world.quiet().await;
    assert_eq!(world.admin("/readyz").await.0, 200, "nothing waits for it");
    world.say("9", SPAM).await;
    world.quiet().await;
    world.turn(4 * MINUTE);
    world.quiet().await;
    assert_eq!(world.admin("/readyz").await.0, 200);
    world.turn(MINUTE);
    let metric = r#"qunwei_bridge_state{bridge="example",state="unpolled"} 1"#;
    until_async(|| async { world.admin("/metrics").await.1.contains(metric) }).await;
    let (status, why) = world.admin("/readyz").await;
    assert!(status == 503 && why.starts_with("bridge.example: unpolled"), "{status} {why}");
    assert_eq!(world.do_all().await, ["private"]);
    until_async(|| async { world.admin("/readyz").await.0 == 200 }).await;
    assert!(!world.admin("/metrics").await.1.contains(metric));
    world.say("8", SPAM).await;
    world.quiet().await;
    world.turn(6 * HOUR); // nobody fetches it
    until("it is over", || (states(&world)[1] == "expired").then_some(())).await;
    world.do_all().await;
    world.finish().await;
}
