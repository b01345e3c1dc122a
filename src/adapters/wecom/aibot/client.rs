//! The daemon as the bot's only client: connects, subscribes, pings, listens, and comes back after a failure; but not after
//! another connection has taken its place, because the two would throw each other out for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::feed::{Counts, Feed};
use super::frame::{self, Frame};
use super::link::{self, Socket};
use super::speaker::Speaker;
use crate::adapters::wecom::backoff::Backoff;

/// How the connection is kept.
#[derive(Clone)]
pub struct Settings {
    /// Where: WeCom's address, or another in rehearsals.
    pub url: String,
    /// The bot's id.
    pub bot: String,
    /// The bot's secret for the long connection. Never shown: hence no `Debug`.
    pub secret: String,
    /// How often it says that it lives.
    pub ping: Duration,
    /// After so many unanswered pings the connection is dead.
    pub missed: u32,
    /// The first and the longest wait before it connects again.
    pub wait: (Duration, Duration),
    /// The same after WeCom has refused the subscription: it protects itself against many.
    pub refused_wait: (Duration, Duration),
    /// How long connecting, and an answer to the subscription, may take.
    pub patience: Duration,
}

impl Settings {
    /// As WeCom's own SDK does it.
    pub fn new(url: &str, bot: &str, secret: &str) -> Self {
        let seconds = Duration::from_secs;
        Self {
            url: url.to_owned(),
            bot: bot.to_owned(),
            secret: secret.to_owned(),
            ping: seconds(30),
            missed: 2,
            wait: (seconds(1), seconds(30)),
            refused_wait: (seconds(30), seconds(600)),
            patience: seconds(10),
        }
    }
}

/// How the connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Not tried yet, or being tried.
    #[default]
    Connecting,
    /// Subscribed.
    Up,
    /// Broken, and tried again.
    Down {
        /// Why.
        why: String,
    },
    /// WeCom refuses the subscription; tried again, seldom.
    Refused {
        /// Its number.
        code: i64,
        /// Its words.
        words: String,
    },
    /// Another connection of the same bot has taken its place. Not tried again until an operator asks for it.
    Evicted,
}

impl Link {
    /// What is wrong, for operators; `None` when nothing is.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Link::Connecting | Link::Up => None,
            Link::Down { why } => Some(format!("the long connection is down and is tried again: {why}")),
            Link::Refused { code, words } => Some(format!(
                "WeCom refuses the subscription, errcode {code} ({words}): compare bot id and secret with the bot's page"
            )),
            Link::Evicted => Some(
                "another program has connected as this bot and taken the connection over; stop it, or put Qunwei in the \
                 middle (`listen`), then reload"
                    .to_owned(),
            ),
        }
    }
}

/// The connection. Clones are the same.
#[derive(Clone)]
pub struct Client {
    settings: Arc<Settings>,
    speaker: Speaker,
    feed: Feed,
    link: Arc<Mutex<Link>>,
    again: Arc<Notify>,
    shown: Arc<dyn Fn(&Link) + Send + Sync>,
}

/// Why a connection ended.
enum Ended {
    /// It broke, after it had been subscribed or before.
    Broken {
        why: String,
        was_up: bool,
    },
    Refused {
        code: i64,
        words: String,
    },
    Evicted,
}

impl Client {
    /// Ready to run. `shown` is told after each change of how it stands.
    ///
    /// # Errors
    /// The address is none of a WebSocket.
    pub fn new(
        settings: Settings,
        speaker: Speaker,
        feed: Feed,
        shown: Arc<dyn Fn(&Link) + Send + Sync>,
    ) -> Result<Self, String> {
        if !link::is_url(&settings.url) {
            return Err("the address of the long connection must begin with wss:// (or ws://)".to_owned());
        }
        let (link, again) = (Arc::default(), Arc::default());
        Ok(Self { settings: Arc::new(settings), speaker, feed, link, again, shown })
    }

