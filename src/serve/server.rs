//! Accepting, bounding and ending connections.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::access::Access;
use super::budget::Budget;
use super::doors;
use super::http::{Incoming, Patience, Reply, Request, Unread};
use super::journal::PredictionLog;
use super::log::{Log, LogFormat, Served};
use super::problem::Problem;
use super::request_id::{RequestId, RequestIds};
use super::route;
use super::shadow::{Queue, Shadowing};
use super::state::State;
use super::telemetry::Telemetry;
use super::trust::Trust;
use super::watch::Watcher;
use crate::definition::Age;
use crate::error::{Error, Kind, Result};
use crate::host::{self, Stopwatch};
use crate::live::DailyLog;
use crate::workspace::Workspace;

/// Connections at a time; each has a thread.
const MAX_CONNECTIONS: usize = 2048;
/// Open files that are left to the store, the pins and the log.
const OTHER_FILES: usize = 32;
/// Connections at a time where the system allows hardly any open file.
const LEAST_CONNECTIONS: usize = 8;
/// A thread of a connection handles one request at a time and recurses nowhere.
const STACK: usize = 1024 * 1024;
/// Seconds an idle connection is kept, and when there are many of them.
const IDLE_SECONDS: f64 = 60.0;
const CROWDED_IDLE_SECONDS: f64 = 1.0;
/// Seconds that the head and the body of a request may take, and when the server stops.
const PART_SECONDS: f64 = 10.0;
const LAST_PART_SECONDS: f64 = 2.0;
/// Seconds that requests in flight have when the server stops.
const STOP_SECONDS: f64 = 9.0;
/// Seconds after which the process has ended, whatever the disk does.
const LAST_SECONDS: f64 = 9.8;

/// What was decided at start.
#[derive(Debug)]
pub struct Settings {
    pub access: Access,
    /// Values older than this by the clock are not served.
    pub max_age: Option<Age>,
}

/// What all threads share.
pub struct App {
    pub settings: Settings,
    pub telemetry: Telemetry,
    pub budget: Arc<Budget>,
    /// What clients are told, where it is logged.
    pub predictions: Option<PredictionLog>,
    /// Where answers are left to be compared, where they are.
    shadow: Option<Arc<Queue>>,
    state: RwLock<Arc<State>>,
    stopping: AtomicBool,
    /// Whether idle connections should make room.
    crowded: AtomicBool,
    connections: AtomicUsize,
    /// Connections at a time.
    most: usize,
    ids: RequestIds,
    log: Log,
}

impl App {
    /// The state as it is now; whoever holds it ends with it.
    pub fn state(&self) -> Arc<State> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state)
    }

    pub fn replace(&self, next: State) {
        let next = Arc::new(next.counted_by(&self.telemetry, self.shadow.as_ref()));
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *state, next);
        drop(state);
        // Freed here, after the pointer is free again.
        drop(before);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// What happened, to standard error.
    pub fn log(&self, words: &str) {
        self.log.event(words);
    }

    /// Tells the log of a reply, once it is written: nobody waits for that.
    fn tell(
        &self,
        incoming: &Incoming,
        id: &RequestId<'_>,
        request: Option<&Request>,
        reply: &Reply,
        seconds: f64,
    ) {
        self.log.request(&Served {
            id,
            // A question to the system that text does not need.
            peer: match self.log.format {
                LogFormat::Json => incoming.peer(),
                LogFormat::Text => None,
            },
            request,
            reply,
            seconds,
        });
    }

    /// The reply to a request. A bug in what answers is a 500, not the end of anything.
    fn reply(&self, request: &Request, id: &RequestId<'_>) -> Reply {
        let done = catch_unwind(AssertUnwindSafe(|| route::reply(self, request, id)));
        done.unwrap_or_else(|_| {
            let cause = "a request met a bug; a line above says where";
            let reply = Problem::new(500, "The request met a bug; see the log.").to_reply();
            reply.with_cause(Some(cause.into()))
        })
    }
}

impl Patience for App {
    fn may_wait(&self, idle_seconds: f64) -> bool {
        let limit = match self.crowded.load(Ordering::Relaxed) {
            true => CROWDED_IDLE_SECONDS,
            false => IDLE_SECONDS,
        };
        !self.is_stopping() && idle_seconds < limit
    }

    fn part_seconds(&self) -> f64 {
        if self.is_stopping() {
            LAST_PART_SECONDS
        } else {
            PART_SECONDS
        }
    }
}

