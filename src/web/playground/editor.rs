//! The configuration as the page shows and changes it. What is checked is not written; what has errors is never written.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use crate::app::reload::{NotReloaded, Reloader};
use crate::config::{self, Config};
use crate::domain::image::Images;
use crate::fault::{Fault, Level};

/// Reads the environment, from any thread.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The configuration's files.
pub struct Editor {
    dir: PathBuf,
    env: Env,
    reloader: Reloader,
    in_force: Mutex<InForce>,
}

/// What is in force: names of files (relative to the folder), and the version.
pub struct InForce {
    names: Vec<String>,
    version: Arc<str>,
}

/// One mistake, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The file's name as in the list.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in code points.
    pub column: u32,
    /// In code points.
    pub width: u32,
    /// `error` or `warning`.
    pub level: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Why a file was not read or not written.
#[derive(Debug)]
pub enum Refused {
    /// It is not one of the configuration's files.
    NotOurs,
    /// There are errors; nothing was changed.
    Faults(Vec<Shown>),
    /// The disk does not let us.
    Disk(String),
}

impl Editor {
    /// The files below `dir` that are in force; who reads them again.
    pub fn new(dir: PathBuf, in_force: InForce, env: Env, reloader: Reloader) -> Self {
        Self { dir, env, reloader, in_force: Mutex::new(in_force) }
    }

    /// Names of all files that can be edited.
    pub fn list(&self) -> Vec<String> {
        self.lock().names.clone()
    }

    /// Looks which files there are now: somebody may have changed them by hand. What is broken changes nothing.
    pub fn look(&self) {
        if let Ok(config) = config::load(&self.dir, &|name| (self.env)(name)) {
            *self.lock() = InForce::of(&config);
        }
    }

    /// The version in force.
    pub fn version(&self) -> Arc<str> {
        self.lock().version.clone()
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It is none of ours, or cannot be read.
    pub fn read(&self, name: &str) -> Result<String, Refused> {
        std::fs::read_to_string(self.path(name)?).map_err(|error| Refused::Disk(error.to_string()))
    }

    /// What would be wrong if a file had this text. Nothing is written.
    ///
    /// # Errors
    /// It is none of ours, or the others cannot be read.
    pub fn check(&self, name: &str, text: &str) -> Result<Vec<Shown>, Refused> {
        self.path(name)?;
        let names = self.list();
        let mut files = Vec::new();
        for other in names {
            let text = if other == name { text.to_owned() } else { self.read(&other)? };
            files.push((other, text));
        }
        let faults = match config::from_files(&self.dir, &files, &|name| (self.env)(name)) {
            Ok(config) => config.warnings,
            Err(faults) => faults,
        };
        Ok(faults.iter().map(|fault| self.shown(fault)).collect())
    }

    /// Writes a file and puts it in force; the warnings.
    ///
    /// # Errors
    /// With errors in it nothing is written.
    pub async fn save(&self, name: &str, text: &str) -> Result<Vec<Shown>, Refused> {
        let path = self.path(name)?;
        let faults = self.check(name, text)?;
        if faults.iter().any(|fault| fault.level == Level::Error.as_str()) {
            return Err(Refused::Faults(faults));
        }
        replace(&path, text).map_err(|error| Refused::Disk(error.to_string()))?;
        match self.reloader.reload().await {
            Ok(_) => {}
            Err(NotReloaded::Broken(faults)) => {
                return Err(Refused::Faults(faults.iter().map(|fault| self.shown(fault)).collect()));
            }
            Err(NotReloaded::Unavailable(why)) => return Err(Refused::Disk(why)),
            Err(NotReloaded::Stopping) => return Err(Refused::Disk("the daemon is stopping".to_owned())),
        }
        self.look();
        Ok(faults)
    }

    /// Where a file is, if it is one of ours: whatever else a name may say, only these can be reached.
    fn path(&self, name: &str) -> Result<PathBuf, Refused> {
        let ours = self.lock().names.iter().any(|one| one == name);
        if ours { Ok(self.dir.join(name)) } else { Err(Refused::NotOurs) }
    }

    fn shown(&self, fault: &Fault) -> Shown {
        let file = Path::new(&*fault.file);
        Shown {
            file: file.strip_prefix(&self.dir).unwrap_or(file).to_string_lossy().into_owned(),
            line: fault.line,
            column: fault.column,
            width: fault.width,
            level: fault.level.as_str(),
            message: fault.message.clone(),
            help: fault.help.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, InForce> {
        self.in_force.lock().unwrap_or_else(PoisonError::into_inner) // replaced whole or not at all
    }
}

impl InForce {
    /// What this configuration was made of.
    pub fn of(config: &Config) -> Self {
        let images = Images::of(&config.settings); // they are no texts
        let is_text = |name: &&String| images.names().all(|image| image != **name);
        let names = config.files.iter().map(|(name, _)| name).filter(is_text).cloned().collect();
        Self { names, version: config.settings.version.clone() }
    }
}

/// Writes a file so that a reader sees the old text or the new one, and nothing between.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".").suffix(".new").tempfile_in(folder)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

impl Refused {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Refused::NotOurs => json!({ "code": "not_ours" }),
            Refused::Faults(faults) => json!({ "code": "faults", "faults": faults }),
            Refused::Disk(error) => json!({ "code": "disk", "error": error }),
        }
    }
}
