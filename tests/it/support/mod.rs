//! The harness: the daemon in this process over real SQLite files and real HTTP, a stateful fake bridge bot, and a clock
//! turned by hand. [`World::finish`] fails when an action arrived that the test did not read.

pub mod archive;
pub mod bot;
pub mod browser;
pub mod clock;
pub mod corp;
pub mod daemon;
pub mod dice;
pub mod dump;
pub mod engine;
#[path = "../../../examples/fake-wecom/fake.rs"]
pub mod fake_wecom;
pub mod faulty;
pub mod foreign;
pub mod playground;
pub mod pull;
pub mod raw;
pub mod sink;
pub mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use qunwei::adapters::bridge::sign::{Secret, header_seconds, sign};
use qunwei::app::keys::keyring;
use qunwei::config::{self, Config, Seen};
use qunwei::domain::policy::Settings;
use qunwei::domain::time::Timestamp;
use qunwei::ports::{Clock, Store};
use qunwei::serve::{Running, Source, open_store, start};
use qunwei::store::{Keyring, OpenError};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::bot::Bot;
use self::clock::HandClock;
use self::faulty::{Faults, FaultyStore};

/// The secret of the bridge `example` in tests.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The token of a bridge in tests whose bot fetches its actions.
pub const TOKEN: &str = "token-0123456789abcdef";

/// How long a condition is waited for before the test fails.
const LIMIT: Duration = Duration::from_secs(20);

/// 2026-11-23T09:00:00+08:00, a Monday.
pub const MORNING: Timestamp = Timestamp(1_795_395_600_000);

/// A daemon, its bot, its clock and its files.
pub struct World {
    pub bot: Bot,
    pub clock: Arc<HandClock>,
    /// What its store does wrong.
    pub faults: Faults,
    /// The data directory.
    pub data: TempDir,
    /// The rules it was started with, as long as anybody has them.
    pub rules: Weak<Settings>,
    /// How often it looks at its files without being told of a change.
    pub poll: Duration,
    config_dir: PathBuf,
    _config_files: Option<TempDir>,
    /// What its configuration finds in the environment besides the bridge's.
    env: Arc<Vec<(String, String)>>,
    running: Option<Running>,
    http: reqwest::Client,
    sent: u64,
}

impl World {
    /// With the shipped configuration.
    pub async fn new() -> Self {
        Self::start(root().join("config"), None, Vec::new()).await
    }

    /// With the shipped configuration, which is not watched, and one more file over it.
    pub async fn with(toml: &str) -> Self {
        Self::with_env(toml, Vec::new()).await
    }

    /// The same, with more in the environment of the configuration.
    pub async fn with_env(toml: &str, env: Vec<(String, String)>) -> Self {
        let files = tempfile::tempdir().expect("a temporary folder");
        copy(&root().join("config"), &files.path().join("config"));
        copy(&root().join("wordlists"), &files.path().join("wordlists"));
        let text = std::fs::read_to_string(root().join("config/qunwei.toml")).expect("the file is read");
        let text = text.replace("watch = true", "watch = false"); // tests reload when they say so
        std::fs::write(files.path().join("config/qunwei.toml"), text).expect("the file is written");
        std::fs::write(files.path().join("config/zz-test.toml"), toml).expect("the file is written");
        Self::start(files.path().join("config"), Some(files), env).await
    }

    /// With this configuration alone.
    pub async fn with_only(toml: &str) -> Self {
        let files = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(files.path().join("config")).expect("the folder is made");
        std::fs::write(files.path().join("config/test.toml"), toml).expect("the file is written");
        Self::start(files.path().join("config"), Some(files), Vec::new()).await
    }

    async fn start(config_dir: PathBuf, config_files: Option<TempDir>, env: Vec<(String, String)>) -> Self {
        // The tests' own client; only the first call installs it.
        rustls::crypto::ring::default_provider().install_default().ok();
        let clock = Arc::new(HandClock::new(MORNING));
        let mut world = Self {
            bot: Bot::start(SECRET, clock.clone()).await,
            clock,
            faults: Faults::default(),
            data: tempfile::tempdir().expect("a temporary folder"),
            rules: Weak::new(),
            poll: Duration::from_secs(30),
            config_dir,
            _config_files: config_files,
            env: Arc::new(env),
            running: None,
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            sent: 0,
        };
        world.up().await;
        world
    }

    /// The configuration as the daemon has it, on ports of its own.
    pub fn config(&self) -> Config {
        self.load().0
    }

    fn load(&self) -> (Config, Seen) {
        let (config, seen) = config::load_with(&self.config_dir, &*self.source().env);
        let mut config = config.unwrap_or_else(|faults| panic!("{faults:#?}"));
        config.daemon.listen = ([127, 0, 0, 1], 0).into();
        config.daemon.admin_listen = ([127, 0, 0, 1], 0).into();
        (config, seen)
    }

