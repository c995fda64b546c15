//! RFC 7692 §7.1: what is wanted of permessage-deflate, what a client offers, and what was agreed.

use super::config::{lent, sansocket_config};
use super::connection::sansocket;
use super::head::request_at;
use super::memory::object_ref;
use super::numbers::sansocket_result;
use super::setup::window_bits;
#[cfg(feature = "deflate")]
use super::{memory::object, numbers::done};
use crate::{DeflateConfig, DeflateOffer, DeflateParams, Origin, Role};

/// How an endpoint compresses (permessage-deflate, RFC 7692), both for what it sends and for what it receives, so that the same
/// settings serve both roles. All zero are the RFC's defaults: windows of 32 KiB and context takeover, in both directions.
///
/// Compression takes memory for each connection, and the length of a compressed message tells about its content: whoever can add
/// text of his own to a message with a secret can guess the secret from the lengths (CRIME, BREACH; RFC 7692 §8). Send such
/// messages uncompressed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sansocket_deflate_config {
    /// The base-2 logarithm of the largest window that we compress with, 8 to 15: that of our compressor. 0 stands for 15. A
    /// smaller one is used if the peer asks for it.
    pub send_window_bits: u8,
    /// The base-2 logarithm of the largest window that the peer may compress with, 8 to 15: that of the memory lent for
    /// inflating. 0 stands for 15.
    pub receive_window_bits: u8,
    /// 1 if each of our messages is compressed by itself (`*_no_context_takeover`, RFC 7692 §7.1.1), so that the compressor can
    /// serve many connections.
    pub send_no_context_takeover: u8,
    /// 1 if the peer has to compress each of its messages by itself. The history costs memory here, but makes messages much
    /// shorter.
    pub receive_no_context_takeover: u8,
    /// 1 if compression is agreed on without the two settings for receiving where the peer does not support what they ask of it;
    /// the program lends 32 KiB for inflating then. With 0 messages are not compressed then.
    pub fallback: u8,
    /// 0.
    pub reserved: [u8; 3],
}

/// What a client offers of permessage-deflate (RFC 7692 §7.1): the first of its offers that is valid.
#[repr(C)]
pub struct sansocket_deflate_offer {
    /// 1 if it offers compression; 0 if all of this is 0.
    pub is_offered: u8,
    /// 1 if it asks that the server compresses each message by itself.
    pub server_no_context_takeover: u8,
    /// The largest window that it can inflate with, 8 to 15; 0 where it says nothing.
    pub server_max_window_bits: u8,
    /// 1 if it hints that it compresses each message by itself.
    pub client_no_context_takeover: u8,
    /// The largest window that it compresses with in any case, 8 to 15, if the server may limit it; 0 if it may not.
    pub client_max_window_bits: u8,
    /// 0 in this version.
    pub reserved: [u8; 3],
}

/// What was agreed on compression, as seen from this end.
#[repr(C)]
pub struct sansocket_deflate_agreement {
    /// 1 if permessage-deflate was agreed; 0 if all of this is 0.
    pub is_agreed: u8,
    /// The base-2 logarithm of the window that we may compress with, 8 to 15. A compressor of ours keeps
    /// to it, whatever its own is.
    pub send_window_bits: u8,
    /// The base-2 logarithm of the window that the peer may compress with, 8 to 15: at least this many bits has an inflater.
    pub receive_window_bits: u8,
    /// 1 if none of our messages refers to an earlier one: the compressor may serve other connections between two messages.
    pub send_no_context_takeover: u8,
    /// 1 if none of the peer's messages refers to an earlier one.
    pub receive_no_context_takeover: u8,
    /// 0 in this version.
    pub reserved: [u8; 3],
}

/// Turns compression on: a client offers it as `settings` say, and a server accepts it so; NULL turns it off, which is the
/// default. Before the configuration is lent to a connection. `settings` is needed only during the call. Whether it was agreed
/// for a connection says `sansocket_get_deflate`, once that is open. For a client, an answer that fits no offer is
/// `SANSOCKET_EVENT_REFUSED` with `SANSOCKET_ERROR_INVALID_DEFLATE_RESPONSE`.
///
/// A function by itself, so that programs which do not call it contain none of the rules by which compression is negotiated.
///
/// Returns `SANSOCKET_OK`, or `SANSOCKET_OUT_OF_RANGE` for window bits that are neither 0 nor 8 to 15.
#[cfg(feature = "deflate")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_config_set_deflate(
    config: *mut sansocket_config,
    settings: *const sansocket_deflate_config,
) -> sansocket_result {
    // SAFETY: the caller has the configuration to itself until it lends it.
    done(unsafe { object(config) }.and_then(|config| {
        // SAFETY: the caller lends the settings for the call.
        let settings = unsafe { settings_over(DeflateConfig::new(), settings) }?.unwrap_or(DeflateConfig::OFF);
        let DeflateConfig { send_window_bits: 8..=15, receive_window_bits: 8..=15, .. } = settings else {
            return Err(sansocket_result::OUT_OF_RANGE);
        };
        *config = config.deflate(settings);
        Ok(())
    }))
}

