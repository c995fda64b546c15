//! The servers: processes, each on the same CPU, of which one is asked at a time.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::client::Result;

pub const NAMES: [&str; 3] = ["sansocket", "socketioxide", "socket.io"];

pub struct Server {
    pub process: Child,
    pub port: u16,
}

impl Server {
    /// `name` is one of `NAMES`.
    pub fn start(name: &str, cpu: &str) -> Result<Self> {
        let own = env::current_exe()?;
        let other = own.with_file_name("socketioxide-server");
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", cpu]);
        match name {
            "sansocket" => command.arg(own).arg("serve"),
            "socketioxide" => command.arg(other),
            _ => command.args(["node", concat!(env!("CARGO_MANIFEST_DIR"), "/node/server.cjs")]),
        };
        // As its handbook says. The others do not look at it.
        command.env("NODE_ENV", "production");
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| format!("{name} does not say where it listens"))?;
        Ok(Self { process, port })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).ok();
    }
}
