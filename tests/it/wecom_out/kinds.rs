//! Each kind of action, by the way of its group.

use qunwei::adapters::wecom::callback::Channel;
use qunwei::domain::event::{Event, Kind as EventKind};
use qunwei::domain::image::Image;

use super::*;

#[tokio::test]
async fn what_is_said_in_a_group_takes_the_first_way_there_is() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let words = send("请看群规 <@lisi> @所有人", &["zhangsan", EXTERNAL, "@all"]);
    assert_eq!(perform(&platform, "a-1", "wr1", words.clone()).await, DONE);
    assert_eq!(perform(&platform, "a-2", "chat1", words.clone()).await, DONE);
    let echo = Reply::Done { message: Some("inner: 请看群规 ＜@lisi> ＠所有人".to_owned()) };
    assert_eq!(perform(&platform, "a-3", "inner", words.clone()).await, echo);
    assert!(refused(&perform(&platform, "a-4", "elsewhere", words).await));
    {
        let model = stage.fake.model();
        assert_eq!(model.texts_in("wr1"), ["请看群规 ＜@lisi> ＠所有人"]);
        assert_eq!(model.texts_in("chat1"), ["请看群规 ＜@lisi> ＠所有人"]);
        assert!(model.said.iter().all(|said| said.mentions == ["zhangsan"]), "{:?}", model.said);
    }
    stage.finish();
}

#[tokio::test]
async fn an_employee_is_told_in_private_and_it_can_be_taken_back() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let long = format!("第一段。{}", "长".repeat(900));
    let Reply::Done { message: Some(message) } = perform(&platform, "a-1", "wr1", private("lisi", &long)).await else {
        panic!("it has an id")
    };
    let texts = stage.fake.model().texts_to("lisi");
    assert_eq!((texts.len(), texts.concat()), (2, long));
    assert!(refused(&perform(&platform, "a-2", "wr1", private(EXTERNAL, "您好")).await));
    let delete = |message: &str| What::Delete { message: message.into() };
    for _ in 0..2 {
        assert_eq!(perform(&platform, "a-3", "wr1", delete(&message)).await, DONE, "twice does no harm");
    }
    assert!(stage.fake.model().said.iter().all(|said| said.recalled));
    assert!(refused(&perform(&platform, "a-4", "wr1", delete("M00000001")).await), "somebody else's");
    stage.finish();
}

#[tokio::test]
async fn members_are_removed_from_groups_that_an_app_created_alone() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let remove = |user: &str| What::Remove { user: user.into() };
    for _ in 0..2 {
        assert_eq!(perform(&platform, "a-1", "chat1", remove("wangwu")).await, DONE);
    }
    assert_eq!(stage.fake.model().groups["chat1"].members.len(), 2);
    let updates = stage.fake.model().calls.iter().filter(|call| call.ends_with("appchat/update")).count();
    assert_eq!(updates, 1, "who is gone is not removed again");
    assert!(refused(&perform(&platform, "a-2", "chat1", remove("zhangsan")).await), "the owner");
    assert!(refused(&perform(&platform, "a-3", "wr1", remove(EXTERNAL)).await));
    stage.finish();
}

#[tokio::test]
async fn a_task_is_a_card_whose_buttons_come_back_and_that_changes_for_all() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let buttons = [("removed", "已移出"), ("keep", "不处理")];
    let what = task("请移出小王\n在群里发了广告", &["zhangsan", "lisi", EXTERNAL], &buttons);
    let Reply::Done { message: Some(code) } = perform(&platform, "a-1", "wr1", what).await else {
        panic!("it has a response code")
    };
    {
        let mut model = stage.fake.model();
        let card = &model.cards[0];
        assert_eq!((card.task.as_str(), card.users.join(" ")), ("a-1@wr1", "zhangsan lisi".to_owned()));
        assert_eq!(card.buttons[0], ("removed".to_owned(), "已移出".to_owned()));
        assert!(model.press("a-1@wr1", "boss", "removed").is_err(), "he does not have it");
        model.press("a-1@wr1", "lisi", "removed").unwrap();
        let callback = model.callbacks.pop_back().unwrap();
        assert!(callback.to == format!("app:{AGENT}") && callback.plaintext.contains("<EventKey><![CDATA[removed]]>"));
        let clicked = Channel::App.read(callback.plaintext.as_bytes()).events.remove(0);
        let clicked = Event::parse(&clicked).unwrap();
        let pressed = EventKind::Button { user: "lisi".into(), task: "a-1".into(), choice: "removed".into() };
        assert_eq!((&*clicked.group, clicked.kind), ("wr1", pressed), "the click says of which group the task is");
    }
    let app = stage.app();
    assert_eq!(app.close_card(&code, &[], "李四：已移出").await.unwrap(), Vec::<String>::new());
    {
        let model = stage.fake.model();
        assert_eq!(model.cards[0].closed.len(), 2);
        assert_eq!(model.cards[0].closed["zhangsan"], "李四：已移出");
    }
    assert!(app.close_card(&code, &[], "再来").await.is_err(), "a response code is good once");
    stage.finish();
}

