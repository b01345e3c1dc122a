//! In the middle between the company's bot and WeCom: the bot's SDK is given our address instead of WeCom's. Every message
//! goes through unchanged and in order; of what WeCom tells the bot a copy is judged; what we say is put between, and its
//! acknowledgements are kept from the bot. Whatever befalls the judging, the bot works on.
//!
//! Pings and pongs of the WebSocket itself (not the `ping` of the protocol) are answered by each end for its own connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};
use tokio_util::sync::CancellationToken;

use super::feed::{Counts, Feed};
use super::frame::{self, Frame, SUBSCRIBE};
use super::link::{self, Socket};
use super::speaker::Speaker;

/// More bots than this are not let in at once: there is one, and the one that it has just replaced.
const MOST: usize = 16;
/// So many connections may be about to shake hands. When one more comes, the one that has waited longest goes: a bot shakes hands at
/// once, and who opens connections and says nothing does not keep it out.
const MOST_SHAKING: usize = 64;
/// How long the end that closes is given to hear it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Where it stands.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the bot connects; loopback unless something encrypts the way.
    pub listen: SocketAddr,
    /// WeCom's address.
    pub url: String,
    /// How long a handshake may take.
    pub patience: Duration,
}

/// The middle. Clones are the same.
#[derive(Clone)]
pub struct Middle {
    settings: Arc<Settings>,
    speaker: Speaker,
    feed: Feed,
    numbers: Arc<Numbers>,
    /// Whether a bot is connected through it, as it was told last.
    up: Arc<Mutex<bool>>,
    shown: Shown,
}

/// Told when a bot is connected through it, and when none is any more: subscribed at WeCom, that is.
pub type Shown = Arc<dyn Fn(bool) + Send + Sync>;

/// What an operator is shown.
#[derive(Debug, Default)]
pub struct Numbers {
    bots: AtomicUsize,
    refused: AtomicU64,
    evicted: AtomicU64,
}

impl Numbers {
    /// Bots that are connected through it.
    pub fn bots(&self) -> usize {
        self.bots.load(Ordering::Relaxed)
    }

    /// Connections of bots that were closed because WeCom could not be reached.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections that another of the same bot has replaced.
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }
}

type Bot = WebSocketStream<TcpStream>;

impl Middle {
    /// Ready to run; no bot is connected through it.
    ///
    /// # Errors
    /// The address is none of a WebSocket.
    pub fn new(settings: Settings, speaker: Speaker, feed: Feed, shown: Shown) -> Result<Self, String> {
        if !link::is_url(&settings.url) {
            return Err("the address of the long connection must begin with wss:// (or ws://)".to_owned());
        }
        Ok(Self { settings: Arc::new(settings), speaker, feed, numbers: Arc::default(), up: Arc::default(), shown })
    }

    /// What speaks over the bot's connection.
    pub fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// What became of what was copied.
    pub fn counts(&self) -> Arc<Counts> {
        self.feed.counts()
    }

    /// What an operator is shown.
    pub fn numbers(&self) -> Arc<Numbers> {
        self.numbers.clone()
    }

