//! `qunwei eval`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::app::attack::{Class, Strength};
use crate::app::eval::{Eval, Evaluation, human, json};
use crate::cli::{ConfigArg, Format, complain, failed, load, open};

/// `qunwei eval`
#[derive(Args)]
pub(super) struct EvalArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Judge by this group's policy.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Disguise the words that were found, one way at a time, and say how many messages are still caught: `all`, or some of
    /// the ways by name, separated by commas.
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',', value_parser = class)]
    disguise: Vec<Chosen>,
    /// How much of each word is disguised: a third, two thirds, all. Without: all three, one after the other.
    #[arg(long, value_name = "STRENGTH,…", value_delimiter = ',', value_parser = strength)]
    strength: Vec<Strength>,
    /// The same seed makes the same disguises.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How the figures are written.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Write each message that was judged otherwise than labelled, and each that a disguise let through, as a line of JSON into
    /// this new file (`-` is stderr).
    #[arg(long, value_name = "FILE")]
    wrong: Option<PathBuf>,
    /// Labelled messages: a line each, `{"text":"…","label":1}` (1 bad, 0 ordinary; `source`, `category` and `id` if you like,
    /// and `original`: what it was before somebody disguised it, to be compared). `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What `--disguise` names.
#[derive(Clone, Copy)]
enum Chosen {
    All,
    One(Class),
}

fn class(text: &str) -> Result<Chosen, String> {
    if text == "all" {
        return Ok(Chosen::All);
    }
    let known = || Class::all().map(|class| format!("{} ({})", class.name(), class.about())).collect::<Vec<_>>();
    let found = Class::all().find(|class| class.name() == text).map(Chosen::One);
    found.ok_or_else(|| format!("it is none of: all, {}", known().join(", ")))
}

fn strength(text: &str) -> Result<Strength, String> {
    let found = Strength::ALL.into_iter().find(|strength| strength.name() == text);
    found.ok_or_else(|| format!("it is none of: {}", Strength::ALL.map(Strength::name).join(", ")))
}

pub(super) fn run(args: &EvalArgs) -> ExitCode {
    let config = match load(&args.config) {
        Ok(config) => config,
        Err(code) => return code,
    };
    if let Some(group) = args.group.as_deref().filter(|group| !config.settings.groups.contains_key(*group)) {
        complain(format_args!("note: no file names the group `{group}`; the default profile judges\n"));
    }
    let all = args.disguise.iter().any(|chosen| matches!(chosen, Chosen::All));
    let named = |class: &Class| args.disguise.iter().any(|chosen| matches!(chosen, Chosen::One(one) if one == class));
    let how = Eval {
        group: args.group.clone(),
        classes: Class::all().filter(|class| all || named(class)).collect(),
        strengths: Strength::ALL
            .into_iter()
            .filter(|it| args.strength.is_empty() || args.strength.contains(it))
            .collect(),
        every: 1,
        seed: args.seed,
    };
    let mut wrong: Option<Box<dyn Write>> = match args.wrong.as_deref().map(new_file).transpose() {
        Ok(wrong) => wrong,
        Err(error) => return failed(&error),
    };
    let mut evaluation = Evaluation::new(&config.settings, &how);
    for file in &args.files {
        let input = match open(Some(file)) {
            Ok(input) => input,
            Err(code) => return code,
        };
        let wrong = wrong.as_mut().map(|file| &mut **file as &mut dyn Write);
        if let Err(error) = evaluation.read(&name(file), input, &mut io::stderr(), wrong) {
            return failed(&error);
        }
    }
    let report = evaluation.finish();
    let text = match args.format {
        Format::Human => human(&report),
        Format::Json => json(&report),
    };
    let flushed = wrong.map_or(Ok(()), |mut file| file.flush());
    if let Err(error) = flushed.and_then(|()| io::stdout().lock().write_all(text.as_bytes())) {
        return failed(&error.into());
    }
    if report.malformed > 0 {
        let advice = if report.sources.is_empty() { NOTHING_JUDGED } else { "" };
        complain(format_args!("{} malformed lines were skipped{advice}\n", report.malformed));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Told beside what is wrong with each line where none could be read.
const NOTHING_JUDGED: &str =
    "; a line is a message as JSON, such as {\"text\":\"…\",\"label\":1}: a table is to be saved so first";

/// What a file's messages are counted under that name no source.
fn name(file: &Path) -> String {
    match file.file_stem() {
        Some(stem) if file.as_os_str() != "-" => stem.to_string_lossy().into_owned(),
        _ => "stdin".to_owned(),
    }
}

fn new_file(path: &Path) -> anyhow::Result<Box<dyn Write>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stderr()));
    }
    let file = File::create_new(path).map_err(|error| anyhow::anyhow!("cannot write {}: {error}", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}
