//! What MLflow takes as names and values. Its servers refuse the rest, or cut it, as they are set up.
//!
//! The numbers are those of `mlflow/utils/validation.py` of MLflow 3.17, but for that of a tag, which is below its 8000. A
//! server of another version may take less, and says so.

/// Characters of a name.
const LONGEST_NAME: usize = 250;
/// Characters of a param's value.
pub const LONGEST_PARAM: usize = 6_000;
/// Characters of a tag's value.
pub const LONGEST_TAG: usize = 5_000;
/// Params or tags of one request.
pub const MOST_IN_BATCH: usize = 100;
/// Bytes of one request: below the million that it takes, for there is something around them.
pub const LARGEST_BATCH: usize = 900_000;
/// Characters of the digest of a dataset.
pub const LONGEST_DIGEST: usize = 36;

/// Whether something can be called so: letters, digits and ` _-./:`, and no other file than it says where it is taken for
/// one.
pub fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || "_-./: ".contains(c);
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    name.chars().count() <= LONGEST_NAME
        && name.chars().all(is_allowed)
        && name.split('/').all(is_plain)
}

/// Whether an alias is taken: `latest` and `v1` mean something else there.
pub fn is_alias(name: &str) -> bool {
    let is_version = name
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    !name.eq_ignore_ascii_case("latest") && !is_version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_server_takes() {
        for name in [
            "auc",
            "model.trees",
            "features.usage.Größe",
            "a b:c-d/e",
            "...",
        ] {
            assert!(is_name(name), "{name}");
        }
        let long = "x".repeat(LONGEST_NAME + 1);
        for name in [
            "", ".", "a/../b", "/a", "a/", "a//b", "a,b", "a@b", "a\nb", "a%", &long,
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn aliases_are_not_what_means_a_version() {
        assert!(is_alias("champion") && is_alias("v1a") && is_alias("v"));
        assert!(!is_alias("Latest") && !is_alias("v12") && !is_alias("V1"));
    }
}
