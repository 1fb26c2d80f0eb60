//! The page of one run.

use super::super::leakage::remarkable;
use super::super::page::{escaped, page, plural};
use super::super::style::fixed;
use super::Portrait;
use super::parts::{
    again, breakable, code, data, facts, folded, hash, interval, notices, pictures, section, style,
    table,
};
use super::picture::{self, Side};
use crate::definition::Task;
use crate::hash::Digest;
use crate::lockfile::Outputs;
use crate::run::CrossValidated;

/// The whole page.
pub fn portrait_page(portrait: &Portrait) -> String {
    let known = portrait.known();
    let name = format!("{} {}", known.experiment, known.run.short());
    let curves = portrait.curves();
    let sides = [Side::alone(portrait, &curves)];
    let mut sentences = portrait.report.warnings.clone();
    if let Some(leakage) = &portrait.view.leakage {
        sentences.extend(remarkable(leakage));
    }
    let body = format!(
        "<header>\n<h1>{} <span>{}</span></h1>\n<p class=\"lead\">{}</p>\n</header>\n{}\
         <div class=\"top\">\n{}{}</div>\n{}{}{}{}{}",
        escaped(known.experiment.as_str()),
        known.run.short(),
        lead(portrait),
        notices(&sentences),
        section("What it is", &fact_list(portrait)),
        section("How good it is", &metrics(portrait)),
        pictures(&picture::pictures(&sides)),
        section("Made again", &again(portrait)),
        section("Data", &data(portrait)),
        folded("Declared", &declared(portrait)),
        folded("Outputs", &outputs(portrait)),
    );
    page(&name, &style(), &body)
}

/// `auc 0.7686 on 505 test rows`.
fn lead(portrait: &Portrait) -> String {
    let metrics = portrait.known().metrics();
    let rows = plural(portrait.report.test, "test row");
    match Task::main_metric_among(|name| metrics.contains_key(name)) {
        Some(name) => format!("<b>{name} {}</b> on {rows}", fixed(metrics[name])),
        None => rows,
    }
}

fn fact_list(portrait: &Portrait) -> String {
    let facts = facts(portrait).into_iter();
    let items = facts.map(|(name, words)| format!("<dt>{name}</dt><dd>{words}</dd>\n"));
    format!("<dl>\n{}</dl>\n", items.collect::<String>())
}

fn metrics(portrait: &Portrait) -> String {
    let (known, view) = (portrait.known(), &portrait.view);
    let prior = &portrait.report.prior_metrics;
    let folds = portrait.report.cross_validation.as_ref();
    let names = portrait.task().metrics().iter();
    let rows: Vec<Vec<String>> = names
        .filter_map(|name| {
            let value = known.metrics().get(*name)?;
            let prior = prior
                .get(*name)
                .map_or("–".to_string(), |prior| fixed(*prior));
            let interval = interval(view.intervals.get(name));
            let mut cells = vec![breakable(name), fixed(*value), interval, prior];
            cells.extend(folds.map(|folds| of_folds(folds, name)));
            Some(cells)
        })
        .collect();
    let mut header = vec![
        ("", false),
        ("this run", true),
        ("95 of 100 draws", true),
        ("prior", true),
    ];
    let about = "95 of 100 draws of the test rows lie in the interval; the prior knows nothing but the labels of the \
                 train rows.";
    let Some(folds) = folds else {
        return format!("{}<p class=\"quiet\">{about}</p>\n", table(&header, &rows));
    };
    let heading = format!("{} folds", folds.rows.len());
    header.push((&heading, true));
    format!(
        "{}<p class=\"quiet\">{about} Of the folds of the train rows mean ± standard deviation, each scored by a model of \
         others.</p>\n",
        table(&header, &rows)
    )
}

/// `0.8102 ± 0.0123`.
fn of_folds(folds: &CrossValidated, name: &str) -> String {
    let metric = folds.metrics.get(name);
    let spread = metric.and_then(|metric| metric.mean.zip(metric.sd));
    spread.map_or("–".to_string(), |(mean, sd)| {
        format!("{} ± {}", fixed(mean), fixed(sd))
    })
}

fn declared(portrait: &Portrait) -> String {
    let values = portrait.known().record.declared.iter();
    let rows: Vec<Vec<String>> = values
        .map(|(path, value)| vec![code(path.as_str()), code(&value.to_string())])
        .collect();
    table(&[("", false), ("", false)], &rows)
}

fn outputs(portrait: &Portrait) -> String {
    let outputs = portrait.known().outputs();
    let rows: Vec<Vec<String>> = outputs
        .iter()
        .flat_map(Outputs::named)
        .map(|(name, output)| vec![name.to_string(), hash(&output)])
        .collect();
    table(&[("", false), ("", false)], &rows)
}
