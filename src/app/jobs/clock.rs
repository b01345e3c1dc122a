//! Whether the clock can be trusted with deleting by age: one that leaps ahead by years would have everything deleted.

use std::time::Duration;

use crate::app::engine::event_of;
use crate::app::metrics::Metrics;
use crate::domain::time::Timestamp;
use crate::ports::{RowKind, Store, StoreError};

/// By so much a clock may go ahead by itself from one look to the next: a daemon that stood for a weekend. Beyond it, and at a
/// start, an event must bear it out: of those that came last, one whose platform says that it happened about now.
const LEAP: Duration = Duration::from_secs(2 * 24 * 3600);

/// So many of the last inputs are looked at.
const LOOKED_AT: usize = 2000;

/// How far the clock has been trusted.
#[derive(Debug, Default)]
pub(super) struct Clock {
    trusted: Option<Timestamp>,
    told: bool,
}

impl Clock {
    /// Whether it is as late as the clock says.
    pub(super) fn is_borne_out(
        &mut self,
        store: &mut dyn Store,
        now: Timestamp,
        metrics: &Metrics,
    ) -> Result<bool, StoreError> {
        let goes_on = self.trusted.is_some_and(|before| now.since(before) <= LEAP);
        if goes_on || is_said_by_platforms(store, now)? {
            if std::mem::take(&mut self.told) {
                tracing::info!("the clock is borne out by a platform; what is old is deleted again");
            }
            self.trusted = Some(now);
            metrics.clock_doubted(false);
            return Ok(true);
        }
        // At a start nothing has come yet; that is no leap.
        if let (Some(before), false) = (self.trusted, self.told) {
            tracing::warn!(%before, %now, "the clock leapt ahead; nothing is deleted by age until an event bears it out");
            self.told = true;
            metrics.clock_doubted(true);
        }
        Ok(false)
    }
}

fn is_said_by_platforms(store: &mut dyn Store, now: Timestamp) -> Result<bool, StoreError> {
    let near = |time: Timestamp| now.since(time) <= LEAP && time.since(now) <= LEAP;
    let rows = store.journal_before(i64::MAX as u64, LOOKED_AT)?;
    // A time that we gave an event says nothing.
    let mut said = rows.iter().filter(|row| row.kind == RowKind::Event && row.time.is_none());
    Ok(said.any(|row| event_of(row).ok().and_then(|event| event.time).is_some_and(near)))
}
