//! What is served over HTTP: the ways in for platforms, and what operators ask.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub mod admin;
pub mod hooks;
pub mod playground;

/// How long requests that are being answered may still take once the daemon is to stop.
pub const GRACE: Duration = Duration::from_secs(10);

/// Serves until `shutdown` is done; then takes no more connections and lets requests end, for [`GRACE`] at most: a client
/// that stalls does not keep the daemon from stopping.
///
/// # Errors
/// The listener broke.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopping) = oneshot::channel();
    let stopped = async move {
        shutdown.await;
        stop.send(()).ok();
    };
    let listener = listener.tap_io(|connection| {
        // Answers are small and wanted now; one that waits for company is late, not wrong.
        connection.set_nodelay(true).ok();
    });
    let late = async {
        // A dropped sender means that the server ended by itself.
        match stopping.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stopped) => served,
        () = late => Ok(()),
    }
}
