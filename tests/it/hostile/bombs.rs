//! Modules that are dear to compile or to start: good ones with more in them. What is absurd is refused before a
//! compiler sees it; the rest is stopped by the limits of the process that compiles.

use std::path::PathBuf;
use std::time::Duration;

use super::binary::{CODE, MEMORIES, Module, START, TABLES, leb};
use crate::support::programs::guest;
use crate::support::run::{Ended, Run};

/// No bomb takes longer, on a loaded machine too.
const LIMIT: Duration = Duration::from_secs(40);

const LOOP: u8 = 0x03;
const BLOCK: u8 = 0x02;
const NO_RESULT: u8 = 0x40;
const END: u8 = 0x0b;
const BR: u8 = 0x0c;
const BR_IF: u8 = 0x0d;
const BR_TABLE: u8 = 0x0e;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const I32_LOAD: u8 = 0x28;
const I32_CONST: u8 = 0x41;
const I32_ADD: u8 = 0x6a;
const DROP: u8 = 0x1a;
const I32: u8 = 0x7f;

fn good() -> Module {
    Module::of(&std::fs::read(guest("guest_hostile")).expect("the guest was built"))
}

/// Runs a module in a directory of its own, with nothing cached.
fn run(module: &[u8], settings: &[(&str, &str)]) -> Ended {
    let dir = tempfile::tempdir().expect("a directory");
    let path: PathBuf = dir.path().join("bomb.wasm");
    std::fs::write(&path, module).expect("the bomb can be written");
    let mut run = Run::bare("run").arg(&path);
    run = run.set("data.cache-dir", dir.path().join("cache"));
    for (key, value) in settings {
        run = run.set(key, value);
    }
    let mut running = run.start();
    let in_time = running.exits_within(LIMIT).is_some();
    assert!(in_time, "it did not end\n{}", running.errors());
    running.end()
}

fn fails(module: &[u8], settings: &[(&str, &str)], words: &[&str]) {
    run(module, settings).fails_naming(words);
}

/// Locals that all live through nested loops: little to read, much to allocate registers for.
fn locals_through_loops(locals: u32, loops: usize) -> Vec<u8> {
    let mut body = [vec![1], leb(u64::from(locals)), vec![I32]].concat();
    for local in 0..locals {
        // Values that a compiler cannot know.
        body.extend([I32_CONST, 0, I32_LOAD, 2]);
        body.extend(leb(u64::from(4 * local)));
        body.push(LOCAL_SET);
        body.extend(leb(u64::from(local)));
    }
    for _ in 0..loops {
        body.extend([LOOP, NO_RESULT]);
        for local in 0..locals {
            let (here, next) = (leb(u64::from(local)), leb(u64::from((local + 1) % locals)));
            body.push(LOCAL_GET);
            body.extend(&here);
            body.push(LOCAL_GET);
            body.extend(&next);
            body.push(I32_ADD);
            body.push(LOCAL_SET);
            body.extend(&here);
        }
        body.extend([LOCAL_GET, 0, BR_IF, 0, END]);
    }
    body
}

/// What takes a compiler minutes.
pub(super) fn dear_to_compile() -> Vec<u8> {
    let mut dear = good();
    dear.add_functions(8, &locals_through_loops(1000, 100));
    dear.bytes()
}

#[test]
fn what_is_absurd_is_refused_before_it_is_compiled() {
    let mut many = good();
    many.add_functions(300_000, &[0]);
    fails(
        &many.bytes(),
        &[],
        &["bomb.wasm", "functions", "200000 are allowed"],
    );

    let mut large = good();
    let adds = [I32_CONST, 1, DROP].repeat(500_000);
    large.add_functions(1, &[vec![0], adds].concat());
    fails(
        &large.bytes(),
        &[],
        &["bomb.wasm", "size of one function", "1048576"],
    );

    let mut locals = good();
    locals.add_functions(1, &[vec![1], leb(60_000), vec![I32]].concat());
    fails(&locals.bytes(), &[], &["bomb.wasm", "locals"]);

    let mut targets = good();
    let table = [
        vec![BLOCK, NO_RESULT, I32_CONST, 0, BR_TABLE],
        leb(900_000),
        vec![0; 900_001],
        vec![END],
    ];
    targets.add_functions(1, &[vec![vec![0]], table.to_vec()].concat().concat());
    fails(&targets.bytes(), &[], &["bomb.wasm"]);

    let zeros = vec![0_u8; 3 << 20];
    fails(
        &zeros,
        &[("guest.component-size", "2MiB")],
        &["bomb.wasm", "file size", "2097152"],
    );
}

#[test]
fn what_takes_long_to_compile_is_stopped() {
    let dear = dear_to_compile();
    let settings = [("guest.compile.cpu", "2s")];
    fails(&dear, &settings, &["bomb.wasm", "processor time", "2 s"]);
    let settings = [("guest.compile.timeout", "1s")];
    fails(&dear, &settings, &["bomb.wasm", "more time", "1s"]);
}

#[test]
fn what_takes_much_memory_to_compile_is_stopped() {
    let mut dear = good();
    dear.add_functions(150_000, &[0, I32_CONST, 1, DROP]);
    let settings = [("guest.compile.memory", "300MiB")];
    fails(
        &dear.bytes(),
        &settings,
        &["bomb.wasm", "memory", "300 MiB"],
    );
}

#[test]
fn modules_that_start_badly_are_refused() {
    let bytes = std::fs::read(guest("guest_hostile")).expect("the guest was built");
    let own = Module::of(&bytes).count(3);
    let added = leb(Module::imported_functions(&bytes) + own);
    let settings = [("guest.call-timeout", "300ms")];

    let mut endless = good();
    endless.add_functions(1, &[0, LOOP, NO_RESULT, BR, 0, END]);
    endless.insert_before(9, START, added.clone());
    fails(
        &endless.bytes(),
        &settings,
        &["bomb.wasm", "time per call (ms)"],
    );

    let mut trapping = good();
    trapping.add_functions(1, &[0, 0x00]);
    trapping.insert_before(9, START, added);
    fails(&trapping.bytes(), &settings, &["bomb.wasm", "unreachable"]);

    let mut memory = good();
    memory.replace(MEMORIES, [vec![1, 0], leb(65_536)].concat());
    fails(&memory.bytes(), &settings, &["bomb.wasm", "memory (bytes)"]);

    let mut table = good();
    table.append(TABLES, 1, &[vec![0x70, 0], leb(9_000_000)].concat());
    fails(
        &table.bytes(),
        &settings,
        &["bomb.wasm", "table (elements)", "100000"],
    );

    let mut tables = good();
    tables.append(TABLES, 90, &[0x70, 0, 1].repeat(90));
    fails(&tables.bytes(), &settings, &["bomb.wasm", "table"]);
}

#[test]
fn code_that_does_not_validate_is_refused() {
    let mut wrong = good();
    wrong.add_functions(1, &[0, I32_ADD, DROP]);
    fails(&wrong.bytes(), &[], &["bomb.wasm", "type mismatch"]);
    let mut short = good();
    short.append(CODE, 1, &[]);
    fails(&short.bytes(), &[], &["bomb.wasm"]);
    let mut deep = good();
    let nested = [[BLOCK, NO_RESULT].repeat(100_000), vec![END; 100_000]].concat();
    deep.add_functions(1, &[vec![0], nested].concat());
    // Deep, but right: it may be compiled, as long as that comes to an end.
    let ended = run(&deep.bytes(), &[("guest.compile.cpu", "5s")]);
    assert!(matches!(ended.code, Some(0..=2)), "{}", ended.told());
}
