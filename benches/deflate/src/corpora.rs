//! Corpora as files: every message as a little-endian u32 of its length and its bytes.

use crate::generated;
use std::io::Result;
use std::path::Path;

pub(crate) const NAMES: [&str; 5] = ["ticks", "socketio", "json", "html", "chinese"];

/// Writes all five. `texts` holds the files that `html` and `chinese` are cut from.
pub(crate) fn write_all(folder: &Path, texts: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let html = std::fs::read(texts.join("html"))?;
    let chinese = std::fs::read_to_string(texts.join("chinese"))?;
    write(&folder.join("ticks"), &generated::ticks())?;
    write(&folder.join("socketio"), &generated::socketio())?;
    write(&folder.join("json"), &generated::json())?;
    write(&folder.join("html"), &html.chunks_exact(65536).map(<[u8]>::to_vec).collect::<Vec<_>>())?;
    write(&folder.join("chinese"), &cut(&chinese))
}

/// Pieces of about 1, 2, 3 and 4 KiB in turn, at the borders of characters.
fn cut(mut text: &str) -> Vec<Vec<u8>> {
    let mut pieces = vec![];
    for len in (1..=4).cycle().map(|kilobytes| kilobytes * 1024) {
        let Some(end) = (len - 3..=len).rev().find(|&at| at <= text.len() && text.is_char_boundary(at)) else { break };
        let (piece, rest) = text.split_at(end);
        pieces.push(piece.as_bytes().to_vec());
        text = rest;
    }
    pieces
}

fn write(path: &Path, messages: &[Vec<u8>]) -> Result<()> {
    let mut bytes = vec![];
    for message in messages {
        bytes.extend((message.len() as u32).to_le_bytes());
        bytes.extend(message);
    }
    std::fs::write(path, bytes)
}

pub(crate) fn read(path: &Path) -> Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(path)?;
    let (mut rest, mut messages) = (bytes.as_slice(), vec![]);
    while let Some((len, after)) = rest.split_first_chunk() {
        let (message, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        messages.push(message.to_vec());
        rest = after;
    }
    Ok(messages)
}