    /// Listens; says where, for port 0.
    ///
    /// # Errors
    /// The address is taken or none of this machine's.
    pub async fn bind(&self) -> std::io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(self.settings.listen).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// Lets bots in until it is told to stop; then their connections are closed.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken) {
        let mut shaking: VecDeque<CancellationToken> = VecDeque::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    shaking.retain(|one| !one.is_cancelled());
                    if shaking.len() >= MOST_SHAKING {
                        shaking.pop_front().iter().for_each(CancellationToken::cancel);
                    }
                    let turn = CancellationToken::new();
                    shaking.push_back(turn.clone());
                    let (middle, stop) = (self.clone(), stop.clone());
                    tokio::spawn(async move {
                        let shaken = tokio::select! {
                            () = turn.cancelled() => None,
                            shaken = middle.shake_hands(stream) => shaken,
                        };
                        turn.cancel(); // it waits no longer
                        if let Some(bot) = shaken {
                            middle.let_in(bot, stop).await;
                        }
                    });
                }
                // No more files, or the like: a moment later there may be one.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// What has shaken hands in time.
    async fn shake_hands(&self, stream: TcpStream) -> Option<Bot> {
        stream.set_nodelay(true).ok(); // slower without, and no worse
        let shaken = accept_async_with_config(stream, Some(frame::config()));
        tokio::time::timeout(self.settings.patience, shaken).await.ok()?.ok()
    }

    /// Serves a bot, unless there are as many as may be: then it is closed at once.
    async fn let_in(&self, bot: Bot, stop: CancellationToken) {
        if self.numbers.bots.fetch_add(1, Ordering::Relaxed) < MOST {
            self.serve(bot, stop).await;
        }
        self.numbers.bots.fetch_sub(1, Ordering::Relaxed);
    }

    async fn serve(&self, mut bot: Bot, stop: CancellationToken) {
        match link::connect(&self.settings.url, self.settings.patience).await {
            Ok(upstream) => tokio::select! {
                () = stop.cancelled() => {}
                () = self.carry(bot, upstream) => {}
            },
            Err(why) => {
                self.numbers.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%why, "the bot cannot be connected through: WeCom is not reached");
                let again = CloseFrame { code: CloseCode::Again, reason: Utf8Bytes::from_static("upstream is down") };
                tokio::time::timeout(FAREWELL, bot.close(Some(again))).await.ok(); // its SDK comes again
            }
        }
    }

    /// Carries messages until either end closes.
    async fn carry(&self, bot: Bot, upstream: Socket) {
        let (mut to_bot, from_bot) = bot.split();
        let (to_wecom, from_wecom) = upstream.split();
        let (out, waiting) = mpsc::channel(64);
        let connection = self.speaker.attach(out.clone());
        self.show(); // another one's is not spoken over any more
        let watch = Watch::default();
        tokio::select! {
            () = up(from_bot, out, &watch) => {}
            () = write(waiting, to_wecom) => {}
            () = self.down(from_wecom, &mut to_bot, &watch, connection) => {}
        }
        self.speaker.detach(connection);
        self.show();
    }

    /// Tells whether a bot is connected, when that is new.
    fn show(&self) {
        let mut up = self.up.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.speaker.is_up(); // asked under the lock: two connections that change it tell in their order
        if *up != now {
            *up = now;
            (self.shown)(now);
        }
    }

    /// What WeCom says, to the bot.
    async fn down(
        &self,
        mut from: SplitStream<Socket>,
        to: &mut SplitSink<Bot, Message>,
        watch: &Watch,
        connection: u64,
    ) {
        while let Some(Ok(message)) = from.next().await {
            match &message {
                Message::Text(text) => {
                    if !self.look(text, watch, connection) {
                        continue; // an answer to us
                    }
                }
                Message::Close(_) => {
                    tokio::time::timeout(FAREWELL, to.send(message)).await.ok();
                    return;
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                Message::Binary(_) => {}
            }
            if to.send(message).await.is_err() {
                return;
            }
        }
        // The line broke without a word: the bot hears none either.
    }

    /// Looks at what WeCom says; false if it is for us alone.
    fn look(&self, text: &Utf8Bytes, watch: &Watch, connection: u64) -> bool {
        let Some(frame) = Frame::parse(text) else { return true };
        if frame.is_callback() {
            if frame.evicts() {
                self.numbers.evicted.fetch_add(1, Ordering::Relaxed);
                self.speaker.subscribed(connection, false);
                self.show();
            } else {
                self.feed.put(text.clone());
            }
            return true;
        }
        if watch.is_subscription(&frame) && frame.verdict().is_ok() {
            self.speaker.subscribed(connection, true);
            self.show();
        }
        !self.speaker.take(&frame)
    }
}

/// The request by which the bot subscribes.
#[derive(Default)]
struct Watch(Mutex<Option<String>>);

impl Watch {
    fn note(&self, text: &str) {
        // Seldom more than once in a connection's life, and pictures need not be read for it.
        if text.len() < 16 << 10
            && let Some(frame) = Frame::parse(text)
            && frame.cmd.as_deref() == Some(SUBSCRIBE)
        {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(frame.headers.req_id);
        }
    }

    fn is_subscription(&self, frame: &Frame) -> bool {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some() && asked.as_deref() == frame.answers()
    }
}

/// What the bot says, into the queue to WeCom.
async fn up(mut from: SplitStream<Bot>, out: mpsc::Sender<Message>, watch: &Watch) {
    while let Some(Ok(message)) = from.next().await {
        let closes = message.is_close();
        match &message {
            Message::Text(text) => watch.note(text),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Binary(_) | Message::Close(_) => {}
        }
        if out.send(message).await.is_err() {
            return;
        }
        if closes {
            break;
        }
    }
    // What is queued is still written; the end of it is seen by whoever reads from WeCom.
    tokio::time::sleep(FAREWELL).await;
}

/// What the bot and we say, to WeCom, in the order in which it was said.
async fn write(mut waiting: mpsc::Receiver<Message>, mut to: SplitSink<Socket, Message>) {
    while let Some(message) = waiting.recv().await {
        let closes = message.is_close();
        if to.send(message).await.is_err() {
            return;
        }
        if closes {
            break;
        }
    }
    tokio::time::sleep(FAREWELL).await; // WeCom closes in its turn, and the bot hears that
}
