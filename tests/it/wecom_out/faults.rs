//! Whatever goes wrong: what was surely not done is tried again, what may have been is not, and no secret is told.

use futures_util::future::join_all;

use super::*;

/// What a reply is, in a word.
fn word(reply: &Reply) -> &'static str {
    match reply {
        Reply::Done { .. } => "done",
        Reply::Retry { after: None, .. } => "retry",
        Reply::Retry { after: Some(_), .. } => "retry later",
        Reply::Unknown { .. } => "unknown",
        Reply::Refused { .. } => "refused",
        Reply::Broken { .. } => "broken",
        Reply::Disabled => "disabled",
    }
}

#[tokio::test]
async fn every_fault_has_its_answer() {
    let slow = Wrong::Slow(Duration::from_secs(60));
    // What goes wrong; what comes of a text; whether it was heard; what comes of a removal, which may be done twice.
    let rows = [
        (slow, "unknown", true, "retry"),
        (Wrong::Status(500), "unknown", false, "retry"),
        (Wrong::Status(502), "unknown", false, "retry"),
        (Wrong::DoneStatus(504), "unknown", true, "retry"),
        (Wrong::Status(503), "retry", false, "retry"),
        (Wrong::Status(429), "retry later", false, "retry later"),
        (Wrong::Status(404), "broken", false, "broken"),
        (Wrong::Status(302), "broken", false, "broken"),
        (Wrong::Cut, "unknown", false, "retry"),
        (Wrong::DoneCut, "unknown", true, "retry"),
        (Wrong::Code(-1), "retry", false, "retry"),
        (Wrong::Code(45009), "retry later", false, "retry later"),
        (Wrong::Code(45033), "retry", false, "retry"),
        (Wrong::Code(40058), "refused", false, "refused"),
        (Wrong::Code(60020), "broken", false, "broken"),
        (Wrong::Code(31_415_926), "retry", false, "retry"),
        (Wrong::Says("<html>".to_owned()), "unknown", true, "retry"),
        (Wrong::Says("[]".to_owned()), "unknown", true, "retry"),
        (Wrong::Says(r#"{"errcode":"0"}"#.to_owned()), "unknown", true, "retry"),
    ];
    for (wrong, text, heard, removal) in rows {
        let all = ["webhook/send", "message/send", "appchat/send", "appchat/update"]
            .map(|path| goes_wrong(path, wrong.clone(), if path == "appchat/update" { removal } else { text }, heard));
        join_all(all).await;
    }
}

async fn goes_wrong(path: &str, wrong: Wrong, expected: &str, heard: bool) {
    let mut stage = Stage::new().await;
    if matches!(wrong, Wrong::Slow(_)) {
        stage.endpoint = Endpoint::new(&stage.fake.url(), Duration::from_secs(2)).unwrap();
    }
    let platform = stage.platform();
    stage.fault(path, wrong.clone(), 1);
    let (group, what) = match path {
        "webhook/send" => ("wr1", send("好", &[])),
        "message/send" => ("wr1", private("lisi", "好")),
        "appchat/send" => ("chat1", send("好", &[])),
        _ => ("chat1", What::Remove { user: "wangwu".into() }),
    };
    let reply = perform(&platform, "a-1", group, what.clone()).await;
    assert_eq!(word(&reply), expected, "{path} {wrong:?}: {reply:?}");
    if path == "appchat/update" {
        let again = perform(&platform, "a-1", group, what).await;
        assert_eq!((word(&again), stage.fake.model().groups["chat1"].members.len()), ("done", 2));
    } else {
        assert_eq!(stage.fake.model().said.len(), usize::from(heard), "{path} {wrong:?}");
    }
    let told = format!("{reply:?}");
    for secret in ["app-secret", "key-1", "token-of-an-app", "127.0.0.1"] {
        assert!(!told.contains(secret), "{told}");
    }
    stage.finish();
}

#[tokio::test]
async fn a_robot_or_app_that_an_operator_must_look_at_says_what_to_do() {
    use crate::support::fake_wecom::model::RobotState;
    let stage = Stage::new().await;
    let platform = stage.platform();
    for (state, code) in [(RobotState::Disabled, "93004"), (RobotState::Out, "93008")] {
        stage.fake.model().robots.get_mut("key-1").unwrap().state = state;
        let reply = perform(&platform, "a-1", "wr1", send("好", &[])).await;
        assert!(matches!(&reply, Reply::Broken { error } if error.contains(code)), "{reply:?}");
    }
    stage.fake.model().robots.clear();
    let reply = perform(&platform, "a-1", "wr1", send("好", &[])).await;
    assert!(matches!(&reply, Reply::Broken { error } if error.contains("93000")), "{reply:?}");
    let wrong = App::new(stage.api("not-the-secret"), AGENT, 30, stage.clock.clone());
    let wrong = Wecom::new(Routes { app: Some(wrong), ..stage.routes() });
    for _ in 0..3 {
        let reply = perform(&wrong, "a-2", "wr1", private("lisi", "好")).await;
        assert!(matches!(&reply, Reply::Broken { error } if error.contains("40001")), "{reply:?}");
        assert!(!format!("{reply:?}").contains("not-the-secret"));
    }
    let asked = stage.fake.model().calls.iter().filter(|call| call.ends_with("gettoken")).count();
    assert_eq!(asked, 1, "not again at once");
    stage.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_revoked_in_mid_flight_costs_no_action() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    for at in 0..40 {
        stage.fake.model().hire(&format!("user{at}"), "员工");
    }
    let revoke = Fault { path: "message/send".to_owned(), wrong: Wrong::Revoke, after: 5, times: 1 };
    let again = Fault { path: "message/send".to_owned(), wrong: Wrong::Revoke, after: 20, times: 1 };
    stage.fake.model().faults.push(revoke);
    let tell = |at: usize| {
        let platform = platform.clone();
        async move { perform(&platform, &format!("a-{at}"), "wr1", private(&format!("user{at}"), "您好")).await }
    };
    let first = join_all((0..20).map(tell)).await;
    stage.fake.model().faults.push(again);
    let second = join_all((20..40).map(tell)).await;
    assert!(first.iter().chain(&second).all(|reply| matches!(reply, Reply::Done { .. })), "{first:?} {second:?}");
    {
        let model = stage.fake.model();
        assert!((0..40).all(|at| model.texts_to(&format!("user{at}")).len() == 1), "each once");
        let asked = model.calls.iter().filter(|call| call.ends_with("gettoken")).count();
        assert!((2..=3).contains(&asked), "one request for all that needed another: {asked}");
    }
    stage.finish();
}

#[tokio::test]
async fn tokens_that_end_are_renewed_in_time() {
    let stage = Stage::new().await;
    let platform = stage.platform();
    for turn in 0..5 {
        assert!(matches!(
            perform(&platform, &format!("a-{turn}"), "wr1", private("lisi", "您好")).await,
            Reply::Done { .. }
        ));
        stage.clock.turn(Duration::from_secs(6901));
    }
    // Within its validity WeCom gives the same token again, which then ends: that call is made again with a new one.
    stage.clock.turn(Duration::from_secs(7200));
    assert!(matches!(perform(&platform, "a-9", "wr1", private("lisi", "您好")).await, Reply::Done { .. }));
    stage.finish();
}

#[tokio::test]
async fn receivers_who_cannot_be_reached_are_said_or_left_out() {
    let stage = Stage::new().await;
    let visible = ["zhangsan", "boss"].map(str::to_owned).into();
    stage.fake.model().apps[0].visible = Some(visible);
    let platform = stage.platform();
    let reply = perform(&platform, "a-1", "wr1", private("lisi", "您好")).await;
    assert!(matches!(&reply, Reply::Refused { error } if error.contains("81013")), "{reply:?}");
    let card = task("请处理", &["zhangsan", "lisi", "Ghost"], &[("handled", "已处理")]);
    assert!(matches!(perform(&platform, "a-2", "wr1", card).await, Reply::Done { message: Some(_) }));
    assert_eq!(stage.fake.model().cards[0].users, ["zhangsan"]);
    let app = stage.app();
    let users: Vec<Arc<str>> = ["zhangsan", "lisi", "Ghost"].map(Arc::from).into();
    let sent = app.send(&users, &qunwei::adapters::wecom::app::Content::Text("好".to_owned())).await.unwrap();
    assert_eq!(sent.unreached, ["lisi", "ghost"]);
    let everybody: Vec<Arc<str>> = vec!["@all".into(), "a|b".into()];
    let error = app.send(&everybody, &qunwei::adapters::wecom::app::Content::Text("好".to_owned())).await.unwrap_err();
    assert_eq!(error.code(), Some(81013), "nobody is everybody");
    stage.finish();
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let stage = Stage::new().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut other = Stage::new().await;
    other.endpoint = Endpoint::new(&nowhere, Duration::from_secs(2)).unwrap();
    let platform = other.platform();
    for (group, what) in [("wr1", send("好", &[])), ("wr1", private("lisi", "好")), ("chat1", send("好", &[]))] {
        let reply = perform(&platform, "a-1", group, what).await;
        assert!(word(&reply).starts_with("retry"), "{reply:?}");
    }
    stage.finish();
}
