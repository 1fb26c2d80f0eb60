//! What a month's exports say of one customer beyond the contract: usage, payments, tickets.

use super::customer::Customer;
use super::draws::Draws;

/// What was measured about a customer up to the end of one month.
#[derive(Debug, Clone, Copy)]
pub struct Activity {
    pub watch_hours: f64,
    pub session_minutes: f64,
    pub devices: i64,
    pub skips: i64,
    pub rebuffers: i64,
    pub failed_payments: i64,
    pub tickets: i64,
    /// None without a ticket.
    pub resolution_hours: Option<f64>,
}

impl Activity {
    pub fn of(customer: &Customer, seed: u64, month: i64) -> Self {
        let mut draws = Draws::new(seed, "usage", &[customer.number, month]);
        let (tickets, resolution_hours) = tickets(customer, seed, month);
        Self {
            watch_hours: watch_hours(customer, &mut draws),
            session_minutes: (29.0 + 3.0 * customer.taste + 5.0 * draws.normal()).max(2.0),
            devices: devices(customer, seed, &mut draws),
            skips: draws.count(5.0),
            rebuffers: draws.count(if fiber(customer) { 1.9 } else { 2.7 }),
            failed_payments: quarter(customer, month)
                .map(|month| failures(customer, seed, month))
                .sum(),
            tickets,
            resolution_hours,
        }
    }
}

fn fiber(customer: &Customer) -> bool {
    customer.internet.is_some_and(|line| line.fiber)
}

fn watch_hours(customer: &Customer, draws: &mut Draws) -> f64 {
    let usual = match customer.internet {
        None => 23.0,
        Some(line) => {
            let plans = i32::from(line.stream_tv) + i32::from(line.stream_movies);
            let base = if line.fiber { 30.0 } else { 27.0 };
            base + 2.0 * f64::from(plans)
        }
    };
    (usual + 3.5 * customer.taste + 3.5 * draws.normal()).max(0.0)
}

/// One to three devices; now and then a month shows another number than usual.
fn devices(customer: &Customer, seed: u64, draws: &mut Draws) -> i64 {
    let usual = Draws::new(seed, "devices", &[customer.number]).below(3);
    let seen = if draws.chance(0.1) {
        draws.below(3)
    } else {
        usual
    };
    1 + seen as i64
}

/// The three months a 90-day figure covers, as far as the customer was there: this month's figure
/// and the next one's share two of them.
fn quarter(customer: &Customer, month: i64) -> impl Iterator<Item = i64> {
    (month - customer.months_active.min(2))..=month
}

fn failures(customer: &Customer, seed: u64, month: i64) -> i64 {
    Draws::new(seed, "payments", &[customer.number, month]).count(customer.failure_rate)
}

/// Number of tickets, and hours until an answer on average.
fn tickets(customer: &Customer, seed: u64, month: i64) -> (i64, Option<f64>) {
    let mut hours = Vec::new();
    for month in quarter(customer, month) {
        let mut draws = Draws::new(seed, "tickets", &[customer.number, month]);
        let count = draws.count(customer.ticket_rate);
        hours.extend((0..count).map(|_| (10.0 + 4.0 * draws.normal()).max(0.5)));
    }
    if hours.is_empty() {
        return (0, None);
    }
    let mean = hours.iter().sum::<f64>() / hours.len() as f64;
    (hours.len() as i64, Some(mean))
}
