//! Reading pictures that members sent: **admit → fetch → look → read text**. Their addresses and bytes are written by whoever likes
//! to; so each step has a fence, and none of what is wrong with a picture says what is in it.

mod command;
pub mod fence;
mod fetch;
mod look;
#[cfg(test)]
mod tests;

pub use command::{NoText, text_in};
pub use fence::{Refused, admit};
pub use fetch::Clients;
pub use look::codes_in;

/// Why a picture was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Its address is none that is fetched.
    Refused(Refused),
    /// It leads to an address that is not fetched from.
    Address,
    /// The server cannot be reached.
    Unreachable,
    /// It leads elsewhere.
    Redirect,
    /// The server has none.
    Status,
    /// It has too many bytes.
    TooLarge,
    /// It took too long.
    TooSlow,
    /// It is of no kind that is read.
    Type,
    /// It has too many pixels.
    TooManyPixels,
    /// It cannot be unpacked.
    Damaged,
}
