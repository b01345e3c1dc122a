//! Looks at the bytes of a picture: what kind it is by its beginning, how large it would be, and the QR codes in it.

use std::io::Cursor;

use image::error::LimitErrorKind;
use image::{GrayImage, ImageError, ImageFormat, ImageReader, Limits};

use super::Unread;
use crate::domain::picture::MOST_CODES;

/// A picture may take so many bytes for each of its pixels while it is unpacked.
const A_PIXEL: u64 = 8;
/// The tables of formats take so much besides.
const BESIDES: u64 = 1 << 20;

/// What the QR codes in a picture say. Takes processor time, for at most `most_pixels`.
///
/// # Errors
/// It is no picture that is read.
pub fn codes_in(bytes: &[u8], most_pixels: u64) -> Result<Vec<String>, Unread> {
    let grey = unpack(bytes, most_pixels)?;
    let codes = codes(&grey, |value| value);
    // Light on dark, as some draw them.
    Ok(if codes.is_empty() { codes_of_inverse(&grey) } else { codes })
}

fn codes_of_inverse(grey: &GrayImage) -> Vec<String> {
    codes(grey, |value| 255 - value)
}

/// The picture in grey; of a moving one its first.
fn unpack(bytes: &[u8], most_pixels: u64) -> Result<GrayImage, Unread> {
    let format = image::guess_format(bytes).map_err(|_| Unread::Type)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::WebP) {
        return Err(Unread::Type);
    }
    let reader = || ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader().into_dimensions().map_err(|error| why(&error))?;
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(Unread::TooManyPixels);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc = Some(u64::from(width) * u64::from(height) * A_PIXEL + BESIDES);
    let mut reader = reader();
    reader.limits(limits);
    Ok(reader.decode().map_err(|error| why(&error))?.into_luma8())
}

fn why(error: &ImageError) -> Unread {
    match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::Unsupported { .. } => Unread::Damaged,
            _ => Unread::TooManyPixels,
        },
        _ => Unread::Damaged,
    }
}

fn codes(grey: &GrayImage, value: impl Fn(u8) -> u8) -> Vec<String> {
    let (width, height) = grey.dimensions();
    let pixels = grey.as_raw();
    let at = |x: usize, y: usize| value(pixels.get(y * width as usize + x).copied().unwrap_or(255));
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, at);
    let mut codes: Vec<String> = Vec::new();
    for grid in prepared.detect_grids().into_iter().take(4 * MOST_CODES) {
        let mut said = Vec::new();
        if grid.decode_to(&mut said).is_err() {
            continue;
        }
        let said = text(&said);
        if !codes.contains(&said) && codes.len() < MOST_CODES {
            codes.push(said);
        }
    }
    codes
}

/// What a code says: codes have no word for how their text is written, and Chinese ones are not always UTF-8.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(bytes).0.into_owned(),
    }
}
