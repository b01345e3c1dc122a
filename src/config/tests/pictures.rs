//! `[daemon.pictures]`: what is no host, no beginning of addresses and no program is told at its place.

use super::*;

fn plan(pictures: &str) -> Option<std::sync::Arc<crate::domain::picture::PicturePlan>> {
    let files = [("a.toml".to_owned(), format!("[daemon.pictures]\n{pictures}"))];
    from_files(Path::new("."), &files, &no_env).expect("it is sound").settings.pictures.clone()
}

#[test]
fn hosts_and_beginnings_are_read_as_addresses_are_written() {
    let plan =
        plan("hosts = [\"*\", \"IMG.Example.com\", \"a.cn:8443\"]\ninternal = [\"HTTP://Pics.corp:80/a/../chat/\"]")
            .unwrap();
    assert_eq!(plan.hosts, ["*".into(), "img.example.com".into(), "a.cn:8443".into()]);
    assert_eq!(plan.internal, ["http://pics.corp/chat/".into()]);
    assert_eq!((plan.most_bytes, plan.most_pixels, plan.at_once), (4 << 20, 12_000_000, 2));
    assert_eq!(plan.text, None);
}

#[test]
fn as_shipped_and_where_nothing_is_named_nothing_is_fetched() {
    assert_eq!(plan("hosts = []"), None);
    let shipped = load(&super::shipped::dir(), &no_env).expect("it is sound");
    assert_eq!(shipped.settings.pictures, None);
}

#[test]
fn what_cannot_be_meant_is_told() {
    let rows = [
        ("max_kib = 64", "needs `hosts`"),
        ("hosts = [\"https://a.cn/x\"]", "`https://a.cn/x` is no place"),
        ("hosts = [\"com\"]", "`com` is no place"),
        ("hosts = [\"me@a.cn\"]", "`me@a.cn` is no place"),
        ("hosts = []\ninternal = [\"http://10.0.0.1/chat\"]", "`http://10.0.0.1/chat` is no place"),
        ("hosts = []\ninternal = [\"10.0.0.1\"]", "`10.0.0.1` is no place"),
        ("hosts = []\ninternal = [\"http://u:p@10.0.0.1/\"]", "is no place"),
        ("hosts = [\"a.cn\"]\ntext_command = [\"tesseract\"]", "`tesseract` does not begin at the root"),
        ("hosts = [\"a.cn\"]\ntext_command = [\"/nowhere/ocr\"]", "there is no program `/nowhere/ocr`"),
    ];
    for (pictures, expected) in rows {
        let faults = faults_of(&format!("[daemon.pictures]\n{pictures}"));
        let [fault] = &faults[..] else { panic!("{pictures}: {faults:#?}") };
        assert!(fault.message.contains(expected) && fault.help.is_some(), "{pictures}: {fault:#?}");
    }
}
