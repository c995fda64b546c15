//! A server over another HTTP library: this file is all that is needed between `http`'s types and ours.

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use sansocket::{Answer, Config, ExtendedConnect, Header, Offer, OfferError, Origin};

/// The fields of `map` as the library takes them.
pub fn fields(map: &HeaderMap) -> impl Iterator<Item = Header<'_>> {
    map.iter().map(|(name, value)| Header::from((name.as_str(), value.as_bytes())))
}

/// What a request offers, over HTTP/1.1 or, with `protocol` from its extensions, over HTTP/2.
///
/// # Errors
/// Those of [`Offer`].
pub fn offer<'c, B>(
    request: &Request<B>,
    protocol: Option<&str>,
    config: &'c Config<'c>,
    origin: Origin<'_>,
) -> Result<Offer<'c>, OfferError> {
    let (method, uri, fields) = (request.method(), request.uri(), fields(request.headers()));
    match protocol {
        Some(protocol) if method == Method::CONNECT => {
            let connect = ExtendedConnect {
                protocol,
                scheme: uri.scheme_str().unwrap_or_default(),
                authority: uri.authority().map(|authority| authority.as_str()).unwrap_or_default(),
                path: uri.path_and_query().map(|path| path.as_str()).unwrap_or_default(),
            };
            Offer::of_extended_connect(connect, fields, config, origin)
        }
        _ => Offer::of_http1(method.as_str(), fields, config, origin),
    }
}

/// The response that accepts.
///
/// # Panics
/// Never: what the library gives is a status and field values.
pub fn response(answer: &Answer<'_>) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap();
    for (name, value) in answer.fields() {
        response.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    response
}
