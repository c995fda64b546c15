//! The committed seeds through the bodies, on any compiler, and a check that they are those that the program makes.

use std::fs;
use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")
}

/// Every file below `seeds/`, corpus included. A body that panics names the law; file and input are printed.
#[test]
fn every_seed_passes_its_body() {
    for (target, body) in sansocket_fuzz::TARGETS {
        let mut files: Vec<_> = fs::read_dir(folder().join(target)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 5, "{target} has {} seeds", files.len());
        for file in files {
            println!("{}", file.display());
            assert!(body(&fs::read(&file).unwrap()), "no input");
        }
    }
}

#[test]
fn committed_seeds_are_those_of_the_program() {
    for (target, name, bytes) in sansocket_fuzz::seeds() {
        let file = folder().join(target).join(&name);
        let committed = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(committed == bytes, "{} differs: run the example `seeds`", file.display());
    }
}

/// Bytes that are not an input pass too.
#[test]
fn short_inputs_pass() {
    for (_, body) in sansocket_fuzz::TARGETS {
        for len in 0..150 {
            body(&vec![0; len]);
            body(&vec![0xFF; len]);
        }
    }
}
