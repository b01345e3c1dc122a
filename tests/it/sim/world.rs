//! One run: a schedule drawn from a seed, turned by one thread, looked at after every step.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use qunwei::app::intake::Job;
use qunwei::domain::action::ActionId;
use qunwei::domain::case::{ByWhom, Halt};
use qunwei::domain::time::Timestamp;
use qunwei::ports::{Clock, Reply, RowKind};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::bot::{self, Bots, Flight, MOODS, Mood};
use super::callers::Callers;
use super::daemon::{Daemon, unless_killed};
use super::locked::Locks;
use super::office::{Call, Office};
use super::people::{Parcel, People, Way};
use super::progress::Progress;
use super::rules::{CORP, FETCH, ONCE, PLAIN, PLATFORMS, PUSH};
use super::watch::Watch;
use crate::support::MORNING;
use crate::support::clock::HandClock;
use crate::support::dice::Dice;
use crate::support::faulty::{Fault, Faults};

mod checks;
mod ends;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What is going to happen.
enum Coming {
    Sent(Parcel),
    Answered(Flight),
    Called(Call),
    Said(ActionId, Reply),
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Counts {
    pub steps: u64,
    pub answered: usize,
    pub refused: u64,
    pub kills: u64,
    pub refusals_to_start: u64,
    pub failed_commits: usize,
    pub reloads: u64,
    pub cases: u64,
    pub attempts: u64,
    pub compared: u64,
    /// Callbacks that WeCom asked often enough, and forged ones.
    pub given_up: u64,
    pub forged: u64,
    /// Starts with a wrong key or none, and keys that were changed.
    pub locked_out: u64,
    pub keys: u64,
    /// Calls of WeCom's interface and the codes they were answered with.
    pub calls: BTreeMap<(String, i64), u64>,
    pub inputs: BTreeMap<u8, u64>,
    pub actions: BTreeMap<String, i64>,
    /// Of all that happened, in order.
    pub trace: u64,
}

pub struct World<'a> {
    dice: Dice,
    clock: Arc<HandClock>,
    /// What waits in the daemon waits by this; it goes on only when it is told to, and never back.
    time: &'a Runtime,
    data: TempDir,
    faults: Faults,
    locks: Locks,
    bots: Bots,
    office: Office,
    moods: BTreeMap<&'static str, Mood>,
    people: People,
    callers: Callers,
    requests: u64,
    /// Messages that were edited or reported.
    touched: HashSet<String>,
    coming: BTreeMap<(Timestamp, u64), Coming>,
    order: u64,
    daemon: Option<Daemon>,
    /// The rules on the disk.
    rules: usize,
    watch: Option<Watch>,
    /// Requests that were answered 200.
    answered: Vec<Parcel>,
    counts: Counts,
    progress: Progress,
    trace: DefaultHasher,
    told: bool,
}

impl<'a> World<'a> {
    pub fn new(seed: u64, time: &'a Runtime) -> Self {
        let faults = Faults::default();
        faults.set_free(1 << 40);
        let memory = std::path::Path::new("/dev/shm");
        let data = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let mut data = data.unwrap();
        let told = std::env::var_os("QUNWEI_SIM_TRACE").is_some();
        if told {
            data.disable_cleanup(true);
            eprintln!("its data stay in {}", data.path().display());
        }
        Self {
            dice: Dice::new(seed),
            clock: Arc::new(HandClock::new(MORNING)),
            time,
            data,
            faults,
            locks: Locks::new(!seed.is_multiple_of(3)),
            bots: Bots::default(),
            office: Office::default(),
            moods: PLATFORMS.into_iter().chain([CORP]).map(|name| (name, Mood::Well)).collect(),
            people: People::default(),
            callers: Callers::default(),
            requests: 0,
            touched: HashSet::new(),
            coming: BTreeMap::new(),
            order: 0,
            daemon: None,
            rules: 0,
            watch: None,
            answered: Vec::new(),
            counts: Counts::default(),
            progress: Progress::default(),
            trace: DefaultHasher::new(),
            told,
        }
    }