    /// From the next start or reload on its configuration finds this in the environment besides the bridge's.
    pub fn set_env(&mut self, env: &[(&str, &str)]) {
        self.env = Arc::new(env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    }

    /// Where its configuration comes from.
    pub fn source(&self) -> Source {
        let url = self.bot.url();
        let more = self.env.clone();
        let env = move |name: &str| match name {
            "QUNWEI_EXAMPLE_SECRET" => Some(SECRET.to_owned()),
            "QUNWEI_EXAMPLE_ACTIONS_URL" => Some(url.clone()),
            "QUNWEI_EXAMPLE_TOKEN" => Some(TOKEN.to_owned()),
            _ => more.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
        };
        Source { poll: self.poll, ..Source::new(&self.config_dir, env) }
    }

    /// From now on its files are watched, or not any more.
    pub async fn watch(&self, on: bool) {
        let text = std::fs::read_to_string(self.file("config/qunwei.toml")).expect("the file is read");
        let text = text.replace(&format!("watch = {}", !on), &format!("watch = {on}"));
        self.write("config/qunwei.toml", &text);
        self.running().reloader.reload().await.expect("it is sound");
    }

    /// A file of its configuration, by its path from the folder that holds `config` and `wordlists`.
    pub fn file(&self, path: &str) -> PathBuf {
        assert!(self._config_files.is_some(), "this world has the shipped files, which no test writes to");
        self.config_dir.parent().expect("the folder of both").join(path)
    }

    /// Writes a file of its configuration, aside first, then into its place.
    pub fn write(&self, path: &str, text: &str) {
        let (path, aside) = (self.file(path), self.file("aside"));
        std::fs::write(&aside, text).expect("the file is written");
        std::fs::rename(aside, path).expect("the file is moved");
    }

    /// Starts the daemon on its data directory.
    pub async fn up(&mut self) {
        // A child process of another test, until it is its own program, has our lock too: it is let go in a moment.
        let (config, seen) = self.load();
        let keys = keyring(&config.daemon.seal).expect("its key is there");
        let opened = until("the store opens", || match open_store(self.data.path(), &keys) {
            Err(OpenError::InUse { .. }) => None,
            opened => Some(opened),
        });
        let store = FaultyStore::new(opened.await.expect("the store opens"), self.faults.clone());
        self.rules = Arc::downgrade(&config.settings);
        let running = start(config, self.source(), seen, None, store, self.clock.clone()).await;
        let running = running.expect("the daemon starts");
        self.running = Some(running);
    }

    /// Starts the daemon, whose files are broken, on the last good ones of its store, as `serve` does.
    pub async fn up_on_the_last_good(&mut self) {
        let (config, seen) = config::load_with(&self.config_dir, &*self.source().env);
        let faults = config.map(drop).expect_err("its files are broken");
        let opened = until("the store opens", || match open_store(self.data.path(), &Keyring::default()) {
            Err(OpenError::InUse { .. }) => None,
            opened => Some(opened),
        });
        let mut store = opened.await.expect("the store opens");
        let files = store.last_config().expect("the store is read").expect("it has a configuration");
        let config = config::from_files(&self.config_dir, &files, &*self.source().env);
        let mut config = config.unwrap_or_else(|faults| panic!("{faults:#?}"));
        config.daemon.listen = ([127, 0, 0, 1], 0).into();
        config.daemon.admin_listen = ([127, 0, 0, 1], 0).into();
        let store = FaultyStore::new(store, self.faults.clone());
        self.rules = Arc::downgrade(&config.settings);
        let why = Some(faults[0].message.clone());
        let running = start(config, self.source(), seen, why, store, self.clock.clone()).await;
        self.running = Some(running.expect("the daemon starts"));
    }

    /// Stops the daemon in an orderly way.
    pub async fn down(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Stops and starts it.
    pub async fn restart(&mut self) {
        self.down().await;
        self.up().await;
    }

    /// The running daemon.
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("the daemon is up")
    }

    /// Posts a body to the bridge, signed; the status and the JSON of the answer.
    pub async fn post(&mut self, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let body = body.into();
        self.sent += 1;
        let headers = signed(&format!("msg_{}", self.sent), self.clock.now(), &body);
        self.post_with(&headers, body).await
    }

    /// Posts a body with these headers.
    pub async fn post_with(&self, headers: &[(&str, String)], body: Vec<u8>) -> (u16, Value) {
        let (status, _, answer) = self.post_to("example", headers, body).await;
        (status, answer)
    }

    /// Posts a body to a bridge with these headers; the status, the answer's `Retry-After`, and its JSON.
    pub async fn post_to(
        &self,
        bridge: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> (u16, Option<String>, Value) {
        let url = format!("http://{}/hooks/bridge/{bridge}", self.running().listen);
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.expect("the daemon answers");
        let status = response.status().as_u16();
        let again = response.headers().get("retry-after").map(|value| value.to_str().expect("ASCII").to_owned());
        let text = response.text().await.expect("the answer has a body");
        (status, again, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Asks the operators' port.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.running().admin);
        let response = self.http.get(url).send().await.expect("the daemon answers");
        (response.status().as_u16(), response.text().await.expect("the answer has a body"))
    }

    /// A member says something in group `g1` now; its event id.
    pub async fn say(&mut self, user: &str, text: &str) -> String {
        let id = format!("m-{}", self.sent + 1);
        let event = self.message(&id, user, text);
        let (status, answer) = self.post(event.to_string()).await;
        assert_eq!((status, &answer), (200, &json!({"accepted": 1, "duplicates": 0})), "for {text}");
        id
    }

    /// A message in group `g1`, sent now.
    pub fn message(&self, id: &str, user: &str, text: &str) -> Value {
        let time = self.clock.now().to_string();
        json!({"id": id, "type": "message", "group": "g1", "time": time,
               "sender": {"id": user, "name": format!("小{user}")}, "text": text})
    }

    /// What the world's clock shows.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How many requests were made: for ids of a test's own.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Ends the test after every mute has ended.
    pub async fn finish_after_mutes(self) {
        self.settled().await;
        while self.bot.read().is_some() {}
        self.turn(Duration::from_secs(48 * 3600));
        self.quiet().await;
        self.settled().await;
        while self.bot.read().is_some() {}
        self.finish().await;
    }

    /// The next action the bot got and the test has not read; waits for it.
    pub async fn next(&self) -> Value {
        until("an action arrives", || self.bot.read()).await
    }

    /// The next actions, as (type, step), in order.
    pub async fn next_kinds(&self, count: usize) -> Vec<(String, String)> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let action = self.next().await;
            let step = action["cause"]["step"].as_str().unwrap_or_default().to_owned();
            kinds.push((action["type"].as_str().unwrap_or_default().to_owned(), step));
        }
        kinds
    }

    /// Turns the clock; whatever is due then happens.
    pub fn turn(&self, by: Duration) {
        self.clock.turn(by);
    }

    /// Waits until nothing is left to be sent.
    pub async fn settled(&self) {
        until("nothing is left to be sent", || self.running().is_idle(self.clock.now()).then_some(())).await;
    }

    /// Waits until nothing happens any more before the clock is turned.
    pub async fn quiet(&self) {
        until("nothing happens any more", || self.running().only_waits(self.clock.now()).then_some(())).await;
    }

    /// Ends the test: nothing may be left unread.
    pub async fn finish(mut self) {
        self.settled().await;
        self.down().await;
        let unread: Vec<Value> = std::iter::from_fn(|| self.bot.read()).collect();
        assert!(unread.is_empty(), "actions that nobody expected: {unread:#?}");
        assert_eq!(self.bot.faults(), Vec::<String>::new(), "the bot found faults");
    }
}

/// The headers of a signed request.
pub fn signed(id: &str, now: Timestamp, body: &[u8]) -> [(&'static str, String); 3] {
    let signature = sign(&Secret::parse(SECRET).expect("a sound secret"), id, now, body);
    let timestamp = header_seconds(now).to_string();
    [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
}

/// What the world's clock shows.
pub fn now(world: &World) -> Timestamp {
    world.clock.now()
}

/// Posts a body that the daemon does not read to its end; the status. A client may not see the answer of a daemon that
/// hangs up while it is still sending, so this one reads while it writes.
pub async fn post_large(world: &World, headers: &[(&str, String)], body: &[u8]) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let stream = tokio::net::TcpStream::connect(world.running().listen).await.expect("the daemon listens");
    let (mut read, mut write) = stream.into_split();
    let mut head = format!("POST /hooks/bridge/example HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let body = body.to_vec();
    let writing = tokio::spawn(async move {
        write.write_all(head.as_bytes()).await.ok();
        write.write_all(&body).await.ok(); // it may hang up on us
        write
    });
    let mut answer = vec![0; 12];
    read.read_exact(&mut answer).await.expect("an answer");
    writing.abort();
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// Waits for a condition, with a limit.
pub async fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    until_within(LIMIT, what, condition).await
}

/// Waits for a condition, with a limit of its own.
pub async fn until_within<T>(limit: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names, in quotes, of the shipped rules that put words together: they speak of many texts that other rules are tried with.
pub fn combined_rules() -> Vec<String> {
    let files = std::fs::read_dir(root().join("config/rules")).unwrap().map(|entry| entry.unwrap().path());
    let combined = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("combination_"));
    let texts: Vec<String> = combined.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("name = "))
        .map(str::to_owned)
        .collect()
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder is made");
    for entry in std::fs::read_dir(from).expect("the folder is read") {
        let path = entry.expect("the folder is read").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("the file is copied");
        }
    }
}
