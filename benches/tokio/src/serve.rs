//! The server under test: one thread, one task for each connection.
use crate::arguments::Arguments;
use crate::peers::{Peer, with_peer};
use std::io::{BufRead, stdin};
use tokio::net::TcpListener;
use tokio::task::unconstrained;

/// Prints its port, then serves until standard input ends. Every line on it is answered by the bytes of heap in use.
pub(crate) fn run(arguments: &mut Arguments, heap: Option<fn() -> usize>) -> Result<(), String> {
    let name: String = arguments.value("--server")?;
    let batch = is_batch(arguments)?;
    arguments.end()?;
    std::thread::spawn(move || {
        for _line in stdin().lock().lines() {
            println!("{}", heap.map_or(0, |heap| heap()));
        }
        std::process::exit(0);
    });
    with_peer!(&name[..], serve(batch))
}

pub(crate) fn is_batch(arguments: &mut Arguments) -> Result<bool, String> {
    match &arguments.value::<String>("--loop")?[..] {
        "each" => Ok(false),
        "batch" => Ok(true),
        other => Err(format!("--loop {other}? each or batch")),
    }
}

fn serve<P: Peer>(batch: bool) -> Result<(), String> {
    block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(unconstrained(P::serve(stream, batch)));
        }
    })
}

/// Runs on this thread.
pub(crate) fn block_on(work: impl Future<Output = std::io::Result<()>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(work).map_err(|error| error.to_string())
}
