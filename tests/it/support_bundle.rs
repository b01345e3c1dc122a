//! The support bundle has what is needed to find out what is wrong, no secret, and nothing that anybody said.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::support::daemon::{Home, client, qunwei, send, stderr};
use crate::support::{SECRET, raw};

const SAID: &str = "只有他说过的话，加薇信 abc98765";
const TOKEN: &str = "pull-token-of-another-bot-0123456789";

fn bundle(home: &Home, url: &str, file: &Path) -> std::process::Output {
    let mut command = qunwei();
    command.arg("support-bundle").arg("--config").arg(home.config()).arg("--data").arg(home.data());
    command.args(["--url", url]).arg(file);
    command.env("QUNWEI_EXAMPLE_SECRET", SECRET).env("QUNWEI_EXAMPLE_ACTIONS_URL", &home.actions_url);
    command.output().unwrap()
}

fn unpacked(file: &Path) -> BTreeMap<String, String> {
    let into = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(into.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let files = raw::files(into.path()).into_iter();
    let named = |path: std::path::PathBuf| {
        let name = path.strip_prefix(into.path()).unwrap().display().to_string();
        (name, String::from_utf8(std::fs::read(path).unwrap()).unwrap())
    };
    files.map(named).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_says_what_is_wrong_and_no_secret_and_no_message() {
    let mut home = Home::new();
    home.actions_url = "http://127.0.0.1:9/actions?access=letmein".to_owned();
    home.write("token.txt", &format!("{TOKEN}\n"));
    home.write(
        "config/zz-more.toml",
        "[bridge.other]\nsecret_env = \"QUNWEI_EXAMPLE_SECRET\"\ntoken_file = \"../token.txt\"\ncapabilities = [\"send\"]\n",
    );
    let daemon = home.start().await;
    let event = json!({"id": "e-1", "type": "message", "group": "g1", "sender": {"id": "u1", "name": "赵六子丹"}, "text": SAID});
    let (status, _) = send(&client(), daemon.listen, "w", &event.to_string()).await.unwrap();
    assert_eq!(status, 200);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.tar.gz");
    let output = bundle(&home, &format!("http://{}", daemon.admin), &file);
    assert!(output.status.success(), "{}", stderr(&output));
    let parts = unpacked(&file);
    for (name, expected) in [
        ("about.txt", concat!("qunwei ", env!("CARGO_PKG_VERSION"))),
        ("about.txt", "schema known "),
        ("check.txt", ""),
        ("files.txt", "qunwei.db"),
        ("store.txt", "  cases\n"),
        ("store.txt", "Sound database: sound"),
        ("metrics.txt", "qunwei_events_total{"),
        ("log.txt", "ready"),
        ("readyz.txt", ""),
        ("config/qunwei.toml", "[daemon.retention]"),
        ("config/zz-more.toml", "secret_env = \"QUNWEI_EXAMPLE_SECRET\""),
    ] {
        assert!(parts[name].contains(expected), "{name} has no {expected}: {}", parts[name]);
    }
    let short = SECRET.strip_prefix("whsec_").unwrap();
    for (name, text) in &parts {
        for secret in [SECRET, short, TOKEN, "letmein", SAID, "abc98765", "赵六子丹"] {
            assert!(!text.contains(secret), "{name} has {secret}");
        }
    }
    let again = bundle(&home, &format!("http://{}", daemon.admin), &file);
    assert!(stderr(&again).contains("cannot write") && !again.status.success(), "never over another file");
    daemon.stop().await;

    // Of a daemon that is down, with a configuration that is broken.
    home.write("config/zz-broken.toml", "[bridge.b]\nsecret = \"whsec_written-into-the-file\"\n");
    let file = folder.path().join("down.tar.gz");
    let output = bundle(&home, "http://127.0.0.1:9", &file);
    assert!(output.status.success(), "{}", stderr(&output));
    let parts = unpacked(&file);
    assert!(parts["log.txt"].contains("no answer from the daemon") && parts["log.txt"].contains("journalctl"));
    assert!(parts["check.txt"].contains("a secret is not written into TOML"), "{}", parts["check.txt"]);
    for (name, text) in &parts {
        assert!(!text.contains("written-into-the-file"), "{name}: {text}");
    }
}
