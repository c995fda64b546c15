//! Writes the seeds below the folder `seeds` of this package, and leaves the corpus beside them alone.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let seeds = sansocket_fuzz::seeds();
    for (target, name, bytes) in &seeds {
        fs::create_dir_all(folder.join(target))?;
        fs::write(folder.join(target).join(name), bytes)?;
    }
    println!("{} seeds, {} bytes", seeds.len(), seeds.iter().map(|(_, _, bytes)| bytes.len()).sum::<usize>());
    Ok(())
}
