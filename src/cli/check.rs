//! `qunwei check`: says everything that is wrong with a configuration, for people or as JSON. Starts nothing.

mod firings;
mod reach;

use std::fmt::Write;
use std::path::Path;

pub use crate::config::human;
use crate::config::{self, Config, Env, Size};
use crate::domain::time::Timestamp;
use crate::fault::{Fault, Level};

/// How faults are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the offending line and a pointer into it.
    Human {
        /// With colours, for a terminal.
        colour: bool,
    },
    /// An array of `{file,line,column,level,message,help}`.
    Json,
}

/// Checks the directory: what to print, and the exit code (0: sound, 1: errors).
pub fn check(dir: &Path, format: Format, env: &Env<'_>) -> (String, u8) {
    let loaded = config::load(dir, env);
    let code = u8::from(loaded.is_err());
    let faults = match &loaded {
        Ok(config) => &config.warnings,
        Err(faults) => faults,
    };
    let text = match format {
        Format::Json => json(faults),
        Format::Human { colour } => human(faults, colour) + &summary(dir, loaded.as_ref().ok(), faults),
    };
    (text, code)
}

/// Faults as JSON, with a line end.
pub fn json(faults: &[Fault]) -> String {
    let each = faults.iter().map(|fault| {
        serde_json::json!({
            "file": &*fault.file,
            "line": fault.line,
            "column": fault.column,
            "level": fault.level.as_str(),
            "message": fault.message,
            "help": fault.help,
        })
    });
    let mut text = serde_json::Value::from_iter(each).to_string();
    text.push('\n');
    text
}

fn summary(dir: &Path, config: Option<&Config>, faults: &[Fault]) -> String {
    let errors = faults.iter().filter(|fault| fault.level == Level::Error).count();
    let warnings = faults.len() - errors;
    let dir = dir.display();
    let mut text = String::new();
    let Some(config) = config else {
        let _ = writeln!(text, "{dir}: {}, {}", count(errors, "error"), count(warnings, "warning"));
        return text;
    };
    for note in &config.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text += &reach::reach(config);
    text += &firings::firings(&config.settings, Timestamp(jiff::Timestamp::now().as_millisecond()));
    let Size { rules, profiles, groups, words } = config.size;
    let sizes =
        [count(rules, "rule"), count(profiles, "profile"), count(groups, "group"), count(words, "word")].join(", ");
    let warned = if warnings == 0 { String::new() } else { format!(" ({})", count(warnings, "warning")) };
    let _ = writeln!(text, "{dir}: sound{warned} – {sizes}");
    text
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn no_env(_: &str) -> Option<String> {
        None
    }

    fn checked(text: &str, format: Format) -> (String, u8, String) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.toml"), text).unwrap();
        let (text, code) = check(dir.path(), format, &no_env);
        let dir = dir.path().display().to_string();
        (text.replace(&dir, "config"), code, dir)
    }

    const WRONG: &str =
        "[group.\"群\"]\nmode = \"on\"\nnotices = { mute = \"禁言\", \"移出\" = \"再见\" }\n[daemon]\nqueue = \"多\"";

    #[test]
    fn people_see_the_line_and_a_pointer_that_counts_wide_characters_twice() {
        let (text, code, _) = checked(WRONG, Format::Human { colour: false });
        let expected = "\
error: unknown key `移出` in [group.\"群\".notices]
 --> config/a.toml:3:26
  |
3 | notices = { mute = \"禁言\", \"移出\" = \"再见\" }
  |                            ^^^^^^
  |
  = help: known here: `warn_private`, `warn_private_name`, `warn_neutral`, `warn_public`, `warn_public_name`, `mute`, `mute_recorded`, `remove`, `remove_private`, `merged`, `merged_item`, `merged_neutral`, `merged_neutral_item`, `task`, …; a key of a newer Qunwei needs that version: this is Qunwei 0.1.0

error: `queue` takes a whole number, but this is a text
 --> config/a.toml:5:9
  |
5 | queue = \"多\"
  |         ^^^^
  |
  = help: write queue = 16384

config: 2 errors, 0 warnings
";
        assert_eq!((text.as_str(), code), (expected, 1));
    }

    #[test]
    fn json_is_an_array_of_all_that_is_wrong() {
        let (text, code, _) = checked(WRONG, Format::Json);
        assert_eq!(code, 1);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "file": "config/a.toml", "line": 5, "column": 9, "level": "error",
            "message": "`queue` takes a whole number, but this is a text", "help": "write queue = 16384",
        });
        assert_eq!((read.as_array().unwrap().len(), &read[1]), (2, &expected));
    }

    const UNHEARD: &str =
        "note: there is no [bridge.NAME] and no [wecom.NAME]: nobody delivers messages, so no group is looked after\n";

    #[test]
    fn a_sound_configuration_says_how_much_it_holds() {
        let (text, code, _) = checked("[group.a]\n[group.b]", Format::Human { colour: true });
        assert_eq!(
            (text.as_str(), code),
            (&*format!("{UNHEARD}config: sound – 0 rules, 1 profile, 2 groups, 0 words\n"), 0)
        );
        let (text, code, _) = checked("", Format::Json);
        assert_eq!((text.as_str(), code), ("[]\n", 0));
    }

    #[test]
    fn a_terminal_gets_colours_but_no_control_characters_of_others() {
        let wrong = "[daemon]\nmode = \"\\u001b[31mred\"";
        let (plain, _, _) = checked(wrong, Format::Human { colour: false });
        assert!(plain.contains("cannot be ` [31mred`") && !plain.contains('\u{1b}'), "{plain:?}");
        let (coloured, _, _) = checked(wrong, Format::Human { colour: true });
        assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    }
}
