//! The learned score: a model made on the command line, what it says, and what people's decisions teach it.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::commands::{command, give, has};
use crate::journal;
use crate::support::daemon::{qunwei, stderr};
use crate::support::{World, dump, root};

const ADS: [&str; 11] = [
    "招聘线上兼职，一天三百，日结，感兴趣的私聊我",
    "全网最低价代充会员，需要的滴滴我",
    "同城美女上门，看照片私聊",
    "上分秒到账，首充送百分之五十，找客服",
    "低价出游戏账号，要的加我",
    "手机兼职，一单一结，有意加我微信",
    "带你稳赚不赔，跟着老师买，进群免费领取",
    "长期收微信号，价格高，要的私聊我",
    "专业代开发票，需要的加我",
    "刷单返佣，当天结算，想做的私我",
    "无抵押贷款秒到账，加我微信办理",
];

/// Only the score, which is strict where it was right often enough.
fn config() -> String {
    format!(
        r#"
[bridge.example]
secret_env = "QUNWEI_EXAMPLE_SECRET"
actions_url_env = "QUNWEI_EXAMPLE_ACTIONS_URL"
capabilities = ["send", "private", "idempotent"]
bot_user = "bot"
[[rule]]
name = "score.start"
kind = "score"
title = "很像广告"
verdict = "review"
delete = false
model = "{}"
false_alarms = 50
strict = {{ precision = 60, decisions = 8 }}
hit = ["{}"]
miss = ["楼下快递到了，谁帮我拿一下"]
[group.g1]
admins = ["boss"]
"#,
        root().join("config/models/start.model").display(),
        ADS[0]
    )
}

/// Everything the bot was asked since it was last read.
async fn asked(world: &World) -> Vec<Value> {
    world.settled().await;
    std::iter::from_fn(|| world.bot.read()).collect()
}

/// The steps of what is asked when a member says something, and the message.
async fn said(world: &mut World, user: &str, text: &str) -> (Vec<String>, Value) {
    let id = world.say(user, text).await;
    world.turn(2 * crate::commands::MINUTE);
    let steps =
        asked(world).await.iter().map(|action| action["cause"]["step"].as_str().unwrap_or("").to_owned()).collect();
    (steps, json!({"message": id, "sender": user, "text": text}))
}

#[tokio::test]
async fn what_admins_decide_is_learnt_and_kept() {
    let mut world = World::with_only(&config()).await;
    has(&command(&mut world, "boss", "/状态", &[]).await, &["「很像广告」学了 0 件"]);
    let (steps, quote) = said(&mut world, "1", ADS[0]).await;
    assert_eq!(steps, ["review"]);
    // What a member says of it changes nothing.
    give(&mut world, "2", "误判", &[], Some(quote.clone())).await;
    assert_eq!(asked(&world).await, [Value::Null; 0]);
    give(&mut world, "boss", "误判", &[], Some(quote)).await;
    has(world.next().await["text"].as_str().unwrap(), &["记下了"]);
    has(&command(&mut world, "boss", "/状态", &[]).await, &["学了 1 件", "说对 0 次、说错 1 次"]);
    for (at, ad) in ADS.iter().enumerate().skip(1).take(8) {
        let user = format!("w{at}");
        let (steps, quote) = said(&mut world, &user, ad).await;
        assert_eq!(steps, ["review"], "{ad}");
        give(&mut world, "boss", "/警告", &[&user], Some(quote)).await;
        assert!(!asked(&world).await.is_empty());
    }
    let status = command(&mut world, "boss", "/状态", &[]).await;
    has(&status, &["学了 9 件", "说对 8 次、说错 1 次，把握大的按违规处理"]);
    world.restart().await;
    assert_eq!(command(&mut world, "boss", "/状态", &[]).await, status);

    // It was right often enough: now it is a violation. What is undone makes it ask again.
    let (steps, _) = said(&mut world, "8", ADS[9]).await;
    assert_eq!(steps, ["warn_private"]);
    let case = journal_case(&world);
    give(&mut world, "boss", &format!("/撤销 {case}"), &[], None).await;
    assert!(!asked(&world).await.is_empty());
    let (steps, _) = said(&mut world, "8", ADS[10]).await;
    assert_eq!(steps, ["review"]);
    has(&command(&mut world, "boss", "/状态", &[]).await, &["学了 10 件", "说对 8 次、说错 2 次。"]);

    // A fresh run of the journal comes to the same.
    let settings = world.config().settings;
    world.down().await;
    let again = tempfile::tempdir().unwrap();
    journal::run_again(&settings, world.data.path(), again.path());
    let lived = dump::state(world.data.path());
    assert_eq!(lived["lessons"].len(), 10);
    dump::assert_same(&lived, &dump::state(again.path()));
    world.up().await;
    world.finish().await;
}

/// The last case.
fn journal_case(world: &World) -> u64 {
    dump::state(world.data.path())["cases"].last().and_then(|case| case.split(' ').next()?.parse().ok()).unwrap()
}