/// Returns what the client offers of compression in `head`, the head of a request, if `config` has it on: a server may decide by
/// it on `deflate` and `no_deflate` of `sansocket_acceptance`. All zero if it offers none, or where an argument is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_request_deflate_offer(
    config: *const sansocket_config,
    head: *const u8,
    head_len: usize,
) -> sansocket_deflate_offer {
    // SAFETY: the caller lends configuration and head for the call.
    let (config, request) = unsafe { (lent(config).ok(), request_at(head, head_len)) };
    let offer = config.zip(request).and_then(|(config, request)| request.offer(config, Origin::Any).ok()?.deflate());
    offer.map_or(sansocket_deflate_offer::NONE, Into::into)
}

/// Returns what the opening handshake agreed on compression; all zero if that is nothing, before it is over, or without a
/// connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_get_deflate(ws: *const sansocket) -> sansocket_deflate_agreement {
    // SAFETY: the caller keeps to what stands at the top of the header.
    let agreed = unsafe { object_ref(ws) }.ok().and_then(|endpoint| Some((endpoint.negotiated().deflate()?, endpoint.role())));
    agreed.map_or(sansocket_deflate_agreement::NONE, |(params, role)| sansocket_deflate_agreement::new(params, role))
}

/// The caller's settings, which go by the rules of `configured`, so that programs which never turn compression on have none of
/// them. `None` for NULL.
///
/// # Safety
/// NULL, or lent for the call.
pub(super) unsafe fn settings_over(
    configured: DeflateConfig,
    settings: *const sansocket_deflate_config,
) -> Result<Option<DeflateConfig>, sansocket_result> {
    if settings.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and of bytes, which need no alignment; the rest is what our caller promises.
    let settings = unsafe { *settings };
    if settings.reserved != [0; 3] {
        return Err(sansocket_result::INVALID_ARGUMENT);
    }
    let wanted = configured
        .send_window_bits(window_bits(settings.send_window_bits))
        .receive_window_bits(window_bits(settings.receive_window_bits))
        .send_no_context_takeover(settings.send_no_context_takeover != 0)
        .receive_no_context_takeover(settings.receive_no_context_takeover != 0)
        .fallback(settings.fallback != 0);
    Ok(Some(wanted))
}

impl sansocket_deflate_offer {
    const NONE: Self = Self {
        is_offered: 0,
        server_no_context_takeover: 0,
        server_max_window_bits: 0,
        client_no_context_takeover: 0,
        client_max_window_bits: 0,
        reserved: [0; 3],
    };
}

impl From<DeflateOffer> for sansocket_deflate_offer {
    fn from(offer: DeflateOffer) -> Self {
        Self {
            is_offered: 1,
            server_no_context_takeover: offer.server_no_context_takeover.into(),
            server_max_window_bits: offer.server_max_window_bits.unwrap_or(0),
            client_no_context_takeover: offer.client_no_context_takeover.into(),
            client_max_window_bits: offer.client_max_window_bits.unwrap_or(0),
            reserved: [0; 3],
        }
    }
}

impl sansocket_deflate_agreement {
    const NONE: Self = Self {
        is_agreed: 0,
        send_window_bits: 0,
        receive_window_bits: 0,
        send_no_context_takeover: 0,
        receive_no_context_takeover: 0,
        reserved: [0; 3],
    };

    fn new(params: DeflateParams, role: Role) -> Self {
        let (sent, received) = (params.sent_by(role), params.sent_by(role.peer()));
        Self {
            is_agreed: 1,
            send_window_bits: sent.max_window_bits,
            receive_window_bits: received.max_window_bits,
            send_no_context_takeover: sent.no_context_takeover.into(),
            receive_no_context_takeover: received.no_context_takeover.into(),
            reserved: [0; 3],
        }
    }
}
