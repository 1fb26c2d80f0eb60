//! Rows as the CSV files of the exports, with the gaps real exports have.

use super::SampleFile;
use super::draws::Draws;
use super::world::{DATES, Row};

/// One table: its name, its header, and the cells of a row, or none where the row is missing.
struct Table {
    name: &'static str,
    header: &'static str,
    cells: fn(&Row, &mut Draws) -> Option<String>,
}

const TABLES: [Table; 6] = [
    Table {
        name: "labels",
        header: "user_id,churn_label",
        cells: labels,
    },
    Table {
        name: "payments_agg_90d",
        header: "user_id,failed_payments_90d",
        cells: payments,
    },
    Table {
        name: "subscriptions",
        header: "user_id,months_active,plan_stream_tv,plan_stream_movies,contract_type,\
                 paperless_billing,monthly_fee,total_paid,net_service",
        cells: subscriptions,
    },
    Table {
        name: "support_agg_90d",
        header: "user_id,support_tickets_90d,ticket_avg_resolution_hrs_90d",
        cells: support,
    },
    Table {
        name: "usage_agg_30d",
        header: "user_id,watch_hours_30d,avg_session_mins_7d,unique_devices_30d,skips_7d,\
                 rebuffer_events_7d",
        cells: usage,
    },
    Table {
        name: "users",
        header: "user_id,signup_date,user_gender,user_is_senior,has_family,has_dependents",
        cells: users,
    },
];

/// All tables of one month, each in a random order of its own.
pub fn files(seed: u64, month: usize, rows: &[Row]) -> impl Iterator<Item = SampleFile> {
    TABLES.iter().zip(0..).map(move |(table, number)| {
        let mut order: Vec<&Row> = rows.iter().collect();
        Draws::new(seed, "order", &[month as i64, number]).shuffle(&mut order);
        let mut text = format!("{}\n", table.header);
        for row in order {
            let name = [row.customer.number, month as i64, number];
            if let Some(cells) = (table.cells)(row, &mut Draws::new(seed, "gaps", &name)) {
                text.push_str(&format!("{},{cells}\n", row.customer.id));
            }
        }
        SampleFile {
            path: format!("data/{}/{}.csv", DATES[month], table.name),
            contents: text.into_bytes(),
        }
    })
}

fn labels(row: &Row, _: &mut Draws) -> Option<String> {
    Some(boolean(row.churned).to_string())
}

fn payments(row: &Row, gaps: &mut Draws) -> Option<String> {
    if gaps.chance(0.004) {
        return None;
    }
    Some(row.activity.failed_payments.to_string())
}

fn subscriptions(row: &Row, _: &mut Draws) -> Option<String> {
    let customer = &row.customer;
    let (tv, movies, service) = match customer.internet {
        None => ("", "", "No"),
        Some(line) => (
            boolean(line.stream_tv),
            boolean(line.stream_movies),
            if line.fiber { "Fiber optic" } else { "DSL" },
        ),
    };
    Some(format!(
        "{},{tv},{movies},{},{},{},{},{service}",
        customer.months_active,
        customer.contract.name(),
        boolean(customer.paperless),
        money(customer.fee_cents),
        money(customer.paid_cents),
    ))
}

fn support(row: &Row, _: &mut Draws) -> Option<String> {
    let hours = row.activity.resolution_hours;
    Some(format!(
        "{},{}",
        row.activity.tickets,
        hours.map_or(String::new(), |hours| format!("{hours:.1}"))
    ))
}

/// Some rows are missing, some hours are empty, and once in a while the counter of hours ran wild.
fn usage(row: &Row, gaps: &mut Draws) -> Option<String> {
    if gaps.chance(0.005) {
        return None;
    }
    let activity = &row.activity;
    let hours = match gaps.fraction() {
        p if p < 0.008 => String::new(),
        p if p < 0.0095 => format!("{:.2}", 720.0 + 40.0 * activity.watch_hours),
        _ => format!("{:.2}", activity.watch_hours),
    };
    Some(format!(
        "{hours},{:.2},{},{},{}",
        activity.session_minutes, activity.devices, activity.skips, activity.rebuffers
    ))
}

fn users(row: &Row, _: &mut Draws) -> Option<String> {
    let customer = &row.customer;
    Some(format!(
        "{},{},{},{},{}",
        customer.signup_date(),
        customer.gender,
        boolean(customer.is_senior),
        boolean(customer.has_family),
        boolean(customer.has_dependents),
    ))
}

/// Written as Python writes it, which is where the exports this imitates come from.
fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
