//! The playground's page in a real browser, as large as a desktop's and as a phone's: the scenes are played, and what arrives
//! is read off the page.
//!
//! Pictures for the README: `QUNWEI_PICTURES=docs cargo test --test it browser`.

use std::sync::Arc;

use qunwei::serve::SystemClock;
use serde_json::json;
use tokio::sync::Mutex;

use crate::support::browser::{Browser, DESKTOP, PHONE, Window};
use crate::support::playground::Play;

/// One browser at a time: they are large.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A page of a playground of its own, open at `path`; `None` where there is no browser.
async fn open(window: Window, path: &str) -> Option<(Play, Browser)> {
    let browser = Browser::open(window).await?;
    let play = Play::start_with(None, Arc::new(SystemClock)).await;
    browser.page.goto(&play.url(path)).await.unwrap();
    // Whatever the page's policy refuses, and whatever fails in its script, is kept to be looked at.
    browser
        .run(
            "window.pageFaults = []; \
             addEventListener('securitypolicyviolation', (event) => pageFaults.push(event.violatedDirective)); \
             addEventListener('error', (event) => pageFaults.push(event.message)); \
             addEventListener('unhandledrejection', (event) => pageFaults.push(String(event.reason)))",
            vec![],
        )
        .await;
    browser.until("the members are there", "document.querySelectorAll('#members > li').length === 7").await;
    Some((play, browser))
}

/// Nothing sticks out to the side, nothing was refused, nothing failed.
async fn sound(browser: &Browser) {
    let wide =
        browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![]).await;
    assert_eq!(wide, json!(0), "the page is wider than its window");
    assert_eq!(browser.run("return window.pageFaults ?? []", vec![]).await, json!([]));
}

async fn close((play, browser): (Play, Browser)) {
    sound(&browser).await;
    browser.close().await;
    play.stop().await;
}

async fn play_scene(browser: &Browser, name: &str) {
    browser.click("#scenes summary").await;
    browser.click(&format!("[data-scene={name}]")).await;
    browser.until("the scene begins", "!document.getElementById('progress').hidden").await;
    browser.until("the scene is over", "document.getElementById('progress').hidden").await;
}

#[tokio::test]
async fn an_advertiser_climbs_the_ladder_on_a_desktop() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(DESKTOP, "/?pace=60").await else { return };
    let before = browser.run("return now()", vec![]).await.as_i64().unwrap();
    play_scene(&browser, "ladder").await;
    for text in ["被禁言至", "解除了禁言", "被移出了群聊", "已被群卫撤回", "算在同一个案件里", "清净了"]
    {
        browser.shows("#stream", text).await;
    }
    let after = browser.run("return now()", vec![]).await.as_i64().unwrap();
    assert!(after - before > 30 * 3_600_000, "the clock went on: {before} {after}");
    // The panel follows to the last violation.
    browser.shows("#why .verdict", "违规").await;
    browser.shows("#why mark", "加𝓿𝔁 abc12345").await;
    browser.shows("#why .ladder .here", "移出本群").await;
    browser.shows("#why", "30 天内第 4 次").await;
    browser.until("all is done", "document.querySelectorAll('#why .done .state.done').length === 4").await;
    // A message that is chosen is explained; the picture for the README is of this.
    let flag = "[...document.querySelectorAll('#stream .flag')].find((one) => one.innerText.includes('禁言'))";
    browser.run(&format!("{flag}.click()"), vec![]).await;
    browser.shows("#why .ladder .here", "禁言 24 小时").await;
    browser.shows("#why .original", "兼職刷單").await;
    browser.picture("playground-desktop.png").await;
    // Who was warned alone reads it alone.
    browser.click("#members [data-user=ad01]").await;
    browser.shows("#thread", "这次只作提醒").await;
    browser.shows("#barred", "已不在群里").await;
    close((play, browser)).await;
}

#[tokio::test]
async fn an_advertiser_climbs_the_ladder_on_a_phone() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(PHONE, "/?pace=60").await else { return };
    play_scene(&browser, "ladder").await;
    browser.shows("#stream", "被移出了群聊").await;
    sound(&browser).await;
    browser.click(".tabs [data-tab=explain]").await;
    browser.shows("#why .ladder .here", "移出本群").await;
    sound(&browser).await;
    browser.picture("playground-phone.png").await;
    browser.click(".tabs [data-tab=chat]").await;
    browser.run("document.querySelector('#strip [data-user=ad01]').click()", vec![]).await;
    browser.click(".tabs [data-tab=private]").await;
    browser.shows("#thread", "这次只作提醒").await;
    sound(&browser).await;
    browser.click(".tabs [data-tab=settings]").await;
    browser.until("a file is open", "document.getElementById('config').value.length > 100").await;
    sound(&browser).await;
    browser.click(".tabs [data-tab=chat]").await;
    browser.click("#strip .add").await;
    browser.write("#answer", "小林 小周").await;
    browser.click("#ask .primary").await;
    browser.shows("#stream", "小林、小周 加入了群聊").await;
    browser.click("#clock summary").await;
    sound(&browser).await;
    let left = "return document.querySelector('#clock .sheet').getBoundingClientRect().left >= 0";
    assert_eq!(browser.run(left, vec![]).await, json!(true), "all of the clock's sheet can be seen");
    close((play, browser)).await;
}

