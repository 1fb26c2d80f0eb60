//! From the first byte to a session: passwords and settings.

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use fallible_iterator::FallibleIterator;

use super::address::Address;
use super::connection::Connection;
use super::trouble::Trouble;
use crate::error::{Error, Kind, Result};

/// Connects, proves who one is, and waits until the server is ready.
///
/// # Errors
/// [`Kind::MissingInput`] for whatever keeps the session from being had.
pub fn log_in(address: &Address) -> Result<Connection> {
    session(address).map_err(|trouble| trouble.while_connecting(address))
}

fn session(address: &Address) -> std::result::Result<Connection, Trouble> {
    let mut connection = Connection::open(address)?;
    connection.set_patience(Some(address.connect_timeout))?;
    // Those that a pooler between here and the server knows, too; others are set in transactions.
    let mut settings = vec![
        ("user", address.user.as_str()),
        ("database", address.database.as_str()),
        ("application_name", "streamflow"),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
    ];
    settings.extend(
        address
            .options
            .as_deref()
            .map(|options| ("options", options)),
    );
    connection.send(|buffer| frontend::startup_message(settings, buffer))?;
    authenticate(&mut connection, address)?;
    loop {
        match connection.receive()? {
            Message::ParameterStatus(body) => {
                if body.name()? == "integer_datetimes" && body.value()? != "on" {
                    return Err(Trouble::Protocol("its instants are no integers".into()));
                }
            }
            Message::BackendKeyData(_) => {}
            Message::ReadyForQuery(_) => break,
            _ => {
                return Err(Trouble::Protocol(
                    "a message that belongs to no login".into(),
                ));
            }
        }
    }
    connection.set_patience(None)?;
    Ok(connection)
}

fn authenticate(
    connection: &mut Connection,
    address: &Address,
) -> std::result::Result<(), Trouble> {
    let password = || {
        address.password.as_deref().ok_or_else(|| {
            Error::new(
                Kind::MissingInput,
                format!("the database asks for a password ({})", address.variable),
            )
            .help(format!(
                "the URL in {} holds it: `postgres://USER:PASSWORD@HOST:5432/DATABASE`",
                address.variable
            ))
        })
    };
    loop {
        match connection.receive()? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationSasl(body) => scram(connection, &body, password()?)?,
            Message::AuthenticationMd5Password(body) => {
                let (user, password) = (address.user.as_bytes(), password()?.as_bytes());
                let proof = md5_hash(user, password, body.salt());
                connection.send(|buffer| frontend::password_message(proof.as_bytes(), buffer))?;
            }
            Message::AuthenticationCleartextPassword => {
                let password = password()?;
                if !address.is_local() {
                    return Err(readable_password(address).into());
                }
                connection
                    .send(|buffer| frontend::password_message(password.as_bytes(), buffer))?;
            }
            _ => {
                return Err(Trouble::Protocol(
                    "it asks for a proof other than a password".into(),
                ));
            }
        }
    }
}

/// A password that everyone on the way could read is not sent.
fn readable_password(address: &Address) -> Error {
    Error::new(
        Kind::MissingInput,
        format!(
            "the server asks for the password in readable form, over a line without TLS ({})",
            address.variable
        ),
    )
    .help("set `scram-sha-256` in the server's pg_hba.conf, or go through a tunnel on this machine")
}

fn scram(
    connection: &mut Connection,
    offered: &AuthenticationSaslBody,
    password: &str,
) -> std::result::Result<(), Trouble> {
    let known = offered.mechanisms().any(|name| Ok(name == SCRAM_SHA_256))?;
    if !known {
        return Err(Trouble::Protocol("it knows no SCRAM-SHA-256".into()));
    }
    let mut exchange = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
    let first = exchange.message().to_vec();
    connection.send(|buffer| frontend::sasl_initial_response(SCRAM_SHA_256, &first, buffer))?;
    let Message::AuthenticationSaslContinue(body) = connection.receive()? else {
        return Err(Trouble::Protocol("SCRAM-SHA-256 breaks off".into()));
    };
    exchange.update(body.data())?;
    let answer = exchange.message().to_vec();
    connection.send(|buffer| frontend::sasl_response(&answer, buffer))?;
    let Message::AuthenticationSaslFinal(body) = connection.receive()? else {
        return Err(Trouble::Protocol("SCRAM-SHA-256 breaks off".into()));
    };
    // The server proves that it knows the password, too.
    exchange
        .finish(body.data())
        .map_err(|_| Trouble::Protocol("the server does not know the password itself".into()))
}
