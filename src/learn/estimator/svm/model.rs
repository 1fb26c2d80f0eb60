//! What support vector machines have learnt.

use std::collections::BTreeSet;

use super::SvmParameters;
use super::coupling::{couple, pairs};
use super::kernel::{Kernel, KernelKind};
use crate::error::{Error, Result};
use crate::learn::blocks::for_each_block;
use crate::learn::bytes::{Reader, Writer};
use crate::learn::platt::Sigmoid;
use crate::learn::{Matrix, Output};

/// Rows one thread decides at a time: each looks at all support vectors.
pub(super) const ROWS_PER_BLOCK: usize = 16;

/// The rows that carry a margin, and a machine for each pair of classes.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmModel {
    kernel: Kernel,
    vectors: Matrix,
    /// The numbers of those that train rows have, rising, at least 2; of two without names 0 and 1.
    classes: Vec<u32>,
    /// In the order of [`pairs`] of `classes`.
    machines: Vec<Machine>,
    output: Output,
}

/// What divides two classes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Machine {
    /// Which rows carry its margin, rising.
    pub vectors: Vec<usize>,
    /// One for each of them.
    pub coefficients: Vec<f64>,
    pub intercept: f64,
    pub sigmoid: Sigmoid,
}

/// A decision value, `intercept + Σ coefficient · likeness`, and the share of the later class that follows from
/// it: `1 / (1 + e^(slope · value + offset))`.
#[derive(Debug)]
pub struct PairFunction {
    /// One for each vector; 0 of those that carry another pair.
    pub coefficients: Vec<f64>,
    pub intercept: f64,
    pub slope: f64,
    pub offset: f64,
}

impl Machine {
    /// How far a row is on the side of the later class; `likeness` is that of a vector with it.
    ///
    /// Finite: a sum that overflows on both sides says nothing.
    pub fn decide(&self, likeness: impl Fn(usize) -> f64) -> f64 {
        let vectors = self.vectors.iter().zip(&self.coefficients);
        let sum = vectors.fold(self.intercept, |sum, (vector, coefficient)| {
            sum + coefficient * likeness(*vector)
        });
        if sum.is_nan() {
            return 0.0;
        }
        sum.clamp(f64::MIN, f64::MAX)
    }
}

impl SvmModel {
    /// Of machines whose vectors are rows of `matrix`: those are kept that carry any.
    pub(super) fn new(
        kernel: Kernel,
        matrix: &Matrix,
        classes: Vec<u32>,
        mut machines: Vec<Machine>,
        output: Output,
    ) -> Self {
        let kept: BTreeSet<usize> = machines.iter().flat_map(|m| m.vectors.clone()).collect();
        let kept: Vec<usize> = kept.into_iter().collect();
        for vector in machines.iter_mut().flat_map(|m| &mut m.vectors) {
            *vector = kept.partition_point(|row| row < vector);
        }
        Self {
            kernel,
            vectors: matrix.select_rows(&kept),
            classes,
            machines,
            output,
        }
    }

    pub(in super::super) fn predict(&self, matrix: &Matrix) -> Vec<f64> {
        let values = self.decisions(matrix);
        let width = self.output.width();
        let mut answers = Vec::with_capacity(matrix.rows() * width);
        for values in values.chunks_exact(self.machines.len()) {
            let decided = self.machines.iter().zip(values);
            let later: Vec<f64> = decided.map(|(m, value)| m.sigmoid.at(*value)).collect();
            if self.output == Output::Probability {
                answers.extend(later);
                continue;
            }
            let mut shares = vec![0.0; width];
            for (class, share) in self.classes.iter().zip(couple(self.classes.len(), &later)) {
                shares[*class as usize] = share;
            }
            answers.extend(shares);
        }
        answers
    }

    /// How far each row is on the side of the later class of each pair, row after row.
    pub(in super::super) fn decisions(&self, matrix: &Matrix) -> Vec<f64> {
        let width = self.machines.len();
        let mut values = vec![0.0; matrix.rows() * width];
        for_each_block(&mut values, ROWS_PER_BLOCK * width, |block, values| {
            for (offset, values) in values.chunks_exact_mut(width).enumerate() {
                let row = matrix.row(block * ROWS_PER_BLOCK + offset);
                let vectors = (0..self.vectors.rows()).map(|at| self.vectors.row(at));
                let likeness: Vec<f64> =
                    vectors.map(|vector| self.kernel.of(vector, row)).collect();
                for (value, machine) in values.iter_mut().zip(&self.machines) {
                    *value = machine.decide(|vector| likeness[vector]);
                }
            }
        });
        values
    }

    pub(in crate::learn) fn vectors(&self) -> &Matrix {
        &self.vectors
    }

    /// The numbers of the classes that train rows have, rising.
    pub(in crate::learn) fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// Of an rbf kernel; none of a linear one.
    pub(in crate::learn) fn gamma(&self) -> Option<f64> {
        (self.kernel.kind == KernelKind::Rbf).then_some(self.kernel.gamma)
    }

    /// What each pair of classes is decided by, over all vectors.
    pub(in crate::learn) fn functions(&self) -> Vec<PairFunction> {
        let function = |machine: &Machine| {
            let mut coefficients = vec![0.0; self.vectors.rows()];
            for (vector, coefficient) in machine.vectors.iter().zip(&machine.coefficients) {
                coefficients[*vector] = *coefficient;
            }
            PairFunction {
                coefficients,
                intercept: machine.intercept,
                slope: machine.sigmoid.slope,
                offset: machine.sigmoid.offset,
            }
        };
        self.machines.iter().map(function).collect()
    }

