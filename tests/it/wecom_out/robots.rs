//! A group robot: long texts, texts together, and its other messages.

use futures_util::future::join_all;
use qunwei::adapters::wecom::robot::{Article, CardJump, CardLine, Message, NoticeCard};

use super::*;

#[tokio::test]
async fn a_long_text_is_continued_in_order_and_nothing_is_lost() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let long: String = (0..700).map(|at| format!("第{at}句话在这里结束。")).collect();
    assert_eq!(perform(&platform, "a-1", "wr1", send(&long, &["lisi"])).await, DONE);
    {
        let model = stage.fake.model();
        let texts = model.texts_in("wr1");
        assert!(texts.len() > 5 && texts.iter().all(|text| text.len() <= 2048 && text.ends_with('。')));
        assert_eq!(texts.concat(), long);
        let notified: Vec<usize> = model.said.iter().map(|said| said.mentions.len()).collect();
        assert_eq!(notified.iter().sum::<usize>(), 1, "once, and with the first piece: {notified:?}");
        assert_eq!(notified[0], 1);
    }
    stage.finish();
}

#[tokio::test]
async fn a_long_text_goes_on_where_it_was_broken_off() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let long = "长".repeat(2000);
    let busy = Fault { path: "webhook/send".to_owned(), wrong: Wrong::Code(-1), after: 1, times: 1 };
    stage.fake.model().faults.push(busy);
    assert!(matches!(perform(&platform, "a-1", "wr1", send(&long, &[])).await, Reply::Retry { .. }));
    assert_eq!(perform(&platform, "a-1", "wr1", send(&long, &[])).await, DONE);
    assert_eq!(stage.fake.model().texts_in("wr1").concat(), long);
    stage.finish();
}

#[tokio::test]
async fn texts_that_wait_at_the_same_moment_become_one_message() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let all = (0..5).map(|at| {
        let (id, text) = (format!("a-{at}"), format!("第{at}条"));
        let platform = platform.clone();
        async move { perform(&platform, &id, "wr1", send(&text, &[["zhangsan", "lisi"][at % 2]])).await }
    });
    assert_eq!(join_all(all).await, vec![DONE; 5]);
    {
        let model = stage.fake.model();
        assert_eq!(model.texts_in("wr1"), ["第0条", "第1条\n\n第2条\n\n第3条\n\n第4条"]);
        assert_eq!(model.said[1].mentions, ["lisi", "zhangsan"]);
    }
    stage.finish();
}

#[tokio::test]
async fn when_a_message_for_several_is_refused_each_is_told() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    let wrong = Fault { path: "webhook/send".to_owned(), wrong: Wrong::Code(93008), after: 1, times: 1 };
    stage.fake.model().faults.push(wrong);
    let all = (0..3).map(|at| {
        let (id, platform) = (format!("a-{at}"), platform.clone());
        async move { perform(&platform, &id, "wr1", send("好", &[])).await }
    });
    let replies = join_all(all).await;
    assert_eq!(replies[0], DONE);
    for reply in &replies[1..] {
        assert!(matches!(reply, Reply::Broken { error } if error.contains("93008") && error.contains("to do")));
    }
    stage.finish();
}

#[tokio::test]
async fn its_other_messages_are_as_wecom_takes_them() {
    let stage = Stage::new().await;
    let robot = stage.robot("key-1");
    let media = robot.upload("群规\"v2.txt", "群规第一条".as_bytes().to_vec()).await.unwrap();
    assert!(media.ends_with("/群规_v2.txt"), "{media}");
    assert!(robot.upload("a", vec![0; 5]).await.is_err());
    let card = NoticeCard {
        title: "周报".to_owned(),
        description: "第 47 周".to_owned(),
        text: "一切正常".to_owned(),
        lines: vec![CardLine { name: "警告".to_owned(), value: "3".to_owned() }],
        jumps: vec![CardJump { title: "详情".to_owned(), url: "https://example.com/1".to_owned() }],
        url: "https://example.com".to_owned(),
        picture: None,
    };
    let pictured = NoticeCard { picture: Some("https://example.com/p.png".to_owned()), ..card.clone() };
    let article = Article {
        title: "标题".repeat(40),
        description: "说明".repeat(200),
        url: "https://example.com".to_owned(),
        picture: String::new(),
    };
    for message in [
        Message::Markdown("**粗** <@lisi>".to_owned()),
        Message::MarkdownV2("| a | b |".to_owned()),
        Message::Image(b"\x89PNG\r\n\x1a\nrest".as_slice().into()),
        Message::News(vec![article; 8]),
        Message::File(media),
        Message::Notice(Box::new(card)),
        Message::Notice(Box::new(pictured)),
    ] {
        assert_eq!(robot.post(&message).await, DONE, "{message:?}");
    }
    assert!(refused(&robot.post(&Message::File("unknown".to_owned())).await));
    assert!(refused(&robot.post(&Message::Markdown(String::new())).await));
    let kinds: Vec<String> = stage.fake.model().said.iter().map(|said| said.kind.clone()).collect();
    assert_eq!(kinds, ["markdown", "markdown_v2", "image", "news", "file", "template_card", "template_card"]);
    stage.finish();
}
