//! `[wecom.NAME]`: what is read, what is refused, and what is possible in which group.

use super::{no_env, read, told};
use crate::config::*;
use crate::domain::policy::Capability;

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

const WHOLE: &str = r#"
[wecom.corp]
corp_id = "ww1"
duty = ["zhangsan"]
[wecom.corp.app.guard]
agent_id = 1000002
secret_env = "APP"
token_env = "TOKEN"
aes_key_env = "AES"
forward_url = "http://127.0.0.1:9000/in?key=hush"
[wecom.corp.customer]
secret_env = "CUSTOMER"
[wecom.corp.aibot.guard]
bot_id = "aib1"
secret_env = "BOT"
[wecom.corp.group.wrA]
robot_env = "ROBOT"
[wecom.corp.group.wrB]
kind = "app"
[wecom.corp.group.wrC]
kind = "internal"
aibot = "guard"
"#;

fn env(name: &str) -> Option<String> {
    let value = match name {
        "AES" => KEY,
        "ROBOT" => "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hush-693axxx6-7aoc-4bc4",
        "APP" | "TOKEN" | "CUSTOMER" | "BOT" => "hush-0123",
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn a_tenant_is_read_and_nothing_hidden_is_shown() {
    let config = read(&[("a.toml", WHOLE)], &env).unwrap();
    let [tenant] = &config.daemon.wecom[..] else { panic!("{:?}", config.daemon.wecom) };
    assert_eq!((&*tenant.name, &*tenant.corp_id, tenant.speaker.as_deref()), ("corp", "ww1", Some("guard")));
    let app = tenant.speaking_app().unwrap();
    let callback = app.callback.as_ref().unwrap();
    assert_eq!((app.agent_id, app.secret.reveal(), callback.aes_key.reveal()), (1_000_002, "hush-0123", KEY));
    assert_eq!(callback.forward.as_ref().unwrap().url, "http://127.0.0.1:9000/in?key=hush");
    assert_eq!(tenant.groups["wrA"].robot.as_ref().unwrap().reveal(), "hush-693axxx6-7aoc-4bc4");
    assert!(matches!(&tenant.aibots[0].way, AibotWay::Connected { ws_url, .. } if ws_url.starts_with("wss://openws.")));
    let shown = format!("{config:?}");
    assert!(!shown.contains("hush") && !shown.contains(KEY), "{shown}");
}

#[test]
fn it_is_known_where_groups_that_nobody_names_are_not_looked_after() {
    let of = |unknown: &str| {
        let text = format!(
            "[daemon]\nunknown_groups = \"{unknown}\"\n[wecom.corp]\ncorp_id = \"ww1\"\n[group.wrA]\nname = \"一号店\"\n"
        );
        read(&[("a.toml", &text)], &env).unwrap().daemon.wecom[0].looked_after.clone()
    };
    assert_eq!(of("default"), None);
    assert_eq!(of("ignore"), Some(["wrA".into()].into()));
}

#[test]
fn what_is_possible_depends_on_the_group() {
    use Capability::{Image, Private, Recall, Remove, Send, Task, TaskDone};
    let config = read(&[("a.toml", WHOLE)], &env).unwrap();
    let tenant = &config.daemon.wecom[0];
    let rows: [(&str, Sees, Joins, &[Capability]); 4] = [
        ("wrA", Sees::Nothing, Joins::Compared, &[Send, Private, Image, Task, TaskDone, Recall]),
        ("wrB", Sees::Nothing, Joins::Compared, &[Send, Private, Remove, Image, Task, TaskDone, Recall]),
        ("wrC", Sees::ToBot, Joins::Unknown, &[Send, Private, Image, Task, TaskDone, Recall]),
        ("wrUnknown", Sees::Nothing, Joins::Compared, &[Private, Task, TaskDone, Recall]),
    ];
    for (group, sees, joins, can) in rows {
        let can = can.iter().copied().collect();
        assert_eq!(tenant.reach(group), Reach { sees, joins, can, answers: false }, "{group}");
        assert_eq!(config.settings.capabilities("corp", group), can, "{group}");
    }
    // By callback the bot can answer, unless another bot was there before it, and no group of customers.
    let called = WHOLE.replace(
        "bot_id = \"aib1\"\nsecret_env = \"BOT\"",
        "bot_id = \"aib1\"\ntoken_env = \"TOKEN\"\naes_key_env = \"AES\"",
    );
    let behind = called.replace("bot_id = \"aib1\"", "bot_id = \"aib1\"\nforward_url = \"http://127.0.0.1:9000/in\"");
    let answers = |text: &str| {
        let config = read(&[("a.toml", text)], &env).unwrap();
        let tenant = config.daemon.wecom.into_iter().next().unwrap();
        ["wrA", "wrB", "wrC", "wrUnknown"].map(|group| tenant.reach(group).answers)
    };
    assert_eq!((answers(&called), answers(&behind)), ([false, false, true, true], [false; 4]));
    let can = read(&[("a.toml", &called)], &env).unwrap().settings.capabilities("corp", "wrC");
    assert!(!can.has(Send), "it says nothing unasked");
    let strangers = config.settings.strangers("corp");
    assert!(strangers.has("wmEQlEDwAAbPGm7D0Ez4cxxxxxxxxxxx") && strangers.has(BOT_USER));
    assert!(!strangers.has("wowang") && !strangers.has("wbli"), "employees whose userid begins so");
    // Without the app's callback no button would ever come back.
    let silent = WHOLE.replace("token_env = \"TOKEN\"\naes_key_env = \"AES\"\n", "");
    let config = read(&[("a.toml", &silent)], &env).unwrap();
    assert!(!config.settings.capabilities("corp", "wrA").has(Task));
}

#[test]
fn what_is_not_set_is_off_and_said() {
    let config = read(&[("a.toml", WHOLE)], &no_env).unwrap();
    assert!(config.daemon.wecom[0].apps.is_empty() && config.daemon.wecom[0].customer.is_none());
    assert_eq!(
        config.notes,
        [
            "wecom corp: the callback of app guard is off: TOKEN is not set",
            "wecom corp: the callback of app guard is off: AES is not set",
            "wecom corp: app guard is off: APP is not set",
            "wecom corp: customer is off: CUSTOMER is not set",
            "wecom corp: aibot guard is off: BOT is not set",
            "wecom corp: the robot of group wrA is off: ROBOT is not set",
        ]
    );
    assert!(config.settings.capabilities("corp", "wrA") == Default::default(), "nothing is possible");
}

#[test]
fn mistakes_are_found_where_they_are() {
    let rows = [
        ("[wecom.corp]", "a.toml:1:8 [wecom.corp] needs `corp_id`"),
        ("[wecom.\"a b\"]\ncorp_id = \"ww1\"", "a.toml:1:8 `a b` cannot be a tenant's name"),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\napi_url = \"qyapi.weixin.qq.com\"",
            "a.toml:3:11 this is no address that begins with http:// or https://",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.app.a]\nsecret_env = \"APP\"\nagent_id = \"x\"",
            "a.toml:5:12 `x` is no AgentId",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.app.a]\nsecret = \"x\"\nsecret_env = \"APP\"\nagent_id = 1",
            "a.toml:4:1 `secret`: a secret is not written into TOML",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.customer]\nsecret_env = \"APP\"\ntoken_env = \"TOKEN\"",
            "a.toml:3:13 [wecom.corp.customer] needs `aes_key_env`",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.customer]\nsecret_env = \"APP\"\ntoken_env = \"TOKEN\"\naes_key_env = \"APP\"",
            "a.toml:6:15 the EncodingAESKey in APP cannot be used: it is not 43 letters and digits",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.group.wr1]\naibot = \"gard\"",
            "a.toml:4:9 there is no aibot `gard`",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\nspeaker = \"gard\"\n[wecom.corp.app.guard]\nagent_id = 1\nsecret_env = \"APP\"",
            "a.toml:3:11 there is no app `gard`",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.archive]\nlibrary = \"/proc/self/exe\"\nsecret_env = \"APP\"\nprivate_keys = [\"a.pem\"]",
            "a.toml:6:17 `a.pem` is no version and file",
        ),
    ];
    for (text, expected) in rows {
        let faults = told(&read(&[("a.toml", text)], &env).err().unwrap_or_else(|| panic!("sound: {text}")));
        assert_eq!(faults, [expected], "{text}");
    }
    for (line, expected) in [
        ("allow_ips = [\"101.91.0.0/33\"]", "a.toml:5:14 `101.91.0.0/33` is no IP address"),
        ("proxy_header = \"x forwarded\"", "a.toml:5:16 `x forwarded` is no header"),
    ] {
        let text = format!("[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.customer]\nsecret_env = \"APP\"\n{line}");
        assert_eq!(told(&read(&[("a.toml", &text)], &env).unwrap_err()), [expected]);
    }
    let both = "[bridge.corp]\nsecret_env = \"S\"\nactions_url_env = \"U\"\ncapabilities = [\"send\"]\n[wecom.corp]\ncorp_id = \"ww1\"";
    assert_eq!(told(&read(&[("a.toml", both)], &env).unwrap_err()), ["a.toml:5:8 `corp` is a bridge already"]);
}