#[tokio::test]
async fn a_raid_is_put_before_the_admins_and_newcomers_are_welcomed() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(DESKTOP, "/?pace=60").await else { return };
    play_scene(&browser, "raid").await;
    browser.shows("#stream .from-bot", "欢迎 @小林").await;
    browser.shows("#stream", "24 人入群").await;
    browser.shows("#stream", "清风19、清风20、清风21 等 6 人").await;
    let welcomes = "return [...document.querySelectorAll('#stream .from-bot .bubble')].filter((one) => one.innerText.includes('欢迎')).length";
    assert_eq!(browser.run(welcomes, vec![]).await, json!(1), "nobody of the raid is welcomed");
    close((play, browser)).await;
}

#[tokio::test]
async fn a_false_alarm_is_undone_on_a_phone() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(PHONE, "/?pace=60").await else { return };
    play_scene(&browser, "undone").await;
    browser.shows("#stream .flag.undone", "已撤销").await;
    browser.shows("#stream .from-bot", "已撤销案件 1（阿梅）").await;
    browser.click("#stream .flag.undone").await;
    browser.shows("#why .undone", "已由陈管家撤销").await;
    browser.click(".tabs [data-tab=private]").await;
    for text in ["这次只作提醒", "案件 1 已撤销", "您没有违规记录"] {
        browser.shows("#thread", text).await;
    }
    close((play, browser)).await;
}

#[tokio::test]
async fn a_command_is_carried_out_and_a_quoted_notice_undone() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(DESKTOP, "/").await else { return };
    for _ in 0..2 {
        play.say("mei", "有需要的加 薇 信 abc12345").await;
        play.forward(600).await;
    }
    browser.shows("#stream .from-bot", "您的消息被判为").await;
    browser.click("#members [data-user=chen]").await;
    browser.run("document.querySelector('#stream .from-bot .acts button').click()", vec![]).await;
    browser.shows("#quote", "您的消息被判为").await;
    browser.element("#text").await.send_keys("误判\u{e007}").await.unwrap();
    browser.shows("#stream", "已撤销案件 2").await;
    browser.until("the flag says so", "document.querySelectorAll('#stream .flag.undone').length === 1").await;
    browser.write("#text", "/帮助").await;
    browser.click("#say button").await;
    browser.shows("#stream", "/撤销").await;
    close((play, browser)).await;
}

#[tokio::test]
async fn somebody_types_and_moves_the_clock() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(DESKTOP, "/").await else { return };
    browser.click("#members [data-user=mei]").await;
    browser.element("#text").await.send_keys("有需要的加 薇 信 abc12345\u{e007}").await.unwrap(); // and Enter
    browser.shows("#why .hits", "读作").await;
    browser.shows("#why .ladder .here", "私下提醒").await;
    browser.shows("#thread", "这次只作提醒").await;
    assert_eq!(browser.run("return document.getElementById('text').value", vec![]).await, json!(""));
    let before = browser.run("return now()", vec![]).await.as_i64().unwrap();
    browser.click("#clock summary").await;
    browser.click("[data-seconds='86400']").await;
    browser.until("a day is over", &format!("now() - {before} >= 86400000")).await;
    browser.click("#next-timer").await;
    browser.shows("#trouble", "没有定时的事").await;
    browser.run("document.body.click()", vec![]).await;
    browser.write("#text", "楼下路口交通真是大麻烦").await;
    browser.click("#say button").await;
    browser.until("both days are told", "document.querySelectorAll('#stream .time').length === 2").await;
    browser.until("it is judged", "[...verdicts.values()].some((one) => one.text.startsWith('楼下'))").await;
    browser.click("#stream > li.said:last-child .bubble").await;
    browser.shows("#why .verdict.pass", "没有规则命中").await;
    browser.run("document.getElementById('reset').click()", vec![]).await;
    browser.until("a fresh group", "document.querySelectorAll('#stream .said').length === 0").await;
    close((play, browser)).await;
}

