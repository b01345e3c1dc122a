//! Reads `[daemon.seal]`: the key that stored texts are sealed with, and during a rotation the one of before.

use super::faults::Faults;
use super::secret::{Outside, Sought};
use super::section::Section;
use crate::domain::secret::Key;

/// What stored texts are sealed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seal {
    /// Nothing: they are stored as they are.
    #[default]
    Off,
    /// The first of these; what was sealed with another of them can be opened.
    With(Vec<Key>),
    /// A key that is written down and not there: nothing may be stored without it.
    Missing {
        /// Why, in one sentence.
        why: String,
    },
}

/// The keys; those that cannot be had are told at their place.
pub(super) fn read(mut section: Section<'_>, outside: &Outside<'_>) -> Seal {
    let written = outside.refuse_written(&mut section);
    let at = ["key_env", "previous_key_env"].map(|key| section.value_place(key));
    let current = outside.key(&mut section, "key_env", "key_file");
    let previous = outside.key(&mut section, "previous_key_env", "previous_key_file");
    if matches!(current, Sought::Unnamed) && !written {
        section.missing("key_env", "write key_env = \"NAME\" (an environment variable) or key_file = \"PATH\"");
    }
    section.finish();
    let mut keys = Vec::new();
    let [of_current, of_previous] = at;
    for (key, at) in [(current, of_current), (previous, of_previous)] {
        match key {
            Sought::Found(key) if keys.contains(&key) => {} // a rotation whose old key is the new one is none
            Sought::Found(key) => keys.push(key),
            Sought::Unset(name) => {
                if let Some(at) = at {
                    unset(&at, &name, outside.faults);
                }
                return Seal::Missing { why: format!("{name} is not set") };
            }
            Sought::Unnamed | Sought::Bad => {}
        }
    }
    if keys.is_empty() { Seal::Missing { why: "there is no key".to_owned() } } else { Seal::With(keys) }
}

/// No fault of the files, which may be looked at elsewhere; but a daemon would not start.
fn unset(at: &super::faults::Place, name: &str, faults: &Faults) {
    let fault = faults.at(at, format!("{name} is not set: the daemon does not start without the key"));
    faults.add(fault.help("give the key to the daemon in its environment").warning());
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{load, settings_from_files};

    const KEY: &str = "qwkey_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const OLD: &str = "qwkey_CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

    fn env(name: &str) -> Option<String> {
        [("SEAL", KEY), ("OLD", OLD), ("SHORT", "qwkey_abcd")]
            .iter()
            .find(|row| row.0 == name)
            .map(|row| row.1.to_owned())
    }

    /// The keys, or what is wrong in words.
    fn read(section: &str) -> Result<(Seal, Vec<String>), Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("seal.key"), format!("{KEY}\n")).unwrap();
        fs::write(dir.path().join("a.toml"), format!("[daemon.seal]\n{section}")).unwrap();
        let told = |faults: &[crate::fault::Fault]| faults.iter().map(|fault| fault.message.clone()).collect();
        let config = load(dir.path(), &env).map_err(|faults| told(&faults))?;
        Ok((config.daemon.seal, told(&config.warnings)))
    }

    #[test]
    fn keys_come_from_a_variable_or_a_file() {
        let key = |byte: u8| Key::of([byte; 32]);
        let with = |keys: &[Key]| Ok((Seal::With(keys.to_vec()), Vec::new()));
        assert_eq!(read("key_env = \"SEAL\""), with(&[key(7)]));
        assert_eq!(read("key_file = \"seal.key\""), with(&[key(7)]));
        assert_eq!(read("key_file = \"seal.key\"\nprevious_key_env = \"OLD\""), with(&[key(7), key(8)]));
        assert_eq!(read("key_env = \"SEAL\"\nprevious_key_file = \"seal.key\""), with(&[key(7)]), "both are the same");
        let (seal, warnings) = read("key_env = \"NOT_SET\"").unwrap();
        assert_eq!(seal, Seal::Missing { why: "NOT_SET is not set".to_owned() });
        assert_eq!(warnings, ["NOT_SET is not set: the daemon does not start without the key"]);
    }

    #[test]
    fn what_cannot_be_a_key_is_told_and_not_shown() {
        let rows = [
            ("", "[daemon.seal] needs `key_env`"),
            ("key = \"qwkey_abcd\"", "`key`: a secret is not written into TOML"),
            ("key_env = \"qwkey_abcd\"", "`key_env` takes the name of an environment variable"),
            ("key_env = \"SHORT\"", "the key in SHORT cannot be used: it is not 32 bytes long"),
            ("key_env = \"SEAL\"\nkey_file = \"seal.key\"", "there is both `key_env` and `key_file`"),
            ("key_file = \"a.toml\"", "the key in this file cannot be used: it does not begin with `qwkey_`"),
        ];
        for (section, expected) in rows {
            let faults = read(section).unwrap_err();
            assert!(faults.iter().any(|fault| fault.contains(expected)), "{section}: {faults:?}");
            assert!(!faults.concat().contains("abcd"), "{faults:?}");
        }
    }

    #[test]
    fn settings_are_made_of_kept_files_wherever_their_secrets_are() {
        let text = "[daemon.seal]\nkey_file = \"nowhere.key\"\n[bridge.a]\nsecret_file = \"nowhere.txt\"\n\
                    actions_url = \"http://127.0.0.1:9/\"\ncapabilities = [\"send\"]\n";
        let files = [("a.toml".to_owned(), text.to_owned())];
        let settings = settings_from_files(&files).unwrap();
        assert!(settings.platforms.contains_key("a"));
    }
}