#[tokio::test]
async fn who_is_asked_is_an_employee_and_what_no_card_can_carry_is_told() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let buttons = [("handled", "已处理")];
    let long = format!("请处理\n{}", "证据。".repeat(300));
    assert!(matches!(
        perform(&platform, "a-1", "wr1", task(&long, &[EXTERNAL], &buttons)).await,
        Reply::Done { message: Some(_) }
    ));
    {
        let model = stage.fake.model();
        let texts = model.texts_to("boss");
        assert_eq!((texts.len(), texts[..2].concat()), (3, long));
        assert_eq!(model.cards[0].users, ["boss"]);
    }
    perform(&platform, "a-2", "wr1", task("没有按钮", &[], &[])).await;
    assert_eq!(stage.fake.model().texts_to("boss").last().map(String::as_str), Some("没有按钮"));
    let nobody = Wecom::new(Routes { duty: Vec::new(), ..stage.routes() });
    assert!(refused(&perform(&nobody, "a-3", "wr1", task("题", &[EXTERNAL], &buttons)).await));
    stage.finish();
}

#[tokio::test]
async fn a_picture_goes_the_way_of_its_group_and_keeps_to_the_robots_minute() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let image = Image::new("poster.png", b"\x89PNG\r\n\x1a\nrest".to_vec()).unwrap();
    let what = What::Image { image: image.clone() };
    assert!(refused(&perform(&platform, "a-0", "wr1", What::Image { image: image.named() }).await), "it has no bytes");
    assert!(refused(&perform(&platform, "a-0", "elsewhere", what.clone()).await));
    assert_eq!(stage.fake.model().calls, Vec::<String>::new());
    let echoed = Reply::Done { message: Some("inner: image/png 12".to_owned()) };
    assert_eq!(perform(&platform, "a-0", "inner", what.clone()).await, echoed);
    assert_eq!(perform(&platform, "a-0", "chat1", what.clone()).await, DONE);
    {
        let mut model = stage.fake.model();
        let said = model.said.remove(0);
        let (_, bytes) = &model.media[said.body["image"]["media_id"].as_str().unwrap()];
        assert_eq!((said.kind.as_str(), &bytes[..]), ("image", &b"\x89PNG\r\n\x1a\nrest"[..]));
    }
    // A token that ends meanwhile costs no picture; what is not taken is not shown.
    stage.fake.model().revoke();
    assert_eq!(perform(&platform, "a-0", "chat1", what.clone()).await, DONE);
    for (path, wrong, retried) in [
        ("media/upload", Wrong::DoneCut, true),
        ("media/upload", Wrong::Code(40009), false),
        ("media/upload", Wrong::Says(r#"{"errcode":0}"#.to_owned()), true),
        ("appchat/send", Wrong::Code(45009), true),
    ] {
        stage.fault(path, wrong.clone(), 1);
        let reply = perform(&platform, "a-0", "chat1", what.clone()).await;
        assert_eq!(matches!(reply, Reply::Retry { .. }), retried, "{path} {wrong:?}: {reply:?}");
    }
    stage.fault("appchat/send", Wrong::DoneCut, 1);
    assert!(matches!(perform(&platform, "a-0", "chat1", what.clone()).await, Reply::Unknown { .. }));
    stage.fake.model().said.clear();
    for number in 1..=20 {
        let id = format!("a-{number}");
        assert_eq!(platform.wait(&action(&id, "wr1", what.clone())), None, "{id}");
        assert_eq!(perform(&platform, &id, "wr1", what.clone()).await, DONE, "{id}");
    }
    {
        let model = stage.fake.model();
        let said = &model.said[0];
        assert_eq!((said.kind.as_str(), &said.body["image"]["base64"]), ("image", &"iVBORw0KGgpyZXN0".into()));
        assert_eq!(model.said.len(), 20);
    }
    let wait = platform.wait(&action("a-21", "wr1", what.clone())).unwrap();
    assert!(matches!(perform(&platform, "a-21", "wr1", what.clone()).await, Reply::Retry { .. }));
    stage.clock.turn(wait);
    assert_eq!(perform(&platform, "a-21", "wr1", what).await, DONE);
    stage.finish();
}

#[tokio::test]
async fn what_wecom_cannot_do_is_refused_without_a_call() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    for what in [
        What::Mute { user: "lisi".into(), seconds: 60, until: MORNING },
        What::Unmute { user: "lisi".into() },
        What::Announce { text: "公告".to_owned() },
        What::Delete { message: "m".into() },
    ] {
        assert!(refused(&perform(&platform, "a-1", "wr1", what).await));
    }
    assert_eq!(stage.fake.model().calls, Vec::<String>::new());
    stage.finish();
}
