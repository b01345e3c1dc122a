//! Moves the days of the journal that are over into files.

use std::time::Duration;

use super::{JobInfo, Slice, Step};
use crate::ports::{Archived, StoreError};

pub(super) const JOB: JobInfo = JobInfo { name: "history", every: Duration::from_secs(600), step };

/// Days begin and end by the clocks of `[daemon] timezone`: people say "what was written on the 23rd", and their nights are
/// when least is written.
fn step(slice: &mut Slice<'_>) -> Result<Step, StoreError> {
    let zone = &slice.settings.default_policy.timezone;
    Ok(match slice.store.archive(zone, slice.now, slice.rows)? {
        Archived::Nothing => Step::Done,
        Archived::Copying => Step::Wait,
        Archived::Copied(rows) => {
            tracing::info!(rows, "a day of the journal is in a file of its own");
            slice.metrics.moved(rows);
            slice.metrics.history(slice.store.history());
            Step::More
        }
        Archived::Deleted(_) => Step::More,
    })
}
