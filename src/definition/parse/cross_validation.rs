//! `[cross_validation]`.

use crate::definition::item::Item;
use crate::definition::section::Section;
use crate::definition::{AsOf, CrossValidation, FoldMethod, Split, Task};

pub(super) fn read(
    section: &Section<'_>,
    dates: Option<&[AsOf]>,
    task: Option<Task>,
) -> CrossValidation {
    let item = section.optional("method");
    let method = item.as_ref().map_or(Some(FoldMethod::Grouped), |item| {
        item.word(FoldMethod::WORDS)
    });
    let folds = section.optional("folds").and_then(|item| folds(&item));
    let folds = folds.unwrap_or(CrossValidation::DEFAULT_FOLDS);
    let seed = section.optional("seed").and_then(|item| {
        if method == Some(FoldMethod::Time) {
            let label = "dates are taken in their order: nothing is drawn";
            item.refuse("`seed` has no meaning here", label);
            return None;
        }
        super::experiment::seed(&item)
    });
    section.finish();
    if let (Some(item), Some(method)) = (item, method) {
        refuse_method(&item, method, folds, dates, task);
    }
    CrossValidation {
        method: method.unwrap_or(FoldMethod::Grouped),
        folds,
        seed: seed.unwrap_or(Split::DEFAULT_SEED),
    }
}

fn folds(item: &Item<'_>) -> Option<u32> {
    let most = CrossValidation::MAX_FOLDS;
    let folds = item.integer()?;
    let found = u32::try_from(folds)
        .ok()
        .filter(|folds| (2..=most).contains(folds));
    if found.is_none() {
        item.refuse_value(format!("expected an integer from 2 to {most}"));
    }
    found
}

fn refuse_method(
    item: &Item<'_>,
    method: FoldMethod,
    folds: u32,
    dates: Option<&[AsOf]>,
    task: Option<Task>,
) {
    match method {
        FoldMethod::Stratified if task == Some(Task::Regression) => {
            let label = "a number has no classes whose shares could be kept";
            item.refuse("folds of a number cannot be stratified", label);
        }
        FoldMethod::Time => {
            let Some(dates) = dates else { return };
            let needed = folds as usize + 1;
            if dates.len() < needed {
                let message = format!(
                    "{folds} folds by time need {needed} dates or more: the first is learnt from alone"
                );
                let there = match dates.len() {
                    1 => "one date".to_string(),
                    more => format!("{more} dates"),
                };
                item.refuse(message, format!("`as_of` has {there}"));
            }
        }
        FoldMethod::Grouped | FoldMethod::Stratified => {}
    }
}
