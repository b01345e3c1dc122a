//! `qunwei eval` as a process: tables, JSON, disguises, what was judged otherwise than labelled, and lines that are none.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::daemon::{qunwei, stderr};
use crate::support::root;

const LINES: &str = "\
{\"text\":\"专业代开发票，真实可查\",\"label\":1,\"category\":\"ads\",\"source\":\"甲群\"}
{\"text\":\"日结兼职刷单，私聊我\",\"label\":1,\"category\":\"fraud\",\"source\":\"甲群\"}
{\"text\":\"今天的苹果到货了，五点来取\",\"label\":0,\"source\":\"甲群\"}

{\"text\":\"老师好，作业第三题怎么做\",\"label\":0,\"id\":4}
";

fn eval(dir: &Path, lines: &str, args: &[&str]) -> Output {
    let file = dir.join("messages.jsonl");
    std::fs::write(&file, lines).unwrap();
    qunwei().current_dir(root()).arg("eval").args(args).arg(&file).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn tables_for_people() {
    let dir = tempfile::tempdir().unwrap();
    let output = eval(dir.path(), LINES, &["--disguise", "spaces,homophones", "--strength", "light"]);
    assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""));
    let told = text(&output);
    let line = |begins: &str| {
        let line = told.lines().find(|line| line.trim_start().starts_with(begins));
        line.unwrap_or_else(|| panic!("{begins} in {told}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(line("甲群").starts_with("甲群 2 100.0 % (34.2–100.0) 100.0 % 1 0.0 % (0.0–79.3)"), "{told}");
    assert!(line("messages").starts_with("messages 0 – – 1 0.0 %"), "{told}");
    assert!(line("fraud").starts_with("fraud 1 100.0 %"), "{told}");
    assert!(line("spaces").starts_with("spaces light 2 100.0 %"), "{told}");
    assert!(line("homophones").starts_with("homophones light 2 "), "{told}");
    assert!(line("plain").starts_with("plain 2 0"), "{told}");
}

#[test]
fn the_same_seed_gives_the_same_figures_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let run = |seed: &str| {
        let output = eval(dir.path(), LINES, &["--disguise", "all", "--format", "json", "--seed", seed]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        text(&output)
    };
    let first = run("5");
    assert_eq!(run("5"), first);
    let report: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(report["all"]["caught"]["count"], 2);
    assert_eq!(report["disguises"].as_array().unwrap().len(), 23 * 3);
    for row in report["disguises"].as_array().unwrap() {
        let tried = row["kept"]["of"].as_u64().unwrap() + row["impossible"].as_u64().unwrap();
        assert_eq!(tried, 2, "{row}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_rest_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = dir.path().join("wrong.jsonl");
    let lines = format!(
        "{LINES}低价出货\n{{\"text\":\"a\"}}\n{{\"text\":\"a\",\"label\":\"bad\"}}\n{{\"text\":\"很普通的一句话\",\"label\":1,\"id\":\"x\"}}\n"
    );
    let output = eval(dir.path(), &lines, &["--wrong", wrong.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let errors = stderr(&output);
    for words in ["messages: line 6: ", "line 7: missing field `label`", "line 8: label: \"bad\"", "3 malformed lines"]
    {
        assert!(errors.contains(words), "{words} in {errors}");
    }
    assert!(text(&output).contains("By source"));
    let told: Value = serde_json::from_str(std::fs::read_to_string(&wrong).unwrap().trim()).unwrap();
    assert_eq!((&told["id"], &told["verdict"], &told["label"]), (&"x".into(), &"pass".into(), &1.into()));
    let again = eval(dir.path(), LINES, &["--wrong", wrong.to_str().unwrap()]);
    assert!(again.status.code() == Some(1) && stderr(&again).contains("cannot write"), "{}", stderr(&again));
}

#[test]
fn what_cannot_be_measured() {
    let dir = tempfile::tempdir().unwrap();
    for (args, code, words) in [
        (&["--disguise", "magic"][..], 2, "homophones"),
        (&["--strength", "strong"], 2, "medium"),
        (&["--config", "/nowhere"], 1, "/nowhere"),
        (&["--group", "nobody"], 0, "no file names the group `nobody`"),
    ] {
        let output = eval(dir.path(), LINES, args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{args:?}: {}", stderr(&output));
    }
    let output = qunwei().current_dir(root()).args(["eval", "/nowhere.jsonl"]).output().unwrap();
    assert!(output.status.code() == Some(1) && stderr(&output).contains("/nowhere.jsonl"), "{}", stderr(&output));
    let output = qunwei().current_dir(root()).arg("eval").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_table_that_is_no_json_is_told_what_a_line_is() {
    let dir = tempfile::tempdir().unwrap();
    let output = eval(dir.path(), "text,label\n加微信,1\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    let advice = r#"2 malformed lines were skipped; a line is a message as JSON, such as {"text":"…","label":1}"#;
    assert!(told.contains("line 1: ") && told.contains(advice), "{told}");
}
