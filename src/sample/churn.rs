//! Who leaves, and why: the pattern that models of the example find again.

use super::activity::Activity;
use super::customer::{Contract, Customer};

/// Whether the customer has given notice as of this month.
///
/// The label of a logistic model: a score of what the columns tell, plus logistic noise.
pub fn has_given_notice(customer: &Customer, activity: &Activity) -> bool {
    score(customer, activity) + customer.whim > 0.0
}

/// The log-odds of leaving, as far as the exports could tell them.
fn score(customer: &Customer, activity: &Activity) -> f64 {
    contract(customer) + bill(customer) + household(customer) + experience(customer, activity)
}

/// Long contracts and long years bind.
fn contract(customer: &Customer) -> f64 {
    let binding = match customer.contract {
        Contract::MonthToMonth => 0.0,
        Contract::OneYear => -1.4,
        Contract::TwoYear => -2.5,
    };
    let tenure = customer.months_active as f64;
    binding - 1.8 * tenure / (12.0 + tenure)
}

/// High fees and raised fees repel; the fiber line costs more than it is worth.
fn bill(customer: &Customer) -> f64 {
    let fee = customer.fee_cents as f64 / 100.0;
    let fiber = customer.internet.is_some_and(|line| line.fiber);
    0.018 * (fee - 65.0) + if fiber { 0.4 } else { 0.0 } + 0.09 * customer.price_rise().max(0.0)
}

fn household(customer: &Customer) -> f64 {
    let weigh = |holds: bool, weight: f64| if holds { weight } else { 0.0 };
    weigh(customer.is_senior, 0.35)
        + weigh(customer.paperless, 0.3)
        + weigh(customer.has_family, -0.15)
        + weigh(customer.has_dependents, -0.3)
}

/// Failed payments and tickets announce a departure; who watches much stays.
fn experience(customer: &Customer, activity: &Activity) -> f64 {
    0.9 * activity.failed_payments.min(3) as f64
        + 0.6 * activity.tickets.min(4) as f64
        + 0.12 * (activity.rebuffers - 2) as f64
        - 0.4 * customer.taste
        - 0.4
}
