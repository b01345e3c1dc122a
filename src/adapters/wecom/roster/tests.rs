use super::*;
use crate::domain::event::{Event, Kind};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn group(members: &[(&str, &str, Option<&str>)], admins: &[&str], version: &str) -> Group {
    let members: Vec<Value> = members
        .iter()
        .map(|(id, name, state)| {
            json!({"userid": id, "type": 2, "join_time": 1_799_999_990, "join_scene": 3, "invitor": {"userid": "zhangsan"},
                   "group_nickname": name, "name": "", "state": state.unwrap_or_default()})
        })
        .collect();
    let admins: Vec<Value> = admins.iter().map(|id| json!({"userid": id})).collect();
    let group = json!({"chat_id": "wr1", "name": "一号店", "owner": "zhangsan", "create_time": 1, "notice": "",
                       "member_list": members, "admin_list": admins, "member_version": version});
    serde_json::from_value(group).unwrap()
}

fn read(events: &[String]) -> Vec<Event> {
    events.iter().map(|event| Event::parse(event).unwrap()).collect()
}

#[test]
fn the_first_reading_tells_names_and_roles_and_no_joins() {
    let roster =
        Roster::of_customers(&group(&[("zhangsan", "店长", None), ("wmA", "小王", None), ("wmB", "", None)], &[], "1"));
    let events = read(&roster.events_since(None, "wr1", NOW));
    assert!(matches!(&events[0].kind, Kind::GroupUpdated { name, .. } if name.as_deref() == Some("一号店")));
    let told: Vec<_> = events[1..]
        .iter()
        .map(|event| match &event.kind {
            Kind::Renamed { member } => (&*member.id, &*member.name, member.role),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("wmA", "小王", Some(Role::Member)), ("zhangsan", "店长", Some(Role::Owner))]);
}

#[test]
fn nobody_is_without_an_id() {
    let roster = Roster::of_customers(&group(&[("", "无名", None), ("lisi", "李四", None)], &[], "v1"));
    assert_eq!(roster.members.keys().map(|id| &**id).collect::<Vec<_>>(), ["lisi"]);
    let chat = serde_json::from_value(json!({"chatid": "c1", "name": "部门", "owner": "", "userlist": ["", "lisi"]}));
    assert_eq!(Roster::of_app(&chat.unwrap()).members.len(), 1);
    assert!(!read(&roster.events_since(Some(&Roster::default()), "wr1", NOW)).is_empty());
}

#[test]
fn joins_leaves_names_and_roles_are_what_has_changed() {
    let before = Roster::of_customers(&group(&[("zhangsan", "店长", None), ("wmA", "小王", None)], &[], "1"));
    let kept: Roster = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
    let members = [
        ("zhangsan", "店长", None),
        ("lisi", "李四", None),
        ("wmC", "新人", Some("shop")),
        ("wmD", "新人二", Some("shop")),
    ];
    let after = Roster::of_customers(&group(&members, &["lisi"], "2"));
    let events = read(&after.events_since(Some(&kept), "wr1", NOW));
    let [shop, no_channel, left] = &events[..] else { panic!("{events:?}") };
    let joined = |event: &Event| match &event.kind {
        Kind::Joined { members, inviter, channel } => {
            assert_eq!((inviter.as_deref(), event.time), (Some("zhangsan"), Some(Timestamp(1_799_999_990_000))));
            let all =
                members.iter().map(|one| (one.id.to_string(), one.name.to_string(), one.role)).collect::<Vec<_>>();
            (all, channel.as_deref().map(str::to_owned))
        }
        other => panic!("{other:?}"),
    };
    let lisi = ("lisi".to_owned(), "李四".to_owned(), Some(Role::Admin));
    assert_eq!(joined(shop), (vec![lisi], None));
    let (new, channel) = joined(no_channel);
    assert_eq!((new.len(), channel.as_deref()), (2, Some("shop")));
    assert!(matches!(&left.kind, Kind::Left { members, .. } if members.len() == 1 && &*members[0].id == "wmA"));
    assert!(after.events_since(Some(&after), "wr1", NOW).is_empty(), "nothing has changed");
    let again = after.events_since(Some(&kept), "wr1", NOW);
    assert_eq!(read(&again), events, "the same reading gives the same ids");
    let other = Roster::of_customers(&group(&[("zhangsan", "店长", None), ("wmA", "王", None)], &["wmA"], "3"));
    let events = read(&other.events_since(Some(&kept), "wr1", NOW));
    assert!(matches!(&events[..], [Event { kind: Kind::Renamed { member }, .. }] if member.role == Some(Role::Admin)));
}

#[test]
fn another_name_of_the_group_is_told_once() {
    let before = Roster::of_customers(&group(&[("zhangsan", "店长", None)], &[], "1"));
    let after = Roster { name: "二号店".to_owned(), ..before.clone() };
    let events = read(&after.events_since(Some(&before), "wr1", NOW));
    assert!(
        matches!(&events[..], [Event { kind: Kind::GroupUpdated { name, .. }, .. }] if name.as_deref() == Some("二号店"))
    );
    // One that was kept before names were.
    let old: Roster =
        serde_json::from_str(r#"{"version":"1","members":{"zhangsan":{"name":"店长","role":"owner"}}}"#).unwrap();
    assert_eq!(read(&before.events_since(Some(&old), "wr1", NOW)).len(), 1);
    assert!(before.events_since(Some(&before), "wr1", NOW).is_empty());
}

#[test]
fn a_group_is_called_as_a_file_names_it_else_as_it_was_read_last() {
    let called = Called::new([("wr1".into(), "总部".into())]);
    for name in ["一号店", "", "二号店"] {
        called.was_read(&"wr1".into(), name);
        called.was_read(&"wr2".into(), name);
    }
    let names = ["wr1", "wr2", "wr3"].map(|chat| called.name(chat));
    assert_eq!(names, [Some("总部".into()), Some("二号店".into()), None]);
}
