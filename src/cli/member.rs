//! `qunwei member`: what is stored of one person, for them, and erasing it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use serde_json::json;

use crate::adapters::http;
use crate::app::erase::erase_stopped;
use crate::app::keys;
use crate::cli::export::fill_private;
use crate::cli::{ConfigArg, complain, data_dir, environment, failed, pause};
use crate::ports::{Clock, Erasure, Person};
use crate::serve::SystemClock;
use crate::store::export_member;
use crate::web::admin::OPERATOR;

/// `qunwei member`
#[derive(Args)]
pub(super) struct MemberArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Writes everything that is stored of a person as JSON; the daemon may be running meanwhile.
    #[command(after_help = "Example:\n  qunwei member export --platform example --user zhangsan --to zhangsan.json")]
    Export(ExportArgs),
    /// Erases a person: what they said and are called, what is held against them, what was sent to them. Numbers of cases stay.
    /// Asks the running daemon, or with `--data` does it in the folder of one that is stopped.
    #[command(
        after_help = "Example:\n  qunwei member erase --platform example --user zhangsan\n  qunwei member erase --platform example --user zhangsan --data data"
    )]
    Erase(EraseArgs),
}

#[derive(Args)]
struct Who {
    /// Where they are: the name of a bridge or of a company on WeCom.
    #[arg(long, value_name = "NAME")]
    platform: String,
    /// Their id there.
    #[arg(long, value_name = "ID")]
    user: String,
}

impl Who {
    fn person(&self) -> Person {
        Person { platform: self.platform.as_str().into(), user: self.user.as_str().into() }
    }
}

#[derive(Args)]
struct ExportArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    who: Who,
    /// The data directory.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// Into this new file instead of stdout.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    to: Option<PathBuf>,
}

#[derive(Args)]
struct EraseArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    who: Who,
    /// The running daemon's page for operators (`admin_listen`).
    #[arg(long, default_value = pause::DEFAULT_URL, conflicts_with = "data")]
    url: String,
    /// The data directory of a daemon that is stopped.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data: Option<PathBuf>,
}

pub(super) fn run(args: &MemberArgs) -> ExitCode {
    let done = match &args.what {
        What::Export(args) => export(args),
        What::Erase(args) => erase(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn export(args: &ExportArgs) -> anyhow::Result<()> {
    let data = data_dir(&args.data);
    let keys = keys::for_reading(args.config.dir(), data, &environment)?;
    let all = export_member(data, &keys, &args.who.person())?;
    let text = serde_json::to_string_pretty(&all)? + "\n";
    let Some(file) = &args.to else { return Ok(io::stdout().lock().write_all(text.as_bytes())?) };
    let written = fill_private(file, |mut to| to.write_all(text.as_bytes()).and_then(|()| to.sync_all()));
    written.map_err(|error| anyhow::anyhow!("cannot write {}: {error}", file.display()))
}

fn erase(args: &EraseArgs) -> anyhow::Result<()> {
    let person = args.who.person();
    let by = std::env::var("USER").unwrap_or_default();
    let by: String = by.chars().filter(char::is_ascii_graphic).take(64).collect();
    let by = if by.is_empty() { "operator".to_owned() } else { by };
    let erasure = match &args.data {
        Some(data) => {
            let data = data_dir(data);
            let keys = keys::for_reading(args.config.dir(), data, &environment)?;
            erase_stopped(data, &keys, &person, &by, SystemClock.now())?
        }
        None => ask(&args.url, &person, &by)?,
    };
    tell(&erasure, &person, args.data.as_deref())
}

/// What was done, in words and in numbers, and what it does not reach.
fn tell(erasure: &Erasure, person: &Person, data: Option<&Path>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "erasure {} of {}: they are `{}` from now on", erasure.no, erasure.at, erasure.alias)?;
    for (table, rows) in erasure.rows.iter().filter(|(_, rows)| **rows > 0) {
        writeln!(out, "{rows:>8}  {table}")?;
    }
    if erasure.rows.values().all(|rows| *rows == 0) {
        writeln!(out, "       0  nothing was stored of them")?;
        let Person { platform, user } = person;
        complain(format_args!(
            "note: nobody with the id `{user}` was known on `{platform}`: look whether both are written as the platform writes them\n"
        ));
    }
    if erasure.actions_left > 0 {
        let left = erasure.actions_left;
        complain(format_args!(
            "note: {left} actions that name them are still to be carried out; they are erased when they have come to their end\n"
        ));
    }
    if erasure.rosters > 0 {
        let rosters = erasure.rosters;
        complain(format_args!(
            "note: they are in {rosters} lists of members read from WeCom, which say so for as long as they are in the group\n"
        ));
    }
    complain(
        "note: backups made before now, logs outside of Qunwei and the platform itself still have them; so do word lists and TOML files that name them\n",
    );
    if data.is_some() {
        complain("note: what comes from them after this is stored as from anybody\n");
    }
    Ok(())
}

/// Asks a running daemon, and waits until all is done that can be.
fn ask(base: &str, person: &Person, by: &str) -> anyhow::Result<Erasure> {
    const TIMEOUT: Duration = Duration::from_secs(60);
    const AGAIN: Duration = Duration::from_millis(300);
    let base = base.trim_end_matches('/');
    let url = http::url(&format!("{base}/erase")).map_err(|error| anyhow::anyhow!("{error}"))?;
    let client = http::client(&url, TIMEOUT).map_err(|error| anyhow::anyhow!("{error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let body = json!({"platform": &*person.platform, "user": &*person.user}).to_string();
        let mut erasure = answer(client.post(url).header(OPERATOR, by).body(body)).await?;
        let rosters = erasure.rosters;
        while !erasure.is_all_for_now() {
            tokio::time::sleep(AGAIN).await;
            let url = http::url(&format!("{base}/erase/{}", erasure.no)).map_err(|error| anyhow::anyhow!("{error}"))?;
            erasure = answer(client.get(url)).await?;
        }
        Ok(Erasure { rosters, ..erasure })
    })
}

async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Erasure> {
    let response = request.send().await.map_err(|error| {
        let cause = http::root_cause(&error);
        anyhow::anyhow!(
            "no answer: {cause}; is the daemon running? For one that is stopped name its folder: --data DIR"
        )
    })?;
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    if !status.is_success() {
        let said: String = text.trim().chars().take(500).collect();
        anyhow::bail!("the daemon answered HTTP {}: {said}", status.as_u16());
    }
    Ok(serde_json::from_str(&text)?)
}
