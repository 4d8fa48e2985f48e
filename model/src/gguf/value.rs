//! Values of the metadata. They stay in the file until someone looks: a vocabulary of 150,000
//! tokens costs no memory of its own.

use super::cursor::{Cursor, Short};
use super::error::{Fault, plain, quote, quote_bytes};
use std::fmt;

/// How deep arrays may lie in arrays. Published files have plain ones only.
const DEEPEST: usize = 4;
/// Strings and arrays inside arrays, in the whole file. Published vocabularies have some hundred
/// thousand tokens, and some hundred thousand merges.
pub(super) const MOST_ELEMENTS: u64 = 1 << 21;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names of Rust's own types.
pub enum ValueKind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

/// A value of the metadata.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Any of the unsigned types.
    Unsigned(u64),
    /// Any of the signed types.
    Signed(i64),
    /// Single or double precision.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text, which may turn out not to be UTF-8.
    String(&'a [u8]),
    /// Values of one type.
    Array(Array<'a>),
}

/// Values of one type, one after another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Array<'a> {
    kind: ValueKind,
    len: usize,
    bytes: &'a [u8],
}

impl ValueKind {
    fn of(number: u32) -> Option<Self> {
        use ValueKind::*;
        const KINDS: [ValueKind; 13] = [
            U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64,
        ];
        KINDS.get(usize::try_from(number).ok()?).copied()
    }

    /// Bytes of a value, for the types where all have as many.
    fn size(self) -> Option<u64> {
        use ValueKind::*;
        match self {
            U8 | I8 | Bool => Some(1),
            U16 | I16 => Some(2),
            U32 | I32 | F32 => Some(4),
            U64 | I64 | F64 => Some(8),
            String | Array => None,
        }
    }
}

/// Goes past values and checks that they are whole.
pub(super) struct Walker<'k> {
    /// The key, for messages.
    pub key: &'k str,
    /// How many more elements may be looked at one by one.
    pub left: &'k mut u64,
}

impl Walker<'_> {
    /// Reads the number of a type.
    pub fn kind(&self, cursor: &mut Cursor<'_>) -> Result<ValueKind, Fault> {
        let found = cursor.u32().map_err(|short| self.short(short))?;
        ValueKind::of(found).ok_or_else(|| Fault::ValueKind {
            key: plain(self.key),
            found,
        })
    }

    /// Goes past a value of that type.
    pub fn skip(&mut self, cursor: &mut Cursor<'_>, kind: ValueKind) -> Result<(), Fault> {
        self.skip_at(cursor, kind, 0)
    }

    fn skip_at(
        &mut self,
        cursor: &mut Cursor<'_>,
        kind: ValueKind,
        depth: usize,
    ) -> Result<(), Fault> {
        match kind {
            ValueKind::String => {
                cursor.string().map_err(|short| self.short(short))?;
                Ok(())
            }
            ValueKind::Array if depth == DEEPEST => Err(Fault::TooLarge {
                place: format!("the nesting of arrays in metadata `{}`", plain(self.key)),
                found: depth as u64 + 1,
                limit: DEEPEST as u64,
            }),
            ValueKind::Array => {
                let element = self.kind(cursor)?;
                let len = cursor.u64().map_err(|short| self.short(short))?;
                if let Some(size) = element.size() {
                    // A product beyond u64 is beyond every file too.
                    return self.fixed(cursor, element, len.saturating_mul(size));
                }
                for _ in 0..len {
                    if *self.left == 0 {
                        return Err(Fault::TooLarge {
                            place: format!("the array of metadata `{}`", plain(self.key)),
                            found: len,
                            limit: MOST_ELEMENTS,
                        });
                    }
                    *self.left -= 1;
                    self.skip_at(cursor, element, depth + 1)?;
                }
                Ok(())
            }
            // The other types have a size.
            _ => self.fixed(cursor, kind, kind.size().unwrap_or(0)),
        }
    }

    fn fixed(&self, cursor: &mut Cursor<'_>, kind: ValueKind, size: u64) -> Result<(), Fault> {
        let bytes = cursor.take(size).map_err(|short| self.short(short))?;
        match bytes.iter().find(|byte| **byte > 1) {
            Some(byte) if kind == ValueKind::Bool => Err(Fault::Invalid {
                place: format!("metadata `{}`", plain(self.key)),
                found: format!("the byte {byte}"),
                expected: "0 or 1, for false or true".into(),
            }),
            _ => Ok(()),
        }
    }

    fn short(&self, short: Short) -> Fault {
        short.reading(format!("the value of metadata `{}`", plain(self.key)))
    }
}

/// Reads a value that [`Walker::skip`] has gone past before; `None` would be an error in it.
pub(super) fn decode<'a>(cursor: &mut Cursor<'a>, kind: ValueKind) -> Option<Value<'a>> {
    use ValueKind as Kind;
    if let Some(size) = kind.size() {
        let bytes = cursor.take(size).ok()?;
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        let raw = u64::from_le_bytes(wide);
        // The casts keep the bits that the type has.
        return Some(match kind {
            Kind::I8 => Value::Signed((raw as i8).into()),
            Kind::I16 => Value::Signed((raw as i16).into()),
            Kind::I32 => Value::Signed((raw as i32).into()),
            Kind::I64 => Value::Signed(raw as i64),
            Kind::F32 => Value::Float(f32::from_bits(raw as u32).into()),
            Kind::F64 => Value::Float(f64::from_bits(raw)),
            Kind::Bool => Value::Bool(raw != 0),
            _ => Value::Unsigned(raw),
        });
    }
    if kind == Kind::String {
        return cursor.string().ok().map(Value::String);
    }
    let element = ValueKind::of(cursor.u32().ok()?)?;
    let len = usize::try_from(cursor.u64().ok()?).ok()?;
    let rest = *cursor;
    match element.size() {
        Some(size) => drop(cursor.take(size.checked_mul(len as u64)?).ok()?),
        None => {
            for _ in 0..len {
                decode(cursor, element)?;
            }
        }
    }
    let length = (cursor.at() - rest.at()) as u64;
    let bytes = { rest }.take(length).ok()?;
    Some(Value::Array(Array {
        kind: element,
        len,
        bytes,
    }))
}

impl<'a> Array<'a> {
    /// The type of its values.
    pub fn kind(&self) -> ValueKind {
        self.kind
    }

    /// The number of its values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its values.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut cursor = Cursor::new(self.bytes);
        let kind = self.kind;
        (0..self.len).map_while(move |_| decode(&mut cursor, kind))
    }
}

impl<'a> Value<'a> {
    /// The number, if it is one that is whole and not negative.
    pub fn to_u64(self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(value),
            Self::Signed(value) => u64::try_from(value).ok(),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(value),
            Self::Unsigned(value) => Some(value as f64),
            Self::Signed(value) => Some(value as f64),
            _ => None,
        }
    }

    /// The text, if it is one, and UTF-8.
    pub fn to_str(self) -> Option<&'a str> {
        match self {
            Self::String(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// For messages: short, and without what a terminal would obey.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Signed(value) => write!(f, "{value}"),
            // The shorter of the two ways to write what single precision holds.
            Self::Float(value) if f64::from(*value as f32) == *value => {
                write!(f, "{}", *value as f32)
            }
            Self::Float(value) => write!(f, "{value}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::String(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => f.write_str(&quote(text)),
                Err(_) => f.write_str(&quote_bytes(bytes)),
            },
            Self::Array(array) => write!(f, "an array of {} values", array.len),
        }
    }
}
