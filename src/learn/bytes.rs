//! Little-endian numbers in a row of bytes, written and carefully read back.

use crate::error::{Error, Result};

#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    pub fn float(&mut self, value: f64) {
        self.raw(&value.to_le_bytes());
    }

    /// LEB128: seven bits a byte, the lowest first; the top bit says that more follow.
    pub fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Reads from bytes that may be damaged: never past their end, and never reserves more memory than
/// they could fill.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn raw(&mut self, length: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(ends_early)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk().ok_or_else(ends_early)?;
        self.0 = rest;
        Ok(*head)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a length of 8 bytes.
    pub fn length(&mut self) -> Result<usize> {
        let length = self.array().map(u64::from_le_bytes)?;
        usize::try_from(length).map_err(|_| ends_early())
    }

    /// Reads a finite number.
    pub fn float(&mut self) -> Result<f64> {
        let value = self.array().map(f64::from_le_bytes)?;
        if value.is_finite() {
            Ok(value)
        } else {
            Err(Error::failure(
                "the model file holds a number that is not finite",
            ))
        }
    }

    /// Reads finite numbers.
    pub fn floats(&mut self, count: usize) -> Result<Vec<f64>> {
        let length = count.checked_mul(size_of::<f64>()).ok_or_else(ends_early)?;
        let mut numbers = Reader(self.raw(length)?);
        (0..count).map(|_| numbers.float()).collect()
    }

    /// Reads LEB128 of at most 32 bits in its shortest form.
    pub fn varint(&mut self) -> Result<u32> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let shortest = byte != 0 || shift == 0;
                return u32::try_from(value)
                    .ok()
                    .filter(|_| shortest)
                    .ok_or_else(not_a_number);
            }
        }
        Err(not_a_number())
    }

    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

fn ends_early() -> Error {
    Error::failure("the model file ends early")
}

fn not_a_number() -> Error {
    Error::failure("the model file is damaged: a number cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 16_383, 16_384, u32::MAX - 1, u32::MAX];
        let mut writer = Writer::default();
        for number in numbers {
            writer.varint(number);
        }
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        for number in numbers {
            assert_eq!(reader.varint().unwrap(), number);
        }
        assert!(reader.is_at_end());
        assert!(reader.varint().is_err());
    }

    #[test]
    fn what_no_writer_writes_is_refused() {
        for bytes in [
            &[0x80, 0x00][..],
            &[0xff, 0xff, 0xff, 0xff, 0x1f],
            &[0x80; 6],
        ] {
            assert!(Reader::new(bytes).varint().is_err(), "{bytes:?}");
        }
        assert!(Reader::new(&f64::NAN.to_le_bytes()).float().is_err());
        assert!(Reader::new(&[0; 8]).floats(usize::MAX).is_err());
        assert!(Reader::new(&[0; 8]).floats(2).is_err());
    }
}