    /// What the machine of a pair is called after a number's name; nothing where there is but one.
    fn names(&self) -> Vec<String> {
        let number = |at: usize| self.classes[at] + 1;
        let name = |(first, second)| match self.output {
            Output::Probabilities(_) => {
                format!(
                    " between class {} and class {}",
                    number(first),
                    number(second)
                )
            }
            _ => String::new(),
        };
        pairs(self.classes.len()).map(name).collect()
    }

    /// Every number with its name; of two classes in the order of the file.
    pub(crate) fn numbers(&self, columns: &[String]) -> Vec<(String, f64)> {
        let machines: Vec<_> = self.machines.iter().zip(self.names()).collect();
        let mut numbers = vec![("gamma".to_string(), self.kernel.gamma)];
        for (machine, name) in &machines {
            let Sigmoid { slope, offset } = machine.sigmoid;
            numbers.extend([
                (format!("intercept{name}"), machine.intercept),
                (format!("slope of the sigmoid{name}"), slope),
                (format!("offset of the sigmoid{name}"), offset),
            ]);
        }
        for at in 0..self.vectors.rows() {
            let number = at + 1;
            let carried = machines.iter().filter_map(|(machine, name)| {
                let place = machine.vectors.binary_search(&at).ok()?;
                let coefficient = machine.coefficients[place];
                Some((format!("coefficient of vector {number}{name}"), coefficient))
            });
            numbers.extend(carried);
            let values = columns.iter().zip(self.vectors.row(at));
            numbers
                .extend(values.map(|(name, value)| (format!("{name} of vector {number}"), *value)));
        }
        numbers
    }

    /// Two classes without names have one machine, whose vectors are all there are. Otherwise come `gamma`,
    /// the vectors, the classes, and each machine with its vectors by their places.
    pub(in super::super) fn write(&self, writer: &mut Writer) {
        writer.float(self.kernel.gamma);
        match (self.output, &self.machines[..]) {
            (Output::Probability, [machine]) => {
                machine.write(writer);
                machine.coefficients.iter().for_each(|c| writer.float(*c));
                self.vectors.values().iter().for_each(|v| writer.float(*v));
            }
            _ => {
                writer.u64(self.vectors.rows() as u64);
                self.vectors.values().iter().for_each(|v| writer.float(*v));
                writer.u64(self.classes.len() as u64);
                self.classes.iter().for_each(|class| writer.varint(*class));
                for machine in &self.machines {
                    machine.write(writer);
                    for (vector, coefficient) in machine.vectors.iter().zip(&machine.coefficients) {
                        writer.u64(*vector as u64);
                        writer.float(*coefficient);
                    }
                }
            }
        }
    }

    pub(in super::super) fn read(
        parameters: &SvmParameters,
        reader: &mut Reader<'_>,
        columns: usize,
        output: Output,
    ) -> Result<Self> {
        let kernel = Kernel {
            kind: parameters.kernel,
            gamma: reader.float()?,
        };
        if kernel.gamma <= 0.0 {
            return Err(damaged());
        }
        let rows = |reader: &mut Reader<'_>, count: usize| {
            let values = reader.floats(count.checked_mul(columns).ok_or_else(damaged)?)?;
            Ok::<_, Error>(Matrix::new(count, columns, values))
        };
        if output == Output::Probability {
            let (mut machine, count) = Machine::read(reader)?;
            machine.coefficients = reader.floats(count)?;
            machine.vectors = (0..count).collect();
            return Ok(Self {
                kernel,
                vectors: rows(reader, count)?,
                classes: vec![0, 1],
                machines: vec![machine],
                output,
            });
        }
        let count = reader.length()?;
        let vectors = rows(reader, count)?;
        let known = reader.length()?;
        if known < 2 || known > output.width() {
            return Err(damaged());
        }
        let classes = (0..known).map(|_| reader.varint());
        let classes = classes.collect::<Result<Vec<u32>>>()?;
        let last = classes.last().map_or(0, |class| *class as usize);
        if !classes.is_sorted_by(|a, b| a < b) || last >= output.width() {
            return Err(damaged());
        }
        let machines = pairs(known).map(|_| Machine::read_whole(reader, count));
        Ok(Self {
            kernel,
            vectors,
            classes,
            machines: machines.collect::<Result<_>>()?,
            output,
        })
    }
}

impl Machine {
    /// All but vectors and coefficients, and how many there are.
    fn write(&self, writer: &mut Writer) {
        let Sigmoid { slope, offset } = self.sigmoid;
        for number in [self.intercept, slope, offset] {
            writer.float(number);
        }
        writer.u64(self.coefficients.len() as u64);
    }

    /// Reads what [`Self::write`] wrote.
    fn read(reader: &mut Reader<'_>) -> Result<(Self, usize)> {
        let intercept = reader.float()?;
        let (slope, offset) = (reader.float()?, reader.float()?);
        let machine = Self {
            vectors: Vec::new(),
            coefficients: Vec::new(),
            intercept,
            sigmoid: Sigmoid { slope, offset },
        };
        Ok((machine, reader.length()?))
    }

    /// With vectors, each below `all`.
    fn read_whole(reader: &mut Reader<'_>, all: usize) -> Result<Self> {
        let (mut machine, count) = Self::read(reader)?;
        for _ in 0..count {
            machine.vectors.push(reader.length()?);
            machine.coefficients.push(reader.float()?);
        }
        let last = machine.vectors.last();
        match machine.vectors.is_sorted_by(|a, b| a < b) && last.is_none_or(|last| *last < all) {
            true => Ok(machine),
            false => Err(damaged()),
        }
    }
}

fn damaged() -> Error {
    Error::failure("the model file is damaged: its vectors cannot be read")
}
