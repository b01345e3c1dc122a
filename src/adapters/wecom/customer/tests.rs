use super::*;

#[test]
fn a_group_is_read_with_whatever_is_missing() {
    let full = json!({
        "chat_id": "wr1", "name": "一群", "owner": "zhangsan", "create_time": 1_700_000_000, "notice": "公告",
        "member_list": [
            {"userid": "zhangsan", "type": 1, "join_time": 1, "join_scene": 1, "invitor": {"userid": "lisi"},
             "group_nickname": "", "name": "张三"},
            {"userid": "wmAAA", "type": 2, "unionid": "o", "join_time": 2, "join_scene": 3, "group_nickname": "小王",
             "name": "王", "state": "shop-3"},
            {"userid": "wmBBB", "type": 2, "invitor": null},
        ],
        "admin_list": [{"userid": "lisi"}], "member_version": "v9", "something": "new",
    });
    let group: Group = serde_json::from_value(full).unwrap();
    assert_eq!((&*group.owner, &group.admins[..], &*group.member_version), ("zhangsan", &["lisi".into()][..], "v9"));
    let [zhang, wang, other] = &group.members[..] else { panic!("three members") };
    assert_eq!((zhang.invitor.as_deref(), zhang.shown(), zhang.is_external()), (Some("lisi"), "张三", false));
    assert_eq!((wang.state.as_deref(), wang.shown(), wang.is_external()), (Some("shop-3"), "小王", true));
    assert_eq!((other.invitor.as_deref(), other.shown()), (None, ""));
    let bare: Group = serde_json::from_value(json!({"chat_id": "wr2"})).unwrap();
    assert_eq!(bare, Group { chat_id: "wr2".into(), ..Group::default() });
}
