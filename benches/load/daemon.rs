//! The real daemon: the binary that is shipped, on its own configuration, with a data directory on the disk.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::client::Target;
use super::messages::SECRET;

/// A running daemon.
pub struct Daemon {
    child: Child,
    /// Where bots are heard, and its process.
    pub target: Target,
    /// Where operators ask.
    pub admin: SocketAddr,
    /// From the start of its process to its line `ready`.
    pub ready: Duration,
}

impl Daemon {
    /// Starts it and waits until it is ready.
    pub fn start(config: &Path, data: &Path, actions_url: &str) -> Self {
        Self::of(env!("CARGO_BIN_EXE_qunwei").as_ref(), config, data, actions_url)
    }

    /// The same of another binary, such as an earlier version's.
    pub fn of(binary: &Path, config: &Path, data: &Path, actions_url: &str) -> Self {
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "-q", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .arg("--config")
            .arg(config)
            .arg("--data")
            .arg(data)
            .env("QUNWEI_EXAMPLE_SECRET", SECRET)
            .env("QUNWEI_EXAMPLE_ACTIONS_URL", actions_url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = began.elapsed();
        let address = |name: &str| -> SocketAddr {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.unwrap_or_else(|| panic!("the daemon said: {line:?}")).parse().unwrap()
        };
        let target = Target { addr: address("listen="), pid: child.id() };
        Self { target, admin: address("admin="), child, ready }
    }

    /// Whether `/readyz` says 200.
    pub fn is_ready(&self) -> bool {
        self.ask("/readyz").starts_with("HTTP/1.1 200")
    }

    /// Has it read its configuration again.
    pub fn hang_up(&self) {
        let pid = Pid::from_raw(self.target.pid.cast_signed()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
    }

    /// One number of `/metrics`, summed over its series whose line holds `label`.
    pub fn metric(&self, name: &str, label: &str) -> f64 {
        let text = self.ask("/metrics");
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    fn ask(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
