//! One look-up at a million entities: `cargo bench --bench lookup -- [ENTITIES]`.
//!
//! Makes a project of six tables with five features each under string keys, and goes the way of a
//! user: `materialize`, loading what serves, looking entities up. The same values then go into an
//! SQLite file, as online stores of other programs keep them: one table for each of ours, the key
//! its primary key. Figures are of one thread; entities are sought in a scattered order.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use streamflow::definition::AsOf;
use streamflow::online::{self, Key, OnlineView, Recompute};
use streamflow::serve::FeatureAnswer;
use streamflow::workspace::Workspace;

const TABLES: usize = 6;
const LOOKUPS: usize = 200_000;
const DATE: &str = "2024-01-31";

type Any = Box<dyn std::error::Error>;

fn main() -> Result<(), Any> {
    let entities = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    write_project(folder.path(), entities)?;
    let as_of: AsOf = DATE.parse()?;
    let workspace = Workspace::open(Some(folder.path())).map_err(|error| error.to_string())?;

    let made = timed("materialize, from CSV", || {
        online::materialize(&workspace, as_of, Recompute::Missing)
    })?;
    assert_eq!(made.entities as usize, entities);
    timed("materialize again, as before", || {
        online::materialize(&workspace, as_of, Recompute::Missing)
    })?;
    timed("materialize --full", || {
        online::materialize(&workspace, as_of, Recompute::All)
    })?;
    drop(workspace);

    let workspace = Workspace::open(Some(folder.path())).map_err(|error| error.to_string())?;
    let before = resident();
    let newest = online::newest(workspace.store().catalog())
        .map_err(|error| error.to_string())?
        .ok_or("nothing is materialized")?;
    let view = timed("load what serves", || {
        OnlineView::load(workspace.store(), &newest.value)
    })?;
    println!(
        "{:<34} {:>9.0} MiB",
        "memory of what serves",
        (resident() - before) / 1048576.0
    );

    let sought = scattered(entities);
    measure_view(&view, &sought);
    measure_sqlite(folder.path(), &view, entities, &sought)
}

/// Entities in an order that no cache foresees, each a key that is there.
fn scattered(entities: usize) -> Vec<Key> {
    let mut state = 42_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % entities
    };
    (0..LOOKUPS).map(|_| Key::Text(id(next()))).collect()
}

fn measure_view(view: &OnlineView, sought: &[Key]) {
    let column = "user_id".parse().expect("a name");
    let specs: Vec<_> = view.key_columns().cloned().collect();
    assert_eq!(specs, [column]);
    let column = &specs[0];
    per_lookup("look-up, values of 30 features", sought, |key| {
        let found = view.find(column, key).expect("the entity is there");
        let values = view.offered(column, &found);
        assert_eq!(values.len(), TABLES * 5);
        black_box(values);
    });
    per_lookup("look-up, the document of /features", sought, |key| {
        let found = FeatureAnswer::of(view, column, key).expect("the entity is there");
        black_box(serde_json::to_vec(&found).expect("it is JSON"));
    });
    per_lookup("look-up of nobody", sought, |key| {
        let nobody = Key::Text(format!("{key}x"));
        assert!(view.find(column, &nobody).is_none());
    });
}

