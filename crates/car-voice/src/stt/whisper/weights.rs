//! Reads the weights of a model from a file in the format of the CTranslate2 project, version 6: a header, and for each
//! variable its name, shape, kind and values.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::ModelError;

/// The version of the format that is read.
const VERSION: u32 = 6;
/// What kind of model it has to be.
const KIND: &str = "WhisperSpec";
/// How many variables a file may have.
const VARIABLES: u32 = 4_096;
/// How many dimensions a variable may have.
const DIMENSIONS: u8 = 4;

/// The variables of a file, read when they are taken.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    variables: HashMap<&'a str, Variable<'a>>,
}

#[derive(Clone, Debug)]
struct Variable<'a> {
    shape: Vec<usize>,
    kind: u8,
    bytes: &'a [u8],
}

impl<'a> Weights<'a> {
    /// Finds the variables of a file.
    ///
    /// # Errors
    /// It is no such file, or cut off.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, ModelError> {
        let mut rest = Rest(file);
        let version = rest.number32()?;
        if version != VERSION {
            return Err(ModelError::new(format!(
                "the model has format {version} and not {VERSION}"
            )));
        }
        let kind = rest.text()?;
        if kind != KIND {
            return Err(ModelError::new(format!("the model is a {kind}")));
        }
        rest.number32()?;
        let count = rest.number32()?;
        if count > VARIABLES {
            return Err(ModelError::new(format!("the model has {count} variables")));
        }
        let mut variables = HashMap::new();
        for _ in 0..count {
            let name = rest.text()?;
            let dimensions = rest.number8()?;
            if dimensions > DIMENSIONS {
                return Err(ModelError::new(format!(
                    "{name} has {dimensions} dimensions"
                )));
            }
            let mut shape = Vec::new();
            for _ in 0..dimensions {
                shape.push(rest.number32()? as usize);
            }
            let kind = rest.number8()?;
            let length = rest.number32()? as usize;
            let bytes = rest.take(length)?;
            variables.insert(name, Variable { shape, kind, bytes });
        }
        Ok(Self { variables })
    }

    fn get(&self, name: &str) -> Result<&Variable<'a>, ModelError> {
        let found = self.variables.get(name);
        found.ok_or_else(|| ModelError::new(format!("the model has no {name}")))
    }

    /// Whether there is a variable of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<usize, ModelError> {
        let bytes = self.get(name)?.bytes.iter().rev();
        let value = bytes.fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        Ok(value)
    }

    /// The shape of a variable.
    pub(super) fn shape(&self, name: &str) -> Result<&[usize], ModelError> {
        Ok(&self.get(name)?.shape)
    }

    /// The numbers of a variable, which has to have this shape.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let variable = self.get(name)?;
        if variable.shape != shape {
            let text = format!("{name} is {:?} and not {shape:?}", variable.shape);
            return Err(ModelError::new(text));
        }
        let values = variable.values(name)?;
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }
}

impl Variable<'_> {
    fn values(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let (twos, fours) = (self.bytes.as_chunks::<2>(), self.bytes.as_chunks::<4>());
        let values: Vec<f32> = match self.kind {
            0 => fours
                .0
                .iter()
                .map(|four| f32::from_le_bytes(*four))
                .collect(),
            4 => twos
                .0
                .iter()
                .map(|two| of_half(u16::from_le_bytes(*two)))
                .collect(),
            kind => {
                let text = format!("{name} has numbers of kind {kind}, which are not read");
                return Err(ModelError::new(text));
            }
        };
        let length = self
            .shape
            .iter()
            .try_fold(1_usize, |n, m| n.checked_mul(*m));
        if length != Some(values.len()) {
            let text = format!(
                "{name} has {} numbers, which do not fit its shape",
                values.len()
            );
            return Err(ModelError::new(text));
        }
        Ok(values)
    }
}

/// A number of half precision (IEEE 754 binary16).
fn of_half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = (bits >> 10) & 0x1F;
    let fraction = f32::from(bits & 0x03FF);
    let size = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1_024.0) * 2.0_f32.powi(i32::from(exponent) - 15),
    };
    sign * size
}

/// What is left of a file.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let split = self.0.split_at_checked(length);
        let (taken, rest) = split.ok_or_else(|| ModelError::new("the model is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number8(&mut self) -> Result<u8, ModelError> {
        Ok(self.take(1)?.iter().fold(0, |_, byte| *byte))
    }

    fn number32(&mut self) -> Result<u32, ModelError> {
        let bytes = self.take(4)?.iter().rev();
        Ok(bytes.fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
    }

    /// A text: two bytes of length, and an end of a zero byte.
    fn text(&mut self) -> Result<&'a str, ModelError> {
        let low = self.number8()?;
        let high = self.number8()?;
        let bytes = self.take(usize::from(u16::from_le_bytes([low, high])))?;
        let text = str::from_utf8(bytes).map_err(|_| ModelError::new("a name is no text"))?;
        Ok(text.trim_end_matches('\0'))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with these variables.
    pub(in crate::stt::whisper) fn file(variables: &[(&str, &[u32], u8, Vec<u8>)]) -> Vec<u8> {
        let mut file = Vec::new();
        let text = |file: &mut Vec<u8>, text: &str| {
            file.extend((text.len() as u16 + 1).to_le_bytes());
            file.extend(text.as_bytes());
            file.push(0);
        };
        file.extend(VERSION.to_le_bytes());
        text(&mut file, KIND);
        file.extend(3_u32.to_le_bytes());
        file.extend((variables.len() as u32).to_le_bytes());
        for (name, shape, kind, bytes) in variables {
            text(&mut file, name);
            file.push(shape.len() as u8);
            shape.iter().for_each(|n| file.extend(n.to_le_bytes()));
            file.push(*kind);
            file.extend((bytes.len() as u32).to_le_bytes());
            file.extend(bytes);
        }
        file
    }

    #[test]
    fn numbers_of_half_precision_are_what_they_stand_for() {
        for (bits, value) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65_504.0),
            (0x0001, 2.0_f32.powi(-24)),
            (0x0400, 2.0_f32.powi(-14)),
            (0x3555, 0.333_251_95),
            (0x8000, 0.0),
        ] {
            assert_eq!(of_half(bits), value, "{bits:#x}");
        }
        assert!(of_half(0x7C00).is_infinite() && of_half(0x7E00).is_nan());
    }

    #[test]
    fn variables_are_found_by_their_names() {
        let ones = [0x3C00_u16; 6].iter().flat_map(|n| n.to_le_bytes());
        let file = file(&[
            ("a/weight", &[2, 3], 4, ones.collect()),
            ("a/heads", &[], 2, vec![6, 1]),
        ]);
        let weights = Weights::read(&file).unwrap();
        let ones = weights.tensor("a/weight", &[2, 3]).unwrap();
        assert_eq!(ones.to_vec2::<f32>().unwrap(), [[1.0; 3]; 2]);
        assert_eq!(weights.number("a/heads").unwrap(), 262);
        assert!(weights.tensor("a/weight", &[6]).is_err() && weights.tensor("b", &[1]).is_err());
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_refused() {
        let file = file(&[("a", &[1], 0, vec![0; 4]), ("b", &[1], 0, vec![0; 4])]);
        for length in 0..file.len() {
            assert!(Weights::read(&file[..length]).is_err(), "{length}");
        }
        assert!(Weights::read(&file).is_ok());
        let mut other = file;
        other[0] = 5;
        assert!(Weights::read(&other).is_err());
    }
}
