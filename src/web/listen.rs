//! Connections: taken in, served, and let go when the daemon stops.
//!
//! Not `axum::serve`, for what it cannot be told: how long a client may take to send the head of a request (one that sends
//! a byte a minute would hold a connection for ever), and to leave a connection alone while its request is being answered.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::GRACE;

/// How long a connection may be without a whole head of a request: idle, or sending one too slowly. Longer than clients
/// usually keep idle connections, so that it is they who close.
const HEAD: Duration = Duration::from_secs(75);

/// The same while half of the room for connections is taken: who keeps many open without asking anything is done with soon.
const HURRIED: Duration = Duration::from_secs(5);

/// The largest head of a request, and so much of what comes is read at once, in bytes: connections are many, and each has so much.
const BUFFER: usize = 32 << 10;

/// So many files at least are left to everything else: the store, what goes out, the other listeners.
const FILES_LEFT: u64 = 256;

/// How many connections there may be at once, at least and at most, and where the limit of files is not known.
const ROOM: RangeInclusive<u64> = 64..=10_000;

/// That there is no room is told so often at most.
const TOLD_EVERY: Duration = Duration::from_secs(60);

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
    serve_within(&Limits::default(), listener, service, Looks::default(), shutdown).await
}

/// The same, for those who also look at their clients ([`Looks`]).
///
/// # Errors
/// The listener broke.
pub async fn serve_looking(
    listener: TcpListener,
    service: impl HttpService,
    looks: Looks,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(&Limits::default(), listener, service, looks, shutdown).await
}

/// What the requests of new connections carry as extensions, while somebody wants it. Nearly all go without.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// Their [`Line`].
    pub lines: Arc<AtomicBool>,
    /// Their [`Caller`].
    pub callers: Arc<AtomicBool>,
}

/// Where a connection comes from: a client, or a proxy before us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller(pub(super) IpAddr);

/// A client's connection, looked at from aside: whether the client is still there. For those who make it wait long; it is
/// another handle of the same socket, which others need not pay for.
#[derive(Clone, Debug)]
pub(super) struct Line(Arc<OwnedFd>);

impl Line {
    fn of(stream: &TcpStream) -> io::Result<Self> {
        Ok(Self(Arc::new(stream.as_fd().try_clone_to_owned()?)))
    }

    /// Waits until the client has hung up. Nothing of what it sends is taken away.
    pub(super) async fn gone(&self) {
        let handle = self.0.try_clone().map(std::net::TcpStream::from).and_then(TcpStream::from_std);
        let Ok(stream) = handle else { return std::future::pending().await }; // too many files: it cannot be seen
        // A client that sends ahead is there; what it sent stays to be read, and hides what comes after it.
        while matches!(stream.peek(&mut [0]).await, Ok(1)) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What connections may take of us.
struct Limits {
    /// See [`HEAD`].
    head: Duration,
    /// See [`HURRIED`].
    hurried: Duration,
    /// More connections than this are closed as they come.
    room: usize,
}

impl Default for Limits {
    /// A third of the files that the process may have open: there are two listeners or three.
    fn default() -> Self {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let room = (files.saturating_sub(FILES_LEFT) / 3).clamp(*ROOM.start(), *ROOM.end());
        Self { head: HEAD, hurried: HURRIED, room: usize::try_from(room).unwrap_or(usize::MAX) }
    }
}

/// How many more connections there may be.
struct Room {
    free: Arc<Semaphore>,
    half: usize,
    told: Option<Instant>,
}

impl Room {
    fn new(room: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(room)), half: room / 2, told: None }
    }

    /// Room for one more, if there is any.
    fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        let taken = self.free.clone().try_acquire_owned().ok();
        if taken.is_none() && self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(connections = self.half * 2, "there are too many connections; new ones are closed at once");
        }
        taken
    }

    fn is_half_taken(&self) -> bool {
        self.free.available_permits() < self.half
    }
}

async fn serve_within(
    limits: &Limits,
    listener: TcpListener,
    service: impl HttpService,
    looks: Looks,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (usual, hurried) = (http(limits.head), http(limits.hurried));
    let mut room = Room::new(limits.room);
    let open = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, from) = tokio::select! {
            taken = listener.accept() => match taken {
                Ok(taken) => taken,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let Some(taken) = room.take() else { continue };
        let http = if room.is_half_taken() { &hurried } else { &usual };
        let line = looks.lines.load(Ordering::Relaxed).then(|| Line::of(&stream).ok()).flatten();
        let caller = looks.callers.load(Ordering::Relaxed).then(|| Caller(from.ip().to_canonical()));
        let (stream, service) = (TokioIo::new(prompt(stream)), service.clone());
        // Why a connection ended matters to its client alone.
        match (line, caller) {
            (None, None) => {
                let connection = open.watch(http.serve_connection(stream, service));
                tokio::spawn(async move { (connection.await.ok(), taken).0 });
            }
            (line, caller) => {
                let service = service_fn(move |mut request: Request<Incoming>| {
                    line.clone().map(|line| request.extensions_mut().insert(line));
                    caller.map(|caller| request.extensions_mut().insert(caller));
                    service.call(request)
                });
                let connection = open.watch(http.serve_connection(stream, service));
                tokio::spawn(async move { (connection.await.ok(), taken).0 });
            }
        }
    }
    drop(listener);
    tokio::time::timeout(GRACE, open.shutdown()).await.ok();
    Ok(())
}

/// Half closed: while a request is being answered nothing is read, and no memory taken to read into. So a client that goes away
/// is noticed when its answer is written; who makes clients wait looks at their [`Line`].
fn http(head: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head).half_close(true).max_buf_size(BUFFER);
    http
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
