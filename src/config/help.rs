//! Advice for keys that stand where they do not belong.

use super::tree::Value;
use crate::fault::nearest;

/// What the section is called that holds all others.
pub(super) const TOP: &str = "the top of a file";

/// Keys by the section they belong in, to tell where a misplaced one goes. A test sets each of them there.
pub(super) const BELONGS: &[(&str, &[&str])] = &[
    ("[daemon]", &["listen", "admin_listen", "data", "unknown_groups", "dedupe_hours", "queue", "log_format", "watch"]),
    (
        "[bridge.NAME]",
        &[
            "secret_env",
            "secret_file",
            "previous_secret_env",
            "previous_secret_file",
            "token_env",
            "token_file",
            "previous_token_env",
            "previous_token_file",
            "actions_url",
            "actions_url_env",
            "capabilities",
            "bot_user",
            "max_body_kib",
            "max_events",
            "requests_per_minute",
            "actions_per_second",
            "group_actions_per_minute",
            "timeout_seconds",
        ],
    ),
    ("[daemon.alerts]", &["platform", "group", "users", "per_minute"]),
    ("[profile.NAME.welcome]", &["window_seconds", "raid_joins", "names", "on"]),
    ("[profile.NAME.rules_text]", &["short", "full"]),
    (
        "[profile.NAME] or [group.\"ID\"]",
        &[
            "ladder",
            "strike_days",
            "burst_seconds",
            "removals_per_hour",
            "mutes_per_hour",
            "notices_per_minute",
            "allow",
            "ignore_words",
        ],
    ),
    ("[group.\"ID\"]", &["profile", "name", "owner", "admins"]),
    (
        "[[rule]]",
        &["severity", "verdict", "exempt_roles", "delete", "kind", "title", "clause", "hit", "miss", "category"],
    ),
];

/// More known keys than these are not told.
const MOST_KNOWN: usize = 14;

/// Headings that people write for others.
const HEADINGS: &[(&str, &str)] = &[
    ("rules", "[[rule]]"),
    ("bridges", "[bridge.NAME]"),
    ("profiles", "[profile.NAME]"),
    ("groups", "[group.\"ID\"]"),
    ("notice", "[notices]"),
    ("default", "[profile.default]"),
];

/// What to do about an unknown key of a section that knows the keys `known`.
pub(super) fn unknown_key(key: &str, value: &Value, section: &str, known: &[&str]) -> String {
    let headings = if section == TOP { HEADINGS } else { &[] };
    let heading = headings.iter().find(|(name, _)| *name == key);
    if let (Some((_, heading)), Value::Table(_) | Value::Array(_)) = (heading, value) {
        return format!("write {heading}");
    }
    if let Some(near) = nearest(key, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let table = matches!(value, Value::Table(_));
    if table && section.contains(".rule.") {
        return "a rule's name needs quotes: [profile.NAME.rule.\"ads.contact\"]".to_owned();
    }
    if table && section.starts_with("[group.") {
        return format!("an id with a dot needs quotes: [group.\"….{key}\"]");
    }
    let belongs = BELONGS.iter().find(|(_, keys)| keys.contains(&key));
    if let Some((place, _)) = belongs {
        return format!("`{key}` belongs in {place}");
    }
    let shown: Vec<_> = known.iter().take(MOST_KNOWN).map(|key| format!("`{key}`")).collect();
    let rest = if known.len() > MOST_KNOWN { ", …" } else { "" };
    format!("known here: {}{rest}", shown.join(", "))
}
