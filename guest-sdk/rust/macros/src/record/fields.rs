//! The part of `#[derive(Record)]` that makes fields reachable by number, for projections.
//!
//! Only structs have it. Names and types are constants of the type; a field is reached by indexing an array.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Generics, Type};

/// Implements `Fields` for a struct with these fields.
pub(super) fn expand(
    ident: &Ident,
    generics: &Generics,
    names: &[&Ident],
    labels: &[String],
    types: &[&Type],
) -> TokenStream {
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let count = names.len();
    let indices = 0..count;
    quote! {
        impl #impl_generics ::wasmill_sdk::Fields for #ident #type_generics #where_clause {
            const NAMES: &'static [&'static str] = &[#(#labels),*];

            fn types() -> ::std::vec::Vec<::core::any::TypeId> {
                ::std::vec![#(::core::any::TypeId::of::<#types>()),*]
            }

            #[inline]
            fn field(&self, index: usize) -> &dyn ::core::any::Any {
                let fields: [&dyn ::core::any::Any; #count] = [#(&self.#names),*];
                fields[index.min(#count - 1)]
            }

            #[inline]
            fn from_fields<'a>(
                field: impl ::core::ops::Fn(usize) -> &'a dyn ::core::any::Any,
            ) -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self {
                    #(#names: field(#indices).downcast_ref::<#types>()?.clone(),)*
                })
            }
        }
    }
}
