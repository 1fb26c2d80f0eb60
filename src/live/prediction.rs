//! What was answered of one entity.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::days::{Days, own};
use super::log::Row;
use crate::definition::{AsOf, ModelName};
use crate::error::{Error, Result};
use crate::hash::{RunId, ValuesHash};
use crate::host::Instant;
use crate::table::{Cell, EntityKey, Frame, Values};

/// Why a run answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is the one in production.
    Production,
    /// It is tried on a share of the entities.
    Canary,
}

/// What the predictions of one request have in common.
#[derive(Debug)]
pub struct Asked {
    /// When the reply was made.
    pub time: Instant,
    /// What the request is called, in its reply and in the log.
    pub request: String,
    pub model: ModelName,
    pub run: RunId,
    pub role: Role,
    /// Of the values.
    pub as_of: AsOf,
    /// From which probability on a row is positive, where there are two classes.
    pub threshold: Option<f64>,
    /// The names of several classes, in bytewise order.
    pub classes: Vec<String>,
}

/// What was said.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Binary {
        /// Of the positive class.
        probability: f64,
        positive: bool,
    },
    Class {
        /// The number of the class that is predicted.
        class: usize,
        /// Of each class, in the order of the names.
        probabilities: Vec<f64>,
    },
    Number(f64),
}

/// One prediction that a client was told.
#[derive(Debug)]
pub struct Prediction {
    pub asked: Arc<Asked>,
    pub entity: EntityKey,
    pub said: Said,
    /// Of the values it was made from.
    pub values: ValuesHash,
}

impl Row for Prediction {
    const KIND: &'static str = "predictions";

    fn time(&self) -> Instant {
        self.asked.time
    }

    /// By the types of `entity` and `prediction`.
    fn shape(&self) -> u8 {
        let of_key = match self.entity {
            EntityKey::Integer(_) => 0,
            EntityKey::Text(_) => 3,
        };
        of_key
            + match self.said {
                Said::Binary { .. } => 0,
                Said::Class { .. } => 1,
                Said::Number(_) => 2,
            }
    }

    fn columns(rows: &[Self]) -> Vec<(&'static str, Values)> {
        let texts = |of: &dyn Fn(&Self) -> Option<String>| {
            Values::strings(&rows.iter().map(of).collect::<Vec<_>>())
        };
        let floats = |of: &dyn Fn(&Self) -> Option<f64>| {
            Values::floats(&rows.iter().map(of).collect::<Vec<_>>())
        };
        let times = rows.iter().map(|row| Some(row.time().microseconds()));
        let dates = rows.iter().map(|row| Some(row.asked.as_of.days()));
        vec![
            ("time", Values::datetimes(&times.collect::<Vec<_>>())),
            ("entity", entities(rows)),
            ("as_of", Values::dates(&dates.collect::<Vec<_>>())),
            ("model", texts(&|row| Some(row.asked.model.to_string()))),
            ("run", texts(&|row| Some(row.asked.run.to_string()))),
            ("role", texts(&|row| Some(row.asked.role.as_str().into()))),
            ("prediction", predicted(rows)),
            ("probability", floats(&Self::probability)),
            ("probabilities", texts(&Self::probabilities)),
            ("threshold", floats(&|row| row.asked.threshold)),
            ("values", texts(&|row| Some(row.values.to_string()))),
            ("request", texts(&|row| Some(row.asked.request.clone()))),
        ]
    }
}

/// The keys, all of one type.
fn entities(rows: &[Prediction]) -> Values {
    let integer = |row: &Prediction| match row.entity {
        EntityKey::Integer(key) => Some(key),
        EntityKey::Text(_) => None,
    };
    match rows.first().map(|row| &row.entity) {
        Some(EntityKey::Integer(_)) => {
            Values::integers(&rows.iter().map(integer).collect::<Vec<_>>())
        }
        _ => {
            let text = |row: &Prediction| match &row.entity {
                EntityKey::Text(key) => Some(key.clone()),
                EntityKey::Integer(_) => None,
            };
            Values::strings(&rows.iter().map(text).collect::<Vec<_>>())
        }
    }
}

