//! The one reader of the machine: clock, environment variables, processor, user.
//!
//! What is read here explains a result and never decides one. Nothing of it reaches a key or a
//! hash of content.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::hash::{ContentHash, ContentHasher, Digest, EnvironmentHash, ObjectId};

/// How far work that nobody waits for stands back, of at most 19.
#[cfg(target_os = "linux")]
const LOW_PRIORITY: libc::c_int = 10;

/// An instant in UTC with microseconds, as RFC 3339 writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(jiff::Timestamp);

impl Instant {
    /// Microseconds since 1970-01-01T00:00Z.
    pub fn microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// None for an instant beyond the years that can be written.
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(microseconds)
            .ok()
            .map(Self)
    }

    /// This many seconds earlier; the instant itself where there is no such instant.
    #[must_use]
    pub fn before(self, seconds: f64) -> Self {
        let microseconds = (seconds * 1e6).round() as i64;
        let earlier = self.microseconds().saturating_sub(microseconds);
        Self(jiff::Timestamp::from_microsecond(earlier).unwrap_or(self.0))
    }

    /// Parses RFC 3339, or a date, which stands for its last instant.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(date) = text.parse::<jiff::civil::Date>()
            && text.len() == 10
        {
            let end = date.at(23, 59, 59, 999_999_000);
            return jiff::tz::Offset::UTC.to_timestamp(end).ok().map(Self);
        }
        text.parse().ok().map(Self)
    }

    /// `2024-02-29 17:03` in UTC, for screens.
    pub fn to_minute(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `Thu, 29 Feb 2024 17:03:00 GMT`, as HTTP wants it.
    pub fn to_http_date(self) -> String {
        self.0.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The present instant.
pub fn now() -> Instant {
    let now = jiff::Timestamp::now();
    Instant(jiff::Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now))
}

/// Measures how long something takes, by a clock that never goes back.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// How many threads work is spread over.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// Threads of their own, for work that must not depend on how many there are.
pub struct Threads(rayon::ThreadPool);

impl Threads {
    /// # Errors
    /// The machine has no room for that many threads.
    pub fn new(count: usize) -> Result<Self> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .build()
            .map(Self)
            .map_err(|error| {
                Error::failure(format!("{count} threads cannot be started")).caused_by(error)
            })
    }

    /// Does work on these threads; what it spreads over threads is spread over these.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.0.install(work)
    }
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs this program again, in another folder and with other environment variables, and waits for
/// its end. These belong to a whole process, so that only another process can have others.
pub fn run_this_program(
    arguments: &[OsString],
    folder: Option<&Path>,
    variables: &[(&str, String)],
) -> Result<Ended> {
    let cannot = |error| Error::failure("this program cannot be started again").caused_by(error);
    let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
    command.args(arguments).stdin(Stdio::null());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let output = command.output().map_err(cannot)?;
    Ok(Ended {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

/// The same in the present folder, for at most so long; none when that was too short, and it was ended.
pub fn run_this_program_within(
    arguments: &[OsString],
    limit: Option<Duration>,
) -> Result<Option<Ended>> {
    let cannot = |error| Error::failure("this program cannot be started again").caused_by(error);
    let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(cannot)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let stdout = scope.spawn(|| read_all(stdout));
        let stderr = scope.spawn(|| read_all(stderr));
        let status = wait_for(&mut child, limit).map_err(cannot)?;
        let said =
            |thread: std::thread::ScopedJoinHandle<'_, Vec<u8>>| thread.join().unwrap_or_default();
        let (stdout, stderr) = (said(stdout), said(stderr));
        Ok(status.map(|status| Ended {
            code: status.code(),
            stdout,
            stderr,
        }))
    })
}

/// Everything that comes out of a pipe until it is closed.
fn read_all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What a process said before its pipe broke is all there is to know.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

/// Waits for the end of a process; none when it had to be ended after so long.
fn wait_for(child: &mut Child, limit: Option<Duration>) -> std::io::Result<Option<ExitStatus>> {
    let Some(limit) = limit else {
        return child.wait().map(Some);
    };
    let started = std::time::Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// How often a process with a limit is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Does nothing for so long.
pub fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Who runs the program: `STREAMFLOW_USER`, else the login name, else `unknown`.
///
/// [`NOBODY`] where nothing says it.
pub fn user() -> String {
    ["STREAMFLOW_USER", "USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| NOBODY.to_string())
}

/// What [`user`] says where the environment names nobody.
pub const NOBODY: &str = "unknown";

/// The value of an environment variable that a definition names; none when it is not set or no
/// text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What was typed, the program's own name first.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The folder the program was started in.
pub fn current_dir() -> std::io::Result<std::path::PathBuf> {
    std::env::current_dir()
}

/// The facts of the machine and the build that could change arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The version of streamflow.
    pub streamflow: String,
    /// BLAKE3 of the Cargo.lock the program was built with.
    pub dependencies: String,
    pub rustc: String,
    pub target: String,
    /// Name and version of the C library.
    pub c_library: String,
    /// Processor features that change how libraries compute, `+` between them.
    pub cpu: String,
}

/// The Cargo.lock of the build: the versions of every library.
const DEPENDENCY_LOCK: &[u8] = include_bytes!("../Cargo.lock");

impl Environment {
    /// The facts of the running program.
    pub fn here() -> Self {
        Self {
            streamflow: env!("CARGO_PKG_VERSION").to_string(),
            dependencies: ObjectId::of_bytes(DEPENDENCY_LOCK).to_string(),
            rustc: env!("STREAMFLOW_RUSTC").to_string(),
            target: env!("STREAMFLOW_TARGET").to_string(),
            c_library: c_library(),
            cpu: cpu_features(),
        }
    }

    /// Every fact with its name, in the order of locks and screens.
    pub fn facts(&self) -> [(&'static str, &str); 6] {
        [
            ("c_library", &self.c_library),
            ("cpu", &self.cpu),
            ("dependencies", &self.dependencies),
            ("rustc", &self.rustc),
            ("streamflow", &self.streamflow),
            ("target", &self.target),
        ]
    }

    pub fn hash(&self) -> EnvironmentHash {
        EnvironmentHash::of(self)
    }

    /// The facts in which two environments differ: name, here, there.
    pub fn differences<'a>(&'a self, other: &'a Self) -> Vec<(&'static str, &'a str, &'a str)> {
        self.facts()
            .into_iter()
            .zip(other.facts())
            .filter(|((_, a), (_, b))| a != b)
            .map(|((name, a), (_, b))| (name, a, b))
            .collect()
    }
}

impl ContentHash for Environment {
    fn feed(&self, hasher: &mut ContentHasher) {
        for (name, fact) in self.facts() {
            hasher.text(name);
            hasher.text(fact);
        }
    }
}

/// A number that nobody foresees, from the operating system: for names that must not meet.
pub fn random() -> u64 {
    // The standard library asks the system for the keys of its hash maps.
    let keys = std::hash::RandomState::new();
    std::hash::BuildHasher::hash_one(&keys, ())
}

/// How many files this process may have open: as many as are wanted, or as its hard limit allows.
/// The soft limit is for programs that cannot do with many; it is raised where it is less.
#[allow(unsafe_code)]
pub fn allow_open_files(wanted: usize) -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is that of a struct of the right type that outlives the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return wanted;
    }
    let most = libc::rlim_t::try_from(wanted).unwrap_or(libc::RLIM_INFINITY);
    let before = limit.rlim_cur;
    limit.rlim_cur = most.min(limit.rlim_max).max(before);
    // SAFETY: as above; the call only reads the struct.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        limit.rlim_cur = before;
    }
    usize::try_from(limit.rlim_cur.min(most)).unwrap_or(wanted)
}

/// Lets this thread work when others have nothing to do: of a processor that is wanted by both it has
/// a small share. Only Linux knows this of a thread; elsewhere nothing is done.
#[allow(unsafe_code)]
pub fn stand_back() {
    #[cfg(target_os = "linux")]
    // SAFETY: the call takes numbers; 0 is the calling thread.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LOW_PRIORITY) };
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn c_library() -> String {
    // SAFETY: the function takes nothing and returns a static, null-terminated string.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
    format!("glibc {}", version.to_string_lossy())
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn c_library() -> String {
    std::env::consts::OS.to_string()
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> String {
    let mut features = vec!["x86_64"];
    for (name, present) in [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
    ] {
        if present {
            features.push(name);
        }
    }
    features.join("+")
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> String {
    std::env::consts::ARCH.to_string()
}
