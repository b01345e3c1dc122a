//! `qunwei backup`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::cli::{complain, data_dir, failed};
use crate::ports::Clock;
use crate::serve::SystemClock;
use crate::store::{BackedUp, back_up, name_at};

/// `qunwei backup`
#[derive(Args)]
pub(super) struct BackupArgs {
    /// The data directory.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// The new file (a tar compressed by gzip), or a folder in which it gets a name with the time.
    #[arg(value_hint = ValueHint::AnyPath)]
    file: PathBuf,
}

pub(super) fn run(args: &BackupArgs) -> ExitCode {
    let now = SystemClock.now();
    let file = if args.file.is_dir() { args.file.join(name_at(now)) } else { args.file.clone() };
    match back_up(data_dir(&args.data), &file, now) {
        Ok(made) => told(&made),
        Err(error) => failed(&anyhow::Error::new(error).context("nothing was backed up")),
    }
}

/// Where it is on stdout, what is in it on stderr; what is missing in it is no success.
fn told(made: &BackedUp) -> ExitCode {
    if let Err(error) = writeln!(std::io::stdout(), "{}", made.file.display()) {
        return failed(&error.into());
    }
    complain(format_args!(
        "backed up and checked: {} bytes, as of {}, with {} days of history; the configuration's folder and the secrets are \
         not in it\n",
        made.bytes, made.at, made.days
    ));
    for file in &made.missing {
        complain(format_args!("error: history/{file} is named in the store and not there, and so not in the backup\n"));
    }
    if made.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
