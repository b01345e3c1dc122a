//! `qunwei completions` and `qunwei man`: made from the command line itself, for packagers and shells.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use crate::cli::{command, failed};

/// `qunwei completions`
#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// For which shell.
    shell: Shell,
}

/// `qunwei man`
#[derive(Args)]
pub(super) struct ManArgs {
    /// Write all pages into this folder (made when missing), that of each command too: qunwei.1, qunwei-serve.1, … Pages that
    /// are there are written anew.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "qunwei", &mut script);
    written(std::io::stdout().lock().write_all(&script).map_err(Into::into))
}

pub(super) fn man(args: &ManArgs) -> ExitCode {
    let mut all = command().disable_help_subcommand(true);
    all.build();
    written(match &args.to {
        Some(dir) => all_to(dir, &all),
        None => page(&all).and_then(|(_, text)| Ok(std::io::stdout().lock().write_all(text.as_bytes())?)),
    })
}

fn all_to(dir: &Path, all: &clap::Command) -> anyhow::Result<()> {
    let told = |path: &Path, error| anyhow::anyhow!("cannot write {}: {error}", path.display());
    std::fs::create_dir_all(dir).map_err(|error| told(dir, error))?;
    for command in with_all_below(all) {
        let (name, text) = page(command)?;
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(|error| told(&path, error))?;
    }
    Ok(())
}

/// A command, its commands, and theirs.
fn with_all_below(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().filter(|one| one.get_name() != "help").flat_map(with_all_below);
    [command].into_iter().chain(below).collect()
}

/// The name of a command's page, and the page.
fn page(command: &clap::Command) -> anyhow::Result<(String, String)> {
    let man = clap_mangen::Man::new(command.clone());
    let man = man.source(concat!("qunwei ", env!("CARGO_PKG_VERSION"))).manual("Qunwei");
    let mut text = Vec::new();
    man.render(&mut text)?;
    // what stands behind the help are examples: they have a name of their own, and lines that stay as they are
    let text = String::from_utf8(text)?.replace(".SH EXTRA\nExample:\n", ".SH EXAMPLES\n.nf\n");
    Ok((man.get_filename(), text))
}

fn written(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}
