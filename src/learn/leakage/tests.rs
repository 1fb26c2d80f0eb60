use proptest::prelude::*;

use super::*;

fn rows(labels: &[bool]) -> Vec<SplitRow<'static>> {
    let row = |label: &bool| SplitRow {
        key: "one",
        as_of: 0,
        class: Some(if *label { "positive" } else { "negative" }),
    };
    labels.iter().map(row).collect()
}

fn found(features: &[FeatureColumn], labels: &[bool]) -> Leakage {
    let sides = vec![Side::Train; labels.len()];
    find_leakage(features, &Target::Binary(labels), &rows(labels), &sides)
}

/// Every third of thirty is true.
fn thirds() -> Vec<bool> {
    (0..30).map(|row| row % 3 == 0).collect()
}

fn texts(values: impl IntoIterator<Item = Option<&'static str>>) -> FeatureColumn {
    let values = values.into_iter().map(|value| value.map(str::to_string));
    FeatureColumn::categorical("t.word", values.collect())
}

fn numbers(values: impl IntoIterator<Item = Option<f64>>) -> FeatureColumn {
    FeatureColumn::numeric("t.number", values.into_iter().collect())
}

#[test]
fn a_function_of_the_label_is_told_with_its_values() {
    let labels = thirds();
    let words = texts(
        labels
            .iter()
            .map(|l| Some(if *l { "gone" } else { "here" })),
    );
    let seen = found(&[words], &labels);
    let expected = LabelFunction {
        feature: "t.word".into(),
        form: FunctionForm::TwoValues {
            when_true: Some("gone".into()),
            when_false: Some("here".into()),
            positive: 10,
            negative: 20,
        },
    };
    assert_eq!(seen.label_functions, [expected]);
    assert_eq!(seen.strong_features[0].auc, 1.0);
}

#[test]
fn null_is_a_value() {
    let labels = thirds();
    let filled = numbers(labels.iter().map(|label| label.then_some(7.0)));
    let seen = found(&[filled], &labels);
    let expected = FunctionForm::TwoValues {
        when_true: Some("7".into()),
        when_false: None,
        positive: 10,
        negative: 20,
    };
    assert_eq!(seen.label_functions[0].form, expected);
    // With many values beside the nulls it is no function, and still ranks every row.
    let dated = numbers(
        labels
            .iter()
            .enumerate()
            .map(|(row, l)| l.then_some(row as f64)),
    );
    let seen = found(&[dated], &labels);
    assert_eq!(seen.label_functions, []);
    assert_eq!(seen.strong_features[0].auc, 1.0);
}

#[test]
fn few_rows_can_agree_by_accident() {
    let of = |labels: &[bool]| {
        let same = numbers(labels.iter().map(|label| Some(f64::from(u8::from(*label)))));
        found(&[same], labels).label_functions.len()
    };
    assert_eq!(of(&thirds()[..9]), 0);
    assert_eq!(of(&thirds()[..10]), 1);
    let one: Vec<bool> = (0..30).map(|row| row == 4).collect();
    assert_eq!(of(&one), 0, "one true row of thirty");
}

#[test]
fn a_number_ranks_in_either_direction() {
    let labels: Vec<bool> = (0..400).map(|row| row >= 200).collect();
    let ranked = |sign: f64| {
        // One pair of rows stands the wrong way round: 39 999 of 40 000 pairs are in order.
        let value = |row: usize| match row {
            199 => 200.0,
            200 => 199.0,
            row => row as f64,
        };
        found(
            &[numbers((0..400).map(|row| Some(sign * value(row))))],
            &labels,
        )
    };
    for sign in [1.0, -1.0] {
        let seen = ranked(sign);
        assert_eq!(seen.label_functions, []);
        assert_eq!(seen.strong_features[0].auc, 39_999.0 / 40_000.0);
    }
    // Exactly 0.99 is not above it: one of the hundred true rows is below all others.
    let labels: Vec<bool> = (0..200).map(|row| row >= 100).collect();
    let values = (0..200).map(|row| Some(if row == 150 { -1.0 } else { f64::from(row) }));
    assert_eq!(found(&[numbers(values)], &labels).strong_features, []);
}

