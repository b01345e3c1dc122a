//! Where the fake's callbacks go, and that they are made one after the other, in the order in which things happened.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Fake;
use super::aibot::Openws;
use super::callbacks::{Address, Attempt, Format, Manner, Outcome};
use super::model::Callback;
use super::vault::Vault;

/// Addresses, and what came of the callbacks that were made.
pub struct Hooks {
    /// By [`Callback::to`].
    pub addresses: BTreeMap<String, Address>,
    /// What came of each, in order.
    pub made: Vec<(Callback, Outcome)>,
    /// The other end of long connections, if there is one: what is for an aibot that is connected goes there.
    pub openws: Option<Openws>,
    /// Where messages are kept, if they are.
    pub vault: Option<Vault>,
    queue: UnboundedSender<(Callback, Address)>,
}

impl Hooks {
    /// Without addresses; and what is to be made.
    pub fn new() -> (Self, UnboundedReceiver<(Callback, Address)>) {
        let (queue, work) = unbounded_channel();
        let (addresses, made) = (BTreeMap::new(), Vec::new());
        (Self { addresses, made, openws: None, vault: None, queue }, work)
    }
}

impl Hooks {
    /// Whether it went to an aibot over its connection.
    fn connected(&self, callback: &Callback) -> bool {
        let (Some(bot), Some(openws)) = (callback.to.strip_prefix("aibot:"), &self.openws) else { return false };
        let mut body: Value = serde_json::from_str(&callback.plaintext).unwrap_or_default();
        body.as_object_mut().and_then(|body| body.remove("response_url")); // who is connected needs none
        let req_id = body["msgid"].as_str().unwrap_or_default().to_owned();
        openws.is_connected(bot) && openws.tell(bot, "aibot_msg_callback", &req_id, &body)
    }
}

/// Makes callbacks as long as the fake lives.
pub async fn run(fake: Fake, manner: Manner, mut work: UnboundedReceiver<(Callback, Address)>) {
    rustls::crypto::ring::default_provider().install_default().ok(); // one is as good as another
    let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    while let Some((callback, address)) = work.recv().await {
        let manner = Manner { at: Some(fake.model().seconds()), ..manner };
        let outcome = address.post(&client, manner, &callback.plaintext).await;
        fake.hooks().made.push((callback, outcome));
    }
}

impl Fake {
    /// Callbacks to `to` (`app:AGENT`, `customer`, `aibot:ID`) go there from now on.
    pub fn hook(&self, to: &str, address: Address) {
        self.hooks().addresses.insert(to.to_owned(), address);
        self.make_callbacks();
    }

    /// Makes the callbacks that wait and have somewhere to go, the others wait on; and keeps what is to be kept.
    pub fn make_callbacks(&self) {
        let mut hooks = self.hooks();
        let mut model = self.model();
        for message in std::mem::take(&mut model.kept) {
            if let Some(Err(why)) = hooks.vault.as_mut().map(|vault| vault.keep(&message)) {
                model.unexpected.push(format!("the archive: {why}"));
            }
        }
        let waiting = std::mem::take(&mut model.callbacks);
        for callback in waiting {
            if hooks.connected(&callback) {
                continue;
            }
            match hooks.addresses.get(&callback.to) {
                Some(address) => drop(hooks.queue.send((callback, address.clone()))),
                None => model.callbacks.push_back(callback),
            }
        }
        while model.callbacks.len() > 1000 {
            model.callbacks.pop_front(); // nobody wants them
        }
    }
}

/// An address as the control interface writes it.
///
/// # Errors
/// What is missing.
pub fn read(corp: &str, body: &Value) -> Result<(String, Address), String> {
    let word = |key: &str| {
        let text = body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(format!("`{key}` is missing"))
    };
    let to = word("to")?;
    let robot = to.starts_with("aibot:");
    let address = Address {
        url: word("url")?,
        token: word("token")?,
        aes_key: word("aes_key")?,
        receiveid: if robot { String::new() } else { corp.to_owned() },
        format: if robot { Format::RobotJson } else { Format::Xml },
    };
    if address.aes_key.len() != 43 {
        return Err("`aes_key` has 43 characters".to_owned());
    }
    Ok((to, address))
}

/// What came of the callbacks, as the control interface shows it: never what was in them.
pub fn shown(hooks: &Hooks) -> Value {
    let attempt = |attempt: &Attempt| match attempt {
        Attempt::Answered(status, _, _) => json!(status),
        Attempt::Silent(why) => json!(why),
    };
    let one = |(callback, outcome): &(Callback, Outcome)| json!({"to": callback.to, "answers": outcome.0.iter().map(attempt).collect::<Vec<_>>()});
    json!(hooks.made.iter().map(one).collect::<Vec<_>>())
}
