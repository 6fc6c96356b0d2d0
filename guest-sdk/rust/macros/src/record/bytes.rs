//! The part of `#[derive(Record)]` by which a struct becomes bytes and is read back.
//!
//! Without nullable fields the slots are one array, checked once; the rare other records go through a writer and a
//! reader that keep count of null bits.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Type;

/// `encode` and `decode` of a struct with these fields.
pub(super) fn expand(names: &[&Ident], types: &[&Type], shape: &TokenStream) -> TokenStream {
    let count = names.len();
    let indices: Vec<_> = (0..count).collect();
    quote! {
        #[inline]
        fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
            if const { #(!<#types as ::wasmill_sdk::Row>::NULLABLE)&&* } {
                let start = out.len();
                let slots: [[u8; 8]; #count] = [
                    #(::wasmill_sdk::Row::to_slot(&self.#names).to_le_bytes()),*
                ];
                out.extend_from_slice(slots.as_flattened());
                #(::wasmill_sdk::row::write_part(&self.#names, out, start, #indices);)*
                return;
            }
            let mut record = ::wasmill_sdk::row::RecordWriter::new(out, const { &#shape });
            #(record.field(&self.#names);)*
        }

        #[inline]
        fn decode(bytes: &[u8]) -> ::core::result::Result<Self, ::wasmill_sdk::Error> {
            if const { #(!<#types as ::wasmill_sdk::Row>::NULLABLE)&&* } {
                let slots = ::wasmill_sdk::row::slots::<Self, #count>(bytes)?;
                let mut cursor = 8 * #count;
                let value = Self {
                    #(#names: ::wasmill_sdk::row::read_part(slots[#indices], bytes, &mut cursor)?,)*
                };
                ::wasmill_sdk::row::end_parts::<Self>(bytes, cursor)?;
                return ::core::result::Result::Ok(value);
            }
            let mut record =
                ::wasmill_sdk::row::RecordReader::new::<Self>(bytes, const { &#shape })?;
            let value = Self { #(#names: record.field()?,)* };
            record.finish::<Self>()?;
            ::core::result::Result::Ok(value)
        }
    }
}
