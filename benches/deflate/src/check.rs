//! Our own figures alone, against limits.

use crate::all::our_compressors;
use crate::measure::*;
use std::collections::HashMap;

/// Prints them, and says whether all are within the limits: `LEVEL/CORPUS=RATIO,IR` for the compressor and `inflate/CORPUS=IR`.
pub(crate) fn run(corpora: &[Corpus], counts: &HashMap<String, f64>, limits: &[String]) -> bool {
    let mut limits: HashMap<&str, &str> = limits.iter().map(|limit| limit.split_once('=').unwrap_or((limit, ""))).collect();
    let mut fine = true;
    let mut judge = |name: String, ratio: Option<f64>, key: &str| {
        let count = counts.get(key).copied();
        let text = |figure: Option<f64>, digits| figure.map_or("-".into(), |figure| format!("{figure:.digits$}"));
        println!("| {name} | {} | {} |", text(ratio, 4), text(count, 1));
        let (most, figures): (Vec<Option<f64>>, Vec<_>) = match limits.remove(name.as_str()) {
            Some(most) => (most.split(',').map(|most| most.parse().ok()).collect(), ratio.into_iter().chain(count).collect()),
            None => (vec![], vec![]),
        };
        // A figure that is missing, or a limit that is not a number, is a fault too.
        let within = most.len() == figures.len()
            && most.iter().zip(&figures).all(|(most, figure)| most.is_some_and(|most| *figure <= most));
        if !within {
            eprintln!("deflate-bench: {name} is above its limit, or has another number of figures");
            fine = false;
        }
    };
    println!("| level/corpus | ratio | Ir a byte |\n|---|---|---|");
    for codec in our_compressors(15) {
        for corpus in corpora {
            let ratio = ratio(&codec, &corpus.messages, Takeover::Yes);
            let level = codec.name.trim_start_matches("own ");
            judge(format!("{level}/{}", corpus.name), Some(ratio), &key(compressing(Takeover::Yes), &codec.name, corpus.name));
        }
    }
    for corpus in corpora {
        judge(format!("inflate/{}", corpus.name), None, &key("inflate", "own", corpus.name));
    }
    for name in limits.keys() {
        eprintln!("deflate-bench: a limit for {name}, which was not measured");
    }
    fine && limits.is_empty()
}
