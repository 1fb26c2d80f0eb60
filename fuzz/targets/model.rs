//! The model file: whatever its bytes, it is refused, or it answers.

#![no_main]
#![allow(dead_code, unused_imports)] // each target uses some of what it includes

#[path = "../../src/definition/mod.rs"]
mod definition;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/hash/mod.rs"]
mod hash;
#[path = "../../src/learn/mod.rs"]
mod learn;
#[path = "../../src/math.rs"]
mod math;
#[path = "../../src/onnx/mod.rs"]
mod onnx;

use hash::{Digest, ObjectId};
use learn::{FeatureColumn, FeatureKind, Model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The checksum at the end is right: what it keeps out is not the matter here.
    let checksum = ObjectId::of_bytes(data);
    let bytes = [data, checksum.as_bytes()].concat();
    let Ok(model) = Model::from_bytes(&bytes) else {
        return;
    };
    let columns = model.features.iter().map(|feature| match feature.kind {
        FeatureKind::Numeric => {
            FeatureColumn::numeric(&feature.name, vec![Some(1.5), Some(-1e300), None])
        }
        FeatureKind::Categorical => {
            let texts = ["a".to_string(), "false".to_string()];
            let [a, b] = texts.map(Some);
            FeatureColumn::categorical(&feature.name, vec![a, b, None])
        }
    });
    let columns: Vec<FeatureColumn> = columns.collect();
    if let Ok(said) = model.predict(&columns) {
        assert_eq!(said.scores.len(), 3 * model.outcome.output().width());
    }
    // What was read is written as it was read.
    let again =
        Model::from_bytes(&model.to_bytes()).expect("a model that was read can be read again");
    assert_eq!(again.to_bytes(), model.to_bytes());
});