    /// So many steps, then calm until everything is over.
    pub fn run(mut self, steps: u64) -> Counts {
        for _ in 0..steps {
            self.counts.steps += 1;
            if self.daemon.is_none() {
                self.start();
            }
            self.step();
            self.happen();
            self.check();
        }
        self.calm();
        self.compare();
        self.check_ends();
        let watch = self.watch.as_ref().unwrap();
        self.counts.answered = self.answered.iter().map(|parcel| parcel.events.len()).sum();
        self.counts.cases = watch.cases();
        self.counts.inputs = watch.inputs.clone();
        self.counts.actions = watch.states();
        self.counts.attempts = self.bots.lock().attempts;
        self.counts.failed_commits = self.faults.failed();
        self.counts.calls = std::mem::take(&mut self.office.lock().answered);
        format!("{:?}", self.counts).hash(&mut self.trace);
        self.counts.trace = self.trace.finish();
        self.counts
    }

    fn say(&mut self, what: std::fmt::Arguments<'_>) {
        let now = self.clock.now();
        let line = format!("{} {now} {what}", self.counts.steps);
        line.hash(&mut self.trace);
        if self.told {
            eprintln!("{line}");
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn comes(&mut self, after: Duration, what: Coming) {
        self.order += 1;
        self.coming.insert((self.now().plus(after), self.order), what);
    }

    fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.dice.below(below))
    }

    fn step(&mut self) {
        match self.dice.below(200) {
            0..44 => self.somebody_acts(),
            44..76 => self.turn(),
            76..86 => self.settle(),
            86..118 => self.deliver(),
            118..140 => self.wait_for_the_next(),
            140..156 => {
                let by = self.millis(3000);
                self.pass(by);
            }
            156..162 => {
                let by = MINUTE * (1 + self.dice.below(20) as u32);
                self.pass(by);
            }
            162 => self.leap(),
            163..170 => self.change_mood(),
            170..178 => self.change_store(),
            178..182 => self.die(),
            182..190 => self.fetch(),
            190 | 191 => {
                self.rules = 1 - self.rules;
                let rules = self.rules;
                self.say(format_args!("reload {rules}"));
                self.daemon.iter_mut().for_each(|daemon| daemon.reload(rules));
            }
            192 | 193 => self.pause(),
            194 => {
                self.say(format_args!("enable"));
                self.daemon.iter_mut().for_each(Daemon::enable);
            }
            195 | 196 => {
                let rows = 1 + self.dice.below(300) as usize;
                self.say(format_args!("jobs {rows}"));
                self.daemon.iter_mut().for_each(|daemon| daemon.work(rows));
            }
            _ => self.send_again(),
        }
    }

    fn somebody_acts(&mut self) {
        let now = self.now();
        let parcel = if self.dice.percent(25) {
            self.people.parcels += 1;
            self.callers.act(&mut self.dice, now, &self.office.lock().cards, self.people.parcels)
        } else {
            self.people.act(&mut self.dice, now, &self.bots.lock().tasks)
        };
        for event in &parcel.events {
            let other = event["quote"]["message"].as_str().or(event["message"].as_str());
            self.touched.extend(other.map(str::to_owned));
        }
        let delay = match self.dice.below(20) {
            0 => HOUR.mul_f64(self.dice.below(600) as f64 / 100.0),
            1..5 => self.millis(300_000),
            _ => self.millis(2000),
        };
        self.say(format_args!("{} {} in {delay:?}: {}", parcel.platform, parcel.number, parcel.body()));
        self.comes(delay, Coming::Sent(parcel));
    }

    fn send_again(&mut self) {
        if self.answered.is_empty() {
            return;
        }
        let from = self.answered.len().saturating_sub(30) as u64;
        let at = from + self.dice.below(self.answered.len() as u64 - from);
        let parcel = self.answered[at as usize].clone();
        let delay = self.millis(5000);
        self.say(format_args!("{} {} again", parcel.platform, parcel.number));
        self.comes(delay, Coming::Sent(parcel));
    }

