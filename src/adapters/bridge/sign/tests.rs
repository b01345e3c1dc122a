use super::*;

const ZERO_TO_31: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const AT: Timestamp = Timestamp(1_795_312_800_000);

/// Made with the stock Python library `standardwebhooks` at 1795312800: secret, id, body, signature.
const VECTORS: [(&str, &str, &str, &str); 4] = [
    (
        OTHER,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        r#"{"test": 2432232314}"#,
        "v1,UUVFcfqaHvH+82+S+706UiFOkhGH8Dg+694HIWU8gjM=",
    ),
    (
        ZERO_TO_31,
        "a-abcdefghijklmnopqrstuvwxyz",
        r#"{"id":"m-1","type":"message","text":"加微信 abc123 领红包"}"#,
        "v1,8pi9so2AcGVJagfCyU3BC3HqjuEPxlrPo0SY0tVjIPo=",
    ),
    (
        "whsec_AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dzj6vH4/wYNFBsiKTA3PkVMU1phaG92fYSLkpmgp661vA==",
        "x",
        "",
        "v1,nhq1S6VLcBqGLgdMXiwrfop9GnH5fWYi1PA3ZPksPB4=",
    ),
    (ZERO_TO_31, "m.1", "a.b\n\"é😀\"", "v1,qLtUlDSH5a/i28jO9RDGMHwtmIFGUyYlYy3mcvqnOI4="),
];

fn secret(text: &str) -> Secret {
    Secret::parse(text).expect("a secret of these tests")
}

fn headers<'a>(id: &'a str, timestamp: &'a str, signature: &'a str) -> Headers<'a> {
    Headers { id: Some(id.as_bytes()), timestamp: Some(timestamp.as_bytes()), signature: Some(signature.as_bytes()) }
}

#[test]
fn signs_and_verifies_like_the_stock_library() {
    for (key, id, body, signature) in VECTORS {
        assert_eq!(sign(&secret(key), id, AT, body.as_bytes()), signature, "{id}");
        let given = headers(id, "1795312800", signature);
        assert_eq!(verify(&[secret(key)], given, body.as_bytes(), AT, TOLERANCE), Ok(()), "{id}");
    }
}

#[test]
fn anything_changed_is_rejected() {
    let (key, id, body, signature) = VECTORS[1];
    let check = |id, timestamp, signature, body: &str| {
        verify(&[secret(key)], headers(id, timestamp, signature), body.as_bytes(), AT, TOLERANCE)
    };
    assert_eq!(check(id, "1795312800", signature, body), Ok(()));
    let rows = [
        ("another body", id, "1795312800", signature, "{}"),
        ("another id", "a-", "1795312800", signature, body),
        ("another time", id, "1795312801", signature, body),
        ("another signature", id, "1795312800", VECTORS[0].3, body),
        ("an empty signature", id, "1795312800", "", body),
        ("another version", id, "1795312800", "v1a,8pi9so2AcGVJagfCyU3BC3HqjuEPxlrPo0SY0tVjIPo=", body),
        ("no version", id, "1795312800", "8pi9so2AcGVJagfCyU3BC3HqjuEPxlrPo0SY0tVjIPo=", body),
        ("no padding", id, "1795312800", "v1,8pi9so2AcGVJagfCyU3BC3HqjuEPxlrPo0SY0tVjIPo", body),
        ("33 bytes", id, "1795312800", "v1,8pi9so2AcGVJagfCyU3BC3HqjuEPxlrPo0SY0tVjIPoA", body),
        ("31 bytes", id, "1795312800", "v1,8pi9so2AcGVJagfCyU3BC3HqjuEPxlrPo0SY0tVjIA==", body),
        ("no base64", id, "1795312800", "v1,********************************************", body),
    ];
    for (what, id, timestamp, signature, body) in rows {
        assert_eq!(check(id, timestamp, signature, body), Err(Rejected::Signature), "{what}");
    }
}

