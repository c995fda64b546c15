//! Milliseconds since the start, from a counter that needs no interrupt, and SysTick to end a sleep in time.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use sansocket::Instant;

pub struct Clock {
    systick: SYST,
    /// What has been counted up to `last_count`.
    now_ms: u64,
    last_count: u32,
}

impl Clock {
    pub fn start(mut systick: SYST) -> Self {
        write_register(PRESCALE, TICKS_PER_MS - 1);
        systick.set_clock_source(SystClkSource::Core);
        systick.enable_interrupt();
        Self { systick, now_ms: 0, last_count: read_register(COUNTER) }
    }

    /// The counter wraps around after 49 days: call this at least that often.
    pub fn now(&mut self) -> Instant {
        let count = read_register(COUNTER);
        self.now_ms = self.now_ms.wrapping_add(u64::from(count.wrapping_sub(self.last_count)));
        self.last_count = count;
        Instant::from_millis(self.now_ms)
    }

    /// From now on an interrupt ends a sleep when `due` has come, or after a tenth of a second if that is earlier.
    pub fn wake_at(&mut self, due: Option<Instant>) {
        let ms = due.map_or(u64::MAX, |due| due.as_millis().saturating_sub(self.now_ms));
        self.wake_after_ticks(u32::try_from(ms).unwrap_or(MAX_SLEEP_MS).clamp(1, MAX_SLEEP_MS) * TICKS_PER_MS);
    }

    /// The same for a time of fewer than 2^24 ticks of the processor's clock.
    pub fn wake_after_ticks(&mut self, ticks: u32) {
        self.systick.set_reload(ticks);
        self.systick.clear_current();
        self.systick.enable_counter();
    }
}

/// Its call has ended the sleep; there is nothing else to do.
#[exception]
fn SysTick() {}

fn read_register(address: usize) -> u32 {
    // SAFETY: the address is one of the two below, 32-bit registers of the board that are always powered.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

fn write_register(address: usize, value: u32) {
    // SAFETY: as above; the registers only set how fast a counter runs.
    unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
}

// The FPGA system registers of Arm's MPS2 boards: COUNTER advances once every PRESCALE + 1 ticks.
const COUNTER: usize = 0x4002_8018;
const PRESCALE: usize = 0x4002_801c;

const TICKS_PER_MS: u32 = 25_000;
/// SysTick has 24 bits, 671 ms. `Line` may notice as late as this that a peer is quiet.
const MAX_SLEEP_MS: u32 = 100;
