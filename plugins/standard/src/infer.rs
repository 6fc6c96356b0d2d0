//! The types of expressions, as far as they follow from the fields, and the fields that an expression reads.
//!
//! A type that cannot be inferred is not an error: it is given by the user, and checked when a value is written. What is
//! certainly wrong is an error with the place in the expression.

use std::rc::Rc;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use wasmill_sdk::dynamic::{Field, RowSchema, Type};

/// The variable that holds the event timestamp (milliseconds).
pub(crate) const TIMESTAMP: &str = "timestamp";

/// A type if it is known, or the number of the place and what is wrong there.
type Inferred = Result<Option<Type>, (u64, String)>;

/// Walks over one expression.
pub(crate) struct Inference<'s> {
    schema: &'s RowSchema,
    used: Vec<Field>,
    timestamp: bool,
    /// Variables of macros such as `list.exists(x, ...)`.
    locals: Vec<String>,
}

impl<'s> Inference<'s> {
    /// Over the fields of a schema.
    pub(crate) fn new(schema: &'s RowSchema) -> Self {
        Self {
            schema,
            used: Vec::new(),
            timestamp: false,
            locals: Vec::new(),
        }
    }

    /// The fields that were named, and whether the timestamp was.
    pub(crate) fn into_used(self) -> (Vec<Field>, bool) {
        (self.used, self.timestamp)
    }

    /// The type of an expression.
    pub(crate) fn infer(&mut self, of: &IdedExpr) -> Inferred {
        match &of.expr {
            Expr::Ident(name) => self.variable(of.id, name),
            Expr::Literal(literal) => Ok(Some(match literal {
                LiteralValue::Boolean(_) => Type::Boolean,
                LiteralValue::Bytes(_) => Type::Bytes,
                LiteralValue::Double(_) => Type::Double,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Long,
                LiteralValue::Null => Type::Null,
                LiteralValue::String(_) => Type::Text,
            })),
            Expr::Call(call) => self.call(of.id, call),
            Expr::Select(select) => self.select(of.id, select),
            Expr::List(list) => {
                for element in &list.elements {
                    self.infer(element)?;
                }
                Ok(None)
            }
            Expr::Comprehension(it) => {
                self.infer(&it.iter_range)?;
                let depth = self.locals.len();
                self.locals
                    .extend([it.iter_var.clone(), it.accu_var.clone()]);
                self.locals.extend(it.iter_var2.clone());
                let kind = self.infer(&it.accu_init)?;
                for part in [&it.loop_cond, &it.loop_step, &it.result] {
                    self.infer(part)?;
                }
                self.locals.truncate(depth);
                Ok(kind.filter(|kind| *kind == Type::Boolean))
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                Err((of.id, "maps and messages cannot be made here".to_owned()))
            }
        }
    }

    fn variable(&mut self, id: u64, name: &str) -> Inferred {
        if self.locals.iter().any(|local| local == name) {
            return Ok(None);
        }
        match self.schema.field(name) {
            Ok(field) => {
                if !self.used.contains(&field) {
                    self.used.push(field.clone());
                }
                Ok(Some(plain(field.declared())))
            }
            Err(_) if name == TIMESTAMP => {
                self.timestamp = true;
                Ok(Some(Type::Long))
            }
            Err(error) => Err((id, error.to_string())),
        }
    }