    fn turn(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        self.progress.turned();
        if unless_killed(|| daemon.turn()).is_none() {
            return self.killed("in a commit");
        }
        let sound = daemon.turning.engine.trouble().is_none() && self.faults.is_sound();
        let now = self.clock.now();
        let due = daemon.turning.engine.next_turn().is_some_and(|due| due <= now && due > Timestamp(0));
        if sound && due && self.watch.as_ref().is_some_and(|watch| watch.overdue(now) > 0) {
            // The turn may have been the one in which the store came back.
            daemon.turn();
            let overdue = self.watch.as_ref().map_or(0, |watch| watch.overdue(now));
            assert_eq!(overdue, 0, "timers did not fire");
        }
    }

    /// The disk has what was written so far.
    fn settle(&mut self) {
        self.say(format_args!("settle"));
        if let Some(daemon) = &self.daemon {
            daemon.disk.settle();
        }
    }

    fn deliver(&mut self) {
        self.daemon.iter_mut().for_each(Daemon::deliver);
        self.take_off();
        [PUSH, ONCE, PLAIN].into_iter().for_each(|platform| self.check_progress(platform));
    }

    /// Attempts that have just begun: their answers come later.
    fn take_off(&mut self) {
        let flying = std::mem::take(&mut self.bots.lock().flying);
        for flight in flying {
            self.check_attempt(&flight.action);
            let mood = self.moods[&*flight.action.platform];
            let coin = self.dice.roll();
            self.say(format_args!("attempt {} {}", flight.action.id, flight.action.what.name()));
            self.comes(bot::takes(mood, coin), Coming::Answered(flight));
        }
        let begun = std::mem::take(&mut self.bots.lock().begun);
        for action in begun {
            self.check_attempt(&action);
            self.say(format_args!("attempt {} {}", action.id, action.what.name()));
        }
        let calls = std::mem::take(&mut self.office.lock().calls);
        for call in calls {
            let (mood, coin) = (self.moods[CORP], self.dice.roll());
            self.say(format_args!("call {}", call.path()));
            self.comes(bot::takes(mood, coin), Coming::Called(call));
        }
    }

    fn wait_for_the_next(&mut self) {
        let next = self.coming.keys().next().map(|(at, _)| *at);
        let by = next.map_or(SECOND, |at| at.since(self.now())).min(MINUTE);
        self.pass(by);
    }

    fn pass(&mut self, by: Duration) {
        self.progress.pass(by);
        self.clock.turn(by);
        self.time.block_on(tokio::time::advance(by));
    }

    /// The clock is put forward by hours, or back.
    fn leap(&mut self) {
        let now = self.now();
        let to = match self.dice.below(4) {
            0 => now.minus(self.millis(120_000)),
            1 => now.minus(HOUR),
            _ => now.plus(HOUR * (1 + self.dice.below(8) as u32)),
        };
        self.say(format_args!("clock to {to}"));
        self.clock.set(to);
        self.progress.begin_anew();
    }

    fn change_mood(&mut self) {
        let platform = PLATFORMS.get(self.dice.below(5) as usize).copied().unwrap_or(CORP);
        let mood = if self.dice.percent(45) { Mood::Well } else { MOODS[self.dice.below(9) as usize] };
        self.say(format_args!("{platform} {mood:?}"));
        self.moods.insert(platform, mood);
        self.progress.goes_on(platform);
    }

    fn change_store(&mut self) {
        let mut faults = Vec::new();
        if self.dice.percent(50) {
            let number = self.dice.below(400);
            let kind = match self.dice.below(4) {
                0 => RowKind::Event,
                1 => RowKind::Outcome,
                2 => RowKind::Attempt,
                _ => RowKind::Tick,
            };
            faults.push(match self.dice.below(9) {
                0 => Fault::Full,
                1 => Fault::FullFor(kind),
                2 => Fault::Poison(format!("\"e-{number}\"")),
                3 | 4 => Fault::Lies,
                5 => Fault::Reads,
                6 => Fault::Windows,
                7 => Fault::Unsynced,
                _ => Fault::Start,
            });
        }
        self.say(format_args!("store {faults:?}"));
        self.faults.set(faults);
    }

    fn die(&mut self) {
        match self.dice.below(3) {
            0 => self.killed("between"),
            1 => self.faults.add(Fault::DiesBefore),
            _ => self.faults.add(Fault::DiesAfter),
        }
    }

