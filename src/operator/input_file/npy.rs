// SPDX-License-Identifier: MPL-2.0
//! NumPy's files of one array (.npy), of format versions 1 to 3: numbers of any plain type.
//!
//! The header is a dictionary in Python's syntax with three keys, whose values do not nest. Nothing
//! is asked for by what the header claims: the data are a part of the file.

/// What every such file begins with.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header, in bytes. It is NumPy's own limit.
const LONGEST: usize = 10_000;

/// An array of numbers.
#[derive(Debug, PartialEq)]
pub struct Array<'a> {
    /// Number of values along each dimension.
    pub shape: Vec<usize>,
    /// Whether the first dimension changes fastest in the file (Fortran's order), not the last.
    pub first_fastest: bool,
    /// Type of the values as NumPy writes it, such as `<f4`.
    kind: &'a str,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    /// Reads the header. The error says in a few words what is wrong.
    pub fn open(file: &'a [u8]) -> Result<Self, String> {
        let short = || "it ends within its header".to_owned();
        let rest = file.strip_prefix(MAGIC).ok_or("it is no NumPy array")?;
        let (version, rest) = rest.split_at_checked(2).ok_or_else(short)?;
        let width = match version[0] {
            1 => 2,
            2 | 3 => 4,
            other => return Err(format!("its format has version {other}, not 1 to 3")),
        };
        let (length, rest) = rest.split_at_checked(width).ok_or_else(short)?;
        let digits = length.iter().rev();
        let length = digits.fold(0, |n, byte| n << 8 | usize::from(*byte));
        if length > LONGEST {
            return Err(format!(
                "its header has {length} bytes, more than {LONGEST}"
            ));
        }
        let (header, data) = rest.split_at_checked(length).ok_or_else(short)?;
        let parsed = std::str::from_utf8(header).ok().and_then(parsed);
        let (kind, first_fastest, shape) = parsed.ok_or(
            "its header is not a dictionary of `descr`, a type, `fortran_order` and `shape`",
        )?;
        Ok(Self {
            shape,
            first_fastest,
            kind,
            data,
        })
    }

    /// The first `count` values in the order of the file. The error says in a few words what is
    /// wrong.
    pub fn values(&self, count: usize) -> Result<Vec<f64>, String> {
        let Some((size, convert)) = number(self.kind) else {
            return Err(format!(
                "it holds values of type {}, not float32, float64 or integers",
                self.kind
            ));
        };
        let needed = count.checked_mul(size);
        let data = needed.and_then(|needed| self.data.get(..needed));
        let data = data.ok_or("it ends before its last value")?;
        Ok(data.chunks_exact(size).map(convert).collect())
    }
}

/// Bytes of a value, and what makes a number of them.
type Number = (usize, fn(&[u8]) -> f64);

/// How values of a type are read; `None` where it is none of plain numbers.
fn number(kind: &str) -> Option<Number> {
    let name = kind.trim_start_matches(['<', '>', '=', '|']);
    let big = kind.starts_with('>');
    macro_rules! of {
        ($($nick:literal: $type:ty),*) => {
            match name {
                $($nick => Some((size_of::<$type>(), if big {
                    |b| <$type>::from_be_bytes(b.try_into().unwrap_or_default()) as f64
                } else {
                    |b| <$type>::from_le_bytes(b.try_into().unwrap_or_default()) as f64
                })),)*
                _ => None,
            }
        };
    }
    of!("f8": f64, "f4": f32, "b1": u8, "u1": u8, "i1": i8, "u2": u16, "i2": i16, "u4": u32,
        "i4": i32, "u8": u64, "i8": i64)
}

/// Type, Fortran's order and shape of a header; `None` where it has another form.
fn parsed(header: &str) -> Option<(&str, bool, Vec<usize>)> {
    let mut text = Text(header);
    let (mut kind, mut order, mut shape) = (None, None, None);
    text.sign('{')?;
    while text.sign('}').is_none() {
        let key = text.quoted()?;
        text.sign(':')?;
        match key {
            "descr" if kind.is_none() => kind = Some(text.quoted()?),
            "fortran_order" if order.is_none() => order = Some(text.truth()?),
            "shape" if shape.is_none() => shape = Some(text.tuple()?),
            _ => return None,
        }
        if text.sign(',').is_none() {
            text.sign('}')?;
            break;
        }
    }
    text.0.trim().is_empty().then_some(())?;
    Some((kind?, order?, shape?))
}

/// What remains of a header. Every method takes away what it reads, after spaces, or returns
/// `None`.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn sign(&mut self, sign: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(sign)?;
        Some(())
    }

    /// A string in quotes of either kind.
    fn quoted(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let (content, rest) = text[1..].split_once(quote)?;
        self.0 = rest;
        Some(content)
    }

    fn truth(&mut self) -> Option<bool> {
        let text = self.0.trim_start();
        let (truth, rest) = match text.strip_prefix("True") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("False")?),
        };
        self.0 = rest;
        Some(truth)
    }

    /// Whole numbers in parentheses. Python 2 wrote an `L` after some.
    fn tuple(&mut self) -> Option<Vec<usize>> {
        let (content, rest) = self.0.trim_start().strip_prefix('(')?.split_once(')')?;
        self.0 = rest;
        let content = content.trim();
        let content = content.strip_suffix(',').unwrap_or(content);
        if content.is_empty() {
            return Some(Vec::new());
        }
        let number = |word: &str| word.trim().trim_end_matches('L').parse().ok();
        content.split(',').map(number).collect()
    }
}

#[cfg(test)]
mod tests;
