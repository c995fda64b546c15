//! From a name to a socket: several addresses, of which one is enough (RFC 8305).

use core::future::{Future, poll_fn};
use core::net::SocketAddr;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use std::io;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep_until};

/// How long an address is waited for before the next is tried beside it (RFC 8305 §5: "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);

type Attempt = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// The addresses of a host, in the system's order, IPv6 and IPv4 by turns (RFC 8305 §4).
pub(crate) async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let all: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    let starts_with_v6 = all.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = all.into_iter().partition(|address| address.is_ipv6() == starts_with_v6);
    if first.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    }
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    while first.len() > 0 || second.len() > 0 {
        mixed.extend(first.next().into_iter().chain(second.next()));
    }
    Ok(mixed)
}

/// A connection to the address that answers first. Each is tried once the one before has failed, or has had its head start.
///
/// # Errors
/// That of the last address that failed.
pub(crate) async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut addresses = addresses.into_iter();
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    let mut head_start = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        loop {
            let mut connected = None;
            attempts.retain_mut(|attempt| match attempt.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(Ok(socket)) => {
                    connected = Some(socket);
                    false
                }
                Poll::Ready(Err(error)) => {
                    failure = error;
                    head_start.as_mut().reset(Instant::now());
                    false
                }
            });
            if let Some(socket) = connected {
                return Poll::Ready(Ok(socket));
            }
            if !attempts.is_empty() && head_start.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let Some(address) = addresses.next() else { break };
            attempts.push(Box::pin(TcpStream::connect(address)));
            head_start.as_mut().reset(Instant::now() + HEAD_START);
        }
        if attempts.is_empty() {
            return Poll::Ready(Err(core::mem::replace(&mut failure, io::ErrorKind::NotFound.into())));
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{addresses, connect};
    use core::time::Duration;
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    #[tokio::test]
    async fn address_that_does_not_answer_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        // A full backlog: the system answers no more.
        let full = tokio::net::TcpSocket::new_v4().unwrap();
        full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = full.listen(1).unwrap();
        let silent = full.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(socket) = tokio::time::timeout(Duration::from_millis(50), connect(vec![silent])).await {
            waiting.push(socket.unwrap());
        }
        let start = Instant::now();
        let socket = connect(vec![closed, silent, silent, good, closed]).await.unwrap();
        assert_eq!(socket.peer_addr().unwrap(), good);
        let taken = start.elapsed();
        assert!((500..900).contains(&taken.as_millis()), "{taken:?}");
        assert_eq!(connect(vec![closed, closed]).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn names_and_numbers_have_addresses() {
        assert_eq!(addresses("127.0.0.1", 80).await.unwrap(), ["127.0.0.1:80".parse().unwrap()]);
        assert_eq!(addresses("::1", 80).await.unwrap(), ["[::1]:80".parse().unwrap()]);
        assert!(addresses("localhost", 80).await.unwrap().iter().all(|address| address.ip().is_loopback()));
        assert!(addresses(&"x".repeat(64), 80).await.is_err());
    }
}
