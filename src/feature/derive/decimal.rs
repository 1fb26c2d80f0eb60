//! Rounding as people read numbers: in decimal.

/// Rounds half away from zero to `digits` digits after the point.
///
/// What is rounded is the shortest decimal that reads back as `value`: the number as a file has it
/// and as a screen shows it. So 2.675 becomes 2.68, though the f64 nearest to 2.675 lies a little
/// below it. The result is the f64 nearest to the rounded decimal.
pub fn round(value: f64, digits: u32) -> f64 {
    if digits == 0 {
        return value.round();
    }
    far_from_half(value, digits).unwrap_or_else(|| round_digits(value, digits as i32))
}

/// The result where scaling by a power of ten cannot move the value across a half: both the scaled
/// integer and the power are exact, so that their quotient is the nearest f64.
fn far_from_half(value: f64, digits: u32) -> Option<f64> {
    /// Below 2^40 the error of scaling is below 2^−12.
    const LARGEST: f64 = 1_099_511_627_776.0;
    const NEAR: f64 = 1.0 / 1024.0;
    let power = POWERS_OF_TEN.get(digits as usize)?;
    let scaled = value * power;
    let from_half = (scaled.abs().fract() - 0.5).abs();
    (scaled.abs() < LARGEST && from_half > NEAR).then(|| scaled.round() / power)
}

/// All exact as f64.
const POWERS_OF_TEN: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// The same on the digits themselves.
fn round_digits(value: f64, digits: i32) -> f64 {
    let text = format!("{:e}", value.abs());
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return value;
    };
    let written: Vec<u8> = mantissa
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| digit - b'0')
        .collect();
    // `written` stands for d.ddd × 10^exponent; of it, `kept` digits stay.
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let kept = exponent + 1 + digits;
    if kept >= written.len() as i32 {
        return value;
    }
    let magnitude = if kept < 0 {
        0.0
    } else {
        let up = written[kept as usize] >= 5;
        kept_digits(&written[..kept as usize], up, digits)
    };
    magnitude.copysign(value)
}

/// The number whose digits these are, the last of them `digits` after the point.
fn kept_digits(kept: &[u8], up: bool, digits: i32) -> f64 {
    // At most 17 digits, which fit into 64 bits with room for the carry.
    let whole = kept
        .iter()
        .fold(0_u64, |whole, digit| whole * 10 + u64::from(*digit));
    let text = format!("{}e{}", whole + u64::from(up), -digits);
    text.parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_go_away_from_zero_as_written() {
        for (value, digits, expected) in [
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (0.125, 2, 0.13),
            (2.675, 2, 2.68),
            (1.005, 2, 1.01),
            (-1.005, 2, -1.01),
            (0.5, 1, 0.5),
            (0.05, 1, 0.1),
            (0.049, 1, 0.0),
            (0.001, 1, 0.0),
            (9.995, 2, 10.0),
            (1e300, 3, 1e300),
            (5e-324, 15, 0.0),
            (123_456_789_012.345, 2, 123_456_789_012.35),
        ] {
            assert_eq!(round(value, digits), expected, "ROUND({value}, {digits})");
        }
    }

    proptest! {
        #[test]
        fn scaling_agrees_with_digits(value in -1e12..1e12_f64, digits in 1_u32..=15) {
            if let Some(fast) = far_from_half(value, digits) {
                prop_assert_eq!(fast, round_digits(value, digits as i32));
            }
        }

        #[test]
        fn nothing_panics(bits in any::<u64>(), digits in 0_u32..=15) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let rounded = round(value, digits);
            prop_assert!((rounded - value).abs() <= value.abs());
        }
    }
}