/// `prediction` as the reply has it: 0 or 1, the name of a class, or a number.
fn predicted(rows: &[Prediction]) -> Values {
    match rows.first().map(|row| &row.said) {
        Some(Said::Class { .. }) => {
            let class = |row: &Prediction| match row.said {
                Said::Class { class, .. } => row.asked.classes.get(class).cloned(),
                _ => None,
            };
            Values::strings(&rows.iter().map(class).collect::<Vec<_>>())
        }
        Some(Said::Number(_)) => {
            let number = |row: &Prediction| match row.said {
                Said::Number(number) => Some(number),
                _ => None,
            };
            Values::floats(&rows.iter().map(number).collect::<Vec<_>>())
        }
        _ => {
            let positive = |row: &Prediction| match row.said {
                Said::Binary { positive, .. } => Some(i64::from(positive)),
                _ => None,
            };
            Values::integers(&rows.iter().map(positive).collect::<Vec<_>>())
        }
    }
}

impl Prediction {
    /// Of the positive class, or of the one that is predicted.
    fn probability(&self) -> Option<f64> {
        match &self.said {
            Said::Binary { probability, .. } => Some(*probability),
            Said::Class {
                class,
                probabilities,
            } => probabilities.get(*class).copied(),
            Said::Number(_) => None,
        }
    }

    /// Those of several classes by name, as an object of JSON.
    fn probabilities(&self) -> Option<String> {
        let Said::Class { probabilities, .. } = &self.said else {
            return None;
        };
        let named: BTreeMap<_, _> = self.asked.classes.iter().zip(probabilities).collect();
        serde_json::to_string(&named).ok()
    }
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Canary => "canary",
        }
    }
}

/// A prediction as it was logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    pub time: Instant,
    pub entity: EntityKey,
    pub as_of: AsOf,
    pub model: ModelName,
    pub run: RunId,
    pub scores: Scores,
}

/// What was said, in numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Scores {
    /// The probability of the positive class.
    Binary(f64),
    /// The probability of each class by its name.
    Classes(BTreeMap<String, f64>),
    Number(f64),
}

/// Which columns are read.
const READ: [&str; 8] = [
    "time",
    "entity",
    "as_of",
    "model",
    "run",
    "prediction",
    "probability",
    "probabilities",
];

/// The days with predictions, in order.
pub fn logged_days(store: &Path) -> Result<Vec<AsOf>> {
    Days::of::<Prediction>(store).list()
}

/// Hands every prediction logged on some days to `each`, day by day.
///
/// # Errors
/// A file cannot be read, or holds no predictions.
pub fn predictions(
    store: &Path,
    days: impl Fn(AsOf) -> bool,
    mut each: impl FnMut(Logged),
) -> Result<()> {
    let log = Days::of::<Prediction>(store);
    let wanted = READ.into_iter().map(own).collect();
    for day in log.list()?.into_iter().filter(|day| days(*day)) {
        for frame in log.read(day, &wanted)? {
            let columns = Columns::of(&frame).ok_or_else(|| foreign(&log, day))?;
            for row in 0..frame.rows() {
                each(columns.logged(row).ok_or_else(|| foreign(&log, day))?);
            }
        }
    }
    Ok(())
}

fn foreign(log: &Days, day: AsOf) -> Error {
    let folder = log.folder(day);
    Error::failure(format!(
        "{} has a file that holds no predictions",
        folder.display()
    ))
    .help("only the server writes there: move what is not its own elsewhere")
}

/// The columns of one file.
struct Columns<'a> {
    columns: [&'a Values; READ.len()],
}

impl<'a> Columns<'a> {
    fn of(frame: &'a Frame) -> Option<Self> {
        let mut columns = Vec::with_capacity(READ.len());
        for name in READ {
            columns.push(frame.column(name)?);
        }
        Some(Self {
            columns: columns.try_into().ok()?,
        })
    }

    /// None where a value is not of the type it is written as.
    fn logged(&self, row: usize) -> Option<Logged> {
        let [
            time,
            entity,
            as_of,
            model,
            run,
            said,
            probability,
            of_classes,
        ] = self.columns.map(|values| values.cell(row));
        let (Cell::Datetime(time), Cell::Date(as_of)) = (time, as_of) else {
            return None;
        };
        let (Cell::String(model), Cell::String(run)) = (model, run) else {
            return None;
        };
        let scores = match (said, probability, of_classes) {
            (Cell::F64(number), Cell::Null, _) => Scores::Number(number),
            (Cell::String(_), _, Cell::String(classes)) => {
                Scores::Classes(serde_json::from_str(classes).ok()?)
            }
            (_, Cell::F64(probability), Cell::Null) => Scores::Binary(probability),
            _ => return None,
        };
        Some(Logged {
            time: Instant::from_microseconds(time)?,
            entity: EntityKey::of(entity)?,
            as_of: AsOf::from_days(as_of)?,
            model: model.parse().ok()?,
            run: run.parse().ok()?,
            scores,
        })
    }
}