#[test]
fn an_identifier_is_not_strong_and_a_telling_category_is() {
    let labels: Vec<bool> = (0..90).map(|row| row % 3 == 0).collect();
    let id = FeatureColumn::categorical("t.id", (0..90).map(|n| Some(n.to_string())).collect());
    let plan = (0..90).map(|row| match row % 3 {
        0 => "ended",
        1 => "basic",
        _ => "plus",
    });
    let seen = found(&[id, texts(plan.map(Some))], &labels);
    let names: Vec<_> = seen
        .strong_features
        .iter()
        .map(|s| s.feature.as_str())
        .collect();
    assert_eq!(names, ["t.word"]);
    assert_eq!(
        seen.label_functions,
        [],
        "three values are no one-to-one function"
    );
}

#[test]
fn entities_and_twins_are_counted_across_the_split() {
    use Side::{Test, Train};
    let keys = ["a", "a", "b", "c", "c", "d"];
    let sides = [Train, Test, Train, Train, Test, Test];
    let rows: Vec<_> = keys
        .iter()
        .map(|key| SplitRow {
            key,
            as_of: 0,
            class: Some("negative"),
        })
        .collect();
    let word = texts(["x", "x", "y", "x", "y", "z"].map(Some));
    let number = numbers([Some(1.0), Some(1.0), None, Some(1.0), None, Some(1.0)]);
    let seen = find_leakage(&[word, number], &Target::Binary(&[false; 6]), &rows, &sides);
    assert_eq!(seen.entities_on_both_sides, 2);
    assert_eq!(
        seen.duplicate_rows, 2,
        "x 1 and y null have a twin, z 1 has none"
    );
    assert_eq!(
        find_leakage(&[], &Target::Binary(&[false; 6]), &rows, &sides).duplicate_rows,
        3
    );
}

/// A few values, so that functions of the label are met.
fn some_rows() -> impl Strategy<Value = (Vec<Option<u8>>, Vec<bool>, Vec<bool>)> {
    (10_usize..40).prop_flat_map(|rows| {
        let value = prop_oneof![1 => Just(None), 4 => (0_u8..3).prop_map(Some)];
        (
            prop::collection::vec(value, rows),
            prop::collection::vec(any::<bool>(), rows),
            prop::collection::vec(any::<bool>(), rows),
        )
    })
}

