//! The macros of the Rust SDK: `#[derive(Record)]` gives a struct or plain enum its row encoding and Avro schema,
//! `#[job]` exports a job function as a component.
//!
//! What they generate speaks only of `::wasmill_sdk`, so a guest needs no other dependency.

mod record;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Implements `Row` for a struct with named fields (an Avro record) or an enum without data (an Avro enum).
///
/// State outlives the version of a component that wrote it. A field that was added says `#[record(default = 0)]`, one
/// that was renamed `#[record(alias = "before")]`; numbers may grow (`i32` to `i64`), fields may go.
#[proc_macro_derive(Record, attributes(record))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a function `fn(&mut Env) -> Result<(), JobError>` the job of this component.
#[proc_macro_attribute]
pub fn job(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    let name = &function.sig.ident;
    quote! {
        #function
        ::wasmill_sdk::export_job!(#name);
    }
    .into()
}
