use std::sync::Arc;

use super::*;
use crate::domain::action::{Cause, Lane, What};
use crate::domain::time::Timestamp;

#[test]
fn what_happened_is_counted_under_its_name() {
    let metrics = Metrics::new();
    metrics.event("example", EventOutcome::Accepted);
    metrics.event("example", EventOutcome::Accepted);
    metrics.event("example", EventOutcome::DuplicateOtherBody);
    let requests = metrics.requests("example");
    requests.answered(200);
    requests.answered(418);
    metrics.verdict(Verdict::Review);
    metrics.finding("ads.contact", Mode::Observe);
    metrics.case("mute", Mode::Act);
    metrics.action(&Action {
        id: Arc::from("a-1"),
        platform: Arc::from("example"),
        group: Arc::from("g"),
        what: What::Remove { user: Arc::from("u") },
        time: Timestamp(0),
        offset: 28_800,
        cause: Cause::default(),
        lane: Lane::Penalty,
        deadline: Timestamp(0),
        observe: true,
        notifies: Vec::new(),
        told_by: None,
        inverse: None,
    });
    metrics.ended("example", &Outcome::Expired);
    metrics.attempt("example", &Reply::Disabled, false);
    metrics.attempt("example", &Reply::Done { message: None }, true);
    metrics.commit(Duration::from_millis(3), 40);
    metrics.store_failure();
    metrics.shed(Shed::Intake);
    metrics.times_given(2, 1);
    metrics.started(Timestamp(1_795_395_600_999));
    metrics.ready(true);
    metrics.queue_depth(7);
    metrics.outbox_depth(8);
    metrics.config_version("old");
    metrics.config_version("new");
    metrics.bridge_state("example", BridgeState::On);
    metrics.bridge_state("example", BridgeState::Broken);
    let text = metrics.text();
    let expected = [
        r#"qunwei_events_total{platform="example",outcome="accepted"} 2"#,
        r#"qunwei_events_total{platform="example",outcome="duplicate_other_body"} 1"#,
        r#"qunwei_events_total{platform="example",outcome="rejected"} 0"#,
        r#"qunwei_requests_total{bridge="example",status="200"} 1"#,
        r#"qunwei_requests_total{bridge="example",status="other"} 1"#,
        r#"qunwei_verdicts_total{verdict="review"} 1"#,
        r#"qunwei_verdicts_total{verdict="pass"} 0"#,
        r#"qunwei_findings_total{rule="ads.contact",mode="observe"} 1"#,
        r#"qunwei_cases_total{step="mute",mode="act"} 1"#,
        r#"qunwei_actions_total{type="remove",mode="observe"} 1"#,
        r#"qunwei_actions_ended_total{platform="example",state="expired"} 1"#,
        r#"qunwei_attempts_total{platform="example",reply="disabled"} 1"#,
        r#"qunwei_attempts_total{platform="example",reply="done"} 1"#,
        "qunwei_retries_total 1",
        "qunwei_store_failures_total 1",
        "qunwei_event_times_ahead_total 2",
        "qunwei_event_times_missing_total 1",
        "qunwei_queue_depth_inputs 7",
        "qunwei_outbox_depth_actions 8",
        "qunwei_commit_seconds_sum 0.003",
        "qunwei_commit_inputs_count 1",
        r#"qunwei_shed_total{what="intake"} 1"#,
        r#"qunwei_shed_total{what="notices"} 0"#,
        "qunwei_ready 1",
        "qunwei_start_time_seconds 1795395600",
        r#"qunwei_config_info{version="new"} 1"#,
        r#"qunwei_bridge_state{bridge="example",state="broken"} 1"#,
        r#"qunwei_bridge_state{bridge="example",state="on"} 0"#,
        concat!(r#"qunwei_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
    ];
    let lines: Vec<&str> = text.lines().collect();
    for line in expected {
        assert!(lines.contains(&line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("\"old\""), "{text}");
    assert_eq!(lines.last(), Some(&"# EOF"));
}

#[test]
fn names_are_bounded() {
    let metrics = Metrics::new();
    for number in 0..2500 {
        metrics.finding(&format!("rule.{number}"), Mode::Act);
    }
    let text = metrics.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("qunwei_findings_total")).count(), 2 * 2001);
    assert!(text.contains("qunwei_findings_total{rule=\"…\",mode=\"act\"} 500"), "{text}");
}

#[test]
fn what_is_counted_of_companies_on_wecom() {
    let metrics = Metrics::new();
    let wecom = metrics.wecom();
    let behind = Duration::from_secs(90);
    wecom.archive("corp", Reading { behind, position: 196, polled: Some(Timestamp(1_795_395_600_999)) });
    wecom.connected("corp", "guard", false);
    wecom.connected("corp", "guard", true);
    wecom.connected("corp", "guard", false);
    wecom.connected("corp", "guard", true);
    wecom.token("corp", true);
    wecom.token("corp", false);
    for code in [45009, 45009, 93000] {
        wecom.error("corp", code);
    }
    wecom.library("corp", 10001);
    let text = metrics.text();
    assert!(text.contains(r#"qunwei_aibot_unacknowledged_total{platform="corp",aibot="guard"} 0"#), "{text}");
    wecom.unacknowledged("corp", "guard");
    let text = metrics.text();
    for line in [
        r#"qunwei_archive_library_errors_total{platform="corp",code="10001"} 1"#,
        r#"qunwei_aibot_unacknowledged_total{platform="corp",aibot="guard"} 1"#,
        r#"qunwei_archive_behind_seconds{platform="corp"} 90"#,
        r#"qunwei_archive_position{platform="corp"} 196"#,
        r#"qunwei_archive_last_poll_timestamp_seconds{platform="corp"} 1795395600"#,
        r#"qunwei_aibot_connected{platform="corp",aibot="guard"} 1"#,
        r#"qunwei_aibot_connects_total{platform="corp",aibot="guard"} 2"#,
        r#"qunwei_wecom_tokens_total{platform="corp",outcome="given"} 1"#,
        r#"qunwei_wecom_tokens_total{platform="corp",outcome="failed"} 1"#,
        r#"qunwei_wecom_errors_total{platform="corp",code="45009"} 2"#,
        r#"qunwei_wecom_errors_total{platform="corp",code="93000"} 1"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
    }
    (0..1000).for_each(|code| wecom.error("corp", code));
    let text = metrics.text();
    // One of the two hundred that are counted one by one is the library's; the others are one more line.
    assert_eq!(text.lines().filter(|line| line.starts_with("qunwei_wecom_errors_total")).count(), 200);
    wecom.gone("corp", &["guard"]);
    let text = metrics.text();
    assert!(!text.contains("archive_behind_seconds{") && !text.contains("aibot_connected{"), "{text}");
}