#[test]
fn what_would_fail_later_is_found_by_check() {
    let rows = [
        ("[wecom.corp]\ncorp_id = \" ww1\"", "a.toml:2:11 ` ww1` is no corp id"),
        ("[wecom.corp]\ncorp_id = \"ww 1\"", "a.toml:2:11 `ww 1` is no corp id"),
        ("[wecom.corp]\ncorp_id = \"ww1\"\nduty = [\"lisi\", \"@all\"]", "a.toml:3:17 `@all` is no employee"),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\nduty = [\"wmEQlEDwAAbPGm7D0Ez4cxxxxxxxxxxx\"]",
            "a.toml:3:9 `wmEQlEDwAAbPGm7D0Ez4cxxxxxxxxxxx` is no employee",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.group.wrA]\nrobot_env = \"ROBOT\"\n[wecom.corp.group.wrB]\nrobot_env = \"ROBOT\"",
            "a.toml:6:13 this is the robot of group wrA already",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.aibot.a]\nbot_id = \"a\"\nlisten = \"0.0.0.0:8090\"",
            "a.toml:5:10 `0.0.0.0:8090` can be reached from other machines, and nothing there is encrypted",
        ),
        (
            "[daemon]\nlisten = \"0.0.0.0:8090\"\n[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.aibot.a]\nbot_id = \"a\"\nlisten = \"127.0.0.1:8090\"",
            "a.toml:7:10 `listen` of [daemon] has this port already",
        ),
        (
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.aibot.a]\nbot_id = \"a\"\nlisten = \"127.0.0.1:8090\"\n[wecom.corp.aibot.b]\nbot_id = \"b\"\nlisten = \"127.0.0.1:8090\"",
            "a.toml:8:10 `listen` of aibot a has this port already",
        ),
    ];
    for (text, expected) in rows {
        let faults = read(&[("a.toml", text)], &env).err().unwrap_or_else(|| panic!("sound: {text}"));
        assert!(faults.iter().all(|fault| fault.help.is_some()), "{faults:?}");
        assert_eq!(told(&faults), [expected], "{text}");
    }
    let archive = |keys: &str| {
        let text = format!(
            "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.archive]\nlibrary = \"no-such.so\"\nsecret_env = \"APP\"\n{keys}"
        );
        match read(&[("a.toml", &text)], &env) {
            Ok(config) => config.warnings,
            Err(faults) => faults,
        }
    };
    let missing = |faults: &[Fault]| faults[0].message.starts_with("there is no file") && faults[0].line == 4;
    for (keys, expected) in [
        ("private_keys = []", "a.toml:6:16 `private_keys` is empty"),
        ("private_keys = [\"1:a.pem\", \"1:b.pem\"]", "a.toml:6:28 there is a key of version 1 already"),
        (
            "private_keys = [\"1:a.pem\"]\nproxy = \"http://u:p@127.0.0.1:1\"",
            "a.toml:7:9 a password does not belong into TOML",
        ),
        ("private_keys = [\"1:a.pem\"]\nproxy_auth_env = \"APP\"", "a.toml:7:18 there is no `proxy` for this"),
    ] {
        let faults = archive(keys);
        assert!(missing(&faults) && told(&faults)[1..] == [expected], "{faults:?}");
    }
    assert!(missing(&archive("private_keys = [\"1:a.pem\"]")), "it says so, and the rest works");
}

