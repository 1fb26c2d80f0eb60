//! Queries as frames, all of them in one snapshot of the database.

use std::collections::BTreeMap;

use super::address::Address;
use super::connection::{Connection, Described};
use super::copy::RowSplitter;
use super::login::log_in;
use super::trouble::{Circumstance, Trouble};
use super::types::Encoding;
use crate::definition::{AsOf, Query, Table};
use crate::error::{Error, Kind, Result};
use crate::table::{Frame, Given, GivenColumn, RowReader};

/// A transaction that reads: whatever others write meanwhile, its queries see one state.
pub struct ReadSession {
    address: Address,
    connection: Connection,
}

impl ReadSession {
    /// Begins, at the database that an environment variable names.
    ///
    /// # Errors
    /// Everything that keeps the database from being spoken to.
    pub fn begin(variable: &str) -> Result<Self> {
        let address = Address::of_variable(variable)?;
        let mut connection = log_in(&address)?;
        connection
            .execute(&format!("{BEGIN}; {SETTINGS}"))
            .map_err(|trouble| trouble.while_connecting(&address))?;
        Ok(Self {
            address,
            connection,
        })
    }

    /// The answer to a table's query for a date: the declared columns, in the order of the server.
    ///
    /// # Errors
    /// [`Kind::Definition`] for what is no query of this database, [`Kind::DataRefused`] for
    /// columns other than the declared ones and values they cannot hold, [`Kind::MissingInput`]
    /// when the answer does not come to its end. After any of them the session is over.
    pub fn read(&mut self, table: &Table, query: &Query, as_of: AsOf) -> Result<Frame> {
        let sql = query.at(as_of);
        let described = self.described(table, &sql)?;
        let encodings: Vec<Encoding> = described.iter().map(|(_, encoding)| *encoding).collect();
        let columns: Vec<GivenColumn> = described.into_iter().map(|(column, _)| column).collect();
        let path = table.source.path_at(as_of);
        let mut reader = RowReader::new(&columns, &path, as_of, table)?;
        self.copy(&sql, &encodings, &mut reader, &columns)
            .map_err(|trouble| {
                trouble.into_error(&Circumstance {
                    before: COPY.len(),
                    ..circumstance(&self.address, table, &sql)
                })
            })?;
        reader.finish()
    }

    fn described(&mut self, table: &Table, sql: &str) -> Result<Vec<(GivenColumn, Encoding)>> {
        let described = self.connection.describe(sql);
        let described = described
            .map_err(|trouble| trouble.into_error(&circumstance(&self.address, table, sql)))?;
        let Some(described) = described else {
            return Err(Error::new(
                Kind::Definition,
                format!(
                    "the query of {} is a statement that gives no rows",
                    table.name
                ),
            )
            .help(format!(
                "write a SELECT under [source] in {}",
                table.origin.source.path
            )));
        };
        self.with_types(described)
            .map_err(|trouble| trouble.into_error(&circumstance(&self.address, table, sql)))
    }

    /// Looks up the types that are the database's own.
    fn with_types(
        &mut self,
        described: Vec<Described>,
    ) -> std::result::Result<Vec<(GivenColumn, Encoding)>, Trouble> {
        let unknown: Vec<String> = described
            .iter()
            .filter(|column| Encoding::built_in(column).is_none())
            .map(|column| column.type_id.to_string())
            .collect();
        let mut own = BTreeMap::new();
        if !unknown.is_empty() {
            let rows = self.connection.execute(&format!(
                "SELECT oid, typtype, typname, pg_catalog.format_type(oid, NULL) \
                 FROM pg_catalog.pg_type WHERE oid IN ({})",
                unknown.join(", ")
            ))?;
            for row in rows {
                if let [Some(id), Some(kind), Some(name), Some(shown)] = row.as_slice() {
                    own.insert(id.clone(), (Encoding::own(kind, name), shown.clone()));
                }
            }
        }
        let typed = described.into_iter().map(|column| {
            let (encoding, type_name) = match Encoding::built_in(&column) {
                Some((encoding, name)) => (encoding, name.to_string()),
                None => own
                    .get(&column.type_id.to_string())
                    .cloned()
                    .unwrap_or((Encoding::Other, format!("type {}", column.type_id))),
            };
            let given = GivenColumn {
                name: column.name,
                nature: encoding.nature(),
                type_name,
            };
            (given, encoding)
        });
        Ok(typed.collect())
    }

    fn copy(
        &mut self,
        sql: &str,
        encodings: &[Encoding],
        reader: &mut RowReader<'_>,
        columns: &[GivenColumn],
    ) -> std::result::Result<(), Trouble> {
        let mut splitter = RowSplitter::new(encodings.len());
        let mut scratch = String::new();
        let mut field = |reader: &mut RowReader<'_>, at: usize, bytes: Option<&[u8]>| {
            let given = match bytes {
                None => Given::Null,
                Some(bytes) => encodings[at].decode(bytes, &mut scratch).map_err(|why| {
                    let name = &columns[at].name;
                    Trouble::Protocol(format!("column {name} holds {why}"))
                })?,
            };
            reader.push(at, given);
            Ok(())
        };
        self.connection.copy_out(&copy_statement(sql), |bytes| {
            splitter.feed(bytes, reader, &mut field, &mut RowReader::end_row)
        })?;
        splitter.finish()
    }

    /// Ends the transaction in which everything was read.
    pub fn end(mut self) -> Result<()> {
        self.connection.execute("COMMIT").map_err(|trouble| {
            trouble.into_error(&Circumstance {
                address: &self.address,
                undone: "nothing was read".into(),
                query: None,
                before: 0,
            })
        })?;
        self.connection.close();
        Ok(())
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Whatever the server and the role are set to: what a query means, and the texts that it makes of
/// other values, depend on these.
const SETTINGS: &str = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; \
                        SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; \
                        SET LOCAL extra_float_digits = 1; \
                        SET LOCAL standard_conforming_strings = on";

const COPY: &str = "COPY (";

/// The query ends with a line of its own: a comment at its end must not swallow the parenthesis.
fn copy_statement(sql: &str) -> String {
    format!("{COPY}{sql}\n) TO STDOUT (FORMAT binary)")
}

fn circumstance<'a>(address: &'a Address, table: &Table, sql: &'a str) -> Circumstance<'a> {
    Circumstance {
        address,
        undone: format!("{} was not read", table.name),
        query: Some(sql),
        before: 0,
    }
}
