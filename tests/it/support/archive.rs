//! A session archive without WeCom: the mock library built from C, messages sealed with real RSA keys, and a daemon's core
//! behind the real intake.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use data_encoding::{BASE64, HEXLOWER};
use getrandom::SysRng;
use qunwei::adapters::wecom::archive::keys::Keys;
use qunwei::adapters::wecom::archive::library::{Access, Library, Sdk};
use qunwei::adapters::wecom::archive::page::Archive;
use qunwei::adapters::wecom::archive::poll::{Pace, Parts, Poller};
use qunwei::adapters::wecom::archive::read::Reader;
use qunwei::adapters::wecom::archive::state::State;
use qunwei::adapters::wecom::archive::worker::Worker;
use qunwei::adapters::wecom::inlet::Inlet;
use qunwei::adapters::wecom::mention::Names;
use qunwei::app::engine::Engine;
use qunwei::app::intake::Intake;
use qunwei::app::metrics::Metrics;
use qunwei::domain::policy::Settings;
use qunwei::domain::state::Limits;
use qunwei::ports::Clock;
use qunwei::serve::open_store;
use qunwei::store::Keyring;
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::clock::HandClock;
use super::faulty::{Faults, FaultyStore};
use super::{MORNING, root};

/// The source of the mock library.
pub const SOURCE: &str = "examples/fake-wecom/archive/mock.c";

/// Keys are dear to make, so all tests share three: of versions 1, 2 and 3.
static PAIRS: LazyLock<[PrivateKey; 3]> =
    LazyLock::new(|| [(), (), ()].map(|()| PrivateKey::new(&mut SysRng, 1024).expect("a key")));

/// The shipped rules, built once: a core that starts often should not build them each time.
static SETTINGS: LazyLock<Arc<Settings>> =
    LazyLock::new(|| qunwei::config::load(&root().join("config"), &|_| None).unwrap().settings);

/// The private key of a version, as PEM.
pub fn pem(version: u64) -> String {
    PAIRS[version as usize - 1].to_pkcs8_pem(LineEnding::LF).expect("PEM").to_string()
}

/// The mock library, built once.
pub fn mock() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("archive-mock-{}.so", std::process::id()));
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&built).arg(root().join(SOURCE));
        let output = cc.output().expect("a C compiler");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let done = built.with_file_name("archive-mock.so");
        fs::rename(&built, &done).expect("it is put in its place");
        done
    })
}

/// What WeCom keeps of a corp's messages.
pub struct Vault {
    pub folder: TempDir,
    /// The version that messages are sealed for.
    pub version: u64,
    lines: String,
    pub seq: u64,
}

impl Vault {
    pub fn new() -> Self {
        let vault = Self { folder: tempfile::tempdir().unwrap(), version: 1, lines: String::new(), seq: 0 };
        fs::create_dir(vault.folder.path().join("media")).unwrap();
        vault.write();
        vault
    }

    /// The library, in a file of its own: so that what it counts is counted of this vault alone.
    pub fn library(&self) -> PathBuf {
        let own = self.folder.path().join("libWeWorkFinanceSdk_C.so");
        if !own.exists() {
            fs::copy(mock(), &own).unwrap();
        }
        own
    }

    pub fn access(&self) -> Access {
        let secret = format!("dir:{}", self.folder.path().display());
        Access { corp: "ww1".to_owned(), secret, timeout: Duration::from_millis(1500), ..Access::default() }
    }

    pub fn sdk(&self) -> Sdk {
        Sdk::init(Library::open(&self.library()).unwrap(), &self.access()).unwrap()
    }

    pub fn worker(&self, limit: u32) -> Worker {
        let (library, access) = (self.library(), self.access());
        Worker::start("test", move || Ok(Archive::new(Sdk::init(Library::open(&library)?, &access)?, limit))).unwrap()
    }

    /// A file beside the messages, which tells the library what to do.
    pub fn tell(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).unwrap();
    }

    pub fn untell(&self, file: &str) {
        fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// Puts a message behind the others; not seen before [`Vault::write`].
    pub fn put(&mut self, message: &Value) {
        let sealed = seal(&message.to_string(), "k3y-0f/th1s+m3ss4ge=");
        self.put_sealed(message["msgid"].as_str().unwrap_or_default(), &sealed);
    }

    pub fn put_sealed(&mut self, msgid: &str, sealed: &str) {
        self.seq += 3; // as at WeCom there are gaps
        let pair = PAIRS[self.version as usize - 1].as_public_key();
        let key = pair.pkcs1v15_encrypt_with_rng(&mut SysRng, b"k3y-0f/th1s+m3ss4ge=").unwrap();
        let rest = json!({"msgid": msgid, "publickey_ver": self.version,
                          "encrypt_random_key": BASE64.encode(&key), "encrypt_chat_msg": sealed});
        self.put_line(&rest);
    }

    /// A line as it is, with its place in front.
    pub fn put_line(&mut self, rest: &Value) {
        let rest = rest.to_string();
        writeln!(self.lines, "{{\"seq\":{},{}", self.seq, &rest[1..]).unwrap();
    }

    /// Lets the library see all messages so far.
    pub fn write(&self) {
        let aside = self.folder.path().join("aside");
        fs::write(&aside, &self.lines).unwrap();
        fs::rename(aside, self.folder.path().join("messages.jsonl")).unwrap();
    }

    pub fn say(&mut self, message: &Value) {
        self.put(message);
        self.write();
    }
}

