//! Paths in a configuration that lead where no configuration is.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::daemon::{Home, qunwei};
use crate::support::root;

/// Longer than any sound check takes here, and shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `check` says of a configuration, within a time.
fn checked(dir: &Path) -> (Option<i32>, String) {
    let mut command = qunwei();
    command.args(["check", "--config"]).arg(dir);
    finished(command)
}

fn finished(mut command: Command) -> (Option<i32>, String) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr);
    assert!(!shown.contains("panicked"), "{shown}");
    (output.status.code(), shown)
}

fn rule(list: &str) -> String {
    format!("[[rule]]\nname = \"a\"\nkind = \"keywords\"\ntitle = \"词\"\nlists = [\"{list}\"]\nhit = [\"加微信\"]\n")
}

/// Things that are no files, by their paths; a FIFO that nobody writes to among them.
fn traps(folder: &Path) -> Vec<String> {
    let fifo = folder.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let socket = folder.join("socket");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let link = folder.join("link");
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    let around = folder.join("around");
    std::os::unix::fs::symlink(&around, &around).unwrap();
    let environment = folder.join("environment");
    std::os::unix::fs::symlink("/proc/self/environ", &environment).unwrap();
    let endless = folder.join("endless");
    std::fs::File::create(&endless).unwrap().set_len(65 << 20).unwrap();
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut traps =
        vec![path(&fifo), path(&socket), path(&link), path(&around), path(&environment), path(&endless), path(folder)];
    traps.extend(
        [
            "/dev/zero",
            "/dev/random",
            "/dev/tty",
            "/dev/stdin",
            "/dev/fd/0",
            "/proc/self/environ",
            "/proc/kmsg",
            "/proc/self/mem",
            "/proc/self/fd/0",
            "/sys/kernel/notes",
            "../../../../../../../../dev/zero",
            "",
            ".",
            "/",
            "nowhere",
        ]
        .map(str::to_owned),
    );
    traps
}

#[test]
fn what_is_no_file_is_refused_and_nothing_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let traps = traps(folder.path());
    let dir = folder.path().join("config");
    std::fs::create_dir(&dir).unwrap();
    for trap in &traps {
        std::fs::write(dir.join("a.toml"), rule(trap)).unwrap();
        let (code, shown) = checked(&dir);
        assert_eq!(code, Some(1), "{trap}: {shown}");
        assert!(shown.contains("a.toml:5"), "{trap}: at its line: {shown}");
        assert!(!shown.contains("PATH="), "{trap}: the environment is shown: {shown}");
    }
    // The same for secrets and keys.
    for trap in &traps {
        let toml = format!(
            "[bridge.a]\nsecret_file = \"{trap}\"\nactions_url_env = \"NONE\"\n[wecom.b]\ncorp_id = \"ww5823bf96d3bd56c7\"\n[wecom.b.archive]\nlibrary = \"lib.so\"\nsecret_file = \"{trap}\"\nprivate_keys = [\"1:{trap}\"]\n"
        );
        std::fs::write(dir.join("a.toml"), toml).unwrap();
        let (code, shown) = checked(&dir);
        assert_eq!(code, Some(1), "{trap}: {shown}");
        assert!(shown.contains("a.toml:2"), "{trap}: {shown}");
        assert!(!shown.contains("PATH="), "{trap}: {shown}");
    }
}

#[test]
fn files_of_a_configuration_that_are_none_are_told_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("config");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("sound.toml"), "").unwrap();
    assert!(Command::new("mkfifo").arg(dir.join("fifo.toml")).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", dir.join("zero.toml")).unwrap();
    std::os::unix::fs::symlink("/proc/self/environ", dir.join("proc.toml")).unwrap();
    std::os::unix::fs::symlink(&dir, dir.join("again")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.join("gone.toml")).unwrap();
    let (code, shown) = checked(&dir);
    assert_eq!(code, Some(1), "{shown}");
    for file in ["fifo.toml", "zero.toml", "proc.toml", "gone.toml"] {
        assert!(shown.contains(file), "{file}: {shown}");
    }
    assert!(!shown.contains("PATH=") && !shown.contains("again/again"), "{shown}");
    for folder in ["/dev/null", "/proc/self", "/nowhere", ""] {
        let (code, shown) = checked(Path::new(folder));
        assert!(code == Some(1) || folder.is_empty(), "{folder}: {shown}");
    }
}

/// A daemon that is reloaded onto a trap goes on by what it had.
#[tokio::test]
async fn a_running_daemon_does_not_hang_on_a_device() {
    let home = Home::new();
    let daemon = home.start().await;
    let fifo = home.config().join("zz.toml");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    home.write("config/zzz.toml", &rule("/dev/zero"));
    crate::support::until("it is told", || daemon.log().contains("zzz.toml").then_some(())).await;
    let event = serde_json::json!({"id": "m-1", "type": "message", "group": "g1", "sender": {"id": "9"}, "text": "早"});
    assert_eq!(daemon.post("msg_1", &event.to_string()).await.unwrap().0, 200);
    daemon.stop().await;
}

/// What other commands read and write.
#[test]
fn commands_that_are_pointed_at_devices_end() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("elsewhere");
    std::os::unix::fs::symlink("/proc/nowhere", &link).unwrap();
    let config = root().join("config");
    let rows: [&[&str]; 4] = [
        &["scan", "/proc/self/environ"],
        &["replay", "/dev/null"],
        &["words", "import", "/dev/null"],
        &["train", "/dev/null", "--output", "/dev/null/x"],
    ];
    for args in rows {
        let mut command = qunwei();
        command.args(args).current_dir(folder.path());
        if matches!(args[0], "scan" | "replay") {
            command.arg("--config").arg(&config);
        }
        finished(command);
    }
    for data in ["/dev/null", "/proc/self", "/dev/null/x"] {
        let mut command = qunwei();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data", data, "--config"])
            .arg(&config);
        let (code, shown) = finished(command);
        assert_eq!(code, Some(1), "{data}: {shown}");
    }
}