proptest! {
    /// One-to-one by definition: two rows have the same value exactly when they have the same label.
    #[test]
    fn a_function_is_one_to_one((mut values, labels, follow) in some_rows()) {
        // Half of the cases follow the label but for the rows that say otherwise.
        if follow[0] {
            let exceptions = follow[1..].iter().filter(|f| **f).count() > follow.len() / 2;
            for (value, label) in values.iter_mut().zip(&labels).skip(usize::from(exceptions)) {
                *value = if *label { Some(2) } else { None };
            }
        }
        let pairs = || (0..labels.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let one_to_one = pairs().all(|(a, b)| (values[a] == values[b]) == (labels[a] == labels[b]));
        let positive = labels.iter().filter(|label| **label).count();
        let enough = positive >= 2 && labels.len() - positive >= 2;
        let as_numbers = numbers(values.iter().map(|v| v.map(f64::from)));
        let as_texts = texts(values.iter().map(|v| v.map(|v| ["a", "b", "c"][usize::from(v)])));
        for feature in [as_numbers, as_texts] {
            let seen = found(&[feature], &labels);
            prop_assert_eq!(seen.label_functions.len() == 1, one_to_one && enough);
        }
    }

    /// Twins by definition: a train row with the same values.
    #[test]
    fn twins_are_equal_rows((values, others, sides) in some_rows()) {
        let side = |test: &bool| if *test { Side::Test } else { Side::Train };
        let sides: Vec<Side> = sides.iter().map(side).collect();
        let row = |at: usize| (values[at], others[at]);
        let train = |row_values| (0..sides.len()).any(|at| sides[at] == Side::Train && row(at) == row_values);
        let twins = (0..sides.len()).filter(|at| sides[*at] == Side::Test && train(row(*at))).count();
        let features = [
            numbers(values.iter().map(|v| v.map(f64::from))),
            texts(others.iter().map(|v| Some(if *v { "yes" } else { "no" }))),
        ];
        let seen = find_leakage(&features, &Target::Binary(&others), &rows(&others), &sides);
        prop_assert_eq!(seen.duplicate_rows, twins as u64);
    }

    /// Neither the order of rows nor the number of threads is seen.
    #[test]
    fn the_order_of_rows_does_not_matter((values, labels, sides) in some_rows()) {
        let look = |order: &[usize]| {
            let take = |at: &usize| values[*at].map(f64::from);
            let labels: Vec<bool> = order.iter().map(|at| labels[*at]).collect();
            let side = |at: &usize| if sides[*at] { Side::Test } else { Side::Train };
            let sides: Vec<Side> = order.iter().map(side).collect();
            find_leakage(&[numbers(order.iter().map(take))], &Target::Binary(&labels), &rows(&labels), &sides)
        };
        let forward: Vec<usize> = (0..labels.len()).collect();
        let backward: Vec<usize> = forward.iter().rev().copied().collect();
        prop_assert_eq!(look(&forward), look(&backward));
    }
}

fn looked_at(feature: FeatureColumn, target: &Target<'_>) -> Leakage {
    let sides = vec![Side::Train; target.rows()];
    find_leakage(&[feature], target, &[], &sides)
}

#[test]
fn one_value_for_each_class_is_a_function_of_the_label() {
    let classes: Vec<u32> = (0..30).map(|row| row % 3).collect();
    let target = Target::Multiclass {
        classes: 3,
        rows: &classes,
    };
    let coded = |of: &dyn Fn(u32) -> f64| numbers(classes.iter().map(|class| Some(of(*class))));
    let seen = looked_at(coded(&|class| 10.0 - f64::from(class)), &target);
    let form = FunctionForm::Values { classes: 3 };
    assert_eq!(seen.label_functions[0].form, form);
    // Two classes share a value: no function, but one class stands alone.
    let shared = looked_at(coded(&|class| f64::from(class / 2)), &target);
    assert_eq!(shared.label_functions, []);
    assert_eq!(shared.strong_features[0].auc, 1.0);
    let mut mixed: Vec<u32> = classes.clone();
    mixed.rotate_left(1);
    mixed[..15].copy_from_slice(&classes[..15]);
    let weak = looked_at(
        numbers(mixed.iter().map(|class| Some(f64::from(*class)))),
        &target,
    );
    assert_eq!(
        (weak.label_functions, weak.strong_features),
        (vec![], vec![])
    );
}

#[test]
fn what_rises_and_falls_with_a_number_is_a_function_of_the_label() {
    let prices: Vec<f64> = (0..40).map(|row| f64::from((row * 7) % 13)).collect();
    let target = Target::Regression(&prices);
    let of = |feature: &dyn Fn(f64) -> f64| {
        looked_at(
            numbers(prices.iter().map(|price| Some(feature(*price)))),
            &target,
        )
    };
    for (rises, seen) in [(true, of(&|p| p * p + 1.0)), (false, of(&|p| 3.0 - p))] {
        let form = FunctionForm::Monotone { rises };
        assert_eq!(seen.label_functions[0].form, form);
    }
    let broken = of(&|p| if p == 5.0 { 5.5 } else { p.min(7.0) });
    assert_eq!(broken.label_functions, []);
    assert_eq!(
        broken.strong_features.len(),
        1,
        "it tells high from low prices"
    );
    let unrelated = numbers((0..40).map(|row| Some(f64::from((row * 11) % 17))));
    let seen = looked_at(unrelated, &target);
    assert_eq!(
        (seen.label_functions, seen.strong_features),
        (vec![], vec![])
    );
}
