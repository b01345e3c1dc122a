//! `qunwei demo`: the daemon with a playground, without account, key or server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::serve::{self, Prepared};
use crate::cli::{complain, environment, logging};
use crate::config::SHIPPED;
use crate::serve::SystemClock;
use crate::serve::playground::{Playing, start};

/// Exit code for wrong usage.
const USAGE: u8 = 2;
/// A token that can be guessed protects nothing.
const SHORTEST_TOKEN: usize = 12;

/// `qunwei demo`
#[derive(Args)]
pub(super) struct DemoArgs {
    /// Where the page is.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Where configuration and data are kept: written there when missing, used when there [default: a temporary folder,
    /// removed at the end].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Lets those in who know it, from other machines too; at least 12 characters.
    #[arg(long, env = "QUNWEI_DEMO_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

pub(super) fn run(args: &DemoArgs, verbosity: i16) -> ExitCode {
    let token = args.token.clone().filter(|token| !token.is_empty());
    if let Err(why) = allowed(args.listen, token.as_deref()) {
        complain(format_args!("error: {why}\n"));
        return USAGE.into();
    }
    match play(args, token, verbosity) {
        Ok(code) => code,
        Err(error) => {
            complain(format_args!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Whether the page may be served there.
fn allowed(listen: SocketAddr, token: Option<&str>) -> Result<(), String> {
    match token {
        None if !listen.ip().is_loopback() => Err(format!(
            "{listen} can be reached from other machines, and who sees the page can change its configuration; \
             give a token with --token or QUNWEI_DEMO_TOKEN, or listen on 127.0.0.1"
        )),
        Some(token) if token.chars().count() < SHORTEST_TOKEN => {
            Err(format!("the token has fewer than {SHORTEST_TOKEN} characters; make one with: openssl rand -hex 16"))
        }
        _ => Ok(()),
    }
}

fn play(args: &DemoArgs, token: Option<String>, verbosity: i16) -> anyhow::Result<ExitCode> {
    let (home, temporary) = home(args.data.as_deref())?;
    write_missing(&home)?;
    let dir = home.join("config");
    let Prepared { mut config, seen, store, kept } = match serve::prepare(&dir, Some(home.join("data"))) {
        Ok(prepared) => prepared,
        Err(code) => return Ok(code),
    };
    // Its bridges and its operators' pages are there as well, wherever there is room.
    config.daemon.listen = ([127, 0, 0, 1], 0).into();
    config.daemon.admin_listen = ([127, 0, 0, 1], 0).into();
    logging::begin(config.daemon.log_format, verbosity - 1);
    if let Some(why) = &kept {
        tracing::error!("{why}");
    }
    let runtime = serve::runtime()?;
    let with_token = token.is_some();
    let playing = Playing { listen: args.listen, token, dir, env: Arc::new(environment) };
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let demo = start(config, seen, kept, store, Arc::new(SystemClock), playing).await?;
        let how = if with_token { ", give the token" } else { "" };
        // A supervisor that closed our stdout does not want to know.
        drop(writeln!(std::io::stdout(), "open http://{}/ in a browser{how} (Ctrl-C ends it)", demo.listen));
        tracing::info!(bridges = %demo.running.listen, admin = %demo.running.admin, data = %home.display(), "ready");
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        demo.stop().await;
        anyhow::Ok(())
    })?;
    if let Some(folder) = temporary {
        folder.close()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of configuration and data; one of our own is removed when it is dropped.
fn home(given: Option<&Path>) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    match given {
        Some(folder) => Ok((folder.to_owned(), None)),
        None => {
            let folder = tempfile::Builder::new().prefix("qunwei-demo-").tempdir()?;
            Ok((folder.path().to_owned(), Some(folder)))
        }
    }
}

/// Writes the shipped files that are not there; what is there belongs to whoever changed it.
fn write_missing(home: &Path) -> anyhow::Result<()> {
    use anyhow::Context;
    for (name, text) in SHIPPED {
        let path = home.join(name);
        let write = || -> std::io::Result<()> {
            if path.exists() {
                return Ok(());
            }
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(&path, text)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_need_a_token_that_cannot_be_guessed() {
        let (here, everywhere) = ("127.0.0.1:8787".parse().unwrap(), "0.0.0.0:8787".parse().unwrap());
        assert_eq!(allowed(here, None), Ok(()));
        assert!(allowed(everywhere, None).unwrap_err().contains("--token"));
        assert!(allowed(everywhere, Some("short")).unwrap_err().contains("12"));
        assert_eq!(allowed(everywhere, Some("0123456789abcdef")), Ok(()));
    }

    #[test]
    fn what_was_changed_is_kept_and_what_is_missing_is_written() {
        let home = tempfile::tempdir().unwrap();
        write_missing(home.path()).unwrap();
        let changed = home.path().join("wordlists/ads.txt");
        let words = std::fs::read_to_string(&changed).unwrap() + "新盘开售\n";
        std::fs::write(&changed, &words).unwrap();
        std::fs::remove_file(home.path().join("config/groups.toml")).unwrap();
        write_missing(home.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&changed).unwrap(), words);
        assert!(home.path().join("config/groups.toml").is_file());
        let loaded = crate::config::load(&home.path().join("config"), &|_| None);
        assert!(loaded.is_ok_and(|config| config.warnings.is_empty()));
    }
}
