//! The tables, in Markdown.

use crate::all::{compressors, inflaters, our_compressors, zlib};
use crate::codec::{Codec, Compress};
use crate::measure::*;
use std::collections::HashMap;

/// A window and, for zlib, the memLevel that uWebSockets uses with it.
const WINDOWS: [(u8, i32); 6] = [(8, 0), (9, 1), (10, 3), (12, 5), (13, 6), (15, 8)];

pub(crate) fn print(corpora: &[Corpus], counts: &HashMap<String, f64>) {
    compressing_table(corpora, counts, Takeover::Yes);
    compressing_table(corpora, counts, Takeover::No);
    inflating_table(corpora, counts);
    windows_table(corpora);
}

fn say(what: &str) {
    eprintln!("deflate-bench: {what}");
}

/// A ratio without the zero before the point.
fn short(ratio: f64) -> String {
    format!("{ratio:.3}").trim_start_matches('0').to_string()
}

fn instructions(counts: &HashMap<String, f64>, key: &str) -> String {
    counts.get(key).map_or("-".into(), |count| format!("{count:.1}"))
}

fn heading(title: &str, corpora: &[Corpus]) {
    println!("\n| {title} | {} | bytes held |", corpora.iter().map(|corpus| corpus.name).collect::<Vec<_>>().join(" | "));
    println!("|---|{}---|", "---|".repeat(corpora.len()));
}

fn compressing_table(corpora: &[Corpus], counts: &HashMap<String, f64>, takeover: Takeover) {
    let with = if takeover == Takeover::Yes { "with takeover" } else { "without takeover" };
    heading(&format!("compress {with}: ratio / MB/s / Ir a byte"), corpora);
    for codec in compressors() {
        let mut row = format!("| {} |", codec.name);
        for corpus in corpora {
            say(&format!("compress {with}: {}, {}", codec.name, corpus.name));
            let ratio = ratio(&codec, &corpus.messages, takeover);
            let speed = compress_speed(&codec, &corpus.messages, takeover);
            let count = instructions(counts, &key(compressing(takeover), &codec.name, corpus.name));
            row += &format!(" {} / {speed:.0} / {count} |", short(ratio));
        }
        println!("{row} {} |", compressor_held(&codec, &corpora[0].messages));
    }
}

fn inflating_table(corpora: &[Corpus], counts: &HashMap<String, f64>) {
    heading("inflate what zlib 6 sends: Ir a byte / MB/s", corpora);
    let wires: Vec<_> = corpora.iter().map(|corpus| wire(&zlib(6, 15, 8), &corpus.messages, Takeover::Yes)).collect();
    for codec in inflaters() {
        let mut row = format!("| {} |", codec.name);
        for (corpus, wire) in corpora.iter().zip(&wires) {
            say(&format!("inflate: {}, {}", codec.name, corpus.name));
            let speed = inflate_speed(&codec, &corpus.messages, wire);
            let count = instructions(counts, &key("inflate", &codec.name, corpus.name));
            row += &format!(" {count} / {speed:.0} |");
        }
        println!("{row} {} |", inflater_held(&codec, &corpora[0].messages, &wires[0]));
    }
}

/// Smaller windows: what a codec holds, and its ratios.
fn windows_table(corpora: &[Corpus]) {
    let of = |name: &str| corpora.iter().find(|corpus| corpus.name == name).expect("it is one of the corpora");
    let (ticks, json) = (of("ticks"), of("json"));
    let ours = our_compressors(15);
    let names: Vec<_> = ours.iter().map(|codec| codec.name.as_str()).collect();
    println!("\n| window bits: bytes held (ratio of ticks / json) | {} | zlib 6 |", names.join(" | "));
    println!("|---|{}---|", "---|".repeat(names.len()));
    for (bits, memory) in WINDOWS {
        let mut codecs: Vec<Codec<dyn Compress>> = our_compressors(bits);
        // zlib cannot write raw DEFLATE with 8 bits.
        if bits > 8 {
            codecs.push(zlib(6, bits, memory));
        }
        let mut row = format!("| {bits} |");
        for codec in &codecs {
            say(&format!("{bits} bits: {}", codec.name));
            let held = compressor_held(codec, &ticks.messages);
            let [ticks, json] = [ticks, json].map(|corpus| short(ratio(codec, &corpus.messages, Takeover::Yes)));
            row += &format!(" {held} ({ticks} / {json}) |");
        }
        println!("{row}{}", if bits > 8 { "" } else { " - |" });
    }
}
