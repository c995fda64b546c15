# Counts the cells of benches/cost under callgrind. Needs ci/lib/common.sh.

need cargo:cargo-web valgrind:valgrind,libc6-dbg python3
build_in cost

# count_cells PROGRAM FEATURES FOLDER: leaves a dump for each cell there.
count_cells() {
    cargo build --quiet --release --manifest-path benches/cost/Cargo.toml --features "$2" --bin "$1"
    mkdir -p "$3"
    # valgrind counts every byte of a `rep movsb` as an instruction: have glibc copy with vectors. No other setting of the caller's counts.
    env -i GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=0x40000000:glibc.cpu.x86_rep_stosb_threshold=0x40000000 PATH="$PATH" \
        valgrind -q --tool=callgrind --instr-atstart=no --toggle-collect='counted*' --toggle-collect=sansocket_receive \
        --toggle-collect=sansocket_send --callgrind-out-file="$3/$1" "$CARGO_TARGET_DIR/release/$1"
}
