//! §4: the opening handshake. Heads are scanned as they arrive, then read in place.

pub(crate) mod accept_key;
pub(crate) mod client;
pub(crate) mod extensions;
pub(crate) mod fields;
mod negotiated;
mod offer;
mod origin;
pub(crate) mod request;
mod response;
pub(crate) mod server;
mod sha1;

pub use accept_key::{ACCEPT_KEY_LEN, accept_key};
pub use client::ClientRequest;
pub use negotiated::Negotiated;
pub use offer::{Answer, ExtendedConnect, Offer, OfferError};
pub use origin::Origin;
pub use request::Request;
pub use response::Response;
pub use server::Accept;
