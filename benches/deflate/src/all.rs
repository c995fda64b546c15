//! What is measured: every codec there is.

use crate::codec::{Codec, Compress, Inflate};
#[cfg(feature = "others")]
use crate::ports;
use crate::{c, ours};

/// Ours at every level.
pub(crate) fn our_compressors(window_bits: u8) -> Vec<Codec<dyn Compress>> {
    let of = |(name, level)| {
        let make = move || -> Box<dyn Compress> { Box::new(ours::OurCompressor::new(window_bits, level)) };
        Codec::new(format!("own {name}"), make)
    };
    ours::LEVELS.into_iter().map(of).collect()
}

/// C zlib with a window of at least 9 bits; `memory` is its memLevel.
pub(crate) fn zlib(level: i32, window_bits: u8, memory: i32) -> Codec<dyn Compress> {
    let make = move || -> Box<dyn Compress> { Box::new(c::zlib::Deflate::new(level, window_bits, memory)) };
    Codec::new(format!("zlib {level}"), make)
}

/// All, with a window of 32 KiB.
pub(crate) fn compressors() -> Vec<Codec<dyn Compress>> {
    let mut all = our_compressors(15);
    all.extend([zlib(1, 15, 8), zlib(6, 15, 8)]);
    #[cfg(feature = "others")]
    {
        for level in [1, 6] {
            all.push(Codec::<dyn Compress>::new(format!("zlib-rs {level}"), move || Box::new(ports::ZlibRs::new(level))));
        }
        all.push(Codec::<dyn Compress>::new("miniz_oxide 6", || Box::new(ports::Miniz::new(6))));
        for level in [1, 6] {
            let make = move || -> Box<dyn Compress> { Box::new(c::zlib_ng::Deflate::new(level, 15, 8)) };
            all.push(Codec::new(format!("zlib-ng {level}"), make));
        }
    }
    all
}

pub(crate) fn our_inflater() -> Codec<dyn Inflate> {
    Codec::<dyn Inflate>::new("own", || Box::new(ours::OurInflater::new(15)))
}

pub(crate) fn inflaters() -> Vec<Codec<dyn Inflate>> {
    vec![
        our_inflater(),
        Codec::<dyn Inflate>::new("zlib", || Box::new(c::zlib::Inflate::new())),
        #[cfg(feature = "others")]
        Codec::<dyn Inflate>::new("zlib-rs", || Box::new(ports::ZlibRsInflate::new())),
        #[cfg(feature = "others")]
        Codec::<dyn Inflate>::new("zlib-ng", || Box::new(c::zlib_ng::Inflate::new())),
        #[cfg(feature = "others")]
        Codec::<dyn Inflate>::new("miniz_oxide", || Box::new(ports::MinizInflate::new())),
    ]
}
