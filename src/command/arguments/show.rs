//! What can be asked of a run.

use clap::Args;

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// A hash or its first digits, NAME@latest, NAME@locked, NAME@GITREV, MODEL@production.
    pub run: String,
    /// How much worse the run judges its test rows when a feature's values change rows.
    #[arg(long, conflicts_with_all = ["by", "dependence"])]
    pub importances: bool,
    /// What gets worse: a metric of the run; auc, auc_ovr or r2 when none is named.
    #[arg(long, value_name = "METRIC", requires = "importances")]
    pub metric: Option<String>,
    /// How often each feature is permuted; 10 when nothing is said.
    #[arg(long, value_name = "N", requires = "importances",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub repeats: Option<u16>,
    /// How the run does by the values of a feature, or of another column of its tables.
    #[arg(long, value_name = "TABLE.FEATURE", conflicts_with = "dependence")]
    pub by: Option<String>,
    /// The mean prediction when all test rows have one value of a feature, for each of a grid.
    #[arg(long, value_name = "TABLE.FEATURE")]
    pub dependence: Option<String>,
    /// How many values of a number; 20 when nothing is said.
    #[arg(long, value_name = "N", requires = "dependence",
          value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub grid: Option<u16>,
}
