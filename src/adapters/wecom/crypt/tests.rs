use proptest::prelude::*;

use super::*;

// WeCom's own sample (wecom.md §1.6); whoever reads its documents knows this token and key.
const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "wx5823bf96d3bd56c7";
const TIME: &str = "1409659589";
const NONCE: &str = "263014780";
const ECHO: &str = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
const ECHO_SIGNATURE: &str = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3";

fn crypt(receiveid: &str) -> Crypt {
    Crypt::new(TOKEN, KEY, receiveid).expect("the sample key")
}

fn signed<'a>(signature: &'a str, encrypted: &'a str) -> Signed<'a> {
    Signed { signature, timestamp: TIME, nonce: NONCE, encrypted }
}

/// Whatever is wrong with it, signed as if it were sound.
fn opened(crypt: &Crypt, encrypted: &str) -> Result<Vec<u8>, Rejected> {
    crypt.open(signed(&crypt.signature(TIME, NONCE, encrypted), encrypted))
}

#[test]
fn the_sample_of_the_documents_is_opened() {
    assert_eq!(crypt(CORP).open(signed(ECHO_SIGNATURE, ECHO)).expect("the sample"), b"1616140317555161061");
}

#[test]
fn what_an_independent_implementation_made_comes_out_byte_for_byte() {
    let robot = r#"{"msgid":"M1","aibotid":"AIB","chattype":"single","from":{"userid":"zs"},"msgtype":"text","text":{"content":"你好"}}"#;
    let rows = [
        (
            "ww5823bf96d3bd56c7",
            "1616140317555161061",
            "sKqRbbiSUnDhFHOvPjtUMWzf2R8PrpMiTTPaicBgqZnkBQ22EzROFOTckU4cmnNF4qZe168K7duwBWLUK0+qIA==",
            "727a64073a8320719376f6dda9c98e4d633b776a",
        ),
        (
            "",
            robot,
            "sKqRbbiSUnDhFHOvPjtUMXgmKIE8cmU06uAgQReM5Iyi6pQfAf2/ho5oeoN5URqwg8GpXPg4Qrsv0qCpHu1LLVuUoxiD6cyVQpNSSMUk5HDgPoRzBcG44FfpoErlp1NB6EVMgqUyp1RqtYpLMABGlJN9teEM++00YkUFny5JN02OvCY4mmSx3afwZx8sDKEMvVZ8BfFelTjun899i6lptg==",
            "12838fe960f6afc2dc53638e77415d29a50f9ac5",
        ),
    ];
    for (receiveid, message, encrypted, signature) in rows {
        let crypt = crypt(receiveid);
        assert_eq!(crypt.encrypt(message.as_bytes(), *b"0123456789abcdef"), encrypted);
        assert_eq!(crypt.signature(TIME, NONCE, encrypted), signature);
        assert_eq!(crypt.open(signed(signature, encrypted)).expect("ours"), message.as_bytes());
    }
}

#[test]
fn who_does_not_know_the_token_is_refused_before_anything_is_decrypted() {
    let crypt = crypt(CORP);
    let other = Crypt::new("QDG6eL", KEY, CORP).expect("a key");
    let theirs = other.signature(TIME, NONCE, ECHO);
    for signature in ["", "5c45", &ECHO_SIGNATURE.to_uppercase(), &ECHO_SIGNATURE.replace('5', "6"), &theirs] {
        assert_eq!(crypt.open(signed(signature, ECHO)), Err(Rejected::Signature), "{signature}");
    }
    for at in 0..4 {
        let mut parts = signed(ECHO_SIGNATURE, ECHO);
        match at {
            0 => parts.timestamp = "1409659590",
            1 => parts.nonce = "263014781",
            2 => parts.encrypted = "not even base64",
            _ => parts.encrypted = "",
        }
        assert_eq!(crypt.open(parts), Err(Rejected::Signature), "{at}");
    }
}

#[test]
fn the_sender_cannot_tell_what_is_wrong_with_a_content() {
    let crypt = crypt(CORP);
    let other_key = Crypt::new(TOKEN, "kWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", CORP).expect("a key");
    let rows = [
        ("=".to_owned(), Why::Form),
        (String::new(), Why::Form),
        ("YWJj".to_owned(), Why::Form),
        (BASE64.encode(&[7; 31]), Why::Form),
        (other_key.encrypt(b"hello", [1; 16]), Why::Key),
        (BASE64.encode(&[7; 64]), Why::Key),
        (self::crypt("ww1").encrypt(b"hello", [1; 16]), Why::Receiver),
        (self::crypt("").encrypt(b"hello", [1; 16]), Why::Receiver),
    ];
    let mut said = Vec::new();
    for (encrypted, why) in rows {
        let rejected = opened(&crypt, &encrypted).expect_err("it is not for us");
        assert_eq!(rejected, Rejected::Content(why), "{encrypted}");
        said.push(rejected.to_string());
    }
    said.dedup();
    assert_eq!(said, ["it cannot be opened"]);
}

