//! The same program with an allocator that counts. It is slower: only bytes per connection are taken from it.
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() {
    wsbench_tokio::main(Some(|| HEAP.current_usage()));
}
