//! The codecs in C. Both have the same interface.

macro_rules! binding {
    ($name:ident, $z:ident) => {
        pub(crate) mod $name {
            use crate::allocations::{zalloc, zfree};
            use crate::codec::{self, TAIL};
            use std::ffi::{CStr, c_int};
            use std::mem::MaybeUninit;
            use $z as z;

            /// The layout is checked by the size that is passed beside it.
            const VERSION: &CStr = c"1.2.11";

            /// A stream that is initialised, and at the same address for its whole life.
            fn stream(init: impl FnOnce(*mut z::z_stream) -> c_int) -> *mut z::z_stream {
                let stream = Box::into_raw(Box::new(MaybeUninit::<z::z_stream>::zeroed())).cast::<z::z_stream>();
                // SAFETY: the memory is ours; with these two it is valid.
                unsafe {
                    (&raw mut (*stream).zalloc).write(zalloc);
                    (&raw mut (*stream).zfree).write(zfree);
                }
                assert_eq!(init(stream), z::Z_OK);
                stream
            }

            type Call = unsafe extern "C" fn(*mut z::z_stream, c_int) -> c_int;

            fn run(stream: *mut z::z_stream, call: Call, input: &[u8], output: &mut [u8]) -> usize {
                // SAFETY: the stream is initialised. Both buffers outlive the call, and the input is only read.
                unsafe {
                    (*stream).next_in = input.as_ptr().cast_mut();
                    (*stream).avail_in = input.len() as u32;
                    (*stream).next_out = output.as_mut_ptr();
                    (*stream).avail_out = output.len() as u32;
                    assert_eq!(call(stream, z::Z_SYNC_FLUSH), z::Z_OK);
                    assert!((*stream).avail_in == 0 && (*stream).avail_out > 0, "the output has room");
                    output.len() - (*stream).avail_out as usize
                }
            }

            pub(crate) struct Deflate(*mut z::z_stream);

            impl Deflate {
                pub(crate) fn new(level: c_int, window_bits: u8, memory: c_int) -> Self {
                    let size = size_of::<z::z_stream>() as c_int;
                    let bits = -c_int::from(window_bits);
                    // SAFETY: `stream` gives it a valid stream.
                    Self(stream(|stream| unsafe {
                        z::deflateInit2_(stream, level, z::Z_DEFLATED, bits, memory, 0, VERSION.as_ptr(), size)
                    }))
                }
            }

            impl codec::Compress for Deflate {
                fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize {
                    run(self.0, z::deflate, input, output) - TAIL.len()
                }

                fn reset(&mut self) {
                    // SAFETY: the stream is initialised.
                    assert_eq!(unsafe { z::deflateReset(self.0) }, z::Z_OK);
                }
            }

            impl Drop for Deflate {
                fn drop(&mut self) {
                    // SAFETY: the stream is initialised, came from a box and is not used again.
                    unsafe {
                        z::deflateEnd(self.0);
                        drop(Box::from_raw(self.0));
                    }
                }
            }

            pub(crate) struct Inflate(*mut z::z_stream);

            #[allow(dead_code, reason = "only C zlib checks what others send")]
            impl Inflate {
                pub(crate) fn new() -> Self {
                    let size = size_of::<z::z_stream>() as c_int;
                    // SAFETY: `stream` gives it a valid stream.
                    Self(stream(|stream| unsafe { z::inflateInit2_(stream, -15, VERSION.as_ptr(), size) }))
                }

                pub(crate) fn reset(&mut self) {
                    // SAFETY: the stream is initialised.
                    assert_eq!(unsafe { z::inflateReset(self.0) }, z::Z_OK);
                }
            }

            impl codec::Inflate for Inflate {
                fn message(&mut self, input: &[u8], output: &mut [u8]) -> usize {
                    run(self.0, z::inflate, input, output)
                }
            }

            impl Drop for Inflate {
                fn drop(&mut self) {
                    // SAFETY: as above.
                    unsafe {
                        z::inflateEnd(self.0);
                        drop(Box::from_raw(self.0));
                    }
                }
            }
        }
    };
}

binding!(zlib, libz_sys);
#[cfg(feature = "others")]
binding!(zlib_ng, libz_ng_sys);
