//! The text of a file in whatever encoding such lists come: UTF-8, UTF-16 with its mark, GB18030 (and so GBK and GB2312).

use encoding_rs::{Encoding, GB18030, UTF_8};

/// How files begin that are saved by office programs: archives, and what came before those.
const NO_TEXTS: [&[u8]; 2] = [b"PK\x03\x04", b"\xD0\xCF\x11\xE0"];

/// A file's text and the name of its encoding.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, &'static str), String> {
    if NO_TEXTS.iter().any(|begin| bytes.starts_with(begin)) {
        return Err("it is a spreadsheet or an archive and no text; save it as CSV (UTF-8) and try again".to_owned());
    }
    if let Some((marked, mark)) = Encoding::for_bom(bytes) {
        let text = whole(marked, bytes.get(mark..).unwrap_or_default());
        return text.map(|text| (text, marked.name())).ok_or_else(|| no_text(marked.name()));
    }
    if let Some(text) = whole(UTF_8, bytes) {
        return Ok((text, "UTF-8"));
    }
    // Any even run of high bytes is some GB18030: what comes out must also look like text.
    let text = whole(GB18030, bytes).filter(|text| !text.contains(|c: char| c.is_control() && !c.is_whitespace()));
    text.map(|text| (text, "GB18030")).ok_or_else(|| no_text("UTF-8, GB18030"))
}

fn whole(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
}

fn no_text(tried: &str) -> String {
    format!("it is no text in {tried}; save it as UTF-8 and try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lists_come_in() {
        let gb = [0xBC, 0xD3, 0xCE, 0xA2, 0xD0, 0xC5, b'\n'];
        let wide: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("加微信\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let rows: [(&[u8], &str); 4] = [
            ("加微信\n".as_bytes(), "UTF-8"),
            ("\u{FEFF}加微信\n".as_bytes(), "UTF-8"),
            (&gb, "GB18030"),
            (&wide, "UTF-16LE"),
        ];
        for (bytes, name) in rows {
            assert_eq!(decode(bytes), Ok(("加微信\n".to_owned(), name)));
        }
        for bytes in [&[0x89, b'P', b'N', b'G', 0, 1, 0xFF][..], &[0xEF, 0xBB, 0xBF, 0xFF], &[b'a', 0xFF]] {
            assert!(decode(bytes).unwrap_err().contains("UTF-8"), "{bytes:?}");
        }
        assert!(decode(b"PK\x03\x04\x14\0").unwrap_err().contains("save it as CSV"), "a sheet of Excel");
    }
}
