//! One connection: its socket, messages, and statements.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;

use super::address::{Address, Server};
use super::trouble::{ServerError, Trouble};

type Result<T> = std::result::Result<T, Trouble>;

/// A session of a server. After an error it is of no more use.
pub struct Connection {
    stream: Stream,
    incoming: BytesMut,
    outgoing: BytesMut,
    chunk: Vec<u8>,
}

/// A column of a result, as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub name: String,
    /// The number of its type in `pg_type`; of a domain, that of the type below.
    pub type_id: u32,
}

/// The rows of a small result, as texts.
pub type TextRows = Vec<Vec<Option<String>>>;

/// Bytes that are read, or sent, at a time.
const CHUNK: usize = 1 << 16;

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    /// Opens a socket; nobody has logged in yet.
    pub fn open(address: &Address) -> Result<Self> {
        let stream = match &address.server {
            Server::Tcp(host, port) => Stream::Tcp(connect(host, *port, address.connect_timeout)?),
            Server::Socket(folder, port) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                Stream::Unix(UnixStream::connect(socket)?)
            }
        };
        Ok(Self {
            stream,
            incoming: BytesMut::new(),
            outgoing: BytesMut::new(),
            chunk: vec![0; CHUNK],
        })
    }

    /// How long an answer is waited for; a query may take as long as it takes.
    pub fn set_patience(&self, patience: Option<Duration>) -> Result<()> {
        match &self.stream {
            Stream::Tcp(stream) => stream.set_read_timeout(patience)?,
            Stream::Unix(stream) => stream.set_read_timeout(patience)?,
        }
        Ok(())
    }

    /// Puts a message together and sends it.
    pub fn send(&mut self, message: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<()> {
        message(&mut self.outgoing)?;
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(&self.outgoing)?,
            Stream::Unix(stream) => stream.write_all(&self.outgoing)?,
        }
        self.outgoing.clear();
        Ok(())
    }

    /// The next message that answers something; notices are passed over.
    ///
    /// # Errors
    /// Also what the server says in an error of its own.
    pub fn receive(&mut self) -> Result<Message> {
        loop {
            match Message::parse(&mut self.incoming) {
                Ok(Some(Message::ErrorResponse(body))) => {
                    return Err(Trouble::Server(ServerError::read(body.fields())));
                }
                Ok(Some(Message::NoticeResponse(_) | Message::NotificationResponse(_))) => {}
                Ok(Some(message)) => return Ok(message),
                Ok(None) => self.fill()?,
                Err(error) => return Err(Trouble::Protocol(error.to_string())),
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        let read = loop {
            let read = match &mut self.stream {
                Stream::Tcp(stream) => stream.read(&mut self.chunk),
                Stream::Unix(stream) => stream.read(&mut self.chunk),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 {
            return Err(Trouble::Lost(io::ErrorKind::UnexpectedEof.into()));
        }
        self.incoming.extend_from_slice(&self.chunk[..read]);
        Ok(())
    }

    /// Runs statements of our own; the rows of the last one.
    pub fn execute(&mut self, sql: &str) -> Result<TextRows> {
        self.send(|buffer| frontend::query(sql, buffer))?;
        let mut rows = TextRows::new();
        loop {
            match self.receive()? {
                Message::DataRow(row) => rows.push(texts(&row)?),
                Message::RowDescription(_) => rows.clear(),
                Message::ReadyForQuery(_) => return Ok(rows),
                Message::CommandComplete(_)
                | Message::EmptyQueryResponse
                | Message::ParameterStatus(_) => {}
                _ => return Err(unexpected("a statement")),
            }
        }
    }

    /// The columns of a query, without running it; none of a statement that gives no rows. More
    /// than one statement is an error of the server.
    pub fn describe(&mut self, sql: &str) -> Result<Option<Vec<Described>>> {
        self.send(|buffer| {
            frontend::parse("", sql, [], buffer)?;
            frontend::describe(b'S', "", buffer)?;
            frontend::sync(buffer);
            Ok(())
        })?;
        let mut columns = None;
        loop {
            match self.receive()? {
                Message::RowDescription(body) => {
                    let fields = body.fields().map(|field| {
                        Ok(Described {
                            name: field.name().to_string(),
                            type_id: field.type_oid(),
                        })
                    });
                    columns = Some(fields.collect()?);
                }
                Message::ReadyForQuery(_) => return Ok(columns),
                Message::ParseComplete | Message::ParameterDescription(_) | Message::NoData => {}
                _ => return Err(unexpected("a description")),
            }
        }
    }

    /// Runs `COPY … TO STDOUT` and hands on its bytes as they come.
    pub fn copy_out(&mut self, sql: &str, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.start(sql)?;
        let mut done = false;
        loop {
            match self.receive()? {
                Message::CopyData(body) => take(body.data())?,
                Message::CopyDone => done = true,
                Message::ReadyForQuery(_) if done => return Ok(()),
                Message::ParseComplete
                | Message::BindComplete
                | Message::CopyOutResponse(_)
                | Message::CommandComplete(_)
                | Message::ParameterStatus(_) => {}
                _ => return Err(unexpected("COPY TO")),
            }
        }
    }

    /// Runs `COPY … FROM STDIN` with the bytes that `give` puts into its buffer, until it puts none.
    pub fn copy_in(
        &mut self,
        sql: &str,
        mut give: impl FnMut(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        self.send(|buffer| frontend::query(sql, buffer))?;
        match self.receive()? {
            Message::CopyInResponse(_) => {}
            _ => return Err(unexpected("COPY FROM")),
        }
        let mut bytes = Vec::with_capacity(2 * CHUNK);
        loop {
            bytes.clear();
            give(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            let message = frontend::CopyData::new(bytes.as_slice())?;
            let sent = self.send(|buffer| {
                message.write(buffer);
                Ok(())
            });
            // A server that has refused a row and left says why, if one listens.
            if let Err(lost) = sent {
                return Err(self.last_words().unwrap_or(lost));
            }
        }
        self.send(|buffer| {
            frontend::copy_done(buffer);
            Ok(())
        })?;
        loop {
            match self.receive()? {
                Message::CommandComplete(_) | Message::ParameterStatus(_) => {}
                Message::ReadyForQuery(_) => return Ok(()),
                _ => return Err(unexpected("COPY FROM")),
            }
        }
    }

    /// What the server said before the line went dead.
    fn last_words(&mut self) -> Option<Trouble> {
        loop {
            match self.receive() {
                Ok(_) => {}
                Err(trouble @ Trouble::Server(_)) => return Some(trouble),
                Err(_) => return None,
            }
        }
    }

    /// Starts one statement, and no second one.
    fn start(&mut self, sql: &str) -> Result<()> {
        self.send(|buffer| {
            frontend::parse("", sql, [], buffer)?;
            let parameters: [(); 0] = [];
            frontend::bind(
                "",
                "",
                [],
                parameters,
                |(), _| Ok(postgres_protocol::IsNull::Yes),
                [],
                buffer,
            )
            .map_err(|_| io::Error::other("an empty list of parameters"))?;
            frontend::execute("", 0, buffer)?;
            frontend::sync(buffer);
            Ok(())
        })
    }

    /// Says goodbye. A connection that is dropped without it is closed all the same.
    pub fn close(mut self) {
        let _ = self.send(|buffer| {
            frontend::terminate(buffer);
            Ok(())
        });
    }
}

/// Tries each address of a host in turn.
fn connect(host: &str, port: u16, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                // A server that vanished is noticed, however long its query may take.
                let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(30));
                socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn texts(row: &DataRowBody) -> Result<Vec<Option<String>>> {
    let buffer = row.buffer();
    let texts = row
        .ranges()
        .map(|range| Ok(range.map(|range| String::from_utf8_lossy(&buffer[range]).into_owned())));
    Ok(texts.collect()?)
}

fn unexpected(during: &str) -> Trouble {
    Trouble::Protocol(format!("a message that does not belong to {during}"))
}
