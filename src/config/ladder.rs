//! Reads the ladder of penalties, and durations as people write them.

use std::time::Duration;

use super::faults::Faults;
use super::section::{Placed, did_you_mean};
use crate::domain::policy::Step;

/// The shortest and the longest mute.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The shipped ladder (product.md C).
pub(super) const DEFAULT: [Step; 4] =
    [Step::WarnPrivate, Step::WarnPublic, Step::Mute(Duration::from_secs(24 * 3600)), Step::Remove];

/// Reads the steps; those with faults are left out.
pub(super) fn read(steps: &[Placed<String>], faults: &Faults) -> Vec<Step> {
    let read = |step: &Placed<String>| {
        let read = self::step(&step.value);
        read.map_err(|(message, help)| faults.add(faults.at(&step.at, message).help(help))).ok()
    };
    let read: Vec<(&Placed<String>, Step)> = steps.iter().filter_map(|step| Some((step, read(step)?))).collect();
    for (before, (written, step)) in read.iter().zip(read.iter().skip(1)) {
        if let Some((message, help)) = odd(before.1, *step) {
            faults.add(faults.at(&written.at, message).help(help).warning());
        }
    }
    read.into_iter().map(|(_, step)| step).collect()
}

/// What is odd about a step that follows another, and what to do about it.
fn odd(before: Step, step: Step) -> Option<(String, &'static str)> {
    let name = step.name();
    if before == Step::Remove {
        return Some((
            format!("`{name}` comes after `remove`, when the member is gone"),
            "let `remove` be the last step",
        ));
    }
    let milder = weight(step) < weight(before);
    milder.then(|| {
        let message = format!("`{name}` is milder than the `{}` before it", before.name());
        (message, "a ladder goes from mild to severe: warn_private, warn_public, mute 24h, remove")
    })
}

/// How severe a step is, for comparison.
fn weight(step: Step) -> (u8, Duration) {
    match step {
        Step::WarnPrivate => (0, Duration::ZERO),
        Step::WarnPublic => (1, Duration::ZERO),
        Step::Mute(duration) => (2, duration),
        Step::Remove => (3, Duration::ZERO),
    }
}

/// One step: `warn_private`, `warn_public`, `mute 24h`, `remove`.
fn step(text: &str) -> Result<Step, (String, String)> {
    let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let step = match name {
        "mute" => return mute(rest.trim()).map(Step::Mute),
        "warn_private" => Step::WarnPrivate,
        "warn_public" => Step::WarnPublic,
        "remove" => Step::Remove,
        _ => return Err((format!("there is no step `{name}`"), did_you_mean(name, Step::NAMES))),
    };
    if rest.is_empty() {
        return Ok(step);
    }
    Err((format!("`{name}` takes nothing behind it"), "only `mute` has a duration: \"mute 24h\"".to_owned()))
}

fn mute(text: &str) -> Result<Duration, (String, String)> {
    let example = || "write \"mute 30m\", \"mute 24h\" or \"mute 7d\"".to_owned();
    if text.is_empty() {
        return Err(("`mute` needs a duration".to_owned(), example()));
    }
    let Some(duration) = duration(text) else {
        return Err((format!("`{text}` is no duration"), example()));
    };
    if !(SHORTEST..=LONGEST).contains(&duration) {
        return Err((format!("a mute lasts from 1 minute to 365 days, not {text}"), example()));
    }
    Ok(duration)
}

/// A duration such as `30m`, `24h`, `7d` or `1d12h`. Durations too long to be counted are the longest there is.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
        let (number, unit) = rest.split_at(digits);
        let number = number.parse().unwrap_or(u64::MAX);
        let unit = unit.trim_start();
        let length = match unit.chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.saturating_add(number.saturating_mul(length));
        rest = unit.get(1..)?.trim_start();
    }
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let rows = [
            ("30m", Some(1800)),
            ("24h", Some(86_400)),
            ("7d", Some(604_800)),
            ("2w", Some(1_209_600)),
            ("1d12h", Some(129_600)),
            ("1 d 12 h", Some(129_600)),
            ("90s", Some(90)),
            ("99999999999999999999d", Some(u64::MAX)),
            ("", None),
            ("24", None),
            ("h", None),
            ("-1h", None),
            ("24小时", None),
            ("1.5h", None),
        ];
        for (text, expected) in rows {
            assert_eq!(duration(text).map(|duration| duration.as_secs()), expected, "{text:?}");
        }
    }

    #[test]
    fn steps_are_read() {
        let rows = [
            ("warn_private", Ok(Step::WarnPrivate)),
            (" mute  7d ", Ok(Step::Mute(Duration::from_secs(604_800)))),
            ("remove", Ok(Step::Remove)),
            ("remove 3d", Err("`remove` takes nothing behind it")),
            ("mute", Err("`mute` needs a duration")),
            ("mute soon", Err("`soon` is no duration")),
            ("mute 5s", Err("a mute lasts from 1 minute to 365 days, not 5s")),
            ("mute 9999d", Err("a mute lasts from 1 minute to 365 days, not 9999d")),
            ("warn_privat", Err("there is no step `warn_privat`")),
        ];
        for (text, expected) in rows {
            let read = step(text);
            assert_eq!(read.as_ref().map_err(|(message, _)| message.as_str()).copied(), expected, "{text:?}");
        }
    }
}
