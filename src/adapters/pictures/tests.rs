//! What is fetched and from where; what is unpacked; what a program may do.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, ImageFormat, Luma, codecs};

use super::fence::Way;
use super::*;
use crate::domain::picture::{PicturePlan, TextCommand};

fn plan(hosts: &[&str], internal: &[&str]) -> PicturePlan {
    PicturePlan {
        hosts: hosts.iter().map(|host| (*host).into()).collect(),
        internal: internal.iter().map(|beginning| (*beginning).into()).collect(),
        most_bytes: 1 << 20,
        most_pixels: 4_000_000,
        time: Duration::from_secs(5),
        at_once: 1,
        text: None,
    }
}

#[test]
fn only_what_a_file_names_is_fetched() {
    let plan = plan(&["example.com", "pics.cn:8443"], &["http://10.0.0.5:8080/chat/", "http://127.0.0.1:9/"]);
    let way = |address: &str| admit(&plan, address).map(|(_, way)| way);
    for address in ["https://example.com/a.png", "http://IMG.example.com:80/a", "https://pics.cn:8443/x?y=1"] {
        assert_eq!(way(address), Ok(Way::Public), "{address}");
    }
    for address in ["http://10.0.0.5:8080/chat/a.png", "http://10.0.0.5:8080/chat/x/../b", "http://127.1:9/x"] {
        assert_eq!(way(address), Ok(Way::Internal), "{address}");
    }
    let refused = [
        ("https://badexample.com/a", Refused::Host),
        ("https://example.com.evil.cn/a", Refused::Host),
        ("https://example.com:8443/a", Refused::Host),
        ("http://pics.cn/x", Refused::Host),
        ("http://10.0.0.5:8080/admin", Refused::Host),
        ("http://10.0.0.5:8080/chat", Refused::Host),
        ("http://10.0.0.5:8080/chat/../admin", Refused::Host),
        ("http://10.0.0.5:8080/chat/%2e%2e/admin", Refused::Host),
        ("http://10.0.0.5:8080/chat/..%2fadmin", Refused::Host),
        ("http://10.0.0.5:8080/chat/..%5Cadmin", Refused::Host),
        ("http://10.0.0.5/chat/a.png", Refused::Host),
        ("https://10.0.0.5:8080/chat/a.png", Refused::Host),
        ("http://10.0.0.5:8080@evil.cn/chat/", Refused::Url),
        ("http://user:pw@example.com/", Refused::Url),
        ("ftp://example.com/a", Refused::Url),
        ("file:///etc/passwd", Refused::Url),
        ("//example.com/a", Refused::Url),
        ("", Refused::Url),
    ];
    for (address, why) in refused {
        assert_eq!(way(address), Err(why), "{address}");
    }
}

#[test]
fn any_host_is_any_public_one() {
    let any = plan(&["*"], &[]);
    assert!(admit(&any, "https://whatever.cn/a").is_ok());
    assert_eq!(admit(&any, "https://whatever.cn:6379/a"), Err(Refused::Host));
    let public = ["1.1.1.1", "223.5.5.5", "100.128.0.1", "172.32.0.1", "2400:3200::1", "2606:4700::1111"];
    let inside = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fec0::1",
    ];
    for (addresses, expected) in [(&public[..], true), (&inside[..], false)] {
        for address in addresses {
            assert_eq!(Way::Public.leads_to(address.parse().unwrap()), expected, "{address}");
        }
    }
    // Where an operator has a server of his own, and what nobody has.
    for address in ["127.0.0.1", "10.0.0.1", "192.168.0.1", "fd12::1", "::1", "1.1.1.1"] {
        assert!(Way::Internal.leads_to(address.parse::<IpAddr>().unwrap()), "{address}");
    }
    for address in
        ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1", "0.0.0.0", "224.0.0.1", "64:ff9b::a00:1"]
    {
        assert!(!Way::Internal.leads_to(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn an_address_inside_is_not_connected_to_however_it_is_written() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let named = ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"].map(|host| format!("{host}:{port}"));
    let plan = plan(&named.each_ref().map(String::as_str), &[]);
    let clients = Clients::default();
    for host in ["localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:7f00:1]", "①②⑦.⓪.⓪.①"]
    {
        let fetched = clients.fetch(&plan, &format!("http://{host}:{port}/a.png")).await;
        assert!(matches!(fetched, Err(Unread::Address | Unread::Refused(_))), "{host}: {fetched:?}");
    }
    assert_eq!(clients.fetch(&plan, &format!("http://localhost:{port}/")).await, Err(Unread::Address));
    let called = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(called.is_err(), "somebody connected");
}

/// A picture with a QR code, so many pixels a module.
fn code(text: &[u8], scale: u32) -> GrayImage {
    let code = qrcode::QrCode::new(text).unwrap();
    let (width, colors) = (code.width() as u32, code.to_colors());
    let side = (width + 8) * scale;
    GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
        let dark = x < width && y < width && colors[(y * width + x) as usize] == qrcode::Color::Dark;
        Luma([if dark { 0 } else { 255 }])
    })
}

fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let rgb = DynamicImage::ImageLuma8(picture.clone()).into_rgb8();
    DynamicImage::ImageRgb8(rgb).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn codes_are_read_in_every_kind_of_picture() {
    let text = "https://bad.example.com/join?id=1";
    let picture = code(text.as_bytes(), 4);
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        assert_eq!(codes_in(&encoded(&picture, format), 4_000_000), Ok(vec![text.to_owned()]), "{format:?}");
    }
    // Light on dark; in Chinese, as UTF-8 and as GBK.
    let mut inverse = picture.clone();
    inverse.pixels_mut().for_each(|pixel| pixel.0[0] = 255 - pixel.0[0]);
    assert_eq!(codes_in(&encoded(&inverse, ImageFormat::Png), 4_000_000), Ok(vec![text.to_owned()]));
    let (gbk, ..) = encoding_rs::GBK.encode("加微信领红包");
    for bytes in ["加微信领红包".as_bytes(), &gbk] {
        assert_eq!(
            codes_in(&encoded(&code(bytes, 3), ImageFormat::Png), 4_000_000),
            Ok(vec!["加微信领红包".to_owned()])
        );
    }
    // Two in one picture; none.
    let mut two = GrayImage::from_pixel(picture.width() * 2, picture.height(), Luma([255]));
    image::imageops::replace(&mut two, &picture, 0, 0);
    image::imageops::replace(&mut two, &code(b"second", 4), i64::from(picture.width()), 0);
    let mut found = codes_in(&encoded(&two, ImageFormat::Png), 4_000_000).unwrap();
    found.sort();
    assert_eq!(found, [text, "second"]);
    let blank = GrayImage::from_pixel(64, 64, Luma([255]));
    assert_eq!(codes_in(&encoded(&blank, ImageFormat::Png), 4_000_000), Ok(Vec::new()));
}

#[test]
fn what_is_no_picture_or_too_large_a_one_is_not_unpacked() {
    let picture = encoded(&code(b"x", 4), ImageFormat::Png);
    assert_eq!(codes_in(&picture, 100), Err(Unread::TooManyPixels));
    for bytes in
        [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", b"BM000000", b"<html>", &[0; 100]]
    {
        assert_eq!(codes_in(bytes, 1_000_000), Err(Unread::Type));
    }
    assert_eq!(codes_in(&picture[..picture.len() / 2], 1_000_000), Err(Unread::Damaged));
    // A bomb: a small file of many pixels.
    let mut bomb = Vec::new();
    let side = 8000;
    let encoder = codecs::png::PngEncoder::new(&mut bomb);
    encoder.write_image(&vec![0; side * side], side as u32, side as u32, ExtendedColorType::L8).unwrap();
    assert!(bomb.len() < 400_000, "{} bytes", bomb.len());
    let begun = Instant::now();
    assert_eq!(codes_in(&bomb, 16_000_000), Err(Unread::TooManyPixels));
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
}

/// Whatever bytes come, there is an answer.
#[test]
fn no_bytes_make_a_decoder_fall() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let sound = encoded(&code(b"https://bad.example.com", 2), format);
        let mut seed = 0x9E37_79B9_u32;
        for _ in 0..300 {
            let mut bytes = sound.clone();
            for _ in 0..4 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (seed >> 8) as usize % bytes.len();
                bytes[at] = seed as u8;
            }
            let _ = codes_in(&bytes, 100_000);
        }
    }
}

fn shell(script: &str, milliseconds: u64) -> TextCommand {
    let argv = ["/bin/sh", "-c", script].map(Into::into).into();
    TextCommand { argv, time: Duration::from_millis(milliseconds) }
}

#[tokio::test]
async fn a_program_is_given_the_picture_and_nothing_else_of_ours() {
    let large = vec![b'x'; 3 << 20];
    assert_eq!(text_in(&shell("wc -c", 20_000), &large).await.as_deref(), Ok("3145728"));
    assert_eq!(text_in(&shell("echo ' 加微信 '; exec cat >/dev/null", 20_000), &large).await.as_deref(), Ok("加微信"));
    // One that does not read to the end is none the worse.
    assert_eq!(text_in(&shell("echo 领红包", 20_000), &large).await.as_deref(), Ok("领红包"));
    let environment = text_in(&shell("env; pwd", 20_000), b"").await.unwrap();
    let known = ["PATH=", "LANG=", "LC_ALL=", "TESSDATA_PREFIX=", "TMPDIR=", "PWD=", "SHLVL=", "_=", "OLDPWD=", "/"];
    assert!(environment.lines().all(|line| known.iter().any(|name| line.starts_with(name))), "{environment}");
    assert_eq!(text_in(&shell("echo x; exit 3", 20_000), b"").await, Err(NoText::Failed));
    let nothing = TextCommand { argv: vec!["/nowhere/ocr".into()], time: Duration::from_secs(1) };
    assert_eq!(text_in(&nothing, b"").await, Err(NoText::Failed));
    assert_eq!(text_in(&shell("yes", 20_000), b"").await, Err(NoText::TooMuch));
}

#[tokio::test]
async fn a_program_that_is_late_is_killed_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("sleep 600 & echo $! > {0}; echo $$ >> {0}; wait", pids.display());
    let begun = Instant::now();
    assert_eq!(text_in(&shell(&script, 1500), b"").await, Err(NoText::TooSlow));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let started = std::fs::read_to_string(pids).unwrap();
    assert_eq!(started.lines().count(), 2);
    for pid in started.lines() {
        // Gone, or waiting to be buried by whoever inherits it.
        let alive = |_| {
            let state = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
            !state.is_empty() && !state.contains(") Z ")
        };
        let mut tries = 0..200;
        while tries.next().is_some_and(alive) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!alive(0), "process {pid} still runs");
    }
}
