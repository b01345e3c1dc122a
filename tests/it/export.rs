//! `qunwei export`: what was changed in the chat as files that mean the same.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use qunwei::store::Keyring;
use serde_json::json;

use crate::commands::{has, world};
use crate::support::World;
use crate::support::daemon::{qunwei, stderr};

/// Ids that would be something else in a path, in a line or in TOML.
const GROUPS: [&str; 6] =
    ["g1", "../../etc/passwd", "G1", "群🐎\u{202e}", "a\nb\"]\n[daemon]\nmode = \"off", "con\\..\\x"];

fn export(data: &Path, to: &Path) -> Output {
    qunwei().arg("export").arg("--data").arg(data).arg("--to").arg(to).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// An admin gives a command in a group; the answer.
async fn ask(world: &mut World, group: &str, text: &str) -> String {
    let mut event = world.message(&format!("x-{}", world.sent()), "boss", text);
    event["group"] = json!(group);
    event["sender"] = json!({"id": "boss", "name": "小\n[[rule]] \u{202e}", "role": "admin"});
    assert_eq!(world.post(event.to_string()).await.0, 200);
    let answer = world.next().await;
    assert_eq!(answer["group"], json!(group), "{answer}");
    world.turn(Duration::from_millis(100)); // no more than so many answers a second
    answer["text"].as_str().unwrap().to_owned()
}

/// Texts that tell the changes apart, in each disguise.
const TEXTS: [&str; 12] = [
    "出售学 区 房",
    "内部认购中",
    "！特选吉屋",
    "特选吉屋",
    "低价 #代购",
    "低价代购",
    "＃话题团",
    "收\"破\\烂'",
    "不用的词",
    "只在一个群里",
    "短信轰炸机",
    "今天天气不错",
];

async fn judged(world: &mut World) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for group in GROUPS.into_iter().chain(["another"]) {
        for text in TEXTS {
            let answer = ask(world, group, &format!("/试 {text}")).await;
            all.push((group.to_owned(), text.to_owned(), answer));
        }
    }
    all
}

#[tokio::test]
async fn what_is_exported_means_the_same() {
    let mut world = world().await;
    for group in GROUPS {
        has(&ask(&mut world, group, "/加词 学区房、内部认购 “！特选吉屋”").await, &["共加了 3 个词"]);
        has(&ask(&mut world, group, "/加词 “低价 #代购” ＃话题团 不用的词 收'破\\烂").await, &["共加了 7 个词"]);
        has(&ask(&mut world, group, "/删词 学区房").await, &["不再算违规"]);
    }
    for group in ["G1", "con\\..\\x"] {
        has(&ask(&mut world, group, "/删词 短信轰炸机 加微信").await, &["不再算违规"]);
    }
    has(&ask(&mut world, "con\\..\\x", "/加词 只在一个群里").await, &["改21"]);
    has(&ask(&mut world, "g1", "/加词 后来不要的").await, &["改22"]);
    has(&ask(&mut world, "g1", "/撤销 改22").await, &["已撤销"]);
    let before = judged(&mut world).await;
    let hits = before.iter().filter(|(.., answer)| answer.contains("会判为违规，")).count();
    assert!(hits >= 6 * 6, "{before:#?}");

    // Beside the running daemon.
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("new/chat");
    let output = export(world.data.path(), &to);
    let written = lines(&output);
    assert_eq!(written.len(), GROUPS.len() + 1, "{written:#?}");
    let mut there: Vec<String> =
        std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path().to_string_lossy().into_owned()).collect();
    there.sort();
    let mut told = written.clone();
    told.sort();
    assert_eq!(told, there, "everything that was written is told, and nothing is outside");
    assert!(written.last().unwrap().ends_with("chat.toml"), "it names the lists, so they come first");
    for path in &written {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')), "{name}");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(!text.contains("后来不要的") && !text.contains('\u{202e}'), "{text}");
        assert!(!name.ends_with(".txt") || (text.contains("改") && text.contains("boss")), "{text}");
    }
    assert_eq!(stderr(&output), "");

    // The same texts are judged the same by a daemon that has only the files.
    let mut other = crate::commands::world().await;
    crate::support::copy(&to, &other.file("config/chat"));
    let checked = qunwei().arg("check").arg("--config").arg(other.file("config")).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stdout));
    other.restart().await;
    assert_eq!(judged(&mut other).await, before);
    has(&ask(&mut other, "g1", "/词表").await, &["群里的改动：无", "本群的违规词"]);
    world.finish().await;
    other.finish().await;
}

