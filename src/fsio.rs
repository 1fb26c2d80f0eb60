//! Writing files so that they are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::{Error, Result};

/// Writes a file: a temporary file beside it, fsync, rename, fsync of the folder.
///
/// A reader, or a machine that loses power, finds the old content or the new, never a part.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    write_parts(path, |file| {
        file.write_all(bytes)
            .map_err(|error| cannot("write", path, error))
    })
}

/// As [`write_atomic`], part by part: for what is too long to be held in memory. Nothing is left
/// behind when a part fails.
pub fn write_parts(path: &Path, parts: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let cannot = |error| cannot("write", path, error);
    let folder = folder_of(path);
    let mut file = temporary_in(folder).map_err(cannot)?;
    parts(&mut file)?;
    persist(file, folder, path).map_err(cannot)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

/// How the names of unfinished files begin.
pub const TEMPORARY: &str = ".tmp-";

fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    fs::create_dir_all(folder)?;
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempfile_in(folder)
}

fn persist(file: tempfile::NamedTempFile, folder: &Path, path: &Path) -> io::Result<()> {
    set_default_permissions(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Temporary files are private; what replaces a file people share is not.
#[cfg(unix)]
fn set_default_permissions(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_default_permissions(_: &File) -> io::Result<()> {
    Ok(())
}

/// Moves a file into a folder under its own name, or under the first free `NAME.2`, `NAME.3`, …
/// Gives where it is now; none when there is no such file.
pub fn move_aside(path: &Path, folder: &Path) -> Result<Option<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let cannot = |error| cannot("move", path, error);
    fs::create_dir_all(folder).map_err(cannot)?;
    let mut names = std::iter::once(name.to_string())
        .chain((2_u32..).map(|number| format!("{name}.{number}")))
        .map(|name| folder.join(name));
    let free = names.find(|place| !place.exists());
    let place = free.expect("there are numbers without end");
    match fs::rename(path, &place) {
        Ok(()) => Ok(Some(place)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(error)),
    }
}

/// Puts a finished file in the place of another.
pub fn replace(path: &Path, by: &Path) -> Result<()> {
    let move_there = || {
        File::open(by)?.sync_all()?;
        fs::rename(by, path)?;
        File::open(folder_of(path))?.sync_all()
    };
    move_there().map_err(|error| cannot("write", path, error))
}

/// Copies a file, whole or not at all.
pub fn copy(path: &Path, to: &Path) -> Result<()> {
    let mut source = File::open(path).map_err(|error| cannot("read", path, error))?;
    write_parts(to, |file| {
        io::copy(&mut source, file).map_err(|error| cannot("write", to, error))?;
        Ok(())
    })
}

/// Removes a file; one that is not there is as good as removed.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path, error)),
        _ => Ok(()),
    }
}

/// Makes a file as young as if it had just been written. What cannot be touched stays as it is.
///
/// What time it is comes from the file system, which is also who judges ages: from a file that is
/// made for it and has no name.
pub fn refresh(path: &Path) {
    let touch = || -> io::Result<()> {
        let now = tempfile::tempfile_in(folder_of(path))?;
        let file = fs::OpenOptions::new().write(true).open(path)?;
        file.set_modified(now.metadata()?.modified()?)
    };
    // A file of another user may be read and not be touched.
    let _ = touch();
}

/// When a file was last written, in microseconds since 1970, and its size in bytes; none when there
/// is no such file.
pub fn age_and_size(path: &Path) -> Result<Option<(i64, u64)>> {
    match fs::metadata(path) {
        Ok(metadata) => {
            let written = metadata.mtime() * 1_000_000 + metadata.mtime_nsec() / 1_000;
            Ok(Some((written, metadata.len())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, error)),
    }
}

/// Every file in a folder and in the folders directly in it, in order of the paths; none where
/// there is no folder.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        match path.is_dir() {
            true => files.extend(entries(&path)?.into_iter().filter(|path| !path.is_dir())),
            false => files.push(path),
        }
    }
    files.sort();
    Ok(files)
}

/// Every folder in a folder, in order of the paths; none where there is no folder.
pub fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = entries(folder)?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    match listed() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result.map_err(|error| cannot("read", folder, error)),
    }
}

/// Parts of a file that are read by one thread.
const PART: usize = 16 << 20;

/// The bytes of a file, read on several threads.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        let file = File::open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
        let mut bytes = vec![0; length];
        let parts = bytes.par_chunks_mut(PART).enumerate();
        let parts = parts.map(|(at, part)| file.read_exact_at(part, (at * PART) as u64));
        parts.collect::<io::Result<()>>()?;
        let more = file.read_at(&mut [0], length as u64)?;
        Ok((more == 0).then_some(bytes))
    };
    let bytes = match read() {
        // It grows, shrinks, or does not tell its length.
        Ok(None) => fs::read(path),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => fs::read(path),
        Ok(Some(bytes)) => Ok(bytes),
        Err(error) => Err(error),
    };
    bytes.map_err(|error| cannot("read", path, error))
}

/// The bytes of a file, or none when there is no such file.
pub fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, error)),
    }
}

/// Held by one process at a time; let go when it is dropped, and when the process ends however.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Holds the file; none when another process does.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>> {
        let lock = || {
            let file = open_lock(path)?;
            match file.try_lock() {
                Err(fs::TryLockError::WouldBlock) => Ok(None),
                Err(fs::TryLockError::Error(error))
                    if error.kind() != io::ErrorKind::Unsupported =>
                {
                    Err(error)
                }
                _ => Ok(Some(Self { _file: file })),
            }
        };
        lock().map_err(|error| cannot("lock", path, error))
    }

    /// Waits until no other process holds the file.
    pub fn acquire(path: &Path) -> Result<Self> {
        let lock = || {
            let file = open_lock(path)?;
            match file.lock() {
                // Some network file systems know no locks; what is guarded is guarded twice.
                Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
                _ => Ok(file),
            }
        };
        let file = lock().map_err(|error| cannot("lock", path, error))?;
        Ok(Self { _file: file })
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// The error of a system call on a path.
pub fn cannot(verb: &str, path: &Path, error: io::Error) -> Error {
    Error::failure(format!("cannot {verb} {}", path.display())).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_however_long() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for length in [0, 1, PART - 1, PART, 2 * PART + 3] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            assert!(read(&path).unwrap() == bytes, "{length} bytes");
        }
        // The kernel gives no length for these.
        assert!(!read(Path::new("/proc/self/status")).unwrap().is_empty());
        let missing = read(&folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read "), "{missing}");
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap();
        assert!(write_atomic(&target, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
