//! What the core needs from the outside, in the core's words: a [`Store`], [`Platform`]s and a [`Clock`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::action::{Action, StoredAction};
use crate::domain::case::{Case, CaseFile, TaskDecision};
pub use crate::domain::change::{Change, MemberRef};
use crate::domain::chat::ChatChange;
use crate::domain::ids::SeenKey;
use crate::domain::picture::Wanted;
use crate::domain::standing::Standing;
use crate::domain::time::Timestamp;

mod keeping;
mod stored;

pub use self::keeping::{Archived, Copied, Copier, Erasure, Forgotten, HistorySize, Kept, PackedFiles, Person, Tidied};
pub use self::stored::{Meant, Pending, Start, StoredGroup, StoredMember, StoredPause};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Carries actions out, on one platform.
pub trait Platform: Send + Sync {
    /// Tries an action once. `body` is its JSON, the same bytes at each attempt.
    fn perform(&self, action: Arc<Action>, body: Arc<str>) -> Pin<Box<dyn Future<Output = Reply> + Send>>;

    /// Which way an action takes, on a platform whose ways fail one by one; `None`: it is well or broken as a whole.
    fn way(&self, _action: &Action) -> Option<Way> {
        None
    }

    /// How long an action had better wait before it is tried, by limits that the platform sets itself; `None`: it may go.
    ///
    /// Asked before an attempt is recorded, and again before it is made, on the thread that turns the outbox: it must answer
    /// at once. What waits so was not tried: a restart does not make it uncertain, and it takes nobody else's turn.
    fn wait(&self, _action: &Action) -> Option<Duration> {
        None
    }
}

/// A way by which a platform carries actions out, and which may be broken while others are not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// Its name, the same as long as the platform is.
    pub name: Arc<str>,
    /// What people call it.
    pub called: Arc<str>,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done {
        /// The message it became, so that it can be recalled.
        message: Option<String>,
    },
    /// Not done, may be tried again.
    Retry {
        /// Not before this long.
        after: Option<Duration>,
        /// Why.
        error: String,
    },
    /// May or may not have been done.
    Unknown {
        /// What is known.
        error: String,
    },
    /// Refused for good.
    Refused {
        /// Why.
        error: String,
    },
    /// The platform answers in a way that an operator must look at; may be tried again.
    Broken {
        /// What it answered.
        error: String,
    },
    /// The platform wants nothing more from us.
    Disabled,
}

/// One input of the core as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When it was judged, by the daemon's clock.
    pub at: Timestamp,
    /// What it is.
    pub kind: RowKind,
    /// Where it came from: an event's platform, else empty.
    pub platform: Arc<str>,
    /// The time an event was given where its own was missing or too far ahead.
    pub time: Option<Timestamp>,
    /// The event's JSON as it came; else what the kind needs.
    pub body: Arc<str>,
}

/// What an input of the core is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RowKind {
    /// An event.
    Event = 0,
    /// Timers were due.
    Tick = 1,
    /// The body of a late mute was fixed, or a non-idempotent action is about to be tried.
    Attempt = 2,
    /// An action has come to its end.
    Outcome = 3,
    /// Another version of the rules from here on.
    Rules = 4,
    /// An operator stopped everything, or let it go on.
    Pause = 5,
    /// People are to be told something that no event caused: what came of a reload, an alarm.
    Told = 6,
}

/// How far somebody has come who reads from a place that remembers nothing of its readers, or what they last found there. It
/// is written together with the events it belongs to, so that none of them is missed or comes twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who reads what, e.g. `wecom/corp/archive`. Each source has one mark and one writer.
    pub source: Arc<str>,
    /// What they will want to know again.
    pub value: String,
}

/// What stands or falls together: the inputs of one request and all they changed.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// The inputs.
    pub rows: Vec<Row>,
    /// Their events' keys.
    pub seen: Vec<SeenKey>,
    /// What they changed.
    pub changes: Vec<Change>,
    /// How far their readers have come with them.
    pub marks: Vec<Mark>,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// One row cannot be stored; others can.
    #[error("a row cannot be stored: {0}")]
    Row(String),
    /// Nothing can be stored now: the disk is full, read-only or broken.
    #[error("the store cannot be written: {0}")]
    Unavailable(String),
    /// What was stored cannot be read as it was written. What does not need it goes on.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// Waits for the disk in the store's place, so that the store can be written meanwhile.
pub trait Syncer: Send {
    /// Waits until all that was written before is durable.
    ///
    /// # Errors
    /// It may not be, and nothing is from then on, until [`Store::probe`] has succeeded.
    fn sync(&mut self) -> Result<(), StoreError>;
}

