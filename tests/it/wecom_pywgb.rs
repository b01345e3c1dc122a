//! The fake robot, driven by PyPI pywgb, which others use against the real one: what our robot is tried against is then not
//! only our own idea of WeCom.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;

use crate::support::fake_wecom::Fake;
use crate::support::fake_wecom::model::Kind;
use crate::support::foreign::needed;
use crate::support::root;

const LIBRARY: &str = "pywgb==1.0.5";
const KEY: &str = "693a91f6-7d4e-4bc4-97a0-0ec2c1f5a000";
const OTHER: &str = "693a91f6-7d4e-4bc4-97a0-0ec2c1f5a111";

/// A Python with the library, made once.
fn python() -> Result<PathBuf, String> {
    let venv = root().join("target/interop-pywgb");
    let python = venv.join("bin/python");
    let ready = venv.join("ready");
    if std::fs::read_to_string(&ready).is_ok_and(|what| what == LIBRARY) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", LIBRARY]))?;
    std::fs::write(ready, LIBRARY).map_err(|error| error.to_string())?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_of_others_sends_through_the_fake_robot() {
    let Some(python) = needed(&format!("Python with {LIBRARY}"), python()) else { return };
    let fake = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(|| 1_795_395_600_000)).await.unwrap();
    fake.model().group("inner", Kind::Internal, "内部群", &["zhangsan", "lisi"]);
    fake.model().robot(KEY, "inner");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command.arg(root().join("tests/interop/robot.py")).args([&fake.url(), KEY, OTHER]).arg(folder.path());
    command.env("NO_PROXY", "*");
    let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap().unwrap();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 9, "{said}");
    for line in &lines[..8] {
        assert_eq!(line["result"]["errcode"], 0, "{line}");
    }
    assert_eq!(lines[8]["result"]["error"], "OSError", "a key that the fake does not know: {}", lines[8]);
    let model = fake.model();
    let heard: Vec<(&str, &str)> = model.said.iter().map(|said| (said.kind.as_str(), said.text.as_str())).collect();
    let expected = [
        ("text", "请看群规"),
        ("markdown", "# 群规\n<@lisi>"),
        ("markdown_v2", "| a | b |\n| - | - |\n| 1 | 2 |"),
        ("image", ""),
        ("file", ""),
        ("news", "标题"),
        ("template_card", "周报"),
        ("template_card", "周报"),
    ];
    assert_eq!(heard, expected);
    assert_eq!(
        (&model.said[0].mentions[..], &model.said[1].mentions[..]),
        (&["zhangsan".to_owned(), "@all".to_owned()][..], &["lisi".to_owned()][..])
    );
    assert_eq!(model.unexpected, Vec::<String>::new());
}
