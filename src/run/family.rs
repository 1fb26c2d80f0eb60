//! A family: one run, and the same run with other seeds. How far its numbers move by chance alone.
//!
//! The family of a run is the run itself and runs in which every varied seed is derived from the
//! declared one: the top 53 bits of the first eight bytes, big-endian, of BLAKE3 over the domain
//! `streamflow seed 1`, the seed's key path, the declared seed and the member's number, counted from
//! 1 (the items of [`crate::hash`]). The members are runs like any other: cached, recorded, without a
//! lock. What they have in common is a fact under the first run's hash, written last: whoever is
//! interrupted finds the members in the store.
//!
//! A band says what the number would have been with another draw. It says nothing of other data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::execute::{CachePolicy, Silent};
use super::perform::{Chosen, RunOptions, RunResult, find_experiment, perform as perform_run};
use super::record::finished;
use super::spread::Spread;
use crate::definition::{Definitions, Value};
use crate::error::{Error, Result};
use crate::hash::{ContentHasher, RunId};
use crate::plan::Declared;
use crate::store::Store;
use crate::workspace::Workspace;

const FAMILY: &str = "family";
const MEMBER: &str = "family member";

/// Seeds an experiment may declare, by key path.
const SEEDS: [&str; 2] = ["model.seed", "split.seed"];

/// A difference of more than this many standard deviations is seldom chance: 5 times in 100.
const Z: f64 = 1.96;

/// Which seeds are varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeds {
    /// Every seed the experiment declares: another draw in every respect.
    All,
    /// The estimator's: the noise of training alone.
    Model,
    /// The split's: other train and test rows.
    Split,
}

/// Runs that differ in their seeds alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// The run whose seeds are the declared ones: the first member.
    pub base: RunId,
    /// Key paths of the varied seeds, in bytewise order.
    pub varied: Vec<String>,
    /// At least two, in the order of their numbers.
    pub runs: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub run: RunId,
    pub seeds: BTreeMap<String, i64>,
    pub metrics: BTreeMap<String, f64>,
}

/// To which family a run belongs; a fact under its hash.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Belongs {
    base: RunId,
}

/// What chance does to the numbers of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    pub base: RunId,
    pub varied: Vec<String>,
    /// Runs of the family.
    pub n: usize,
    pub metrics: BTreeMap<String, Spread>,
}

/// Whether a difference of two runs is more than chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BandVerdict {
    pub within: bool,
    /// The largest difference that counts as chance.
    pub limit: f64,
}

impl BandVerdict {
    pub const fn words(self) -> &'static str {
        match self.within {
            true => "within run-to-run noise",
            false => "beyond run-to-run noise",
        }
    }
}

impl Family {
    pub fn band(&self) -> Band {
        let names = self.runs.iter().flat_map(|member| member.metrics.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        let spread = |name: &String| {
            let values = self.runs.iter().filter_map(|m| m.metrics.get(name));
            let values: Vec<f64> = values.copied().collect();
            Some((name.clone(), Spread::of(&values)?))
        };
        Band {
            base: self.base,
            varied: self.varied.clone(),
            n: self.runs.len(),
            metrics: names.into_iter().filter_map(spread).collect(),
        }
    }
}

/// The seed of a member; member 0 has the declared one.
pub fn derived_seed(path: &str, declared: i64, member: usize) -> i64 {
    if member == 0 {
        return declared;
    }
    let mut hasher = ContentHasher::new("streamflow seed 1");
    hasher.text(path);
    hasher.integer(declared);
    hasher.count(member);
    let [a, b, c, d, e, f, g, h, ..] = hasher.finish();
    (u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11).cast_signed()
}

/// The declared seeds that are to be varied.
fn seeds_of(declared: &Declared, vary: Seeds) -> BTreeMap<String, i64> {
    let wanted = |path: &&str| match vary {
        Seeds::All => true,
        Seeds::Model => path.starts_with("model."),
        Seeds::Split => path.starts_with("split."),
    };
    let declared = |path: &str| match declared.get(path) {
        Some(Value::Integer(seed)) => Some((path.to_string(), *seed)),
        _ => None,
    };
    let paths = SEEDS.into_iter().filter(wanted);
    paths.filter_map(declared).collect()
}

/// How a family is made.
pub struct Repeat<'a> {
    /// Runs, the declared one included; at least two.
    pub n: usize,
    pub vary: Seeds,
    pub cache: CachePolicy,
    /// What `--set` says for every member.
    pub set: &'a [(String, String)],
}

