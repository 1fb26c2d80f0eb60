//! A world of its own for each test: folder, home, identity, clock zone, store.

mod output;
mod small;
mod store;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub use output::{Output, redact};
pub use small::{FEBRUARY, JANUARY, small_files};
pub use store::{assert_sound, corrupt_objects, object_files};

/// A temporary folder with a project in it, and the circumstances the program runs in.
pub struct World {
    /// Removed with everything in it when the test ends.
    folder: tempfile::TempDir,
    project: PathBuf,
    environment: BTreeMap<String, String>,
}

impl World {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let project = root.join("project");
        fs::create_dir_all(&project).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        let home = root.join("home").to_str().unwrap().to_string();
        let environment = [
            ("HOME", home.as_str()),
            ("PATH", &std::env::var("PATH").unwrap()),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
            ("STREAMFLOW_USER", "tester"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "tester"),
            ("GIT_AUTHOR_EMAIL", "tester@example.org"),
            ("GIT_AUTHOR_DATE", "2024-05-01T00:00:00Z"),
            ("GIT_COMMITTER_NAME", "tester"),
            ("GIT_COMMITTER_EMAIL", "tester@example.org"),
            ("GIT_COMMITTER_DATE", "2024-05-01T00:00:00Z"),
        ];
        Self {
            folder,
            project,
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        }
    }

    /// The project that `init` writes: six tables, three months, three experiments.
    pub fn sample() -> Self {
        let world = Self::empty();
        for file in streamflow::sample::project() {
            world.write_bytes(&file.path, &file.contents);
        }
        world
    }

    /// Two tables of 60 customers, two months, one experiment named `small`.
    pub fn small() -> Self {
        let world = Self::empty();
        for (path, text) in small_files() {
            world.write(&path, &text);
        }
        world
    }

    /// Sets a variable of the environment for every later command.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_string(), value.to_string());
        self
    }

    /// The number of threads of every later command.
    #[must_use]
    pub fn with_threads(self, count: usize) -> Self {
        self.with("RAYON_NUM_THREADS", &count.to_string())
    }

    /// The folder of the project.
    pub fn project(&self) -> &Path {
        &self.project
    }

    /// The folder around the project.
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(folder)
            .stdin(Stdio::null());
        command
    }

    /// Runs the program in the project.
    #[must_use = "what a command says must be looked at"]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_in(&self.project, arguments)
    }

    /// Runs the program in another folder.
    #[must_use = "what a command says must be looked at"]
    pub fn run_in(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_streamflow"), folder);
        let output = command.args(arguments).output().unwrap();
        Output::new(&output, self.folder.path())
    }

    /// Starts the program in the project and does not wait for it.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_streamflow"), &self.project);
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The end of a program that was started.
    #[must_use = "what a command says must be looked at"]
    pub fn wait(&self, child: Child) -> Output {
        Output::new(&child.wait_with_output().unwrap(), self.folder.path())
    }

    /// Runs git in the project; it must succeed. Gives what it prints.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self
            .command("git", &self.project)
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {text}{errors}");
        text
    }

    /// Runs git in the project; whether it succeeded.
    pub fn try_git(&self, arguments: &[&str]) -> bool {
        let mut command = self.command("git", &self.project);
        let output = command.args(arguments).output().unwrap();
        output.status.success()
    }

    /// Commits everything, into a new repository where there is none.
    pub fn commit(&self, message: &str) -> String {
        if !self.project.join(".git").exists() {
            self.git(&["init", "--quiet", "--initial-branch=main"]);
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_string()
    }

    /// A fresh clone of the project in another world.
    pub fn cloned(&self) -> Self {
        let other = Self::empty();
        fs::remove_dir(&other.project).unwrap();
        let from = self.project.to_str().unwrap();
        let output = other
            .command("git", other.folder.path())
            .args(["clone", "--quiet", from, "project"])
            .output()
            .unwrap();
        assert!(output.status.success());
        other
    }

    /// Removes the store: what a colleague starts from.
    pub fn forget(&self) {
        fs::remove_dir_all(self.project.join(".streamflow")).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project.join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.project.join(path).exists()
    }

    pub fn write(&self, path: &str, text: &str) {
        self.write_bytes(path, text.as_bytes());
    }

    pub fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.project.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.project.join(path)).unwrap();
    }

    /// Replaces a text that a file must hold, at its first place.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} lacks {old:?}");
        self.write(path, &text.replacen(old, new, 1));
    }

    /// Rewrites the cell of a CSV file in the row whose first cell is `key`.
    pub fn edit_cell(&self, path: &str, key: &str, column: &str, value: &str) {
        let text = self.read(path);
        let mut lines: Vec<String> = text.lines().map(ToString::to_string).collect();
        let at = lines[0]
            .split(',')
            .position(|name| name == column)
            .unwrap_or_else(|| panic!("{path} lacks column {column}"));
        let line = lines
            .iter_mut()
            .find(|line| line.split(',').next() == Some(key))
            .unwrap_or_else(|| panic!("{path} lacks a row {key}"));
        let mut cells: Vec<&str> = line.split(',').collect();
        assert_ne!(cells[at], value, "{path} has that cell already");
        cells[at] = value;
        *line = cells.join(",");
        self.write(path, &(lines.join("\n") + "\n"));
    }

    /// Every file of the project outside the store and git, with its bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.project, &self.project, &mut files);
        files
    }

    /// The JSON document of a run that must succeed.
    pub fn run_one(&self, name: &str) -> serde_json::Value {
        let output = self.run(&["run", name, "--format", "json"]);
        output.assert_code(0).json()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != ".git" && name != ".streamflow" {
                collect(root, &path, files);
            }
        } else {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.insert(relative.to_string(), fs::read(&path).unwrap());
        }
    }
}