/// Listens on `HOST:PORT`.
///
/// # Errors
/// [`Kind::Usage`] for an address that `access` does not go with; [`Kind::Failure`] for one that is
/// none, or that cannot be had.
pub fn bind(address: &str, access: &Access) -> Result<TcpListener> {
    let cannot = |error: std::io::Error| {
        let in_use = error.kind() == std::io::ErrorKind::AddrInUse;
        let error =
            Error::new(Kind::Failure, format!("cannot listen on {address}")).caused_by(error);
        if in_use {
            error.help("another program has the port: stop it, or choose one with `--address 127.0.0.1:PORT`")
        } else {
            error
                .help("an address is HOST:PORT with a host of this machine, such as 127.0.0.1:8000")
        }
    };
    let found: Vec<SocketAddr> = address.to_socket_addrs().map_err(cannot)?.collect();
    access.check(address, &found)?;
    TcpListener::bind(&found[..]).map_err(cannot)
}

/// Serves until the process is told to stop, and gives the number of requests it answered.
///
/// `ready` is told the state it starts with, once a signal stops it gracefully.
pub fn run(
    listener: TcpListener,
    workspace: Workspace,
    access: Access,
    trust: Trust,
    log: Log,
    ready: impl FnOnce(&State),
) -> Result<u64> {
    let failed = |error| Error::failure("the server cannot be started").caused_by(error);
    let address = listener.local_addr().map_err(failed)?;
    let max_age = workspace.definitions().project.serve.max_age;
    // What a bug says of itself may quote a request. Before the first table is read: what reads tables
    // wraps this hook, and keeps damaged ones from it.
    std::panic::set_hook(Box::new(move |bug| {
        log.event(&format!("error: a bug: {bug}"));
    }));
    trust.refuse_pinned(&workspace)?;
    let predictions = prediction_log(&workspace, log)?;
    let shadow = shadowing(&workspace, log)?;
    let mut watcher = Watcher::new(workspace, trust);
    let state = watcher.first();
    let telemetry = Telemetry::default();
    let queue = shadow.as_ref().map(|shadow| Arc::clone(&shadow.queue));
    let state = state.counted_by(&telemetry, queue.as_ref());
    let app = Arc::new(App {
        settings: Settings { access, max_age },
        telemetry,
        budget: Arc::default(),
        predictions,
        shadow: queue,
        state: RwLock::new(Arc::new(state)),
        stopping: AtomicBool::new(false),
        crowded: AtomicBool::new(false),
        connections: AtomicUsize::new(0),
        most: most_connections(),
        ids: RequestIds::new(),
        log,
    });
    stop_on_signal(&app, address).map_err(failed)?;
    ready(&app.state());
    let watched = Arc::clone(&app);
    let watcher = thread::Builder::new()
        .name("watcher".into())
        .spawn(move || watcher.watch(&watched))
        .map_err(failed)?;
    let shadow = shadow.map(|shadow| shadow.start(&app));
    let shadow = shadow.transpose().map_err(failed)?;
    accept(&app, &listener);
    accept_rest(&app, &listener);
    // From here on the system refuses whoever comes.
    drop(listener);
    let watch = Stopwatch::start();
    // The watcher looks at the flag several times a second, but for when it is loading.
    let compares = || shadow.as_ref().is_some_and(|thread| !thread.is_finished());
    let goes_on = || app.connections() > 0 || !watcher.is_finished() || compares();
    while goes_on() && watch.seconds() < STOP_SECONDS {
        thread::sleep(Duration::from_millis(10));
    }
    if let Some(predictions) = &app.predictions
        && !predictions.close(LAST_SECONDS - watch.seconds())
    {
        app.log("error: the last predictions are not logged: the disk did not take them in time");
    }
    Ok(app.telemetry.answered())
}

/// What clients are told, where the project has it logged.
fn prediction_log(workspace: &Workspace, log: Log) -> Result<Option<PredictionLog>> {
    let wanted = workspace.definitions().project.serve.log_predictions;
    let start = || DailyLog::start(workspace.store().path(), move |words| log.event(words));
    wanted.then(start).transpose()
}

/// What answers are compared by, where the project wants a shadow.
fn shadowing(workspace: &Workspace, log: Log) -> Result<Option<Shadowing>> {
    let wanted = workspace.definitions().project.serve.shadow;
    let new = || Shadowing::new(workspace.store().path(), log);
    wanted.then(new).transpose()
}

