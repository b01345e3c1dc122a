//! The command line (interfaces.md §1): one file a subcommand. Results on stdout, everything else on stderr; exit 2 for
//! wrong usage, 1 for errors.

pub mod check;
mod backup;
mod demo;
mod eval;
mod export;
mod generate;
pub mod health;
mod import;
mod logging;
mod member;
pub mod pause;
mod replay;
mod restore;
mod scan;
mod seal;
mod serve;
mod supervisor;
mod support_bundle;
mod verify;
mod wecom;
mod words;
mod train;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::plain;
use crate::fault::Fault;

/// Looks after the groups of an enterprise WeCom bot: judges messages, answers violations step by step.
#[derive(Parser)]
#[command(name = "qunwei", version, about, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// More on stderr (twice: everything).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Less on stderr (twice: only errors).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    quiet: u8,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the daemon with a playground: a page on which one person speaks as several members of a group.
    #[command(after_help = "Example:\n  qunwei demo --listen 127.0.0.1:8787 --data ./demo")]
    Demo(demo::DemoArgs),
    /// Runs the daemon. SIGHUP reads the configuration again; SIGTERM and SIGINT stop it.
    #[command(
        after_help = "Example:\n  QUNWEI_EXAMPLE_SECRET=whsec_… QUNWEI_EXAMPLE_ACTIONS_URL=http://127.0.0.1:9000/actions qunwei serve --config config"
    )]
    Serve(serve::ServeArgs),
    /// Validates a configuration without starting anything; one run reports all mistakes.
    #[command(after_help = "Example:\n  qunwei check --config config --format json")]
    Check(CheckArgs),
    /// Judges messages, one a line, and writes one verdict a line.
    #[command(after_help = "Example:\n  echo '加 薇 信 abc123' | qunwei scan --config config --explain")]
    Scan(scan::ScanArgs),
    /// Measures the rules on labelled messages: what they catch, what they flag wrongly, and what they still catch when the words
    /// are disguised.
    #[command(
        after_help = "Example:\n  qunwei eval --config config --disguise homophones,pinyin --strength light messages.jsonl\n  qunwei eval --disguise all --format json messages.jsonl"
    )]
    Eval(eval::EvalArgs),
    /// Asks WeCom whether its secrets work and which groups there are; makes join ways, welcome texts and messages to many groups.
    #[command(after_help = "Example:\n  qunwei wecom check --config config")]
    Wecom(wecom::WecomArgs),
    /// What word lists hold, and taking in other people's.
    #[command(after_help = "Example:\n  qunwei words import badwords.csv --to config/imported")]
    Words(words::WordsArgs),
    /// Makes a model for `score` rules from labelled messages, and says how good it is.
    #[command(after_help = "Example:\n  qunwei train labelled.jsonl more.jsonl --output models/ours.model")]
    Train(train::TrainArgs),
    /// Plays events through the whole engine in virtual time and writes every action.
    #[command(after_help = "Example:\n  qunwei replay --format human scenes/first-day.jsonl")]
    Replay(replay::ReplayArgs),
    /// Asks a running daemon whether it is ready.
    #[command(after_help = "Example:\n  qunwei health --url http://127.0.0.1:8081/readyz")]
    Health(HealthArgs),
    /// Stops a running daemon's hand: it judges and records as ever and does nothing, in every group.
    #[command(after_help = "Example:\n  qunwei pause && qunwei resume --url http://127.0.0.1:8081")]
    Pause(PauseArgs),
    /// Lets a daemon that was paused act again.
    #[command(after_help = "Example:\n  qunwei resume --url http://127.0.0.1:8081")]
    Resume(PauseArgs),
    /// Writes what was changed in the chat as TOML and word lists, or the whole state as one file; a daemon may be running
    /// meanwhile.
    #[command(
        after_help = "Example:\n  qunwei export --data data --to config/chat && qunwei check --config config\n  qunwei export --data data --state state.jsonl && qunwei import --data elsewhere state.jsonl"
    )]
    Export(export::ExportArgs),
    /// Writes the script by which a shell completes what is typed.
    #[command(after_help = "Example:\n  qunwei completions bash > ~/.local/share/bash-completion/completions/qunwei")]
    Completions(generate::CompletionsArgs),
    /// Writes the page of the manual.
    #[command(after_help = "Example:\n  qunwei man --to man/man1")]
    Man(generate::ManArgs),
    /// Writes everything in the data directory into one new file, and checks it; the daemon may be running meanwhile.
    #[command(
        after_help = "Example:\n  qunwei backup --data data /backup/qunwei.tar.gz && qunwei verify /backup/qunwei.tar.gz"
    )]
    Backup(backup::BackupArgs),
    /// What is stored of one person: written out for them, or erased.
    #[command(
        after_help = "Example:\n  qunwei member export --platform example --user zhangsan --to zhangsan.json\n  qunwei member erase --platform example --user zhangsan"
    )]
    Member(member::MemberArgs),
    /// Puts a backup into an empty data directory: all of it or nothing.
    #[command(after_help = "Example:\n  qunwei restore /backup/qunwei.tar.gz --data data && qunwei serve --data data")]
    Restore(restore::RestoreArgs),
    /// Seals the texts that were stored before a key was given (`[daemon.seal]`), or under an earlier one.
    #[command(after_help = "Example:\n  qunwei seal --config config --data data\n  qunwei seal --open --data data")]
    Seal(seal::SealArgs),
    /// Collects what a bug report needs: versions, configuration, metrics, the last of the log; no secret and no message.
    #[command(after_help = "Example:\n  qunwei support-bundle --config config --data data bundle.tar.gz")]
    SupportBundle(support_bundle::BundleArgs),
    /// Says whether a backup or a data directory is sound; the daemon may be running meanwhile.
    #[command(after_help = "Example:\n  qunwei verify /backup/qunwei.tar.gz\n  qunwei verify ./data --quick")]
    Verify(verify::VerifyArgs),
    /// Reads the whole state that `qunwei export --state` wrote into an empty data directory: all of it or nothing.
    #[command(after_help = "Example:\n  qunwei import --data data state.jsonl && qunwei serve --data data")]
    Import(import::ImportArgs),
}

