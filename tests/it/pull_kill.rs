//! A bot that fetches its actions from a daemon that is killed at any moment: what was answered to be recorded is never handed
//! out again, and a bot that would do a repeated id again is given none.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::soak::{number, seed};
use crate::support::daemon::{Daemon, Home, client};
use crate::support::dice::Dice;
use crate::support::{TOKEN, until_within};

const KILLS: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(120);

/// What the bot knows; it has a disk of its own, and is never killed.
#[derive(Default)]
struct Bot {
    /// How often each action was handed to it.
    handed: HashMap<String, usize>,
    /// Those of which it was answered that their end is recorded.
    recorded: HashSet<String>,
    faults: Vec<String>,
}

/// Fetches, does and says so until the daemon is gone.
async fn work(bot: Arc<Mutex<Bot>>, daemon: SocketAddr, once: bool) {
    let http = client();
    let url = |path: &str| format!("http://{daemon}/hooks/bridge/example/actions{path}");
    loop {
        let Ok(answer) = http.get(url("?wait=1&max=7")).bearer_auth(TOKEN).send().await else { return };
        let Ok(answer) = answer.json::<Value>().await else { return };
        let mut ids = Vec::new();
        for action in answer["actions"].as_array().unwrap() {
            let id = action["id"].as_str().unwrap().to_owned();
            let mut bot = bot.lock().unwrap();
            if bot.recorded.contains(&id) {
                bot.faults.push(format!("{id} was recorded and is handed out again"));
            }
            let handed = bot.handed.entry(id.clone()).or_default();
            *handed += 1;
            if once && *handed > 1 && action["type"] != "unmute" {
                bot.faults.push(format!("{id} is handed out again to a bot that would do it again"));
            }
            ids.push(id);
        }
        if ids.is_empty() {
            continue;
        }
        let said = json!({ "done": ids }).to_string();
        let Ok(answer) = http.post(url("/ack")).bearer_auth(TOKEN).body(said).send().await else { return };
        if answer.status().as_u16() == 200 {
            bot.lock().unwrap().recorded.extend(ids);
        }
    }
}

async fn soak(idempotent: bool) {
    let (kills, seed) = (number("QUNWEI_SOAK_KILLS").unwrap_or(KILLS), seed());
    println!("QUNWEI_SOAK_SEED={seed} QUNWEI_SOAK_KILLS={kills}");
    let mut dice = Dice::new(seed);
    let home = Home::new();
    let (url, token) = ("\nactions_url_env = \"QUNWEI_EXAMPLE_ACTIONS_URL\"", "\ntoken_env = \"QUNWEI_EXAMPLE_TOKEN\"");
    home.edit("config/qunwei.toml", url, token);
    home.edit("config/qunwei.toml", "actions_per_second = 20", "actions_per_second = 500");
    if !idempotent {
        home.edit("config/qunwei.toml", r#", "idempotent"]"#, "]");
    }
    let start = async || {
        let mut command = home.serve();
        command.env("QUNWEI_EXAMPLE_TOKEN", TOKEN);
        Daemon::start(command, &home.folder.path().join("stderr")).await
    };
    let bot = Arc::<Mutex<Bot>>::default();
    let mut spammers = 0;
    for _ in 0..kills {
        let daemon = start().await;
        let working = tokio::spawn(work(bot.clone(), daemon.listen, !idempotent));
        for _ in 0..1 + dice.below(15) {
            spammers += 1;
            let event = json!({"id": format!("m-{spammers}"), "type": "message", "group": format!("g{}", spammers % 7),
                               "sender": {"id": format!("u{spammers}")}, "text": "兼职刷单日结，加薇信 abc12345"});
            assert_eq!(daemon.post(&format!("msg_{spammers}"), &event.to_string()).await.unwrap().0, 200);
        }
        tokio::time::sleep(Duration::from_millis(dice.below(400))).await; // not a wait for anything: the moment itself
        daemon.kill();
        working.await.unwrap();
    }
    let daemon = start().await;
    let working = tokio::spawn(work(bot.clone(), daemon.listen, !idempotent));
    let database = home.database();
    let count = |state: &str| -> usize {
        let sql = "SELECT count(*) FROM outbox WHERE state = ?1";
        database.query_row(sql, [state], |row| row.get::<_, i64>(0)).unwrap() as usize
    };
    // Those that a bot without repeated ids may have had in hand are waited for a minute; a test need not see that end.
    let left = if idempotent { 0 } else { kills as usize * 7 };
    until_within(PATIENCE, "what can be done is done", || (count("pending") <= left).then_some(())).await;
    daemon.kill();
    working.await.unwrap();
    let bot = bot.lock().unwrap();
    assert_eq!(bot.faults, [""; 0]);
    for id in &bot.recorded {
        let sql = "SELECT state FROM outbox WHERE id = ?1";
        let state: String = database.query_row(sql, [id], |row| row.get(0)).unwrap();
        assert_eq!(state, "done", "{id}, of which the bot was told that it is recorded");
    }
    println!("{kills} kills: {spammers} violations, {} handed out, {} recorded", bot.handed.len(), bot.recorded.len());
    assert!(bot.recorded.len() > 10, "{} of {} were recorded", bot.recorded.len(), bot.handed.len());
    if idempotent {
        assert_eq!(count("done"), spammers * 2, "a word and a deletion for each");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_is_never_handed_out_again() {
    soak(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_would_do_it_again_is_given_nothing_twice() {
    soak(false).await;
}
