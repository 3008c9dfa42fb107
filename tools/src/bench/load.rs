//! The load: open connections, each driven by a thread that blocks on it.
//!
//! Requests are prepared and replies are only read to their end, so that a request costs the client two system calls.
//! Each connection has a thread because a thread sleeps precisely to some tens of microseconds and timers of an event
//! loop to a millisecond: latencies of an open loop count from the scheduled time of the request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Time-out of a reply.
const PATIENCE: Duration = Duration::from_secs(20);
/// Stack size of a thread.
const STACK: usize = 128 << 10;

/// The requests of one connection. The state lasts over all rounds.
pub trait Worker: Send {
    /// Writes the next request.
    fn next(&mut self, to: &mut Vec<u8>);

    /// Whether the reply is a success. A chunked body includes its framing.
    fn is_good(&mut self, status: u16, body: &[u8]) -> bool {
        !body.is_empty() && (200..300).contains(&status)
    }
}

pub struct Same(pub Vec<u8>);

impl Worker for Same {
    fn next(&mut self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0);
    }
}

/// A connection and its requests.
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    worker: Box<dyn Worker>,
    request: Vec<u8>,
    reply: Vec<u8>,
}

/// The results of a round.
#[derive(Debug, Default, Clone)]
pub struct Figures {
    pub replies: u64,
    /// Number of failures and broken connections.
    pub errors: u64,
    /// Bytes of the successes including heads.
    pub bytes: u64,
    pub seconds: f64,
    /// Latencies in microseconds, sorted.
    micros: Vec<u32>,
}

impl Figures {
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.replies as f64 / self.seconds
    }

    /// A percentile of the latency in milliseconds.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let place = (last as f64 * percent / 100.0).round() as usize;
        self.micros.get(place).map_or(0.0, |&micros| f64::from(micros) / 1_000.0)
    }

    /// Mean bytes of a reply.
    #[must_use]
    pub fn bytes_each(&self) -> u64 {
        self.bytes / self.replies.max(1)
    }

    fn add(&mut self, asked: Instant, outcome: &io::Result<Option<usize>>) {
        let micros = asked.elapsed().as_micros();
        self.micros.push(u32::try_from(micros).unwrap_or(u32::MAX));
        match outcome {
            Ok(Some(bytes)) => {
                self.replies += 1;
                self.bytes += *bytes as u64;
            }
            Ok(None) | Err(_) => self.errors += 1,
        }
    }
}

/// Runs a closed loop: each connection sends a request when it has the reply.
pub fn closed(clients: &mut [Client], duration: Duration) -> Figures {
    round(clients, |_, client, begin| {
        let (mut figures, end) = (Figures::default(), begin + duration);
        loop {
            let asked = Instant::now();
            if asked >= end {
                return figures;
            }
            figures.add(asked, &client.exchange());
        }
    })
}

/// Runs an open loop: sends requests at a rate, evenly over time and connections. A late reply makes the requests behind
/// it late too.
pub fn open(clients: &mut [Client], rate: f64, duration: Duration) -> Figures {
    let count = clients.len() as f64;
    let step = count / rate;
    round(clients, move |number, client, begin| {
        let mut figures = Figures::default();
        let mut due = step * (number as f64 / count);
        while due < duration.as_secs_f64() {
            let at = begin + Duration::from_secs_f64(due);
            let wait = at.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                std::thread::sleep(wait);
            }
            figures.add(at, &client.exchange());
            due += step;
        }
        figures
    })
}

fn round(
    clients: &mut [Client],
    drive: impl Fn(usize, &mut Client, Instant) -> Figures + Send + Sync,
) -> Figures {
    let ready = Barrier::new(clients.len() + 1);
    let (ready, drive) = (&ready, &drive);
    std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .enumerate()
            .map(|(number, client)| {
                let thread = std::thread::Builder::new().stack_size(STACK);
                let run = move || {
                    ready.wait();
                    drive(number, client, Instant::now())
                };
                thread.spawn_scoped(scope, run).unwrap()
            })
            .collect();
        ready.wait();
        let begun = Instant::now();
        let mut all = Figures::default();
        for thread in threads {
            let part = thread.join().unwrap();
            all.replies += part.replies;
            all.errors += part.errors;
            all.bytes += part.bytes;
            all.micros.extend(part.micros);
        }
        all.seconds = begun.elapsed().as_secs_f64();
        all.micros.sort_unstable();
        all
    })
}

impl Client {
    /// A client that connects with its first request.
    #[must_use]
    pub fn new(address: SocketAddr, worker: Box<dyn Worker>) -> Self {
        Self { address, stream: None, worker, request: Vec::new(), reply: vec![0; 64 << 10] }
    }

