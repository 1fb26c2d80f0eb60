//! Tables from a database, as far as no server is needed; with one, tests/peers/postgres.py goes on.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::common::{FEBRUARY, JANUARY, World};

const TABLE: &str = "features/usage.toml";
const VARIABLE: &str = "STREAMFLOW_POSTGRES";

/// The small project, whose usage comes from a query.
fn asking(query: &str) -> World {
    let world = World::small();
    let text = world.read(TABLE);
    let path = text
        .lines()
        .find(|line| line.starts_with("path"))
        .unwrap_or_else(|| panic!("{TABLE} has no path"))
        .to_string();
    let source = format!("postgres = {{ url_env = \"{VARIABLE}\", query = \"{query}\" }}");
    world.edit(TABLE, &path, &source);
    world
}

const QUERY: &str = "SELECT * FROM usage WHERE day = {as_of}";

#[test]
fn a_source_is_a_file_or_a_query() {
    let world = asking(QUERY);
    world.run(&["check"]).assert_code(0);
    world.edit(
        TABLE,
        "[source]",
        "[source]\npath = \"a.csv\"\nnull = [\"NA\"]",
    );
    let screen = world.run(&["check"]).assert_code(2).screen();
    insta::assert_snapshot!(screen, @r#"
    exit 2
    --- stderr
    error: `path` beside `postgres`
      ╭▸ features/usage.toml:5:8
      │
    5 │ path = "a.csv"
      ╰╴       ━━━━━━━ rows come from a file or from a query: take one of the two away

    error: `null` goes with CSV only
      ╭▸ features/usage.toml:6:8
      │
    6 │ null = ["NA"]
      ╰╴       ━━━━━━ a database says for itself what its columns hold

    2 errors in 1 of 4 files
    "#);
}

#[test]
fn a_placeholder_is_no_text_and_a_url_no_name() {
    let world = asking("SELECT * FROM usage WHERE day = '{as_of}' AND a = {day}");
    let screen = world.run(&["check"]).assert_code(2).screen();
    insta::assert_snapshot!(screen, @r#"
    exit 2
    --- stderr
    error: invalid value for `query`
      ╭▸ features/usage.toml:5:88
      │
    5 │ …E day = '{as_of}' AND a = {day}" }
      ╰╴         ━━━━━━━━━ `{as_of}` is a DATE already: no quotation marks

    1 error in 1 of 4 files
    "#);
    let world = asking(QUERY);
    world.edit(TABLE, VARIABLE, "postgres://example/x");
    let screen = world.run(&["check"]).assert_code(2).screen();
    insta::assert_snapshot!(screen, @r#"
    exit 2
    --- stderr
    error: invalid value for `url_env`
      ╭▸ features/usage.toml:5:24
      │
    5 │ …stgres = { url_env = "postgres://example/x", query = "SELECT * FROM usage …
      ╰╴                      ━━━━━━━━━━━━━━━━━━━━━━ name the variable: the URL stands in no file

    1 error in 1 of 4 files
    "#);
}

#[test]
fn what_is_missing_from_a_query() {
    let world = asking(QUERY);
    world.edit(TABLE, "url_env", "url");
    let screen = world.run(&["check"]).assert_code(2).screen();
    insta::assert_snapshot!(screen, @r#"
    exit 2
    --- stderr
    error: unknown key `url`
      ╭▸ features/usage.toml:5:14
      │
    5 │ postgres = { url = "STREAMFLOW_POSTGRES", query = "SELECT * FROM usage WHER…
      ╰╴             ━━━ did you mean `url_env`?

    1 error in 1 of 4 files
    "#);
}

#[test]
fn a_variable_that_is_not_set() {
    let world = asking(QUERY);
    let screen = world
        .run(&["ingest", "--as-of", JANUARY])
        .assert_code(5)
        .screen();
    insta::assert_snapshot!(screen, @r#"
    exit 5
    --- stderr
    error: the environment variable STREAMFLOW_POSTGRES is not set
      it holds the URL of the database; no file of the project does
    help: `export STREAMFLOW_POSTGRES='postgres://USER:PASSWORD@HOST:5432/DATABASE'`
    "#);
    let document = world
        .run(&["run", "--format", "json"])
        .assert_code(5)
        .json();
    assert_eq!(document["runs"][0]["error"]["code"], "missing_input");
}

#[test]
fn a_query_without_a_date_is_asked_by_an_ingest_alone() {
    let world = asking("SELECT * FROM usage");
    let screen = world.run(&["run", "small"]).assert_code(5).screen();
    insta::assert_snapshot!(screen, @r#"
    exit 5
    --- stderr
    error: usage was never read for 2024-01-31
      query    postgres:usage#<short>
      on file  no date at all
    help: its query has no {as_of}: `streamflow ingest --as-of 2024-01-31` keeps
          what it gives now
    "#);
}

/// A port where nobody listens, and one where somebody does who is no PostgreSQL.
#[test]
fn what_answers_must_be_a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = |more: &str| format!("postgres://alice:hunter2@127.0.0.1:{port}/sales{more}");
    let server = thread::spawn(move || {
        let answers: [&[u8]; 3] = [
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            // An error as servers before version 3 of the protocol send it.
            b"EFATAL: unsupported\0",
            // Asks for a proof that only Kerberos has.
            b"R\0\0\0\x08\0\0\0\x07",
        ];
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].windows(5).any(|part| part == b"alice"));
            assert!(!request[..read].windows(7).any(|part| part == b"hunter2"));
            stream.write_all(answer).unwrap();
        }
    });
    let mut screens = Vec::new();
    for _ in 0..3 {
        let world = asking(QUERY).with(VARIABLE, &url(""));
        let output = world.run(&["ingest", "--as-of", JANUARY]).assert_code(5);
        screens.push(output.screen());
    }
    server.join().unwrap();
    let world = asking(QUERY).with(VARIABLE, &url("?connect_timeout=5"));
    let refused = world.run(&["ingest", "--as-of", JANUARY]).assert_code(5);
    screens.push(refused.screen());
    for screen in &screens {
        for secret in ["alice", "hunter2", "127.0.0.1", "sales"] {
            assert!(!screen.contains(secret), "{screen}");
        }
    }
    insta::assert_snapshot!(screens[0], @r#"
    exit 5
    --- stderr
    error: the database cannot be reached (STREAMFLOW_POSTGRES)
      the server closed the connection
    help: `psql "$STREAMFLOW_POSTGRES" -c 'SELECT 1'` tries the same
    "#);
    insta::assert_snapshot!(screens[3], @r#"
    exit 5
    --- stderr
    error: the database cannot be reached (STREAMFLOW_POSTGRES)
      Connection refused (os error 111)
    help: `psql "$STREAMFLOW_POSTGRES" -c 'SELECT 1'` tries the same
    "#);
}

/// A server that lets one in and then says nothing is not waited for without end while one logs in.
#[test]
fn a_server_that_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgres://alice:x@127.0.0.1:{port}/?connect_timeout=1");
    let world = asking(QUERY).with(VARIABLE, &url);
    let output = world.run(&["ingest", "--as-of", FEBRUARY]).assert_code(5);
    let screen = output.screen();
    assert!(screen.contains("does not answer in time"), "{screen}");
    drop(listener);
}

#[test]
fn an_export_has_a_destination_or_a_run() {
    let world = World::small().with(VARIABLE, "postgres://a@127.0.0.1:1/x");
    for arguments in [
        &["export"][..],
        &["export", "small", "--to", "postgres"],
        &["export", "--to", "postgres", "-o", "file"],
        &["export", "--schema", "x"],
        &["export", "--to", "mysql"],
        &["export", "--to", "postgres", "--format", "slsa"],
        &["export", "--to", "postgres", "--as-of", "yesterday"],
    ] {
        let output = world.run(arguments);
        output.assert_code(2);
    }
    let screen = world
        .run(&["export", "--to", "postgres"])
        .assert_code(5)
        .screen();
    insta::assert_snapshot!(screen, @r#"
    exit 5
    --- stderr
    error: there is no snapshot to export
    help: `streamflow ingest --as-of DATE` stamps one
    "#);
}
