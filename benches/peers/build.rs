//! Compiles the C and C++ peers and the malloc hook, all of them part of the feature `peers`.

#[cfg(not(feature = "peers"))]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}

#[cfg(feature = "peers")]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=c");
    println!("cargo:rerun-if-env-changed=UWS_SRC");
    let Ok(uws) = std::env::var("UWS_SRC") else {
        println!("cargo:error=UWS_SRC is not set: build with ./run.sh, which downloads uWebSockets, or leave out");
        println!("cargo:error=the foreign peers with --no-default-features");
        std::process::exit(1);
    };
    let c = |name: &str, file: &str| {
        let mut b = cc::Build::new();
        b.file(file).include("c").opt_level(3).warnings(false);
        b.flag("-w").compile(name);
    };
    c("wshooks", "c/hooks.c");
    c("wsc", "c/wslay.c"); // add C peers here

    let cpp = |compiler: &str, march: &str, file: &str| {
        let mut b = cc::Build::new();
        b.cpp(true).compiler(compiler).std("c++20");
        b.file(file).include("c").opt_level(3).warnings(false);
        b.flag(format!("-march={march}")).flag("-w");
        b.define("NDEBUG", None);
        b
    };
    cpp("g++", "x86-64", "c/beast.cpp").compile("wsbeast");
    for (tag, compiler, march, native) in [
        ("gcc", "g++", "x86-64", false),
        ("clang", "clang++", "x86-64", false),
        ("gcc_native", "g++", "native", true),
        ("clang_native", "clang++", "native", true),
    ] {
        let mut b = cpp(compiler, march, "c/uws.cpp");
        b.include("c/stub").include(&uws).define("TAG", tag);
        if native {
            b.define("NATIVE", None);
        }
        b.compile(&format!("wsuws_{tag}"));
    }
    println!("cargo:rustc-link-lib=dylib=wslay");
    println!("cargo:rustc-link-lib=dylib=z");
}