/// One primary key of text and five columns for each table; prepared statements, the file in the
/// page cache, no journal.
fn measure_sqlite(
    folder: &Path,
    view: &OnlineView,
    entities: usize,
    sought: &[Key],
) -> Result<(), Any> {
    let connection = rusqlite::Connection::open(folder.join("peer.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA mmap_size = 4294967296; BEGIN",
    )?;
    let started = Instant::now();
    let column = "user_id".parse()?;
    for table in 0..TABLES {
        connection.execute_batch(&format!(
            "CREATE TABLE t{table} (id TEXT PRIMARY KEY, a REAL, b REAL, c INTEGER, d TEXT, e REAL) WITHOUT ROWID"
        ))?;
        let mut insert = connection.prepare(&format!(
            "INSERT INTO t{table} VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        ))?;
        for entity in 0..entities {
            let (a, b, c, d) = row(table, entity);
            insert.execute(rusqlite::params![id(entity), a, b, c, d, a + b])?;
        }
    }
    connection.execute_batch("COMMIT")?;
    println!(
        "{:<34} {:>9.1} s",
        "SQLite, filling",
        started.elapsed().as_secs_f64()
    );
    let mut selects = Vec::new();
    for table in 0..TABLES {
        selects.push(
            connection.prepare(&format!("SELECT a, b, c, d, e FROM t{table} WHERE id = ?1"))?,
        );
    }
    let first = &sought[0];
    let found = view.find(&column, first).ok_or("the entity is there")?;
    let own = view.offered(&column, &found)[0].1;
    let theirs: f64 = selects[0].query_row([first.to_string()], |row| row.get(0))?;
    assert_eq!(
        own.cell.to_string(),
        theirs.to_string(),
        "both hold the same"
    );
    per_lookup("SQLite, values of 30 features", sought, |key| {
        let key = key.to_string();
        for select in &mut selects {
            let values = select.query_row([&key], |row| {
                Ok((
                    row.get::<_, f64>(0)?,
                    row.get::<_, f64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, f64>(4)?,
                ))
            });
            black_box(values.expect("the entity is there"));
        }
    });
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> streamflow::error::Result<T>) -> Result<T, Any> {
    let started = Instant::now();
    let done = work().map_err(|error| error.to_string())?;
    println!("{what:<34} {:>9.2} s", started.elapsed().as_secs_f64());
    Ok(done)
}

/// The median and the 99th of a hundred, of each look-up alone.
fn per_lookup(what: &str, sought: &[Key], mut look_up: impl FnMut(&Key)) {
    let mut took: Vec<u128> = Vec::with_capacity(sought.len());
    let all = Instant::now();
    for key in sought {
        let started = Instant::now();
        look_up(key);
        took.push(started.elapsed().as_nanos());
    }
    let mean = all.elapsed().as_secs_f64() / sought.len() as f64 * 1e6;
    took.sort_unstable();
    let at = |part: usize| took[took.len() * part / 1000] as f64 / 1000.0;
    println!(
        "{what:<34} {:>9.2} µs   p99 {:>7.2} µs   p99.9 {:>7.2} µs   mean {mean:.2} µs",
        at(500),
        at(990),
        at(999)
    );
}

/// Bytes of this process that are in memory; Linux tells.
fn resident() -> f64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or(0.0) * 4096.0
}

fn id(entity: usize) -> String {
    format!("{:04}-CUSTOMER-{entity:08}", entity % 9973)
}

/// One entity's values in a table.
fn row(table: usize, entity: usize) -> (f64, f64, i64, &'static str) {
    let number = (entity * 31 + table * 7919) % 100_003;
    let words = ["monthly", "yearly", "two years", "trial"];
    (
        number as f64 / 8.0,
        (number % 997) as f64 / 4.0,
        (number % 77) as i64,
        words[number % words.len()],
    )
}

fn write_project(root: &Path, entities: usize) -> Result<(), Any> {
    fs::create_dir_all(root.join("features"))?;
    fs::create_dir_all(root.join(format!("data/{DATE}")))?;
    let project = "[project]\nname = \"lookup\"\n[entities.user]\nkey = \"user_id\"\n";
    fs::write(root.join("streamflow.toml"), project)?;
    for table in 0..TABLES {
        let definition = format!(
            "entity = \"user\"\n[source]\npath = \"data/{{as_of}}/t{table}.csv\"\n[columns]\nuser_id = \"string\"\na = \"f64\"\nb = \"f64\"\nc = \"i64\"\nd = \"string\"\n[features]\ncolumns = [\"a\", \"b\", \"c\", \"d\"]\n[features.derived]\ne = \"a + b\"\n"
        );
        fs::write(root.join(format!("features/t{table}.toml")), definition)?;
        let mut text = String::from("user_id,a,b,c,d\n");
        for entity in 0..entities {
            let (a, b, c, d) = row(table, entity);
            writeln!(text, "{},{a},{b},{c},{d}", id(entity))?;
        }
        fs::write(root.join(format!("data/{DATE}/t{table}.csv")), text)?;
    }
    Ok(())
}