#[test]
fn the_keys_of_before_are_valid_too_while_they_are_changed() {
    let text = "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.customer]\nsecret_env = \"APP\"\ntoken_env = \"TOKEN\"\naes_key_env = \"AES\"";
    let of = |more: &str| {
        let config = read(&[("a.toml", &format!("{text}\n{more}"))], &env).unwrap();
        let callback = config.daemon.wecom[0].customer.clone().unwrap().callback.unwrap();
        let previous = callback.previous.map(|(token, key)| (token.reveal().to_owned(), key.reveal().to_owned()));
        (previous, callback.window.map(|window| window.as_secs()), config.notes)
    };
    assert_eq!(of("timestamp_minutes = 5"), (None, Some(300), Vec::new()));
    // Of a pair of which only the token was changed the key is that of now.
    let both = Some(("hush-0123".to_owned(), KEY.to_owned()));
    assert_eq!(of("previous_token_env = \"BOT\"").0, both);
    assert_eq!(of("previous_aes_key_env = \"AES\"").0, both);
    let (previous, _, notes) = of("previous_token_env = \"GONE\"");
    assert_eq!((previous, notes.len()), (None, 1), "{notes:?}");
}

#[test]
fn a_robot_s_key_is_found_in_what_an_operator_pastes() {
    let text = "[wecom.corp]\ncorp_id = \"ww1\"\n[wecom.corp.group.wr1]\nrobot_env = \"ROBOT\"";
    let pasted = |address: &str| read(&[("a.toml", text)], &|_| Some(address.to_owned()));
    let key = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa";
    for address in [key.to_owned(), format!(" https://qyapi.weixin.qq.com/cgi-bin/webhook/send?a=1&key={key}\n")] {
        let config = pasted(&address).unwrap();
        assert_eq!(config.daemon.wecom[0].groups["wr1"].robot.as_ref().unwrap().reveal(), key);
    }
    for address in ["https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "钥匙", "a b", "https://x/?key="] {
        assert_eq!(told(&pasted(address).unwrap_err()).len(), 1, "{address}");
    }
    let config = pasted("").unwrap(); // as if it were not set
    assert!(config.daemon.wecom[0].groups["wr1"].robot.is_none());
}
