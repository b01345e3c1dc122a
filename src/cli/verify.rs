//! `qunwei verify`: one line for each thing that was looked at.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};
use tempfile::TempDir;

use crate::app::keys;
use crate::app::rerun::{Rerun, rerun};
use crate::cli::{ConfigArg, complain, data_dir, environment, failed};
use crate::ports::Clock;
use crate::serve::SystemClock;
use crate::store::{CheckLine, Found, Keyring, Link, Moment, check, unpack};

/// `qunwei verify`
#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// A backup, or a data directory.
    #[arg(value_name = "FILE|DIR", value_hint = ValueHint::AnyPath, env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    what: PathBuf,
    /// Does not judge all messages anew to compare what comes of them.
    #[arg(long)]
    quick: bool,
    /// A link of the audit chain that was kept elsewhere: nothing up to it must have been written anew since.
    #[arg(long, value_name = "NUMBER:LINK")]
    since: Option<Link>,
}

pub(super) fn run(args: &VerifyArgs) -> ExitCode {
    match verify(data_dir(&args.what), args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            complain(format_args!("error: {} is not sound: {wrong} of these are wrong\n", args.what.display()));
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    }
}

/// How many things are wrong.
fn verify(what: &Path, args: &VerifyArgs) -> anyhow::Result<usize> {
    let mut said = Said { wrong: 0, aside: None };
    let unpacked; // stays until everything in it was looked at
    let dir = if what.is_dir() {
        what
    } else {
        unpacked = beside(what)?;
        said.aside = Some([unpacked.path(), what].map(|path| path.display().to_string()));
        match unpack(what, unpacked.path()) {
            Ok(found) => {
                let days = found.days;
                said.say(Found::Sound, "backup", &format!("whole, as of {}, {days} days of history", found.head.at))?;
            }
            Err(error) => {
                said.say(Found::Wrong, "backup", &error.to_string())?;
                return Ok(said.wrong);
            }
        }
        unpacked.path()
    };
    let keys = match keys::for_reading(args.config.dir(), dir, &environment) {
        Ok(keys) => keys,
        Err(error) => {
            said.say(Found::Wrong, "seals", &error.to_string())?;
            return Ok(said.wrong);
        }
    };
    let checked = match check(dir, &keys, args.since.as_ref()) {
        Ok(checked) => checked,
        Err(error) => {
            said.say(Found::Wrong, "database", &error.to_string())?;
            return Ok(said.wrong);
        }
    };
    for CheckLine { found, what, said: words } in &checked.lines {
        said.say(*found, what, words)?;
    }
    said.state(dir, &keys, args.quick)?;
    // The last line: what keeps it takes that (`tail -1`).
    if let Some(newest) = &checked.newest {
        let words = format!("the newest link, to be kept elsewhere for --since: {newest}");
        said.say(Found::Sound, "audit", &words)?;
    }
    Ok(said.wrong)
}

struct Said {
    wrong: usize,
    /// Where a backup was unpacked, and its own name: the folder is gone when this is read.
    aside: Option<[String; 2]>,
}

impl Said {
    /// Whether a fresh run comes to the same.
    fn state(&mut self, dir: &Path, keys: &Keyring, quick: bool) -> anyhow::Result<()> {
        if self.wrong > 0 || quick {
            let why = if quick { "not compared with a fresh run" } else { "not compared with a fresh run: see above" };
            self.say(Found::Noted, "state", why)?;
            return Ok(());
        }
        match rerun(dir, keys, SystemClock.now()) {
            Ok(Rerun::Same { inputs }) => {
                let tables = Moment::compared();
                self.say(
                    Found::Sound,
                    "state",
                    &format!("a fresh run of {inputs} inputs comes to the same {tables} tables"),
                )?;
            }
            Ok(Rerun::Differs(tables)) => {
                self.say(Found::Wrong, "state", &format!("a fresh run comes to another: {}", tables.join("; ")))?;
            }
            Ok(Rerun::Unknown(why)) => {
                self.say(Found::Noted, "state", &format!("not compared with a fresh run: {why}"))?;
            }
            Err(error) => self.say(Found::Wrong, "state", &format!("a fresh run failed: {error}"))?,
        }
        Ok(())
    }

    fn say(&mut self, found: Found, what: &str, words: &str) -> std::io::Result<()> {
        self.wrong += usize::from(found == Found::Wrong);
        let mark = match found {
            Found::Sound => "ok  ",
            Found::Noted => "note",
            Found::Wrong => "FAIL",
        };
        let words = match &self.aside {
            Some([aside, backup]) => words.replace(aside, backup),
            None => words.to_owned(),
        };
        writeln!(std::io::stdout(), "{mark}  {what}: {words}")
    }
}

/// A folder to unpack a backup into: beside it, where there is room for such things, else where the system has one.
fn beside(file: &Path) -> anyhow::Result<TempDir> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = tempfile::Builder::new().prefix(".qunwei-verify-").tempdir_in(folder);
    Ok(made.or_else(|_| tempfile::tempdir())?)
}
