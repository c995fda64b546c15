//! A WebSocket server and client on a bare Cortex-M4, without heap: embassy's executor, clock and network, over the board's Ethernet.

#![no_std]
#![no_main]

mod host;
mod lan9118;
#[path = "../../../../../examples/firmware/src/semihosting.rs"]
mod semihosting;
#[path = "../../../../../examples/firmware/src/stack.rs"]
mod stack;
#[cfg_attr(feature = "bare", path = "bare.rs")]
mod talk;
mod time;

use cortex_m_rt::{ExceptionFrame, exception};
use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use lan9118::Lan9118;
use sansocket::{CloseCode, Entropy};
use static_cell::StaticCell;

/// How many peers at once. embassy-net has no queue of connections that wait: each is taken by a socket that listens.
const SERVERS: usize = 2;

/// A close code for private use (§7.4.2), with which the host ends the program.
const STOP: CloseCode = CloseCode(4000);

/// The machine on which QEMU runs, as its network shows it.
const HOST: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    static RESOURCES: StaticCell<StackResources<3>> = StaticCell::new();
    let Some(core) = cortex_m::Peripherals::take() else { semihosting::exit(1) };
    time::start(core.SYST);
    let mut seed = [0; 8];
    if host::HostEntropy::open().fill(&mut seed).is_err() {
        semihosting::exit(1);
    }
    let address = StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24),
        gateway: Some(HOST),
        dns_servers: Default::default(),
    };
    let (stack, runner) = embassy_net::new(
        Lan9118::start(),
        embassy_net::Config::ipv4_static(address),
        RESOURCES.init(StackResources::new()),
        u64::from_le_bytes(seed),
    );
    spawner.spawn(run_network(runner).unwrap_or_else(|_| semihosting::exit(1)));
    for _ in 0..SERVERS {
        spawner.spawn(serve(stack).unwrap_or_else(|_| semihosting::exit(1)));
    }
    spawner.spawn(report(stack).unwrap_or_else(|_| semihosting::exit(1)));
}

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, Lan9118>) {
    runner.run().await
}

/// One peer after the other.
#[embassy_executor::task(pool_size = SERVERS)]
async fn serve(stack: Stack<'static>) {
    let (mut rx, mut tx) = ([0; 2048], [0; 2048]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    loop {
        if socket.accept(9001).await.is_err() {
            semihosting::exit(3);
        }
        match talk::echo(&mut socket).await {
            Ok(STOP) => finish(),
            Ok(_) => {}
            Err(_) => semihosting::exit(4),
        }
        socket.abort();
        socket.flush().await.ok();
    }
}

#[embassy_executor::task]
async fn report(stack: Stack<'static>) {
    let (mut rx, mut tx) = ([0; 2048], [0; 2048]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    let Some(port) = host::last_argument() else { return };
    if socket.connect((HOST, port)).await.is_err() {
        semihosting::print(c"client: no connection\n");
        return;
    }
    semihosting::print(match talk::report(&mut socket, include_bytes!("talk.rs")).await {
        Ok(true) => c"client: closed, clean\n",
        Ok(false) => c"client: cut off\n",
        Err(_) => c"client: refused\n",
    });
}

/// Prints what CI reads, one `name value` a line, and ends the emulator.
fn finish() -> ! {
    semihosting::print_figure(c"echo", size_of_future(talk::echo));
    semihosting::print_figure(c"stack_size", stack::size());
    semihosting::print_figure(c"stack_high_water", stack::high_water());
    semihosting::exit(0)
}

fn size_of_future<'a, F: Future>(_: impl FnOnce(&'a mut TcpSocket<'static>) -> F) -> usize {
    size_of::<F>()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::print(c"panic\n");
    semihosting::exit(101)
}

/// A bus fault, an undefined instruction and the like. (cortex-m-rt requires `unsafe` in the signature; nothing in here is.)
#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    semihosting::print(c"hard fault\n");
    semihosting::exit(102)
}
