//! What is read from WeCom, and what an operator sets up there: groups, join ways, welcome templates, mass-send tasks.

use qunwei::adapters::wecom::archive_http::ArchiveApi;
use qunwei::adapters::wecom::customer::{Customers, JoinWay, MassSend, Patience, WelcomeTemplate};
use serde_json::json;

use super::*;
use crate::support::fake_wecom::model::{Member, version};

const PATIENCE: Patience = Patience { tries: 4, first: Duration::from_millis(1) };

fn customers(stage: &Stage) -> Customers {
    Customers::new(stage.api("customer-secret"), PATIENCE)
}

#[tokio::test]
async fn all_pages_of_the_list_are_read_also_when_some_have_to_be_asked_for_again() {
    let stage = Stage::new().await;
    for at in 0..2100 {
        let owner = ["zhangsan", "lisi", "wangwu"][at % 3];
        stage.fake.model().group(&format!("wr-{at:04}"), Kind::Customer, "群", &[owner]);
    }
    let busy = Fault { path: "externalcontact/groupchat/list".to_owned(), wrong: Wrong::Code(-1), after: 1, times: 2 };
    stage.fake.model().faults.push(busy);
    let customers = customers(&stage);
    let all = customers.groups(&[]).await.unwrap();
    assert_eq!(all.len(), 2101);
    let mut ids: Vec<&str> = all.iter().map(|one| &*one.chat_id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 2101);
    assert_eq!(customers.groups(&["lisi".into(), "wangwu".into()]).await.unwrap().len(), 1400);
    stage.finish();
}

#[tokio::test]
async fn a_group_is_read_at_the_version_that_an_event_named() {
    let stage = Stage::new().await;
    let customers = customers(&stage);
    let member = Member {
        id: "wmBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB".to_owned(),
        nickname: "新人".to_owned(),
        since: 1_795_395_600,
        scene: 3,
        invitor: Some("lisi".to_owned()),
        state: Some("shop-3".to_owned()),
    };
    {
        let mut model = stage.fake.model();
        model.limits.lag = 2;
        model.groups.get_mut("wr1").unwrap().admins = vec!["lisi".to_owned()];
        model.join("wr1", member).unwrap();
        let event = model.callbacks.pop_front().unwrap();
        assert!(event.plaintext.contains(&version(2)) && event.plaintext.contains("add_member"), "{event:?}");
    }
    let old = customers.group("wr1").await.unwrap();
    assert_eq!(old.members.len(), 3, "the list lags behind the event");
    let new = customers.group_at("wr1", &version(2)).await.unwrap();
    assert_eq!((new.member_version.as_str(), new.members.len()), (version(2).as_str(), 4));
    assert_eq!((&*new.owner, &new.admins[..]), ("zhangsan", &["lisi".into()][..]));
    let joined = new.members.last().unwrap();
    assert_eq!((joined.shown(), joined.join_scene, joined.is_external()), ("新人", 3, true));
    assert_eq!((joined.invitor.as_deref(), joined.state.as_deref()), (Some("lisi"), Some("shop-3")));
    assert_eq!(new.members[0].shown(), "张三");
    let other = customers.group_at("wr1", "a version that is gone").await.unwrap();
    assert_eq!(other.members.len(), 4, "what is there in the end");
    assert_eq!(customers.group("inner").await.unwrap_err().code(), Some(90501));
    stage.finish();
}

#[tokio::test]
async fn join_ways_are_added_read_changed_and_deleted() {
    let stage = Stage::new().await;
    let customers = customers(&stage);
    let way = JoinWay {
        scene: 2,
        remark: "门店".to_owned(),
        auto_create_room: 1,
        room_base_name: "门店群".to_owned(),
        room_base_id: 10,
        chat_id_list: vec!["wr1".into()],
        state: "shop-3".to_owned(),
        ..JoinWay::default()
    };
    let id = customers.add_join_way(&way).await.unwrap();
    let read = customers.join_way(&id).await.unwrap();
    assert!(read.qr_code.contains(&id));
    assert_eq!(JoinWay { config_id: String::new(), qr_code: String::new(), ..read.clone() }, way);
    customers.update_join_way(&JoinWay { state: "shop-4".to_owned(), ..read }).await.unwrap();
    assert_eq!(customers.join_way(&id).await.unwrap().state, "shop-4");
    customers.delete_join_way(&id).await.unwrap();
    assert_eq!(customers.join_way(&id).await.unwrap_err().code(), Some(40058));
    stage.finish();
}

