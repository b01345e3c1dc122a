//! `qunwei train`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::app::train::{Examples, Report, Train, train};
use crate::cli::{complain, failed, open};
use crate::domain::score::{How, Model};

/// `qunwei train`
#[derive(Args)]
pub(super) struct TrainArgs {
    /// Labelled messages, one JSON object a line: `{"text":"…","label":1}`, 1 for a violation, 0 for an ordinary message;
    /// `source` says where it is from, `category` of what kind a violation is. `-`: stdin.
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Where the model is written.
    #[arg(long, value_name = "MODEL", value_hint = clap::ValueHint::FilePath)]
    output: PathBuf,
    /// Where the report is written; without it, beside the model, as MODEL.report.json.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    report: Option<PathBuf>,
    /// How many percent of the messages are held out for measuring.
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=50))]
    held_out: u64,
    /// The model has 2 to this power weights of a byte each for each category.
    #[arg(long, value_name = "N", default_value_t = 18, value_parser = clap::value_parser!(u32).range(10..=20))]
    bits: u32,
    /// How often each message is looked at.
    #[arg(long, value_name = "N", default_value_t = How::USUAL.rounds, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Make a model for messages in pinyin (`pinyin` of a `score` rule): each message is learnt as it would be written so.
    #[arg(long)]
    pinyin: bool,
}

pub(super) fn run(args: &TrainArgs) -> ExitCode {
    let mut examples = Examples::new(args.pinyin);
    for file in &args.files {
        let input = match open(Some(file)) {
            Ok(input) => input,
            Err(code) => return code,
        };
        let name = file.file_name().map_or_else(|| file.to_string_lossy(), |name| name.to_string_lossy());
        if let Err(error) = examples.read(&name, input, &mut io::stderr()) {
            return failed(&anyhow::Error::new(error).context(format!("cannot read {}", file.display())));
        }
    }
    examples.settle();
    let malformed = examples.counts.malformed;
    let how = Train { how: How { bits: args.bits, rounds: args.rounds, ..How::USUAL }, held_out: args.held_out };
    let (model, report) = match train(examples, how) {
        Ok(made) => made,
        Err(what) => {
            complain(format_args!("error: no model was made: {what}\n"));
            return ExitCode::FAILURE;
        }
    };
    let beside = || {
        let mut name = args.output.clone().into_os_string();
        name.push(".report.json");
        PathBuf::from(name)
    };
    match write(&args.output, &args.report.clone().unwrap_or_else(beside), &model, &report) {
        Ok(()) if malformed == 0 => ExitCode::SUCCESS,
        Ok(()) => {
            complain(format_args!("{malformed} malformed lines were skipped\n"));
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    }
}

fn write(output: &Path, report_at: &Path, model: &Model, report: &Report) -> anyhow::Result<()> {
    put(output, &model.write())?;
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    put(report_at, &text)?;
    let (on, about) = (&report.measured_on, model.about());
    let mut out = io::stdout().lock();
    say(&mut out, format_args!("made from {} messages, {} of them violations", about.texts, about.violations))?;
    say(&mut out, format_args!("measured on {} ordinary messages and {} violations", on.ordinary, on.violations))?;
    say(&mut out, format_args!("false alarms    recall"))?;
    for line in &report.lines {
        let false_alarms = f64::from(line.false_alarms) / 100.0;
        say(&mut out, format_args!("{false_alarms:>10.2} %  {:>6.1} %", line.recall))?;
    }
    Ok(())
}

fn say(out: &mut dyn io::Write, line: std::fmt::Arguments<'_>) -> io::Result<()> {
    writeln!(out, "{line}")
}

/// Writes a file whole: a daemon may be reading it.
fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let written = fs::write(&name, text).and_then(|()| fs::rename(&name, path));
    written.map_err(|error| anyhow::Error::new(error).context(format!("cannot write {}", path.display())))
}
