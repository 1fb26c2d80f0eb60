//! The store looked at from outside, by what its documentation says of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::World;

impl World {
    fn store(&self) -> PathBuf {
        self.project().join(".streamflow")
    }
}

/// Every object's file.
pub fn object_files(world: &World) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in fs::read_dir(world.store().join("objects")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            files.push(file.unwrap().path());
        }
    }
    files.sort();
    files
}

/// Changes one byte in the middle of every object.
pub fn corrupt_objects(world: &World) {
    for path in object_files(world) {
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let writable = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        fs::set_permissions(&path, writable).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}

/// Fails unless the database is whole and, where it has its schema, every fact is JSON, every object a fact needs is in the
/// catalog, and every object of the catalog is on the disk with the bytes it was written with.
#[track_caller]
pub fn assert_sound(world: &World) {
    let catalog = world.store().join("catalog.sqlite");
    let connection = rusqlite::Connection::open(catalog).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(texts("PRAGMA integrity_check"), ["ok"]);
    // A process that died before it made the schema leaves an empty database.
    if texts("SELECT name FROM sqlite_schema").is_empty() {
        return;
    }
    for value in texts("SELECT value FROM facts") {
        serde_json::from_str::<serde_json::Value>(&value).unwrap();
    }
    let lacking = "SELECT object FROM needs WHERE object NOT IN (SELECT name FROM objects)";
    assert_eq!(texts(lacking), [""; 0]);
    for pair in texts("SELECT name || ' ' || bytes FROM objects") {
        let (name, hash) = pair.split_once(' ').unwrap();
        assert_eq!(hash_of(&world.store(), name), hash, "object {name}");
    }
}

/// BLAKE3 of an object's bytes.
fn hash_of(store: &Path, name: &str) -> String {
    // A name may say what kind of hash it is before the digits.
    let digits = &name[name.len() - 64..];
    let path = store.join("objects").join(&digits[..2]).join(&digits[2..]);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("object {name}: {error}"));
    blake3::hash(&bytes).to_hex().to_string()
}
