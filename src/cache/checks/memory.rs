//! Whether the server has memory left, and how it uses it.

use crate::cache::{Facts, Finding};
use crate::model::ByteSize;

/// Below this the server's own program dominates, and fragmentation says nothing: Valkey's MEMORY
/// DOCTOR draws the same line.
const JUDGED_FROM: u64 = 10 << 20;
/// The ratio from which memory is wasted.
const FRAGMENTED: f64 = 1.5;

pub(super) fn memory(facts: &Facts) -> Finding {
    let info = &facts.info;
    let used: u64 = info.number("used_memory").unwrap_or_default();
    let limit: u64 = info.number("maxmemory").unwrap_or_default();
    let evicted: u64 = info.number("evicted_keys").unwrap_or_default();
    let policy = info.get("maxmemory_policy").unwrap_or_default();
    let shown = if limit == 0 {
        format!("{} used, no limit", ByteSize(used))
    } else {
        format!("{} of {} used", ByteSize(used), ByteSize(limit))
    };
    let evicts = policy != "noeviction";
    if limit > 0 && !evicts && used >= limit {
        return Finding::fail("memory", format!("{shown}: writes are refused (OOM)"))
            .expected(format!("less than {}", ByteSize(limit)))
            .actual(ByteSize(used).to_string())
            .meaning("it is full and evicts nothing, so the application can't write to the cache")
            .hint("raise `--maxmemory`, or let it evict with `--maxmemory-policy allkeys-lfu`");
    }
    if limit > 0 && !evicts && used >= limit / 10 * 9 {
        return Finding::warn(
            "memory",
            format!("{shown}: nearly full, and it evicts nothing"),
        )
        .expected(format!("less than 90% of {}", ByteSize(limit)))
        .actual(ByteSize(used).to_string())
        .meaning("writes are refused when it is full")
        .hint("raise `--maxmemory`, or let it evict with `--maxmemory-policy allkeys-lfu`");
    }
    if evicted > 0 {
        return Finding::warn(
            "memory",
            format!("{shown}; {evicted} keys evicted since its start"),
        )
        .expected("no evictions")
        .actual(evicted.to_string())
        .meaning("the application wants to cache more than fits")
        .hint("raise `--maxmemory` if its hit ratio matters: `devinfra cache stats` shows it");
    }
    let ratio: f64 = info.number("mem_fragmentation_ratio").unwrap_or_default();
    if used >= JUDGED_FROM && ratio >= FRAGMENTED {
        return Finding::warn("memory", format!("{shown}; fragmentation {ratio:.2}"))
            .expected(format!("fragmentation below {FRAGMENTED}"))
            .actual(format!("{ratio:.2}"))
            .meaning("the system holds more memory for it than it uses")
            .hint("a restart gives it back: `devinfra cache check --deep` does one gracefully");
    }
    Finding::pass("memory", format!("{shown}, nothing evicted")).actual(ByteSize(used).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Status;
    use crate::cache::checks::world::World;

    fn judged(fields: &str) -> Status {
        let mut world = World::default();
        world.info(fields);
        memory(&world.facts).status
    }

    /// | used | limit | policy | evicted | fragmentation | status |
    #[test]
    fn each_way_of_being_short_of_memory_is_told() {
        let row = |used: u64, limit: u64, policy: &str, evicted: u64, ratio: &str| {
            judged(&format!(
                "used_memory:{used}\nmaxmemory:{limit}\nmaxmemory_policy:{policy}\n\
                 evicted_keys:{evicted}\nmem_fragmentation_ratio:{ratio}"
            ))
        };
        let mb = 1 << 20;
        assert_eq!(row(mb, 256 * mb, "allkeys-lfu", 0, "9.00"), Status::Pass);
        assert_eq!(row(mb, 0, "noeviction", 0, "9.00"), Status::Pass);
        assert_eq!(
            row(256 * mb, 256 * mb, "allkeys-lfu", 0, "1.0"),
            Status::Pass
        );
        assert_eq!(
            row(256 * mb, 256 * mb, "allkeys-lfu", 5, "1.0"),
            Status::Warn
        );
        assert_eq!(
            row(240 * mb, 256 * mb, "noeviction", 0, "1.0"),
            Status::Warn
        );
        assert_eq!(
            row(256 * mb, 256 * mb, "noeviction", 0, "1.0"),
            Status::Fail
        );
        assert_eq!(
            row(20 * mb, 256 * mb, "allkeys-lfu", 0, "1.60"),
            Status::Warn
        );
        assert_eq!(
            row(20 * mb, 256 * mb, "allkeys-lfu", 0, "1.40"),
            Status::Pass
        );
    }
}
