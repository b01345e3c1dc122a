//! Senders that go on through everything, and what they were told.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use qunwei::ports::Clock;
use qunwei::serve::SystemClock;
use serde_json::{Value, json};

use crate::support::daemon::{client, send};
use crate::support::dice::Dice;
use crate::support::until;

const CLIENTS: u64 = 4;

/// Senders that go on through everything, and what they were told.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

struct Shared {
    told: Mutex<Told>,
    target: Mutex<Option<SocketAddr>>,
    finish: Mutex<bool>,
}

#[derive(Default)]
pub struct Told {
    pub answered: HashSet<String>,
    /// Of all that were ever sent.
    pub violating: HashSet<String>,
}

/// A request and the events in it.
struct Parcel {
    body: String,
    ids: Vec<String>,
}

impl Load {
    pub fn start(seed: u64) -> Self {
        let shared = Arc::new(Shared { told: Mutex::default(), target: Mutex::default(), finish: Mutex::default() });
        let clients = (0..CLIENTS)
            .map(|number| tokio::spawn(run(shared.clone(), number, Dice::new(seed.wrapping_add(1000 + number)))))
            .collect();
        Self { shared, clients }
    }

    pub fn aim(&self, at: Option<SocketAddr>) {
        *self.shared.target.lock().unwrap() = at;
    }

    pub fn told(&self) -> MutexGuard<'_, Told> {
        self.shared.told.lock().unwrap()
    }

    /// Lets the senders end; those that have something unanswered send it first.
    pub async fn finish(&self) {
        *self.shared.finish.lock().unwrap() = true;
        until("the senders end", || self.clients.iter().all(|client| client.is_finished()).then_some(())).await;
    }
}

async fn run(shared: Arc<Shared>, number: u64, mut dice: Dice) {
    let http = client();
    let (mut count, mut again, mut sent) = (0, Vec::<Parcel>::new(), Vec::<Parcel>::new());
    loop {
        let target = *shared.target.lock().unwrap();
        let finish = *shared.finish.lock().unwrap();
        let Some(target) = target else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let parcel = match again.pop() {
            Some(parcel) => parcel,
            None if finish => return,
            None if dice.percent(3) && !sent.is_empty() => sent.swap_remove(dice.below(sent.len() as u64) as usize),
            None => {
                count += 1;
                new_parcel(&shared, &format!("{number}-{count}"), &mut dice)
            }
        };
        match send(&http, target, &format!("msg-{number}-{count}"), &parcel.body).await {
            Some((200, answer)) => {
                let told = answer["accepted"].as_u64().unwrap() + answer["duplicates"].as_u64().unwrap();
                assert_eq!(told, parcel.ids.len() as u64, "{answer}");
                shared.told.lock().unwrap().answered.extend(parcel.ids.iter().cloned());
                sent.push(parcel);
            }
            Some((503, _)) => again.push(parcel),
            Some((status, answer)) => panic!("{status} {answer}"),
            None if dice.percent(70) => again.push(parcel), // most senders try again, some do not
            None => {}
        }
    }
}

fn new_parcel(shared: &Shared, name: &str, dice: &mut Dice) -> Parcel {
    let size = if dice.percent(20) { 2 + dice.below(6) } else { 1 };
    let (mut events, mut ids) = (Vec::new(), Vec::new());
    for part in 0..size {
        let id = format!("e-{name}-{part}");
        if dice.percent(3) {
            let (group, time) = (format!("g{}", 4 + dice.below(4)), SystemClock.now().to_string());
            let newcomer = json!({"id": format!("new-{id}"), "name": "新人"});
            events
                .push(json!({"id": id, "type": "member_joined", "group": group, "time": time, "members": [newcomer]}));
            ids.push(id);
            continue;
        }
        let violating = dice.percent(10);
        let (user, said) = if violating {
            shared.told.lock().unwrap().violating.insert(id.clone());
            (format!("bad{}", dice.below(60)), format!("兼职刷单日结，加薇信 abc{}9", dice.below(100_000)))
        } else {
            (format!("u{}", dice.below(50_000)), format!("今天第 {} 次路过小区门口", dice.below(1_000_000)))
        };
        let group = format!("g{}", dice.below(8));
        let time = SystemClock.now().to_string();
        let sender = json!({"id": user, "name": format!("小{user}")});
        events.push(json!({"id": id, "type": "message", "group": group, "time": time, "sender": sender, "text": said}));
        ids.push(id);
    }
    let body = if size == 1 { events[0].to_string() } else { Value::Array(events).to_string() };
    Parcel { body, ids }
}