/// The toy cipher of the mock.
pub fn seal(text: &str, key: &str) -> String {
    let check = text.bytes().fold(2_166_136_261_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(16_777_619));
    let sealed: Vec<u8> = text.bytes().zip(key.bytes().cycle()).map(|(text, key)| text ^ key).collect();
    format!("toy:{check:08x}:{}", HEXLOWER.encode(&sealed))
}

/// A text in the group `wrG`, said now.
pub fn text(id: &str, from: &str, text: &str) -> Value {
    json!({"msgid": id, "action": "send", "from": from, "tolist": ["zhangsan"], "roomid": "wrG", "msgtime": MORNING.0,
           "msgtype": "text", "text": {"content": text}})
}

/// The daemon's core over a real store, and the loop that reads the archive into it.
pub struct Core {
    pub intake: Intake,
    pub faults: Faults,
    stopping: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Core {
    pub fn start(data: &Path, clock: Arc<HandClock>) -> Self {
        let (faults, intake, stopping) = (Faults::default(), Intake::new(4096), Arc::new(AtomicBool::new(false)));
        let store = Box::new(FaultyStore::new(open_store(data, &Keyring::none()).unwrap(), faults.clone()));
        let metrics = Arc::new(Metrics::new());
        let mut engine = Engine::new(SETTINGS.clone(), store, metrics, Limits::default(), clock.now()).unwrap();
        let (queue, stop) = (intake.clone(), stopping.clone());
        let run = move || {
            while !stop.load(Ordering::SeqCst) {
                let jobs = queue.take(2048, Duration::from_millis(5));
                engine.step(jobs, clock.now());
            }
        };
        Self { intake, faults, stopping, thread: Some(std::thread::spawn(run)) }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.intake.abandon();
        self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// The loop, running.
pub struct Loop {
    pub states: Arc<Mutex<State>>,
    pub keys: Arc<ArcSwap<Keys>>,
    pub hint: Arc<Notify>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// How a loop of a test differs from the usual.
pub struct Turn {
    pub versions: Vec<u64>,
    pub limit: u32,
    pub pace: Pace,
}

impl Default for Turn {
    fn default() -> Self {
        let quick = Duration::from_millis(1);
        let pace = Pace { interval: quick, first_wait: quick, longest_wait: quick * 5, from_the_beginning: true };
        Self { versions: vec![1], limit: 1000, pace }
    }
}

pub fn keys(versions: &[u64]) -> Keys {
    let mut keys = Keys::default();
    for version in versions {
        keys.add(*version, &pem(*version)).unwrap();
    }
    keys
}

impl Loop {
    pub fn start(vault: &Vault, inlet: Arc<dyn Inlet>, clock: Arc<HandClock>, turn: Turn) -> Self {
        let (states, hint) = (Arc::<Mutex<State>>::default(), Arc::<Notify>::default());
        let keys = Arc::new(ArcSwap::from_pointee(keys(&turn.versions)));
        let shown = states.clone();
        let parts = Parts {
            platform: "acme".into(),
            source: "wecom/acme/archive".into(),
            worker: vault.worker(turn.limit),
            keys: keys.clone(),
            reader: Reader { names: Names::new([("群卫".to_owned(), "bot".to_owned())]), ..Reader::default() },
            inlet,
            clock,
            hint: hint.clone(),
            shown: Arc::new(move |state| *shown.lock().unwrap() = state.clone()),
            pace: turn.pace,
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(Poller::new(parts).run(stop.clone()));
        Self { states, keys, hint, stop, task }
    }

    pub fn state(&self) -> State {
        self.states.lock().unwrap().clone()
    }

    /// Waits until the state is so.
    pub async fn until(&self, what: &str, so: impl Fn(&State) -> bool) -> State {
        let begun = Instant::now();
        loop {
            let state = self.state();
            if so(&state) {
                return state;
            }
            assert!(begun.elapsed() < Duration::from_secs(180), "never: {what}; it is {state:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// What the journal holds of events, in order.
pub fn journal(data: &Path) -> Vec<Value> {
    let database = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let mut rows = database.prepare("SELECT body FROM journal WHERE kind = 0 ORDER BY seq").unwrap();
    let bodies = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    bodies.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
}

/// The ids of the events in the journal, in order.
pub fn ids(data: &Path) -> Vec<String> {
    journal(data).iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

/// The messages that cases are about.
pub fn accused(data: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let mut rows = database.prepare("SELECT DISTINCT message FROM case_messages ORDER BY message").unwrap();
    let messages = rows.query_map([], |row| row.get(0)).unwrap();
    messages.map(Result::unwrap).collect()
}

/// What was decided to be done, with the message that caused it.
pub fn acts(data: &Path) -> Vec<(String, String)> {
    let database = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    let mut rows = database.prepare("SELECT action FROM outbox ORDER BY rowid").unwrap();
    let actions = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let told = |action: Value| {
        let what = action["what"].as_object().and_then(|what| what.keys().next().cloned()).unwrap_or_default();
        (action["cause"]["event"].as_str().unwrap_or_default().to_owned(), what)
    };
    actions.map(|action| told(serde_json::from_str(&action.unwrap()).unwrap())).collect()
}
