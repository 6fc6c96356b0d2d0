//! A component with the names of the contract and other types behind them.

wit_bindgen::generate!({
    inline: "
        package wasmill:dataflow@0.1.0;
        interface manifest { describe: func() -> string; }
        interface operator {
            open: func();
            process: func(value: list<u8>) -> list<u8>;
            on-timers: func();
            on-watermark: func();
            finish: func();
        }
        world operators { export manifest; export operator; }
    ",
});

use exports::wasmill::dataflow::{manifest, operator};

struct Outdated;

impl manifest::Guest for Outdated {
    fn describe() -> String {
        String::new()
    }
}

impl operator::Guest for Outdated {
    fn open() {}
    fn process(value: Vec<u8>) -> Vec<u8> {
        value
    }
    fn on_timers() {}
    fn on_watermark() {}
    fn finish() {}
}

export!(Outdated);
