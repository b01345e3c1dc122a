//! `qunwei import`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::{complain, data_dir, failed, open};
use crate::store::import_state;

/// `qunwei import`
#[derive(Args)]
pub(super) struct ImportArgs {
    /// The data directory to fill: a new or an empty one.
    #[arg(long, value_name = "DIR", env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// What `qunwei export --state` wrote; `-` is stdin.
    file: PathBuf,
}

pub(super) fn run(args: &ImportArgs) -> ExitCode {
    let mut from = match open(Some(&args.file)) {
        Ok(from) => from,
        Err(code) => return code,
    };
    match import_state(data_dir(&args.data), &mut *from) {
        Ok(rows) => {
            complain(super::export::told("imported", &rows));
            complain("note: start only one daemon of the two; each would do what is still to be done\n");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&anyhow::Error::new(error).context(format!("cannot import {}", args.file.display()))),
    }
}
