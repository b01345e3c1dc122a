//! Asking for the configuration to be read again: one handle for all ways in (signal, file watch, chat, a page). Who reads
//! it, one reload at a time, is `serve/reload.rs`.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::config::Summary;
use crate::domain::change::MemberRef;
use crate::fault::{Fault, Level};

/// Why it is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A file changed. It may be written just now, so that what looks broken is looked at once more before it is told.
    Watch,
    /// Somebody asked.
    Asked,
}

/// The configuration is in force as the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// The version that was in force before.
    pub from: Arc<str>,
    /// The version that is in force now. The same when no file changed; what is outside of them (secrets) may have.
    pub to: Arc<str>,
    /// Whether anything changed at all.
    pub changed: bool,
    /// What is different, in words.
    pub summary: Arc<Summary>,
}

impl Reloaded {
    /// For the log: English, one line.
    pub fn line(&self) -> String {
        if self.changed { self.summary.line() } else { "nothing has changed".to_owned() }
    }

    /// For the chat: Chinese, at most about 400 characters.
    pub fn summary_zh(&self) -> String {
        if self.changed { self.summary.summary_zh() } else { "设置没有变化".to_owned() }
    }
}

/// The configuration in force is not the one in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReloaded {
    /// The files have these faults, warnings included; the old configuration stays in force.
    Broken(Arc<[Fault]>),
    /// They are sound but could not be put in force, for this reason; it is tried again by itself.
    Unavailable(String),
    /// The daemon is stopping.
    Stopping,
}

impl NotReloaded {
    /// What is wrong with the files; none when that is not the reason.
    pub fn faults(&self) -> &[Fault] {
        match self {
            NotReloaded::Broken(faults) => faults,
            NotReloaded::Unavailable(_) | NotReloaded::Stopping => &[],
        }
    }

    /// For the chat: Chinese, one line. Names the first place, and not what stands there.
    pub fn summary_zh(&self) -> String {
        match self {
            NotReloaded::Broken(faults) => {
                let errors = || faults.iter().filter(|fault| fault.level == Level::Error);
                let first = errors().next();
                let place = first.map(|fault| format!("，第一处在 {} 第 {} 行", fault.file, fault.line));
                let place = place.unwrap_or_default();
                format!("设置有 {} 处错误{place}；仍按原来的设置运行，运行 qunwei check 查看全部", errors().count())
            }
            NotReloaded::Unavailable(_) => "设置没有错，但暂时没能生效，会自动再试".to_owned(),
            NotReloaded::Stopping => "程序正在停止".to_owned(),
        }
    }
}

/// What came of a reload.
pub type Outcome = Result<Reloaded, NotReloaded>;

/// A request to read the configuration again.
#[derive(Debug)]
pub struct Request {
    /// Why.
    pub cause: Cause,
    /// Told what came of it; `None` when nobody waits.
    pub answer: Option<oneshot::Sender<Outcome>>,
    /// Who asked by a command in the chat, to be told there.
    pub member: Option<MemberRef>,
}

/// The handle. Clones ask the same daemon.
#[derive(Clone, Debug)]
pub struct Reloader {
    requests: mpsc::UnboundedSender<Request>,
}

impl Reloader {
    /// A handle, and where its requests arrive.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Request>) {
        let (requests, arriving) = mpsc::unbounded_channel();
        (Self { requests }, arriving)
    }

    /// Reads the configuration again and waits until it is in force. A request during a reload is answered by the one that
    /// follows, together with all others that came meanwhile.
    ///
    /// # Errors
    /// What was in force stays in force.
    pub async fn reload(&self) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let request = Request { cause: Cause::Asked, answer: Some(answer), member: None };
        self.requests.send(request).map_err(|_| NotReloaded::Stopping)?;
        answered.await.unwrap_or(Err(NotReloaded::Stopping))
    }

    /// The same without waiting; what comes of it is in the log.
    pub fn request(&self, cause: Cause) {
        // A daemon that stops reads nothing any more.
        self.requests.send(Request { cause, answer: None, member: None }).ok();
    }

    /// The same for somebody who asked by a command in the chat, and is told there.
    pub fn request_for(&self, member: MemberRef) {
        self.requests.send(Request { cause: Cause::Asked, answer: None, member: Some(member) }).ok();
    }
}
