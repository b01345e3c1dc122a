//! The operator's program that reads texts in pictures: given the bytes, asked for text; alone, late ones are killed.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::domain::picture::TextCommand;

/// More of what it writes is not read.
const MOST: u64 = 64 * 1024;

/// What of our environment it is given. The rest holds secrets.
const KEPT: [&str; 5] = ["PATH", "LANG", "LC_ALL", "TESSDATA_PREFIX", "TMPDIR"];

/// Why there is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoText {
    /// It cannot be started, or ends with an error.
    Failed,
    /// It takes too long.
    TooSlow,
    /// It writes without end.
    TooMuch,
}

/// The text that a program reads in a picture.
///
/// # Errors
/// Why there is none; then the program and what it has started are killed.
pub async fn text_in(command: &TextCommand, picture: &[u8]) -> Result<String, NoText> {
    let [program, arguments @ ..] = &command.argv[..] else { return Err(NoText::Failed) };
    let kept = KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let child = Command::new(&**program)
        .args(arguments.iter().map(|argument| &**argument))
        .env_clear()
        .envs(kept)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let child = child.map_err(|error| {
        tracing::warn!(%error, "the program of `text_command` cannot be started");
        NoText::Failed
    })?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let done = tokio::time::timeout(command.time, converse(child, picture)).await;
    let text = done.unwrap_or(Err(NoText::TooSlow));
    if text.is_ok() {
        group.0 = None; // it has ended by itself
    }
    text
}

/// The program and what it has started, killed when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            kill_process_group(leader, Signal::KILL).ok(); // there may be nobody left
        }
    }
}

async fn converse(mut child: Child, picture: &[u8]) -> Result<String, NoText> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(NoText::Failed);
    };
    let give = async {
        let given = stdin.write_all(picture).await; // one that wants no more of it says so by its end
        drop(stdin);
        given
    };
    let mut said = Vec::new();
    let mut limited = stdout.take(MOST + 1);
    let (_, read) = tokio::join!(give, limited.read_to_end(&mut said));
    read.map_err(|_| NoText::Failed)?;
    if said.len() as u64 > MOST {
        return Err(NoText::TooMuch);
    }
    let ended = child.wait().await.map_err(|_| NoText::Failed)?;
    if ended.success() { Ok(String::from_utf8_lossy(&said).trim().to_owned()) } else { Err(NoText::Failed) }
}
