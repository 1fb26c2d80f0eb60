//! Which entities the staged run answers for.
//!
//! An entity belongs to the canary when its fraction is below the declared share. The fraction is
//! [that of the hash](ContentHasher::fraction) over the domain `streamflow canary 1`, the name of the
//! model and the key as text, as the split's is over a seed and the key. So an entity stays where it
//! is over restarts, machines and promotions; a larger share keeps those who were in; and another
//! model tries its staged runs on other entities.

use std::borrow::Cow;

use crate::definition::ModelName;
use crate::hash::ContentHasher;
use crate::online::Key;

pub fn is_canary(model: &ModelName, key: &Key, share: f64) -> bool {
    // Nobody pays for a hash who asked for none.
    share > 0.0 && fraction(model, key) < share
}

/// Where in [0, 1) an entity falls.
fn fraction(model: &ModelName, key: &Key) -> f64 {
    let key = match key {
        Key::Text(text) => Cow::Borrowed(text.as_str()),
        Key::Integer(value) => Cow::Owned(value.to_string()),
    };
    let mut hasher = ContentHasher::new("streamflow canary 1");
    hasher.text(model.as_str());
    hasher.text(&key);
    hasher.fraction()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{Digest, ObjectId};

    /// The law written down bytewise.
    #[test]
    fn the_law() {
        let text = |text: &str| {
            let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
            bytes.extend(text.as_bytes());
            bytes
        };
        let mut bytes = text("streamflow canary 1");
        bytes.extend(text("churn"));
        bytes.extend(text("-12"));
        let hash = ObjectId::of_bytes(&bytes);
        let top = u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap()) >> 11;
        let model = "churn".parse().unwrap();
        let found = fraction(&model, &Key::Integer(-12));
        assert_eq!(found, top as f64 / 9_007_199_254_740_992.0);
        assert_eq!(found, fraction(&model, &Key::Text("-12".into())));
    }

    #[test]
    fn shares_nest_and_models_differ() {
        let model: ModelName = "churn".parse().unwrap();
        let other: ModelName = "size".parse().unwrap();
        let keys = || (0..10_000).map(|n| Key::Text(format!("user-{n}")));
        let count = |share: f64| keys().filter(|key| is_canary(&model, key, share)).count();
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        // Four standard deviations of a fair draw.
        assert!(count(0.1).abs_diff(1000) < 120, "{}", count(0.1));
        let of_both = keys().filter(|key| is_canary(&model, key, 0.1));
        let of_both = of_both.filter(|key| is_canary(&other, key, 0.1));
        assert!(of_both.count().abs_diff(100) < 40);
        for key in keys().filter(|key| is_canary(&model, key, 0.1)) {
            assert!(is_canary(&model, &key, 0.2));
        }
    }
}