/// How many connections the limit of open files allows, which is raised as far as it may be.
fn most_connections() -> usize {
    let files = host::allow_open_files(MAX_CONNECTIONS + OTHER_FILES);
    let left = files.saturating_sub(OTHER_FILES);
    left.clamp(LEAST_CONNECTIONS, MAX_CONNECTIONS)
}

/// The first SIGINT or SIGTERM stops gracefully, the second at once.
fn stop_on_signal(app: &Arc<App>, address: SocketAddr) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let app = Arc::clone(app);
    let builder = thread::Builder::new().name("signals".into());
    builder.spawn(move || {
        for signal in signals.forever() {
            if app.stopping.swap(true, Ordering::Relaxed) {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            // The accepting thread waits for a connection: give it one.
            let _ = TcpStream::connect_timeout(&reachable(address), Duration::from_secs(1));
        }
    })?;
    Ok(())
}

/// An address that a listener on `address` can be reached at from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

/// Hands each connection to a thread of its own.
///
/// When none can be accepted (no file descriptor is left, for one) idle ones are asked to make room.
fn accept(app: &Arc<App>, listener: &TcpListener) {
    while !app.is_stopping() {
        match listener.accept() {
            Ok((stream, _)) => take(app, stream),
            Err(_) => {
                app.crowded.store(true, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Takes what the system accepted before the server was told to stop: it may bring a request.
fn accept_rest(app: &Arc<App>, listener: &TcpListener) {
    if listener.set_nonblocking(true).is_err() {
        return;
    }
    while let Ok((stream, _)) = listener.accept() {
        // Some systems hand the listener's mode on.
        if stream.set_nonblocking(false).is_ok() {
            take(app, stream);
        }
    }
}

fn take(app: &Arc<App>, stream: TcpStream) {
    let connections = app.connections();
    let crowded = connections > app.most / 4 * 3;
    app.crowded.store(crowded, Ordering::Relaxed);
    if connections < app.most {
        start_connection(app, stream);
    } else {
        app.telemetry.count_refused_connection();
        refuse(&app.ids.make(), stream);
    }
}

fn start_connection(app: &Arc<App>, stream: TcpStream) {
    let open = OpenConnection::new(app);
    let builder = thread::Builder::new().stack_size(STACK);
    // Without a thread the connection is dropped, as it would be without a file descriptor.
    let _ = builder.spawn(move || {
        if let Ok(incoming) = Incoming::new(stream) {
            serve_connection(&open.app, incoming);
        }
    });
}

/// Counts a connection for as long as it lives.
struct OpenConnection {
    app: Arc<App>,
}

impl OpenConnection {
    fn new(app: &Arc<App>) -> Self {
        app.connections.fetch_add(1, Ordering::Relaxed);
        Self {
            app: Arc::clone(app),
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.app.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve_connection(app: &App, mut incoming: Incoming) {
    loop {
        match incoming.next(app) {
            Err(Unread::Closed) => return,
            Err(Unread::Refused(problem)) => {
                app.telemetry
                    .count(route::NO_ROUTE, "other", problem.status, 0.0);
                let path = incoming.refused_path().unwrap_or_default();
                let (id, reply) = (app.ids.make(), doors::refusal(path, &problem));
                incoming.write(&reply.to_bytes(&id, false, false), app);
                app.tell(&incoming, &id, None, &reply, 0.0);
                return incoming.end();
            }
            Ok(request) => {
                let watch = Stopwatch::start();
                let id = app.ids.of(request.head.header("x-request-id"));
                let reply = app.reply(&request, &id);
                let keep_alive = request.head.keeps_alive() && !app.is_stopping();
                let bytes = reply.to_bytes(&id, request.head.method == "HEAD", keep_alive);
                let (path, method) = (&request.head.path, &request.head.method);
                let seconds = watch.seconds();
                app.telemetry
                    .count(route::template(path), method, reply.status, seconds);
                let written = incoming.write(&bytes, app);
                app.tell(&incoming, &id, Some(&request), &reply, seconds);
                if !written {
                    return;
                }
                if !keep_alive {
                    return incoming.end();
                }
            }
        }
    }
}

/// Tells a client that there are too many, without waiting for it.
fn refuse(id: &RequestId<'_>, mut stream: TcpStream) {
    let reply = Problem::busy("There are too many connections; try again.").to_reply();
    if stream.set_nonblocking(true).is_ok() {
        // What lies unread when a connection is closed takes the reply with it.
        let _ = stream.read(&mut [0; 4096]);
        // A client whose buffer is full on its first byte is not worth waiting for.
        let _ = stream.write_all(&reply.to_bytes(id, false, false));
    }
}