/// Executes the family of a run that was just performed, and records it. `told` hears of each member
/// that was executed, with its number and the seconds it took.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) when nothing the run declares is drawn at random; else
/// what stopped a member, with its seeds.
pub fn repeat(
    workspace: &Workspace,
    base: &RunResult,
    how: &Repeat,
    told: &mut dyn FnMut(usize, f64),
) -> Result<Family> {
    let name = &base.record.experiment;
    let declared = seeds_of(&base.resolved.plan.identity.declared, how.vary);
    if declared.is_empty() {
        return Err(no_seed(name.as_str(), how.vary));
    }
    let store = workspace.store();
    let varied: Vec<String> = declared.keys().cloned().collect();
    let known = family_of(store, base.record.run, &varied)?;
    let mut family = Family {
        base: base.record.run,
        varied,
        runs: vec![Member {
            run: base.record.run,
            seeds: declared.clone(),
            metrics: base.record.metrics.clone(),
        }],
    };
    for number in 1..how.n {
        let derive =
            |(path, seed): (&String, &i64)| (path.clone(), derived_seed(path, *seed, number));
        let seeds: BTreeMap<String, i64> = declared.iter().map(derive).collect();
        let before = known.as_ref().and_then(|known| known.runs.get(number));
        let member = match before.filter(|_| how.cache == CachePolicy::Use) {
            Some(member) => member.clone(),
            None => {
                let (member, seconds) = perform(workspace, base, how, seeds)?;
                told(number, seconds);
                member
            }
        };
        family.runs.push(member);
    }
    // The run people know by the experiment's name is the declared one.
    finished(store.catalog(), name, base.record.run)?;
    note(store, &family, known.as_ref())?;
    Ok(family)
}

fn perform(
    workspace: &Workspace,
    base: &RunResult,
    how: &Repeat,
    seeds: BTreeMap<String, i64>,
) -> Result<(Member, f64)> {
    let name = &base.record.experiment;
    let mut set = how.set.to_vec();
    set.extend(
        seeds
            .iter()
            .map(|(path, seed)| (path.clone(), seed.to_string())),
    );
    let definitions = Definitions::parse_with(workspace.files(), Some(name), &set)?;
    let experiment = find_experiment(&definitions, name.as_str())?;
    let options = RunOptions {
        cache: how.cache,
        accept: false,
        set: true,
    };
    let words = seeds.iter().map(|(path, seed)| format!("{path} = {seed}"));
    let words = words.collect::<Vec<_>>().join(", ");
    let with_seeds = |error: Error| error.detail(format!("with {words}"));
    // What a search chose stays: it is the run whose seeds are varied.
    let chosen = Chosen {
        values: base
            .search
            .as_ref()
            .map_or_else(BTreeMap::new, |search| search.chosen.clone()),
        search: None,
    };
    let (result, error) = perform_run(
        workspace,
        &definitions,
        experiment,
        &chosen,
        &options,
        &Silent,
    )
    .map_err(with_seeds)?;
    if let Some(error) = error {
        return Err(with_seeds(error));
    }
    let seconds = result.execution.seconds;
    let member = Member {
        run: result.record.run,
        seeds,
        metrics: result.record.metrics,
    };
    Ok((member, seconds))
}

fn no_seed(name: &str, vary: Seeds) -> Error {
    let (seed, help) = match vary {
        Seeds::All => (
            "seed",
            "hash and shuffle splits have a seed, and of the estimators random_forest and \
             gradient_boosting",
        ),
        Seeds::Model => (
            "model.seed",
            "of the estimators, random_forest and gradient_boosting have a seed",
        ),
        Seeds::Split => ("split.seed", "of the splits, hash and shuffle have a seed"),
    };
    Error::usage(format!(
        "{name} declares no {seed}, so every repetition would be the same run"
    ))
    .help(help)
}

