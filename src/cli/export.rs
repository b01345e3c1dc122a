//! `qunwei export`.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::app::export::{Export, export};
use crate::app::keys;
use crate::cli::{ConfigArg, complain, data_dir, environment, failed};
use crate::ports::Clock;
use crate::serve::SystemClock;
use crate::store::{Rows, chat_state, export_state, private_file};

/// `qunwei export`
#[derive(Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The data directory.
    #[arg(long, value_name = "DIR", env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// Writes what was changed in the chat into this folder: a new or an empty one.
    #[arg(long, value_name = "DIR", required_unless_present = "state", conflicts_with = "state")]
    to: Option<PathBuf>,
    /// Writes the whole state into this new file (`-` is stdout), for `qunwei import` on another machine.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// With every stored message; without, only those that the state needs.
    #[arg(long, requires = "state", conflicts_with = "to")]
    with_messages: bool,
}

pub(super) fn run(args: &ExportArgs) -> ExitCode {
    let done = match (&args.state, &args.to) {
        (Some(file), _) => export_to_file(args, file),
        (None, Some(to)) => export_to_folder(args, to),
        (None, None) => Ok(()), // clap asks for one of them
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn export_to_file(args: &ExportArgs, file: &Path) -> anyhow::Result<()> {
    let state = |to: &mut dyn Write| export_state(data_dir(&args.data), args.with_messages, SystemClock.now(), to);
    let rows = if file.as_os_str() == "-" {
        state(&mut BufWriter::new(io::stdout().lock()))?
    } else {
        let shown = file.display();
        let mut to = BufWriter::new(
            private_file(file)
                .map_err(|error| anyhow::anyhow!("cannot write {shown}: {error}; nothing was exported"))?,
        );
        let written = state(&mut to).map_err(anyhow::Error::new).and_then(|rows| {
            to.flush()?;
            to.get_ref().sync_all()?;
            Ok(rows)
        });
        whole_or_gone(file, written)?
    };
    complain(told("exported", &rows));
    if rows.get("seals").is_some_and(|keys| *keys > 0) {
        complain("note: texts in it are sealed as in the store; the other machine needs the same key\n");
    }
    Ok(())
}

/// Fills a new file that only its owner reads; nothing is left of it where that fails, so that the same can be tried again.
pub(super) fn fill_private(path: &Path, fill: impl FnOnce(fs::File) -> io::Result<()>) -> io::Result<()> {
    whole_or_gone(path, fill(private_file(path)?))
}

/// Takes away a file that could not be filled.
fn whole_or_gone<T, E>(path: &Path, filled: Result<T, E>) -> Result<T, E> {
    if filled.is_err() {
        fs::remove_file(path).ok(); // half of it is of no use
    }
    filled
}

/// What a transfer came to, for an operator to compare.
pub(super) fn told(done: &str, rows: &Rows) -> String {
    let of = |table: &str| rows.get(table).copied().unwrap_or(0);
    format!(
        "{done}: {} cases, {} members with something held against them, {} timers, {} actions, {} messages and other inputs; {} rows in all\n",
        of("cases"),
        of("standings"),
        of("timers"),
        of("outbox"),
        of("journal"),
        rows.values().sum::<u64>()
    )
}

fn export_to_folder(args: &ExportArgs, to: &Path) -> anyhow::Result<()> {
    let data = data_dir(&args.data);
    let state = chat_state(data, &keys::for_reading(args.config.dir(), data, &environment)?)?;
    let Export { files, notes } = export(&state);
    if files.is_empty() {
        complain("note: nothing changed in the chat is in force; nothing was written\n");
        return Ok(());
    }
    make_empty_dir(to)?;
    let mut stdout = io::stdout().lock();
    for (name, text) in &files {
        let path = to.join(name);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_file_that_cannot_be_filled_and_what_was_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new");
        let full = |mut file: fs::File| file.write_all(b"half").and(Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(fill_private(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!path.exists());
        fill_private(&path, |mut file| file.write_all(b"whole")).unwrap();
        assert_eq!(fill_private(&path, full).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }
}
