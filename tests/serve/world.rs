//! A project of its own for each test, and a server on it.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use streamflow::definition::Stage;
use streamflow::hash::{Digest, RunId, TransitionHash};
use streamflow::lockfile::{Pin, PinFile};

const BINARY: &str = env!("CARGO_BIN_EXE_streamflow");
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Refuses to fill anything in, and looks at a table whose values expire.
const STRICT: &str = r#"
description = "Nothing is filled in"
registers   = "streamflow_churn"
as_of       = 2024-01-31
[label]
table  = "labels"
column = "churn_label"
[dataset]
features = ["subscriptions.monthly_fee", "payments_agg_90d.failed_payments_90d"]
[preprocess]
missing_numeric     = "error"
missing_categorical = "error"
[model]
kind = "logistic_regression"
"#;

/// Fills everything in.
const LENIENT: &str = r#"
description = "Medians where there is nothing"
registers   = "streamflow_churn"
as_of       = 2024-01-31
[label]
table  = "labels"
column = "churn_label"
[dataset]
features = ["subscriptions.*", "support_agg_90d.*"]
[preprocess]
missing_numeric     = "median"
missing_categorical = "category"
[model]
kind = "logistic_regression"
"#;

/// A project with both runs executed. Copied for each test.
pub struct Template {
    folder: tempfile::TempDir,
    pub strict: RunId,
    pub lenient: RunId,
}

pub fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for file in streamflow::sample::project() {
            if file.path.starts_with("experiments/") {
                continue;
            }
            write(&folder.path().join(&file.path), &file.contents);
        }
        write(&folder.path().join("experiments/strict.toml"), STRICT);
        write(&folder.path().join("experiments/lenient.toml"), LENIENT);
        // One customer of the strict run lacks the value it needs: no row in one table.
        without_payments(folder.path());
        let run = |name: &str| {
            let (code, document) = streamflow(folder.path(), &["run", name]);
            assert_eq!(code, 0, "{document:#}");
            document["run"].as_str().unwrap().parse().unwrap()
        };
        let (strict, lenient) = (run("strict"), run("lenient"));
        Template {
            folder,
            strict,
            lenient,
        }
    })
}

/// A customer without a row of payments, and without a label so that no run learns from it.
pub const NO_PAYMENTS: &str = "NO-PAYMENTS";

fn without_payments(folder: &Path) {
    for date in ["2024-01-31", "2024-03-31"] {
        let path = folder.join(format!("data/{date}/users.csv"));
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str(&format!(
            "{NO_PAYMENTS},2022-01-01,Male,False,False,False\n"
        ));
        fs::write(&path, text).unwrap();
    }
    // Every labelled customer must have a row, or the strict run would be refused.
    for table in ["payments_agg_90d", "subscriptions"] {
        let keys = |text: &str| -> Vec<String> {
            let ids = text.lines().skip(1).map(|line| line.split(',').next());
            ids.map(|id| id.unwrap().to_string()).collect()
        };
        let path = folder.join(format!("data/2024-01-31/{table}.csv"));
        let known = keys(&fs::read_to_string(&path).unwrap());
        let labels = folder.join("data/2024-01-31/labels.csv");
        let text = fs::read_to_string(&labels).unwrap();
        let kept = text.lines().enumerate().filter(|(at, line)| {
            *at == 0
                || known
                    .iter()
                    .any(|id| Some(id.as_str()) == line.split(',').next())
        });
        let kept: Vec<&str> = kept.map(|(_, line)| line).collect();
        fs::write(&labels, kept.join("\n") + "\n").unwrap();
    }
}

