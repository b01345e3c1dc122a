//! What is served over HTTP: the ways in for platforms, and what operators ask.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

pub use self::listen::{HttpService, Looks, serve_by, serve_looking};

pub mod admin;
mod body;
pub mod hooks;
pub mod host;
mod listen;
pub mod playground;
pub mod wecom;

/// How long requests that are being answered may still take once the daemon is to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Serves pages until `shutdown` is done; then takes no more connections and lets requests end, for [`GRACE`] at most: a
/// client that stalls does not keep the daemon from stopping.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_by(listener, TowerToHyperService::new(router), shutdown).await
}

/// The same, for pages that ask whence a request comes.
///
/// # Errors
/// The listener broke.
pub async fn serve_asking_whence(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let looks = Looks { callers: Arc::new(AtomicBool::new(true)), ..Looks::default() };
    serve_looking(listener, TowerToHyperService::new(router), looks, shutdown).await
}
