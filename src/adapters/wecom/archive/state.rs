//! What an operator is shown of an archive: how far it was read, and what stands in the way.

use std::fmt;
use std::time::Duration;

use crate::adapters::wecom::errcode;
use crate::domain::time::Timestamp;

/// WeCom gives out messages for so long; what is older cannot be read by anybody (doc 91774).
pub const WINDOW: Duration = Duration::from_secs(5 * 86_400);
/// A day: one behind raises an alarm, and each further one raises it again.
pub const DAY: Duration = Duration::from_secs(86_400);

/// What a function of the library gave back, other than 0 (`WeWorkFinanceSdk_C.h`, doc 91774).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 10000
    Params,
    /// 10001
    Network,
    /// 10002
    Parse,
    /// 10003
    System,
    /// 10004
    Key,
    /// 10005
    FileId,
    /// 10006
    Decrypt,
    /// 10007
    NoKeyVersion,
    /// 10008
    Cipher,
    /// 10009
    Address,
    /// 10010
    Expired,
    /// 10011
    Certificate,
    /// One that the header does not name.
    Other(i32),
}

impl Code {
    /// The code of that number.
    pub fn of(number: i32) -> Self {
        match number {
            10000 => Code::Params,
            10001 => Code::Network,
            10002 => Code::Parse,
            10003 => Code::System,
            10004 => Code::Key,
            10005 => Code::FileId,
            10006 => Code::Decrypt,
            10007 => Code::NoKeyVersion,
            10008 => Code::Cipher,
            10009 => Code::Address,
            10010 => Code::Expired,
            10011 => Code::Certificate,
            other => Code::Other(other),
        }
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Code::Params => 10000,
            Code::Network => 10001,
            Code::Parse => 10002,
            Code::System => 10003,
            Code::Key => 10004,
            Code::FileId => 10005,
            Code::Decrypt => 10006,
            Code::NoKeyVersion => 10007,
            Code::Cipher => 10008,
            Code::Address => 10009,
            Code::Expired => 10010,
            Code::Certificate => 10011,
            Code::Other(number) => number,
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        errcode::row(self.number().into())
            .map_or("an error that the library's header does not name", |row| row.meaning[0])
    }

    /// What an operator can do about it.
    pub fn advice(self) -> &'static str {
        errcode::row(self.number().into())
            .map_or("it is tried again; if it stays, ask WeCom about it", |row| row.advice[0])
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.number(), self.meaning(), self.advice())
    }
}

/// What keeps messages from being read. All of it is tried again; nothing is skipped meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The library does not do what it is asked.
    #[error(transparent)]
    Library(#[from] super::library::LibraryError),
    /// WeCom's own answer says an error.
    #[error("WeCom answers errcode {errcode}: {errmsg}")]
    Answer {
        /// Its number.
        errcode: i64,
        /// Its words, cut to a line.
        errmsg: String,
    },
    /// What the library gave back is not what its header says.
    #[error("the library's answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// A message was sealed for a key that is not there. Nothing behind it is read until it is, because whatever was
    /// skipped would be lost.
    #[error("there is no private key of version {0}: add it and reload; nothing is read until then")]
    NoKey(u64),
    /// A key is there under a version, and it is another version's.
    #[error(
        "the private key under version {0} is not the one that messages were sealed for: put the right one there and reload"
    )]
    OtherKey(u64),
    /// The events cannot be made durable.
    #[error("messages cannot be recorded: {0}")]
    Store(String),
    /// The thread that reads has fallen.
    #[error("the thread that reads the archive has ended; restart the daemon")]
    Thread,
}

/// What `/readyz` and `/状态` show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When messages were last asked for.
    pub polled: Option<Timestamp>,
    /// The position: everything up to it is durable.
    pub seq: u64,
    /// Everything said before this time has been read.
    pub read_up_to: Option<Timestamp>,
    /// How long that is ago: what the next message may be late.
    pub behind: Duration,
    /// The days of it that are full. An alarm is due when it grows; from 5 on messages are lost.
    pub days_behind: u64,
    /// Messages from one time to another were lost for ever, because nobody read them within [`WINDOW`].
    pub gap: Option<(Timestamp, Timestamp)>,
    /// What stands in the way.
    pub trouble: Option<Trouble>,
    /// Messages that became durable events.
    pub messages: u64,
    /// Messages that could not be opened or read and are kept sealed or raw.
    pub unreadable: u64,
    /// Messages that could not be kept at all.
    pub lost: u64,
    /// Messages between two people, passed over.
    pub private: u64,
    /// Messages from before this daemon's first start, passed over.
    pub earlier: u64,
}
