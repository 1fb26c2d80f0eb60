//! What stands behind the `?` of a path.

use super::problem::Problem;

/// Whether `/predict` is asked to take its predictions apart: `explain=true`.
///
/// A parameter that is not known is refused: whoever misspells one must not wait for its effect.
pub fn wants_explanation(query: &str) -> Result<bool, Problem> {
    let mut wanted = None;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if name != "explain" {
            return Err(Problem::new(
                400,
                format!(
                    "/predict takes the query parameter `explain` and no other; this is `{name:.60}`."
                ),
            ));
        }
        let value = match value {
            "true" => true,
            "false" => false,
            _ => {
                let why = format!("`explain` is true or false, and is \"{value:.60}\".");
                return Err(Problem::new(400, why));
            }
        };
        if wanted.replace(value).is_some() {
            return Err(Problem::new(400, "`explain` stands in the query twice."));
        }
    }
    Ok(wanted.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_are_wanted_or_not_and_nothing_else_is() {
        for (query, wanted) in [
            ("", false),
            ("&", false),
            ("explain=true", true),
            ("explain=false", false),
            ("&explain=true&", true),
        ] {
            assert_eq!(wants_explanation(query), Ok(wanted), "{query}");
        }
        for query in [
            "explain",
            "explain=",
            "explain=1",
            "explain=True",
            "explain=true=",
            "explain=true&explain=true",
            "explain=true&explain=false",
            "Explain=true",
            "expl%61in=true",
            "explained=true",
            "x=1",
            "=",
            "?",
        ] {
            let refused = wants_explanation(query).unwrap_err();
            assert_eq!(refused.status, 400, "{query}");
        }
    }
}
