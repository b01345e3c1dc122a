//! Code that is not ours, installed by its own means below `target/` and spoken to in lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::root;

/// One installation at a time: tests run beside each other.
static INSTALLING: Mutex<()> = Mutex::new(());

/// A Python with these packages, e.g. `wechatpy==1.8.18`, made once for each list.
pub fn python(packages: &[&str]) -> Result<PathBuf, String> {
    let folder = installed("venv", packages, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin/python"));
        run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages))
    })?;
    Ok(folder.join("bin/python"))
}

/// A folder whose `node_modules` has these packages, e.g. `@wecom/crypto@1.0.1`, made once for each list.
pub fn node(packages: &[&str]) -> Result<PathBuf, String> {
    installed("node", packages, |folder| {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(folder);
        run(npm.args(packages))
    })
}

fn installed(kind: &str, packages: &[&str], install: impl Fn(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let list = packages.join("\n");
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = packages.first().copied().unwrap_or_default().chars().map(plain).collect();
    let folder = root().join(format!("target/interop-{kind}{name}"));
    let ready = folder.join("ready");
    if !std::fs::read_to_string(&ready).is_ok_and(|what| what == list) {
        std::fs::remove_dir_all(&folder).ok();
        install(&folder)?;
        std::fs::write(ready, list).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

/// Runs a command to its end; what it said on stderr when it failed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said()) }
}

/// What is needed, or `None` where a person runs the tests without it. CI has it.
pub fn needed<T>(what: &str, found: Result<T, String>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(why) if std::env::var_os("CI").is_none() => {
            eprintln!("SKIPPED: no {what}: {why}");
            None
        }
        Err(why) => panic!("no {what}: {why}"),
    }
}

/// A program that answers each line with a line.
pub struct Foreign {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Foreign {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.stdin, "{question}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?} to {question}"))
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