/// Keeps everything. One writer; every method blocks.
pub trait Store: Send {
    /// Writes units in one transaction, durable when it returns; and so is all that was written before.
    ///
    /// # Errors
    /// Nothing at all was written.
    fn commit(&mut self, units: &[Unit]) -> Result<(), StoreError>;

    /// Writes units in one transaction, which is durable once the [`Store::syncer`] has synced after this returned. What is read
    /// from the store has them from now on.
    ///
    /// # Errors
    /// Nothing at all was written.
    fn write(&mut self, units: &[Unit]) -> Result<(), StoreError> {
        self.commit(units)
    }

    /// What makes durable what [`Store::write`] has written; `None` where that is so already.
    fn syncer(&mut self) -> Option<Box<dyn Syncer>> {
        None
    }

    /// What was seen under this key within the last `dedupe` time: the hash of its body. Only committed keys count.
    ///
    /// # Errors
    /// The store cannot be read.
    fn seen(&mut self, key: SeenKey) -> Result<Option<u32>, StoreError>;

    /// Forgets keys of events that came before this time.
    ///
    /// # Errors
    /// The store cannot be written.
    fn forget_seen(&mut self, before: Timestamp) -> Result<(), StoreError>;

    /// The mark of a source ([`Mark`]), if it has one.
    ///
    /// # Errors
    /// The store cannot be read.
    fn mark(&mut self, source: &str) -> Result<Option<String>, StoreError>;

    /// What is stored of a group; the default when nothing is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn group(&mut self, platform: &str, group: &str) -> Result<StoredGroup, StoreError>;

    /// What is stored of a member; the default when nothing is.
    ///
    /// # Errors
    /// The store cannot be read.
    fn member(&mut self, member: &MemberRef) -> Result<StoredMember, StoreError>;

    /// The case of a message, with what was found in that message alone: an edit that brings the same finding changes
    /// nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    fn case_of(&mut self, platform: &str, group: &str, message: &str) -> Result<Option<Case>, StoreError>;

    /// A case with all that became of it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn case_file(&mut self, no: u64) -> Result<Option<CaseFile>, StoreError>;

    /// The case that a message of ours told of.
    ///
    /// # Errors
    /// The store cannot be read.
    fn case_of_notice(&mut self, platform: &str, message: &str) -> Result<Option<u64>, StoreError>;

    /// Cases of a group that were opened from `since` on and only observed, newest first, among the last of all groups.
    ///
    /// # Errors
    /// The store cannot be read.
    fn observed_cases(&mut self, platform: &str, group: &str, since: Timestamp) -> Result<Vec<Case>, StoreError>;

    /// Whether an action was cancelled.
    ///
    /// # Errors
    /// The store cannot be read.
    fn is_cancelled(&mut self, id: &str) -> Result<bool, StoreError>;

    /// An action and what became of it so far.
    ///
    /// # Errors
    /// The store cannot be read.
    fn action(&mut self, id: &str) -> Result<Option<StoredAction>, StoreError>;

    /// What somebody answered to a task.
    ///
    /// # Errors
    /// The store cannot be read.
    fn decision(&mut self, task: &str) -> Result<Option<TaskDecision>, StoreError>;

    /// What a member is called, if an event has said.
    ///
    /// # Errors
    /// The store cannot be read.
    fn member_name(&mut self, member: &MemberRef) -> Result<Option<Arc<str>>, StoreError>;

    /// Whom a word may mean in a group, as far as events have said.
    ///
    /// # Errors
    /// The store cannot be read.
    fn meant(&mut self, platform: &str, group: &str, word: &str) -> Result<Meant, StoreError>;

    /// A change made in the chat, by its number.
    ///
    /// # Errors
    /// The store cannot be read.
    fn chat_change(&mut self, no: u64) -> Result<Option<ChatChange>, StoreError>;

    /// What is held against a person on a platform, by group.
    ///
    /// # Errors
    /// The store cannot be read.
    fn standings_of(&mut self, platform: &str, user: &str) -> Result<Vec<(Arc<str>, Standing)>, StoreError>;

    /// Actions that have not come to their end, of one group (platform and name) or of all, in the order they were decided.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pending_of(&mut self, group: Option<(&str, &str)>) -> Result<Vec<Arc<Action>>, StoreError>;

    /// Inputs before `seq`, newest first, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn journal_before(&mut self, seq: u64, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Where to begin.
    ///
    /// # Errors
    /// The store cannot be read.
    fn start(&mut self) -> Result<Start, StoreError>;

