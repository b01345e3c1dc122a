//! Numbers as people write them: 12, １２, 一百二十, 两, 半.

/// A whole number at the beginning of a text in which full-width signs are already of half width, and how many bytes it
/// takes. Chinese numerals reach to 9999; `None` when there is no number or it is larger than can be.
pub(super) fn whole(text: &str) -> Option<(u64, usize)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 {
        return Some((text.get(..digits)?.parse().ok()?, digits));
    }
    chinese(text)
}

/// 一二三 (a row of digits), 十二, 二十, 一百零五, 两千.
fn chinese(text: &str) -> Option<(u64, usize)> {
    let (mut total, mut digit, mut row, mut bytes) = (0, None, 0_u64, 0);
    let mut units = false;
    for c in text.chars() {
        if let Some(value) = digit_of(c) {
            digit = Some(value);
            row = row.saturating_mul(10).saturating_add(value);
        } else if let Some(unit) = unit_of(c) {
            total += digit.take().unwrap_or(1) * unit;
            units = true;
        } else {
            break;
        }
        bytes += c.len_utf8();
    }
    if bytes == 0 {
        return None;
    }
    Some((if units { total + digit.unwrap_or(0) } else { row }, bytes))
}

fn digit_of(c: char) -> Option<u64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

fn unit_of(c: char) -> Option<u64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        let rows = [
            ("12", Some((12, 2))),
            ("3天", Some((3, 1))),
            ("十", Some((10, 3))),
            ("十二点", Some((12, 6))),
            ("二十", Some((20, 6))),
            ("三十五分", Some((35, 9))),
            ("一百零五", Some((105, 12))),
            ("两千", Some((2000, 6))),
            ("一二", Some((12, 6))),
            ("两", Some((2, 3))),
            ("99999999999999999999999", None),
            ("天", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(whole(text), expected, "{text}");
        }
    }
}
