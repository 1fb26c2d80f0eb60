//! The encoding of protocol buffers: fields one after the other, each a key and a value.
//!
//! A key is the number of the field times eight, plus the wire type: 0 for an integer, 2 for bytes with their
//! length before. <https://protobuf.dev/programming-guides/encoding/>

/// A message, in the order in which its fields are added.
#[derive(Debug, Clone, Default)]
pub struct Message(Vec<u8>);

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

impl Message {
    /// An int32, int64 or enum; a negative one takes ten bytes.
    pub fn integer(&mut self, field: u32, value: i64) {
        self.key(field, VARINT);
        self.varint(value as u64);
    }

    /// Repeated integers, packed.
    pub fn integers(&mut self, field: u32, values: &[i64]) {
        let mut packed = Self::default();
        for value in values {
            packed.varint(*value as u64);
        }
        self.message(field, &packed);
    }

    pub fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    pub fn message(&mut self, field: u32, message: &Self) {
        self.bytes(field, &message.0);
    }

    /// Adds the fields of another message of the same type.
    pub fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u32, wire_type: u64) {
        self.varint(u64::from(field) << 3 | wire_type);
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's own documentation.
    #[test]
    fn fields_are_encoded_as_documented() {
        let mut message = Message::default();
        message.integer(1, 150);
        assert_eq!(message.0, [0x08, 0x96, 0x01]);
        let mut outer = Message::default();
        outer.message(3, &message);
        assert_eq!(outer.0, [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let mut text = Message::default();
        text.text(2, "testing");
        assert_eq!(text.into_bytes(), b"\x12\x07testing");
        let mut packed = Message::default();
        packed.integers(6, &[3, 270, 86_942]);
        assert_eq!(packed.0, [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
    }

    #[test]
    fn negative_numbers_take_ten_bytes() {
        let mut message = Message::default();
        message.integer(1, -2);
        let expected = [
            0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        assert_eq!(message.0, expected);
        let mut large = Message::default();
        large.integer(20, i64::MAX);
        assert_eq!(large.0[..3], [0xa0, 0x01, 0xff]);
        assert_eq!(large.0.len(), 2 + 9);
    }

    #[test]
    fn messages_are_put_behind_each_other() {
        let mut first = Message::default();
        first.integer(1, 1);
        let mut second = Message::default();
        second.bytes(2, &[7]);
        first.append(&second);
        assert_eq!(first.0, [0x08, 0x01, 0x12, 0x01, 0x07]);
    }
}
