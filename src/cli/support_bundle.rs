//! `qunwei support-bundle`: what somebody needs who is to find out what is wrong, and nothing that must stay here.

mod hide;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueHint};
use flate2::Compression;
use flate2::write::GzEncoder;

use self::hide::Hider;
use crate::adapters::http;
use crate::app::keys;
use crate::cli::export::fill_private;
use crate::cli::{ConfigArg, check, complain, data_dir, environment, failed, pause};
use crate::ports::Clock;
use crate::serve::SystemClock;
use crate::store::{Moment, check as check_store};

/// `qunwei support-bundle`
#[derive(Args)]
pub(super) struct BundleArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// The data directory.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, env = "QUNWEI_DATA", hide_env_values = true, default_value = "./data")]
    data: PathBuf,
    /// The running daemon's page for operators (`admin_listen`).
    #[arg(long, default_value = pause::DEFAULT_URL)]
    url: String,
    /// The new file: a tar compressed by gzip.
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

/// Files of a configuration that are looked at, and the largest of them in bytes.
const MOST_FILES: usize = 500;
const LARGEST: u64 = 1 << 20;

/// How long the daemon has to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn run(args: &BundleArgs) -> ExitCode {
    match bundle(args) {
        Ok(names) => {
            complain(format_args!(
                "written: {}, with {}\nnote: secrets and addresses are hidden, and no message is in it; the configuration's names of groups and \
                 people are: look through it before you give it away\n",
                args.file.display(),
                names.join(", ")
            ));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn bundle(args: &BundleArgs) -> anyhow::Result<Vec<String>> {
    let dir = args.config.dir();
    let tomls = tomls(dir);
    let hider = Hider::new(&tomls, std::env::vars());
    let mut parts: Vec<(String, String)> = vec![
        ("about.txt".to_owned(), about()),
        ("check.txt".to_owned(), check::check(dir, check::Format::Human { colour: false }, &environment).0),
        ("files.txt".to_owned(), files(dir, data_dir(&args.data))),
        ("store.txt".to_owned(), store(dir, data_dir(&args.data))),
    ];
    for page in ["readyz", "metrics", "log"] {
        parts.push((format!("{page}.txt"), asked(&args.url, page)));
    }
    for (path, text) in &tomls {
        let name = path.strip_prefix(dir).unwrap_or(path);
        parts.push((format!("config/{}", name.display()), hider.toml(text)));
    }
    let shown: Vec<_> = parts.iter().map(|(name, text)| (name.clone(), hider.text(text))).collect();
    fill_private(&args.file, |to| write(to, &shown))
        .map_err(|error| anyhow::anyhow!("cannot write {}: {error}", args.file.display()))?;
    Ok(parts.into_iter().map(|(name, _)| name).collect())
}

fn write(to: std::fs::File, parts: &[(String, String)]) -> std::io::Result<()> {
    let packed = GzEncoder::new(to, Compression::default());
    let mut tar = tar::Builder::new(packed);
    for (name, text) in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, name, text.as_bytes())?;
    }
    let mut file = tar.into_inner()?.finish()?;
    file.flush()?;
    file.sync_all()
}

fn about() -> String {
    let system = rustix::system::uname();
    let word = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "qunwei {}\nat {}\nsystem {} {} {}\nprocessors {processors}\nschema known {}\n",
        env!("CARGO_PKG_VERSION"),
        SystemClock.now(),
        word(system.sysname()),
        word(system.release()),
        word(system.machine()),
        crate::store::known_schema(),
    )
}

/// Every *.toml below a folder, with its text.
fn tomls(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = below(dir);
    found.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    found.into_iter().filter_map(|path| Some((path.clone(), std::fs::read_to_string(&path).ok()?))).collect()
}

/// Files below a folder, in order; links are not followed.
fn below(dir: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && found.len() < MOST_FILES => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.retain(|path| path.metadata().is_ok_and(|about| about.len() <= LARGEST || !is_text(path)));
    found.sort();
    found
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "toml")
}

/// What there is and how large it is; of what is in it nothing.
fn files(config: &Path, data: &Path) -> String {
    let mut text = String::new();
    for dir in [config, data] {
        for path in below(dir) {
            let size = path.metadata().map_or(0, |about| about.len());
            text += &format!("{size:>12}  {}\n", path.display());
        }
    }
    text
}

/// The store: its schema, how many rows its tables have, whether it is sound.
fn store(config: &Path, data: &Path) -> String {
    let mut text = String::new();
    let keys = match keys::for_reading(config, data, &environment) {
        Ok(keys) => keys,
        Err(error) => return format!("{error}\n"),
    };
    match Moment::of(data, &keys).map_err(|error| error.to_string()).and_then(|moment| {
        let schema = moment.schema().map_err(|error| error.to_string())?;
        Ok((schema, moment.counts().map_err(|error| error.to_string())?))
    }) {
        Ok((schema, counts)) => {
            text += &format!("schema {schema}\n");
            for count in counts {
                text += &format!("{:>12}  {}\n", count.rows, count.table);
            }
        }
        Err(why) => return format!("{why}\n"),
    }
    match check_store(data, &keys, None) {
        Ok(checked) => {
            for line in checked.lines {
                text += &format!("{:?} {}: {}\n", line.found, line.what, line.said);
            }
        }
        Err(error) => text += &format!("{error}\n"),
    }
    text
}

/// What the daemon says on one of its pages; why it says nothing.
fn asked(base: &str, page: &str) -> String {
    let answer = || -> Result<String, String> {
        let url = http::url(&format!("{}/{page}", base.trim_end_matches('/'))).map_err(|error| error.to_string())?;
        let client = http::client(&url, TIMEOUT).map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let response = client.get(url).send().await.map_err(|error| http::root_cause(&error).to_string())?;
            let status = response.status().as_u16();
            let text = response.text().await.map_err(|error| http::root_cause(&error).to_string())?;
            Ok(if status == 200 { text } else { format!("HTTP {status}\n{text}") })
        })
    };
    answer().unwrap_or_else(|why| {
        format!("no answer from the daemon: {why}\nIts log goes to stderr: `journalctl -u qunwei`, `docker logs`, or the file it was sent to.\n")
    })
}
