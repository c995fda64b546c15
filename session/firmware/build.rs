//! Hands the linker scripts of examples/firmware to the linker.

fn main() {
    println!("cargo::rustc-link-search={}/../../examples/firmware", env!("CARGO_MANIFEST_DIR"));
    // Without --nmagic the ELF headers are loaded too, before the vector table.
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=../../examples/firmware/memory.x");
    println!("cargo::rerun-if-changed=../../examples/firmware/device.x");
}
