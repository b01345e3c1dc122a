use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp(1_795_395_600_000 + seconds * 1000)
}

fn push(queue: &mut Queue, id: &str, second: i64, text: &str, mentions: &[&str]) -> oneshot::Receiver<Reply> {
    let (answer, answered) = oneshot::channel();
    let mentions: Vec<Arc<str>> = mentions.iter().map(|user| Arc::from(*user)).collect();
    let id = id.into();
    assert!(queue.push(Say { id: &id, order: (Lane::Notice, at(second)), text, mentions: &mentions }, answer));
    answered
}

const DONE: Reply = Reply::Done { message: None };

#[test]
fn what_waits_together_goes_together_and_each_is_answered() {
    let mut queue = Queue::new(20);
    let mut second = push(&mut queue, "a-2", 2, "第二条", &["u1", "u2", "@all", ""]);
    let mut first = push(&mut queue, "a-1", 1, "第一条 <@u9>", &["u1"]);
    let batch = queue.take_batch().unwrap();
    assert_eq!(batch.text, "第一条 ＜@u9>\n\n第二条");
    assert_eq!(batch.mentions.iter().map(|user| &**user).collect::<Vec<_>>(), ["u1", "u2"]);
    queue.sent(batch, &DONE);
    assert_eq!((first.try_recv(), second.try_recv()), (Ok(DONE), Ok(DONE)));
    assert!(queue.take_batch().is_none());
}

#[test]
fn what_was_decided_at_once_is_said_in_the_order_in_which_it_was_let_come() {
    let mut queue = Queue::new(20);
    for id in ["a-1", "a-2", "a-3"] {
        assert_eq!(queue.expect(&id.into(), 10, at(0)), None);
    }
    // Attempts are made at once, and may come in any order.
    let answers = ["a-3", "a-1", "a-2"].map(|id| push(&mut queue, id, 1, id, &[]));
    assert_eq!(queue.take_batch().unwrap().text, "a-1\n\na-2\n\na-3");
    drop(answers);
}

#[test]
fn a_long_text_is_continued_and_nothing_overtakes_it() {
    let mut queue = Queue::new(20);
    let long = "长".repeat(1000);
    let mut first = push(&mut queue, "a-1", 1, &long, &["u1"]);
    let mut second = push(&mut queue, "a-2", 2, "短", &[]);
    let batch = queue.take_batch().unwrap();
    assert_eq!((batch.text.len(), batch.mentions.len()), (2046, 1));
    queue.sent(batch, &DONE);
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    let batch = queue.take_batch().unwrap();
    assert_eq!(batch.text, format!("{}\n\n短", "长".repeat(318)));
    assert!(batch.mentions.is_empty(), "u1 was notified with the first piece");
    let busy = Reply::Retry { after: None, error: "busy".to_owned() };
    queue.sent(batch, &busy);
    assert_eq!((first.try_recv(), second.try_recv()), (Ok(busy.clone()), Ok(busy)));
    // Tried again, it goes on where it stopped.
    push(&mut queue, "a-1", 1, &long, &["u1"]);
    let batch = queue.take_batch().unwrap();
    assert_eq!(batch.text, "长".repeat(318));
    queue.sent(batch, &DONE);
    push(&mut queue, "a-1", 1, &long, &[]);
    assert_eq!(queue.take_batch().unwrap().text.len(), 2046, "what is done is forgotten");
}

#[test]
fn no_more_are_let_in_than_there_is_room_for() {
    let mut queue = Queue::new(2);
    let expect = |queue: &mut Queue, id: &str, bytes, second| queue.expect(&id.into(), bytes, at(second));
    assert_eq!(expect(&mut queue, "a-1", 3000, 0), None);
    assert_eq!(expect(&mut queue, "a-1", 3000, 0), None, "asked again, the same answer");
    assert_eq!(expect(&mut queue, "a-2", 1000, 0), None);
    assert!(expect(&mut queue, "a-3", 1000, 0).is_some());
    assert_eq!(expect(&mut queue, "a-3", 1000, 5), None, "those who did not come are not waited for");
    queue.bucket.take(at(5));
    queue.bucket.take(at(6));
    assert_eq!(expect(&mut queue, "a-4", 10, 7), Some(Duration::from_secs(58)));
    let mut queue = Queue::new(20);
    let many = (0..40).filter(|at| expect(&mut queue, &format!("a-{at}"), 10, 0).is_none()).count();
    assert_eq!(many, 8);
    let mut queue = Queue::new(1);
    assert_eq!(expect(&mut queue, "a-1", 9000, 0), None, "one that is longer than the room may still begin");
}

#[test]
fn messages_keep_to_what_wecom_takes() {
    let png = b"\x89PNG\r\n\x1a\nrest".to_vec();
    let image = Message::Image(png.into()).to_json().unwrap();
    assert_eq!(image["image"]["base64"], "iVBORw0KGgpyZXN0");
    assert_eq!(image["image"]["md5"].as_str().unwrap().len(), 32);
    let article = Article { title: "题".repeat(60), url: "https://x".to_owned(), ..Article::default() };
    let news = Message::News(vec![article.clone()]).to_json().unwrap();
    assert!(news["news"]["articles"][0]["title"].as_str().unwrap().len() <= 128);
    let card = NoticeCard { title: "t".to_owned(), url: "https://x".to_owned(), ..NoticeCard::default() };
    let line = CardLine { name: "n".to_owned(), value: "v".to_owned() };
    let picture = NoticeCard { picture: Some("https://p".to_owned()), ..card.clone() };
    for (card, kind) in [(card.clone(), "text_notice"), (picture, "news_notice")] {
        assert_eq!(Message::Notice(Box::new(card)).to_json().unwrap()["template_card"]["card_type"], kind);
    }
    let rows = [
        (Message::Markdown(String::new()), TooMuch::Empty),
        (Message::MarkdownV2("a".repeat(4097)), TooMuch::Long(4096)),
        (Message::Image(b"GIF89a".as_slice().into()), TooMuch::Picture),
        (Message::Image(vec![0; (2 << 20) + 1].into()), TooMuch::Long(2 << 20)),
        (Message::News(vec![article; 9]), TooMuch::Parts(8)),
        (Message::File(String::new()), TooMuch::Empty),
        (Message::Notice(Box::new(NoticeCard { lines: vec![line; 7], ..card })), TooMuch::Parts(6)),
    ];
    for (message, expected) in rows {
        assert_eq!(message.to_json(), Err(expected));
    }
}
