//! A body in chunks.

use crate::serve::problem::Problem;

/// Bytes of a line with a chunk's size, or of a trailer.
const MAX_LINE: usize = 1024;

/// What is known after the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// The body and how many bytes it took.
    Done(Vec<u8>, usize),
    More,
}

/// Decodes a body from its first byte. Called again with more bytes as long as some are missing.
pub fn decode(bytes: &[u8], limit: usize) -> Result<Progress, Problem> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = line_at(bytes, at)? else {
            return Ok(Progress::More);
        };
        let size = chunk_size(line)?;
        at += line.len() + 2;
        if size == 0 {
            return trailers(bytes, at, body);
        }
        if body.len() + size > limit {
            return Err(Problem::too_large(limit));
        }
        let Some(chunk) = bytes.get(at..at + size + 2) else {
            return Ok(Progress::More);
        };
        if &chunk[size..] != b"\r\n" {
            return Err(malformed());
        }
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
    }
}

/// Passes over the lines after the last chunk, up to the empty one.
fn trailers(bytes: &[u8], mut at: usize, body: Vec<u8>) -> Result<Progress, Problem> {
    let start = at;
    while let Some(line) = line_at(bytes, at)? {
        at += line.len() + 2;
        if line.is_empty() {
            return Ok(Progress::Done(body, at));
        }
        if at - start > MAX_LINE {
            return Err(malformed());
        }
    }
    Ok(Progress::More)
}

fn line_at(bytes: &[u8], at: usize) -> Result<Option<&[u8]>, Problem> {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) if end <= MAX_LINE => Ok(Some(&rest[..end])),
        None if rest.len() <= MAX_LINE => Ok(None),
        _ => Err(malformed()),
    }
}

fn chunk_size(line: &[u8]) -> Result<usize, Problem> {
    let end = line.iter().position(|byte| *byte == b';');
    let digits = &line[..end.unwrap_or(line.len())];
    let hex = !digits.is_empty() && digits.len() <= 8 && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| hex);
    text.and_then(|text| usize::from_str_radix(text, 16).ok())
        .ok_or_else(malformed)
}

fn malformed() -> Problem {
    Problem::new(400, "The chunks of the body are malformed.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_become_a_body() {
        let bytes = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\nGET";
        for end in 0..bytes.len() - 3 {
            assert_eq!(decode(&bytes[..end], 10).unwrap(), Progress::More, "{end}");
        }
        let done = Progress::Done(b"abcde".to_vec(), bytes.len() - 3);
        assert_eq!(decode(bytes, 10).unwrap(), done);
        assert_eq!(decode(bytes, 4).unwrap_err().status, 413);
    }

    #[test]
    fn odd_chunks_are_refused() {
        for bytes in [
            &b"g\r\n"[..],
            b"\r\n",
            b"-1\r\n",
            b"0x1\r\na\r\n",
            b"1\r\nab\r\n",
            b"FFFFFFFFF\r\n",
        ] {
            assert_eq!(decode(bytes, 10).unwrap_err().status, 400, "{bytes:?}");
        }
    }
}
