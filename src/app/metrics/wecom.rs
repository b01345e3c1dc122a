//! What is counted of companies on WeCom: how far their archives are read, how their long connections stand, tokens, and the
//! error codes of the interface.

use std::sync::Mutex;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::add;
use crate::domain::time::Timestamp;

/// Error codes that are counted one by one; what is beyond is counted as `other`. The documents have some hundreds, and an
/// installation sees a few.
const CODES: usize = 200;

type ByPlatform<M> = Family<[(&'static str, String); 1], M>;
type ByTwo<M> = Family<[(&'static str, String); 2], M>;

/// How far an archive is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How late the next message may be.
    pub behind: Duration,
    /// The position: the `seq` of the last message that is durable.
    pub position: u64,
    /// When messages were last asked for.
    pub polled: Option<Timestamp>,
}

/// The figures of all companies.
pub struct Wecom {
    behind: ByPlatform<Gauge>,
    position: ByPlatform<Gauge>,
    polled: ByPlatform<Gauge>,
    connected: ByTwo<Gauge>,
    connects: ByTwo<Counter>,
    tokens: ByTwo<Counter>,
    errors: ByTwo<Counter>,
    library: ByTwo<Counter>,
    unacknowledged: ByTwo<Counter>,
    codes: Mutex<Vec<(String, i64)>>,
}

impl Wecom {
    pub(super) fn new(all: &mut Registry) -> Self {
        Self {
            behind: add(
                all,
                "archive_behind_seconds",
                "How late the next message of an archive may be",
                Family::default(),
            ),
            position: add(all, "archive_position", "The seq of the last message that is durable", Family::default()),
            polled: add(
                all,
                "archive_last_poll_timestamp_seconds",
                "When an archive was last asked for messages, since 1970",
                Family::default(),
            ),
            connected: add(all, "aibot_connected", "1 while a long connection is subscribed", Family::default()),
            connects: add(all, "aibot_connects", "How often a long connection was made", Family::default()),
            tokens: add(all, "wecom_tokens", "Access tokens that were asked for, by outcome", Family::default()),
            errors: add(all, "wecom_errors", "Answers of WeCom with an error code, by its number", Family::default()),
            library: add(
                all,
                "archive_library_errors",
                "Calls of the archive's library that gave back an error, by its number",
                Family::default(),
            ),
            unacknowledged: add(
                all,
                "aibot_unacknowledged",
                "What was sent over a long connection and not acknowledged in time, pings too",
                Family::default(),
            ),
            codes: Mutex::default(),
        }
    }

    /// How far a company's archive is read.
    pub fn archive(&self, platform: &str, reading: Reading) {
        let of = [("platform", platform.to_owned())];
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.behind.get_or_create_owned(&of).set(whole(reading.behind.as_secs()));
        self.position.get_or_create_owned(&of).set(whole(reading.position));
        if let Some(polled) = reading.polled {
            self.polled.get_or_create_owned(&of).set(polled.0.div_euclid(1000));
        }
    }

    /// A long connection stands or does not.
    pub fn connected(&self, platform: &str, aibot: &str, up: bool) {
        let of = [("platform", platform.to_owned()), ("aibot", aibot.to_owned())];
        self.connected.get_or_create_owned(&of).set(i64::from(up));
        drop(self.unacknowledged.get_or_create_owned(&of)); // from 0 on, so that its growth is seen
        let connects = self.connects.get_or_create_owned(&of);
        if up {
            connects.inc();
        }
    }

    /// An access token was asked for.
    pub fn token(&self, platform: &str, given: bool) {
        let outcome = if given { "given" } else { "failed" };
        self.tokens.get_or_create_owned(&[("platform", platform.to_owned()), ("outcome", outcome.to_owned())]).inc();
    }

    /// WeCom answered with an error code.
    pub fn error(&self, platform: &str, code: i64) {
        let code = self.counted(platform, code);
        self.errors.get_or_create_owned(&[("platform", platform.to_owned()), ("code", code)]).inc();
    }

    /// A call of the archive's library gave back this number.
    pub fn library(&self, platform: &str, code: i64) {
        let code = self.counted(platform, code);
        self.library.get_or_create_owned(&[("platform", platform.to_owned()), ("code", code)]).inc();
    }

    /// What was sent over a long connection was not acknowledged in time.
    pub fn unacknowledged(&self, platform: &str, aibot: &str) {
        self.unacknowledged
            .get_or_create_owned(&[("platform", platform.to_owned()), ("aibot", aibot.to_owned())])
            .inc();
    }

    /// What a code is counted as.
    fn counted(&self, platform: &str, code: i64) -> String {
        let mut codes = self.codes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = codes.iter().any(|(name, other)| *name == *platform && *other == code);
        if !known && codes.len() < CODES {
            codes.push((platform.to_owned(), code));
        }
        if known || codes.last() == Some(&(platform.to_owned(), code)) { code.to_string() } else { "other".to_owned() }
    }

    /// A company's archive, or long connections of it, are not configured any more.
    pub fn gone(&self, platform: &str, aibots: &[&str]) {
        let of = [("platform", platform.to_owned())];
        for family in [&self.behind, &self.position, &self.polled] {
            family.remove(&of);
        }
        for aibot in aibots {
            self.connected.remove(&[("platform", platform.to_owned()), ("aibot", (*aibot).to_owned())]);
        }
    }
}
