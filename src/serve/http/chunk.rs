//! A body in chunks.

use crate::serve::problem::Problem;

/// Bytes of a line with a chunk's size, or of all trailers.
const MAX_LINE: usize = 1024;
/// How many bytes a body may take on the wire for each that it may have: chunks of one byte take six.
const MAX_OVERHEAD: usize = 8;

/// A body that is being read. What was decoded is not looked at again, however the bytes arrive.
#[derive(Debug)]
pub struct Chunks {
    limit: usize,
    body: Vec<u8>,
    state: State,
    /// Bytes taken so far.
    taken: usize,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    /// So many bytes of a chunk.
    Data(usize),
    /// The line break behind a chunk.
    DataEnd,
    /// A trailer or the empty line, after so many bytes of trailers.
    Trailer(usize),
    Done,
}

impl Chunks {
    /// A body of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            body: Vec::new(),
            state: State::Size,
            taken: 0,
        }
    }

    /// Takes from the front of `bytes` what belongs to the body, as far as it has arrived. True when
    /// the body is whole.
    pub fn take(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Problem> {
        let mut at = 0;
        while self.state != State::Done {
            match self.step(&bytes[at..])? {
                0 => break,
                used => at += used,
            }
        }
        bytes.drain(..at);
        self.taken += at;
        if self.taken > MAX_OVERHEAD * self.limit {
            return Err(Problem::too_large(self.limit));
        }
        Ok(self.state == State::Done)
    }

    /// The whole body.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Goes from one state to the next, and gives how many bytes that took; 0 when too few are there.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Problem> {
        match self.state {
            State::Size => {
                let Some(line) = line_of(bytes)? else {
                    return Ok(0);
                };
                let size = chunk_size(line)?;
                if size > self.limit - self.body.len() {
                    return Err(Problem::too_large(self.limit));
                }
                self.state = match size {
                    0 => State::Trailer(0),
                    _ => State::Data(size),
                };
                Ok(line.len() + 2)
            }
            State::Data(missing) => {
                let here = missing.min(bytes.len());
                self.body.extend_from_slice(&bytes[..here]);
                self.state = match missing - here {
                    0 => State::DataEnd,
                    missing => State::Data(missing),
                };
                Ok(here)
            }
            State::DataEnd => match bytes {
                [b'\r', b'\n', ..] => {
                    self.state = State::Size;
                    Ok(2)
                }
                [] | [b'\r'] => Ok(0),
                _ => Err(malformed()),
            },
            State::Trailer(before) => {
                let Some(line) = line_of(bytes)? else {
                    return Ok(0);
                };
                let used = line.len() + 2;
                self.state = match line {
                    [] => State::Done,
                    _ if before + used > MAX_LINE => return Err(malformed()),
                    _ => State::Trailer(before + used),
                };
                Ok(used)
            }
            State::Done => Ok(0),
        }
    }
}

/// The line that bytes begin with, without its end; none while that has not arrived.
///
/// A control character is refused: some take a line feed alone for the end of a line, and would see
/// another body.
fn line_of(bytes: &[u8]) -> Result<Option<&[u8]>, Problem> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n");
    let line = match end {
        Some(end) => &bytes[..end],
        None => bytes.strip_suffix(b"\r").unwrap_or(bytes),
    };
    let is_control = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f;
    if line.len() > MAX_LINE || line.iter().any(is_control) {
        return Err(malformed());
    }
    Ok(end.map(|_| line))
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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// The body of bytes that arrive in pieces of a length, and what is left of them.
    fn decode(bytes: &[u8], piece: usize, limit: usize) -> Result<(Vec<u8>, Vec<u8>), u16> {
        let mut chunks = Chunks::new(limit);
        let mut buffer = Vec::new();
        let mut pieces = bytes.chunks(piece);
        loop {
            let whole = chunks.take(&mut buffer).map_err(|problem| problem.status)?;
            if whole {
                buffer.extend(pieces.flatten());
                return Ok((chunks.into_body(), buffer));
            }
            buffer.extend_from_slice(pieces.next().ok_or(0_u16)?);
        }
    }

    #[test]
    fn chunks_become_a_body_however_they_arrive() {
        let bytes = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\nGET";
        for piece in 1..=bytes.len() {
            let whole = (b"abcde".to_vec(), b"GET".to_vec());
            assert_eq!(decode(bytes, piece, 10), Ok(whole), "{piece}");
            assert_eq!(decode(bytes, piece, 4), Err(413), "{piece}");
        }
        for end in 0..bytes.len() - 3 {
            assert_eq!(decode(&bytes[..end], 5, 10), Err(0), "{end}");
        }
    }

    #[test]
    fn odd_chunks_are_refused() {
        let trailers = format!("0\r\n{}\r\n", "a: b\r\n".repeat(200));
        let long = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(2000));
        for bytes in [
            &b"g\r\n"[..],
            b"\r\n",
            b"-1\r\n",
            b"+1\r\na\r\n",
            b" 1\r\na\r\n",
            b"1 \r\na\r\n",
            b"0x1\r\na\r\n",
            b"1\na\n0\n\n",
            b"1\r\nab\r\n",
            b"1\r\na\n0\r\n\r\n",
            b"FFFFFFFFF\r\n",
            // A line feed alone within an extension or a trailer ends no line.
            b"1;\n\r\na\r\n0\r\n\r\n",
            b"0\r\na: b\n\r\n\r\n",
            b"1\r\na\r\n0\r\n\rx\r\n\r\n",
            trailers.as_bytes(),
            long.as_bytes(),
        ] {
            for piece in [1, 7, bytes.len()] {
                let shown = String::from_utf8_lossy(bytes);
                assert_eq!(decode(bytes, piece, 1000), Err(400), "{shown:?} {piece}");
            }
        }
    }

    proptest! {
        /// One reader must not see another body than the next because the network cut it elsewhere.
        #[test]
        fn a_body_is_the_same_however_it_arrives(
            tokens in vec(select(vec!["0", "1", "2", "a", ";", "\r\n", "\r", "\n", "x", "\r\n\r\n", "0\r\n"]), 0..40),
            piece in 1..9_usize,
        ) {
            let text = tokens.concat();
            let whole = decode(text.as_bytes(), text.len().max(1), 100);
            prop_assert_eq!(decode(text.as_bytes(), piece, 100), whole);
        }
    }

    #[test]
    fn what_is_no_body_is_bounded_too() {
        let wordy = format!("1;{}\r\na\r\n", "x".repeat(500)).repeat(100);
        assert_eq!(decode(wordy.as_bytes(), 8192, 1000), Err(413));
    }
}
