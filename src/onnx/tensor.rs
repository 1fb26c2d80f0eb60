//! Constants of a graph.

use super::wire::Message;

/// What a tensor is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    Byte,
    Integer,
    Text,
    Double,
}

impl Element {
    /// Its number in `TensorProto.DataType`.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Byte => 2,
            Self::Integer => 7,
            Self::Text => 8,
            Self::Double => 11,
        }
    }
}

/// Values with a shape, the last axis running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

#[derive(Debug, Clone, PartialEq)]
enum Data {
    Bytes(Vec<u8>),
    Integers(Vec<i64>),
    Texts(Vec<String>),
    Doubles(Vec<f64>),
}

impl Tensor {
    /// One axis.
    pub fn bytes(values: Vec<u8>) -> Self {
        Self {
            shape: vec![values.len()],
            data: Data::Bytes(values),
        }
    }

    /// One axis.
    pub fn integers(values: Vec<i64>) -> Self {
        Self {
            shape: vec![values.len()],
            data: Data::Integers(values),
        }
    }

    /// One axis.
    pub fn texts(values: Vec<String>) -> Self {
        Self {
            shape: vec![values.len()],
            data: Data::Texts(values),
        }
    }

    /// One axis.
    pub fn doubles(values: Vec<f64>) -> Self {
        Self {
            shape: vec![values.len()],
            data: Data::Doubles(values),
        }
    }

    /// No axis.
    pub fn double(value: f64) -> Self {
        Self {
            shape: Vec::new(),
            data: Data::Doubles(vec![value]),
        }
    }

    /// Row after row.
    ///
    /// # Panics
    /// When `values` does not hold `rows × columns` numbers: a mistake of the caller.
    pub fn table(rows: usize, columns: usize, values: Vec<f64>) -> Self {
        assert_eq!(Some(values.len()), rows.checked_mul(columns));
        Self {
            shape: vec![rows, columns],
            data: Data::Doubles(values),
        }
    }

    fn element(&self) -> Element {
        match self.data {
            Data::Bytes(_) => Element::Byte,
            Data::Integers(_) => Element::Integer,
            Data::Texts(_) => Element::Text,
            Data::Doubles(_) => Element::Double,
        }
    }

    /// `TensorProto`; in an attribute it has no name.
    pub(super) fn message(&self, name: &str) -> Message {
        let mut message = Message::default();
        let shape: Vec<i64> = self.shape.iter().map(|length| *length as i64).collect();
        message.integers(1, &shape);
        message.integer(2, self.element().number());
        // `raw_data` is little-endian whatever machine reads it; texts have a field of their own.
        match &self.data {
            Data::Bytes(values) => message.bytes(9, values),
            Data::Integers(values) => message.bytes(9, &drawn(values, i64::to_le_bytes)),
            Data::Doubles(values) => message.bytes(9, &drawn(values, f64::to_le_bytes)),
            Data::Texts(values) => values.iter().for_each(|text| message.text(6, text)),
        }
        if !name.is_empty() {
            message.text(8, name);
        }
        message
    }
}

fn drawn<T: Copy>(values: &[T], bytes: impl Fn(T) -> [u8; 8]) -> Vec<u8> {
    values.iter().flat_map(|value| bytes(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_have_shape_type_and_values() {
        let table = Tensor::table(1, 2, vec![1.0, 0.5])
            .message("c1")
            .into_bytes();
        let mut expected = vec![0x0a, 2, 1, 2, 0x10, 11, 0x4a, 16];
        expected.extend([0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
        expected.extend([0x42, 2, b'c', b'1']);
        assert_eq!(table, expected);
        let texts = Tensor::texts(vec!["é".into(), String::new()]);
        let texts = texts.message("").into_bytes();
        assert_eq!(texts, [0x0a, 1, 2, 0x10, 8, 0x32, 2, 0xc3, 0xa9, 0x32, 0]);
        // A number alone has an empty shape.
        let one = Tensor::double(0.0).message("").into_bytes();
        assert_eq!(one[..6], [0x0a, 0, 0x10, 11, 0x4a, 8]);
        assert_eq!(
            Tensor::bytes(vec![3]).message("").into_bytes(),
            [0x0a, 1, 1, 0x10, 2, 0x4a, 1, 3]
        );
        let integers = Tensor::integers(vec![-1]).message("").into_bytes();
        assert_eq!(integers[..6], [0x0a, 1, 1, 0x10, 7, 0x4a]);
    }
}
