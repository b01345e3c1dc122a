use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;

use super::*;
use crate::domain::action::{Cause, Lane, What};
use crate::domain::event::{self, Event, Role, Segment};

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    clock: Arc<Hand>,
    playground: Playground,
    follow: mpsc::UnboundedReceiver<Value>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(Hand(AtomicI64::new(1_000_000)));
        let (playground, follow) = Playground::new(clock.clone());
        let mut world = Self { clock, playground, follow };
        world.followed();
        world
    }

    fn followed(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.follow.try_recv().ok()).collect()
    }

    fn say(&self, user: &str, text: &str) -> Result<Value, Refusal> {
        self.playground.act(&Deed::Say { user: user.into(), text: text.into(), quote: None })
    }

    fn perform(&self, id: &str, what: What) -> Reply {
        self.perform_in(self.playground.group(), id, what)
    }

    fn perform_in(&self, group: Arc<str>, id: &str, what: What) -> Reply {
        let action = Action {
            id: id.into(),
            platform: Kind::Full.name().into(),
            group,
            what,
            time: self.clock.now(),
            offset: 0,
            cause: Cause::default(),
            lane: Lane::Penalty,
            deadline: Timestamp(i64::MAX),
            observe: false,
            notifies: Vec::new(),
            inverse: None,
            told_by: None,
        };
        let mut attempt = self.playground.perform(Arc::new(action), "{}".into());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match attempt.as_mut().poll(&mut context) {
            std::task::Poll::Ready(reply) => reply,
            std::task::Poll::Pending => panic!("the playground is never busy"),
        }
    }

    fn shown(&self, kind: &str) -> Vec<Value> {
        let items = self.playground.news(0, 0).items;
        let read = items.iter().map(|item| serde_json::from_str::<Value>(&item.json).unwrap());
        read.filter(|item| item["kind"] == kind).map(|item| item["data"].clone()).collect()
    }
}

fn read(json: &Value) -> Event {
    Event::parse_from(&Kind::Full.name().into(), &json.to_string()).unwrap()
}

#[test]
fn who_is_muted_cannot_speak_until_it_is_over() {
    let world = World::new();
    let until = Timestamp(1_060_000);
    world.perform("a-1", What::Mute { user: "wang".into(), seconds: 60, until });
    assert_eq!(world.say("wang", "在吗"), Err(Refusal::Muted { until }));
    assert!(world.say("mei", "在").is_ok());
    world.clock.0.store(until.0, Ordering::SeqCst);
    assert!(world.say("wang", "在吗").is_ok());
    world.perform("a-2", What::Unmute { user: "wang".into() });
    let lines: Vec<_> = world.shown("line").into_iter().map(|line| line["what"].clone()).collect();
    assert_eq!(lines, ["muted", "unmuted"]);
}

#[test]
fn who_is_removed_has_left_and_the_daemon_hears_of_it() {
    let mut world = World::new();
    let first = world.perform("a-1", What::Remove { user: "ad01".into() });
    let again = world.perform("a-1", What::Remove { user: "ad01".into() });
    assert_eq!((&first, first == again), (&Reply::Done { message: None }, true));
    let followed = world.followed();
    assert_eq!(followed.len(), 1);
    let event::Kind::Left { members, reason } = read(&followed[0]).kind else { panic!("{followed:?}") };
    assert_eq!((&*members[0].id, reason.as_deref()), ("ad01", Some("removed")));
    assert_eq!(world.say("ad01", "我还在"), Err(Refusal::NotHere));
    let back = world.playground.act(&Deed::Join { names: vec!["加薇看资料".into()], inviter: None }).unwrap();
    assert_eq!(back["members"][0]["id"], "ad01");
}

#[test]
fn a_word_of_the_bot_has_an_id_that_can_be_quoted() {
    let world = World::new();
    let said = What::Send { text: "请看群规".into(), mentions: vec!["wang".into()] };
    let Reply::Done { message: Some(id) } = world.perform("a-1", said.clone()) else { panic!("no id") };
    assert_eq!(world.perform("a-1", said), Reply::Done { message: Some(id.clone()) });
    assert_eq!(world.shown("message").len(), 1, "a repeated action is not done again");
    let deed = Deed::Say { user: "chen".into(), text: "误判".into(), quote: Some(id.clone()) };
    let answer = world.playground.act(&deed).unwrap();
    assert_eq!(answer["quote"], json!({ "message": id, "sender": "qunwei", "text": "请看群规" }));
}

