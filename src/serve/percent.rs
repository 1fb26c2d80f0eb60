//! Percent-encoding of paths.

use super::problem::Problem;

/// Undoes percent-encoding.
pub fn decode(text: &str) -> Result<String, Problem> {
    let refuse = || Problem::new(400, "The id in the path is not percent-encoded UTF-8.");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let digits = after
            .get(..2)
            .filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.ok_or_else(refuse)?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_percent_decoded() {
        assert_eq!(decode("7590-VHVEG").as_deref(), Ok("7590-VHVEG"));
        assert_eq!(decode("a%2Fb%20%C3%A9").as_deref(), Ok("a/b é"));
        for text in ["%", "%2", "%zz", "%ff", "a%+1"] {
            assert_eq!(decode(text).unwrap_err().status, 400, "{text}");
        }
    }
}
