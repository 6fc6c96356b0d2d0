//! A job for the process tests that reaches for WASI, as programs in many languages do: it looks around, waits, prints,
//! leaves, and takes more than there is. The parameter `what` says which.

use wasmill_sdk::prelude::*;

#[cfg(target_family = "wasm")]
mod outside {
    //! The interfaces of WASI, beside those of the contract.
    wit_bindgen::generate!({ path: "wit", world: "outside", generate_all });

    pub(crate) use wasi::cli::{environment, exit, stderr, stdout};
    pub(crate) use wasi::clocks::{monotonic_clock, wall_clock};
    pub(crate) use wasi::filesystem::preopens;
    pub(crate) use wasi::random::random;
    pub(crate) use wasi::sockets::network::IpAddressFamily;
    pub(crate) use wasi::sockets::tcp_create_socket::create_tcp_socket;
}

/// An hour.
#[cfg(target_family = "wasm")]
const HOUR_NS: u64 = 3_600_000_000_000;

/// Does one thing with WASI and tells what came of it.
#[cfg(target_family = "wasm")]
fn tell(what: &str, number: i64) -> Result<String, String> {
    use outside::{environment, monotonic_clock, preopens, random};
    Ok(match what {
        "look" => format!(
            "{number}: {} variables, {} arguments, {} directories, {} a socket",
            environment::get_environment().len(),
            environment::get_arguments().len(),
            preopens::get_directories().len(),
            match outside::create_tcp_socket(outside::IpAddressFamily::Ipv4) {
                Ok(_) => "got".to_owned(),
                Err(code) => format!("{} instead of", code.name()),
            },
        ),
        "draw" => format!("{number}: {:016x}", random::get_random_u64()),
        "draw-all" => format!("{} bytes", random::get_random_bytes(1 << 40).len()),
        "wall" => outside::wall_clock::now().seconds.to_string(),
        "wait" => {
            let before = monotonic_clock::now();
            monotonic_clock::subscribe_duration(HOUR_NS).block();
            let waited = monotonic_clock::now() - before;
            format!("{number}: {}", waited / HOUR_NS)
        }
        "spin" => {
            let before = monotonic_clock::now();
            while monotonic_clock::now() < before + 10_000_000 {}
            format!("{number}: 10 ms")
        }
        "hold" => {
            let mut held = Vec::new();
            loop {
                held.push(monotonic_clock::subscribe_duration(1));
            }
        }
        "print" => {
            let line = format!("printed {number}\n");
            let written = outside::stdout::get_stdout().blocking_write_and_flush(line.as_bytes());
            written.map_err(|error| format!("{error:?}"))?;
            line
        }
        "exit" => {
            let last = outside::stderr::get_stderr().blocking_write_and_flush(b"I am leaving\n");
            last.map_err(|error| format!("{error:?}"))?;
            outside::exit::exit(Err(()));
            String::new()
        }
        other => return Err(format!("nothing is called {other}")),
    })
}

#[cfg(not(target_family = "wasm"))]
fn tell(_what: &str, _number: i64) -> Result<String, String> {
    Err("there is no WASI outside a component".to_owned())
}

/// Tells per record.
struct Tells(String);

impl Process for Tells {
    type In = i64;
    type Out = String;

    fn process(
        &mut self,
        number: i64,
        _ctx: &mut ProcessContext<'_>,
        out: &mut Collector<'_, String>,
    ) -> Outcome {
        out.emit(tell(&self.0, number)?);
        Ok(())
    }
}

#[wasmill_sdk::job]
fn wasi(env: &mut Env) -> Result<(), JobError> {
    env.name("wasi");
    let what: String = env.param("what").describe("what to do").default("look")?;
    let numbers: i64 = env
        .param("numbers")
        .describe("how many records there are")
        .default(3)?;
    env.source::<i64>(Collection::of::<i64>((0..numbers).map(Into::into)))
        .process(move |_ctx| Tells(what.clone()))
        .uid("outside")
        .name("outside")
        .sink(Collect::new())
        .uid("out");
    Ok(())
}
