//! What is measured: the list of cells, and those that decode and encode.
#[cfg(feature = "peers")]
mod deflate;
mod frames;
#[cfg(feature = "peers")]
mod handshakes;
mod primitives;

use crate::api::{Peer, Role};
use crate::measure::{Config, Row};
use crate::wire::Kind;

pub type Peers = [Box<dyn Peer>];

#[derive(Clone, Copy)]
pub enum Cell {
    Primitives {
        size: usize,
    },
    Decode {
        id: &'static str,
        role: Role,
        kind: Kind,
        size: usize,
        chunk: usize,
    },
    Encode {
        id: &'static str,
        role: Role,
        kind: Kind,
        size: usize,
    },
    #[cfg(feature = "peers")]
    Handshake {
        role: Role,
    },
    #[cfg(feature = "peers")]
    Deflate {
        size: usize,
    },
}

impl Cell {
    /// Group, size of a message and size of a read.
    pub fn name(&self) -> String {
        match self {
            Cell::Primitives { size } => format!("P/{size}/0"),
            Cell::Decode { id, size, chunk, .. } => format!("{id}/{size}/{chunk}"),
            Cell::Encode { id, size, .. } => format!("{id}/{size}/0"),
            #[cfg(feature = "peers")]
            Cell::Handshake { role: Role::Server } => "W5-server/0/0".into(),
            #[cfg(feature = "peers")]
            Cell::Handshake { role: Role::Client } => "W5-client/0/0".into(),
            #[cfg(feature = "peers")]
            Cell::Deflate { size } => format!("W6/{size}/65536"),
        }
    }

    /// Whether counting its instructions is left out unless asked for by name: it takes long and shows little.
    pub fn slow_under_callgrind(&self) -> bool {
        match self {
            #[cfg(feature = "peers")]
            Cell::Deflate { .. } => true,
            _ => false,
        }
    }

    /// Measures every peer that can do it. A peer that does it wrongly is reported and left out.
    pub fn run(&self, cfg: &Config, all: &Peers) -> Vec<Row> {
        let name = self.name();
        match *self {
            Cell::Primitives { size } => primitives::run(cfg, &name, size),
            Cell::Decode { role, kind, size, chunk, .. } => {
                frames::decode(cfg, all, &name, &frames::Decode { role, kind, size, chunk })
            }
            Cell::Encode { role, kind, size, .. } => frames::encode(cfg, all, &name, role, kind, size),
            #[cfg(feature = "peers")]
            Cell::Handshake { role } => handshakes::run(cfg, all, &name, role),
            #[cfg(feature = "peers")]
            Cell::Deflate { size } => deflate::run(cfg, all, &name, size),
        }
    }
}

const SIZES: [usize; 5] = [16, 125, 1024, 16384, 1 << 20];
/// One read from the "socket".
const READ: usize = 65536;
/// What stays in the first cache: some peers never read more at once, whatever they may.
const CACHED: usize = 16384;
/// One TCP segment.
const SEGMENT: usize = 1460;

/// Binary messages to a server: the cells that are compared with the floor.
pub fn w1(size: usize, chunk: usize) -> Cell {
    Cell::Decode { id: "W1", role: Role::Server, kind: Kind::Binary, size, chunk }
}

/// The three that CI watches.
pub fn floor() -> [Cell; 3] {
    [w1(16, READ), w1(125, READ), w1(1024, READ)]
}

pub fn all() -> Vec<Cell> {
    use Role::{Client, Server};
    let mut v: Vec<Cell> = vec![];
    v.extend(SIZES.map(|size| Cell::Primitives { size }));
    v.extend(SIZES.map(|size| w1(size, READ)));
    v.extend([125, 1024].map(|size| w1(size, SEGMENT)));
    v.push(w1(CACHED, CACHED));
    for (id, role, kind) in
        [("W2-ascii", Server, Kind::Ascii), ("W2-chinese", Server, Kind::Chinese), ("W3", Client, Kind::Binary)]
    {
        v.extend(SIZES.map(|size| Cell::Decode { id, role, kind, size, chunk: READ }));
    }
    for (id, role) in [("W4-server", Server), ("W4-client", Client)] {
        v.extend(SIZES.map(|size| Cell::Encode { id, role, kind: Kind::Binary, size }));
    }
    #[cfg(feature = "peers")]
    v.extend([Cell::Handshake { role: Server }, Cell::Handshake { role: Client }]);
    #[cfg(feature = "peers")]
    v.extend([1024, 65536].map(|size| Cell::Deflate { size }));
    v
}