    /// Inputs after `seq`, in order, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn journal(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// Writes windows (the watermark), up to the input `seq`, behind those that were written with inputs from `keep` on;
    /// what was written before that is dropped.
    ///
    /// # Errors
    /// Nothing was written or dropped.
    fn save_windows(&mut self, seq: u64, keep: u64, windows: &[u8]) -> Result<(), StoreError>;

    /// Actions of a platform that have not come to their end and are not observed, at most `limit`: by lane, then in the order
    /// they were decided. But none comes before those that it follows ([`Action::follows`]), so the first so many are never
    /// without them.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pending(&mut self, platform: &str, limit: usize) -> Result<Vec<Pending>, StoreError>;

    /// The platforms that have such actions.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pending_platforms(&mut self) -> Result<Vec<Arc<str>>, StoreError>;

    /// Pictures that are to be read, those that were asked for first, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn pictures(&mut self, limit: usize) -> Result<Vec<Wanted>, StoreError>;

    /// Says of a configuration that it is the one in force; `false` where its files are not kept.
    ///
    /// # Errors
    /// Nothing was written.
    fn renew_config(&mut self, version: &str, at: Timestamp) -> Result<bool, StoreError>;

    /// Keeps the files of a configuration under its version.
    ///
    /// # Errors
    /// Nothing was written.
    fn save_config(&mut self, version: &str, files: &PackedFiles, at: Timestamp) -> Result<(), StoreError>;

    /// The files of the configuration that was in force last.
    ///
    /// # Errors
    /// The store cannot be read.
    fn last_config(&mut self) -> Result<Option<Vec<(String, String)>>, StoreError>;

    /// One step of moving the days of the journal that are over, by the clocks of `zone`, into files: what is moved is still
    /// found by [`Store::journal`] and [`Store::journal_before`]. Deletes at most `limit` inputs where they had been.
    ///
    /// # Errors
    /// The step was not made; nothing was lost, and it can be tried again.
    fn archive(&mut self, zone: &TimeZone, now: Timestamp, limit: usize) -> Result<Archived, StoreError>;

    /// Deletes what became older than `before`, at most about `limit` rows (or one file), the oldest first.
    ///
    /// # Errors
    /// Nothing was deleted.
    fn forget(&mut self, what: Kept, before: Timestamp, limit: usize) -> Result<Forgotten, StoreError>;

    /// How much of the journal is in files.
    fn history(&self) -> HistorySize;

    /// Names of the groups of a platform that were ever stored.
    ///
    /// # Errors
    /// The store cannot be read.
    fn groups(&mut self, platform: &str) -> Result<Vec<Arc<str>>, StoreError>;

    /// Begins to erase a person, which [`Store::tidy`] goes on with; once more for one who is being erased says how far that has
    /// come. What stays of them are numbers.
    ///
    /// # Errors
    /// It was not begun.
    fn erase(&mut self, person: &Person, by: &str, now: Timestamp) -> Result<Erasure, StoreError>;

    /// Erases what memory holds too of who is being erased, when [`Store::tidy`] says so. What was decided must be written before,
    /// and memory be loaded anew afterwards.
    ///
    /// # Errors
    /// Nothing of it was erased.
    fn erase_held(&mut self, no: u64) -> Result<(), StoreError>;

    /// How far an erasure has come, by its number.
    ///
    /// # Errors
    /// The store cannot be read.
    fn erasure(&mut self, no: u64) -> Result<Option<Erasure>, StoreError>;

    /// One step further with erasures, for about as long as `budget`, and with emptying the log of what was deleted. To be called
    /// now and then; cheap when there is nothing to do.
    ///
    /// # Errors
    /// It could not be done now.
    fn tidy(&mut self, now: Timestamp, budget: Duration) -> Result<Tidied, StoreError>;

    /// What copies this store; `None` where there is nothing to be copied.
    fn copier(&self) -> Option<Arc<dyn Copier>>;

    /// Writes one piece of the habits of groups and bridges, in place of the one of the same number.
    ///
    /// # Errors
    /// Nothing was written.
    fn save_habits(&mut self, number: u8, piece: &[u8]) -> Result<(), StoreError>;

    /// The pieces of the habits.
    ///
    /// # Errors
    /// The store cannot be read.
    fn habits(&mut self) -> Result<Vec<Vec<u8>>, StoreError>;

    /// How many bytes can still be written where the data are; `None` when that cannot be said.
    fn free_space(&self) -> Option<u64>;

    /// Whether a write goes through now, by writing.
    ///
    /// # Errors
    /// It does not.
    fn probe(&mut self) -> Result<(), StoreError>;
}
