//! The thread that owns the library's handle: calls into it block, for as long as the network likes.

use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use super::keys::Keys;
use super::page::{Page, Source};
use super::state::Trouble;

struct Asked {
    after: u64,
    keys: Arc<Keys>,
    answer: oneshot::Sender<Result<Page, Trouble>>,
}

/// Asks the thread. It ends, and the handle is given back, when this is dropped and its last call has come back.
pub struct Worker {
    asks: mpsc::Sender<Asked>,
}

impl Worker {
    /// Starts the thread, on which `open` makes the source. If that fails it is tried again with the next question.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn start<S: Source>(
        name: &str,
        mut open: impl FnMut() -> Result<S, Trouble> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (asks, asked) = mpsc::channel::<Asked>();
        let run = move || {
            let mut source = None;
            for Asked { after, keys, answer } in asked {
                if source.is_none() {
                    match open() {
                        Ok(opened) => source = Some(opened),
                        Err(trouble) => {
                            let _ = answer.send(Err(trouble)); // whoever asked may have gone
                            continue;
                        }
                    }
                }
                if let Some(source) = &mut source {
                    let _ = answer.send(source.page(after, &keys)); // as above
                }
            }
        };
        std::thread::Builder::new().name(format!("archive {name}")).spawn(run)?;
        Ok(Self { asks })
    }

    /// The messages behind a position.
    ///
    /// # Errors
    /// There are none now.
    pub async fn page(&self, after: u64, keys: Arc<Keys>) -> Result<Page, Trouble> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Asked { after, keys, answer }).map_err(|_| Trouble::Thread)?;
        answered.await.map_err(|_| Trouble::Thread)?
    }
}
