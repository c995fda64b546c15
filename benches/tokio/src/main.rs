//! The server, the load generator and the pipe: see `README.md`.
fn main() {
    wsbench_tokio::main(None);
}
