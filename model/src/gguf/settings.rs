//! Reading settings of the metadata with their types.

use super::error::{Fault, GgufError, plain};
use super::file::Gguf;
use super::value::Value;

/// Sizes are 32-bit numbers in nearly all files; a larger one is made up. Products of two fit.
const LARGEST: u64 = u32::MAX as u64;

/// The settings under a prefix such as `llama.`.
pub(super) struct Settings<'a> {
    pub file: &'a Gguf<'a>,
    pub prefix: &'static str,
}

impl<'a> Settings<'a> {
    /// The whole key.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.file.get(&self.key(name))
    }

    /// The names under the prefix.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        let prefix = self.prefix;
        self.file
            .keys()
            .filter_map(move |key| key.strip_prefix(prefix))
    }

    /// A number of things. A list with one for each block is one number if all are the same.
    pub fn size(&self, name: &str) -> Result<Option<usize>, GgufError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::Array(array) => {
                let mut numbers = array.iter();
                let first = numbers.next();
                if !numbers.all(|number| Some(number) == first) {
                    let found = "not the same in all blocks";
                    return Err(self.refuse(name, found, "one value for all blocks"));
                }
                first.unwrap_or(value)
            }
            _ => value,
        };
        let size = number.to_u64().filter(|size| *size <= LARGEST);
        match size.and_then(|size| usize::try_from(size).ok()) {
            Some(size) => Ok(Some(size)),
            None => Err(self.invalid(name, number, "a whole number below 2^32")),
        }
    }

    /// A size that must be there and not zero.
    pub fn required(&self, name: &str) -> Result<usize, GgufError> {
        match self.size(name)? {
            Some(0) => Err(self.invalid(name, Value::Unsigned(0), "at least 1")),
            Some(size) => Ok(size),
            None => Err(self.missing(name, "a whole number")),
        }
    }

    /// A number, which must be finite.
    pub fn number(&self, name: &str) -> Result<Option<f64>, GgufError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.to_f64().filter(|number| number.is_finite()) {
            // What was meant by 0.0000099999997 in single precision is 0.00001.
            Some(number) if f64::from(number as f32) == number => {
                Ok((number as f32).to_string().parse().ok())
            }
            Some(number) => Ok(Some(number)),
            None => Err(self.invalid(name, value, "a number")),
        }
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, GgufError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(value) => Err(self.invalid(name, value, "true or false")),
        }
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, GgufError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text)),
                None => Err(self.invalid(name, value, "text in UTF-8")),
            },
        }
    }

    /// The id of a token of a vocabulary of `vocab` tokens.
    pub fn token(&self, name: &str, vocab: usize) -> Result<Option<u32>, GgufError> {
        match self.size(name)? {
            Some(id) if id >= vocab => {
                let expected = format!("below the number of tokens, {vocab}");
                Err(self.invalid(name, Value::Unsigned(id as u64), &expected))
            }
            Some(id) => Ok(u32::try_from(id).ok()),
            None => Ok(None),
        }
    }

    pub fn missing(&self, name: &str, expected: &'static str) -> GgufError {
        let key = plain(&self.key(name));
        self.file.error(Fault::MissingKey { key, expected })
    }

    pub fn invalid(&self, name: &str, found: Value<'_>, expected: &str) -> GgufError {
        self.file.error(Fault::Invalid {
            place: format!("metadata `{}`", plain(&self.key(name))),
            found: found.to_string(),
            expected: expected.into(),
        })
    }

    /// A value that no model of ours can honour.
    pub fn refuse(&self, name: &str, found: &str, supported: &str) -> GgufError {
        self.file.error(Fault::Unsupported {
            key: plain(&self.key(name)),
            found: found.into(),
            supported: supported.into(),
        })
    }
}
