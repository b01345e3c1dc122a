//! What a long connection hears, on its way to the intake: a queue of its own, so that a slow disk holds up no frame.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::answers::Answers;
use super::frame::Frame;
use crate::adapters::inbound::{self, Inbound};
use crate::adapters::wecom::backoff::Backoff;
use crate::adapters::wecom::callback::Channel;
use crate::adapters::wecom::callback::robot::Robot;
use crate::adapters::wecom::inlet::Inlet;
use crate::adapters::wecom::platform::AibotPush;
use crate::ports::Clock;

/// So many frames wait at most.
const WAITING: usize = 4096;
/// So many events are handed in at once.
const AT_ONCE: usize = 200;
/// An event that is refused so often is given up, so that it does not hold up the others for ever.
const PATIENCE: u32 = 12;

/// Where frames are put. Clones are the same queue.
#[derive(Clone)]
pub struct Feed {
    frames: mpsc::Sender<Utf8Bytes>,
    counts: Arc<Counts>,
    shown: Shown,
}

/// Told when something is lost, when nothing can be recorded, and when it can again.
pub type Shown = Arc<dyn Fn(&Counts) + Send + Sync>;

/// What became of what was heard.
#[derive(Debug, Default)]
pub struct Counts {
    recorded: AtomicU64,
    lost: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Counts {
    /// Events that are durable.
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// Frames or events that could not be recorded, and that nobody sends again.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Why nothing can be recorded now.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says whether that is new.
    fn note(&self, trouble: Option<String>) -> bool {
        let mut now = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let new = *now != trouble;
        *now = trouble;
        new
    }

    fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }
}

/// How frames become events.
pub struct Hearing {
    /// The platform's name in events.
    pub platform: Arc<str>,
    /// What must be known of the bot.
    pub robot: Robot,
    /// Where it is kept who can be answered, and who answers; `None` where another program's bot does.
    pub answers: Option<(Answers, Arc<dyn AibotPush>)>,
    /// Where events go.
    pub inlet: Arc<dyn Inlet>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Told what an operator should know.
    pub shown: Shown,
}

impl Feed {
    /// Starts the task that hands in what is put here, until all clones are gone or it is told to stop.
    pub fn start(hearing: Hearing, stop: CancellationToken) -> Self {
        let (frames, heard) = mpsc::channel(WAITING);
        let counts = Arc::<Counts>::default();
        let shown = hearing.shown.clone();
        let work = Work { hearing, counts: counts.clone() };
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work.run(heard) => {}
            }
        });
        Self { frames, counts, shown }
    }

    /// Puts a frame that tells of a message or an event into the queue. Never waits.
    pub fn put(&self, frame: Utf8Bytes) {
        if self.frames.try_send(frame).is_err() {
            self.counts.lose(1);
            (self.shown)(&self.counts);
            tracing::error!("a message to the bot is lost: too many wait to be recorded");
        }
    }

    /// What became of what was put here.
    pub fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }
}

struct Work {
    hearing: Hearing,
    counts: Arc<Counts>,
}

impl Work {
    async fn run(self, mut heard: mpsc::Receiver<Utf8Bytes>) {
        let mut frames = Vec::new();
        while heard.recv_many(&mut frames, AT_ONCE).await > 0 {
            let events: Vec<Inbound> = frames.drain(..).flat_map(|frame| self.events(&frame)).collect();
            if events.is_empty() {
                continue;
            }
            // Together, and if that does not go, one by one: perhaps one of them is to blame.
            if !self.hand_in(&events, PATIENCE / 2).await {
                for event in &events {
                    if !self.hand_in(std::slice::from_ref(event), PATIENCE).await {
                        self.lose();
                        tracing::error!("a message to the bot is lost: it cannot be recorded");
                    }
                }
            }
        }
    }

    /// Tries so many times, in all some minutes.
    async fn hand_in(&self, events: &[Inbound], tries: u32) -> bool {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(30));
        loop {
            match self.hearing.inlet.submit(events.to_vec(), None).await {
                Ok(taken) => {
                    self.counts.recorded.fetch_add(taken.accepted as u64, Ordering::Relaxed);
                    self.note(None);
                    return true;
                }
                Err(refused) => self.note(Some(refused.to_string())),
            }
            let wait = backoff.pause();
            if backoff.failures() >= tries {
                return false;
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn note(&self, trouble: Option<String>) {
        if self.counts.note(trouble) {
            (self.hearing.shown)(&self.counts);
        }
    }

    fn lose(&self) {
        self.counts.lose(1);
        (self.hearing.shown)(&self.counts);
    }

    fn events(&self, frame: &str) -> Vec<Inbound> {
        let Some(frame) = Frame::parse(frame) else { return Vec::new() };
        // Before it is durable: what is decided then may be said at once.
        if let Some((answers, bot)) = &self.hearing.answers
            && let Some((event, user)) = self.hearing.robot.alone(&frame.body)
        {
            answers.offer_chat(&event, user, bot.clone());
        }
        let read = self.hearing.robot.reading(&frame.body);
        let unread = || vec![Channel::Robot(Robot::default()).unread(frame.body.to_string().as_bytes())];
        let events = read.map_or_else(unread, |reading| reading.events);
        let (platform, now) = (&self.hearing.platform, self.hearing.clock.now());
        let event = |json: &String| match inbound::one(json, platform, now) {
            Ok(event) => Some(event),
            Err(_) => {
                self.lose();
                tracing::error!("a message to the bot is lost: it makes no event");
                None
            }
        };
        events.iter().filter_map(event).collect()
    }
}