/// Records a family, unless as large a one is recorded.
fn note(store: &Store, family: &Family, known: Option<&Family>) -> Result<()> {
    let is_news = known.is_none_or(|known| {
        let shared = family.runs.iter().zip(&known.runs);
        family.runs.len() > known.runs.len() || shared.clone().any(|(new, old)| new != old)
    });
    if !is_news {
        return Ok(());
    }
    let catalog = store.catalog();
    for member in &family.runs[1..] {
        let key = member.run.to_string();
        let belongs = Belongs { base: family.base };
        let before = catalog.latest::<Belongs>(MEMBER, &key)?;
        if before.is_none_or(|before| before.value != belongs) {
            catalog.append(MEMBER, &key, &belongs, &[])?;
        }
    }
    catalog.append(FAMILY, &family.base.to_string(), family, &[])?;
    Ok(())
}

/// The newest family of a run in which exactly these seeds are varied.
fn family_of(store: &Store, base: RunId, varied: &[String]) -> Result<Option<Family>> {
    let facts = store
        .catalog()
        .history::<Family>(FAMILY, &base.to_string())?;
    let mut families = facts.into_iter().rev().map(|fact| fact.value);
    Ok(families.find(|family| family.varied == varied))
}

/// What is known of chance for a run: of its own family, else of the one it is a member of. Of
/// several the one recorded last.
pub fn band_of(store: &Store, run: RunId) -> Result<Option<Band>> {
    let catalog = store.catalog();
    let of = |base: RunId| catalog.latest::<Family>(FAMILY, &base.to_string());
    if let Some(own) = of(run)? {
        return Ok(Some(own.value.band()));
    }
    let Some(belongs) = catalog.latest::<Belongs>(MEMBER, &run.to_string())? else {
        return Ok(None);
    };
    let family = of(belongs.value.base)?.map(|family| family.value);
    Ok(family.map(|family| family.band()))
}

/// Whether two runs' difference in a metric is within what chance does to both: at most 1.96 standard
/// deviations of a difference. Where one run has no band, the other's stands for both.
pub fn judge(delta: f64, metric: &str, a: Option<&Band>, b: Option<&Band>) -> Option<BandVerdict> {
    let sd = |band: Option<&Band>| Some(band?.metrics.get(metric)?.sd);
    let (a, b) = match (sd(a), sd(b)) {
        (None, None) => return None,
        (Some(one), None) | (None, Some(one)) => (one, one),
        (Some(a), Some(b)) => (a, b),
    };
    let limit = Z * (a * a + b * b).sqrt();
    Some(BandVerdict {
        within: delta.abs() <= limit,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Digest;

    fn band(sd: f64) -> Band {
        let spread = Spread {
            mean: 0.8,
            sd,
            min: 0.7,
            max: 0.9,
            n: 5,
        };
        Band {
            base: RunId::from_bytes([1; 32]),
            varied: vec!["model.seed".into()],
            n: 5,
            metrics: BTreeMap::from([("auc".to_string(), spread)]),
        }
    }

    #[test]
    fn a_difference_is_judged_by_the_bands_of_both_or_of_the_one_there_is() {
        let (small, large) = (band(0.003), band(0.004));
        let verdict = judge(-0.0098, "auc", Some(&small), Some(&large)).unwrap();
        assert!(
            verdict.within && (verdict.limit - 0.0098).abs() < 1e-12,
            "{verdict:?}"
        );
        assert!(
            !judge(0.0099, "auc", Some(&small), Some(&large))
                .unwrap()
                .within
        );
        let alone = judge(0.0099, "auc", None, Some(&large)).unwrap();
        assert!(alone.within && alone.limit > 0.011, "{alone:?}");
        assert_eq!(judge(0.1, "auc", None, None), None);
        assert_eq!(judge(0.1, "f1", Some(&small), None), None);
        assert_eq!(
            judge(0.0, "auc", Some(&band(0.0)), None).unwrap().words(),
            "within run-to-run noise"
        );
    }

    /// The vector stands in docs/hashing.md. A change here gives every family other members.
    #[test]
    fn golden_seeds() {
        assert_eq!(derived_seed("model.seed", 42, 0), 42);
        let seeds = [1, 2].map(|member| derived_seed("model.seed", 42, member));
        assert_eq!(seeds, [6_720_884_484_953_268, 381_906_547_208_819]);
        // Two seeds that are declared alike are not derived alike.
        assert_ne!(derived_seed("split.seed", 42, 1), seeds[0]);
    }
}
