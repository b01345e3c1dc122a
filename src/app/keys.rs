//! The keys that a store is sealed with, from the configuration that names them.

use std::path::Path;

use crate::config::{self, Env, Seal};
use crate::store::{self, Keyring};

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKeys {
    /// The configuration names one, and it is not there.
    #[error(
        "the key of [daemon.seal] cannot be had: {0}; nothing was opened or changed. Give the key, and start again"
    )]
    Missing(String),
    /// The configuration cannot be read, nor is there an earlier one.
    #[error(
        "the texts in this store are sealed, and the configuration {0}, which names the key, is broken: run `qunwei check`"
    )]
    Broken(String),
}

/// The keys that a configuration gives.
///
/// # Errors
/// It names one that is not there: nothing may be stored without it.
pub fn keyring(seal: &Seal) -> Result<Keyring, NoKeys> {
    match seal {
        Seal::Off => Ok(Keyring::none()),
        Seal::With(keys) => Ok(Keyring::of(keys)),
        Seal::Missing { why } => Err(NoKeys::Missing(why.clone())),
    }
}

/// The keys of the configuration in `dir`; where that is broken, of the last good one that the store in `data` kept.
///
/// # Errors
/// There is neither, or a key is missing.
pub fn configured(dir: &Path, data: &Path, env: &Env<'_>) -> Result<Keyring, NoKeys> {
    let seal = config::load(dir, env).ok().map(|config| config.daemon.seal);
    let seal = seal.or_else(|| {
        let files = store::last_config(data).ok().flatten()?;
        config::from_files(dir, &files, env).ok().map(|config| config.daemon.seal)
    });
    keyring(&seal.ok_or_else(|| NoKeys::Broken(dir.display().to_string()))?)
}

/// The same for who only reads a store: none are asked for where nothing in it is sealed.
///
/// # Errors
/// As [`configured`].
pub fn for_reading(dir: &Path, data: &Path, env: &Env<'_>) -> Result<Keyring, NoKeys> {
    match store::keys_of(data) {
        Ok(used) if !used.is_empty() => configured(dir, data, env),
        _ => Ok(Keyring::none()), // what is wrong with it is told when it is read
    }
}
