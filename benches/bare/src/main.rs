//! The least an HTTP server of values does: tiny_http, one look-up in SQLite, and the text as it was found.
//!
//! `benches/serving.py` starts it beside `streamflow serve`. `bare DATABASE` serves `POST /` with an id as
//! its body from the table `value (id TEXT PRIMARY KEY, text TEXT)`, with four threads for each processor,
//! a connection of its own for each, and prints the address.

use std::sync::Arc;
use std::thread;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tiny_http::{Response, Server};

type Any = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Any> {
    let database = std::env::args().nth(1).ok_or("bare DATABASE")?;
    let server = Arc::new(Server::http("127.0.0.1:0")?);
    println!("{}", server.server_addr());
    let threads = 4 * thread::available_parallelism()?.get();
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let (server, database) = (Arc::clone(&server), database.clone());
            thread::spawn(move || answer(&server, &database))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    Ok(())
}

fn answer(server: &Server, database: &str) -> Result<(), Any> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(database, flags)?;
    let mut query = database.prepare("SELECT text FROM value WHERE id = ?")?;
    loop {
        let mut request = server.recv()?;
        let mut id = String::new();
        request.as_reader().read_to_string(&mut id)?;
        let found: Option<String> = query.query_row([&id], |row| row.get(0)).optional()?;
        let reply = found.map_or_else(
            || Response::from_string("").with_status_code(404),
            Response::from_string,
        );
        // A client that has gone is no failure of ours.
        let _gone = request.respond(reply);
    }
}
