//! From the tree of an expression to a [`Program`], where every part of it has one.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use wasmill_sdk::dynamic::{RowSchema, Type};

use super::{Arithmetic, Boolean, Choice, Comparison, Double, Long, Pair, Program, Test, Text};
use crate::infer::TIMESTAMP;

/// The program of an expression that was checked; nothing if only the interpreter knows it.
pub(crate) fn compile(expression: &IdedExpr, schema: &RowSchema) -> Option<Program> {
    Compiler { schema }.program(expression)
}

struct Compiler<'s> {
    schema: &'s RowSchema,
}

/// The comparison of this name, and whether its result is negated.
fn comparison(name: &str) -> Option<(Comparison, bool)> {
    Some(match name {
        operators::EQUALS => (Comparison::EQUAL, false),
        operators::NOT_EQUALS => (Comparison::EQUAL, true),
        operators::LESS => (Comparison::LESS, false),
        operators::LESS_EQUALS => (Comparison::LESS_EQUAL, false),
        operators::GREATER => (Comparison::GREATER, false),
        operators::GREATER_EQUALS => (Comparison::GREATER_EQUAL, false),
        _ => return None,
    })
}

fn arithmetic(name: &str) -> Option<Arithmetic> {
    Some(match name {
        operators::ADD => Arithmetic::Add,
        operators::SUBSTRACT => Arithmetic::Subtract,
        operators::MULTIPLY => Arithmetic::Multiply,
        operators::DIVIDE => Arithmetic::Divide,
        operators::MODULO => Arithmetic::Modulo,
        _ => return None,
    })
}

fn is_null(expression: &IdedExpr) -> bool {
    matches!(expression.expr, Expr::Literal(LiteralValue::Null))
}

