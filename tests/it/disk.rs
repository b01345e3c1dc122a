//! A disk that is full, read-only, broken, slow or damaged, under the real daemon (`power/shim.c` plays it): what cannot be
//! written is refused, `/readyz` says why, and it comes back by itself. What cannot be read is never begun with.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::power::Power;
use crate::soak::{number, seed};
use crate::support::daemon::{Daemon, Home, client, send};
use crate::support::dice::Dice;

const SPAM: &str = "兼职刷单日结，加薇信 abc12345";
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon whose disk can be spoilt.
struct Spoilt {
    home: Home,
    daemon: Daemon,
    how: PathBuf,
    _power: Power,
    _folder: TempDir,
    sent: u64,
    /// The events that were answered 200.
    answered: Vec<String>,
    refused: HashSet<String>,
}

impl Spoilt {
    async fn new() -> Self {
        let (home, power, folder) = (Home::light(), Power::new(), tempfile::tempdir().unwrap());
        let how = folder.path().join("how");
        std::fs::write(&how, "well").unwrap();
        let mut command = home.serve();
        power.spoils(&mut command, &home.data(), &how);
        let daemon = Daemon::start(command, &home.folder.path().join("stderr")).await;
        Self {
            home,
            daemon,
            how,
            _power: power,
            _folder: folder,
            sent: 0,
            answered: Vec::new(),
            refused: HashSet::new(),
        }
    }

    fn disk_is(&self, how: &str) {
        let aside = self.how.with_extension("aside");
        std::fs::write(&aside, how).unwrap();
        std::fs::rename(aside, &self.how).unwrap();
    }

    fn event(&mut self) -> (String, String) {
        self.sent += 1;
        let id = format!("m-{}", self.sent);
        let sender = json!({"id": format!("u{}", self.sent)});
        let event = json!({"id": id, "type": "message", "group": "g1", "sender": sender, "text": SPAM});
        (id, event.to_string())
    }

    async fn post(&mut self, (id, body): &(String, String)) -> u16 {
        let (status, answer) = self.daemon.post(id, body).await.expect("an answer");
        if status == 200 {
            // What was refused may have been written all the same, and is made durable when it comes again.
            let duplicates = usize::from(self.refused.contains(id) && answer["duplicates"] == 1);
            assert_eq!(answer, json!({"accepted": 1 - duplicates, "duplicates": duplicates}), "{id}");
            self.answered.push(id.clone());
        } else {
            self.refused.insert(id.clone());
        }
        status
    }

