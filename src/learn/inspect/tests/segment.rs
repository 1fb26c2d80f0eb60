//! Rows divided by one feature.

use proptest::prelude::*;

use super::*;

fn texts(values: &[&str]) -> FeatureValues {
    let text = |value: &&str| (!value.is_empty()).then(|| (*value).to_string());
    FeatureValues::Categorical(values.iter().map(text).collect())
}

fn numbers(values: impl IntoIterator<Item = f64>) -> FeatureValues {
    FeatureValues::Numeric(values.into_iter().map(Some).collect())
}

fn one(value: FeatureValue) -> SegmentValues {
    SegmentValues::One(value)
}

fn range(above: Option<f64>, up_to: Option<f64>) -> SegmentValues {
    SegmentValues::Range { above, up_to }
}

fn sizes(segments: &[Segment]) -> Vec<(SegmentValues, usize)> {
    let size = |of: &Segment| (of.values.clone(), of.rows.len());
    segments.iter().map(size).collect()
}

#[test]
fn the_most_frequent_text_comes_first_and_null_last() {
    let found = segments(&texts(&["b", "", "a", "c", "c", "b", ""]), false);
    let text = |name: &str| one(FeatureValue::Category(name.to_string()));
    let expected = [
        (text("b"), vec![0, 5]),
        (text("c"), vec![3, 4]),
        (text("a"), vec![2]),
        (one(FeatureValue::Null), vec![1, 6]),
    ];
    let found: Vec<_> = found.into_iter().map(|of| (of.values, of.rows)).collect();
    assert_eq!(found, expected);
}

#[test]
fn many_texts_leave_others_together() {
    let names: Vec<String> = (0..30).map(|at| format!("t{at:02}")).collect();
    let mut values: Vec<&str> = names.iter().map(String::as_str).collect();
    values.push("t29");
    let found = segments(&texts(&values), false);
    assert_eq!(found.len(), 21);
    let first = one(FeatureValue::Category("t29".to_string()));
    assert_eq!((&found[0].values, found[0].rows.len()), (&first, 2));
    assert_eq!(found[20].values, SegmentValues::Others(10));
    assert_eq!(found[20].rows, (19..29).collect::<Vec<_>>());
}

#[test]
fn few_numbers_are_segments_and_many_are_quarters() {
    let few = segments(&numbers([3.0, 1.0, 3.0, 2.5]), false);
    let number = |number| one(FeatureValue::Number(number));
    assert_eq!(
        sizes(&few),
        [(number(1.0), 1), (number(2.5), 1), (number(3.0), 2)]
    );
    let many = || (0..100).map(f64::from);
    let found = segments(&numbers(many()), false);
    let ends = [24.75, 49.5, 74.25].map(Some);
    assert_eq!(
        sizes(&found),
        [
            (range(None, ends[0]), 25),
            (range(ends[0], ends[1]), 25),
            (range(ends[1], ends[2]), 25),
            (range(ends[2], None), 25),
        ]
    );
    // Of whole numbers the ends are whole.
    let found = segments(&numbers(many()), true);
    assert_eq!(found[0].values, range(None, Some(24.0)));
    assert_eq!(found[0].rows.len(), 25);
}

/// Most rows have the smallest number, or the largest.
#[test]
fn quarters_that_are_one_number_are_one_segment() {
    let many_zeros = (0..100).map(|row| f64::from((row - 60).max(0)));
    let found = segments(&numbers(many_zeros), false);
    assert_eq!(found[0].values, range(None, Some(0.0)));
    assert_eq!(found[0].rows.len(), 61);
    let found = segments(&numbers((0..100).map(|row| f64::from(row.min(30)))), false);
    assert_eq!(found.len(), 2);
    let rows: usize = found.iter().map(|of| of.rows.len()).sum();
    assert_eq!(rows, 100);
    assert!(segments(&numbers([]), false).is_empty());
}

proptest! {
    /// Each row is in one segment, whatever the values.
    #[test]
    fn segments_add_up(
        texts in prop::collection::vec(prop::option::of("[a-h]{1,2}"), 0..200),
        numbers in prop::collection::vec(prop::option::of(-1e300..1e300), 0..200),
        small in prop::collection::vec(prop::option::of(-8i32..8), 0..200),
    ) {
        let small = small.into_iter().map(|value| value.map(f64::from)).collect();
        for (values, whole) in [
            (FeatureValues::Categorical(texts), false),
            (FeatureValues::Numeric(numbers), false),
            (FeatureValues::Numeric(small), true),
        ] {
            let rows = FeatureColumn { name: String::new(), values: values.clone() }.rows();
            let found = segments(&values, whole);
            prop_assert!(found.iter().all(|of| !of.rows.is_empty() && of.rows.is_sorted()));
            let mut all: Vec<usize> = found.into_iter().flat_map(|of| of.rows).collect();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..rows));
        }
    }
}