#[test]
fn only_ones_own_words_can_be_changed_and_what_is_deleted_stays_so() {
    let world = World::new();
    let said = world.say("wang", "一二三").unwrap();
    let id = said["id"].as_str().unwrap().to_owned();
    let edit = |user: &str| Deed::Edit { user: user.into(), message: id.clone(), text: "四五六".into() };
    assert_eq!(world.playground.act(&edit("mei")), Err(Refusal::NoMessage));
    let edited = world.playground.act(&edit("wang")).unwrap();
    assert_eq!((&edited["type"], &edited["message"]), (&json!("message_edited"), &json!(id)));
    world.perform("a-1", What::Delete { message: id.as_str().into() });
    assert_eq!(world.playground.act(&edit("wang")), Err(Refusal::NoMessage));
    assert_eq!(world.playground.act(&Deed::Recall { user: "wang".into(), message: id }), Err(Refusal::NoMessage));
    let shown = &world.shown("message")[0];
    assert_eq!((&shown["text"], &shown["withdrawn"]), (&json!("四五六"), &json!("bot")));
}

#[test]
fn people_named_after_an_at_are_mentioned() {
    let world = World::new();
    world.playground.act(&Deed::Join { names: vec!["小王子".into()], inviter: None }).unwrap();
    let said = world.say("mei", "@小王子 和@小王，@群卫 帮助 a@b @所有人").unwrap();
    let event::Kind::Message(message) = read(&said).kind else { panic!("{said}") };
    let parts = message.content.iter().map(|part| match part {
        Segment::Text(text) => text.to_string(),
        Segment::Mention { user, .. } => format!("→{user}"),
        other => format!("{other:?}"),
    });
    let newcomer = world.playground.id_of("小王子").unwrap();
    assert_eq!(parts.collect::<Vec<_>>().join("|"), format!("→{newcomer}| 和|→wang|，|→qunwei| 帮助 a@b @所有人"));
}

#[test]
fn any_name_is_carried_as_it_is_up_to_its_length() {
    let world = World::new();
    let long = "长".repeat(200);
    let names = ["<script>alert(1)</script>", "a\u{202e}gpj.exe", "@所有人", "{{ name }}", "\u{7}\u{1b}[31m", &long];
    for name in names {
        let renamed = world.playground.act(&Deed::Rename { user: "wang".into(), name: name.into() }).unwrap();
        let event::Kind::Renamed { member } = read(&renamed).kind else { panic!("{renamed}") };
        assert_eq!(&*member.name, name);
        assert!(world.say("wang", "你好").is_ok());
    }
    let longer = Deed::Rename { user: "wang".into(), name: "长".repeat(201) };
    assert_eq!(world.playground.act(&longer), Err(Refusal::Long { most: 200 }));
    let empty = Deed::Rename { user: "wang".into(), name: " \u{3000}".into() };
    assert_eq!(world.playground.act(&empty), Err(Refusal::Empty));
}

#[test]
fn only_who_runs_the_group_presses_the_buttons_of_a_card() {
    let world = World::new();
    let button = crate::domain::action::Button { choice: "removed".into(), text: "已移出".into() };
    world.perform(
        "a-1",
        What::Task { text: "请处理".into(), mentions: Vec::new(), buttons: vec![button], about: Default::default() },
    );
    let press = |user: &str, choice: &str| {
        world.playground.act(&Deed::Press { user: user.into(), task: "a-1".into(), choice: choice.into() })
    };
    assert_eq!(press("wang", "removed"), Err(Refusal::NotAdmin));
    assert_eq!(press("chen", "else"), Err(Refusal::NoMessage));
    let event::Kind::Button { user, task, choice } = read(&press("chen", "removed").unwrap()).kind else {
        panic!("no button")
    };
    assert_eq!((&*user, &*task, &*choice), ("chen", "a-1", "removed"));
    assert_eq!(world.shown("task")[0]["pressed"], json!(["陈管家", "已移出"]));
}

#[test]
fn a_fresh_group_is_another_one_and_old_actions_do_nothing_in_it() {
    let mut world = World::new();
    let old = world.playground.group();
    world.say("wang", "一").unwrap();
    let seen = world.playground.news(1, 0).items.last().unwrap().seq;
    world.playground.begin_again(None);
    assert_ne!(world.playground.group(), old);
    let roles: Vec<_> = world.followed().iter().map(|one| one["member"]["role"].clone()).collect();
    assert_eq!(roles, ["owner", "admin"], "the daemon learns who runs it");
    let news = world.playground.news(1, seen);
    assert_eq!((news.epoch, world.shown("message").len(), world.shown("member").len()), (2, 0, 7));
    assert!(!news.items.is_empty(), "who knew the old one gets all of the new one");
    let late = world.perform_in(old, "a-9", What::Remove { user: "ad01".into() });
    assert!(matches!(late, Reply::Refused { .. }), "{late:?}");
    assert!(world.playground.person("ad01").unwrap().here);
    assert_eq!(world.playground.person("li").unwrap().role, Role::Owner);
}
