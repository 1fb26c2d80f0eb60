//! What can be typed of promotions and their log.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["to", "alias", "remove_alias", "approve"])))]
pub struct PromoteArguments {
    /// A hash or its first digits, NAME@latest, NAME@locked, NAME@GITREV, MODEL@staging,
    /// MODEL@ALIAS.
    pub run: String,
    /// production or staging; archived or none take the run out.
    #[arg(long, value_name = "STAGE")]
    pub to: Option<String>,
    /// Points a name of your own at the run: MODEL@NAME.
    #[arg(long, value_name = "NAME")]
    pub alias: Option<String>,
    /// Takes such a name away from the run.
    #[arg(long, value_name = "NAME")]
    pub remove_alias: Option<String>,
    /// Records that you want the run in production, where `approvals` under [promote] asks for people.
    #[arg(long)]
    pub approve: bool,
    /// Why, for those who come later.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Signs the promotion with an Ed25519 key, a file as `openssl genpkey` makes it.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["alias", "remove_alias", "approve"])]
    pub sign: Option<PathBuf>,
    /// Pins the run also where gates do not hold; the log, the pin and every screen say so.
    #[arg(long, conflicts_with_all = ["alias", "remove_alias", "approve"])]
    pub override_gates: bool,
}

#[derive(Debug, Args)]
pub struct RollbackArguments {
    /// The registered model.
    pub model: String,
    /// Why, for those who come later.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Signs the rollback with an Ed25519 key, a file as `openssl genpkey` makes it.
    #[arg(long, value_name = "KEY")]
    pub sign: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The registered model; may be left out while there is one.
    pub model: Option<String>,
    /// Shows what was pinned then: RFC 3339, or a date, which stands for its end.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Finds every entry that was edited, removed, moved or put in.
    #[arg(long, conflicts_with = "at")]
    pub verify: bool,
}

#[derive(Debug, Args)]
pub struct ShadowArguments {
    /// The registered model; every one that was compared when none is named.
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// The first day (UTC) whose requests count, YYYY-MM-DD; all that is recorded without it.
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
}
