//! Ids of people and groups, as people copy them: a platform compares each sign, so one too many makes it somebody else's.

use super::faults::Faults;
use super::section::Placed;

/// What people write between several ids.
const BETWEEN: [char; 3] = ['、', '，', ','];

/// An id with `@` that is longer is one of a platform whose ids begin so.
const LONGEST_NAME: usize = 30;

/// Says when an id is none, or is probably meant otherwise.
pub(super) fn check(id: &Placed<String>, faults: &Faults) {
    if id.value.trim().is_empty() {
        let fault = faults.at(&id.at, "an id is empty");
        faults.add(fault.help("write the id as the platform has it, or take the line out"));
    } else if let Some((what, meant)) = doubtful(&id.value) {
        let fault = faults.at(&id.at, format!("the id `{}` {what}, which is part of it here", id.value));
        faults.add(fault.help(meant).warning());
    }
}

/// What is strange about an id, and what it probably should be.
fn doubtful(id: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = id.split(BETWEEN).map(bare).filter(|part| !part.is_empty()).collect();
    let quoted: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
    let [only] = &quoted[..] else {
        let sign = id.chars().find(|c| BETWEEN.contains(c))?;
        return Some((
            format!("has `{sign}` in it"),
            format!("write each id by itself, in its own quotes: {}", quoted.join(", ")),
        ));
    };
    let what = match id {
        _ if id.contains(BETWEEN) => "has a comma at an end",
        _ if id.trim() != id => "has blanks at an end",
        _ if parts.first() != Some(&id) => "begins with `@`",
        _ => return None,
    };
    Some((what.to_owned(), format!("the id is probably {only}")))
}

/// An id without what does not belong to it.
fn bare(id: &str) -> &str {
    let id = id.trim();
    // `@name:server` and `@@` with many digits are whole ids of other platforms.
    let whole = id.contains(':') || id.chars().count() > LONGEST_NAME;
    if whole { id } else { id.trim_start_matches(['@', '＠']).trim() }
}
