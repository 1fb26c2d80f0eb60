//! Values as self-delimiting bytes.

use std::collections::BTreeMap;

/// Feeds values to BLAKE3 under the law of [the module](super).
pub struct ContentHasher(blake3::Hasher);

impl ContentHasher {
    /// Starts a hash in a domain, so that a run never has the name of a table.
    pub fn new(domain: &str) -> Self {
        let mut hasher = Self(blake3::Hasher::new());
        hasher.text(domain);
        hasher
    }

    pub fn byte(&mut self, value: u8) {
        self.0.update(&[value]);
    }

    pub fn integer(&mut self, value: i64) {
        self.0.update(&value.to_le_bytes());
    }

    /// Feeds a length or a count.
    pub fn count(&mut self, value: usize) {
        self.0.update(&(value as u64).to_le_bytes());
    }

    /// Feeds a number by its bits; −0.0 as 0.0.
    pub fn float(&mut self, value: f64) {
        debug_assert!(
            !value.is_nan(),
            "NaN is made null before anything is hashed"
        );
        let canonical = if value == 0.0 { 0.0 } else { value };
        self.0.update(&canonical.to_bits().to_le_bytes());
    }

    pub fn text(&mut self, value: &str) {
        self.count(value.len());
        self.0.update(value.as_bytes());
    }

    /// Feeds bytes as they are. The caller has fed what delimits them.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Feeds many bytes as they are, on several threads. The result is the same.
    pub fn raw_parallel(&mut self, bytes: &[u8]) {
        self.0.update_rayon(bytes);
    }

    pub fn finish(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }

    /// Where in [0, 1) the hash falls: the top 53 bits of its first eight bytes, big-endian, divided
    /// by 2⁵³.
    pub fn fraction(self) -> f64 {
        let [a, b, c, d, e, f, g, h, ..] = self.finish();
        let top = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11;
        top as f64 / (1_u64 << 53) as f64
    }
}

/// A value that has one canonical stream of bytes.
pub trait ContentHash {
    fn feed(&self, hasher: &mut ContentHasher);
}

impl<T: ContentHash + ?Sized> ContentHash for &T {
    fn feed(&self, hasher: &mut ContentHasher) {
        (**self).feed(hasher);
    }
}

impl ContentHash for str {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(self);
    }
}

impl ContentHash for String {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.text(self);
    }
}

impl ContentHash for bool {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.byte(u8::from(*self));
    }
}

impl ContentHash for i64 {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.integer(*self);
    }
}

impl ContentHash for u32 {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.integer(i64::from(*self));
    }
}

impl ContentHash for f64 {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.float(*self);
    }
}

impl<T: ContentHash> ContentHash for Option<T> {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.byte(u8::from(self.is_some()));
        if let Some(value) = self {
            value.feed(hasher);
        }
    }
}

impl<T: ContentHash> ContentHash for [T] {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.count(self.len());
        for item in self {
            item.feed(hasher);
        }
    }
}

impl<T: ContentHash> ContentHash for Vec<T> {
    fn feed(&self, hasher: &mut ContentHasher) {
        self.as_slice().feed(hasher);
    }
}

impl<K: ContentHash + Ord, V: ContentHash> ContentHash for BTreeMap<K, V> {
    fn feed(&self, hasher: &mut ContentHasher) {
        hasher.count(self.len());
        for (key, value) in self {
            key.feed(hasher);
            value.feed(hasher);
        }
    }
}

impl<A: ContentHash, B: ContentHash> ContentHash for (A, B) {
    fn feed(&self, hasher: &mut ContentHasher) {
        self.0.feed(hasher);
        self.1.feed(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(value: &(impl ContentHash + ?Sized)) -> [u8; 32] {
        let mut hasher = ContentHasher::new("test");
        value.feed(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn neighbours_do_not_run_together() {
        let strings = |items: &[&str]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
        let split = ["ab|cd", "a|bcd", "abcd|", "|abcd", "abcd", "ab||cd"];
        let hashes: std::collections::BTreeSet<_> = split
            .iter()
            .map(|s| hash(&strings(&s.split('|').collect::<Vec<_>>())))
            .collect();
        assert_eq!(hashes.len(), split.len());
    }

    #[test]
    fn nothing_is_not_an_empty_something() {
        assert_ne!(hash(&None::<String>), hash(&Some(String::new())));
        assert_ne!(
            hash(&vec![Vec::<String>::new()]),
            hash(&Vec::<Vec<String>>::new())
        );
        assert_ne!(hash(&vec![None::<bool>, None]), hash(&vec![Some(false)]));
    }

    #[test]
    fn both_zeros_are_one_number() {
        assert_eq!(hash(&-0.0), hash(&0.0));
        assert_ne!(hash(&0.0), hash(&f64::MIN_POSITIVE));
    }

    #[test]
    fn the_domain_is_part_of_the_name() {
        assert_ne!(
            ContentHasher::new("run").finish(),
            ContentHasher::new("table").finish()
        );
    }

    /// The vector stands in docs/hashing.md. A change here is a new hashing law.
    #[test]
    fn golden_vector_of_the_law() {
        let value = BTreeMap::from([("b".to_string(), 2_i64), ("a".to_string(), -1_i64)]);
        let mut expected = Vec::new();
        expected.extend(4_u64.to_le_bytes());
        expected.extend(b"test");
        expected.extend(2_u64.to_le_bytes());
        for (key, number) in [("a", -1_i64), ("b", 2)] {
            expected.extend(1_u64.to_le_bytes());
            expected.extend(key.as_bytes());
            expected.extend(number.to_le_bytes());
        }
        assert_eq!(hash(&value), *blake3::hash(&expected).as_bytes());
    }
}
