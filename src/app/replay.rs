//! Playing events through the whole engine in virtual time (interfaces.md §1, `replay`).
//!
//! The state starts empty; the clock starts at the first event and never goes back; timers due at or before an event fire
//! before it; every action succeeds at once. Same input, same configuration, same output, byte for byte.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use anyhow::Context;

use crate::app::engine::{Effects, Engine};
use crate::app::intake::{Inbound, Job};
use crate::app::lines::{Line, Lines};
use crate::app::metrics::Metrics;
use crate::domain::action::Action;
use crate::domain::action::Outcome;
use crate::domain::change::Change;
use crate::domain::event::Event;
use crate::domain::image::Images;
use crate::domain::policy::Settings;
use crate::domain::state::Limits;
use crate::domain::time::Timestamp;
use crate::store::{Durability, Options, SqliteStore};

/// Inputs that are written in one transaction: nothing is lost by waiting, for nobody is answered.
const BATCH: usize = 2000;

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Events taken in.
    pub events: u64,
    /// Actions written.
    pub actions: u64,
    /// Lines that are no events.
    pub malformed: u64,
}

/// Takes what a replay shows.
pub trait Audience {
    /// An event comes in; its timers have fired.
    ///
    /// # Errors
    /// It cannot be written.
    fn event(&mut self, event: &Event, time: Timestamp) -> io::Result<()>;

    /// A case was opened, a message joined one, or an action was decided.
    ///
    /// # Errors
    /// It cannot be written.
    fn change(&mut self, change: &Change) -> io::Result<()>;

    /// That was all.
    ///
    /// # Errors
    /// It cannot be written.
    fn end(&mut self) -> io::Result<()>;
}

/// Writes each action as a line of JSON, with the bytes of its image, and nothing else.
pub struct Actions<W>(pub W, pub Images);

impl<W: Write> Audience for Actions<W> {
    fn event(&mut self, _event: &Event, _time: Timestamp) -> io::Result<()> {
        Ok(())
    }

    fn change(&mut self, change: &Change) -> io::Result<()> {
        match change {
            Change::Act(action) => {
                let complete = self.1.complete(action);
                writeln!(self.0, "{}", complete.as_ref().unwrap_or(action).to_json())
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Plays events from `input` to an audience; what is wrong with a line goes to `errors`.
///
/// # Errors
/// The input cannot be read, the output cannot be written, or there is no room for the replay's temporary store.
pub fn replay(
    settings: Arc<Settings>,
    input: impl BufRead,
    until: Option<Timestamp>,
    audience: &mut dyn Audience,
    errors: &mut dyn Write,
) -> anyhow::Result<Played> {
    let folder = tempfile::tempdir().context("no temporary folder for the replay's state")?;
    let store = SqliteStore::open(folder.path(), Options { durability: Durability::Scratch, ..Options::default() })
        .context("the replay's temporary store")?;
    let start = Timestamp(i64::MIN);
    let engine = Engine::new(settings, Box::new(store), Arc::new(Metrics::new()), Limits::default(), start)?;
    let mut player = Player { engine, audience, now: start, applied: 0, played: Played::default() };
    for line in Lines::new(input) {
        let Line { number, text } = line?;
        let parsed = text.and_then(|text| {
            let event = Event::parse(&text).map_err(|error| error.to_string())?;
            let time = event.time.ok_or("time: is missing (replay needs it)")?;
            Ok((event, time, text))
        });
        match parsed {
            Ok((event, time, text)) => player.event(event, time, &text)?,
            Err(what) => {
                player.played.malformed += 1;
                writeln!(errors, "line {number}: {what}")?;
            }
        }
    }
    if let Some(until) = until {
        player.timers(until)?;
    }
    player.commit()?;
    player.audience.end()?;
    Ok(player.played)
}

struct Player<'a> {
    engine: Engine,
    audience: &'a mut dyn Audience,
    now: Timestamp,
    applied: usize,
    played: Played,
}

impl Player<'_> {
    fn event(&mut self, event: Event, time: Timestamp, text: &str) -> anyhow::Result<()> {
        if self.played.events == 0 {
            // The clock starts here: what was to be said before is not missed.
            self.engine.change_rules(self.engine.settings().clone(), time)?;
        }
        self.timers(time)?;
        self.now = self.now.max(time);
        self.played.events += 1;
        self.audience.event(&event, self.now)?;
        // Nobody waits for this answer: the receiving end is dropped at once.
        let (answer, _) = tokio::sync::oneshot::channel();
        let incoming = Inbound { event, raw: text.into(), given_time: None, glance: None };
        self.engine.apply(Job::Events { events: vec![incoming], answer }, self.now)?;
        self.settle()
    }

    /// Fires the timers due at or before `time`, each at its own time.
    fn timers(&mut self, time: Timestamp) -> anyhow::Result<()> {
        while let Some(due) = self.engine.next_timer().filter(|due| *due <= time) {
            self.now = self.now.max(due);
            self.engine.apply_due(self.now)?;
            self.settle()?;
        }
        Ok(())
    }

    /// Shows what was decided; each action succeeds at once.
    fn settle(&mut self) -> anyhow::Result<()> {
        loop {
            self.applied += 1;
            let decided = self.engine.decided();
            if decided.is_empty() {
                break;
            }
            for change in decided {
                self.audience.change(&change)?;
                if let Change::Act(action) = change {
                    self.carry_out(action)?;
                }
            }
        }
        if self.applied >= BATCH {
            self.commit()?;
        }
        Ok(())
    }

    fn carry_out(&mut self, action: Arc<Action>) -> anyhow::Result<()> {
        self.played.actions += 1;
        if !action.observe {
            let outcome = Outcome::Done { message: None };
            self.engine.apply(Job::Outcome { action, outcome }, self.now)?;
        }
        Ok(())
    }

    fn commit(&mut self) -> anyhow::Result<()> {
        self.applied = 0;
        let Effects { .. } = self.engine.commit()?;
        Ok(())
    }
}