    /// What speaks over it.
    pub fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// How it stands.
    pub fn link(&self) -> Link {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What became of what it heard.
    pub fn counts(&self) -> Arc<Counts> {
        self.feed.counts()
    }

    /// Connects now, whatever was the matter: an operator asks for it.
    pub fn ask_again(&self) {
        self.again.notify_one();
    }

    /// Keeps the connection until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep() => {}
        }
    }

    async fn keep(&self) {
        let (wait, refused_wait) = (self.settings.wait, self.settings.refused_wait);
        let mut backoff = Backoff::new(wait.0, wait.1);
        let mut refused = Backoff::new(refused_wait.0, refused_wait.1);
        loop {
            let pause = match self.once().await {
                Ended::Broken { why, was_up } => {
                    if was_up {
                        backoff.reset();
                        refused.reset();
                    }
                    self.show(Link::Down { why });
                    Some(backoff.pause())
                }
                Ended::Refused { code, words } => {
                    self.show(Link::Refused { code, words });
                    Some(refused.pause())
                }
                Ended::Evicted => {
                    self.show(Link::Evicted);
                    None
                }
            };
            let asked = self.again.notified();
            match pause {
                Some(pause) => drop(tokio::time::timeout(pause, asked).await),
                None => asked.await,
            }
        }
    }

    fn show(&self, link: Link) {
        let changed = {
            let mut now = self.link.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = *now != link;
            *now = link.clone();
            changed
        };
        if changed {
            match link.trouble() {
                Some(trouble) => tracing::warn!(bot = %self.settings.bot, %trouble, "the bot is not connected"),
                None => tracing::info!(bot = %self.settings.bot, ?link, "the bot's long connection"),
            }
            (self.shown)(&link);
        }
    }

    /// One connection, from its beginning to its end.
    async fn once(&self) -> Ended {
        let mut socket = match link::connect(&self.settings.url, self.settings.patience).await {
            Ok(socket) => socket,
            Err(why) => return Ended::Broken { why, was_up: false },
        };
        if let Err(ended) = self.subscribe(&mut socket).await {
            return ended;
        }
        let (out, said) = mpsc::channel(64);
        let connection = self.speaker.attach(out);
        self.speaker.subscribed(connection, true);
        self.show(Link::Up);
        let ended = self.session(&mut socket, said).await;
        self.speaker.detach(connection);
        let close = async { socket.close(None).await.ok() };
        tokio::time::timeout(Duration::from_secs(1), close).await.ok(); // whether it hears that or not
        ended
    }

    async fn subscribe(&self, socket: &mut Socket) -> Result<(), Ended> {
        let broken = |why: String| Ended::Broken { why, was_up: false };
        let req_id = format!("{}_{}", frame::SUBSCRIBE, self.speaker.own_id());
        let body = json!({"bot_id": self.settings.bot, "secret": self.settings.secret});
        let asked = async {
            let request = frame::request(frame::SUBSCRIBE, &req_id, &body);
            socket.send(Message::text(request)).await.map_err(|error| broken(error.to_string()))?;
            loop {
                let Some(frame) = next(socket).await.map_err(broken)? else { continue };
                if frame.1.answers() == Some(&*req_id) {
                    return frame.1.verdict().map_err(|(code, words)| Ended::Refused { code, words });
                }
                self.hear(frame.0, &frame.1);
            }
        };
        let late = Err(broken("the subscription was not answered".to_owned()));
        tokio::time::timeout(self.settings.patience, asked).await.unwrap_or(late)
    }

    async fn session(&self, socket: &mut Socket, mut said: mpsc::Receiver<Message>) -> Ended {
        let broken = |why: String| Ended::Broken { why, was_up: true };
        let mut pings = tokio::time::interval(self.settings.ping);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        pings.reset(); // the subscription was sign of life enough
        let mut unanswered = 0;
        loop {
            tokio::select! {
                frame = next(socket) => match frame {
                    Err(why) => return broken(why),
                    Ok(None) => {}
                    Ok(Some((_, frame))) if frame.evicts() => return Ended::Evicted,
                    Ok(Some((_, frame))) if is_pong(&frame) => unanswered = 0,
                    Ok(Some((text, frame))) => self.hear(text, &frame),
                },
                Some(message) = said.recv() => {
                    if let Err(error) = socket.send(message).await {
                        return broken(error.to_string());
                    }
                }
                _ = pings.tick() => {
                    if unanswered > 0 {
                        self.speaker.missed();
                    }
                    if unanswered >= self.settings.missed {
                        return broken(format!("{unanswered} pings were not answered"));
                    }
                    unanswered += 1;
                    let ping = frame::request(frame::PING, &format!("{}_{}", frame::PING, self.speaker.own_id()), &Value::Null);
                    if let Err(error) = socket.send(Message::text(ping)).await {
                        return broken(error.to_string());
                    }
                }
            }
        }
    }

    fn hear(&self, text: tokio_tungstenite::tungstenite::Utf8Bytes, frame: &Frame) {
        if frame.is_callback() {
            self.feed.put(text);
        } else {
            self.speaker.take(frame);
        }
    }
}

fn is_pong(frame: &Frame) -> bool {
    frame.answers().is_some_and(|req_id| req_id.starts_with(frame::PING)) && frame.verdict().is_ok()
}

/// The next frame; `None` for a message that is none.
async fn next(socket: &mut Socket) -> Result<Option<(tokio_tungstenite::tungstenite::Utf8Bytes, Frame)>, String> {
    match socket.next().await {
        None => Err("the other end has gone".to_owned()),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(Message::Text(text))) => Ok(Frame::parse(&text).map(|frame| (text, frame))),
        Some(Ok(Message::Close(close))) => {
            let code = close.map(|close| u16::from(close.code));
            Err(code.map_or("the other end closes".to_owned(), |code| format!("the other end closes with code {code}")))
        }
        Some(Ok(_)) => Ok(None),
    }
}