#[test]
fn what_a_scan_explains() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), config()).unwrap();
    std::fs::write(folder.path().join("in.txt"), format!("{}\n楼下快递到了，谁帮我拿一下\n", ADS[0])).unwrap();
    let mut command = qunwei();
    command.args(["scan", "--explain", "--config"]).arg(folder.path()).arg(folder.path().join("in.txt"));
    let output = command.output().unwrap();
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let finding = &lines[0]["findings"][0];
    assert_eq!((&lines[0]["verdict"], &finding["rule"]), (&json!("review"), &json!("score.start")));
    assert!(finding["score"].as_f64().is_some_and(|score| score > 0.7 && score <= 1.0), "{finding}");
    let pieces = finding["how"]["pieces"].as_array().unwrap();
    assert!(!pieces.is_empty());
    for piece in pieces {
        let (start, end) = (piece["start"].as_u64().unwrap() as usize, piece["end"].as_u64().unwrap() as usize);
        let text: String = ADS[0].chars().skip(start).take(end - start).collect();
        assert_eq!(json!(text), piece["text"]);
    }
    assert_eq!((&lines[1]["verdict"], &lines[1]["findings"]), (&json!("pass"), &json!([])));
}

/// Labelled messages: advertisements and talk, each once.
fn labelled(folder: &Path) -> std::path::PathBuf {
    let things = ["会员", "账号", "发票", "流量", "游戏币", "手机卡", "优惠券", "兼职名额", "课程", "面膜"];
    let mut lines = String::new();
    for (at, thing) in things.iter().enumerate() {
        for n in 0..30 {
            let ad = json!({"text": format!("{n}低价出{thing}，需要的加我微信{}", at * 31 + n), "label": 1, "source": "ours"});
            let talk = json!({"text": format!("我家的{thing}{n}号就用完了，明天再说"), "label": 0});
            lines += &format!("{ad}\n{talk}\n");
        }
    }
    let file = folder.join("labelled.jsonl");
    std::fs::write(&file, lines).unwrap();
    file
}

fn train(file: &Path, output: &Path, more: &[&str]) -> Output {
    let mut command = qunwei();
    command.arg("train").arg(file).arg("--output").arg(output).args(["--bits", "12"]).args(more);
    command.output().unwrap()
}

#[test]
fn a_model_is_made_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = labelled(folder.path());
    let model = folder.path().join("ours.model");
    let output = train(&file, &model, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    has(&String::from_utf8(output.stdout).unwrap(), &["made from ", "false alarms    recall", "0.01 %"]);
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("ours.model.report.json")).unwrap()).unwrap();
    assert_eq!(report["read"]["files"][0]["messages"], 600);
    assert_eq!(report["lines"].as_array().unwrap().len(), 9);
    let sources: Vec<&Value> = report["sources"].as_array().unwrap().iter().map(|one| &one["source"]).collect();
    assert!(sources.contains(&&json!("ours")) || sources.contains(&&json!("labelled.jsonl")), "{sources:?}");

    // The same input gives the same bytes; other rows do not.
    let again = folder.path().join("again.model");
    assert!(train(&file, &again, &["--report", folder.path().join("r.json").to_str().unwrap()]).status.success());
    assert_eq!(std::fs::read(&model).unwrap(), std::fs::read(&again).unwrap());
    let toml = "[[rule]]\nname = \"ours\"\nkind = \"score\"\ntitle = \"像广告\"\nmodel = \"ours.model\"\nfalse_alarms = 200\n\
                hit = [\"低价出面膜，需要的加我微信\"]\nmiss = [\"我家的面膜明天再说\"]\n";
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::rename(&model, folder.path().join("config/ours.model")).unwrap();
    std::fs::write(folder.path().join("config/a.toml"), toml).unwrap();
    let checked = qunwei().args(["check", "--config"]).arg(folder.path().join("config")).output().unwrap();
    assert!(checked.status.success(), "{}{}", String::from_utf8_lossy(&checked.stdout), stderr(&checked));
}

#[test]
fn bad_rows_are_told_and_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let file = labelled(folder.path());
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{{\n\n{{\"text\":\"a\",\"label\":2}}\n{good}{{\"label\":1}}\n")).unwrap();
    let model = folder.path().join("a.model");
    let output = train(&file, &model, &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    has(
        &told,
        &[
            "labelled.jsonl: line 1: is no labelled message",
            "line 3: `label` is 1 for a violation",
            "line 604:",
            "3 malformed lines",
        ],
    );
    assert!(model.exists(), "everything else was used");

    std::fs::write(&file, "{\"text\":\"只有一种\",\"label\":0}\n").unwrap();
    let output = train(&file, &folder.path().join("b.model"), &[]);
    assert_eq!(output.status.code(), Some(1));
    has(&stderr(&output), &["no model was made", "both labels"]);
    let output = train(&folder.path().join("none.jsonl"), &folder.path().join("b.model"), &[]);
    assert_eq!(output.status.code(), Some(1));
    has(&stderr(&output), &["cannot read", "none.jsonl"]);
    assert!(!folder.path().join("b.model").exists());
}
