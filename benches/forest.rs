//! A forest fitted and asked, for `benches/forest.py`, which starts this program and its peer in turn:
//! `forest FILE COLUMNS TRAIN_ROWS TEST_ROWS TREES MAX_DEPTH MIN_SAMPLES_LEAF SEED FITS`.
//!
//! FILE holds little-endian f64: the train rows, their labels (0 or 1), the test rows. Prints one JSON
//! object; the scores of the test rows are in it.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::time::Instant;

use streamflow::definition::{Model as Declared, Preprocess, Value, estimator};
use streamflow::hash::{Digest, FeatureHash};
use streamflow::learn::{
    self, Encoder, EstimatorParameters, Examples, FeatureColumn, FittedModel, Forest, Matrix,
    Model, Outcome,
};

type Any = Box<dyn std::error::Error>;

/// How often the batch is scored.
const ROUNDS: usize = 9;

fn main() -> Result<(), Any> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` starts every benchmark with a flag of its own, and no others.
    let [file, numbers @ ..] = words.as_slice() else {
        return Err("see benches/forest.py".into());
    };
    if numbers.len() < 8 {
        println!("benches/forest.py starts this one");
        return Ok(());
    }
    let numbers: Vec<usize> = numbers
        .iter()
        .take(8)
        .map(|word| word.parse())
        .collect::<Result<_, _>>()?;
    let [columns, train_rows, test_rows, ref parameters @ ..] = numbers[..] else {
        return Err("too few words".into());
    };
    let mut input = BufReader::with_capacity(1 << 20, File::open(file)?);
    let train = Matrix::new(train_rows, columns, read(&mut input, train_rows * columns)?);
    let labels: Vec<bool> = read(&mut input, train_rows)?
        .iter()
        .map(|label| *label == 1.0)
        .collect();
    let test = Matrix::new(test_rows, columns, read(&mut input, test_rows * columns)?);
    let figures = measure(&train, &labels, &test, parameters)?;
    println!("{figures}");
    Ok(())
}

fn read(input: &mut impl Read, count: usize) -> Result<Vec<f64>, Any> {
    let mut numbers = Vec::with_capacity(count);
    let mut bytes = [0; 8];
    for _ in 0..count {
        input.read_exact(&mut bytes)?;
        numbers.push(f64::from_le_bytes(bytes));
    }
    Ok(numbers)
}

fn measure(
    train: &Matrix,
    labels: &[bool],
    test: &Matrix,
    parameters: &[usize],
) -> Result<serde_json::Value, Any> {
    let parameters_of_fit = declared(parameters)?;
    let (mut walls, mut processors) = (Vec::new(), Vec::new());
    let mut fitted = None;
    for _ in 0..parameters[4] {
        drop(fitted.take());
        let (wall, processor) = (Instant::now(), processor_seconds()?);
        fitted = Some(
            learn::fit(&parameters_of_fit, &Examples::binary(train, labels))
                .map_err(|error| error.to_string())?
                .0,
        );
        walls.push(wall.elapsed().as_secs_f64());
        processors.push(processor_seconds()? - processor);
    }
    let Some(FittedModel::Forest(forest)) = &fitted else {
        return Err("no forest".into());
    };
    let peak = peak_bytes()?;
    let mut singles: Vec<f64> = (0..test.rows().min(20_000))
        .map(|row| {
            let start = Instant::now();
            black_box(forest.predict_row(black_box(test.row(row))));
            start.elapsed().as_secs_f64()
        })
        .collect();
    singles.sort_by(f64::total_cmp);
    let best_single = (0..ROUNDS)
        .map(|_| one_by_one(forest, test))
        .fold(f64::INFINITY, f64::min);
    let nodes = forest.nodes();
    let fitted = fitted.ok_or("no fit")?;
    let scores = fitted.predict(test);
    let batches: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(fitted.predict(black_box(test)));
            start.elapsed().as_secs_f64()
        })
        .collect();
    let bytes = model(train, parameters_of_fit, fitted)?.to_bytes();
    let start = Instant::now();
    black_box(Model::from_bytes(&bytes).map_err(|error| error.to_string())?);
    Ok(serde_json::json!({
        "fit_seconds": median(walls),
        "fit_processor_seconds": median(processors),
        "peak_bytes": peak,
        "nodes": nodes,
        "single_row_seconds": singles[singles.len() / 2],
        "single_row_best_seconds": best_single,
        "single_row_p99_seconds": singles[singles.len() * 99 / 100],
        "batch_best_seconds": batches.iter().copied().fold(f64::INFINITY, f64::min),
        "batch_seconds": median(batches),
        "model_bytes": bytes.len(),
        "load_seconds": start.elapsed().as_secs_f64(),
        "scores": scores,
    }))
}

/// The mean time of a row, all asked for one after the other.
fn one_by_one(forest: &Forest, test: &Matrix) -> f64 {
    let rows = test.rows().min(20_000);
    let start = Instant::now();
    for row in 0..rows {
        black_box(forest.predict_row(black_box(test.row(row))));
    }
    start.elapsed().as_secs_f64() / rows as f64
}

fn declared(parameters: &[usize]) -> Result<EstimatorParameters, Any> {
    let estimator = estimator::find("random_forest").ok_or("no such estimator")?;
    let defaults = estimator.parameters.iter();
    let mut model = Declared {
        kind: estimator.name,
        parameters: defaults
            .map(|parameter| (parameter.name.to_string(), parameter.default.value()))
            .collect(),
    };
    let names = ["trees", "max_depth", "min_samples_leaf", "seed"];
    for (name, value) in names.into_iter().zip(parameters) {
        let value = Value::Integer(i64::try_from(*value)?);
        model.parameters.insert(name.to_string(), value);
    }
    EstimatorParameters::of(&model).map_err(|error| error.to_string().into())
}

/// The model as a run keeps it: its encoder takes numbers as they are.
fn model(
    train: &Matrix,
    parameters: EstimatorParameters,
    fitted: FittedModel,
) -> Result<Model, Any> {
    let some: Vec<usize> = (0..train.rows().min(100)).collect();
    let columns: Vec<FeatureColumn> = (0..train.columns())
        .map(|column| {
            let numbers = some.iter().map(|row| Some(train.row(*row)[column]));
            FeatureColumn::numeric(format!("table.column_{column:04}"), numbers.collect())
        })
        .collect();
    let preprocess = Preprocess::default();
    let (encoder, _) =
        Encoder::fit(&columns, &some, &preprocess, None).map_err(|error| error.to_string())?;
    Ok(Model::new(
        Outcome::Binary,
        encoder,
        parameters,
        fitted,
        FeatureHash::of,
    ))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What all threads of this process have used of the processors, from Linux.
fn processor_seconds() -> Result<f64, Any> {
    let mut nanoseconds = 0_u64;
    for thread in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = text.split(' ').next().ok_or("an empty schedstat")?;
        nanoseconds += first.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// The most memory this process ever had, from Linux.
fn peak_bytes() -> Result<u64, Any> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line
        .and_then(|line| line.split_whitespace().nth(1))
        .ok_or("no VmHWM")?;
    Ok(kibibytes.parse::<u64>()? * 1024)
}
