//! How long things are kept: moved into files, copied, deleted by age or on request.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// What came of one step of moving days of the journal out of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archived {
    /// No day that is over is left.
    Nothing,
    /// A day is being copied, beside whatever else is done.
    Copying,
    /// A file has taken over so many inputs.
    Copied(u64),
    /// So many inputs that are in files were deleted where they had been.
    Deleted(usize),
}

/// What is kept for a time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Inputs: whole files of the history, and what no file has taken over.
    Journal,
    /// Actions that belong to no case and have come to their end: answers, welcomes, alerts.
    Answers,
    /// What was said and sent of a case; the case itself stays, without it.
    Evidence,
    /// The record of commands.
    Commands,
    /// Members who are gone, who run nothing and against whom nothing is held.
    Members,
    /// Words that were changed in the chat and changed back.
    Changes,
    /// Cases with all that is left of them.
    Cases,
}

impl Kept {
    /// The word in metrics and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Kept::Journal => "journal",
            Kept::Answers => "answers",
            Kept::Evidence => "evidence",
            Kept::Commands => "commands",
            Kept::Members => "members",
            Kept::Changes => "changes",
            Kept::Cases => "cases",
        }
    }
}

/// What one slice of deleting by age came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many rows were looked at that were old enough; 0 when there are none left.
    pub looked: usize,
    /// How many of them were deleted, with what belonged to them.
    pub deleted: usize,
}

/// How much of the journal is in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistorySize {
    /// Files.
    pub files: usize,
    /// Inputs in them.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// When the first of the inputs was judged.
    pub oldest: Option<Timestamp>,
}

/// What came of keeping up with the backups in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// When the newest one there was made.
    pub newest: Timestamp,
    /// How many bytes it has, if it was made just now.
    pub made: Option<u64>,
    /// Which old one could not be deleted, and why: there are more than there should be.
    pub left: Option<String>,
}

/// Copies a store, beside its writer and on whatever thread it is asked.
pub trait Copier: Send + Sync {
    /// Makes a backup in a folder, unless there is one that was made since `due`, and then deletes the oldest of them until
    /// only `keep` are left.
    ///
    /// # Errors
    /// Why there is none that is new enough. None was deleted before there was a newer one.
    fn keep_up(&self, folder: &Path, due: Timestamp, keep: usize, now: Timestamp) -> Result<Copied, String>;
}

/// A person on a platform, in all groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The platform.
    pub platform: Arc<str>,
    /// Their id.
    pub user: Arc<str>,
}

/// What came of one slice of making clean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tidied {
    /// There is nothing to be done, or not yet.
    Nothing,
    /// There is more.
    More,
    /// What memory holds of a person is to be erased ([`super::Store::erase_held`]).
    Held {
        /// The number of the erasure.
        no: u64,
        /// Who it is.
        person: Person,
    },
}

/// How far it has come that a person is erased on request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its number.
    pub no: u64,
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What stands in place of their id where a number or a count stays.
    pub alias: String,
    /// Rows that were deleted or emptied, by table.
    pub rows: BTreeMap<String, u64>,
    /// It is being done, and does not only wait for actions.
    pub at_work: bool,
    /// Files of the history that were not looked through yet.
    pub files_left: u64,
    /// Actions that name them and have not come to their end.
    pub actions_left: u64,
    /// Lists of members, as last read from WeCom, in which they are: they say so while they are in the group. Counted when it is
    /// asked for, and 0 later.
    pub rosters: u64,
    /// When the last of it was done.
    pub done: Option<Timestamp>,
}

impl Erasure {
    /// Whether nothing more can be done now: it is done, or only actions that are to be carried out keep it.
    pub fn is_all_for_now(&self) -> bool {
        self.done.is_some() || !self.at_work
    }
}

/// The files of a configuration as the store keeps them. Long lists take longer to pack than many messages to be judged: who reads
/// them does it, not who judges.
#[derive(Clone, Debug)]
pub struct PackedFiles(pub Box<[u8]>);