#[tokio::test]
async fn the_configuration_is_edited_and_its_faults_are_shown_at_their_lines() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(DESKTOP, "/").await else { return };
    browser.click(".tabs [data-tab=settings]").await;
    browser.until("a file is open", "document.getElementById('config').value.includes('strike_days = 30')").await;
    assert_eq!(browser.run("return document.getElementById('file').value", vec![]).await, json!("groups.toml"));
    let text = browser.run("return document.getElementById('config').value", vec![]).await.as_str().unwrap().to_owned();
    browser.write("#config", &text.replace("strike_days = 30", "strike_dayz = 30\nlader = 1")).await;
    browser.shows("#verdict-config", "还没有保存").await;
    browser.click("#save").await;
    browser.shows("#verdict-config", "有 2 处错误，没有保存").await;
    let line = 1 + text.lines().position(|line| line.starts_with("strike_days")).unwrap();
    let marked = browser
        .run("return [...document.querySelectorAll('#lines b.error')].map((one) => Number(one.innerText))", vec![])
        .await;
    assert_eq!(marked, json!([line, line + 1]));
    browser.shows("#faults", "did you mean `strike_days`?").await;
    browser.picture("playground-settings.png").await;
    browser.click("#faults button").await;
    let chosen = "const c = document.getElementById('config'); return c.value.slice(c.selectionStart, c.selectionEnd)";
    assert_eq!(browser.run(chosen, vec![]).await, json!("strike_dayz"));
    let version = browser.text("#version").await;
    browser.write("#config", &text.replace("strike_days = 30", "strike_days = 7")).await;
    browser.click("#check").await;
    browser.shows("#verdict-config", "没有错").await;
    assert_eq!(browser.text("#version").await, version, "checking changes nothing");
    browser.click("#save").await;
    browser.shows("#verdict-config", "从现在起生效").await;
    assert_ne!(browser.text("#version").await, version);
    // In force at once, without a restart.
    browser.click("#members [data-user=mei]").await;
    browser.write("#text", "加 薇 信 abc12345 领红包").await;
    browser.click("#say button").await;
    browser.click(".tabs [data-tab=explain]").await;
    browser.shows("#why", "7 天内第 1 次").await;
    close((play, browser)).await;
}

#[tokio::test]
async fn names_can_do_no_harm() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(PHONE, "/").await else { return };
    let script = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
    let long = "长".repeat(200);
    let names =
        [script, "a\u{202e}gpj.exe", "\u{2067}שלום", "@所有人", "{{ name }}{% for %}", "\u{7}\u{1b}[31m\u{0}", &long];
    for (at, name) in names.iter().enumerate() {
        play.call("reset", json!({})).await; // nobody's ladder is climbed here
        let renamed = play.call("act", json!({"do": "rename", "user": "wang", "name": name})).await;
        assert_eq!(renamed.0, 200, "{name:?}: {}", renamed.1);
        play.say("wang", &format!("第 {at} 句，加 薇 信 abc12345")).await;
        browser.shows("#stream", &format!("第 {at} 句")).await;
        browser
            .until("it is judged", &format!("[...verdicts.values()].some((one) => one.text.startsWith('第 {at} 句'))"))
            .await;
        let shown = browser.run("return members.get('wang').name", vec![]).await;
        assert_eq!(shown, json!(name), "as it was given");
        for tab in ["explain", "private", "chat"] {
            browser.click(&format!(".tabs [data-tab={tab}]")).await;
            sound(&browser).await;
        }
    }
    let harm = "return [document.title, document.querySelectorAll('main img, main script, #stream iframe').length]";
    assert_eq!(browser.run(harm, vec![]).await, json!(["群卫 · 演示群", 0]));
    // Each name stands by itself: what turns the direction of writing ends with it.
    let isolated =
        "return [...document.querySelectorAll('#stream .who .name')].every((one) => one.localName === 'bdi')";
    assert_eq!(browser.run(isolated, vec![]).await, json!(true));
    close((play, browser)).await;
}

#[tokio::test]
async fn the_page_speaks_english_too() {
    let _alone = ALONE.lock().await;
    let Some((play, browser)) = open(DESKTOP, "/").await else { return };
    browser.click(".lang").await;
    browser.shows("#explain-title", "Why it was done").await;
    assert_eq!(browser.run("return document.documentElement.lang", vec![]).await, json!("en"));
    browser.until("the members are there", "document.querySelectorAll('#members > li').length === 7").await;
    browser.write("#text", "加 薇 信 abc12345 领红包").await;
    browser.click("#say button").await;
    browser.shows("#why .verdict", "A violation").await;
    browser.shows("#why .ladder .here", "private warning").await;
    let left = "return [...document.querySelectorAll('button, label, h2, summary, small')].map((one) => one.innerText).filter((text) => /[（）。，]/.test(text))";
    assert_eq!(browser.run(left, vec![]).await, json!([]), "nothing was left in Chinese");
    browser.click(".lang").await;
    browser.shows("#explain-title", "为什么这样处理").await;
    close((play, browser)).await;
}
