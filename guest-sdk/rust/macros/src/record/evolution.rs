//! The part of `#[derive(Record)]` by which a record may change from version to version: `#[record(default = ..)]` says
//! what a new field is in values that were written before, `#[record(alias = "..")]` what a renamed one was called.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Expr, Field, LitStr};

/// Statements that complete `schema`, the schema of a record with these fields.
pub(super) fn expand(fields: &syn::FieldsNamed) -> Result<TokenStream, Error> {
    let mut statements = TokenStream::new();
    for (index, field) in fields.named.iter().enumerate() {
        statements.extend(of_field(index, field)?);
    }
    Ok(statements)
}

fn of_field(index: usize, field: &Field) -> Result<TokenStream, Error> {
    let mut statements = TokenStream::new();
    for attribute in field.attrs.iter().filter(|it| it.path().is_ident("record")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("default") {
                let default: Expr = meta.value()?.parse()?;
                statements.extend(quote! {
                    ::wasmill_sdk::row::field_default(
                        &mut schema, #index, ::wasmill_sdk::json::json!(#default),
                    );
                });
                return Ok(());
            }
            if meta.path.is_ident("alias") {
                let alias: LitStr = meta.value()?.parse()?;
                statements.extend(quote! {
                    ::wasmill_sdk::row::field_alias(&mut schema, #index, #alias);
                });
                return Ok(());
            }
            Err(meta.error("a field has `default = value` and `alias = \"name\"`"))
        })?;
    }
    Ok(statements)
}
