//! Secrets of bridges, of WeCom and of the store: read from the environment or a file, never from TOML, and never shown.

use super::Env;
use super::faults::{Faults, Place};
use super::files::Files;
use super::section::Section;
use crate::domain::secret::{Hidden, KEY_PREFIX, Key, PREFIX, Secret, Token};

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

impl<T> Sought<T> {
    /// What was found.
    pub(super) fn found(self) -> Option<T> {
        match self {
            Sought::Found(found) => Some(found),
            Sought::Unnamed | Sought::Unset(_) | Sought::Bad => None,
        }
    }
}

/// Reads what is outside TOML.
pub(super) struct Outside<'a> {
    pub(super) files: &'a Files<'a>,
    pub(super) env: &'a Env<'a>,
    pub(super) faults: &'a Faults,
}

/// Something secret: what it is called, how it is read, and how one is made.
struct Kind<T> {
    what: &'static str,
    read: fn(&str) -> Result<T, String>,
    how: &'static str,
}

const SECRET: Kind<Secret> = Kind {
    what: "secret",
    read: |text| Secret::parse(text).map_err(|why| why.to_string()),
    how: "make one with: echo whsec_$(openssl rand -base64 32)",
};
const TOKEN: Kind<Token> = Kind {
    what: "token",
    read: |text| Token::parse(text).map_err(|why| why.to_string()),
    how: "make one with: openssl rand -base64 32",
};

const KEY: Kind<Key> = Kind {
    what: "key",
    read: |text| Key::parse(text).map_err(|why| why.to_string()),
    how: "make one with: echo qwkey_$(openssl rand -base64 32)",
};

/// What WeCom's console shows: any characters that a form can hold.
const GIVEN: Kind<Hidden> = Kind {
    what: "secret",
    read: |text| {
        let text = text.trim();
        let sound = !text.is_empty() && text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic());
        if sound { Ok(Hidden::new(text)) } else { Err("it has spaces or characters other than plain ones".to_owned()) }
    },
    how: "copy it from the console of WeCom (管理后台), without anything around it",
};
const AES_KEY: Kind<Hidden> = Kind {
    what: "EncodingAESKey",
    read: |text| {
        let text = text.trim();
        let sound = text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if sound { Ok(Hidden::new(text)) } else { Err("it is not 43 letters and digits".to_owned()) }
    },
    how: "copy it from the console of WeCom, where the address for callbacks is set (接收消息)",
};
const ROBOT: Kind<Hidden> = Kind {
    what: "webhook of the robot",
    read: |text| {
        let text = text.trim();
        let key = text.split_once("key=").map_or(text, |(_, rest)| rest.split('&').next().unwrap_or_default());
        let sound =
            (8..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if sound { Ok(Hidden::new(key)) } else { Err("it holds no key of a robot".to_owned()) }
    },
    how: "copy the robot's whole webhook address, which ends with ?key=…, or what follows key=",
};

impl Outside<'_> {
    /// Something that WeCom's console shows.
    pub(super) fn given(&self, section: &mut Section<'_>, env: &'static str, file: &'static str) -> Sought<Hidden> {
        self.sought(section, env, file, &GIVEN)
    }

    /// The EncodingAESKey of callbacks.
    pub(super) fn aes_key(&self, section: &mut Section<'_>) -> Sought<Hidden> {
        self.sought(section, "aes_key_env", "aes_key_file", &AES_KEY)
    }

    /// The EncodingAESKey of before.
    pub(super) fn previous_aes_key(&self, section: &mut Section<'_>) -> Sought<Hidden> {
        self.sought(section, "previous_aes_key_env", "previous_aes_key_file", &AES_KEY)
    }

    /// The key of a group robot, from its webhook's address.
    pub(super) fn robot(&self, section: &mut Section<'_>) -> Sought<Hidden> {
        self.sought(section, "robot_env", "robot_file", &ROBOT)
    }

    /// A private key in a file; or why it cannot be had.
    pub(super) fn private_key(&self, at: &Place, path: &str) -> Result<Hidden, String> {
        let text = self.files.secret(self.faults.source(at), path)?.ok_or("it is not read")?;
        let sound = text.trim_start().starts_with("-----BEGIN") && text.contains("PRIVATE KEY");
        if sound { Ok(Hidden::new(&text)) } else { Err("the file holds no private key in PEM".to_owned()) }
    }

    /// A secret whose variable or file a section names.
    pub(super) fn secret(&self, section: &mut Section<'_>, env: &'static str, file: &'static str) -> Sought<Secret> {
        self.sought(section, env, file, &SECRET)
    }

    /// A token whose variable or file a section names.
    pub(super) fn token(&self, section: &mut Section<'_>, env: &'static str, file: &'static str) -> Sought<Token> {
        self.sought(section, env, file, &TOKEN)
    }

    /// The key that stored texts are sealed with.
    pub(super) fn key(&self, section: &mut Section<'_>, env: &'static str, file: &'static str) -> Sought<Key> {
        self.sought(section, env, file, &KEY)
    }

    fn sought<T>(&self, section: &mut Section<'_>, env: &'static str, file: &'static str, kind: &Kind<T>) -> Sought<T> {
        let what = kind.what;
        let by_env = self.variable(section, env);
        let by_file = section.text(file);
        match (by_env, by_file) {
            (Sought::Unnamed, None) => Sought::Unnamed,
            (Sought::Unnamed, Some(path)) => match self.files.secret(self.faults.source(&path.at), &path.value) {
                Ok(Some(text)) => self.parse(&text, &path.at, &format!("the {what} in this file"), kind),
                Ok(None) => Sought::Unset(path.value),
                Err(why) => self.bad(&path.at, format!("the {what}: {why}"), "check the path"),
            },
            (_, Some(path)) => self.bad(&path.at, format!("there is both `{env}` and `{file}`"), "keep one of them"),
            (Sought::Unset(name), None) => Sought::Unset(name),
            (Sought::Bad, None) => Sought::Bad,
            (Sought::Found((name, text, at)), None) => self.parse(&text, &at, &format!("the {what} in {name}"), kind),
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

    fn parse<T>(&self, text: &str, at: &Place, what: &str, kind: &Kind<T>) -> Sought<T> {
        match (kind.read)(text) {
            Ok(found) => Sought::Found(found),
            Err(why) => self.bad(at, format!("{what} cannot be used: {why}"), kind.how),
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
            ("token", "token_env", "token_file"),
            ("previous_token", "previous_token_env", "previous_token_file"),
            ("aes_key", "aes_key_env", "aes_key_file"),
            ("previous_aes_key", "previous_aes_key_env", "previous_aes_key_file"),
            ("proxy_auth", "proxy_auth_env", "proxy_auth_file"),
            ("robot", "robot_env", "robot_file"),
            ("password", "secret_env", "secret_file"),
            ("key", "key_env", "key_file"),
            ("previous_key", "previous_key_env", "previous_key_file"),
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
    name.chars().all(plain) && !digit && !random && !name.starts_with(PREFIX) && !name.starts_with(KEY_PREFIX)
}
