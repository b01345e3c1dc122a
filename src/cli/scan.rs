//! `qunwei scan`.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app::scan::{Scan, Scanned, scan};
use crate::cli::{ConfigArg, complain, failed, load, open};

/// `qunwei scan`
#[derive(Args)]
pub(super) struct ScanArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Judge by this group's policy.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Also write the folded text and how each finding was reached.
    #[arg(long)]
    explain: bool,
    /// One message a line: JSON when it begins with `{`, else plain text. `-` or nothing: stdin.
    file: Option<PathBuf>,
}

pub(super) fn run(args: &ScanArgs) -> ExitCode {
    let (config, input) = match (load(&args.config), open(args.file.as_ref())) {
        (Ok(config), Ok(input)) => (config, input),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    if let Some(group) = args.group.as_deref().filter(|group| !config.settings.groups.contains_key(*group)) {
        complain(format_args!("note: no file names the group `{group}`; the default profile judges\n"));
    }
    let how = Scan { group: args.group.as_deref(), explain: args.explain };
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match scan(&config.settings, how, input, &mut output, &mut io::stderr()) {
        Ok(Scanned { malformed: 0, .. }) => ExitCode::SUCCESS,
        Ok(Scanned { malformed, messages }) => {
            complain(format_args!("{malformed} malformed lines were skipped, {messages} messages judged\n"));
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    }
}
