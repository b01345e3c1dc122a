//! What the people who run the daemon should know at once. What raises these is watched outside the core; that they were
//! raised is an input.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Groups that one alarm names; the others are counted.
pub const NAMED: usize = 10;

/// Something that operators should look at, or that is well again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alarm {
    /// Nothing has come from a bridge for far longer than usual.
    BridgeSilent {
        /// Which.
        bridge: Arc<str>,
        /// For how many minutes.
        minutes: u64,
    },
    /// It speaks again.
    BridgeSpeaks {
        /// Which.
        bridge: Arc<str>,
        /// After how many minutes.
        minutes: u64,
    },
    /// Nothing has come from groups for far longer than usual, while their bridge speaks.
    GroupsSilent(Groups),
    /// They speak again.
    GroupsSpeak(Groups),
    /// The disk with the data will be full.
    DiskFilling {
        /// In so many minutes.
        minutes: u64,
        /// MiB that are free now.
        free: u64,
    },
    /// Little is free on the disk with the data.
    DiskLow {
        /// MiB that are free now.
        free: u64,
    },
    /// No backup could be made in a folder.
    BackupFailed {
        /// Which.
        folder: Arc<str>,
    },
    /// There is a new one in it again.
    BackupWell {
        /// Which.
        folder: Arc<str>,
    },
    /// There is room enough again.
    DiskWell {
        /// MiB that are free now.
        free: u64,
    },
}

/// Groups of one bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// Their bridge.
    pub bridge: Arc<str>,
    /// Which, and the hours of their silence; at most [`NAMED`].
    pub groups: Vec<(Arc<str>, u64)>,
    /// How many besides.
    pub more: u32,
}

impl Groups {
    /// None yet.
    pub fn of(bridge: Arc<str>) -> Self {
        Self { bridge, groups: Vec::new(), more: 0 }
    }

    /// One more.
    pub fn add(&mut self, group: Arc<str>, hours: u64) {
        if self.groups.len() < NAMED {
            self.groups.push((group, hours));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}
