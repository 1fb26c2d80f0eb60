//! Plain tar (POSIX ustar), as much of it as a bundle needs: files with a name and a size.
//!
//! Written without times, owners and modes of this machine, so that the same members are the same
//! bytes. Read with distrust: every header is verified, sizes are held against the length of the
//! file, and anything but a plain file under a relative path is refused.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::fsio;

const BLOCK: usize = 512;
/// Longest name that fits into a header without a prefix.
const NAME: usize = 100;
const PREFIX: usize = 155;

/// Writes members one after the other.
pub struct ArchiveWriter<'a> {
    file: &'a mut dyn Write,
    /// For messages.
    path: &'a Path,
}

impl<'a> ArchiveWriter<'a> {
    pub fn new(file: &'a mut dyn Write, path: &'a Path) -> Self {
        Self { file, path }
    }

    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let header = header(name, bytes.len() as u64)?;
        let padding = vec![0; bytes.len().next_multiple_of(BLOCK) - bytes.len()];
        for part in [&header[..], bytes, &padding] {
            self.write(part)?;
        }
        Ok(())
    }

    /// The end of the archive: two empty blocks.
    pub fn finish(mut self) -> Result<()> {
        self.write(&[0; 2 * BLOCK])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| fsio::cannot("write", self.path, error))
    }
}

fn header(name: &str, size: u64) -> Result<[u8; BLOCK]> {
    let too_long = || Error::failure(format!("`{name}` is too long a path for a bundle"));
    let (prefix, rest) = match name.len() <= NAME {
        true => ("", name),
        false => {
            let fits = |at: &usize| *at <= PREFIX && name.len() - at - 1 <= NAME;
            let slashes = name.match_indices('/').map(|(at, _)| at);
            let at = slashes.rev().find(fits).ok_or_else(too_long)?;
            (&name[..at], &name[at + 1..])
        }
    };
    // Eleven octal digits.
    if size >= 1 << 33 {
        return Err(Error::failure(format!(
            "`{name}` is too large for a bundle: {size} bytes"
        )));
    }
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, rest.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(345, prefix.as_bytes());
    let sum = checksum(&header);
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

/// The sum of a header's bytes, those of the sum itself counted as spaces.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let byte = |(at, byte): (usize, &u8)| match at {
        148..156 => u32::from(b' '),
        _ => u32::from(*byte),
    };
    header.iter().enumerate().map(byte).sum()
}

/// A member as the archive lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// In bytes.
    pub size: u64,
    offset: u64,
}

/// An archive whose headers have been read.
pub struct Archive {
    path: PathBuf,
    file: BufReader<File>,
    pub entries: Vec<Entry>,
}

impl Archive {
    /// Reads every header.
    ///
    /// # Errors
    /// [`Kind::MissingInput`] when there is no such file; a failure when it is no archive, ends too
    /// early, or holds what no bundle holds.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => Kind::MissingInput,
                _ => Kind::Failure,
            };
            Error::new(kind, format!("cannot read {}", path.display())).caused_by(error)
        })?;
        let length = file
            .metadata()
            .map_err(|error| fsio::cannot("read", path, error))?
            .len();
        let mut archive = Self {
            path: path.to_path_buf(),
            file: BufReader::new(file),
            entries: Vec::new(),
        };
        archive.scan(length)?;
        Ok(archive)
    }

    fn scan(&mut self, length: u64) -> Result<()> {
        let mut offset = 0;
        loop {
            if length < offset + BLOCK as u64 {
                return Err(self.damaged("it ends before its end"));
            }
            let mut header = [0; BLOCK];
            self.read_at(offset, &mut header)?;
            offset += BLOCK as u64;
            if header == [0; BLOCK] {
                return self.only_zeros(offset, length);
            }
            let (name, size) = parse(&header).map_err(|why| self.damaged(&why))?;
            let padded = size.checked_next_multiple_of(BLOCK as u64);
            let end = padded.and_then(|padded| offset.checked_add(padded));
            let Some(end) = end.filter(|end| *end <= length) else {
                let why = format!("`{name}` should be {size} bytes, more than there are");
                return Err(self.damaged(&why));
            };
            if self.entries.iter().any(|entry| entry.name == name) {
                return Err(self.damaged(&format!("`{name}` is there twice")));
            }
            self.entries.push(Entry { name, size, offset });
            offset = end;
        }
    }

    /// After the first empty block there is nothing.
    fn only_zeros(&mut self, offset: u64, length: u64) -> Result<()> {
        if length < offset + BLOCK as u64 {
            return Err(self.damaged("it ends before its end"));
        }
        let mut at = offset;
        while at < length {
            let mut block = [0; BLOCK];
            let part = usize::try_from((length - at).min(BLOCK as u64)).unwrap_or(BLOCK);
            self.read_at(at, &mut block[..part])?;
            if block != [0; BLOCK] {
                return Err(self.damaged("something stands after its end"));
            }
            at += part as u64;
        }
        Ok(())
    }

    /// The bytes of a member.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(entry) = self
            .entries
            .iter()
            .find(|entry| entry.name == name)
            .cloned()
        else {
            return Ok(None);
        };
        // It fits into the file, as was verified.
        let mut bytes = vec![0; usize::try_from(entry.size).unwrap_or(usize::MAX)];
        self.read_at(entry.offset, &mut bytes)?;
        Ok(Some(bytes))
    }

    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> Result<()> {
        let read = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(bytes));
        read.map_err(|error| fsio::cannot("read", &self.path, error))
    }

    /// The error of an archive that no `bundle` has written.
    pub fn damaged(&self, why: &str) -> Error {
        Error::failure(format!("{} is no sound bundle", self.path.display()))
            .detail(why)
            .detail("nothing was written")
            .help("copy it again, or make it again with `streamflow bundle`")
    }
}

