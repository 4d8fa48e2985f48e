//! Numbers that Python wrote down: tensors of a `reference.safetensors`, by name.

#![allow(dead_code)] // no test binary uses all of it

use safetensors::SafeTensors;
use std::path::Path;

/// The contents of the file.
pub struct Reference(pub Vec<u8>);

impl Reference {
    /// Reads the file beside a model.
    pub fn of(folder: &Path) -> Self {
        Self(std::fs::read(folder.join("reference.safetensors")).unwrap())
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        file.tensor(name).is_ok()
    }

    /// Shape and values of a tensor of numbers.
    pub fn floats(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        let words = tensor.data().chunks_exact(4);
        let values = words
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        (tensor.shape().to_vec(), values)
    }

    /// Shape and values of a tensor of ids, row by row.
    pub fn ids(&self, name: &str) -> ([usize; 2], Vec<i64>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        let words = tensor.data().chunks_exact(8);
        let values = words
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect();
        (tensor.shape().try_into().unwrap(), values)
    }
}