    /// Sends one request; returns the size of a success.
    fn exchange(&mut self) -> io::Result<Option<usize>> {
        let outcome = self.try_exchange();
        if outcome.is_err() {
            self.stream = None;
        }
        outcome
    }

    fn try_exchange(&mut self) -> io::Result<Option<usize>> {
        self.request.clear();
        self.worker.next(&mut self.request);
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                none.insert(stream)
            }
        };
        stream.write_all(&self.request)?;
        let (mut filled, mut head) = (0, None);
        loop {
            if filled == self.reply.len() {
                self.reply.resize(2 * filled, 0);
            }
            let read = stream.read(&mut self.reply[filled..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if head.is_none() {
                head = Head::of(&self.reply[..filled])?;
            }
            if let Some(head) = &mut head
                && let Some(end) = head.end(&self.reply[..filled])?
            {
                let good = self.worker.is_good(head.status, &self.reply[head.body..end]);
                if head.closes {
                    self.stream = None;
                }
                return Ok(good.then_some(end));
            }
        }
    }
}

/// The parsed head of a reply.
struct Head {
    status: u16,
    /// Whether the connection closes after it, as nginx does after a thousand requests.
    closes: bool,
    /// Offset of the body.
    body: usize,
    /// Offset of its end, or of the next chunk of a chunked body.
    length: Result<usize, usize>,
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl Head {
    /// Parses the head once it is complete.
    fn of(reply: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&reply[..end]).map_err(|_| malformed())?;
        let body = end + 4;
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(malformed)?;
        let mut closes = false;
        let mut length = if status == 204 || status == 304 { Some(Ok(body)) } else { None };
        for (name, value) in text.lines().skip(1).filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(Ok(body + value.parse::<usize>().map_err(|_| malformed())?));
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Some(Err(body));
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.eq_ignore_ascii_case("close");
            }
        }
        Ok(Some(Self { status, closes, body, length: length.ok_or_else(malformed)? }))
    }

    /// The end of the reply once it is complete.
    fn end(&mut self, reply: &[u8]) -> io::Result<Option<usize>> {
        loop {
            let chunk = match &mut self.length {
                Ok(end) => return Ok((reply.len() >= *end).then_some(*end)),
                Err(chunk) => chunk,
            };
            let Some(rest) = reply.get(*chunk..) else { return Ok(None) };
            let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
            let digits = std::str::from_utf8(&rest[..line]).map_err(|_| malformed())?;
            let size = usize::from_str_radix(digits, 16).map_err(|_| malformed())?;
            let end = *chunk + line + 2 + size + 2;
            if size == 0 {
                self.length = Ok(end);
            } else {
                *chunk = end;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// The end of a reply that is parsed byte by byte.
    fn ends(reply: &str) -> Option<usize> {
        let bytes = reply.as_bytes();
        let mut head = None;
        for filled in 1..=bytes.len() {
            head = head.or_else(|| Head::of(&bytes[..filled]).unwrap());
            if let Some(end) = head.as_mut().and_then(|head| head.end(&bytes[..filled]).unwrap()) {
                return Some(end);
            }
        }
        None
    }

    #[test]
    fn a_reply_ends_where_it_says() {
        for whole in [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 204 No Content\r\nx: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
        ] {
            assert_eq!(ends(whole), Some(whole.len()), "{whole}");
            assert_eq!(ends(&format!("{whole}HTTP/1.1")), Some(whole.len()));
            assert_eq!(ends(&whole[..whole.len() - 1]), None);
        }
        assert!(Head::of(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n").is_err(), "no length");
        assert!(Head::of(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn a_stall_delays_the_requests_due_during_it() {
        const STALL: Duration = Duration::from_millis(300);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4];
            for number in 0_u32.. {
                if stream.read_exact(&mut request).is_err() {
                    return;
                }
                if number == 10 {
                    std::thread::sleep(STALL);
                }
                let status = if number == 20 { "500 No" } else { "200 OK" };
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nhi").unwrap();
            }
        });
        let mut clients = [Client::new(address, Box::new(Same(b"ping".to_vec())))];
        let figures = open(&mut clients, 100.0, Duration::from_secs(1));
        assert_eq!((figures.replies, figures.errors), (99, 1));
        assert_eq!(figures.bytes_each(), 40);
        // The stall delays more than 10 % of the due requests; one request at a time would count a single late one.
        assert!(figures.percentile(85.0) > 50.0, "{}", figures.percentile(85.0));
        assert!(figures.percentile(50.0) < figures.percentile(85.0));
        assert!(figures.percentile(100.0) >= 300.0);
    }
}