#[tokio::test]
async fn welcome_templates_are_added_read_changed_and_deleted() {
    let stage = Stage::new().await;
    let customers = customers(&stage);
    let link = json!({"title": "群规", "url": "https://example.com"});
    let template = WelcomeTemplate {
        text: "欢迎 %NICKNAME%".to_owned(),
        attachment: Some(("link".to_owned(), link)),
        agent_id: Some(0),
        notify: true,
    };
    let id = customers.add_welcome(&template).await.unwrap();
    let read = customers.welcome(&id).await.unwrap();
    assert_eq!((&read.text, &read.attachment), (&template.text, &template.attachment));
    let other = WelcomeTemplate { text: "您好".to_owned(), ..template };
    customers.edit_welcome(&id, &other).await.unwrap();
    assert_eq!(customers.welcome(&id).await.unwrap().text, "您好");
    customers.delete_welcome(&id, None).await.unwrap();
    assert!(customers.welcome(&id).await.is_err());
    stage.finish();
}

#[tokio::test]
async fn a_mass_send_task_is_put_before_the_owner() {
    let stage = Stage::new().await;
    let customers = customers(&stage);
    let message = MassSend {
        sender: "zhangsan".into(),
        chats: vec!["wr1".into(), "inner".into(), "wr-unknown".into()],
        text: "今晚八点直播".to_owned(),
        attachments: Vec::new(),
    };
    let sent = customers.mass_send(&message).await.unwrap();
    assert_eq!(sent.fail_list, ["wr-unknown".into()]);
    let result = customers.mass_result(&sent.msgid, "zhangsan").await.unwrap();
    assert_eq!(result.iter().map(|one| (&*one.chat_id, one.status)).collect::<Vec<_>>(), [("wr1", 0), ("inner", 0)]);
    assert!(stage.fake.model().said.is_empty(), "nothing is sent before he confirms it");
    stage.finish();
}

#[tokio::test]
async fn groups_of_an_app_are_created_changed_and_read() {
    let stage = Stage::new().await;
    let chats = AppChats::new(stage.api("app-secret"));
    let members: Vec<Arc<str>> = ["zhangsan", "lisi"].map(Arc::from).into();
    let id = chats.create("值班群", "lisi", &members, Some("duty1")).await.unwrap();
    assert_eq!(id, "duty1");
    let change = qunwei::adapters::wecom::appchat::ChatChange {
        name: Some("值班二群".to_owned()),
        owner: Some("zhangsan".into()),
        add: vec!["wangwu".into()],
        remove: vec!["lisi".into()],
    };
    chats.update(&id, &change).await.unwrap();
    let read = chats.get(&id).await.unwrap();
    assert_eq!((read.name.as_str(), &*read.owner), ("值班二群", "zhangsan"));
    assert_eq!(read.userlist, ["zhangsan".into(), "wangwu".into()]);
    assert_eq!(chats.get("wr1").await.unwrap_err().code(), Some(86008));
    assert!(chats.get("nowhere").await.unwrap_err().needs_operator());
    stage.finish();
}

#[tokio::test]
async fn the_archives_lists_and_the_addresses_of_callbacks_are_read() {
    let stage = Stage::new().await;
    {
        let mut model = stage.fake.model();
        model.archived = vec!["zhangsan".to_owned()];
        model.disagree.insert(EXTERNAL.to_owned());
    }
    let archive = ArchiveApi::new(stage.api("archive-secret"));
    assert_eq!(archive.permitted_users(None).await.unwrap(), ["zhangsan".into()]);
    let consent = archive.room_consent("wr1").await.unwrap();
    assert_eq!(consent.iter().map(|one| (&*one.external, one.is_given())).collect::<Vec<_>>(), [(EXTERNAL, false)]);
    let room = archive.room("inner").await.unwrap();
    assert_eq!((room.name.as_str(), room.members.len()), ("内部群", 2));
    assert_eq!(archive.room("wr1").await.unwrap_err().code(), Some(301_059));
    assert!(stage.app().callback_ips().await.unwrap().len() == 2);
    assert_eq!(ArchiveApi::new(stage.api("app-secret")).permitted_users(None).await.unwrap_err().code(), Some(48002));
    stage.finish();
}