impl Compiler<'_> {
    fn program(&self, of: &IdedExpr) -> Option<Program> {
        match &of.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Literal(literal) => Some(match literal {
                LiteralValue::Boolean(value) => Program::Boolean(Boolean::Constant(*value.inner())),
                LiteralValue::Int(value) => Program::Long(Long::Constant(*value.inner())),
                LiteralValue::Double(value) => Program::Double(Double::Constant(*value.inner())),
                LiteralValue::String(text) => {
                    Program::Text(Text::Constant(text.inner().to_owned()))
                }
                LiteralValue::Bytes(_) | LiteralValue::UInt(_) | LiteralValue::Null => return None,
            }),
            Expr::Call(call) => match (&call.target, call.args.as_slice()) {
                (Some(target), [argument]) => self.test(&call.func_name, target, argument),
                (None, [a]) => self.unary(&call.func_name, a),
                (None, [a, b]) => self.binary(call, a, b),
                (None, [condition, a, b]) if call.func_name == operators::CONDITIONAL => {
                    self.choice(condition, a, b)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A field goes before the event time, which has a name of its own only where no field has it.
    fn variable(&self, name: &str) -> Option<Program> {
        let Ok(field) = self.schema.field(name) else {
            return (name == TIMESTAMP).then_some(Program::Long(Long::Timestamp));
        };
        Some(match field.kind() {
            Type::Boolean => Program::Boolean(Boolean::Field(field)),
            Type::Int | Type::Long => Program::Long(Long::Field(field)),
            Type::Double => Program::Double(Double::Field(field)),
            Type::Float => Program::Double(Double::Float(field)),
            Type::Text | Type::Enum(_) => Program::Text(Text::Field(field)),
            _ => return None,
        })
    }

    fn boolean(&self, of: &IdedExpr) -> Option<Boolean> {
        match self.program(of)? {
            Program::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    fn text(&self, of: &IdedExpr) -> Option<Text> {
        match self.program(of)? {
            Program::Text(text) => Some(text),
            _ => None,
        }
    }

    fn unary(&self, name: &str, a: &IdedExpr) -> Option<Program> {
        Some(match (name, self.program(a)?) {
            (operators::LOGICAL_NOT, Program::Boolean(a)) => {
                Program::Boolean(Boolean::Not(Box::new(a)))
            }
            (operators::NEGATE, Program::Long(a)) => Program::Long(Long::Negate(Box::new(a))),
            (operators::NEGATE, Program::Double(a)) => Program::Double(Double::Negate(Box::new(a))),
            ("double", Program::Long(a)) => Program::Double(Double::OfLong(Box::new(a))),
            ("double", Program::Double(a)) => Program::Double(a),
            ("int", Program::Long(a)) => Program::Long(a),
            _ => return None,
        })
    }

    fn binary(&self, call: &CallExpr, a: &IdedExpr, b: &IdedExpr) -> Option<Program> {
        let name = call.func_name.as_str();
        if name == operators::LOGICAL_AND {
            let sides = Box::new((self.boolean(a)?, self.boolean(b)?));
            return Some(Program::Boolean(Boolean::And(sides)));
        }
        if name == operators::LOGICAL_OR {
            let sides = Box::new((self.boolean(a)?, self.boolean(b)?));
            return Some(Program::Boolean(Boolean::Or(sides)));
        }
        if name == operators::IN {
            return self.membership(a, b).map(Program::Boolean);
        }
        if let Some((comparison, negated)) = comparison(name) {
            let compared = self.comparison(comparison, a, b)?;
            return Some(Program::Boolean(match negated {
                true => Boolean::Not(Box::new(compared)),
                false => compared,
            }));
        }
        let operator = arithmetic(name)?;
        match (self.program(a)?, self.program(b)?) {
            (Program::Long(a), Program::Long(b)) => {
                Some(Program::Long(Long::Apply(operator, Box::new((a, b)))))
            }
            (Program::Double(a), Program::Double(b)) if operator != Arithmetic::Modulo => {
                Some(Program::Double(Double::Apply(operator, Box::new((a, b)))))
            }
            _ => None,
        }
    }

    fn comparison(&self, by: Comparison, a: &IdedExpr, b: &IdedExpr) -> Option<Boolean> {
        if by == Comparison::EQUAL && (is_null(a) || is_null(b)) {
            let other = if is_null(a) { b } else { a };
            let Expr::Ident(name) = &other.expr else {
                return None;
            };
            return self.schema.field(name).ok().map(Boolean::IsNull);
        }
        let doubles = |a, b| Boolean::Doubles(by, Box::new((a, b)));
        let of_long = |long| Double::OfLong(Box::new(long));
        Some(match (self.program(a)?, self.program(b)?) {
            (Program::Long(a), Program::Long(b)) => Boolean::Longs(by, Box::new((a, b))),
            (Program::Double(a), Program::Double(b)) => doubles(a, b),
            (Program::Long(a), Program::Double(b)) => doubles(of_long(a), b),
            (Program::Double(a), Program::Long(b)) => doubles(a, of_long(b)),
            (Program::Text(a), Program::Text(b)) => Boolean::Texts(by, Box::new((a, b))),
            (Program::Boolean(a), Program::Boolean(b)) if by == Comparison::EQUAL => {
                Boolean::Equal(Box::new((a, b)))
            }
            _ => return None,
        })
    }

    /// `value in [...]`, where the list has literals of the value's type only.
    fn membership(&self, value: &IdedExpr, list: &IdedExpr) -> Option<Boolean> {
        let Expr::List(list) = &list.expr else {
            return None;
        };
        let literals = list.elements.iter().map(|element| self.program(element));
        match self.program(value)? {
            Program::Long(value) => {
                let literals = literals.map(|literal| match literal? {
                    Program::Long(Long::Constant(value)) => Some(value),
                    _ => None,
                });
                Some(Boolean::LongIn(
                    Box::new(value),
                    literals.collect::<Option<_>>()?,
                ))
            }
            Program::Text(value) => {
                let literals = literals.map(|literal| match literal? {
                    Program::Text(Text::Constant(text)) => Some(text),
                    _ => None,
                });
                Some(Boolean::TextIn(
                    Box::new(value),
                    literals.collect::<Option<_>>()?,
                ))
            }
            Program::Double(_) | Program::Boolean(_) => None,
        }
    }

    fn test(&self, name: &str, text: &IdedExpr, part: &IdedExpr) -> Option<Program> {
        let test = match name {
            "contains" => Test::Contains,
            "startsWith" => Test::StartsWith,
            "endsWith" => Test::EndsWith,
            _ => return None,
        };
        let sides: Pair<Text> = Box::new((self.text(text)?, self.text(part)?));
        Some(Program::Boolean(Boolean::Test(test, sides)))
    }

    fn choice(&self, condition: &IdedExpr, a: &IdedExpr, b: &IdedExpr) -> Option<Program> {
        let condition = self.boolean(condition)?;
        match (self.program(a)?, self.program(b)?) {
            (Program::Long(then), Program::Long(other)) => {
                Some(Program::Long(Long::Choose(choose(condition, then, other))))
            }
            (Program::Double(then), Program::Double(other)) => Some(Program::Double(
                Double::Choose(choose(condition, then, other)),
            )),
            (Program::Text(then), Program::Text(other)) => {
                Some(Program::Text(Text::Choose(choose(condition, then, other))))
            }
            (Program::Boolean(then), Program::Boolean(other)) => Some(Program::Boolean(
                Boolean::Choose(choose(condition, then, other)),
            )),
            _ => None,
        }
    }
}

fn choose<T>(condition: Boolean, then: T, other: T) -> Box<Choice<T>> {
    Box::new(Choice {
        condition,
        then,
        other,
    })
}
