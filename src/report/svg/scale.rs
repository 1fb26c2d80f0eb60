//! Numbers to places, and the ticks that people would choose: multiples of 1, 2 or 5 and a power
//! of ten.

use crate::report::style::count;

/// A tick and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub words: String,
}

/// How ticks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    Number,
    /// 0.25 as `25 %`.
    Percent,
}

/// An interval of numbers, ending at ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<Tick>,
}

/// m · 10^exponent.
#[derive(Debug, Clone, Copy)]
struct Step {
    factor: i64,
    exponent: i32,
}

impl Scale {
    /// From 0 to 1.
    pub fn shares() -> Self {
        Self::covering(0.0, 1.0, 5, Words::Number)
    }

    /// From 0 to a largest share of at most 1, which may be 0.
    pub fn share_up_to(largest: f64) -> Self {
        let high = if largest > 0.0 { largest } else { 1.0 };
        let step = Step::below(high / 4.0).above(high / 4.0);
        Self::of_steps(step, [0.0, high], Words::Percent)
    }

    /// Holds both numbers; `intervals` ticks or a few more. The distance of the two is finite.
    pub fn covering(low: f64, high: f64, intervals: u32, words: Words) -> Self {
        let (low, high) = match low < high {
            true => (low, high),
            false => (
                low - (low.abs() / 100.0).max(0.5),
                low + (low.abs() / 100.0).max(0.5),
            ),
        };
        let step = Step::below((high - low) / f64::from(intervals));
        Self::of_steps(step, [low, high], words)
    }

    /// The fewest steps that hold both numbers.
    fn of_steps(step: Step, [low, high]: [f64; 2], words: Words) -> Self {
        let size = step.times(1);
        // A number that is a multiple but for rounding is one.
        let first = (low / size + 1e-9).floor() as i64;
        let last = (high / size - 1e-9).ceil() as i64;
        let ticks = (first..=last).map(|multiple| Tick {
            at: step.times(multiple),
            words: step.words(multiple, words),
        });
        Self {
            low: step.times(first),
            high: step.times(last),
            ticks: ticks.collect(),
        }
    }

    /// Where a number lies between the two ends, as a share.
    pub fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

impl Step {
    /// The largest of 1, 2, 5 · 10^e that is not above a size, which is positive and finite.
    fn below(size: f64) -> Self {
        // The decimal form has the exponent exactly.
        let text = format!("{size:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or(("1", "0"));
        let mantissa: f64 = mantissa.parse().unwrap_or(1.0);
        let factor = match mantissa {
            mantissa if mantissa >= 5.0 => 5,
            mantissa if mantissa >= 2.0 => 2,
            _ => 1,
        };
        Self {
            factor,
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    /// Itself, or the next larger one where a size lies between the two.
    fn above(self, size: f64) -> Self {
        let (factor, exponent) = match self.factor {
            _ if self.times(1) >= size => (self.factor, self.exponent),
            1 => (2, self.exponent),
            2 => (5, self.exponent),
            _ => (1, self.exponent + 1),
        };
        Self { factor, exponent }
    }

    /// The double that is nearest to a multiple.
    fn times(self, multiple: i64) -> f64 {
        let decimal = format!("{}e{}", multiple * self.factor, self.exponent);
        decimal
            .parse()
            .expect("digits and an exponent are a number")
    }

    fn words(self, multiple: i64, words: Words) -> String {
        let digits = multiple * self.factor;
        match words {
            Words::Number => decimal(digits, self.exponent),
            Words::Percent => format!("{} %", decimal(digits, self.exponent + 2)),
        }
    }
}

/// digits · 10^exponent: `1 200`, `0.25`, `−3`, and `2e−7` or `1.5e7` where zeros would be many.
fn decimal(digits: i64, exponent: i32) -> String {
    let sign = if digits < 0 { "−" } else { "" };
    let size = digits.unsigned_abs();
    if size == 0 {
        return "0".to_string();
    }
    let words = match exponent {
        -5..=-1 => {
            let shift = 10_u64.pow(exponent.unsigned_abs());
            let places = exponent.unsigned_abs() as usize;
            format!("{}.{:0places$}", count(size / shift), size % shift)
        }
        0..=4 if size < 1_000_000 => count(size * 10_u64.pow(exponent.unsigned_abs())),
        _ => scientific(size, exponent),
    };
    format!("{sign}{words}")
}

/// `15` and 6 as `1.5e7`.
fn scientific(size: u64, exponent: i32) -> String {
    let digits = size.to_string();
    let exponent = exponent + digits.len() as i32 - 1;
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{exponent}").replace('-', "−")
}
