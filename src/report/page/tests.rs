use std::collections::BTreeMap;

use super::*;

#[test]
fn values_stay_text_whatever_they_hold() {
    let text = "<script>alert(\"a\" & 'b')</script>";
    let wanted = "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;";
    assert_eq!(escaped(text), wanted);
    assert_eq!(escaped("a\u{1b}[31m\u{0}Zürich"), "a\\u{1b}[31m\\0Zürich");
    assert!(page(text, "", "").contains(&format!("<title>{wanted}</title>")));
}

/// The colours of one theme: the variables between two places of the stylesheet.
fn colours(text: &str) -> BTreeMap<&str, [f64; 3]> {
    let declared = text
        .split(['{', ';', '}'])
        .filter_map(|part| part.trim().split_once(": #"));
    declared
        .filter_map(|(name, hex)| {
            let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
            Some((
                name,
                [part(0)?, part(2)?, part(4)?].map(|part| f64::from(part) / 255.0),
            ))
        })
        .collect()
}

/// Relative luminance, WCAG 2.2.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|part| match part <= 0.040_45 {
        true => part / 12.92,
        false => crate::math::pow((part + 0.055) / 1.055, 2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// One colour over another.
fn over(front: [f64; 3], opacity: f64, back: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|at| opacity * front[at] + (1.0 - opacity) * back[at])
}

#[test]
fn text_and_lines_can_be_told_from_their_ground_in_both_themes() {
    let (light, dark) = STYLE
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let dark = dark.split_once("}\n}").unwrap().0;
    for theme in [colours(light), colours(dark)] {
        let of = |name: &str| theme[format!("--{name}").as_str()];
        for text in ["ink", "quiet"] {
            for ground in ["page", "card"] {
                assert!(contrast(of(text), of(ground)) >= 4.5, "{text} on {ground}");
            }
        }
        for text in ["drift", "ink"] {
            assert!(contrast(of(text), of("drift-soft")) >= 4.5, "{text}");
        }
        assert!(contrast(of("still"), of("page")) >= 4.5);
        // Numbers stand on the fullest cell of a table of counts.
        let fullest = over(of("hue-0"), crate::report::svg::FULLEST, of("card"));
        assert!(contrast(of("ink"), fullest) >= 4.5);
        for hue in 0..8 {
            let hue = of(&format!("hue-{hue}"));
            assert!(contrast(hue, of("card")) >= 3.0, "{hue:?}");
        }
    }
}
