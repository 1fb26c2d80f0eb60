//! A new project's files, put where none of them is yet.

use std::path::Path;

use crate::error::{Error, Result};
use crate::fsio;

/// Files beside the definitions. A folder that has its own keeps it.
pub const BESIDE: [(&str, &str); 3] = [
    (".gitattributes", include_str!("template/gitattributes")),
    (".gitignore", include_str!("template/gitignore")),
    ("README.md", include_str!("template/README.md")),
];

/// Writes files, given by path from `folder` and content. The folder is made where there is none.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) when one of the files is there, naming all that are;
/// then nothing is written.
pub fn write_new(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let taken: Vec<String> = files
        .iter()
        .map(|(path, _)| *path)
        .filter(|path| folder.join(path).symlink_metadata().is_ok())
        .map(ToString::to_string)
        .collect();
    if !taken.is_empty() {
        let (noun, verb) = match taken.len() {
            1 => ("a file of it is", "move it away"),
            _ => ("files of it are", "move them away"),
        };
        return Err(
            Error::usage(format!("init overwrites nothing, and {noun} there already"))
                .details(taken)
                .help(format!("{verb}, or name another folder")),
        );
    }
    for (path, bytes) in files {
        fsio::write_atomic(&folder.join(path), bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_that_is_there_keeps_all_from_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 2] = [("a/b.toml", b"new"), ("c.toml", b"new")];
        write_new(folder.path(), &files[1..]).unwrap();
        let error = write_new(folder.path(), &files).unwrap_err();
        assert_eq!(error.kind(), crate::error::Kind::Usage);
        assert_eq!(error.all_details(), ["c.toml"]);
        assert!(!folder.path().join("a").exists());
    }
}
