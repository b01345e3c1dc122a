use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;
use crate::adapters::http;
use crate::app::health;
use crate::app::metrics::EventOutcome;
use crate::domain::time::Timestamp;

/// It is always the same time.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_395_600_000)
    }
}

/// Status, content type and body.
async fn get(address: &str) -> (u16, String, String) {
    let url = http::url(address).expect("an address");
    let client = http::client(&url, Duration::from_secs(5)).expect("a client");
    let response = client.get(url).send().await.expect("an answer");
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().expect("ASCII").to_owned());
    (response.status().as_u16(), kind.unwrap_or_default(), response.text().await.expect("a body"))
}

/// What is asked where somebody is to be erased.
const ERASE: &str = r#"{"platform": "example", "user": "u1"}"#;

/// What a request from this address is answered with, without any engine behind.
async fn status(state: &AdminState, method: &str, path: &str, from: &str) -> StatusCode {
    let mut request = Request::builder().method(method).uri(path).header(OPERATOR, "ops");
    let here = from.parse::<std::net::IpAddr>().expect("an address").is_loopback();
    request = request.header("host", if here { "localhost:8081" } else { "qunwei.monitoring.example:8081" });
    let mut request = request.body(axum::body::Body::from(ERASE)).expect("a request");
    request.extensions_mut().insert(Caller(from.parse().expect("an address")));
    let service = hyper_util::service::TowerToHyperService::new(router(state.clone()));
    let answered = hyper::service::Service::call(&service, request);
    let answered = tokio::time::timeout(Duration::from_secs(10), answered).await;
    answered.expect("it was asked of the engine").expect("an answer").status()
}

#[tokio::test]
async fn who_is_elsewhere_reads_figures_and_does_nothing() {
    let (intake, clock) = (Intake::new(10), Arc::new(Still));
    let state = AdminState {
        health: Health::default(),
        metrics: Arc::new(Metrics::new()),
        intake,
        clock,
        log: Default::default(),
    };
    for from in ["10.1.2.3", "fd00::1", "8.8.8.8"] {
        assert_eq!(status(&state, "GET", "/metrics", from).await, StatusCode::OK, "scraped from another machine");
        for path in ["/pause", "/resume", "/erase"] {
            assert_eq!(status(&state, "POST", path, from).await, StatusCode::FORBIDDEN, "{path} {from}");
        }
        assert_eq!(status(&state, "GET", "/log", from).await, StatusCode::FORBIDDEN, "the log names people: {from}");
    }
    for from in ["127.0.0.1", "127.8.8.8", "::1"] {
        assert_eq!(status(&state, "GET", "/log", from).await, StatusCode::OK, "{from}");
    }
    assert!(state.intake.take(10, Duration::ZERO).is_empty(), "nothing was asked of the daemon");
}

#[tokio::test]
async fn operators_see_whether_it_is_ready_and_what_it_counted_until_it_stops() {
    let (intake, clock) = (Intake::new(10), Arc::new(Still));
    let log = crate::app::recent_log::RecentLog::default();
    let state = AdminState { health: Health::new(), metrics: Arc::new(Metrics::new()), intake, clock, log };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(crate::web::serve(listener, router(state.clone()), async { drop(stopped.await) }));

    let plain = "text/plain; charset=utf-8".to_owned();
    assert_eq!(get(&format!("{base}/healthz")).await, (200, plain.clone(), "ok\n".to_owned()));
    state.health.set(health::STORE, "the disk is full");
    let reasons = "started: still starting\nstore: the disk is full\n".to_owned();
    assert_eq!(get(&format!("{base}/readyz")).await, (503, plain.clone(), reasons));
    state.health.clear(health::STORE);
    state.health.clear(health::STARTED);
    assert_eq!(get(&format!("{base}/readyz")).await, (200, plain, "ready\n".to_owned()));

    state.metrics.event("example", EventOutcome::Accepted);
    let (status, kind, text) = get(&format!("{base}/metrics")).await;
    assert_eq!((status, &*kind), (200, metrics::CONTENT_TYPE));
    assert!(text.contains("qunwei_events_total{platform=\"example\",outcome=\"accepted\"} 1\n"), "{text}");
    assert_eq!(get(&format!("{base}/other")).await.0, 404);

    stop.send(()).expect("it still runs");
    served.await.expect("no panic").expect("it ends well");
}
