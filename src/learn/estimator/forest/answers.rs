//! What the leaves of a forest say: each answer once, in an order of its own.

use std::cmp::Ordering;

use super::build::{Numbers, damaged};
use super::file::{read_numbers, write_numbers};
use crate::error::Result;
use crate::learn::Output;
use crate::learn::bytes::{Reader, Writer};

/// Beyond it, the mean of several answers could leave the range of an f64.
const LARGEST: f64 = 1e200;

/// Distinct answers, ascending: compared number by number in the order of `total_cmp`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    numbers: Vec<f64>,
    /// How many numbers an answer has.
    width: usize,
}

impl Answers {
    /// Of the answers in the order of the leaves, which may repeat themselves, the distinct ones;
    /// and for each leaf which is its.
    pub fn of(all: &[f64], width: usize) -> (Self, Vec<u32>) {
        if width == 1 {
            return Self::of_numbers(all);
        }
        let answer = |leaf: u32| &all[leaf as usize * width..][..width];
        let mut order: Vec<u32> = (0..(all.len() / width) as u32).collect();
        order.sort_by(|a, b| compare(answer(*a), answer(*b)));
        let mut numbers: Vec<f64> = Vec::new();
        let mut places = vec![0; order.len()];
        for leaf in order {
            let last = numbers.len().checked_sub(width).map(|at| &numbers[at..]);
            if last.is_none_or(|last| compare(last, answer(leaf)).is_lt()) {
                numbers.extend(answer(leaf));
            }
            places[leaf as usize] = (numbers.len() / width - 1) as u32;
        }
        (Self { numbers, width }, places)
    }

    /// The same where an answer is one number, which is most often so.
    fn of_numbers(all: &[f64]) -> (Self, Vec<u32>) {
        let mut numbers = Numbers::default();
        let mut places: Vec<u32> = all.iter().map(|number| numbers.index(*number)).collect();
        let ranks = numbers.sort();
        for place in &mut places {
            *place = ranks[*place as usize];
        }
        let answers = Self {
            numbers: numbers.values,
            width: 1,
        };
        (answers, places)
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.numbers.len() / self.width
    }

    pub fn get(&self, answer: usize) -> &[f64] {
        &self.numbers[answer * self.width..][..self.width]
    }

    /// An answer that is one number.
    pub fn number(&self, answer: usize) -> f64 {
        self.numbers[answer]
    }

    /// Refuses what no forest says.
    pub fn check(&self, output: Output) -> Result<()> {
        let (range, what) = match output {
            Output::Number => (-LARGEST..=LARGEST, "a leaf is too large"),
            Output::Probability | Output::Probabilities(_) => {
                (0.0..=1.0, "a leaf is not a probability")
            }
        };
        match self.numbers.iter().all(|number| range.contains(number)) {
            true => Ok(()),
            false => Err(damaged(what)),
        }
    }

    /// One number each: 4 bytes that say how many, then the numbers. Several: the distinct numbers in
    /// the same form, 4 bytes that say how many answers, then for each number of an answer its place
    /// among the distinct ones, LEB128.
    pub fn write(&self, writer: &mut Writer) {
        if self.width == 1 {
            return write_numbers(writer, &self.numbers);
        }
        let mut distinct = self.numbers.clone();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup_by_key(|number| number.to_bits());
        write_numbers(writer, &distinct);
        writer.u32(self.len() as u32);
        for number in &self.numbers {
            let place = distinct.partition_point(|other| other.total_cmp(number).is_lt());
            writer.varint(place as u32);
        }
    }

    pub fn read(reader: &mut Reader<'_>, width: usize) -> Result<Self> {
        let distinct = read_numbers(reader)?;
        if width == 1 {
            let numbers = distinct;
            return Ok(Self { numbers, width });
        }
        let mut numbers: Vec<f64> = Vec::new();
        for answer in 0..reader.u32()? as usize {
            for _ in 0..width {
                let number = distinct.get(reader.varint()? as usize);
                numbers.push(*number.ok_or_else(|| damaged("a number is not listed"))?);
            }
            let (before, last) = numbers.split_at(answer * width);
            let is_next = match before.len().checked_sub(width) {
                Some(at) => compare(&before[at..], last).is_lt(),
                None => true,
            };
            if !is_next {
                return Err(damaged("its answers are not in order"));
            }
        }
        Ok(Self { numbers, width })
    }
}

fn compare(a: &[f64], b: &[f64]) -> Ordering {
    let mut pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
    pairs
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_once() {
        let all = vec![0.5, 0.5, 0.0, 1.0, 0.5, 0.5, 0.0, 1.0, 1.0, 0.0];
        let (answers, places) = Answers::of(&all, 2);
        assert_eq!(answers.numbers, [0.0, 1.0, 0.5, 0.5, 1.0, 0.0]);
        assert_eq!(places, [1, 0, 1, 0, 2]);
        let (numbers, places) = Answers::of(&[2.0, -1.0, 2.0], 1);
        assert_eq!((numbers.numbers, places), (vec![-1.0, 2.0], vec![1, 0, 1]));
        let mut writer = Writer::default();
        answers.write(&mut writer);
        let bytes = writer.into_bytes();
        assert_eq!(bytes.len(), 4 + 3 * 8 + 4 + 6);
        assert_eq!(Answers::read(&mut Reader::new(&bytes), 2).unwrap(), answers);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0xff;
            let read = Answers::read(&mut Reader::new(&other), 2);
            assert!(read.is_err() || read.is_ok_and(|read| read != answers));
        }
        // Twice the same.
        let mut twice = bytes;
        twice[32..].copy_from_slice(&[0, 2, 0, 2, 2, 0]);
        let error = Answers::read(&mut Reader::new(&twice), 2).unwrap_err();
        assert!(error.message().contains("not in order"), "{error}");
    }
}
