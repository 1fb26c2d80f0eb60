use super::letters::{fitted, width};
use super::*;

fn words(low: f64, high: f64) -> Vec<String> {
    let scale = Scale::covering(low, high, 5, Words::Number);
    assert!(scale.low <= low && high <= scale.high, "{scale:?}");
    assert!((2..=13).contains(&scale.ticks.len()), "{scale:?}");
    scale.ticks.into_iter().map(|tick| tick.words).collect()
}

#[test]
fn ticks_are_those_people_would_choose() {
    assert_eq!(words(0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    assert_eq!(words(-3.1, 7.0), ["−4", "−2", "0", "2", "4", "6", "8"]);
    assert_eq!(
        words(0.0, 5283.0),
        ["0", "1 000", "2 000", "3 000", "4 000", "5 000", "6 000"]
    );
    assert_eq!(
        words(1e-9, 9e-9),
        [
            "1e−9", "2e−9", "3e−9", "4e−9", "5e−9", "6e−9", "7e−9", "8e−9", "9e−9"
        ]
    );
    assert_eq!(
        words(-2e12, 2e12),
        [
            "−2e12",
            "−1.5e12",
            "−1e12",
            "−5e11",
            "0",
            "5e11",
            "1e12",
            "1.5e12",
            "2e12"
        ]
    );
    let percent = Scale::share_up_to(0.13).ticks;
    let percent: Vec<&str> = percent.iter().map(|tick| tick.words.as_str()).collect();
    assert_eq!(percent, ["0 %", "5 %", "10 %", "15 %"]);
}

#[test]
fn a_scale_of_one_number_or_of_none_has_a_width() {
    for value in [0.0, 3.0, -1e-300, 1e300] {
        let scale = Scale::covering(value, value, 5, Words::Number);
        assert!(scale.low < scale.high, "{value}: {scale:?}");
        assert!((0.0..=1.0).contains(&scale.share(value)), "{value}");
    }
    assert_eq!(Scale::share_up_to(0.0).high, 1.0);
    assert_eq!(Scale::shares().share(0.25), 0.25);
}

/// A tick is the double nearest to the decimal beside it, however far from 0.
#[test]
fn ticks_stand_where_they_say() {
    let scale = Scale::covering(0.0, 0.7, 5, Words::Number);
    let places: Vec<f64> = scale.ticks.iter().map(|tick| tick.at).collect();
    assert_eq!(places, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
}

#[test]
fn coordinates_have_no_needless_digits() {
    let found = [0.0, -0.001, 1.0, 1.5, 2.345_678, -12.0].map(place);
    assert_eq!(found, ["0", "0", "1", "1.5", "2.35", "-12"]);
}

#[test]
fn long_names_are_cut_to_their_room() {
    assert_eq!(fitted("short", 100.0), "short");
    let cut = fitted("a_feature_with_a_very_long_name", 100.0);
    assert!(cut.ends_with('…') && width(&cut) <= 100.0, "{cut}");
    assert!(width("漢字") > width("ab"));
}

fn caption() -> Caption {
    Caption {
        id: "x".to_string(),
        title: "<T>".to_string(),
        description: "a & b".to_string(),
    }
}

#[test]
fn a_plot_is_the_same_bytes_twice_and_says_what_it_is() {
    let draw = || {
        let axis = || Axis::new("share", Scale::shares());
        let keys = [Key::new(Shape::Curve(Look(1)), "<one>")];
        let mut plot = Plot::new(caption(), axis(), axis(), &keys, Some(100.0));
        plot.steps(&[[0.0, 0.0], [1.0, 1.0]], Look(1));
        plot.finish()
    };
    let svg = draw();
    assert_eq!(svg, draw());
    for part in [
        "role=\"img\"",
        "<title id=\"x-title\">&lt;T&gt;</title>",
        "<desc id=\"x-about\">a &amp; b</desc>",
        "&lt;one&gt;",
        "class=\"curve h1 d1\"",
    ] {
        assert!(svg.contains(part), "{part} is not in {svg}");
    }
    // Up first, then across.
    assert!(svg.contains("V42H"), "{svg}");
}

/// Every number that stands as an attribute lies in the picture.
#[test]
fn bars_of_either_sign_stay_inside() {
    let rows = [
        ("up".to_string(), vec![Some(0.3), None]),
        ("down".to_string(), vec![Some(-0.1), Some(0.2)]),
    ];
    let keys = [0, 1].map(|number| Key::new(Shape::Bar(Look(number)), "run"));
    let svg = bars(&caption(), &keys, &rows, &[Look(0), Look(1)], |value| {
        format!("{value:.2}")
    });
    let numbers = svg.split(['"']).filter_map(|part| part.parse::<f64>().ok());
    let numbers: Vec<f64> = numbers.collect();
    assert!(
        numbers.len() > 12 && numbers.iter().all(|n| (0.0..=WIDTH).contains(n)),
        "{svg}"
    );
    // Two of them in the legend.
    assert_eq!(svg.matches("class=\"bar").count(), 5);
}

#[test]
fn counts_that_are_too_wide_are_said_in_thousands() {
    let table = CountTable {
        rows: vec!["a".to_string()],
        columns: (0..9).map(|number| number.to_string()).collect(),
        row_title: String::new(),
        column_title: String::new(),
        counts: vec![vec![1_234_567, 12_345, 999, 0, 0, 0, 0, 0, 0]],
    };
    let svg = counts(&caption(), &table);
    for word in [">1M<", ">12k<", ">999<"] {
        assert!(svg.contains(word), "{word}: {svg}");
    }
}
