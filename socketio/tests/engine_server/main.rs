//! The sessions of an Engine.IO server.
#![cfg(feature = "alloc")]

mod heartbeats;
mod host;
mod limits;
mod model;
mod openings;
mod polling;
mod upgrades;
mod websockets;
