//! The C library: `sansocket`'s C layer, those of its sessions and of Socket.IO, and what a program without Rust's standard library lacks; nothing else.
#![cfg_attr(not(feature = "std"), no_std)]

// Its functions have C's names and are exported from here.
extern crate sansocket as _;
#[cfg(feature = "session")]
extern crate sansocket_session as _;
#[cfg(feature = "socketio")]
extern crate sansocket_socketio as _;

/// No call gets here: `ci/link-proof` shows that no function of the header can reach a panic.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "link-proof")]
    {
        unsafe extern "C" {
            safe fn sansocket_a_panic_is_reachable() -> !;
        }
        sansocket_a_panic_is_reachable()
    }
    #[cfg(not(feature = "link-proof"))]
    loop {}
}
