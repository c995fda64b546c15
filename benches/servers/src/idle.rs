//! Connections that do nothing: how much memory each takes of the server.
use crate::arguments::Arguments;
use crate::connection::Connection;
use crate::drive::Load;
use crate::process::resident;
use crate::traffic::Traffic;
use std::time::Duration;

pub(crate) fn run(arguments: &mut Arguments) -> Result<(), String> {
    let (port, pid) = (arguments.value("--port")?, arguments.value("--pid")?);
    let count: usize = arguments.value("--connections")?;
    let with_deflate = arguments.flag("--deflate");
    arguments.end()?;
    let text = |error: std::io::Error| error.to_string();
    let open = |count| Connection::open_all(port, count, with_deflate).map_err(text);
    // What does not depend on the number of connections is there after the first few, which also have had an echo.
    let mut few = Load::new(open(count / 50)?, Traffic::new(1024, with_deflate), 1).map_err(text)?;
    few.verify().map_err(text)?;
    let before = settled(pid)?;
    let mut all = Load::new(open(count)?, Traffic::new(1024, with_deflate), 1).map_err(text)?;
    println!("opened {}", each(before, settled(pid)?, count));
    all.verify().map_err(text)?;
    println!("echoed {}", each(before, settled(pid)?, count));
    Ok(())
}

fn settled(pid: u32) -> Result<u64, String> {
    std::thread::sleep(Duration::from_millis(300));
    resident(pid)
}

fn each(before: u64, after: u64, count: usize) -> f64 {
    after.saturating_sub(before) as f64 / count as f64
}
