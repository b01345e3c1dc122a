//! Pages in a browser that are not ours, and other machines, at the operators' port. The playground's own tests are in
//! `tests/it/playground.rs`.

use crate::support::World;
use crate::support::daemon::client;

/// Who is to be erased, where that is asked.
const ERASE: &str = r#"{"platform": "example", "user": "u1"}"#;

#[tokio::test]
async fn no_page_in_a_browser_reads_stops_or_erases() {
    let world = World::new().await;
    let admin = world.running().admin;
    let http = client();
    let get = |path: &str, host: &str| {
        let request = http.get(format!("http://{admin}{path}")).header("host", host);
        async { request.send().await.unwrap().status().as_u16() }
    };
    // A name of a foreign site that was made to lead here.
    for path in ["/metrics", "/readyz", "/healthz", "/log"] {
        for host in
            ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example:8081", "localhost."]
        {
            assert_eq!(get(path, host).await, 403, "{path} {host}");
        }
        for host in ["localhost:8081", "127.0.0.1", "[::1]:8081", "qunwei:8081"] {
            assert_eq!(get(path, host).await, 200, "{path} {host}");
        }
    }
    let stop = |path: &str, headers: &[(&'static str, &'static str)]| {
        let mut request = http.post(format!("http://{admin}{path}")).body(ERASE);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    let ours = ("x-qunwei-operator", "ops");
    for path in ["/pause", "/resume", "/erase"] {
        assert_eq!(stop(path, &[]).await, 403, "a form of a foreign page");
        assert_eq!(stop(path, &[ours, ("host", "evil.example")]).await, 403, "a page under a name that leads here");
        // Browsers say whence every POST comes, and nothing else does.
        for origin in ["http://evil.example", "null", "http://localhost:8081"] {
            assert_eq!(stop(path, &[ours, ("origin", origin)]).await, 403, "{origin}");
        }
        assert_eq!(
            http.get(format!("http://{admin}{path}")).header(ours.0, ours.1).send().await.unwrap().status(),
            405
        );
        // What a page asks before it may send our header is not allowed to it.
        let asked = http.request(reqwest::Method::OPTIONS, format!("http://{admin}{path}"));
        let asked = asked.header("origin", "http://evil.example").header("access-control-request-headers", ours.0);
        let answer = asked.send().await.unwrap();
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
    // Nothing of all that was begun.
    assert_eq!(get("/erase/1", "localhost").await, 404);
    assert_eq!(stop("/pause", &[ours]).await, 200, "who is here and no browser");
    assert_eq!(stop("/resume", &[ours]).await, 200);
    assert_eq!(stop("/erase", &[ours]).await, 200);
    assert_eq!(get("/erase/1", "localhost").await, 200);
    world.finish().await;
}
