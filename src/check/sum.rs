//! Sums that do not depend on the order of their terms.
//!
//! A sum of floats in one order differs in its last digits from the same in another order, or in
//! parts on several threads. Here every term is added exactly, in fixed point wide enough for all
//! finite numbers, and only the result is rounded, to the nearest float, ties to even.

/// Digits of 32 bits each: from 2⁻¹⁰⁷⁴, the smallest float, to beyond 2¹⁰²⁴ times 2³².
const DIGITS: usize = 68;
/// The exponent of the lowest bit of the lowest digit.
const LOWEST: i32 = -1074;
/// After so many additions the carries are moved on; each adds less than 2³² to a digit of 63 bits.
const CARRY_AFTER: u32 = 1 << 29;

/// An exact sum of finite numbers.
#[derive(Clone)]
pub struct ExactSum {
    digits: [i64; DIGITS],
    pending: u32,
}

impl ExactSum {
    pub fn new() -> Self {
        Self {
            digits: [0; DIGITS],
            pending: 0,
        }
    }

    /// Adds a finite number.
    pub fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        // A subnormal number has the exponent of the smallest normal one and no hidden bit.
        let (mantissa, shift) = match exponent {
            0 => (fraction, 0),
            _ => (fraction | 1 << 52, exponent - 1),
        };
        let (digit, offset) = (shift / 32, shift % 32);
        let wide = u128::from(mantissa) << offset;
        let parts = [wide as u32, (wide >> 32) as u32, (wide >> 64) as u32];
        for (at, part) in parts.into_iter().enumerate() {
            let part = i64::from(part);
            self.digits[digit + at] += if bits >> 63 == 1 { -part } else { part };
        }
        self.pending += 1;
        if self.pending >= CARRY_AFTER {
            self.carry();
        }
    }

    /// Adds what another sum holds.
    pub fn merge(&mut self, mut other: Self) {
        self.carry();
        other.carry();
        for (own, more) in self.digits.iter_mut().zip(other.digits) {
            *own += more;
        }
        self.pending = 1;
    }

    /// Moves what is beyond 32 bits to the digit above. Afterwards all digits but the highest lie
    /// from 0 to 2³² − 1.
    fn carry(&mut self) {
        let mut carried = 0;
        for (at, digit) in self.digits.iter_mut().enumerate() {
            let sum = *digit + carried;
            if at + 1 == DIGITS {
                *digit = sum;
            } else {
                carried = sum >> 32;
                *digit = sum & 0xffff_ffff;
            }
        }
        self.pending = 0;
    }

    /// The float nearest to the sum, infinite where it is beyond all floats.
    pub fn value(mut self) -> f64 {
        self.carry();
        let negative = self.digits[DIGITS - 1] < 0;
        if negative {
            for digit in &mut self.digits {
                *digit = -*digit;
            }
            self.carry();
        }
        let Some(top) = self.digits.iter().rposition(|digit| *digit != 0) else {
            return 0.0;
        };
        // The three highest digits hold the 53 bits of the result and what decides rounding; all
        // below only says whether there is anything more.
        let digit = |at: usize| self.digits.get(at).map_or(0, |digit| *digit as u128);
        let lowest = top.saturating_sub(2);
        let high = (lowest..=top)
            .rev()
            .fold(0_u128, |sum, at| sum << 32 | digit(at));
        let more = self.digits[..lowest].iter().any(|digit| *digit != 0);
        let rounded = round(high, more, LOWEST + 32 * lowest as i32);
        if negative { -rounded } else { rounded }
    }
}

/// `(high + a little if more) · 2^exponent` as the nearest float, ties to even.
fn round(high: u128, more: bool, exponent: i32) -> f64 {
    let bits = 128 - high.leading_zeros() as i32;
    // The lowest bit of the result: 53 bits below the top, and never below the smallest float.
    let drop = (bits - 53).max(LOWEST - exponent).max(0);
    let kept = (high >> drop) as u64;
    let rest = high & ((1_u128 << drop) - 1);
    let half = if drop == 0 { 0 } else { 1_u128 << (drop - 1) };
    let up = drop > 0 && (rest > half || (rest == half && (more || kept & 1 == 1)));
    scaled(kept + u64::from(up), exponent + drop)
}

/// `mantissa · 2^exponent`, exact or infinite: the mantissa has at most 53 bits, or is 2⁵³.
fn scaled(mantissa: u64, exponent: i32) -> f64 {
    let bits = 64 - mantissa.leading_zeros() as i32;
    if bits + exponent > 1024 {
        return f64::INFINITY;
    }
    if bits + exponent < -1021 {
        // Subnormal: the exponent is that of the smallest float.
        return f64::from_bits(mantissa << (exponent - LOWEST));
    }
    let mantissa = (u128::from(mantissa) << 53 >> bits) as u64;
    let biased = (bits + exponent + 1022) as u64;
    f64::from_bits(biased << 52 | (mantissa & ((1 << 52) - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> f64 {
        let mut sum = ExactSum::new();
        for value in values {
            sum.add(*value);
        }
        sum.value()
    }

    #[test]
    fn sums_are_exact_where_sums_in_order_are_not() {
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum(&[1e308, 1.0, -1e308]), 1.0);
        assert_eq!(sum(&[1e308, 1e308, -1e308]), 1e308);
        assert_eq!(sum(&[1e308, 1e308]), f64::INFINITY);
        assert_eq!(sum(&[-1e308, -1e308]), f64::NEG_INFINITY);
        assert_eq!(sum(&[5e-324, 5e-324]), 1e-323);
        assert_eq!(sum(&[f64::MAX]), f64::MAX);
        assert_eq!(
            sum(&[f64::MIN_POSITIVE, -5e-324]),
            f64::MIN_POSITIVE - 5e-324
        );
        // 2⁵³ + 1 lies between two floats: to even, and up with a little more.
        let two53 = 9_007_199_254_740_992.0;
        assert_eq!(sum(&[two53, 1.0]), two53);
        assert_eq!(sum(&[two53, 1.0, 5e-324]), two53 + 2.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
    }

    proptest! {
        #[test]
        fn one_number_is_itself(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(sum(&[value]).to_bits(), value.to_bits());
        }

        #[test]
        fn two_numbers_add_up_as_the_processor_adds(
            a in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
            b in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
        ) {
            prop_assert_eq!(sum(&[a, b]), a + b);
        }

        #[test]
        fn order_and_parts_do_not_matter(
            mut values in prop::collection::vec(-1e300_f64..1e300, 0..50),
            at in 0_usize..50,
        ) {
            let whole = sum(&values);
            let (left, right) = values.split_at(at.min(values.len()));
            let mut parts = ExactSum::new();
            left.iter().for_each(|value| parts.add(*value));
            let mut more = ExactSum::new();
            right.iter().for_each(|value| more.add(*value));
            parts.merge(more);
            prop_assert_eq!(parts.value(), whole);
            values.reverse();
            prop_assert_eq!(sum(&values), whole);
        }
    }
}
