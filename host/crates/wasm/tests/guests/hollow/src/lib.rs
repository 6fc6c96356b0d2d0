//! A component that has nothing to do with the contract.

wit_bindgen::generate!({
    inline: "package test:hollow; world hollow { export run: func(); }",
});

struct Hollow;

impl Guest for Hollow {
    fn run() {}
}

export!(Hollow);
