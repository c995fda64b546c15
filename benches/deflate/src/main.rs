//! Compares our permessage-deflate with other codecs. `ci/deflate-cost` calls it.
//!
//! deflate-bench corpora FOLDER TEXTS      writes the corpora
//! deflate-bench ratio CODEC FILE          of one corpus, for each codec whose name, without spaces, begins like this
//! deflate-bench count FOLDER [quick]      under callgrind: leaves a dump for each figure, or only for ours
//! deflate-bench tables FOLDER DUMPS       all tables
//! deflate-bench check FOLDER DUMPS LIMIT…

mod all;
mod allocations;
mod c;
mod callgrind;
mod check;
mod codec;
mod corpora;
mod dumps;
mod generated;
mod measure;
mod ours;
#[cfg(feature = "others")]
mod ports;
mod tables;

use measure::{Corpus, Takeover};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["corpora", folder, texts] => corpora::write_all(folder.as_ref(), texts.as_ref()).expect("files"),
        ["ratio", codec, file] => ratio(codec, file.as_ref()),
        ["count", folder] => count(&read(folder.as_ref()), false),
        ["count", folder, "quick"] => count(&read(folder.as_ref()), true),
        ["tables", folder, dumps] => tables::print(&read(folder.as_ref()), &dumps::read(dumps.as_ref())),
        ["check", folder, dumps, ref limits @ ..] => {
            let limits: Vec<String> = limits.iter().map(|limit| limit.to_string()).collect();
            if !check::run(&read(folder.as_ref()), &dumps::read(dumps.as_ref()), &limits) {
                return ExitCode::FAILURE;
            }
        }
        _ => {
            eprintln!("deflate-bench: {arguments:?}?");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn read(folder: &Path) -> Vec<Corpus> {
    let one = |name| Corpus { name, messages: corpora::read(&folder.join(name)).expect("a corpus") };
    corpora::NAMES.into_iter().map(one).collect()
}

fn ratio(name: &str, file: &Path) {
    let messages = corpora::read(file).expect("a corpus");
    for codec in all::compressors() {
        let short = codec.name.replace(' ', "");
        if short.starts_with(name) {
            let ratio = measure::ratio(&codec, &messages, Takeover::Yes);
            println!("{short} {} {ratio:.4} {} bytes held", file.display(), measure::compressor_held(&codec, &messages));
        }
    }
}

fn count(corpora: &[Corpus], quick: bool) {
    let takeovers: &[Takeover] = if quick { &[Takeover::Yes] } else { &[Takeover::Yes, Takeover::No] };
    let compressors = if quick { all::our_compressors(15) } else { all::compressors() };
    let inflaters = if quick { vec![all::our_inflater()] } else { all::inflaters() };
    for corpus in corpora {
        for codec in &compressors {
            eprintln!("deflate-bench: counting {}, {}", codec.name, corpus.name);
            for &takeover in takeovers {
                measure::count_compress(codec, corpus, takeover);
            }
        }
        eprintln!("deflate-bench: counting inflaters, {}", corpus.name);
        let wire = measure::wire(&all::zlib(6, 15, 8), &corpus.messages, Takeover::Yes);
        for codec in &inflaters {
            measure::count_inflate(codec, corpus, &wire);
        }
    }
}