fn parse(header: &[u8; BLOCK]) -> std::result::Result<(String, u64), String> {
    if &header[257..262] != b"ustar" {
        return Err("it is no tar archive".to_string());
    }
    if octal(&header[148..156]) != Some(u64::from(checksum(header))) {
        return Err("a header is damaged".to_string());
    }
    let text = |bytes: &[u8]| {
        let end = bytes
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(bytes.len());
        std::str::from_utf8(&bytes[..end]).map(ToString::to_string)
    };
    let nameless = |_| "a member has a name that is no text".to_string();
    let (name, prefix) = (
        text(&header[..100]).map_err(nameless)?,
        text(&header[345..500]).map_err(nameless)?,
    );
    let name = match prefix.is_empty() {
        true => name,
        false => format!("{prefix}/{name}"),
    };
    if !matches!(header[156], b'0' | 0) {
        return Err(format!("`{}` is no plain file", name.escape_debug()));
    }
    if !is_plain(&name) {
        return Err(format!("`{}` leads out of it", name.escape_debug()));
    }
    let size = octal(&header[124..136]);
    let size = size.ok_or_else(|| format!("the size of `{name}` cannot be read"))?;
    Ok((name, size))
}

/// A relative path that goes down only, of characters that are what they look like.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    name.split('/').all(part)
}

fn octal(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?;
    let digits = text.trim_matches([' ', '\0']);
    u64::from_str_radix(digits, 8)
        .ok()
        .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = ArchiveWriter::new(&mut bytes, Path::new("x"));
        for (name, contents) in members {
            writer.add(name, contents).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    fn opened(bytes: &[u8]) -> Result<Archive> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tar");
        std::fs::write(&path, bytes).unwrap();
        Archive::open(&path)
    }

    #[test]
    fn what_is_written_is_read() {
        let long = format!("{}/{}.toml", "a".repeat(90), "b".repeat(80));
        let bytes = written(&[("a/b.json", b"{}"), (&long, &[7; 1000]), ("empty", b"")]);
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut archive = opened(&bytes).unwrap();
        assert_eq!(archive.entries.len(), 3);
        assert_eq!(archive.read(&long).unwrap().unwrap(), [7; 1000]);
        assert_eq!(archive.read("empty").unwrap().unwrap(), b"");
        assert_eq!(archive.read("other").unwrap(), None);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for name in [
            "../x",
            "/etc/x",
            "a/../../x",
            "a//x",
            "a\\x",
            ".",
            "a/./x",
            "C:x",
            "a b",
        ] {
            assert!(opened(&written(&[(name, b"x")])).is_err(), "{name}");
        }
        assert!(opened(&written(&[("x", b"1"), ("x", b"2")])).is_err());
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = written(&[("a", b"x"), ("b", &[1; 700])]);
        for length in (0..bytes.len()).step_by(7) {
            assert!(opened(&bytes[..length]).is_err(), "{length}");
        }
        let mut longer = bytes.clone();
        longer.extend([0; 9 * BLOCK]);
        assert!(opened(&longer).is_ok(), "tar programs fill up with zeros");
        longer.push(1);
        assert!(opened(&longer).is_err());
    }

    proptest! {
        /// Whatever the bytes: an error or an archive whose members can be read, never a panic.
        #[test]
        fn hostile_headers_do_no_harm(at in 0_usize..2048, value: u8) {
            let mut bytes = written(&[("a", b"x"), ("b", &[1; 700])]);
            bytes[at] = value;
            if let Ok(mut archive) = opened(&bytes) {
                for entry in archive.entries.clone() {
                    let _ = archive.read(&entry.name);
                }
            }
        }
    }
}
