//! `qunwei restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::cli::{complain, data_dir, failed};
use crate::store::restore;

/// `qunwei restore`
#[derive(Args)]
pub(super) struct RestoreArgs {
    /// The data directory to fill: a new or an empty one.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// What `qunwei backup` wrote.
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

pub(super) fn run(args: &RestoreArgs) -> ExitCode {
    match restore(&args.file, data_dir(&args.data)) {
        Ok(restored) => {
            complain(format_args!(
                "restored: the data as of {}, made by Qunwei {}, with {} days of history\n\
                 note: what happened since then is not known to it: what was still to be sent then is sent again, and what members \
                 were asked to be erased since then is there again\n",
                restored.head.at, restored.head.version, restored.days
            ));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&anyhow::Error::new(error).context("nothing was restored")),
    }
}