fn write(path: &Path, contents: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

pub fn streamflow(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(BINARY)
        .args(["--format", "json", "-C"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&text).unwrap_or(Value::Null);
    (output.status.code().unwrap(), document)
}

/// A project of its own for one test.
pub struct World {
    _folder: tempfile::TempDir,
    pub root: PathBuf,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        copy(template().folder.path(), &root);
        Self {
            _folder: folder,
            root,
        }
    }

    /// Another project: paths and what stands in them.
    pub fn of(files: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        for (path, text) in files {
            write(&root.join(path), text);
        }
        Self {
            _folder: folder,
            root,
        }
    }

    /// With a pin and values.
    pub fn ready(run: RunId, as_of: &str) -> Self {
        let world = Self::new();
        world.pin(run);
        world.materialize(as_of);
        world
    }

    pub fn run(&self, arguments: &[&str]) -> (i32, Value) {
        streamflow(&self.root, arguments)
    }

    pub fn materialize(&self, as_of: &str) {
        let (code, document) = self.run(&["materialize", "--as-of", as_of]);
        assert_eq!(code, 0, "{document:#}");
    }

    pub fn pin(&self, run: RunId) {
        self.pin_to(&[(Stage::Production, run)]);
    }

    /// As `promote` writes it: the file is replaced whole.
    pub fn pin_to(&self, runs: &[(Stage, RunId)]) {
        self.pin_model("streamflow_churn", runs);
    }

    /// The same of another model.
    pub fn pin_model(&self, model: &str, runs: &[(Stage, RunId)]) {
        let mut pins = PinFile::empty(model.parse().unwrap());
        for (stage, run) in runs {
            let pin = Pin::plain(*run, 1, TransitionHash::from_bytes([7; 32]));
            pins.pins.insert(*stage, pin);
        }
        let path = self.root.join(format!("lockfiles/{model}.pin"));
        let beside = path.with_extension("new");
        fs::write(&beside, pins.render()).unwrap();
        fs::rename(beside, path).unwrap();
    }

    /// Adds lines to `[serve]`.
    pub fn declare(&self, lines: &str) {
        let path = self.root.join("streamflow.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text = match text.contains("[serve]\n") {
            true => text.replace("[serve]\n", &format!("[serve]\n{lines}\n")),
            false => format!("{text}[serve]\n{lines}\n"),
        };
        fs::write(path, text).unwrap();
    }

    pub fn ids(&self, date: &str) -> Vec<String> {
        let text = fs::read_to_string(self.root.join(format!("data/{date}/subscriptions.csv")));
        let ids: Vec<String> = text
            .unwrap()
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap().to_string())
            .collect();
        ids
    }

    /// A customer of January who has no row in March: what expires has expired.
    pub fn departed(&self) -> String {
        let now = self.ids("2024-03-31");
        let mut before = self.ids("2024-01-31").into_iter();
        before.find(|id| !now.contains(id)).unwrap()
    }

    pub fn serve(&self) -> Server {
        self.serve_with(&["--address", "127.0.0.1:0"])
    }

    pub fn serve_with(&self, arguments: &[&str]) -> Server {
        self.started(Command::new(BINARY), arguments)
    }

    /// As where the system allows no more open files.
    pub fn serve_with_files(&self, files: usize) -> Server {
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!("ulimit -n {files}; exec \"$0\" \"$@\""),
            BINARY,
        ]);
        self.started(shell, &["--address", "127.0.0.1:0"])
    }

    fn started(&self, mut command: Command, arguments: &[&str]) -> Server {
        let mut child = command
            .arg("serve")
            .args(arguments)
            .args(["--color", "never", "-C"])
            .arg(&self.root)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.rsplit("http://").next().unwrap();
        // In JSON the text ends or goes on there.
        let address = address.split(['"', ';']).next().unwrap().to_string();
        let log = Arc::new(Mutex::new(vec![first]));
        let told = Arc::clone(&log);
        // Read on, so that the server never waits for a full pipe.
        std::thread::spawn(move || {
            for line in lines {
                told.lock().unwrap().push(line.unwrap());
            }
        });
        Server {
            child,
            address,
            log,
        }
    }
}

pub struct Server {
    pub child: Child,
    pub address: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Asserts a problem of that status and type, and gives it.
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }
}

impl Server {
    /// Lines on standard error so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line with this text.
    pub fn wait_for_log(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let found = self.log().into_iter().find(|line| line.contains(text));
            if let Some(line) = found {
                return line;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no {text:?} in {:#?}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes, and reads until the server closes.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may refuse and close before it has seen all.
        let _ = stream.write_all(bytes);
        Self::read(&mut stream)
    }

    /// Reads until the server closes. What it sent before it gave a connection up counts.
    pub fn read(stream: &mut TcpStream) -> Answer {
        let mut reply = Vec::new();
        if let Err(error) = stream.read_to_end(&mut reply) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        let text = String::from_utf8(reply).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .map_or(0, |word| word.parse().unwrap());
        Answer {
            status,
            head: head.to_string(),
            body: body.to_string(),
        }
    }

    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        self.raw(
            format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        )
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", "")
    }

    pub fn predict(&self, body: &Value) -> Answer {
        let headers = "Content-Type: application/json\r\n";
        self.request("POST", "/predict", headers, &body.to_string())
    }

    /// Asks until a condition holds.
    pub fn wait_for(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let answer = self.get(path).json();
            if holds(&answer) {
                return answer;
            }
            assert!(start.elapsed() < PATIENCE, "{answer:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}
