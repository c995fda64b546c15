//! Client and server in one thread, with `tokio::io::duplex` between them: no kernel.
use crate::arguments::Arguments;
use crate::echo::Exchange;
use crate::peers::raw::Raw;
use crate::peers::{Peer, with_peer};
use crate::serve::{block_on, is_batch};
use crate::traffic::Traffic;
use std::sync::Arc;
use tokio::io::duplex;
use tokio::task::unconstrained;

struct Pipe {
    exchange: Exchange,
    connections: usize,
    /// Whether the client is `raw`, so that most of what is measured is the server.
    raw: bool,
    batch: bool,
}

pub(crate) fn run(arguments: &mut Arguments) -> Result<(), String> {
    let name: String = arguments.value("--server")?;
    let raw = match &arguments.value::<String>("--client")?[..] {
        "raw" => true,
        "same" => false,
        other => return Err(format!("--client {other}? raw or same")),
    };
    let batch = is_batch(arguments)?;
    let connections = arguments.value("--connections")?;
    let traffic = Traffic::new(arguments.value("--size")?, name == "raw");
    let (in_flight, messages) = (arguments.value("--in-flight")?, arguments.value("--messages")?);
    arguments.end()?;
    let exchange = Exchange::new(traffic, in_flight, messages, connections);
    let pipe = Arc::new(Pipe { exchange, connections, raw, batch });
    with_peer!(&name[..], measure(pipe))
}

/// Prints messages, seconds and nanoseconds of CPU time, without the handshakes.
fn measure<P: Peer>(pipe: Arc<Pipe>) -> Result<(), String> {
    let measured = pipe.clone();
    block_on(async move {
        let clients: Vec<_> = (0..pipe.connections)
            .map(|_| {
                // All that is in flight fits, so client and server cannot wait for each other.
                let room = pipe.exchange.in_flight * pipe.exchange.traffic.sent_length();
                let (ours, theirs) = duplex(room.max(64 << 10));
                tokio::spawn(unconstrained(P::serve(theirs, pipe.batch)));
                let pipe = pipe.clone();
                tokio::spawn(unconstrained(async move {
                    if pipe.raw {
                        Raw::converse(ours, &pipe.exchange).await;
                    } else {
                        P::converse(ours, &pipe.exchange).await;
                    }
                }))
            })
            .collect();
        for client in clients {
            client.await?;
        }
        Ok(())
    })?;
    let (seconds, cpu) = measured.exchange.elapsed().ok_or("nothing was exchanged")?;
    println!("{}\t{seconds}\t{cpu}", measured.connections * measured.exchange.messages);
    Ok(())
}
