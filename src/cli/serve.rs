//! `qunwei serve`.

use std::io::Write;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::Builder;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::keys::{NoKeys, keyring};
use crate::app::recent_log::RecentLog;
use crate::app::reload::Cause;
use crate::cli::supervisor::Supervisor;
use crate::cli::{ConfigArg, complain, environment, logging, show};
use crate::config::{self, Config, Seal, Seen};
use crate::domain::disguise::read_tables;
use crate::fault::Fault;
use crate::ports::Store;
use crate::serve::{Extra, Source, SystemClock, broken, open_store, start_with};
use crate::store::{OpenError, SqliteStore, begins_empty, last_config};

/// `qunwei serve`
#[derive(Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Where bots are heard; overrides `listen` in TOML.
    #[arg(long, value_name = "ADDR", env = "QUNWEI_LISTEN", hide_env_values = true)]
    listen: Option<SocketAddr>,
    /// Where operators ask; overrides `admin_listen` in TOML.
    #[arg(long, value_name = "ADDR", env = "QUNWEI_ADMIN_LISTEN", hide_env_values = true)]
    admin_listen: Option<SocketAddr>,
    /// The data directory; overrides `data` in TOML.
    #[arg(long, value_name = "DIR", env = "QUNWEI_DATA", hide_env_values = true)]
    data: Option<PathBuf>,
}

pub(super) fn run(args: &ServeArgs, verbosity: i16) -> ExitCode {
    let Prepared { mut config, seen, store, kept } = match prepare(args.config.dir(), args.data.clone()) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let source = Source::new(args.config.dir(), environment);
    config.daemon.listen = args.listen.unwrap_or(config.daemon.listen);
    config.daemon.admin_listen = args.admin_listen.unwrap_or(config.daemon.admin_listen);
    let recent = logging::begin(config.daemon.log_format, verbosity);
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    if let Some(why) = &kept {
        tracing::error!("{why}");
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(format_args!("error: cannot start: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(config, source, seen, kept, store, recent)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// What a start begins with.
pub(super) struct Prepared {
    pub(super) config: Config,
    /// What was looked at on the disk.
    pub(super) seen: Seen,
    pub(super) store: SqliteStore,
    /// Why this is not the configuration on the disk.
    pub(super) kept: Option<String>,
}

/// The configuration and the store; with a broken configuration the last good one from the store, and why.
pub(super) fn prepare(dir: &Path, data: Option<PathBuf>) -> Result<Prepared, ExitCode> {
    let (loaded, seen) = load(dir);
    let named = loaded.as_ref().ok().map(|config| config.daemon.data.clone());
    let data = data.or(named).unwrap_or_else(|| config::data_dir(dir));
    let shown = |faults: &[Fault]| show(faults, false);
    if let (Err(faults), false) = (&loaded, data.is_dir()) {
        shown(faults);
        complain(format_args!(
            "error: the configuration {} is broken, and {} has no earlier one\n",
            dir.display(),
            data.display()
        ));
        return Err(ExitCode::FAILURE);
    }
    // What is not sealed says where the key is.
    let last =
        || last_config(&data).ok().flatten().and_then(|files| config::from_files(dir, &files, &environment).ok());
    let last = if loaded.is_err() { last() } else { None };
    let seal = loaded.as_ref().ok().or(last.as_ref()).map_or(Seal::Off, |config| config.daemon.seal.clone());
    if begins_empty(&data) {
        complain(format_args!(
            "warning: qunwei.db in {} was there and empty: a new store begins in it; if there was one, restore a backup into an empty folder\n",
            data.display()
        ));
    }
    let opened = keyring(&seal).map_err(anyhow::Error::new).and_then(|keys| Ok(open_store(&data, &keys)?));
    let mut store = opened.map_err(|error| {
        let sealed = matches!(error.downcast_ref(), Some(OpenError::Sealed { .. }));
        let error = match &loaded {
            // Nobody can say that no key is named: what is broken may be its file.
            Err(faults) if sealed && last.is_none() => {
                shown(faults);
                NoKeys::Broken(dir.display().to_string()).into()
            }
            _ => error,
        };
        complain(format_args!("error: {error}\n"));
        ExitCode::FAILURE
    })?;
    let faults = match loaded {
        Ok(config) => {
            shown(&config.warnings);
            return Ok(Prepared { config, seen, store, kept: None });
        }
        Err(faults) => faults,
    };
    shown(&faults);
    let mut kept = || store.last_config().ok().flatten();
    match last.or_else(|| config::from_files(dir, &kept()?, &environment).ok()) {
        Some(config) => {
            let why = broken(&faults, &dir.to_string_lossy(), &config.settings.version);
            Ok(Prepared { config, seen, store, kept: Some(why) })
        }
        None => {
            complain(format_args!(
                "error: the configuration {} is broken, and the store has no earlier one\n",
                dir.display()
            ));
            Err(ExitCode::FAILURE)
        }
    }
}

/// On a thread that ends with it: what compiling took from memory goes back to the system.
fn load(dir: &Path) -> (Result<Config, Vec<Fault>>, Seen) {
    let load = || config::load_with(dir, &environment);
    let loaded = std::thread::scope(|scope| {
        let loading = Builder::new().spawn_scoped(scope, load).ok()?;
        read_tables(); // what its last step waits for, beside its first
        Some(loading.join())
    });
    loaded.map_or_else(load, |loaded| loaded.unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Two threads are enough: they only carry HTTP.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

async fn serve(
    config: Config,
    source: Source,
    seen: Seen,
    kept: Option<String>,
    store: SqliteStore,
    log: RecentLog,
) -> anyhow::Result<()> {
    let version = config.settings.version.clone();
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut supervisor = Supervisor::from_environment();
    let extra = Extra { log, ..Extra::default() };
    let running = start_with(config, source, seen, kept, store, Arc::new(SystemClock), extra).await?;
    // A supervisor that closed our stdout does not want to know.
    drop(writeln!(std::io::stdout(), "ready listen={} admin={}", running.listen, running.admin));
    tracing::info!(listen = %running.listen, admin = %running.admin, %version, "ready");
    supervisor.ready();
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => running.reloader.request(Cause::Asked),
            () = supervisor.due() => supervisor.alive(&running),
        }
    }
    tracing::info!("stopping: requests and attempts under way are finished first");
    supervisor.stopping();
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}
