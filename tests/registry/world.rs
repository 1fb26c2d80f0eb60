//! A project in a folder of its own, and what commands leave behind.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const FOREST: &str = "churn_random_forest";
pub const MODEL: &str = "streamflow_churn";
pub const PIN: &str = "lockfiles/streamflow_churn.pin";

/// A project in a folder of its own, with a home, an identity for git and no locks yet.
pub struct World {
    _folder: tempfile::TempDir,
    pub root: PathBuf,
    pub project: PathBuf,
}

/// What a command left behind.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.code, code, "{stdout}\n{stderr}");
        self
    }

    /// Wherever its lines are broken.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        let flat = all.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words:?} is not in\n{all}");
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl World {
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let project = root.join("project");
        Self {
            _folder: folder,
            root,
            project,
        }
    }

    /// The example project with a forest of 20 trees, committed.
    pub fn sample() -> Self {
        let world = Self::empty();
        for file in streamflow::sample::project() {
            if !file.path.starts_with("lockfiles/") {
                let path = world.project.join(&file.path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, &file.contents).unwrap();
            }
        }
        world.edit(FOREST, "trees = 300", "trees = 20");
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.commit("definitions");
        world
    }

    pub fn cloned(&self) -> Self {
        let clone = Self::empty();
        fs::create_dir_all(&clone.project).unwrap();
        clone.git(&["clone", "--quiet", self.project.to_str().unwrap(), "."]);
        clone
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", &self.root)
            .env("STREAMFLOW_USER", "ann")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "ann")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@example.org")))
            .current_dir(&self.project)
            .stdin(Stdio::null());
        command
    }

    #[must_use]
    pub fn run(&self, line: &str) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_streamflow"));
        command.args(line.split(' ')).output().unwrap().into()
    }

    /// As somebody, with arguments that may hold blanks.
    #[must_use]
    pub fn by(&self, user: &str, arguments: &[&str]) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_streamflow"));
        let command = command.env("STREAMFLOW_USER", user).args(arguments);
        command.output().unwrap().into()
    }

    pub fn json(&self, line: &str) -> Value {
        self.run(&format!("{line} --format json")).exits(0).json()
    }

    #[must_use]
    pub fn promote(&self, run: &str, stage: &str) -> Said {
        self.run(&format!("promote {run} --to {stage} --reason because"))
    }

    #[must_use]
    pub fn rollback(&self) -> Said {
        self.run(&format!("rollback {MODEL} --reason worse"))
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    }

    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.project.join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn edit(&self, experiment: &str, old: &str, new: &str) {
        let path = format!("experiments/{experiment}.toml");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines = self.read(&path);
        let edited: Vec<String> = lines
            .lines()
            .map(|line| match words(line).starts_with(old) {
                true => new.to_string(),
                false => line.to_string(),
            })
            .collect();
        assert_ne!(
            lines.lines().collect::<Vec<_>>(),
            edited,
            "{old} is not in {path}"
        );
        fs::write(self.path(&path), edited.join("\n") + "\n").unwrap();
    }

    /// Runs the prior with another threshold, which is another run; gives its hash.
    pub fn prior_run(&self, threshold: &str) -> String {
        self.edit(
            "churn_prior",
            "threshold = ",
            &format!("threshold = {threshold}"),
        );
        let run = self.json("run churn_prior")["run"]
            .as_str()
            .unwrap()
            .to_string();
        self.commit(threshold);
        run
    }

    pub fn production(&self) -> String {
        let table: toml::Table = self.read(PIN).parse().unwrap();
        table["production"]["run"].as_str().unwrap().to_string()
    }

    pub fn transitions(&self) -> Vec<Value> {
        let history = self.json("history");
        history["transitions"].as_array().unwrap().clone()
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