#[test]
fn padding_of_either_width_is_stripped_and_no_other() {
    let mut plain = vec![0; 16];
    plain.extend([0, 0, 0, 2, b'h', b'i']);
    for padding in [1_u8, 10, 16, 26, 32] {
        let mut padded = plain.clone();
        padded.extend(std::iter::repeat_n(padding, usize::from(padding)));
        assert_eq!(message_of(&padded, b""), Ok(&b"hi"[..]), "{padding}");
    }
    for padding in [0_u8, 33, 255] {
        let mut padded = plain.clone();
        padded.extend(std::iter::repeat_n(padding, 40));
        assert_eq!(message_of(&padded, b""), Err(Why::Key), "{padding}");
    }
}

#[test]
fn a_length_that_lies_is_no_length() {
    for told in [[0xff; 4], [0, 0, 0, 200], [0x7f, 0xff, 0xff, 0xff]] {
        let mut plain = vec![0; 16];
        plain.extend(told);
        plain.extend([b'x', 1]);
        assert_eq!(message_of(&plain, b""), Err(Why::Key));
    }
    assert_eq!(message_of(&[], b""), Err(Why::Key));
    assert_eq!(message_of(&[32; 3], b""), Err(Why::Key), "less than its padding says");
    assert_eq!(message_of(&[1; 20], b""), Err(Why::Key), "less than a head");
}

#[test]
fn keys_are_read_and_never_shown() {
    let crypt = crypt(CORP);
    assert_eq!(format!("{crypt:?}"), "Crypt(…)");
    assert!(Crypt::new(TOKEN, &KEY.replace('j', "+"), CORP).is_ok(), "what is base64");
    let rows = [
        ("", KEY, BadKey::Token),
        (TOKEN, "", BadKey::AesKey),
        (TOKEN, &KEY.replace('C', ""), BadKey::AesKey),
        (TOKEN, &format!("{KEY}="), BadKey::AesKey),
        (TOKEN, &KEY.replace('j', "-"), BadKey::AesKey),
        (TOKEN, &"键".repeat(15).chars().take(14).chain("x".chars()).collect::<String>(), BadKey::AesKey),
    ];
    for (token, key, expected) in rows {
        assert_eq!(Crypt::new(token, key, CORP).expect_err("it is none"), expected, "{key}");
    }
}

/// Every one of the 64 last characters, not only the 16 that are canonical.
#[test]
fn every_key_that_wecom_draws_is_read() {
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".chars() {
        let key: String = KEY.chars().take(42).chain([last]).collect();
        let crypt = Crypt::new(TOKEN, &key, CORP).expect("a key");
        assert_eq!(opened(&crypt, &crypt.encrypt(b"hello", [9; 16])).expect("ours"), b"hello");
    }
}

#[test]
fn every_length_comes_back() {
    for receiveid in ["", "w", CORP] {
        let crypt = crypt(receiveid);
        for length in 0..200_usize {
            let message: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
            let encrypted = crypt.encrypt(&message, [length.to_le_bytes()[0]; 16]);
            assert_eq!(opened(&crypt, &encrypted).expect("ours"), message, "{length} bytes to {receiveid:?}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_sealed_is_opened(message: Vec<u8>, random: [u8; 16], receiveid in "[a-z0-9]{0,40}", nonce: String, time: String) {
        let crypt = crypt(&receiveid);
        let encrypted = crypt.encrypt(&message, random);
        let signature = crypt.signature(&time, &nonce, &encrypted);
        let parts = Signed { signature: &signature, timestamp: &time, nonce: &nonce, encrypted: &encrypted };
        prop_assert_eq!(crypt.open(parts), Ok(message));
    }

    #[test]
    fn no_bytes_make_it_fall(blocks in prop::collection::vec(any::<[u8; 16]>(), 0..6), text: String) {
        let crypt = crypt(CORP);
        opened(&crypt, &BASE64.encode(blocks.as_flattened())).ok();
        opened(&crypt, &text).ok();
        message_of(blocks.as_flattened(), b"").ok();
        message_of(text.as_bytes(), CORP.as_bytes()).ok();
    }

    #[test]
    fn one_changed_bit_is_another_signature(bit in 0_usize..ECHO.len() * 8) {
        let mut encrypted = ECHO.as_bytes().to_vec();
        if let Some(byte) = encrypted.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        let encrypted = String::from_utf8_lossy(&encrypted);
        prop_assert_eq!(crypt(CORP).open(signed(ECHO_SIGNATURE, &encrypted)), Err(Rejected::Signature));
    }
}
