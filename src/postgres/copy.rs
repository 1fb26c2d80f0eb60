//! The framing of binary COPY: a signature, then rows of fields with their lengths.

use super::trouble::Trouble;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Takes the stream of `COPY … TO STDOUT (FORMAT binary)` apart, in whatever pieces it comes.
pub struct RowSplitter {
    fields: usize,
    /// Bytes of a row that has not come in whole.
    pending: Vec<u8>,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Header,
    Rows,
    Ended,
}

/// One step through the bytes at hand.
enum Step {
    /// So many bytes were understood.
    Taken(usize),
    /// The rest has not come yet.
    More,
}

type Result<T> = std::result::Result<T, Trouble>;

impl RowSplitter {
    /// For rows of so many fields.
    pub fn new(fields: usize) -> Self {
        Self {
            fields,
            pending: Vec::new(),
            state: State::Header,
        }
    }

    /// Calls `field` for each field of each whole row, with its number, and `end` after each row.
    pub fn feed<T>(
        &mut self,
        bytes: &[u8],
        target: &mut T,
        field: &mut impl FnMut(&mut T, usize, Option<&[u8]>) -> Result<()>,
        end: &mut impl FnMut(&mut T),
    ) -> Result<()> {
        let mut joined = std::mem::take(&mut self.pending);
        let bytes = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let mut at = 0;
        while at < bytes.len() {
            match self.step(&bytes[at..], target, field, end)? {
                Step::Taken(length) => at += length,
                Step::More => break,
            }
        }
        self.pending = bytes[at..].to_vec();
        Ok(())
    }

    fn step<T>(
        &mut self,
        bytes: &[u8],
        target: &mut T,
        field: &mut impl FnMut(&mut T, usize, Option<&[u8]>) -> Result<()>,
        end: &mut impl FnMut(&mut T),
    ) -> Result<Step> {
        match self.state {
            State::Header => self.header(bytes),
            State::Ended => Err(broken("bytes after its end")),
            State::Rows => {
                let Some(count) = short(bytes) else {
                    return Ok(Step::More);
                };
                if count == -1 {
                    self.state = State::Ended;
                    return Ok(Step::Taken(2));
                }
                if usize::try_from(count) != Ok(self.fields) {
                    return Err(broken("a row with another number of fields"));
                }
                let Some(length) = whole_row(bytes, self.fields)? else {
                    return Ok(Step::More);
                };
                let mut at = 2;
                for number in 0..self.fields {
                    let size = long(&bytes[at..]).unwrap_or(-1);
                    at += 4;
                    let size = usize::try_from(size).ok();
                    field(target, number, size.map(|size| &bytes[at..at + size]))?;
                    at += size.unwrap_or(0);
                }
                end(target);
                Ok(Step::Taken(length))
            }
        }
    }

    fn header(&mut self, bytes: &[u8]) -> Result<Step> {
        let (Some(signature), Some(flags)) = (bytes.get(..11), bytes.get(11..).and_then(long))
        else {
            return Ok(Step::More);
        };
        if signature != SIGNATURE || flags as u32 >> 16 != 0 {
            return Err(broken("no signature of binary COPY"));
        }
        let Some(extension) = bytes.get(15..).and_then(long) else {
            return Ok(Step::More);
        };
        let length = 19 + usize::try_from(extension).map_err(|_| broken("a negative length"))?;
        if bytes.len() < length {
            return Ok(Step::More);
        }
        self.state = State::Rows;
        Ok(Step::Taken(length))
    }

    /// # Errors
    /// The stream did not come to its end.
    pub fn finish(&self) -> Result<()> {
        match self.state {
            State::Ended => Ok(()),
            _ => Err(broken("no end")),
        }
    }
}

/// The length of the row that `bytes` begin with; none when it is not all there.
fn whole_row(bytes: &[u8], fields: usize) -> Result<Option<usize>> {
    let mut at = 2;
    for _ in 0..fields {
        let Some(size) = bytes.get(at..).and_then(long) else {
            return Ok(None);
        };
        if size < -1 {
            return Err(broken("a field of negative length"));
        }
        at += 4 + usize::try_from(size).unwrap_or(0);
    }
    Ok((at <= bytes.len()).then_some(at))
}

fn short(bytes: &[u8]) -> Option<i16> {
    Some(i16::from_be_bytes(*bytes.first_chunk()?))
}

fn long(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(*bytes.first_chunk()?))
}

fn broken(what: &str) -> Trouble {
    Trouble::Protocol(format!("binary COPY with {what}"))
}

/// Writes what [`RowSplitter`] reads.
pub struct RowJoiner;

impl RowJoiner {
    pub fn header(bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(SIGNATURE);
        bytes.extend_from_slice(&[0; 8]);
    }

    /// Begins a row of so many fields.
    pub fn row(bytes: &mut Vec<u8>, fields: usize) {
        let count = i16::try_from(fields).expect("a table has at most 1600 columns");
        bytes.extend_from_slice(&count.to_be_bytes());
    }

    pub fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
        match value {
            None => bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(value) => {
                let length = i32::try_from(value.len()).expect("texts are shorter than 2 GiB");
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(value);
            }
        }
    }

    pub fn end(bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Rows = Vec<Vec<Option<Vec<u8>>>>;

    fn joined(rows: &Rows, fields: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        RowJoiner::header(&mut bytes);
        for row in rows {
            RowJoiner::row(&mut bytes, fields);
            for value in row {
                RowJoiner::field(&mut bytes, value.as_deref());
            }
        }
        RowJoiner::end(&mut bytes);
        bytes
    }

    fn split(bytes: &[u8], fields: usize, piece: usize) -> Result<Rows> {
        let mut splitter = RowSplitter::new(fields);
        let mut found: (Rows, Vec<Option<Vec<u8>>>) = Default::default();
        for piece in bytes.chunks(piece) {
            splitter.feed(
                piece,
                &mut found,
                &mut |found, _, value| {
                    found.1.push(value.map(<[u8]>::to_vec));
                    Ok(())
                },
                &mut |found| {
                    let row = std::mem::take(&mut found.1);
                    found.0.push(row);
                },
            )?;
        }
        splitter.finish()?;
        Ok(found.0)
    }

    proptest! {
        #[test]
        fn rows_come_back_whatever_the_pieces(
            rows in prop::collection::vec(prop::collection::vec(any::<Option<Vec<u8>>>(), 3), 0..8),
            piece in 1..40_usize,
        ) {
            prop_assert_eq!(split(&joined(&rows, 3), 3, piece).unwrap(), rows);
        }

        #[test]
        fn what_is_cut_off_is_never_taken_for_whole(cut in 0..60_usize, piece in 1..40_usize) {
            let bytes = joined(&vec![vec![Some(vec![7; 9]), None]; 3], 2);
            prop_assume!(cut < bytes.len());
            prop_assert!(split(&bytes[..cut], 2, piece).is_err());
        }

        #[test]
        fn nonsense_does_no_harm(bytes in any::<Vec<u8>>(), start in any::<bool>()) {
            let mut all = Vec::new();
            if start {
                RowJoiner::header(&mut all);
            }
            all.extend(bytes);
            let _ = split(&all, 2, 7);
        }
    }
}
