//! Three months of a company: who is there at the end of each.

use std::collections::BTreeSet;

use super::activity::Activity;
use super::churn;
use super::customer::{Contract, Customer};
use super::draws::Draws;

/// The dates of the exports.
pub const DATES: [&str; 3] = ["2024-01-31", "2024-02-29", "2024-03-31"];

const CUSTOMERS: i64 = 2000;
const NEWCOMERS: i64 = 45;

/// One customer at the end of one month.
#[derive(Debug, Clone)]
pub struct Row {
    pub customer: Customer,
    pub activity: Activity,
    pub churned: bool,
}

/// The rows of each of [`DATES`].
///
/// Between two months everyone is a month older, some of those who gave notice are gone (their rows
/// stop appearing), and others have signed up.
pub fn months(seed: u64) -> Vec<Vec<Row>> {
    let mut register = Register::new(seed);
    let mut rows: Vec<Row> = (0..CUSTOMERS)
        .map(|_| register.sign_up(Customer::established))
        .map(|customer| observe(customer, seed, 0))
        .collect();
    let mut months = vec![rows.clone()];
    for month in 1..DATES.len() as i64 {
        rows.retain(|row| !leaves(row, seed, month));
        for row in &mut rows {
            row.customer.advance(seed, month);
        }
        let stay = rows.into_iter().map(|row| row.customer);
        let come = (0..NEWCOMERS)
            .map(|_| register.sign_up(|seed, number| Customer::newcomer(seed, number, month)));
        rows = stay
            .chain(come)
            .map(|customer| observe(customer, seed, month))
            .collect();
        months.push(rows.clone());
    }
    months
}

fn observe(customer: Customer, seed: u64, month: i64) -> Row {
    let activity = Activity::of(&customer, seed, month);
    let churned = churn::has_given_notice(&customer, &activity);
    Row {
        customer,
        activity,
        churned,
    }
}

/// Whether the notice given last month has run out in this one.
fn leaves(row: &Row, seed: u64, month: i64) -> bool {
    let share = match row.customer.contract {
        Contract::MonthToMonth => 0.09,
        Contract::OneYear | Contract::TwoYear => 0.03,
    };
    row.churned && Draws::new(seed, "leave", &[row.customer.number, month]).chance(share)
}

/// Hands out customer numbers, and sees to it that no id is given twice.
struct Register {
    seed: u64,
    next: i64,
    ids: BTreeSet<String>,
}

impl Register {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            next: 0,
            ids: BTreeSet::new(),
        }
    }

    fn sign_up(&mut self, make: impl Fn(u64, i64) -> Customer) -> Customer {
        loop {
            let customer = make(self.seed, self.next);
            self.next += 1;
            if self.ids.insert(customer.id.clone()) {
                return customer;
            }
        }
    }
}
