//! Deletes what is old enough: how long each kind of thing is kept.

use std::time::Duration;

use super::{JobInfo, Slice, Step};
use crate::domain::policy::Settings;
use crate::ports::{Kept, StoreError};

pub(super) const JOB: JobInfo = JobInfo { name: "retention", every: Duration::from_secs(3600), step };

/// How long something is kept.
type For = fn(&Settings) -> Duration;

/// Everything that is kept for a time only, and for how long.
const KEPT: [(Kept, For); 7] = [
    (Kept::Journal, |settings| settings.retention.messages),
    // An action that is there is not decided again: not before its event would be judged again.
    (Kept::Answers, |settings| settings.retention.messages.max(settings.dedupe)),
    (Kept::Evidence, |settings| settings.retention.evidence),
    (Kept::Commands, |settings| settings.retention.evidence),
    (Kept::Members, |settings| settings.retention.evidence),
    (Kept::Changes, |settings| settings.retention.evidence),
    // With a case its strike goes.
    (Kept::Cases, |settings| settings.retention.cases.max(settings.longest_strike_life())),
];

/// What cannot be deleted keeps nothing else from being.
fn step(slice: &mut Slice<'_>) -> Result<Step, StoreError> {
    let mut failed = None;
    for (what, kept) in KEPT {
        let before = slice.now.minus(kept(slice.settings));
        match slice.store.forget(what, before, slice.rows) {
            Ok(forgotten) if forgotten.looked > 0 => {
                slice.metrics.forgotten(what.word(), forgotten.deleted);
                return Ok(Step::More);
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(Step::Done), Err)
}
