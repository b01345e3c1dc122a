use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    parse(text).map(|node| node.json().to_string()).unwrap_or_else(|bad| bad.to_string())
}

#[test]
fn text_in_every_way_of_writing_it() {
    let rows = [
        ("<xml><A>早</A></xml>", r#"{"A":"早"}"#),
        ("<xml><A><![CDATA[<早> & &amp; ]]></A></xml>", r#"{"A":"<早> & &amp; "}"#),
        ("<xml><A><![CDATA[a]]]]><![CDATA[>b]]></A></xml>", r#"{"A":"a]]>b"}"#),
        ("<xml><A>a&lt;b&amp;&gt;&quot;&apos;&#65;&#x4e2d;</A></xml>", r#"{"A":"a<b&>\"'A中"}"#),
        ("<xml><A/><B></B></xml>", r#"{"A":"","B":""}"#),
        ("\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><xml>\n <A a='1'>x</A>\n</xml>\n", r#"{"A":"x"}"#),
        ("<xml><L><I>1</I><I>2</I><I><B>3</B></I></L></xml>", r#"{"L":{"I":["1","2",{"B":"3"}]}}"#),
        ("<xml><A>x\r\ny</A></xml>", r#"{"A":"x\ny"}"#),
        ("<xml>早</xml>", r#""早""#),
    ];
    for (text, expected) in rows {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_borrowed_is_not_copied() {
    let text = "<xml><A><![CDATA[long]]></A></xml>";
    let node = parse(text).expect("it is sound");
    assert!(matches!(node.child("A").expect("there").text, Cow::Borrowed("long")));
}

#[test]
fn what_is_no_callback_is_refused() {
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><A>&b;</A></xml>"#;
    let deep = format!("{}{}", "<a>".repeat(DEEPEST + 1), "</a>".repeat(DEEPEST + 1));
    let wide = format!("<xml>{}</xml>", "<a/>".repeat(MOST));
    let endless = "<a>".repeat(1_000_000);
    let rows = [
        ("", BadXml::NotOne),
        ("hello", BadXml::NotOne),
        ("<a/><b/>", BadXml::NotOne),
        ("<a/>x", BadXml::NotOne),
        ("<xml><A>&b;</A></xml>", BadXml::Entity),
        ("<xml><A>&#0;</A></xml>", BadXml::Entity),
        ("<xml><A>&#xd800;</A></xml>", BadXml::Entity),
        (bomb, BadXml::DocType),
        (&deep, TooMuch.into()),
        (&wide, TooMuch.into()),
        (&endless, TooMuch.into()),
    ];
    for (text, expected) in rows {
        assert_eq!(parse(text).expect_err("it is none"), expected, "{:.80}", text);
    }
    for text in
        ["<xml>", "<xml><A></xml>", "</xml>", "<xml", "<xml><A>&lt</A></xml>", "<xml><![CDATA[</xml>", "<xml></xml >>"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_is_written_is_read(text in "[^\0\r]*") {
        let written = format!("<xml><A><![CDATA[{}]]></A></xml>", text.replace("]]>", "]]]]><![CDATA[>"));
        let node = parse(&written).expect("it is sound");
        prop_assert_eq!(&*node.child("A").expect("it is there").text, &*text);
    }

    #[test]
    fn no_text_makes_it_fall(text: String, pieces in prop::collection::vec(prop::sample::select(&["<xml>", "</xml>", "<a", "/>", ">", "<![CDATA[", "]]>", "&", ";", "#x", "<!--", "-->", "<?", "?>", "<!DOCTYPE", "早", " ", "\""][..]), 0..40)) {
        parse(&text).ok();
        parse(&pieces.concat()).ok();
    }
}