    fn pause(&mut self) {
        let (by, at) = ("operator".into(), self.now());
        let (stop, by) = (self.dice.percent(30), ByWhom { by, name: "lili".to_owned(), at });
        self.say(format_args!("pause {stop}"));
        let (answer, answered) = oneshot::channel();
        if let Some(daemon) = &mut self.daemon {
            daemon.turning.intake.tell(Job::Pause { halt: Halt::Said { stop, by }, answer });
            daemon.pauses.push(answered);
        }
    }

    fn fetch(&mut self) {
        let most = 1 + self.dice.below(10) as usize;
        let Some(daemon) = &mut self.daemon else { return };
        let leased = daemon.fetch(most);
        match leased.is_empty() {
            true => self.check_progress(FETCH),
            false => self.progress.goes_on(FETCH),
        }
        let Some(daemon) = &mut self.daemon else { return };
        let coin = self.dice.below(10);
        if coin == 0 {
            daemon.give_back(&leased);
            return;
        }
        for leased in leased {
            self.check_attempt(&leased.action);
            let mut model = self.bots.lock();
            model.came(&leased.action, &leased.body);
            if coin == 1 {
                continue; // the answer was lost on its way
            }
            let reply = match self.dice.below(10) {
                0 => Reply::Refused { error: "no".to_owned() },
                1 => Reply::Retry { after: None, error: "not now".to_owned() },
                2 => {
                    model.carry_out(&leased.action);
                    continue; // it says nothing
                }
                _ => {
                    model.carry_out(&leased.action);
                    model.said(&leased.action)
                }
            };
            drop(model);
            let delay = if self.dice.percent(80) { self.millis(3000) } else { self.millis(180_000) };
            self.say(format_args!("fetched {}", leased.action.id));
            let id = leased.action.id.clone();
            if self.dice.percent(10) {
                self.comes(delay + SECOND, Coming::Said(id.clone(), reply.clone()));
            }
            self.comes(delay, Coming::Said(id, reply));
        }
    }

    /// What is due happens.
    fn happen(&mut self) {
        let now = self.now();
        while let Some(next) = self.coming.first_entry().filter(|next| next.key().0 <= now) {
            match next.remove() {
                Coming::Sent(parcel) => self.send(parcel),
                Coming::Answered(flight) => {
                    let mood = self.moods[&*flight.action.platform];
                    let coin = self.dice.roll();
                    self.bots.lock().answer(flight, mood, coin);
                }
                Coming::Called(call) => {
                    let (mood, coin) = (self.moods[CORP], self.dice.roll());
                    self.office.lock().answer(call, mood, coin);
                }
                Coming::Said(id, reply) => match &mut self.daemon {
                    Some(daemon) => daemon.ack(&id, reply),
                    None => self.comes(SECOND, Coming::Said(id, reply)),
                },
            }
        }
        if let Some(daemon) = &mut self.daemon {
            daemon.look_at_attempts();
            let reloaded = daemon.reloaded();
            self.counts.reloads += u64::from(reloaded.is_some());
        }
        self.take_off();
        self.look_at_requests();
    }

    fn send(&mut self, mut parcel: Parcel) {
        let now = self.now();
        if let Way::Callback { door, plain, sealed, .. } = &mut parcel.way
            && (sealed.is_none() || self.dice.percent(50))
        {
            let (one, other) = (self.dice.roll(), self.dice.roll());
            let random = (u128::from(one) << 64 | u128::from(other)).to_be_bytes();
            let (seconds, nonce) = ((now.0 / 1000).to_string(), (one % 1_000_000).to_string());
            *sealed = Some(door.address().seal_with(plain.as_bytes(), random, &seconds, &nonce));
        }
        self.requests += 1;
        match &mut self.daemon {
            Some(daemon) => daemon.ask(parcel, self.requests),
            None => self.send_later(parcel, SECOND),
        }
    }

    /// It was not taken. WeCom asks four times in all; bots ask until they are answered.
    fn send_later(&mut self, mut parcel: Parcel, delay: Duration) {
        if let Way::Callback { tries, .. } = &mut parcel.way {
            *tries += 1;
            if *tries == 4 {
                self.counts.given_up += 1;
                return;
            }
        }
        self.counts.refused += 1;
        self.comes(delay, Coming::Sent(parcel));
    }
}
