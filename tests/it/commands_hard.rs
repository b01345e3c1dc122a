//! Commands when things are against them: names made to do harm, a store that fails, a bot that hangs, too much of everything.

use std::time::Duration;

use qunwei::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::commands::{HOUR, MINUTE, SPAM, command, give, has, offend, world};
use crate::support::bot::{Answer, message_of};
use crate::support::faulty::Fault;
use crate::support::{World, until};

const SECOND: Duration = Duration::from_secs(1);

/// Names that would do harm in a notice.
fn names() -> Vec<String> {
    vec![
        "\u{202e}gnp.exe\u{202c}\u{200b}".into(),
        "换\n行\r\u{7}\u{1b}[31m\u{2028}".into(),
        "@所有人".into(),
        "＠all 快来".into(),
        "{{ name }}{% for x in range(9) %}".into(),
        "名".repeat(200),
        "加微信abc12345".into(),
        "<script>alert(1)</script>".into(),
    ]
}

/// What no notice may hold, whoever it names.
fn is_harmless(action: &Value) {
    let Some(text) = action["text"].as_str() else { return };
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(bad), "{text:?}");
    for part in ["@所有人", "＠所有人", "@all", "＠all", "加微信", "换\n", &"名".repeat(33)] {
        assert!(!text.contains(part), "{part:?} is in {text:?}");
    }
}

/// Gives a command about a member of this name; what comes of it, looked at.
async fn about(world: &mut World, by: (&str, &str), text: &str, whom: (&str, &str)) -> Vec<Value> {
    let id = format!("h-{}-{}", world.clock_now().0, world.sent());
    let mut event = world.message(&id, by.0, "");
    event["sender"]["name"] = json!(by.1);
    event.as_object_mut().unwrap().remove("text");
    event["content"] = json!([{"type": "text", "text": text}, {"type": "mention", "user": whom.0, "name": whom.1}]);
    send(world, event).await
}

/// Sends an event; what comes of it once all is delivered.
async fn send(world: &mut World, event: Value) -> Vec<Value> {
    assert_eq!(world.post(event.to_string()).await.0, 200);
    world.settled().await;
    let actions: Vec<Value> = std::iter::from_fn(|| world.bot.read()).collect();
    actions.iter().for_each(is_harmless);
    world.turn(2 * MINUTE);
    actions
}

