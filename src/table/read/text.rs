//! Bytes of a text file as UTF-8.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_8};

use crate::error::{Error, Result};

use super::Incoming;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Decodes `bytes` from `encoding`, a label of the WHATWG encoding standard.
///
/// # Errors
/// The first byte that does not fit, by line and column.
pub fn decode<'a>(
    bytes: &'a [u8],
    encoding: &str,
    incoming: &Incoming<'_>,
) -> Result<Cow<'a, str>> {
    let Some(encoding) = Encoding::for_label(encoding.as_bytes()) else {
        return Err(incoming
            .refused("unknown encoding")
            .detail(format!(
                "`{encoding}` is not a label of the WHATWG encoding standard"
            ))
            .help(format!(
                "say `encoding = \"latin1\"` or another label in {}",
                incoming.definition()
            )));
    };
    if encoding == UTF_8 {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        return std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|error| not_utf8(bytes, error.valid_up_to(), incoming));
    }
    transcode(bytes, encoding, incoming).map(Cow::Owned)
}

fn not_utf8(bytes: &[u8], at: usize, incoming: &Incoming<'_>) -> Error {
    let valid = std::str::from_utf8(&bytes[..at]).unwrap_or_default();
    let guess = match bytes {
        [0xFF, 0xFE, ..] => "utf-16le",
        [0xFE, 0xFF, ..] => "utf-16be",
        _ => "latin1",
    };
    incoming
        .refused("the file is not UTF-8")
        .detail(format!(
            "{}   the byte 0x{:02X} is not UTF-8",
            place(valid, incoming),
            bytes[at]
        ))
        .help(format!(
            "if the file is in another encoding, say `encoding = \"{guess}\"` under [source] in {}",
            incoming.definition()
        ))
}

/// `path:line:column` of what follows `before`; the column in characters.
fn place(before: &str, incoming: &Incoming<'_>) -> String {
    let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
    let column = 1 + before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count());
    format!("{}:{line}:{column}", incoming.path)
}

fn transcode(bytes: &[u8], encoding: &'static Encoding, incoming: &Incoming<'_>) -> Result<String> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let length = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .ok_or_else(|| incoming.refused("the file is too large to decode"))?;
    let mut text = String::with_capacity(length);
    match decoder
        .decode_to_string_without_replacement(bytes, &mut text, true)
        .0
    {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::OutputFull => unreachable!("the buffer has the decoder's own bound"),
        DecoderResult::Malformed(..) => Err(incoming
            .refused(&format!("the file is not {}", encoding.name()))
            .detail(format!(
                "{}   these bytes are not {}",
                place(&text, incoming),
                encoding.name()
            ))
            .help(format!(
                "mend `encoding` under [source] in {}",
                incoming.definition()
            ))),
    }
}
