//! What is told of somebody is kept in no case; contacts; what several members do together is told once: from messages over
//! HTTP to what the admins get, through a restart, and the same from the journal.

use std::time::Duration;

use serde_json::{Value, json};

use crate::journal::run_again;
use crate::support::{World, combined_rules, dump};

const CARD: &str = "110101199003077512";
const BANK: &str = "6222021234567890128";

/// What a model and the combinations of words think of these texts is another matter: they are off.
fn uncombined() -> String {
    let off = |name: String| format!("[profile.default.rule.{name}]\nmode = \"off\"\n");
    combined_rules().into_iter().chain(["\"score.start\"".to_owned()]).map(off).collect()
}

/// Says something in `g1` and waits for what follows.
async fn say(world: &mut World, user: &str, text: &str) {
    world.say(user, text).await;
    world.settled().await;
}

/// What the bot got since it was last read, as (type, step, rule, text).
fn got(world: &World) -> Vec<(String, String, String, String)> {
    let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |action: Value| {
        let cause = &action["cause"];
        (of(&action["type"]), of(&cause["step"]), of(&cause["rule"]), of(&action["text"]))
    };
    std::iter::from_fn(|| world.bot.read()).map(one).collect()
}

/// How often the admins were asked to look at what a rule found.
fn asked(world: &World, rule: &str) -> usize {
    got(world).iter().filter(|(_, step, of, _)| step == "review" && of == rule).count()
}

#[tokio::test]
async fn numbers_of_cards_are_taken_down_and_kept_nowhere_but_in_the_journal() {
    let mut world = World::with("[profile.calm]\nburst_seconds = 3600\n[group.g1]\nprofile = \"calm\"\n").await;
    let spelled = "壹壹零壹零壹壹玖玖零零叁零柒柒伍壹贰";
    say(&mut world, "7", &format!("帮我订票，身份证 {CARD}，谢谢，你个傻逼")).await;
    let first = got(&world);
    let kinds: Vec<_> = first.iter().map(|(kind, step, ..)| (kind.as_str(), step.as_str())).collect();
    assert_eq!(kinds, [("delete", "warn_private"), ("private", "warn_private")]);
    assert!(first[1].3.contains("身份证号或银行卡号") && !first[1].3.contains("1101"), "{first:?}");
    // In the same burst: evidence of the same case.
    say(&mut world, "7", &format!("再发一遍 {spelled}，或者打到 6222 0212 3456 7890 128，日结的加我 {BANK}")).await;
    assert_eq!(got(&world).iter().map(|(kind, ..)| kind.as_str()).collect::<Vec<_>>(), ["delete"]);
    // A person quotes it.
    let mut command = world.message("c-1", "1", "/警告 别发证件");
    command["sender"]["role"] = json!("owner");
    command["quote"] = json!({"message": "m-9", "sender": "8", "text": format!("我的卡 {BANK}")});
    assert_eq!(world.post(command.to_string()).await.0, 200);
    let mut show = world.message("c-2", "1", "/案件 1");
    show["sender"]["role"] = json!("owner");
    assert_eq!(world.post(show.to_string()).await.0, 200);
    world.settled().await;
    let told = got(&world);
    assert!(told.iter().any(|(.., text)| text.contains("命中“1＊")), "{told:?}");
    world.down().await;
    let state = dump::state(world.data.path());
    assert!(state["cases"].len() == 2 && state["evidence"].len() == 1, "{state:?}");
    for row in state.values().flatten() {
        for secret in [&CARD[..6], &BANK[..6], "6222 0212", "壹壹零壹零壹", "19900307"] {
            assert!(!row.contains(secret), "{secret} is in {row}");
        }
    }
    assert!(state["evidence"][0].contains("壹＊＊＊"), "{:?}", state["evidence"]);
}

#[tokio::test]
async fn a_contact_is_ordinary_until_it_is_an_offer() {
    let mut world = World::with(&uncombined()).await;
    say(&mut world, "7", "我电话 13812345678，快递放门口").await;
    say(&mut world, "7", "提醒大家：说日结、让你加 13812345678 的是骗子").await;
    assert_eq!(got(&world), []);
    say(&mut world, "8", "手工活，日 结，有意打 一三八 一二三四 五六七八").await;
    let rules: Vec<_> = got(&world).into_iter().map(|(.., rule, _)| rule).collect();
    assert!(!rules.is_empty() && rules.iter().all(|rule| rule == "contacts.offer"), "{rules:?}");
    say(&mut world, "9", "资料在 lingjiang88 点 com").await;
    world.turn(Duration::from_secs(120));
    world.settled().await;
    assert!(got(&world).iter().any(|(_, step, ..)| step == "review"));
    world.down().await;
}

/// One advertisement in three wordings.
const REWORDED: [&str; 3] = [
    "专业团队承接各类网站小程序开发，价格实惠质量保证，有需要的老板直接找我",
    "专业团队承接各类网站、小程序开发，价格优惠质量保证，有需要的朋友直接找我",
    "亲，专业团队承接各类网站小程序开发，价格实惠、质量有保证，有需要的老板请直接找我",
];

#[tokio::test]
async fn what_a_crowd_does_is_told_once_and_the_same_from_the_journal() {
    let mut world = World::with(&uncombined()).await;
    // Hired accounts: two before a restart, more after it.
    say(&mut world, "a", REWORDED[0]).await;
    world.turn(Duration::from_secs(5));
    say(&mut world, "b", REWORDED[1]).await;
    assert_eq!(got(&world), []);
    world.restart().await;
    for (at, user) in ["c", "d", "e"].into_iter().enumerate() {
        world.turn(Duration::from_secs(61));
        say(&mut world, user, &REWORDED[at].replace("小程序", "小程序和公众号")).await;
        assert_eq!(asked(&world, "concert.group"), usize::from(at == 0), "{user}");
    }
    // A quarrel.
    world.turn(Duration::from_secs(3600));
    let mut told = 0;
    for round in 0..12 {
        world.turn(Duration::from_secs(8));
        let user = if round % 2 == 0 { "x" } else { "y" };
        let mut event =
            world.message(&format!("q-{round}"), user, if round < 4 { "你凭什么这么说" } else { "你个弱智，少来" });
        event["quote"] = json!({"message": "q-0", "sender": "y", "text": "…"});
        assert_eq!(world.post(event.to_string()).await.0, 200);
        world.settled().await;
        told += asked(&world, "heat.quarrel");
        if round == 5 {
            world.restart().await;
        }
    }
    assert_eq!(told, 1);
    world.turn(Duration::from_secs(3600));
    world.quiet().await;
    world.settled().await;
    got(&world);
    world.down().await;
    let settings = world.config().settings;
    let again = tempfile::tempdir().unwrap();
    run_again(&settings, world.data.path(), again.path());
    dump::assert_same(&dump::state(world.data.path()), &dump::state(again.path()));
    assert_eq!(world.bot.faults(), Vec::<String>::new());
}