    fn select(&mut self, id: u64, select: &SelectExpr) -> Inferred {
        let operand = self.infer(&select.operand)?;
        if select.test {
            return Ok(Some(Type::Boolean));
        }
        match operand.map(value_of) {
            None => Ok(None),
            Some(Type::Map(values)) => Ok(Some(plain((*values).clone()))),
            Some(kind @ Type::Record(_)) => match RowSchema::of(kind).field(&select.field) {
                Ok(field) => Ok(Some(plain(field.declared()))),
                Err(error) => Err((id, error.to_string())),
            },
            Some(other) => Err((id, format!("a {} has no fields", other.to_json()))),
        }
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Inferred {
        let target = call.target.as_ref().map(|target| self.infer(target));
        let target = target.transpose()?;
        let mut kinds = Vec::with_capacity(call.args.len());
        for argument in &call.args {
            kinds.push(self.infer(argument)?);
        }
        let name = call.func_name.as_str();
        match (name, kinds.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, kinds) => {
                let mut known = kinds.iter().flatten();
                match known.find(|it| **it != Type::Boolean) {
                    Some(other) => Err((id, format!("a {} is no boolean", other.to_json()))),
                    None => Ok(Some(Type::Boolean)),
                }
            }
            (operators::EQUALS | operators::NOT_EQUALS, [a, b]) => {
                comparable(id, a, b, true)?;
                Ok(Some(Type::Boolean))
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [a, b],
            ) => {
                comparable(id, a, b, false)?;
                Ok(Some(Type::Boolean))
            }
            (
                operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO,
                [a, b],
            ) => arithmetic(id, name, a, b),
            (operators::NEGATE, [kind]) => Ok(kind.clone()),
            (operators::CONDITIONAL, [condition, a, b]) => {
                if condition.as_ref().is_some_and(|it| *it != Type::Boolean) {
                    return Err((id, "the condition is no boolean".to_owned()));
                }
                Ok(a.clone().filter(|a| b.as_ref() == Some(a)))
            }
            (operators::INDEX, [_, _]) => Ok(None),
            (
                operators::IN
                | operators::NOT_STRICTLY_FALSE
                | "contains"
                | "startsWith"
                | "endsWith"
                | "bool",
                _,
            ) => Ok(Some(Type::Boolean)),
            ("size" | "int" | "uint", _) => Ok(Some(Type::Long)),
            ("double", _) => Ok(Some(Type::Double)),
            ("string", _) => Ok(Some(Type::Text)),
            ("bytes", _) => Ok(Some(Type::Bytes)),
            ("min" | "max", _) => Ok(None),
            _ if name.starts_with(['_', '@']) => Ok(None),
            _ => {
                let on = target.map_or("", |_| " of a value");
                Err((id, format!("there is no function {name}{on}")))
            }
        }
    }
}

/// All whole numbers are one type here, as are all others and all texts.
fn plain(kind: Type) -> Type {
    match kind {
        Type::Int => Type::Long,
        Type::Float => Type::Double,
        Type::Enum(_) => Type::Text,
        Type::Optional(inner) => Type::Optional(Rc::new(plain((*inner).clone()))),
        other => other,
    }
}

/// Without null.
pub(crate) fn value_of(kind: Type) -> Type {
    match kind {
        Type::Optional(inner) => (*inner).clone(),
        other => other,
    }
}

fn comparable(
    id: u64,
    a: &Option<Type>,
    b: &Option<Type>,
    for_equality: bool,
) -> Result<(), (u64, String)> {
    let (Some(a), Some(b)) = (a.clone().map(value_of), b.clone().map(value_of)) else {
        return Ok(());
    };
    let number = |kind: &Type| matches!(kind, Type::Long | Type::Double);
    let nothing = for_equality && (a == Type::Null || b == Type::Null);
    if a == b || nothing || (number(&a) && number(&b)) {
        return Ok(());
    }
    Err((
        id,
        format!("{} and {} cannot be compared", a.to_json(), b.to_json()),
    ))
}

fn arithmetic(id: u64, operator: &str, a: &Option<Type>, b: &Option<Type>) -> Inferred {
    let (Some(a), Some(b)) = (a.clone().map(value_of), b.clone().map(value_of)) else {
        return Ok(None);
    };
    let fits = match a {
        Type::Long => true,
        Type::Double => operator != operators::MODULO,
        Type::Text | Type::Bytes | Type::Array(_) => operator == operators::ADD,
        _ => false,
    };
    if a == b && fits {
        return Ok(Some(a));
    }
    let sign = operator.trim_matches('_');
    let (a, b) = (a.to_json(), b.to_json());
    let text = format!("there is no {a} {sign} {b}, convert one with int(), double() or string()");
    Err((id, text))
}
