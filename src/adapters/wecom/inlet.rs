//! Where what was read goes: the daemon's intake, as this layer sees it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::adapters::inbound::Inbound;
pub use crate::ports::Mark;

/// A future that a trait object gives.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How many events became durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// New ones.
    pub accepted: usize,
    /// Those that were there already.
    pub duplicates: usize,
}

/// Nothing is durable; the same may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The queue is full, or the daemon is stopping: it was not tried.
    #[error("the daemon has more to do than it can, or is stopping")]
    Busy,
    /// It was tried and could not be written: because nothing can, or because of what was handed in.
    #[error("{0}")]
    Unwritten(String),
}

/// The way into the daemon.
pub trait Inlet: Send + Sync {
    /// Hands events in (there may be none), and a position. Comes back when all of it is durable.
    ///
    /// # Errors
    /// Nothing of it is durable.
    fn submit(&self, events: Vec<Inbound>, mark: Option<Mark>) -> BoxFuture<'_, Result<Taken, Refused>>;

    /// The position that was handed in last.
    ///
    /// # Errors
    /// The store cannot be read, or the daemon is stopping.
    fn mark(&self, source: &Arc<str>) -> BoxFuture<'_, Result<Option<String>, Refused>>;
}
