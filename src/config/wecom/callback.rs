//! What WeCom's callbacks are opened with, and whom they are forwarded to.

use std::net::IpAddr;
use std::time::Duration;

use super::{Off, address};
use crate::config::secret::Sought;
use crate::config::section::{Number, Rate, Section};
use crate::domain::secret::Hidden;

/// WeCom waits 5 seconds (document 90238); what the bot has not answered by then is lost anyway.
pub(in crate::config) const FORWARD: Rate =
    Rate { key: "forward_seconds", range: 0.1..=4.8, unit: "seconds", default: 4.5 };

/// How far a callback's `timestamp` may be from our clock. WeCom names no figure, and does not say whether what it sends again
/// is signed anew (document 90238): so it is not looked at unless somebody wants that.
pub(in crate::config) const WINDOW: Number =
    Number { key: "timestamp_minutes", range: 1..=1440, unit: "minutes", default: 60 };

/// What a callback is opened with.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    /// The Token of the console: signs.
    pub token: Hidden,
    /// The EncodingAESKey: encrypts.
    pub aes_key: Hidden,
    /// Those of before, valid too while the console is being changed.
    pub previous: Option<(Hidden, Hidden)>,
    /// How far a callback's `timestamp` may be from our clock; anything when there is none.
    pub window: Option<Duration>,
    /// The bot that is there already, and gets each callback as it came.
    pub forward: Option<Forward>,
    /// Addresses and networks from where callbacks may come, `101.91.0.0/16`; from anywhere when empty.
    pub allow_ips: Vec<String>,
    /// The header in which a proxy before us says whence a request comes.
    pub proxy_header: Option<String>,
}

/// A bot that gets each callback as it came.
#[derive(Clone, PartialEq)]
pub struct Forward {
    /// Its address; never shown, for it may hold a key.
    pub url: String,
    /// How long its answer is waited for. Default 4.5 seconds.
    pub timeout: Duration,
}

impl std::fmt::Debug for Forward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forward").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// Reads the callback of an app or bot, if it has one; `None` also when what it needs is not there.
pub(super) fn callback(what: &str, section: &mut Section<'_>, off: &mut Off<'_, '_>) -> Option<Callback> {
    let outside = off.outside;
    outside.refuse_written(section);
    let (token, aes_key) = (outside.given(section, "token_env", "token_file"), outside.aes_key(section));
    let earlier =
        (outside.given(section, "previous_token_env", "previous_token_file"), outside.previous_aes_key(section));
    let window = section.number(&WINDOW).map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let forward = forward(section, off);
    let allow_ips = section.texts("allow_ips").unwrap_or_default().into_iter().filter_map(|text| {
        let sound = is_network(text.value.trim());
        if !sound {
            let help = "write \"101.226.103.0\", or a network: \"101.91.0.0/16\"";
            outside.bad::<()>(&text.at, format!("`{}` is no IP address", text.value), help);
        }
        sound.then(|| text.value.trim().to_owned())
    });
    let allow_ips = allow_ips.collect();
    let proxy_header = section.text("proxy_header").and_then(|text| {
        let sound = text.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !sound {
            outside.bad::<()>(&text.at, format!("`{}` is no header", text.value), "write \"x-forwarded-for\", say");
        }
        sound.then(|| text.value.to_ascii_lowercase())
    });
    if matches!((&token, &aes_key), (Sought::Unnamed, Sought::Unnamed)) {
        return None;
    }
    let what = format!("the callback of {what}");
    let token = off.needed(&what, section, "token_env", token);
    let aes_key = off.needed(&what, section, "aes_key_env", aes_key);
    let (token, aes_key) = (token?, aes_key?);
    let previous = previous(&what, earlier, (&token, &aes_key), off);
    Some(Callback { token, aes_key, previous, window, forward, allow_ips, proxy_header })
}

/// The pair of before; of which only one half was changed, the other is that of now.
fn previous(
    what: &str,
    earlier: (Sought<Hidden>, Sought<Hidden>),
    now: (&Hidden, &Hidden),
    off: &mut Off<'_, '_>,
) -> Option<(Hidden, Hidden)> {
    let mut half = |sought: Sought<Hidden>| match sought {
        Sought::Found(found) => Some(found),
        Sought::Unset(variable) => {
            off.notes.push(format!("{}: {what} takes only the keys of now: {variable} is not set", off.of));
            None
        }
        Sought::Unnamed | Sought::Bad => None,
    };
    match (half(earlier.0), half(earlier.1)) {
        (None, None) => None,
        (token, aes_key) => Some((token.unwrap_or_else(|| now.0.clone()), aes_key.unwrap_or_else(|| now.1.clone()))),
    }
}

/// An address, or one with the number of bits that count.
fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u32>().is_ok_and(|bits| bits <= most))
}

fn forward(section: &mut Section<'_>, off: &mut Off<'_, '_>) -> Option<Forward> {
    let seconds = section.rate(&FORWARD).unwrap_or(FORWARD.default);
    let written = section.text("forward_url");
    let url = match (off.outside.variable(section, "forward_url_env"), written) {
        (Sought::Found((_, value, at)), None) => crate::config::section::Placed { value, at },
        (Sought::Unset(variable), None) => {
            off.notes.push(format!("{}: callbacks are not forwarded: {variable} is not set", off.of));
            return None;
        }
        (Sought::Unnamed, Some(url)) => url,
        (Sought::Unnamed | Sought::Bad, _) => return None,
        (_, Some(url)) => {
            let message = "there is both `forward_url` and `forward_url_env`".to_owned();
            return off.outside.bad::<Forward>(&url.at, message, "keep one of them").found();
        }
    };
    let url = address(url, &["http", "https"], off.outside)?;
    Some(Forward { url, timeout: Duration::from_secs_f64(seconds) })
}
