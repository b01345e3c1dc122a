//! `qunwei wecom`, the real binary, against the fake.

use std::process::Output;
use std::sync::Arc;

use crate::support::daemon::{qunwei, stderr};
use crate::support::fake_wecom::Fake;
use crate::support::fake_wecom::model::{Kind, Permission};

struct Desk {
    fake: Fake,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let fake = Fake::start(([127, 0, 0, 1], 0).into(), Arc::new(|| 1_795_395_600_000)).await.unwrap();
        {
            let mut model = fake.model();
            model.hire("zhangsan", "张三");
            model.app(1_000_002, "app-secret", Permission::App);
            model.app(0, "customer-secret", Permission::Customer);
            model.group("wr1", Kind::Customer, "一号店", &["zhangsan"]);
        }
        let folder = tempfile::tempdir().unwrap();
        let (corp, api) = (fake.model().corp.clone(), fake.url());
        let toml = format!(
            "[wecom.corp]\ncorp_id = \"{corp}\"\napi_url = \"{api}\"\n[wecom.corp.app.guard]\nagent_id = 1000002\n\
             secret_env = \"APP\"\n[wecom.corp.customer]\nsecret_env = \"CUSTOMER\"\n"
        );
        std::fs::write(folder.path().join("a.toml"), toml).unwrap();
        Self { fake, folder }
    }

    async fn run(&self, args: &[&str], app: &str) -> Output {
        let mut command = qunwei();
        command.arg("wecom").args(args).arg("--config").arg(self.folder.path());
        command.env("APP", app).env("CUSTOMER", "customer-secret");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn told(&self, args: &[&str]) -> String {
        let output = self.run(args, "app-secret").await;
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test]
async fn secrets_are_tried_and_what_is_wrong_is_said_with_what_to_do() {
    let desk = Desk::new().await;
    let told = desk.told(&["check"]).await;
    assert!(
        told.contains("app guard: works; callbacks come from ") && told.contains("customer: works; 1 groups"),
        "{told}"
    );
    let output = desk.run(&["check"], "wrong-secret").await;
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("app guard: does not work: ") && told.contains("40001"), "{told}");
    assert!(!told.contains("wrong-secret"), "{told}");
    let output = desk.run(&["groups", "--corp", "other"], "app-secret").await;
    assert!(!output.status.success() && stderr(&output).contains("no [wecom.other]"), "{}", stderr(&output));
}

#[tokio::test]
async fn groups_are_listed_and_what_only_the_interface_makes_is_made() {
    let desk = Desk::new().await;
    assert_eq!(desk.told(&["groups"]).await, "wr1\tzhangsan\t1\t一号店\n");
    let way = desk.told(&["join-way-add", "--groups", "wr1", "--state", "shop"]).await;
    let fields: Vec<&str> = way.trim_end().split('\t').collect();
    assert_eq!((fields.len(), fields[1], fields[2]), (4, "shop", "wr1"), "{way}");
    assert_eq!(desk.told(&["join-way-show", fields[0]]).await, way);
    desk.told(&["join-way-delete", fields[0]]).await;
    let gone = desk.run(&["join-way-show", fields[0]], "app-secret").await;
    assert!(!gone.status.success() && !stderr(&gone).is_empty());
    let id = desk.told(&["welcome-add", "--text", "欢迎 %NICKNAME%"]).await;
    desk.told(&["welcome-edit", id.trim(), "--text", "欢迎您，%NICKNAME%"]).await;
    desk.told(&["welcome-delete", id.trim()]).await;
    let sent = desk.told(&["mass-send", "--sender", "zhangsan", "--groups", "wr1", "--text", "明天停电检修"]).await;
    let id = sent.split('\t').next().unwrap();
    assert!(sent.contains("waits for zhangsan to confirm it in the client"), "{sent}");
    let result = desk.told(&["mass-result", id, "--sender", "zhangsan"]).await;
    assert_eq!(result, "wr1\tzhangsan\tnot confirmed yet\n");
    assert_eq!(desk.fake.model().unexpected, Vec::<String>::new());
}
