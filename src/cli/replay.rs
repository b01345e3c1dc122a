//! `qunwei replay`.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::app::replay::{Actions, Audience, Played, replay};
use crate::app::transcript::Transcript;
use crate::cli::{ConfigArg, complain, failed, load, open};
use crate::domain::image::Images;
use crate::domain::time::Timestamp;

/// `qunwei replay`
#[derive(Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Timers fire until then (RFC 3339); without it nothing fires after the last event.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// `json`: each action as a line. `human`: the scene as a group chat, with what was done and why.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// One event a line. `-` or nothing: stdin.
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Human,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "is not RFC 3339 with an offset, such as 2026-11-22T10:00:00+08:00".to_owned())
}

pub(super) fn run(args: &ReplayArgs, verbosity: i16) -> ExitCode {
    let (config, input) = match (load(&args.config), open(args.file.as_ref())) {
        (Ok(config), Ok(input)) => (config, input),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    let output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut audience: Box<dyn Audience> = match args.format {
        Format::Json => Box::new(Actions(output, Images::of(&config.settings))),
        Format::Human => Box::new(Transcript::new(output, config.settings.clone())),
    };
    match replay(config.settings, input, args.until, &mut *audience, &mut io::stderr()) {
        Ok(Played { events, actions, malformed }) => {
            if malformed > 0 || verbosity > 0 {
                complain(format_args!(
                    "{events} events played, {actions} actions, {malformed} malformed lines skipped\n"
                ));
            }
            if malformed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => failed(&error),
    }
}
