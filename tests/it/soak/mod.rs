//! A daemon under load to which something happens again and again, and what must be true of it after all.
//!
//! `QUNWEI_SOAK_SEED` repeats a run's moments.

pub mod bot;
pub mod check;
pub mod load;

use std::time::Duration;

use qunwei::ports::Clock;
use qunwei::serve::SystemClock;
use serde_json::json;

use self::bot::Sink;
use self::load::Load;
use crate::support::daemon::{Daemon, Home, client, send};
use crate::support::dice::Dice;
use crate::support::{until, until_within};

const PATIENCE: Duration = Duration::from_secs(120);

/// So many events are answered before a run ends, however soon everything was killed.
const ENOUGH: usize = 600;

/// So often a run may end with a reminder that came between the last look and the end.
const LAST_ROUNDS: usize = 5;

/// Half of the groups are looked after as shipped; in the others members climb the ladder, newcomers are welcomed, and mutes
/// end, within a minute; two are reminded all the time.
const FAST: &str = r#"
[profile.fast]
burst_seconds = 1
notices_per_minute = 500
mutes_per_hour = 500
removals_per_hour = 500
ladder = ["warn_private", "warn_public", "mute 1m", "mute 2h", "remove"]
welcome = { window_seconds = 5, raid_joins = 500 }
[group.g4]
profile = "fast"
[group.g5]
profile = "fast"
[group.g6]
profile = "fast"
[group.g7]
profile = "fast"
"#;

/// Once a minute is the most that one reminder may say.
fn reminder(second: u32) -> String {
    format!(
        "[[reminder]]\nname = \"water{second}\"\ntext = \"喝水\"\ncron = \"{second} * * * * *\"\n\
         groups = [\"g3\", \"g4\"]\nin_quiet_hours = \"send\"\n"
    )
}

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// The seed of a run: given, or that of this moment.
pub fn seed() -> u64 {
    number("QUNWEI_SOAK_SEED").unwrap_or_else(|| SystemClock.now().0.cast_unsigned())
}

/// A data directory, a bot, senders, and the moments at which something happens.
pub struct Scene {
    pub home: Home,
    pub sink: Sink,
    pub load: Load,
    pub dice: Dice,
}

impl Scene {
    pub async fn new(seed: u64, idempotent: bool) -> Self {
        let sink = Sink::start(seed).await;
        let mut home = Home::light();
        home.actions_url = sink.url.clone();
        let reminders: String = (0..60).step_by(5).map(reminder).collect();
        home.write("config/zz-fast.toml", &format!("{FAST}{reminders}"));
        home.edit("config/qunwei.toml", "actions_per_second = 20", "actions_per_second = 500");
        if !idempotent {
            home.edit("config/qunwei.toml", r#", "idempotent"]"#, "]");
            sink.log().once = true;
        }
        Self { home, sink, load: Load::start(seed), dice: Dice::new(seed) }
    }

    /// A moment that hits the daemon while it answers, while it sends, as soon as it is up, or just anywhere.
    pub async fn random_moment(&mut self) {
        let Self { dice, load, sink, .. } = self;
        match dice.below(4) {
            0 => {}
            1 => {
                let goal = load.told().answered.len() + dice.below(400) as usize;
                until("events are answered", || (load.told().answered.len() >= goal).then_some(())).await;
            }
            2 => {
                let goal = sink.log().attempts + dice.below(40);
                let enough = load.told().answered.len() + 5000; // when there is nothing to send
                let reached = || sink.log().attempts >= goal || load.told().answered.len() >= enough;
                until("actions are sent", || reached().then_some(())).await;
            }
            _ => tokio::time::sleep(Duration::from_millis(dice.below(700))).await, // no wait for anything: the moment itself
        }
    }

    /// What is recorded as done must not come again.
    pub fn remember_what_is_done(&self) {
        self.sink.log().confirmed = check::ended(&self.home.database(), &["done"]);
    }

    /// Once more for what is left, a last kill when it is all done, and a start that has nothing to do; then everything that
    /// must be true. With `mutes` the mutes that began are waited for too.
    pub async fn end(self, mutes: bool) {
        let daemon = self.home.start().await;
        self.load.aim(Some(daemon.listen));
        let enough = || (self.load.told().answered.len() > ENOUGH).then_some(());
        until_within(PATIENCE, "enough is answered to mean anything", enough).await;
        self.load.finish().await;
        let database = self.home.database();
        // Those of tasks are hours of a long run: they would come into sight one after the other, as long as it has lasted.
        let soon = check::now(&database) + 90_000;
        let over = || (check::open_timers(&database, soon, mutes) == 0).then_some(());
        until_within(PATIENCE, "every timer has fired", over).await;
        let done = || (check::pending(&database) == 0).then_some(());
        until_within(PATIENCE, "every action comes to its end", done).await;
        daemon.kill();
        let ends = ["done", "failed", "uncertain", "expired", "cancelled"];
        self.sink.log().confirmed = check::ended(&database, &ends);
        // A reminder that is due just then waits for the next start.
        for _ in 0..LAST_ROUNDS {
            let daemon = self.home.start().await;
            let answered = last_round(&daemon).await;
            assert_eq!(answered, 200);
            until_within(PATIENCE, "every action comes to its end", done).await;
            daemon.stop().await;
            if check::pending(&database) == 0 {
                break;
            }
        }
        check::check(&database, &self.load.told(), &self.sink.log(), mutes);
        drop(database);
        check::check_journal(&self.home);
    }
}

async fn last_round(daemon: &Daemon) -> u16 {
    let event =
        json!({"id": "last", "type": "message", "group": "g0", "sender": {"id": "last"}, "text": "晚安"}).to_string();
    let (status, _) = send(&client(), daemon.listen, "last", &event).await.expect("an answer");
    status
}
