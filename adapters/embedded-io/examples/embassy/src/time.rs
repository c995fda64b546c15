//! embassy's clock: milliseconds, counted by SysTick.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

pub fn start(mut systick: SYST) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(TICKS_PER_MS - 1);
    systick.clear_current();
    systick.enable_counter();
    systick.enable_interrupt();
}

struct SysTickDriver {
    ms: Mutex<Cell<u64>>,
    /// Who waits, and until when the first does.
    queue: Mutex<RefCell<(Queue, u64)>>,
}

embassy_time_driver::time_driver_impl!(static DRIVER: SysTickDriver = SysTickDriver {
    ms: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new((Queue::new(), u64::MAX))),
});

impl Driver for SysTickDriver {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.ms.borrow(cs).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let (queue, next) = &mut *self.queue.borrow_ref_mut(cs);
            if queue.schedule_wake(at, waker) {
                *next = queue.next_expiration(self.ms.borrow(cs).get());
            }
        });
    }
}

#[exception]
fn SysTick() {
    critical_section::with(|cs| {
        let ms = DRIVER.ms.borrow(cs);
        ms.set(ms.get() + 1);
        let (queue, next) = &mut *DRIVER.queue.borrow_ref_mut(cs);
        if *next <= ms.get() {
            *next = queue.next_expiration(ms.get());
        }
    });
}

const TICKS_PER_MS: u32 = 25_000;