/// Where the configuration is.
#[derive(Args)]
struct ConfigArg {
    /// The folder with the *.toml files.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        value_hint = clap::ValueHint::DirPath,
        env = "QUNWEI_CONFIG",
        hide_env_values = true,
        default_value = "./config"
    )]
    config: OsString,
}

impl ConfigArg {
    /// The folder; an empty variable counts as unset.
    fn dir(&self) -> &Path {
        if self.config.is_empty() { Path::new("./config") } else { Path::new(&self.config) }
    }
}

#[derive(Args)]
struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// How faults are written.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

#[derive(Args)]
struct HealthArgs {
    /// The daemon's readiness page.
    #[arg(long, default_value = health::DEFAULT_URL)]
    url: String,
}

#[derive(Args)]
struct PauseArgs {
    /// The daemon's page for operators (`admin_listen`).
    #[arg(long, default_value = pause::DEFAULT_URL)]
    url: String,
}

/// The command line, for what is made from it: documentation, completions, a page of the manual.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line.
pub fn main() -> ExitCode {
    logging::say_no_values_when_falling();
    let cli = Cli::parse();
    let verbosity = i16::from(cli.verbose) - i16::from(cli.quiet);
    match cli.command {
        Command::Demo(args) => demo::run(&args, verbosity),
        Command::Serve(args) => serve::run(&args, verbosity),
        Command::Check(args) => run_check(&args),
        Command::Scan(args) => scan::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Wecom(args) => wecom::run(&args),
        Command::Words(args) => words::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Replay(args) => replay::run(&args, verbosity),
        Command::Pause(args) => run_pause(&args.url, true),
        Command::Resume(args) => run_pause(&args.url, false),
        Command::Export(args) => export::run(&args),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Member(args) => member::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Seal(args) => seal::run(&args),
        Command::SupportBundle(args) => support_bundle::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Health(args) => health::health(&args.url, &mut std::io::stderr()).into(),
    }
}

fn run_pause(url: &str, pause: bool) -> ExitCode {
    pause::pause(url, pause, &mut std::io::stdout(), &mut std::io::stderr()).into()
}

fn run_check(args: &CheckArgs) -> ExitCode {
    let format = match args.format {
        Format::Human => check::Format::Human { colour: std::io::stdout().is_terminal() },
        Format::Json => check::Format::Json,
    };
    let (text, code) = check::check(args.config.dir(), format, &environment);
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => code.into(),
        Err(error) => failed(&error.into()),
    }
}

/// A data directory that was named; an empty variable counts as unset.
fn data_dir(named: &Path) -> &Path {
    if named.as_os_str().is_empty() { Path::new("./data") } else { named }
}

/// Writes to stderr; when nobody is there to read it, there is nobody to tell. A path or an argument in it cannot move the
/// terminal's cursor.
fn complain(text: impl std::fmt::Display) {
    let lines: Vec<String> = text.to_string().split('\n').map(plain).collect();
    drop(std::io::stderr().write_all(lines.join("\n").as_bytes()));
}

/// The same for faults, which are drawn in colours.
fn show(faults: &[Fault], colour: bool) {
    drop(std::io::stderr().write_all(check::human(faults, colour).as_bytes()));
}

/// The environment, as the configuration asks for it.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads the configuration, or shows every fault of it on stderr.
fn load(config: &ConfigArg) -> Result<crate::config::Config, ExitCode> {
    crate::config::load(config.dir(), &environment).map_err(|faults| {
        show(&faults, std::io::stderr().is_terminal());
        ExitCode::FAILURE
    })
}

/// Opens the file named on the command line; `-` and nothing are stdin.
fn open(file: Option<&PathBuf>) -> Result<Box<dyn std::io::BufRead>, ExitCode> {
    match file {
        Some(path) if path.as_os_str() != "-" => match std::fs::File::open(path) {
            Ok(file) => Ok(Box::new(std::io::BufReader::with_capacity(1 << 16, file))),
            Err(error) => {
                complain(format_args!("error: cannot read {}: {error}\n", path.display()));
                Err(ExitCode::FAILURE)
            }
        },
        _ => Ok(Box::new(std::io::BufReader::with_capacity(1 << 16, std::io::stdin()))),
    }
}

/// What a command that went wrong half-way leaves behind; a reader that has gone away (`| head`) is no error.
fn failed(error: &anyhow::Error) -> ExitCode {
    let gone = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(std::io::ErrorKind::BrokenPipe)
    };
    if !error.chain().any(gone) {
        complain(format_args!("error: {error:#}\n"));
    }
    ExitCode::FAILURE
}
