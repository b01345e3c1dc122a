//! `qunwei export`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::app::export::{Export, export};
use crate::cli::{complain, failed};
use crate::store::chat_state;

/// `qunwei export`
#[derive(Args)]
pub(super) struct ExportArgs {
    /// The data directory.
    #[arg(long, value_name = "DIR", env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// The folder to write into: a new or an empty one.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

pub(super) fn run(args: &ExportArgs) -> ExitCode {
    match export_to(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn export_to(args: &ExportArgs) -> anyhow::Result<()> {
    // An empty variable counts as unset.
    let data = if args.data.as_os_str().is_empty() { Path::new("./data") } else { &args.data };
    let state = chat_state(data)?;
    let Export { files, notes } = export(&state);
    if files.is_empty() {
        complain("note: nothing changed in the chat is in force; nothing was written\n");
        return Ok(());
    }
    make_empty_dir(&args.to)?;
    let mut stdout = io::stdout().lock();
    for (name, text) in &files {
        let path = args.to.join(name);
        write_new(&path, text).map_err(|error| anyhow::anyhow!("cannot write {}: {error}", path.display()))?;
        writeln!(stdout, "{}", path.display())?;
    }
    for note in &notes {
        complain(format_args!("note: {note}\n"));
    }
    Ok(())
}

fn make_empty_dir(dir: &Path) -> anyhow::Result<()> {
    let shown = dir.display();
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next().transpose()? {
            None => Ok(()),
            Some(first) => {
                let first = first.file_name();
                anyhow::bail!(
                    "{shown} is not empty: `{}` is in the way; nothing was written. Name a new or an empty folder",
                    first.to_string_lossy()
                )
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(dir).map_err(|error| anyhow::anyhow!("cannot make the folder {shown}: {error}"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            anyhow::bail!("{shown} is not a folder; nothing was written. Name a new or an empty folder")
        }
        Err(error) => anyhow::bail!("the folder {shown} cannot be read: {error}"),
    }
}

/// Never over anything: who makes a file of that name meanwhile keeps it.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