fn texts(actions: &[Value]) -> String {
    actions.iter().filter_map(|action| action["text"].as_str()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_name_does_harm_in_any_answer() {
    let mut world = world().await;
    let mut case = 0;
    for (at, name) in names().iter().enumerate() {
        let user = format!("u{at}");
        let whom = (user.as_str(), name.as_str());
        assert_eq!(about(&mut world, ("boss", name), "/警告 刷屏", whom).await.len(), 2, "{name:?}");
        about(&mut world, ("boss", name), "/禁言 10分钟", whom).await;
        has(&texts(&about(&mut world, ("boss", name), "/解禁", whom).await), &["已解除"]);
        has(&texts(&about(&mut world, ("boss", name), "/移出 骂人", whom).await), &["确认"]);
        about(&mut world, ("boss", name), "/移出 骂人 确认", whom).await;
        has(&texts(&about(&mut world, ("boss", name), "/移出 确认", ("chief", name)).await), &["不受处罚"]);
        case += 3;
        let asked = |text: &str| (format!("/{text} {case}"), ("9", "小9"));
        let (show, nobody) = asked("案件");
        has(&texts(&about(&mut world, ("boss", name), &show, nobody).await), &[&format!("案件 {case}")]);
        let (undo, nobody) = asked("撤销");
        has(&texts(&about(&mut world, ("boss", name), &undo, nobody).await), &["已撤销案件"]);
        has(&texts(&about(&mut world, ("boss2", name), &undo, nobody).await), &["已撤销过"]);
        about(&mut world, ("boss", name), "/停", nobody).await;
        has(&texts(&about(&mut world, ("boss2", name), "/停", nobody).await), &["已经停手"]);
        has(&texts(&about(&mut world, ("boss2", name), "/状态", nobody).await), &["停手"]);
        about(&mut world, ("boss", name), "/恢复", nobody).await;
        about(&mut world, ("boss", name), &format!("/加词 内部认购{at}"), nobody).await;
        has(&texts(&about(&mut world, ("boss", name), "/词表", nobody).await), &["加了"]);
    }
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn what_is_repeated_of_a_command_does_no_harm() {
    let mut world = world().await;
    for bad in ["@所有人", "\u{202e}转向", "＠all"] {
        for text in
            [format!("/帮助 {bad}"), format!("/案件 {bad}"), format!("/撤销 {bad}"), format!("/警告 {bad} 快看")]
        {
            let actions = about(&mut world, ("boss", "小boss"), &text, ("9", "小9")).await;
            assert!(!actions.is_empty(), "{text:?}");
        }
        let member = about(&mut world, ("8", "小8"), &format!("/帮助 {bad}"), ("9", "小9")).await;
        has(&texts(&member), &["个命令"]);
        for text in [format!("/加词 {bad}甲乙丙"), format!("/词表 {bad}"), format!("/删词 {bad}戊己庚")] {
            about(&mut world, ("boss", "小boss"), &text, ("9", "小9")).await;
        }
    }
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn a_member_who_appeals_is_named_harmlessly() {
    let mut world = world().await;
    let first = offend(&mut world, "9", 2).await;
    let notice = first.iter().find(|action| action["type"] == "private").unwrap();
    for (at, name) in names().iter().enumerate() {
        let mut event = world.message(&format!("q-{at}"), &format!("u{at}"), "误判");
        event["sender"]["name"] = json!(name);
        event["quote"] = json!({"message": message_of(notice), "sender": "bot", "text": notice["text"]});
        has(&texts(&send(&mut world, event).await), &["已转告管理员", "案件 1"]);
    }
    world.settled().await;
    while world.bot.read().is_some() {} // nobody looked at them, so the admins were asked again
    world.finish().await;
}

#[tokio::test]
async fn who_mentions_the_bot_needs_no_sign() {
    let mut world = world().await;
    let text = std::fs::read_to_string(world.file("config/qunwei.toml")).unwrap();
    let named = text.replace("# bot_user = \"bot-1\"", "bot_user = \"bot-1\"");
    assert_ne!(text, named);
    world.write("config/qunwei.toml", &named);
    world.restart().await;
    let say = |world: &World, user: &str, content: Value| {
        let mut event = world.message(&format!("b-{}", world.sent()), user, "");
        event.as_object_mut().unwrap().remove("text");
        event["content"] = content;
        event
    };
    let bot = json!({"type": "mention", "user": "bot-1", "name": "群卫"});
    let whom = json!({"type": "mention", "user": "9", "name": "小9"});
    let text = |text: &str| json!({"type": "text", "text": text});
    let event = say(&world, "boss", json!([bot, text(" 禁言 "), whom, text(" 三小时 吵架")]));
    has(&texts(&send(&mut world, event).await), &["案件 1", "吵架"]);
    assert!(world.bot.model().muted.contains(&("g1".to_owned(), "9".to_owned())));
    let event = say(&world, "8", json!([bot, text("：你会什么？")]));
    has(&texts(&send(&mut world, event).await), &["/帮助"]);
    let event = say(&world, "8", json!([bot, text("我的记录")]));
    has(&texts(&send(&mut world, event).await), &["没有违规记录"]);
    // The bot itself is not dealt with, and commands nothing; another's mention is no call.
    let event = say(&world, "boss", json!([text("/禁言 1小时 "), bot]));
    has(&texts(&send(&mut world, event).await), &["不能对我用"]);
    for event in [say(&world, "bot-1", json!([text("/停")])), say(&world, "boss", json!([whom, text(" 停")]))] {
        assert_eq!(send(&mut world, event).await, Vec::<Value>::new());
    }
    // A notice that the platform shows without its id is known by its number, but only as the bot's own.
    let quoting = |sender: &str| json!({"sender": sender, "text": "@小9 因「吵架」被禁言（案件 1）。"});
    let mut event = world.message("b-q1", "boss", "误判");
    event["quote"] = quoting("8");
    assert_eq!(send(&mut world, event.clone()).await, Vec::<Value>::new());
    event["id"] = json!("b-q2");
    event["quote"] = quoting("bot-1");
    has(&texts(&send(&mut world, event).await), &["已撤销案件 1"]);
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn what_is_forwarded_or_edited_commands_nothing() {
    let mut world = world().await;
    let mut forwarded = world.message("f-1", "boss", "");
    forwarded.as_object_mut().unwrap().remove("text");
    forwarded["content"] =
        json!([{"type": "chat_record", "items": [{"text": "/停"}]}, {"type": "text", "text": "/停"}]);
    assert_eq!(send(&mut world, forwarded).await, Vec::<Value>::new());
    let said = world.message("f-2", "boss", "大家好");
    send(&mut world, said).await;
    let edited = json!({"id": "f-3", "type": "message_edited", "group": "g1", "message": "f-2",
                        "time": world.clock_now().to_string(), "sender": {"id": "boss"}, "text": "/停"});
    assert_eq!(send(&mut world, edited).await, Vec::<Value>::new());
    has(&command(&mut world, "boss", "/状态", &[]).await, &["照规则处理"]);
    world.finish().await;
}

#[tokio::test]
async fn a_group_says_who_may_what() {
    let toml = "[group.g1]\nowner = \"chief\"\nadmins = [\"boss\"]\n\
                [group.g1.commands]\nstop = [\"owner\"]\ntry = [\"owner\", \"admin\", \"member\"]\nreload = []\n";
    let mut world = World::with(toml).await;
    has(&command(&mut world, "boss", "/停", &[]).await, &["只有群主能用 /停"]);
    has(&command(&mut world, "9", "/试 你好", &[]).await, &["不会判为违规"]);
    has(&command(&mut world, "chief", "/重载", &[]).await, &["没有人能用 /重载"]);
    let help = command(&mut world, "boss", "/帮助", &[]).await;
    assert!(!help.contains("/停 ") && !help.contains("/重载") && help.contains("/恢复"), "{help}");
    has(&command(&mut world, "9", "/帮助", &[]).await, &["/试"]);
    has(&command(&mut world, "chief", "/停", &[]).await, &["已停手"]);
    world.finish().await;
}

#[tokio::test]
async fn too_much_of_everything_is_refused_in_words() {
    let mut world = world().await;
    let many: Vec<String> = (0..200).map(|n| format!("u{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    has(&command(&mut world, "boss", "/警告 ", &many).await, &["最多 10 个人"]);
    let long = "长".repeat(10_000);
    for (text, told) in [
        (format!("/试 {long}"), "判为违规"),
        (format!("/加词 {long}"), "太长"),
        (format!("/帮助 {long}"), "个命令"),
        (format!("/案件 {long}"), "不是案件的编号"),
        (format!("/删词 {long}"), "太长"),
        (format!("/撤销 {}", "9".repeat(10_000)), "不是编号"),
    ] {
        let answer = command(&mut world, "boss", &text, &[]).await;
        has(&answer, &[told]);
        assert!(answer.chars().count() < 300, "{answer}");
    }
    // A reason is cut short.
    give(&mut world, "boss", &format!("/警告 {long}"), &["9"], None).await;
    for _ in 0..2 {
        assert!(world.next().await["text"].as_str().unwrap().chars().count() < 300);
    }
    let words: Vec<String> = (0..51).map(|n| format!("甲乙{n}")).collect();
    has(&command(&mut world, "boss", &format!("/加词 {}", words.join(" ")), &[]).await, &["最多 50 个词语"]);
    for (text, told) in [
        ("/加词 ，，、；", "没有写词语"),
        ("/加词 ！！！ 。。 ❤❤", "没有字母、数字或汉字"),
        ("/删词 ！！！", "词表里没有"),
        ("/词表 ❤❤", "哪里都没有"),
        ("/词表 ？？？", "群里的改动"),
        ("/试 ！！！", "不会判为违规"),
    ] {
        has(&command(&mut world, "boss", text, &[]).await, &[told]);
    }
    for text in ["／／／", "/！！！", "/ ？", "/"] {
        give(&mut world, "boss", text, &[], None).await; // no commands
    }
    world.finish().await;
}

#[tokio::test]
async fn a_group_has_room_for_a_thousand_words() {
    let mut world = world().await;
    let words = |from: usize, to: usize| (from..to).map(|n| format!("甲乙{n:04}丙")).collect::<Vec<_>>().join(" ");
    for from in (0..950).step_by(50) {
        command(&mut world, "boss", &format!("/加词 {}", words(from, from + 50)), &[]).await;
        world.turn(SECOND); // no more than so many answers a second
    }
    let last = command(&mut world, "boss", &format!("/加词 {}", words(950, 999)), &[]).await;
    has(&last, &["共加了 999 个词"]);
    let over = command(&mut world, "boss", &format!("/加词 {}", words(999, 1002)), &[]).await;
    has(&over, &["共加了 1000 个词", "没有加", "已到 1000 个"]);
    has(&command(&mut world, "boss", "/加词 再来一个", &[]).await, &["已到 1000 个"]);
    has(&command(&mut world, "boss", "/撤销 改1", &[]).await, &["已撤销改1"]);
    has(&command(&mut world, "boss", "/加词 再来一个", &[]).await, &["共加了 951 个词"]);
    has(&command(&mut world, "boss", "/试 这里有甲乙0999丙吗", &[]).await, &["会判为违规"]);
    world.finish().await;
}

#[tokio::test]
async fn a_word_of_the_files_can_stop_counting_in_one_group() {
    let mut world = world().await;
    let elsewhere = |world: &World| {
        let mut event = world.message(&format!("e-{}", world.sent()), "boss", "/试 短信轰炸机");
        event["group"] = json!("g2");
        event["sender"]["role"] = json!("admin");
        event
    };
    has(&command(&mut world, "boss", "/试 短信轰炸机", &[]).await, &["会判为违规"]);
    has(&command(&mut world, "boss", "/删词 短信轰炸机", &[]).await, &["改1", "不再算违规"]);
    has(&command(&mut world, "boss", "/试 短 信 轰 炸 机", &[]).await, &["不会判为违规"]);
    has(&command(&mut world, "boss", "/删词 短信轟炸機", &[]).await, &["本来就不算"]);
    world.say("9", "短信轰炸机").await;
    let event = elsewhere(&world);
    has(&texts(&send(&mut world, event).await), &["会判为违规"]);
    // Adding it here would change nothing while it is taken out: that is said, with the way back.
    has(&command(&mut world, "boss", "/加词 短信轰炸机", &[]).await, &["没有加", "/撤销 改1"]);
    world.restart().await;
    has(&command(&mut world, "boss", "/试 短信轰炸机", &[]).await, &["不会判为违规"]);
    let mut event = elsewhere(&world);
    event["text"] = json!("/撤销 改1");
    has(&texts(&send(&mut world, event).await), &["本群没有改动"]);
    has(&command(&mut world, "boss", "/撤销 改1", &[]).await, &["重新算违规"]);
    has(&command(&mut world, "boss", "/试 短信轰炸机", &[]).await, &["会判为违规"]);
    world.finish().await;
}

#[tokio::test]
async fn a_command_that_cannot_be_stored_did_nothing() {
    let mut world = world().await;
    offend(&mut world, "9", 2).await;
    let mention = json!({"type": "mention", "user": "8", "name": "小8"});
    let texts_of = ["/加词 学区房", "/撤销 1", "/停", "/禁言 1小时 "];
    let mut events = Vec::new();
    for (at, text) in texts_of.into_iter().enumerate() {
        let mut event = world.message(&format!("s-{at}"), "boss", "");
        event.as_object_mut().unwrap().remove("text");
        event["content"] = json!([{"type": "text", "text": text}, mention]);
        events.push(event);
    }
    for fault in [Fault::Full, Fault::Reads] {
        for event in &events {
            world.faults.set([fault.clone()]);
            assert_eq!(world.post(event.to_string()).await.0, 503, "{event}");
            world.faults.set([]);
            world.turn(SECOND);
            until("it is ready", || world.running().health.ready().ok()).await;
        }
    }
    assert!(world.bot.model().muted.is_empty());
    has(&command(&mut world, "boss", "/状态", &[]).await, &["照规则处理", "加了 0 个词"]);
    has(&command(&mut world, "9", "/我的记录", &[]).await, &["1 次"]);
    // The same again, now that it can be stored; numbers go on without a gap, and each acts once.
    assert_eq!(world.post(events[0].to_string()).await, (200, json!({"accepted": 1, "duplicates": 0})));
    has(world.next().await["text"].as_str().unwrap(), &["改1"]);
    assert_eq!(world.post(events[3].to_string()).await.0, 200);
    world.next_kinds(3).await;
    assert_eq!(world.post(events[3].to_string()).await, (200, json!({"accepted": 0, "duplicates": 1})));
    assert_eq!(world.post(events[0].to_string()).await, (200, json!({"accepted": 0, "duplicates": 1})));
    has(&command(&mut world, "boss", "/案件 2", &[]).await, &["小8"]);
    has(&command(&mut world, "boss", "/案件 3", &[]).await, &["没有案件 3"]);
    world.finish_after_mutes().await;
}

#[tokio::test]
async fn a_removal_under_way_when_it_is_undone_is_told_to_the_admins() {
    let mut world = world().await;
    world.bot.always(Some(Answer::DoAndHang(2 * SECOND)));
    give(&mut world, "boss", "/移出 确认", &["9"], None).await;
    let member = ("g1".to_owned(), "9".to_owned());
    until("the removal is under way", || world.bot.model().removed.contains(&member).then_some(())).await;
    world.bot.always(None);
    give(&mut world, "boss", "/撤销 1", &[], None).await;
    let asked = until("the admins are asked", || world.bot.read().filter(|action| action["type"] == "task")).await;
    has(asked["text"].as_str().unwrap(), &["移出已撤销或取消（案件 1）", "重新邀请"]);
    world.settled().await;
    while world.bot.read().is_some() {}
    has(&command(&mut world, "boss", "/案件 1", &[]).await, &["已由 小boss 撤销"]);
    world.finish().await;
}

#[tokio::test]
async fn whose_held_notice_is_dropped_keeps_the_strike_and_is_not_in_a_burst_for_ever() {
    let mut world =
        World::with("[group.g1]\nprofile = \"p\"\nadmins = [\"boss\"]\n[profile.p]\nladder = [\"warn_public\"]\n")
            .await;
    for user in 0..6 {
        world.say(&format!("m{user}"), SPAM).await;
        world.next_kinds(2).await;
    }
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    world.say("9", SPAM).await;
    world.quiet().await;
    // What is held against a member is not in memory after that.
    world.restart().await;
    give(&mut world, "boss", "/停", &[], None).await;
    world.quiet().await;
    world.bot.always(None);
    world.turn(5 * MINUTE);
    has(world.next().await["text"].as_str().unwrap(), &["已停手"]);
    has(&command(&mut world, "boss", "/恢复", &[]).await, &["已恢复"]);
    world.say("9", SPAM).await;
    world.next_kinds(2).await;
    has(&command(&mut world, "9", "/我的记录", &[]).await, &["2 次"]);
    world.finish().await;
}

#[tokio::test]
async fn a_warning_under_way_when_it_is_undone_is_not_the_last_word() {
    let mut world = world().await;
    world.bot.always(Some(Answer::DoAndHang(2 * SECOND)));
    world.say("9", SPAM).await;
    until("the warning is under way", || world.bot.read().filter(|action| action["type"] == "private")).await;
    world.bot.always(None);
    give(&mut world, "boss", "/撤销 1", &[], None).await;
    let told = until("the member is told", || world.bot.read().filter(|action| action["type"] == "private")).await;
    assert_eq!((&told["user"], &told["cause"]["step"]), (&json!("9"), &json!("undo")), "{told}");
    has(told["text"].as_str().unwrap(), &["案件 1", "撤销"]);
    world.settled().await;
    while world.bot.read().is_some() {}
    world.finish().await;
}

/// An admin has muted `9` two minutes ago; gives when that ends.
async fn muted_for_an_hour(world: &mut World) -> Timestamp {
    give(world, "boss", "/禁言 1小时", &["9"], None).await;
    world.next_kinds(3).await;
    world.settled().await;
    let end = world.clock_now().plus(HOUR);
    world.turn(2 * MINUTE);
    end
}

#[tokio::test]
async fn of_two_mutes_the_one_that_stays_ends_when_it_would_have() {
    let mut world = world().await;
    let silent = ("g1".to_owned(), "9".to_owned());
    let end = muted_for_an_hour(&mut world).await;
    give(&mut world, "boss", "/禁言 3小时", &["9"], None).await;
    world.next_kinds(3).await;
    world.settled().await;
    give(&mut world, "boss", "/撤销 2", &[], None).await;
    let all = [world.next().await, world.next().await, world.next().await, world.next().await];
    assert!(texts(&all).contains("禁言缩短到"), "{all:#?}");
    let mute = all.iter().find(|action| action["type"] == "mute").unwrap();
    let until = Timestamp::parse(mute["until"].as_str().unwrap());
    assert_eq!(until, Some(end), "{mute}");
    assert!(world.bot.model().muted.contains(&silent), "the longer mute ends before the shorter begins");
    world.settled().await;
    world.turn(HOUR - 2 * MINUTE);
    assert_eq!(world.next_kinds(1).await, [("unmute".to_owned(), "unmute".to_owned())]);
    assert!(!world.bot.model().muted.contains(&silent));
    has(&command(&mut world, "9", "/我的记录", &[]).await, &["1 次", "案件 1"]);
    world.turn(3 * HOUR);
    world.finish().await;
}

#[tokio::test]
async fn a_mute_under_way_when_it_is_undone_leaves_the_one_that_runs() {
    let mut world = world().await;
    let silent = ("g1".to_owned(), "9".to_owned());
    let end = muted_for_an_hour(&mut world).await;
    world.bot.always(Some(Answer::DoAndHang(2 * SECOND)));
    give(&mut world, "boss", "/禁言 3小时", &["9"], None).await;
    let mute = |world: &World| world.bot.read().filter(|action| action["type"] == "mute");
    until("the longer mute is under way", || mute(&world)).await;
    world.bot.always(None);
    give(&mut world, "boss", "/撤销 2", &[], None).await;
    let again = until("the shorter one is given anew", || mute(&world)).await;
    let until = Timestamp::parse(again["until"].as_str().unwrap());
    assert_eq!((until, &again["cause"]["case"]), (Some(end), &json!("1")), "{again}");
    world.settled().await;
    assert!(world.bot.model().muted.contains(&silent));
    while world.bot.read().is_some() {}
    world.turn(HOUR);
    assert_eq!(world.next_kinds(1).await, [("unmute".to_owned(), "unmute".to_owned())]);
    world.turn(3 * HOUR);
    world.finish().await;
}

#[tokio::test]
async fn a_mute_that_was_never_given_leaves_the_one_that_runs() {
    let mut world = world().await;
    muted_for_an_hour(&mut world).await;
    world.bot.always(Some(Answer::Status(503, Vec::new())));
    give(&mut world, "boss", "/禁言 3小时", &["9"], None).await;
    world.quiet().await;
    give(&mut world, "boss", "/撤销 2", &[], None).await;
    world.quiet().await;
    world.bot.always(None);
    world.turn(5 * MINUTE);
    let told = texts(&[world.next().await, world.next().await]);
    has(&told, &["（案件 2）", "已撤销案件 2", "2 个还没送出的动作取消"]);
    has(&command(&mut world, "9", "/我的记录", &[]).await, &["1 次", "禁言到"]);
    world.settled().await;
    world.turn(HOUR);
    assert_eq!(world.next_kinds(1).await, [("unmute".to_owned(), "unmute".to_owned())]);
    assert!(world.bot.model().muted.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_mute_that_an_earlier_one_made_longer_is_its_own_again_without_it() {
    let mut world = world().await;
    give(&mut world, "boss", "/禁言 3小时", &["9"], None).await;
    world.next_kinds(3).await;
    world.settled().await;
    world.turn(2 * MINUTE);
    give(&mut world, "boss", "/禁言 1小时", &["9"], None).await;
    world.next_kinds(3).await;
    world.settled().await;
    let end = world.clock_now().plus(HOUR);
    world.turn(2 * MINUTE);
    give(&mut world, "boss", "/撤销 1", &[], None).await;
    let all = [world.next().await, world.next().await, world.next().await, world.next().await];
    assert!(texts(&all).contains("禁言缩短到"), "{all:#?}");
    let mute = all.iter().find(|action| action["type"] == "mute").unwrap();
    let until = Timestamp::parse(mute["until"].as_str().unwrap());
    assert_eq!(until, Some(end), "{mute}");
    world.settled().await;
    world.restart().await;
    world.turn(HOUR - 2 * MINUTE);
    assert_eq!(world.next_kinds(1).await, [("unmute".to_owned(), "unmute".to_owned())]);
    assert!(world.bot.model().muted.is_empty());
    world.settled().await;
    world.turn(3 * HOUR);
    world.finish().await;
}

#[tokio::test]
async fn a_name_that_matches_a_word_of_the_chat_is_masked() {
    let mut world = world().await;
    let whom = ("9", "卖学区房的老王");
    command(&mut world, "boss", "/加词 学区房", &[]).await;
    for text in ["/警告 刷屏", "/解禁", "/移出 骂人", "/撤销 1"] {
        let told = texts(&about(&mut world, ("boss", whom.1), text, whom).await);
        assert!(!told.contains("学区房") && told.contains("卖＊＊"), "{text}: {told}");
    }
    let joined = json!({"id": "j-1", "type": "member_joined", "group": "g1", "time": world.clock_now().to_string(),
                        "members": [{"id": "77", "name": whom.1}]});
    assert_eq!(send(&mut world, joined).await, Vec::<Value>::new());
    let welcome = world.next().await;
    assert!(!texts(std::slice::from_ref(&welcome)).contains("学区房"), "{welcome}");
    // In another group it is a name like any other.
    let mut event = world.message("o-1", "boss", "");
    event.as_object_mut().unwrap().remove("text");
    event["group"] = json!("g2");
    event["sender"]["role"] = json!("admin");
    event["content"] = json!([{"type": "text", "text": "/解禁 "}, {"type": "mention", "user": whom.0, "name": whom.1}]);
    has(&texts(&send(&mut world, event).await), &["卖学区房的老王"]);
    world.finish().await;
}
