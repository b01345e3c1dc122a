//! `qunwei seal`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::app::keys;
use crate::cli::{ConfigArg, complain, data_dir, environment, failed};
use crate::store::{Resealed, reseal};

/// `qunwei seal`
#[derive(Args)]
pub(super) struct SealArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The data directory of a daemon that is stopped.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// Opens everything instead, before the key is taken out of the configuration.
    #[arg(long)]
    open: bool,
}

pub(super) fn run(args: &SealArgs) -> ExitCode {
    match seal(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn seal(args: &SealArgs) -> anyhow::Result<()> {
    let data = data_dir(&args.data);
    let keys = keys::configured(args.config.dir(), data, &environment)?;
    let Resealed { values, files } = reseal(data, &keys, args.open)?;
    let (what, next) = if args.open {
        ("opened, nothing is sealed any more", "take [daemon.seal] out of the configuration before the next start")
    } else {
        ("sealed, all with the current key", "older keys are not needed for this folder any more")
    };
    complain(format_args!(
        "{what}: {values} values and {files} files of the history were written anew\nnote: {next}; backups and exports \
         made before now are as they were\n"
    ));
    Ok(())
}
