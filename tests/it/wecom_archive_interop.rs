//! The mock library read by two packages that wrap WeCom's own, and by ours: the same messages.

use std::process::Command;

use qunwei::adapters::wecom::archive::page::{Archive, Source};
use serde_json::{Value, json};

use crate::support::archive::{Vault, keys, pem, text};
use crate::support::foreign::{needed, python};
use crate::support::root;

const PACKAGES: [&str; 3] = ["pyweworkfinance==1.1.0", "pywecomarchive==0.1.0", "cryptography==50.0.2"];

/// What a command prints.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

#[test]
fn packages_that_wrap_wecoms_library_read_the_same_messages_as_we_do() {
    let Some(python) = needed("pyweworkfinance and pywecomarchive", python(&PACKAGES)) else { return };
    let mut vault = Vault::new();
    let said: Vec<Value> = (0..20).map(|at| text(&format!("m{at}"), "wmA", &format!("第{at}条 😀 \u{2028}"))).collect();
    let mut image = text("image", "wmA", "");
    image["msgtype"] = json!("image");
    image["image"] = json!({"md5sum": "0123456789abcdef0123456789abcdef", "filesize": 10, "sdkfileid": "F"});
    image.as_object_mut().unwrap().remove("text");
    let recall = json!({"msgid": "recall", "action": "recall", "from": "wmA", "tolist": ["zhangsan"], "roomid": "wrG",
                        "msgtime": 1, "msgtype": "revoke", "revoke": {"pre_msgid": "m1"}});
    let switch = json!({"msgid": "switch", "action": "switch", "time": 1, "user": "zhangsan"});
    let all: Vec<Value> = said.into_iter().chain([image, recall, switch]).collect();
    for message in &all {
        vault.put(message);
    }
    vault.write();

    let mut archive = Archive::new(vault.sdk(), 1000);
    let page = archive.page(0, &keys(&[1])).unwrap();
    let ours: Vec<Value> =
        page.messages.iter().map(|opened| serde_json::from_slice(opened.message.as_ref().unwrap()).unwrap()).collect();
    assert_eq!(ours, all);

    let key = vault.folder.path().join("key.pem");
    std::fs::write(&key, pem(1)).unwrap();
    let secret = vault.access().secret;
    for package in ["pyweworkfinance", "pywecomarchive"] {
        let mut command = Command::new(&python);
        command.arg(root().join("tests/interop/archive.py")).arg(package);
        let printed = run(command.arg(vault.library()).arg(&secret).arg(&key)).unwrap_or_else(|why| panic!("{why}"));
        let lines = printed.lines().filter(|line| line.starts_with('{')); // one of them writes its log there too
        let theirs: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(theirs, ours, "{package}");
    }
}