    /// Waits until `/readyz` says this.
    async fn ready(&self, status: u16) -> String {
        let began = Instant::now();
        loop {
            let (found, why) = self.daemon.admin("/readyz").await;
            if found == status {
                return why;
            }
            assert!(began.elapsed() < PATIENCE, "/readyz still says {found}: {why}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What was answered is there, once, with its case; and nothing else.
    async fn check(self) {
        self.daemon.stop().await;
        let database = self.home.database();
        let read = |sql: &str, key: &str| -> Vec<String> {
            let mut read = database.prepare(sql).unwrap();
            let bodies = read.query_map([], |row| row.get::<_, String>(0)).unwrap();
            let body = |body: rusqlite::Result<String>| serde_json::from_str::<Value>(&body.unwrap()).unwrap();
            bodies.map(|text| body(text)[key].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(read("SELECT body FROM journal WHERE kind = 0 ORDER BY seq", "id"), self.answered);
        assert_eq!(read("SELECT body FROM cases ORDER BY no", "message"), self.answered);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_be_written_is_said_to_be_so_and_comes_back() {
    let mut spoilt = Spoilt::new().await;
    let mut refused = 0;
    for (how, word) in [("full", "full"), ("read-only", "Read-only file system"), ("broken", "Input/output error")] {
        let first = spoilt.event();
        assert_eq!(spoilt.post(&first).await, 200);
        spoilt.disk_is(how);
        let mut waiting = Vec::new();
        for _ in 0..10 {
            let event = spoilt.event();
            assert_eq!(spoilt.post(&event).await, 503, "{how}");
            refused += 1;
            waiting.push(event);
        }
        let why = spoilt.ready(503).await;
        println!("{how}: {}", why.trim_end());
        assert!(why.contains("store: ") && why.contains(word), "{how}: {why}");
        assert_eq!(spoilt.daemon.admin("/healthz").await.0, 200, "{how}: the process is up");
        spoilt.disk_is("well");
        spoilt.ready(200).await;
        for event in &waiting {
            assert_eq!(spoilt.post(event).await, 200, "after it was {how}");
        }
    }
    println!("{} events were answered, {refused} refused first", spoilt.answered.len());
    spoilt.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_makes_requests_share_their_commits() {
    let mut spoilt = Spoilt::new().await;
    spoilt.disk_is("slow");
    let events: Vec<_> = (0..60).map(|_| spoilt.event()).collect();
    let (http, listen, began) = (client(), spoilt.daemon.listen, Instant::now());
    let asked: Vec<_> = events
        .into_iter()
        .map(|(id, body)| {
            let http = http.clone();
            tokio::spawn(async move {
                let answer = send(&http, listen, &id, &body).await;
                (id, answer, began.elapsed())
            })
        })
        .collect();
    let (ready, _) = spoilt.daemon.admin("/readyz").await;
    assert_eq!(ready, 200, "slow is not broken");
    let mut longest = Duration::ZERO;
    for asked in asked {
        let (id, answer, took) = asked.await.unwrap();
        let (status, answer) = answer.expect("an answer within the client's patience of 20 s");
        assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{id}");
        longest = longest.max(took);
    }
    println!("60 requests at once, each commit takes 2 s or more: the last was answered after {longest:?}");
    spoilt.disk_is("well");
    let event = spoilt.event();
    assert_eq!(spoilt.post(&event).await, 200);
    let count = |sql: &str| spoilt.home.database().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM journal WHERE kind = 0"), 61);
    spoilt.daemon.stop().await;
}

/// A store with something in every kind of page, closed in an orderly way.
async fn stored() -> Home {
    let home = Home::light();
    let daemon = home.start().await;
    let events: Vec<Value> = (0..400)
        .map(|at| {
            let text = if at % 4 == 0 { SPAM.to_owned() } else { format!("今天第 {at} 次路过小区门口") };
            let sender = json!({"id": format!("u{}", at % 50), "name": format!("小{at}"), "role": "member"});
            json!({"id": format!("m-{at}"), "type": "message", "group": format!("g{}", at % 9), "sender": sender, "text": text})
        })
        .collect();
    assert_eq!(daemon.post("msg-1", &Value::Array(events).to_string()).await.unwrap().0, 200);
    daemon.stop().await;
    home
}

/// Any page may be damaged, the first or one that nothing reads for a long time: the daemon does not start and says why, or it
/// starts and either stores what it answers 200 or says that it cannot. `QUNWEI_SOAK_PAGES` says how many pages are tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_page_is_never_taken_for_sound() {
    let (pages, seed) = (number("QUNWEI_SOAK_PAGES").unwrap_or(10), seed());
    let mut dice = Dice::new(seed);
    let home = stored().await;
    let database = home.data().join("qunwei.db");
    let sound = std::fs::read(&database).unwrap();
    let all = sound.len() as u64 / 4096;
    println!("QUNWEI_SOAK_SEED={seed} QUNWEI_SOAK_PAGES={pages} of {all}");
    let (mut refused, mut went_on, mut said_so) = (0, 0, 0);
    for round in 0..pages {
        let page = if round == 0 { 0 } else { dice.below(all) };
        let mut spoilt = sound.clone();
        let from = (page * 4096) as usize + if page == 0 { 100 } else { 0 };
        match dice.below(3) {
            0 => spoilt[from..(page as usize + 1) * 4096].fill(0),
            1 => spoilt[from..(page as usize + 1) * 4096].fill(0xee),
            _ => spoilt[from..from + 8].fill(0x5a),
        }
        std::fs::remove_dir_all(home.data()).unwrap();
        std::fs::create_dir(home.data()).unwrap();
        std::fs::write(&database, &spoilt).unwrap();
        let stderr = home.folder.path().join("stderr");
        let Ok(daemon) = Daemon::try_start(home.serve(), &stderr).await else {
            let log = std::fs::read_to_string(&stderr).unwrap();
            assert!(log.contains("error: ") && !log.contains("panicked"), "page {page}: {log}");
            assert!(
                log.contains("damaged") || log.contains("malformed") || log.contains("not a"),
                "page {page}: {log}"
            );
            refused += 1;
            continue;
        };
        let event = json!({"id": "new", "type": "message", "group": "g1", "sender": {"id": "u0"}, "text": SPAM});
        match daemon.post("msg-2", &event.to_string()).await.expect("an answer").0 {
            200 => {
                went_on += 1;
                daemon.kill();
                let kept = "SELECT count(*) FROM journal WHERE body LIKE '%\"new\"%'";
                let kept: rusqlite::Result<i64> =
                    Connection::open(&database).unwrap().query_row(kept, [], |row| row.get(0));
                assert!(matches!(kept, Ok(1) | Err(_)), "page {page}: answered 200 and not there: {kept:?}");
            }
            503 => {
                said_so += 1;
                // What is damaged keeps nobody from writing elsewhere: it is a note, and stays.
                let began = Instant::now();
                while let (_, ready) = daemon.admin("/readyz").await
                    && !ready.contains("note: store: the store is damaged")
                {
                    assert!(began.elapsed() < PATIENCE, "page {page}: {ready}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                daemon.kill();
            }
            status => panic!("page {page}: {status}"),
        }
    }
    println!(
        "{refused} times it did not start, {said_so} times it refused events, {went_on} times the page did not matter yet"
    );
    assert!(refused > 0, "not even the first page kept it from starting");
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let home = stored().await;
    home.database().pragma_update(None, "user_version", 999).unwrap();
    let before = std::fs::read(home.data().join("qunwei.db")).unwrap();
    let stderr = home.folder.path().join("stderr");
    assert!(Daemon::try_start(home.serve(), &stderr).await.is_err());
    let log = std::fs::read_to_string(&stderr).unwrap();
    assert!(log.contains("newer Qunwei (schema 999;") && log.contains("left as it is"), "{log}");
    assert!(std::fs::read(home.data().join("qunwei.db")).unwrap() == before, "it was changed");
}
