// SPDX-License-Identifier: MPL-2.0
//! One of several equal parts of the chunks, for job arrays that count their jobs.

/// Part `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether a chunk belongs to it. Neighbours belong to others, so that the parts of a long clip
    /// end together.
    pub fn has(self, number: usize) -> bool {
        number % self.count == self.index
    }
}

/// A part such as 0/8.
pub fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    let parts = parts.filter(|(index, count)| index < count);
    parts
        .map(|(index, count)| Shard { index, count })
        .ok_or_else(|| "write it as 0/8, the first of eight, to 7/8, the last".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chunk_is_in_one_part() {
        for count in 1..6 {
            let parts: Vec<_> = (0..count)
                .map(|index| shard(&format!("{index}/{count}")).expect("a part"))
                .collect();
            for number in 0..20 {
                let of = parts.iter().filter(|part| part.has(number));
                assert_eq!(of.count(), 1, "{number} of {count}");
            }
        }
        for wrong in ["", "1", "2/2", "-1/2", "0/0", "1/x"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
