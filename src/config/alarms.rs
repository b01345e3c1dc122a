//! Reads `[daemon.silence]` and `[daemon.disk]`: what raises an alarm.

use std::time::Duration;

use super::keys::Number;
use super::section::Section;
use crate::domain::policy::DiskLimits;

pub(super) const FACTOR: Number = Number { key: "factor", range: 2..=20, unit: "times the usual", default: 4 };
pub(super) const AHEAD: Number = Number { key: "ahead_minutes", range: 0..=1440, unit: "minutes", default: 60 };
pub(super) const LOW: Number = Number { key: "low_mib", range: 0..=1_048_576, unit: "MiB", default: 512 };

/// How many times the longest usual silence is too long; `None` when nobody is missed.
pub(super) fn silence(section: Option<Section<'_>>) -> Option<f32> {
    let (mut on, mut factor) = (true, FACTOR.default);
    if let Some(mut section) = section {
        on = section.flag("on").unwrap_or(on);
        factor = section.number(&FACTOR).unwrap_or(factor);
        section.finish();
    }
    on.then_some(factor as f32)
}

/// When the disk is worth an alarm.
pub(super) fn disk(section: Option<Section<'_>>) -> DiskLimits {
    let (mut ahead, mut low) = (AHEAD.default, LOW.default);
    if let Some(mut section) = section {
        ahead = section.number(&AHEAD).unwrap_or(ahead);
        low = section.number(&LOW).unwrap_or(low);
        section.finish();
    }
    DiskLimits { ahead: Duration::from_secs(u64::from(ahead) * 60), low: u64::from(low) }
}
