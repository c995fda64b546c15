//! Builds `libsansocket.a` and `../c/sansocket.c`, and links both.
use std::env::var;
use std::path::Path;
use std::process::Command;

fn main() {
    let root = "../../..";
    for path in ["src", "session/src", "socketio/src", "capi/src", "capi/Cargo.toml", "Cargo.toml", "include"] {
        println!("cargo:rerun-if-changed={root}/{path}");
    }
    for path in ["build.rs", "../c/sansocket.c", "../c/peer.h"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out = var("OUT_DIR").unwrap();
    let target = Path::new(&out).join("target");
    let mut cargo = Command::new(var("CARGO").unwrap());
    cargo.args(["build", "--quiet", "--release", "--manifest-path", &format!("{root}/capi/Cargo.toml"), "--target-dir"]);
    assert!(cargo.arg(&target).status().expect("cargo runs").success(), "capi does not build");

    let mut c = cc::Build::new();
    c.file("../c/sansocket.c").include("../c").include(format!("{root}/include")).opt_level(3).compile("wssansocket");
    println!("cargo:rustc-link-search=native={}", target.join("release").display());
    // Its objects came from rustc, too: bundled into our rlib they would be taken for parts of it.
    println!("cargo:rustc-link-lib=static:-bundle=sansocket");
}
