//! Connections: taken in, served, and let go when the daemon stops.
//!
//! Not `axum::serve`, for what it cannot be told: how long a client may take to send the head of a request (one that sends
//! a byte a minute would hold a connection for ever), and to leave a connection alone while its request is being answered.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use super::GRACE;

/// How long a connection may be without a whole head of a request: idle, or sending one too slowly. Longer than clients
/// usually keep idle connections, so that it is they who close.
const HEAD: Duration = Duration::from_secs(75);

/// How long to wait when no connection can be taken in, e.g. because too many files are open.
const PAUSE: Duration = Duration::from_secs(1);

/// What answers requests. Clones share it.
pub trait HttpService:
    Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Future<Output = Result<Response<Body>, Infallible>> + Send,
    > + Clone
    + Send
    + 'static
{
}

impl<S> HttpService for S where
    S: Service<
            Request<Incoming>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Future<Output = Result<Response<Body>, Infallible>> + Send,
        > + Clone
        + Send
        + 'static
{
}

/// Serves by any service, as [`super::serve`] does by a router.
///
/// # Errors
/// The listener broke.
pub async fn serve_by(
    listener: TcpListener,
    service: impl HttpService,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(HEAD, listener, service, shutdown).await
}

async fn serve_within(
    head: Duration,
    listener: TcpListener,
    service: impl HttpService,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    // Half closed: while a request is being answered nothing is read, and no memory taken to read into. So a client that
    // goes away is noticed when its answer is written.
    http.timer(TokioTimer::new()).header_read_timeout(head).half_close(true);
    let open = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => stream,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let connection = open.watch(http.serve_connection(TokioIo::new(prompt(stream)), service.clone()));
        // Why a connection ended matters to its client alone.
        tokio::spawn(async move { connection.await.ok() });
    }
    drop(listener);
    tokio::time::timeout(GRACE, open.shutdown()).await.ok();
    Ok(())
}

/// Answers are small and wanted now; one that waits for company is late, not wrong.
fn prompt(stream: TcpStream) -> TcpStream {
    stream.set_nodelay(true).ok();
    stream
}

/// A connection that ended before it was taken in is its client's matter; anything else may pass.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "no connection can be taken in; it is tried again");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
