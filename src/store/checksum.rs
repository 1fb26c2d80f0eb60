//! Checksums of the catalog's rows.
//!
//! SQLite notices damage to its own structure and not to what people put into it: a flipped bit in
//! a text is another text. So each row carries the BLAKE3 hash of its columns, as items of the
//! hashing law. Whoever reads a row holds it against its checksum, and `fsck` holds them all.

use crate::hash::ContentHasher;

/// The checksum of a row.
pub type Checksum = [u8; 32];

pub fn of_fact(sequence: i64, kind: &str, key: &str, value: &str) -> Checksum {
    let mut hasher = ContentHasher::new("streamflow catalog fact 1");
    hasher.integer(sequence);
    for text in [kind, key, value] {
        hasher.text(text);
    }
    hasher.finish()
}

pub fn of_need(sequence: i64, object: &str) -> Checksum {
    let mut hasher = ContentHasher::new("streamflow catalog need 1");
    hasher.integer(sequence);
    hasher.text(object);
    hasher.finish()
}

pub fn of_object(name: &str, bytes: &str, size: i64) -> Checksum {
    let mut hasher = ContentHasher::new("streamflow catalog object 1");
    hasher.text(name);
    hasher.text(bytes);
    hasher.integer(size);
    hasher.finish()
}

pub fn of_base(object: &str, base: &str) -> Checksum {
    let mut hasher = ContentHasher::new("streamflow catalog base 1");
    hasher.text(object);
    hasher.text(base);
    hasher.finish()
}

/// The columns of a row of `stamps`.
pub struct StampRow<'a> {
    pub path: &'a str,
    pub size: i64,
    pub modified: i64,
    pub inode: i64,
    pub checked: i64,
    pub hash: &'a str,
}

impl StampRow<'_> {
    pub fn checksum(&self) -> Checksum {
        let mut hasher = ContentHasher::new("streamflow catalog stamp 1");
        hasher.text(self.path);
        for number in [self.size, self.modified, self.inode, self.checked] {
            hasher.integer(number);
        }
        hasher.text(self.hash);
        hasher.finish()
    }
}
