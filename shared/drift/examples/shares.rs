//! How often an interval that is looked at 200 times ever misses its share, over the level that it may:
//! `cargo run -p pawl-drift --example shares`. The asymptotic interval of live quality beside the exact one of
//! groups, at the level itself and where 12 or 120 shares have it to themselves.

#![allow(clippy::print_stdout)]

use pawl_stats::sequential::{always_valid, ln_share_evidence};

const STREAMS: u32 = 20_000;
/// The gate's least rows of a group.
const LEAST: u64 = 30;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn chance(&mut self, share: f64) -> bool {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        (number as f64) < share * (1u64 << 53) as f64
    }
}

/// Whether a share lies outside of its interval: of hits, rows, share and level.
type IsOut = fn(u64, u64, f64, f64) -> bool;

fn asymptotic(hits: u64, rows: u64, share: f64, alpha: f64) -> bool {
    let interval = always_valid(hits as f64 / rows as f64, rows, alpha);
    interval.is_some_and(|(low, high)| !(low..=high).contains(&share))
}

/// As the interval is defined; its ends would cost a hundred times as much.
fn exact(hits: u64, rows: u64, share: f64, alpha: f64) -> bool {
    ln_share_evidence(hits, rows, share) >= -alpha.ln()
}

fn misses(is_out: IsOut, share: f64, rows_a_look: u64, alpha: f64) -> f64 {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let missed = (0..STREAMS).filter(|_| {
        let mut hits = 0;
        (1..=200).any(|look| {
            hits += (0..rows_a_look).filter(|_| random.chance(share)).count() as u64;
            let rows = look * rows_a_look;
            rows >= LEAST && is_out(hits, rows, share, alpha)
        })
    });
    missed.count() as f64 / f64::from(STREAMS) / alpha
}

fn main() {
    println!("level over  share  rows a look  asymptotic  exact");
    for shares in [1.0, 12.0, 120.0] {
        for share in [0.003, 0.01, 0.05, 0.3, 0.5, 0.95] {
            for rows in [3, 40] {
                let of = |is_out| misses(is_out, share, rows, 0.05 / shares);
                println!(
                    "{shares:>10}  {share:>5}  {rows:>11}  {:>10.2}  {:>5.2}",
                    of(asymptotic),
                    of(exact)
                );
            }
        }
    }
}