#[test]
fn the_time_must_be_whole_seconds_within_five_minutes() {
    let key = secret(OTHER);
    let check = |timestamp: &str, now: i64| {
        let digest = key.digest(b"x", timestamp.as_bytes(), b"{}");
        let signature = format!("v1,{}", BASE64.encode(&digest));
        let given = headers("x", timestamp, &signature);
        verify(std::slice::from_ref(&key), given, b"{}", Timestamp(now), TOLERANCE)
    };
    let rows = [
        ("1000", 1_000_000, Ok(())),
        ("1000", 1_300_000, Ok(())),
        ("1000", 1_300_001, Err(Rejected::Old)),
        ("1000", 700_000, Ok(())),
        ("1000", 699_999, Err(Rejected::Ahead)),
        ("9223372036854775807", 1_000_000, Err(Rejected::Ahead)),
        ("92233720368547758070", 1_000_000, Err(Rejected::Timestamp)),
        ("", 1_000_000, Err(Rejected::Timestamp)),
        ("1000.0", 1_000_000, Err(Rejected::Timestamp)),
        ("+1000", 1_000_000, Err(Rejected::Timestamp)),
        ("-1000", 1_000_000, Err(Rejected::Timestamp)),
        ("1e3", 1_000_000, Err(Rejected::Timestamp)),
    ];
    for (timestamp, now, expected) in rows {
        assert_eq!(check(timestamp, now), expected, "{timestamp} at {now}");
    }
}

#[test]
fn one_valid_signature_of_several_is_enough() {
    let (key, id, body, good) = VECTORS[1];
    let bad = VECTORS[0].3;
    for signatures in
        [format!("{bad} {good}"), format!("{good} {bad}"), format!("v1a,xyz  v2,{} {good}", "a".repeat(200))]
    {
        let given = headers(id, "1795312800", &signatures);
        assert_eq!(verify(&[secret(key)], given, body.as_bytes(), AT, TOLERANCE), Ok(()), "{signatures}");
    }
}

#[test]
fn two_secrets_are_valid_during_a_rotation() {
    let (key, id, body, signature) = VECTORS[1];
    let given = headers(id, "1795312800", signature);
    for secrets in [[secret(key), secret(OTHER)], [secret(OTHER), secret(key)]] {
        assert_eq!(verify(&secrets, given, body.as_bytes(), AT, TOLERANCE), Ok(()));
    }
    assert_eq!(verify(&[secret(OTHER)], given, body.as_bytes(), AT, TOLERANCE), Err(Rejected::Signature));
    assert_eq!(verify(&[], given, body.as_bytes(), AT, TOLERANCE), Err(Rejected::Signature));
}

#[test]
fn a_missing_header_is_named() {
    let whole = headers("x", "1000", "v1,");
    let rows = [
        (Headers { id: None, ..whole }, "webhook-id"),
        (Headers { id: Some(b""), ..whole }, "webhook-id"),
        (Headers { timestamp: None, ..whole }, "webhook-timestamp"),
        (Headers { signature: None, ..whole }, "webhook-signature"),
    ];
    for (given, name) in rows {
        assert_eq!(verify(&[secret(OTHER)], given, b"", Timestamp(0), TOLERANCE), Err(Rejected::Missing(name)));
    }
}

#[test]
fn secrets_are_read_and_never_shown() {
    assert_eq!(format!("{:?}", secret(OTHER)), "Secret(…)");
    assert_eq!(
        sign(&secret(ZERO_TO_31), "x", AT, b""),
        sign(&Secret::from_bytes(&std::array::from_fn::<u8, 32, _>(|at| at as u8)), "x", AT, b"")
    );
    // by the same code as the configuration
    assert_eq!(Secret::parse("whsec_MfKQ9r8GKYo=").err(), Some(BadSecret::Length));
    assert!(Secret::parse("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").is_ok());
}
