//! The real binary as a child process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use qunwei::ports::Clock;
use qunwei::serve::SystemClock;
use serde_json::Value;
use tempfile::TempDir;

use super::{SECRET, copy, root, signed, until};

/// The shipped files that take longest to compile.
pub const HEAVY: [&str; 12] = [
    "abuse.toml",
    "combination.toml",
    "combination_abuse.toml",
    "combination_ads.toml",
    "combination_fraud.toml",
    "combination_gambling.toml",
    "combination_porn.toml",
    "fraud.toml",
    "gambling.toml",
    "illegal_fundraising.toml",
    "porn.toml",
    "violence.toml",
];

/// The binary under test, with nothing of the caller's environment that it would read.
pub fn qunwei() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qunwei"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("QUNWEI_") || name.starts_with("RUST_")) {
        command.env_remove(name);
    }
    command
}

/// What is on a command's stderr, after a look for what must never be there.
pub fn stderr(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!text.contains("panicked") && !text.contains("backtrace"), "{text}");
    text
}

/// A folder with the shipped configuration, a data directory and what the daemon needs to know.
pub struct Home {
    pub folder: TempDir,
    /// Where its bot is; nobody is there unless a test says so.
    pub actions_url: String,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&root().join("config"), &folder.path().join("config"));
        copy(&root().join("wordlists"), &folder.path().join("wordlists"));
        Self { folder, actions_url: "http://127.0.0.1:9/nobody".to_owned() }
    }

    /// Without the long word lists: for tests that start it many times, and do not ask what it finds.
    pub fn light() -> Self {
        let home = Self::new();
        for file in HEAVY {
            std::fs::remove_file(home.config().join("rules").join(file)).unwrap();
        }
        home
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    /// Replaces a line of a file; it must be there.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        let aside = self.folder.path().join("aside");
        std::fs::write(&aside, text.replace(from, to)).unwrap();
        std::fs::rename(aside, path).unwrap(); // a daemon that reads it meanwhile finds the one or the other
    }

    /// `qunwei serve` on ports of its own.
    pub fn serve(&self) -> Command {
        let mut command = qunwei();
        command.arg("serve").arg("--config").arg(self.config()).arg("--data").arg(self.data());
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.env("QUNWEI_EXAMPLE_SECRET", SECRET);
        command.env("QUNWEI_EXAMPLE_ACTIONS_URL", &self.actions_url);
        command.current_dir(self.folder.path());
        command
    }

    /// A daemon that is ready.
    pub async fn start(&self) -> Daemon {
        Daemon::start(self.serve(), &self.folder.path().join("stderr")).await
    }

    /// The store of a daemon that may be running, to be looked at.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data().join("qunwei.db")).unwrap()
    }
}

/// A running daemon; killed when dropped.
pub struct Daemon {
    pub listen: SocketAddr,
    pub admin: SocketAddr,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
}

impl Daemon {
    /// Starts it and waits for the line that says it is ready.
    pub async fn start(command: Command, stderr: &Path) -> Self {
        let started = Self::try_start(command, stderr).await;
        started.unwrap_or_else(|line| panic!("not ready but {line:?}: {}", std::fs::read_to_string(stderr).unwrap()))
    }

    /// The same; the line that it wrote instead when it does not become ready.
    pub async fn try_start(mut command: Command, stderr: &Path) -> Result<Self, String> {
        let log = std::fs::File::create(stderr).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).stdin(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (line, stdout) = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            (line, stdout)
        })
        .await
        .unwrap();
        let address = |key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key)?.parse().ok());
        let (Some(listen), Some(admin)) = (address("listen="), address("admin=")) else {
            child.wait().unwrap();
            return Err(line);
        };
        assert!(line.starts_with("ready "), "{line}");
        Ok(Self { listen, admin, child, stdout, stderr: stderr.to_owned() })
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.check();
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Stops it in an orderly way.
    pub async fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = until("the daemon ends", || self.child.try_wait().unwrap()).await;
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.check();
    }

    /// Posts a signed body to the bridge `example`; the status and the JSON of the answer. `None` when there is none.
    pub async fn post(&self, id: &str, body: &str) -> Option<(u16, Value)> {
        send(&client(), self.listen, id, body).await
    }

    /// Asks the operators' port.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        let response = client().get(format!("http://{}{path}", self.admin)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote on stderr.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// Nothing on stdout but that it is ready, and no panic.
    fn check(&mut self) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "on stdout");
        let log = self.log();
        assert!(!log.contains("panicked") && !log.contains("backtrace"), "{log}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A sender's client.
pub fn client() -> reqwest::Client {
    client_with(Duration::from_secs(20))
}

/// One that waits so long for an answer.
pub fn client_with(patience: Duration) -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok(); // only the first call installs it
    reqwest::Client::builder().no_proxy().timeout(patience).build().unwrap()
}

/// Posts a body, signed now; the status and the JSON of the answer. `None` when there is none.
pub async fn send(http: &reqwest::Client, to: SocketAddr, id: &str, body: &str) -> Option<(u16, Value)> {
    send_to(http, to, "example", id, body).await
}

/// The same, to any bridge.
pub async fn send_to(
    http: &reqwest::Client,
    to: SocketAddr,
    bridge: &str,
    id: &str,
    body: &str,
) -> Option<(u16, Value)> {
    let mut request = http.post(format!("http://{to}/hooks/bridge/{bridge}")).body(body.to_owned());
    for (name, value) in signed(id, SystemClock.now(), body.as_bytes()) {
        request = request.header(name, value);
    }
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let text = response.text().await.ok()?;
    Some((status, serde_json::from_str(&text).ok()?))
}
