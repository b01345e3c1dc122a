//! `qunwei words`: what the word lists hold, and taking in other people's.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::app::words::explain::{explain, weigh};
use crate::app::words::import::Importer;
use crate::cli::{ConfigArg, complain, failed, load};
use crate::config::plain;
use crate::domain::policy::Settings;

/// `qunwei words`
#[derive(Args)]
pub(super) struct WordsArgs {
    #[command(subcommand)]
    what: Words,
}

#[derive(Subcommand)]
enum Words {
    /// Says all that is known of a word: its lists and exceptions, every pattern that it is found by, how often ordinary language
    /// reads like it, and what a text weighs as it.
    #[command(after_help = "Example:\n  qunwei words explain 微信 --config config --text 加薇❤领红包")]
    Explain(ExplainArgs),
    /// Takes other people's word lists in as files of ours: plain lines, columns, levels, patterns, in UTF-8, UTF-16 or GB18030.
    /// Says what it leaves out and why. Rules for what was taken are written beside it; they only observe at first.
    #[command(
        after_help = "Example:\n  qunwei words import badwords.csv 敏感词.txt --to config/imported && qunwei check --config config"
    )]
    Import(ImportArgs),
}

/// `qunwei words explain`
#[derive(Args)]
struct ExplainArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Also say what this text weighs as the word, and why it is taken for it or not.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The word, in any writing that folds to it.
    #[arg(value_name = "WORD")]
    word: String,
}

/// `qunwei words import`
#[derive(Args)]
struct ImportArgs {
    /// The folder to write into; it is made when missing.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
    /// Only say what would be taken.
    #[arg(long)]
    dry_run: bool,
    /// Word lists of others.
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
}

/// No list is longer, in bytes.
const LONGEST: u64 = 64 << 20;

pub(super) fn run(args: &WordsArgs) -> ExitCode {
    let done = match &args.what {
        Words::Explain(args) => match load(&args.config) {
            Ok(config) => tell(&config.settings, args),
            Err(code) => return code,
        },
        Words::Import(args) => import(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn tell(settings: &Settings, args: &ExplainArgs) -> anyhow::Result<()> {
    let mut told = explain(settings, &args.word);
    if let Some(text) = &args.text {
        told += &weigh(settings, &args.word, text);
    }
    let lines: Vec<String> = told.split('\n').map(plain).collect();
    Ok(io::stdout().lock().write_all(lines.join("\n").as_bytes())?)
}

fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let mut importer = Importer::default();
    let (mut told, mut files) = (String::new(), Vec::<(PathBuf, String)>::new());
    for file in &args.files {
        let imported = read(file)
            .and_then(|bytes| importer.import(&file.file_stem().unwrap_or_default().to_string_lossy(), &bytes))
            .map_err(|why| anyhow::anyhow!("{}: {why}; nothing was written", file.display()))?;
        told += &imported.told();
        if imported.words + imported.patterns.len() == 0 {
            complain(format_args!("note: nothing of {} was taken\n", file.display()));
        }
        for (name, text) in imported.files {
            let path = args.to.join(name);
            if files.iter().any(|(other, _)| *other == path) {
                anyhow::bail!("two of the files would become {}; rename one. Nothing was written", path.display());
            }
            files.push((path, text));
        }
    }
    if !args.dry_run {
        write(args, &files)?;
        for (path, _) in &files {
            told += &format!("written: {}\n", path.display());
        }
    }
    Ok(io::stdout().lock().write_all(told.as_bytes())?)
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(file).map_err(|error| format!("it cannot be read: {error}"))?.len();
    if size > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    fs::read(file).map_err(|error| format!("it cannot be read: {error}"))
}

/// All files, or none where one is in the way.
fn write(args: &ImportArgs, files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    let there = files.iter().map(|(path, _)| path).find(|path| path.symlink_metadata().is_ok());
    if let Some(path) = there.filter(|_| !args.force) {
        anyhow::bail!(
            "{} is there already; nothing was written. Name another folder, or write over it with --force",
            path.display()
        );
    }
    let told = |path: &Path, error: io::Error| anyhow::anyhow!("cannot write {}: {error}", path.display());
    fs::create_dir_all(&args.to).map_err(|error| told(&args.to, error))?;
    for (path, text) in files {
        let mut new = tempfile::NamedTempFile::new_in(&args.to).map_err(|error| told(path, error))?;
        new.write_all(text.as_bytes()).map_err(|error| told(path, error))?;
        // readable as any other list: a temporary file is its owner's alone
        #[cfg(unix)]
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        #[cfg(unix)]
        new.as_file().set_permissions(mode).map_err(|error| told(path, error))?;
        new.persist(path).map_err(|error| told(path, error.error))?;
    }
    Ok(())
}
