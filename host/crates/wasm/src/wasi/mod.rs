//! WASI 0.2 with nothing behind it, for components whose language needs it to start: no files, sockets, environment,
//! arguments or input. What is printed becomes log lines, clocks stand still but for what the guest waits, random
//! numbers follow from the task.
//!
//! Invariants: a component without imports of WASI pays nothing, for the context is made by the first use; no function
//! waits, so the time limit of a call holds; nothing here can grow within a call without a limit. What is refused is an
//! error inside the guest (`access-denied`), never a failure of the host. HTTP is not linked at all, see `inspect`.

mod clocks;
mod io;
mod random;
mod stdio;

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{self, cli, clocks as clock, filesystem, random as rng, sockets};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_io::bindings::wasi::io::error;

use crate::host_state::HostState;
use clocks::{Clocks, GuestClock};
use io::Immediate;
pub(crate) use random::GuestRandom;
use stdio::Stdio;
pub(crate) use stdio::{Printed, Stream};

/// Resources (streams, pollables) one guest may hold at a time.
const RESOURCES_MAX: usize = 10_000;

/// What a guest sees of WASI.
pub(crate) struct ClosedWasi {
    ctx: WasiCtx,
    table: ResourceTable,
    clock: GuestClock,
    stdio: Stdio,
    random: GuestRandom,
}

impl ClosedWasi {
    fn new(random: GuestRandom) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        Self {
            ctx: WasiCtx::builder()
                .allow_tcp(false)
                .allow_udp(false)
                .allow_ip_name_lookup(false)
                .build(),
            table,
            clock: GuestClock::default(),
            stdio: Stdio::default(),
            random,
        }
    }

    /// Continues where a former instance of the same task stopped.
    pub(crate) fn go_on_from(&mut self, former: &Self) {
        self.random = former.random.clone();
        self.clock.go_on_from(&former.clock);
    }

    /// A call begins at this processing time.
    pub(crate) fn enter(&mut self, processing_time_ms: i64) {
        self.clock.enter(processing_time_ms);
    }

    /// What was printed since, and what a stopped guest left without a line end if `all`.
    pub(crate) fn printed(&mut self, all: bool) -> Vec<Printed> {
        self.stdio.drain(all)
    }

    /// The end of what a guest wrote to its error stream and that is not in the log yet.
    pub(crate) fn last_words(&self) -> Option<String> {
        self.stdio.last_words()
    }
}

impl HostState {
    /// The context, made by the first function of WASI that is called.
    pub(crate) fn closed_wasi(&mut self) -> &mut ClosedWasi {
        let processing_time_ms = self.call.moment.processing_time_ms;
        let Self {
            wasi, random_seed, ..
        } = self;
        wasi.get_or_insert_with(|| {
            let mut closed = ClosedWasi::new(GuestRandom::new(random_seed));
            closed.enter(processing_time_ms);
            Box::new(closed)
        })
    }
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ClosedWasi { ctx, table, .. } = self.closed_wasi();
        WasiCtxView { ctx, table }
    }
}

impl HasData for Immediate<'static> {
    type Data<'a> = Immediate<'a>;
}

impl HasData for Clocks<'static> {
    type Data<'a> = Clocks<'a>;
}

impl HasData for stdio::Output<'static> {
    type Data<'a> = stdio::Output<'a>;
}

impl HasData for GuestRandom {
    type Data<'a> = &'a mut Self;
}

struct Errors;

impl HasData for Errors {
    type Data<'a> = &'a mut ResourceTable;
}

/// A linker's functions of WASI.
///
/// # Errors
/// A name is taken.
pub(crate) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    add_ours(linker)?;
    let l = linker;
    error::add_to_linker::<_, Errors>(l, |state| &mut state.closed_wasi().table)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, HostState::filesystem)?;
    bindings::sync::filesystem::types::add_to_linker::<_, WasiFilesystem>(
        l,
        HostState::filesystem,
    )?;
    cli::exit::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, HostState::cli)?;
    let network = &sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<_, WasiSockets>(l, network, HostState::sockets)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(l, HostState::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(l, HostState::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(l, HostState::sockets)?;
    bindings::sync::sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(
        l,
        HostState::sockets,
    )?;
    bindings::sync::sockets::tcp::add_to_linker::<_, WasiSockets>(l, HostState::sockets)?;
    bindings::sync::sockets::udp::add_to_linker::<_, WasiSockets>(l, HostState::sockets)
}

/// The interfaces that answer otherwise than the library would.
fn add_ours(l: &mut Linker<HostState>) -> wasmtime::Result<()> {
    clock::wall_clock::add_to_linker::<_, Clocks<'static>>(l, clocks::clocks)?;
    clock::monotonic_clock::add_to_linker::<_, Clocks<'static>>(l, clocks::clocks)?;
    rng::random::add_to_linker::<_, GuestRandom>(l, GuestRandom::of)?;
    rng::insecure::add_to_linker::<_, GuestRandom>(l, GuestRandom::of)?;
    rng::insecure_seed::add_to_linker::<_, GuestRandom>(l, GuestRandom::of)?;
    cli::stdout::add_to_linker::<_, stdio::Output<'static>>(l, stdio::output)?;
    cli::stderr::add_to_linker::<_, stdio::Output<'static>>(l, stdio::output)?;
    bindings::sync::io::poll::add_to_linker::<_, Immediate<'static>>(l, io::immediate)?;
    bindings::sync::io::streams::add_to_linker::<_, Immediate<'static>>(l, io::immediate)
}