#[tokio::test]
async fn who_is_stopped_is_a_comment_that_says_how_to_write_it() {
    let mut world = world().await;
    ask(&mut world, "g1", "/停").await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("chat");
    let output = export(world.data.path(), &to);
    assert_eq!(lines(&output), [to.join("chat.toml").to_string_lossy()]);
    assert!(stderr(&output).contains("stopped"));
    let text = std::fs::read_to_string(to.join("chat.toml")).unwrap();
    has(&text, &["停手：群 g1", "2026-11-23T09:00:00+08:00", "mode = \"observe\""]);
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
    // Done by hand as it says, it is sound and does what it says.
    let group: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    let at = group.iter().position(|line| line.starts_with("[group.")).unwrap();
    let other = crate::commands::world().await;
    std::fs::write(other.file("config/zz-stop.toml"), group[at..=at + 1].join("\n")).unwrap();
    assert_eq!(other.config().settings.policy("g1").mode, qunwei::domain::policy::Mode::Observe);
    world.finish().await;
    other.finish().await;
}

#[tokio::test]
async fn nothing_is_written_over_anything() {
    let mut world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (world.data.path().to_owned(), folder.path().join("chat"));
    let nothing = export(&data, &to);
    assert_eq!(lines(&nothing), Vec::<String>::new());
    assert!(stderr(&nothing).contains("nothing") && !to.exists());
    ask(&mut world, "g1", "/加词 学区房").await;
    world.down().await;
    std::fs::create_dir(&to).unwrap();
    std::fs::write(to.join("mine.toml"), "# mine").unwrap();
    let refused = export(&data, &to);
    assert_eq!(refused.status.code(), Some(1));
    let told = stderr(&refused);
    assert!(told.contains("`mine.toml`") && told.contains("nothing was written"), "{told}");
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), 1);
    let a_file = export(&data, &to.join("mine.toml"));
    assert!(a_file.status.code() == Some(1) && stderr(&a_file).contains("not a folder"), "{}", stderr(&a_file));
    // An empty folder is fine, and the variable names the data as well.
    std::fs::remove_file(to.join("mine.toml")).unwrap();
    let output = qunwei().arg("export").arg("--to").arg(&to).env("QUNWEI_DATA", &data).output().unwrap();
    assert_eq!(lines(&output).len(), 2);
}

#[test]
fn what_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (folder.path().join("data"), folder.path().join("to"));
    let refused = |why: &str| {
        let output = export(&data, &to);
        assert_eq!(output.status.code(), Some(1));
        let told = stderr(&output);
        assert!(told.contains(why), "{told}");
        assert!(!to.exists());
    };
    refused("there is no store in");
    assert!(!data.exists(), "nothing is made");
    std::fs::create_dir(&data).unwrap();
    refused("there is no store in");
    std::fs::write(data.join("qunwei.db"), "x".repeat(5000)).unwrap();
    refused("is not a store of Qunwei");
    std::fs::remove_file(data.join("qunwei.db")).unwrap();
    drop(qunwei::serve::open_store(&data, &Keyring::none()).unwrap());
    let conn = rusqlite::Connection::open(data.join("qunwei.db")).unwrap();
    conn.pragma_update(None, "user_version", 999).unwrap();
    drop(conn);
    refused("newer Qunwei");
    let wrong = qunwei().args(["export", "--data", "x"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2), "--to is missing");
    let help = qunwei().args(["export", "--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("Example:"));
}
