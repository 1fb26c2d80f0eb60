//! Who the customers are: what they signed up for, and what a month changes.

use super::draws::Draws;

/// Months are counted from year 0, so that a difference of two is a number of months.
const FIRST_MONTH: i64 = 2024 * 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    MonthToMonth,
    OneYear,
    TwoYear,
}

impl Contract {
    pub fn name(self) -> &'static str {
        match self {
            Self::MonthToMonth => "Month-to-month",
            Self::OneYear => "One year",
            Self::TwoYear => "Two year",
        }
    }
}

/// An internet line and the plans that need one. A customer without it cannot answer whether they
/// stream, which is why those two columns are empty for exactly these customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Internet {
    pub fiber: bool,
    pub stream_tv: bool,
    pub stream_movies: bool,
}

/// A customer as of one month.
#[derive(Debug, Clone)]
pub struct Customer {
    /// Position in the order of signing up; names the customer's streams of random numbers.
    pub number: i64,
    pub id: String,
    pub signup_month: i64,
    pub signup_day: usize,
    pub gender: &'static str,
    pub is_senior: bool,
    pub has_family: bool,
    pub has_dependents: bool,
    pub months_active: i64,
    pub contract: Contract,
    pub internet: Option<Internet>,
    pub paperless: bool,
    pub fee_cents: i64,
    pub paid_cents: i64,
    /// What no column tells: liking for the service, trouble with it, and with payments.
    pub taste: f64,
    pub ticket_rate: f64,
    pub failure_rate: f64,
    /// Everything else that decides about leaving: logistic noise, stable over some months.
    pub whim: f64,
}

impl Customer {
    /// A customer of long standing, found in the first month.
    pub fn established(seed: u64, number: i64) -> Self {
        let mut draws = Draws::new(seed, "established", &[number]);
        let contract = match draws.fraction() {
            p if p < 0.55 => Contract::MonthToMonth,
            p if p < 0.76 => Contract::OneYear,
            _ => Contract::TwoYear,
        };
        let p = draws.fraction();
        let share = match contract {
            Contract::MonthToMonth => p * p * p.sqrt(),
            Contract::OneYear => p.sqrt() * p.sqrt().sqrt(),
            Contract::TwoYear => 1.0 - p * p * p.sqrt(),
        };
        Self::new(seed, number, 0, (73.0 * share) as i64, contract)
    }

    /// A customer who signs up in the given month, counted from the first export.
    pub fn newcomer(seed: u64, number: i64, month: i64) -> Self {
        let mut draws = Draws::new(seed, "newcomer", &[number]);
        let contract = match draws.fraction() {
            p if p < 0.85 => Contract::MonthToMonth,
            p if p < 0.95 => Contract::OneYear,
            _ => Contract::TwoYear,
        };
        Self::new(seed, number, month, 0, contract)
    }

    fn new(seed: u64, number: i64, month: i64, months_active: i64, contract: Contract) -> Self {
        let mut draws = Draws::new(seed, "customer", &[number]);
        let has_family = draws.chance(0.48);
        let internet = internet(&mut draws, contract);
        let fee_cents = fee_cents(&mut draws, internet, months_active);
        Self {
            number,
            id: id(&mut draws),
            signup_month: FIRST_MONTH + month - months_active,
            signup_day: 1 + draws.below(28),
            gender: if draws.chance(0.5) { "Female" } else { "Male" },
            is_senior: draws.chance(0.16),
            has_family,
            has_dependents: draws.chance(if has_family { 0.5 } else { 0.09 }),
            months_active,
            contract,
            internet,
            paperless: draws.chance(if internet.is_some() { 0.67 } else { 0.3 }),
            fee_cents,
            paid_cents: paid_cents(&mut draws, fee_cents, months_active),
            taste: draws.normal(),
            ticket_rate: if draws.chance(0.2) { 0.3 } else { 0.05 },
            failure_rate: if draws.chance(0.12) { 0.3 } else { 0.02 },
            whim: draws.logistic(),
        }
    }

    /// What `month` has changed since the month before.
    pub fn advance(&mut self, seed: u64, month: i64) {
        let mut draws = Draws::new(seed, "advance", &[self.number, month]);
        self.paid_cents += self.fee_cents;
        self.months_active += 1;
        if draws.chance(0.04) {
            self.fee_cents = to_five_cents(self.fee_cents as f64 * draws.between(1.03, 1.10));
        }
        if self.contract == Contract::MonthToMonth && draws.chance(0.015) {
            self.contract = Contract::OneYear;
        }
        if draws.chance(0.18) {
            self.whim = draws.logistic();
        }
    }

    /// `2021-06-14`.
    pub fn signup_date(&self) -> String {
        let (year, month) = (self.signup_month / 12, self.signup_month % 12 + 1);
        format!("{year:04}-{month:02}-{:02}", self.signup_day)
    }

    /// How much more the customer pays now than on average so far, in currency units.
    pub fn price_rise(&self) -> f64 {
        if self.months_active == 0 {
            return 0.0;
        }
        (self.fee_cents as f64 - self.paid_cents as f64 / self.months_active as f64) / 100.0
    }
}

/// Four digits, a hyphen, five capital letters.
fn id(draws: &mut Draws) -> String {
    let digits = 1000 + draws.below(9000);
    let letters: String = (0..5)
        .map(|_| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[draws.below(26)]))
        .collect();
    format!("{digits}-{letters}")
}

/// Long contracts go with no internet, fiber with short ones.
fn internet(draws: &mut Draws, contract: Contract) -> Option<Internet> {
    let (without, fiber) = match contract {
        Contract::MonthToMonth => (0.14, 0.64),
        Contract::OneYear => (0.25, 0.47),
        Contract::TwoYear => (0.37, 0.40),
    };
    if draws.chance(without) {
        return None;
    }
    let stream_tv = draws.chance(0.49);
    Some(Internet {
        fiber: draws.chance(fiber),
        stream_tv,
        stream_movies: draws.chance(if stream_tv { 0.71 } else { 0.28 }),
    })
}

/// A base fee by line, about ten for each streaming plan, about five for each of six extras,
/// which come with the years.
fn fee_cents(draws: &mut Draws, internet: Option<Internet>, months_active: i64) -> i64 {
    let Some(line) = internet else {
        let second_line = if draws.chance(0.22) { 5.0 } else { 0.0 };
        return to_five_cents(100.0 * (20.0 + second_line + 0.6 * draws.normal()));
    };
    let wanting = 0.25 + 0.004 * months_active as f64;
    let extras = (0..6).filter(|_| draws.chance(wanting)).count();
    let plans = usize::from(line.stream_tv) + usize::from(line.stream_movies);
    let base = if line.fiber { 65.0 } else { 37.0 };
    let fee = base + 10.0 * plans as f64 + 5.0 * extras as f64 + 0.8 * draws.normal();
    to_five_cents(100.0 * fee)
}

/// What has been paid in all: less a month than now for those whose fee was raised on the way.
fn paid_cents(draws: &mut Draws, fee_cents: i64, months_active: i64) -> i64 {
    let raised = if draws.chance(0.35) {
        draws.between(0.02, 0.15)
    } else {
        0.0
    };
    to_five_cents(fee_cents as f64 * months_active as f64 * (1.0 - raised))
}

fn to_five_cents(cents: f64) -> i64 {
    5 * (cents / 5.0).round() as i64
}
