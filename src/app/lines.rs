//! Reading lines from people's files: any length up to a limit, any line ending, no line so bad that the rest is lost.

use std::io::{self, BufRead, Read};

/// The longest line that is read, in bytes; a longer one is malformed and skipped.
const LONGEST: u64 = 4 << 20;

/// One line that is not empty.
pub struct Line {
    /// Its number from 1.
    pub number: u64,
    /// Its text without the line end, or why it is none.
    pub text: Result<String, String>,
}

/// The lines of an input. Empty ones are skipped silently; a byte order mark at the beginning is no part of the first.
pub struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`.
    pub fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut bytes = Vec::new();
            if (&mut self.input).take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let number = self.number;
            if !bytes.ends_with(b"\n") && bytes.len() as u64 == LONGEST {
                self.skip_line()?;
                return Ok(Some(Line { number, text: Err(format!("is longer than {LONGEST} bytes")) }));
            }
            let text = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => {
                    let at = error.utf8_error().valid_up_to();
                    return Ok(Some(Line { number, text: Err(format!("is not UTF-8 (at byte {})", at + 1)) }));
                }
            };
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let text = text.strip_suffix('\r').unwrap_or(text);
            let text = if number == 1 { text.strip_prefix('\u{FEFF}').unwrap_or(text) } else { text };
            if !text.trim().is_empty() {
                return Ok(Some(Line { number, text: Ok(text.to_owned()) }));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let read = end.map_or(buffer.len(), |end| end + 1);
            let done = end.is_some() || buffer.is_empty();
            self.input.consume(read);
            if done {
                return Ok(());
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
