//! [`Value`]: a value of any schema, borrowed from a record or to be written into one.

/// A value of any schema. Whole numbers are all `Long`, others all `Double`, texts and enum symbols all `Text`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `long` or `int`.
    Long(i64),
    /// `double` or `float`.
    Double(f64),
    /// `string` or `enum`.
    Text(&'a str),
    /// `bytes` or `fixed`.
    Bytes(&'a [u8]),
    /// `array`.
    List(Vec<Value<'a>>),
    /// `map`, ascending by key.
    Map(Vec<(&'a str, Value<'a>)>),
    /// `record`, in the order of its fields.
    Record(Vec<(&'a str, Value<'a>)>),
}

impl Value<'_> {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Long(_) => "long",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "array",
            Self::Map(_) => "map",
            Self::Record(_) => "record",
        }
    }
}

macro_rules! value_from {
    ($($type:ty, $variant:ident;)+) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

value_from! {
    bool, Boolean;
    i64, Long;
    i32, Long;
    f64, Double;
    f32, Double;
    &'a str, Text;
    &'a [u8], Bytes;
}
