//! Texts as WeCom takes them: within a number of bytes, without characters it refuses, and without calling anybody who is not
//! meant to be called.

/// Makes a text safe to send: what members wrote and a notice repeats must not become a mention.
///
/// `<@userid>` inside a text notifies that person (91770); so its bracket becomes a full-width one, and so does the sign of
/// `@all` and its Chinese forms, which a client might still understand. Control characters go: JSON can carry them only as
/// `\u00XX`, which WeCom refuses (40033).
pub fn neutral(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '<' if rest.as_str().trim_start_matches(is_unseen).starts_with('@') => safe.push('＜'),
            '@' if calls_everybody(rest.as_str()) => safe.push('＠'),
            '\n' | '\t' => safe.push(next),
            _ if next.is_control() => {}
            _ => safe.push(next),
        }
    }
    safe
}

/// The same for what is shown as Markdown: signs that would make a link, a heading or a colour of what somebody wrote are
/// shown as their full-width look-alikes.
pub fn neutral_markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut line_begins = true;
    for next in neutral(text).chars() {
        safe.push(match next {
            '<' => '＜',
            '[' => '［',
            ']' => '］',
            '`' => '｀',
            '*' => '＊',
            '#' if line_begins => '＃',
            '>' if line_begins => '＞',
            _ => next,
        });
        line_begins = next == '\n' || (line_begins && next.is_whitespace());
    }
    safe
}

const EVERYBODY: [&str; 5] = ["all", "所有人", "全体成员", "全体", "everyone"];

fn calls_everybody(after: &str) -> bool {
    let after = after.trim_start_matches(is_unseen);
    EVERYBODY.iter().any(|word| {
        let mut letters = after.chars().flat_map(char::to_lowercase).filter(|letter| !is_unseen(*letter));
        word.chars().all(|expected| letters.next() == Some(expected))
    })
}

/// Characters that take no room: between a sign and a word they hide it from us and perhaps not from a client.
fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{00ad}' | '\u{fe00}'..='\u{fe0f}')
        || (letter.is_control() && letter != '\n')
}

/// Cuts a text into pieces of at most `limit` bytes (at least 16): at the end of a line if there is one in the second half of
/// a piece, else of a sentence, else of a clause, else between characters. Nothing is lost but the spaces at a cut.
pub fn cut(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(16);
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(end_of_piece(rest, limit));
        pieces.push(piece.trim_end().to_owned());
        rest = after.trim_start();
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The beginning of a text that has at most `limit` bytes, with `…` where something is left out.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub('…'.len_utf8());
    let end = boundary(text, room);
    let mut short = text.get(..end).unwrap_or_default().trim_end().to_owned();
    short.push('…');
    short
}

/// The beginning of a text that has at most so many characters, with `…` where something is left out.
pub fn abridge(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some(_) => {
            let room = text.char_indices().nth(characters.saturating_sub(1)).map_or(0, |(at, _)| at);
            let end = boundary(text, room);
            format!("{}…", text.get(..end).unwrap_or_default().trim_end())
        }
    }
}

/// Where the piece that `text` begins with ends, in bytes: more than 0 for a text that is not empty.
fn end_of_piece(text: &str, limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let hard = boundary(text, limit);
    let window = text.get(..hard).unwrap_or(text);
    let ends: [fn(char) -> bool; 3] = [
        |letter| letter == '\n',
        |letter| matches!(letter, '。' | '！' | '？' | '；' | '!' | '?' | ';' | '…'),
        |letter| matches!(letter, '，' | '、' | '：' | ',' | ' ' | '\t' | '\u{3000}'),
    ];
    let found = ends.iter().find_map(|is_end| {
        let (at, letter) = window.char_indices().rev().find(|(_, letter)| is_end(*letter))?;
        let end = at + letter.len_utf8();
        (end * 2 >= hard).then_some(end)
    });
    found.unwrap_or(hard)
}

/// The last place at or before `limit` where a text may be cut without tearing a character or what belongs to it.
fn boundary(text: &str, limit: usize) -> usize {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let hard = end;
    // An emoji made of several characters is cut only if it is longer than 64 bytes.
    while let Some((before, after)) = text.split_at_checked(end)
        && hard - end < 64
        && let (Some(last), Some(next)) = (before.chars().next_back(), after.chars().next())
        && (joins(next) || last == '\u{200d}')
    {
        end -= last.len_utf8();
    }
    if end == 0 || hard - end >= 64 { hard } else { end }
}

/// Whether a character belongs to the one before it.
fn joins(letter: char) -> bool {
    matches!(letter, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{0300}'..='\u{036f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{1f3fb}'..='\u{1f3ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_is_called_by_what_somebody_wrote() {
        let rows = [
            ("看 <@zhangsan> 说的", "看 ＜@zhangsan> 说的"),
            ("<\u{200b}@zhangsan>", "＜\u{200b}@zhangsan>"),
            (
                "@all 注意 @ALL @所有人 @\u{200b}所有人 @Everyone",
                "＠all 注意 ＠ALL ＠所有人 ＠\u{200b}所有人 ＠Everyone",
            ),
            ("@a\u{200b}ll", "＠a\u{200b}ll"),
            ("mail a@b.com @小王 1<2", "mail a@b.com @小王 1<2"),
            ("一\r\n二\u{0}三\u{7}\t四", "一\n二三\t四"),
        ];
        for (text, expected) in rows {
            assert_eq!(neutral(text), expected);
        }
        assert_eq!(
            neutral_markdown("# 题\n> [点我](http://x) `a` <font> 5 > 3"),
            "＃ 题\n＞ ［点我］(http://x) ｀a｀ ＜font> 5 > 3"
        );
    }

    #[test]
    fn a_long_text_is_cut_where_a_person_would() {
        assert_eq!(cut("一二三四。五六七八，九十", 24), ["一二三四。", "五六七八，九十"]);
        assert_eq!(cut("第一行内容\n第二行。第三", 24), ["第一行内容", "第二行。第三"]);
        assert_eq!(cut("一二三四五六七八九十", 16), ["一二三四五", "六七八九十"]);
        assert_eq!(cut("  \n ", 16), Vec::<String>::new());
        assert_eq!(cut("短", 16), ["短"]);
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(cut(&format!("一{family}"), 27), ["一".to_owned(), family.to_owned()]);
        assert_eq!(shorten("一二三四五", 10), "一二…");
        assert_eq!(shorten("一二三", 9), "一二三");
        assert_eq!((abridge("一二三四", 3), abridge("一二三", 3)), ("一二…".to_owned(), "一二三".to_owned()));
        assert_eq!(abridge(&format!("一{family}二"), 5), "一…");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_piece_is_too_long(text in "[一-十a-c。，\n 👍🏽\u{301}\u{200d}]{0,300}", limit in 16_usize..200) {
            let pieces = cut(&text, limit);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= limit));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&pieces.concat()), bare(&text));
            prop_assert!(shorten(&text, limit).len() <= limit);
            prop_assert!(abridge(&text, limit).chars().count() <= limit);
        }
    }
}
