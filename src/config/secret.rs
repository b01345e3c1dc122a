//! Secrets of bridges: read from the environment or a file, never from TOML, and never shown.

use super::Env;
use super::faults::{Faults, Place};
use super::files::Files;
use super::section::Section;
use crate::domain::secret::{PREFIX, Secret};

/// What came of looking for a value outside TOML.
pub(super) enum Sought<T> {
    /// No key names it.
    Unnamed,
    /// The variable is not set.
    Unset(String),
    /// It is there but cannot be used; that is already among the faults.
    Bad,
    /// It is there.
    Found(T),
}

/// Reads what is outside TOML.
pub(super) struct Outside<'a> {
    pub(super) files: &'a Files<'a>,
    pub(super) env: &'a Env<'a>,
    pub(super) faults: &'a Faults,
}

const HOW: &str = "make one with: echo whsec_$(openssl rand -base64 32)";

impl Outside<'_> {
    /// A secret whose variable or file a section names.
    pub(super) fn secret(&self, section: &mut Section<'_>, env: &'static str, file: &'static str) -> Sought<Secret> {
        let by_env = self.variable(section, env);
        let by_file = section.text(file);
        match (by_env, by_file) {
            (Sought::Unnamed, None) => Sought::Unnamed,
            (Sought::Unnamed, Some(path)) => match self.files.secret(self.faults.source(&path.at), &path.value) {
                Ok(text) => self.parse(&text, &path.at, "the secret in this file"),
                Err(why) => self.bad(&path.at, format!("the secret: {why}"), "check the path"),
            },
            (_, Some(path)) => self.bad(&path.at, format!("there is both `{env}` and `{file}`"), "keep one of them"),
            (Sought::Unset(name), None) => Sought::Unset(name),
            (Sought::Bad, None) => Sought::Bad,
            (Sought::Found((name, text, at)), None) => self.parse(&text, &at, &format!("the secret in {name}")),
        }
    }

    /// The content of the environment variable that a key names: the variable, its content, the place of its name.
    pub(super) fn variable(&self, section: &mut Section<'_>, key: &'static str) -> Sought<(String, String, Place)> {
        let Some(name) = section.text(key) else { return Sought::Unnamed };
        if !is_variable(&name.value) {
            let help =
                "write the name, such as QUNWEI_EXAMPLE_SECRET, and give the value to the daemon in its environment";
            return self.bad(&name.at, format!("`{key}` takes the name of an environment variable"), help);
        }
        match (self.env)(&name.value).filter(|text| !text.trim().is_empty()) {
            Some(text) => Sought::Found((name.value, text, name.at)),
            None => Sought::Unset(name.value),
        }
    }

    fn parse(&self, text: &str, at: &Place, what: &str) -> Sought<Secret> {
        match Secret::parse(text) {
            Ok(secret) => Sought::Found(secret),
            Err(why) => self.bad(at, format!("{what} cannot be used: {why}"), HOW),
        }
    }

    pub(super) fn bad<T>(&self, at: &Place, message: String, help: &str) -> Sought<T> {
        self.faults.add(self.faults.at(at, message).help(help));
        Sought::Bad
    }

    /// Refuses secrets that are written into TOML; says whether there were any.
    pub(super) fn refuse_written(&self, section: &mut Section<'_>) -> bool {
        let mut any = false;
        for (key, env, file) in [
            ("secret", "secret_env", "secret_file"),
            ("previous_secret", "previous_secret_env", "previous_secret_file"),
            ("token", "secret_env", "secret_file"),
            ("password", "secret_env", "secret_file"),
        ] {
            if section.has(key) {
                let Some(entry) = section.take(key) else { continue };
                let fault = self.faults.at(&entry.key, format!("`{key}`: a secret is not written into TOML"));
                let help = format!("write {env} = \"NAME\" (an environment variable) or {file} = \"PATH\"");
                self.faults.add(fault.help(help));
                any = true;
            }
        }
        any
    }
}

/// Whether a text is the name of a variable, and not a secret that was pasted in its place.
fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    let mixed = name.contains(|c: char| c.is_ascii_lowercase()) && name.contains(|c: char| c.is_ascii_uppercase());
    let random = mixed && name.len() >= 24 && !name.contains('_');
    name.chars().all(plain) && !digit && !random && !name.starts_with(PREFIX)
}
