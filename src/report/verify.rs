//! What `verify` found.

use super::style::{Table, bold, dim, green, plural, red, seconds, wrap, yellow};
use crate::hash::Digest;
use crate::run::{Verdict, Verified, VerifyExecution};

/// One line for each execution, and the verdict of all.
pub fn verified_text(verified: &Verified) -> String {
    let mut text = format!(
        "{}   run {}\n",
        bold(&verified.experiment),
        verified.run.short()
    );
    let mut table = Table::default();
    for execution in &verified.executions {
        table
            .row()
            .left(execution.vary.as_str())
            .left(execution.value.clone())
            .right(execution.seconds.map_or(String::new(), seconds))
            .left(verdict_words(execution));
    }
    text.push_str(&table.render(2));
    for execution in verified
        .executions
        .iter()
        .filter(|e| e.verdict == Verdict::Skipped)
    {
        if let Some(why) = &execution.why {
            let first = format!("  {} ", yellow("notice"));
            text.push_str(&wrap(
                &first,
                &format!("{} was not varied: {why}", execution.vary.as_str()),
            ));
            break;
        }
    }
    text + &verdict_line(verified)
}

fn verdict_words(execution: &VerifyExecution) -> String {
    match (execution.verdict, &execution.first_divergence) {
        (Verdict::Identical, _) => green("identical"),
        (Verdict::Diverged, Some(step)) => red(format!("diverged in {step}")),
        (Verdict::Diverged, None) => red("diverged"),
        (Verdict::Skipped, _) => dim("skipped"),
    }
}

fn verdict_line(verified: &Verified) -> String {
    let of = |verdict| {
        verified
            .executions
            .iter()
            .filter(|e| e.verdict == verdict)
            .count() as u64
    };
    let identical = of(Verdict::Identical);
    match verified.verdict {
        Verdict::Identical => format!(
            "  {}: {} gave what was recorded, to the bit\n",
            green("identical"),
            plural(identical, "execution")
        ),
        Verdict::Diverged => format!(
            "  {}: {} of {} gave something else\n",
            red("diverged"),
            of(Verdict::Diverged),
            plural(verified.executions.len() as u64, "execution")
        ),
        Verdict::Skipped => format!("  {}\n", yellow("nothing was varied")),
    }
}
