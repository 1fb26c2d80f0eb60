//! `[calibrate]` as declared values.

use super::declared::{Declared, unreadable};
use crate::definition::{Calibrate, ThresholdRule, Value};
use crate::error::Result;

const METHOD: &str = "calibrate.method";
const THRESHOLD: &str = "calibrate.threshold";

pub fn declare(calibrate: Calibrate, declared: &mut Declared) {
    let Calibrate { method, threshold } = calibrate;
    if let Some(method) = method {
        declared.insert(METHOD, Value::Text(method.as_str().to_string()));
    }
    for (name, value) in threshold.into_iter().flat_map(ThresholdRule::values) {
        let path = match name {
            "" => THRESHOLD.to_string(),
            name => format!("{THRESHOLD}.{name}"),
        };
        declared.insert(path, value);
    }
}

pub fn read(declared: &Declared) -> Result<Option<Calibrate>> {
    let method = match declared.get(METHOD) {
        Some(_) => Some(declared.parsed(METHOD)?),
        None => None,
    };
    let threshold = threshold(declared)?;
    Ok((method.is_some() || threshold.is_some()).then_some(Calibrate { method, threshold }))
}

fn threshold(declared: &Declared) -> Result<Option<ThresholdRule>> {
    match declared.get(THRESHOLD) {
        Some(Value::Text(word)) if word == ThresholdRule::F1_WORD => {
            return Ok(Some(ThresholdRule::F1));
        }
        Some(_) => return Err(unreadable(THRESHOLD)),
        None => {}
    }
    let number = |(name, value)| match value {
        &Value::Float(number) => Ok((name, number)),
        _ => Err(unreadable(THRESHOLD)),
    };
    let numbers: Vec<(&str, f64)> = declared
        .below(THRESHOLD)
        .map(number)
        .collect::<Result<_>>()?;
    if numbers.is_empty() {
        return Ok(None);
    }
    let rule = ThresholdRule::of(&numbers);
    rule.map(Some).ok_or_else(|| unreadable(THRESHOLD))
}
