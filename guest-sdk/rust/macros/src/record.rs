//! The expansion of `#[derive(Record)]`.
//!
//! A record whose fields are all fixed-width is written and read as an array of slots, without a branch; any other
//! goes through the writer and reader of `wasmill_sdk::row`. Which of the two is decided by constants.

mod bytes;
mod evolution;
mod fields;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Generics, parse_quote};

/// Expands the derive for one type.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => expand_struct(input, fields),
            Fields::Named(_) | Fields::Unnamed(_) | Fields::Unit => Err(Error::new_spanned(
                &input.ident,
                "a record needs named fields, at least one",
            )),
        },
        Data::Enum(data) => expand_enum(input, data),
        Data::Union(_) => Err(Error::new_spanned(&input.ident, "a union has no schema")),
    }
}

/// Asks every type parameter to be a row.
fn bounded(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::wasmill_sdk::Row));
    }
    generics
}

/// The Avro name: the type's, followed by those of its parameters.
fn name_body(input: &DeriveInput) -> TokenStream {
    let ident = input.ident.to_string();
    let parameters = input.generics.type_params().map(|p| &p.ident);
    quote! {
        let mut name = ::std::string::String::from(#ident);
        #(
            name.push('_');
            name.push_str(&<#parameters as ::wasmill_sdk::Row>::name());
        )*
        name
    }
}

fn expand_struct(input: &DeriveInput, fields: &syn::FieldsNamed) -> Result<TokenStream, Error> {
    let ident = &input.ident;
    let generics = bounded(&input.generics);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let name = name_body(input);
    let names: Vec<_> = fields
        .named
        .iter()
        .filter_map(|f| f.ident.as_ref())
        .collect();
    let labels: Vec<_> = names
        .iter()
        .map(|n| n.to_string().trim_start_matches("r#").to_owned())
        .collect();
    let types: Vec<_> = fields.named.iter().map(|f| &f.ty).collect();
    let evolution = evolution::expand(fields)?;
    let is_mut = (!evolution.is_empty()).then(|| quote!(mut));
    let fields_impl = fields::expand(ident, &generics, &names, &labels, &types);
    let shape = quote! {
        [#((
            <#types as ::wasmill_sdk::Row>::NULLABLE,
            <#types as ::wasmill_sdk::Row>::FIELD_WIDTH,
        )),*]
    };
    let bytes = bytes::expand(&names, &types, &shape);
    Ok(quote! {
        impl #impl_generics ::wasmill_sdk::Row for #ident #type_generics #where_clause {
            const WIDTH: ::core::option::Option<usize> = ::wasmill_sdk::row::record_width(&#shape);

            fn name() -> ::std::string::String {
                #name
            }

            fn schema(names: &mut ::wasmill_sdk::row::SchemaNames) -> ::wasmill_sdk::json::Value {
                names.define(<Self as ::wasmill_sdk::Row>::name(), |names| {
                    let #is_mut schema = ::wasmill_sdk::row::record_schema(
                        &<Self as ::wasmill_sdk::Row>::name(),
                        [#((#labels, <#types as ::wasmill_sdk::Row>::schema(names))),*],
                    );
                    #evolution
                    schema
                })
            }

            #bytes
        }
        #fields_impl
    })
}

fn expand_enum(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream, Error> {
    if let Some(variant) = data
        .variants
        .iter()
        .find(|v| !matches!(v.fields, Fields::Unit))
    {
        return Err(Error::new_spanned(
            variant,
            "an enum with data has no schema",
        ));
    }
    if data.variants.is_empty() || !input.generics.params.is_empty() {
        let reason = "an enum needs variants and no parameters";
        return Err(Error::new_spanned(&input.ident, reason));
    }
    let ident = &input.ident;
    let label = ident.to_string();
    let variants: Vec<_> = data.variants.iter().map(|v| &v.ident).collect();
    let symbols: Vec<_> = variants.iter().map(ToString::to_string).collect();
    let indices: Vec<_> = (0..variants.len() as u64).collect();
    Ok(quote! {
        impl ::wasmill_sdk::Row for #ident {
            const WIDTH: ::core::option::Option<usize> = ::core::option::Option::Some(8);
            const INLINE: bool = true;

            fn name() -> ::std::string::String {
                ::std::string::String::from(#label)
            }

            fn schema(names: &mut ::wasmill_sdk::row::SchemaNames) -> ::wasmill_sdk::json::Value {
                names.define(::std::string::String::from(#label), |_| {
                    ::wasmill_sdk::row::enum_schema(#label, &[#(#symbols),*])
                })
            }

            #[inline]
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                out.extend_from_slice(&::wasmill_sdk::Row::to_slot(self).to_le_bytes());
            }

            #[inline]
            fn decode(bytes: &[u8]) -> ::core::result::Result<Self, ::wasmill_sdk::Error> {
                let slots = ::wasmill_sdk::row::whole_row::<Self, 1>(bytes)?;
                ::wasmill_sdk::Row::from_slot(u64::from_le_bytes(slots[0]))
            }

            #[inline]
            fn to_slot(&self) -> u64 {
                match self {
                    #(Self::#variants => #indices,)*
                }
            }

            #[inline]
            fn from_slot(slot: u64) -> ::core::result::Result<Self, ::wasmill_sdk::Error> {
                match slot {
                    #(#indices => ::core::result::Result::Ok(Self::#variants),)*
                    _ => ::core::result::Result::Err(
                        ::wasmill_sdk::row::malformed::<Self>("it is not the index of a symbol"),
                    ),
                }
            }
        }
    })
}
