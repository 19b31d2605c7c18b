// SPDX-License-Identifier: MPL-2.0
//! What makes a kernel of a solution: nothing negative, in one piece, about its middle, of sum one.

use super::plane::{Plane, Region};

/// Below this share of the largest value a value is noise.
const FLOOR: f32 = 0.1;
/// A piece with less than this share of the sum does not belong to the kernel.
const PIECE: f64 = 0.1;

/// Makes a kernel of a solution, in place.
pub fn project(kernel: &mut Plane) {
    project_above(kernel, FLOOR);
}

/// The same with another floor.
pub fn project_above(kernel: &mut Plane, floor: f32) {
    let largest = kernel.data.iter().fold(0.0f32, |m, v| m.max(*v));
    // A largest value that is no number is 0 here.
    if largest <= 0.0 {
        *kernel = point(kernel.width);
        return;
    }
    let floor = floor * largest;
    let keep = |v: &mut f32| {
        if *v < floor || v.is_nan() {
            *v = 0.0;
        }
    };
    kernel.data.iter_mut().for_each(keep);
    kernel.normalise();
    drop_pieces(kernel);
    kernel.normalise();
    centre(kernel);
}

/// The kernel that changes nothing.
pub fn point(side: usize) -> Plane {
    let mut kernel = Plane::zeros(side, side);
    kernel.data[side / 2 * side + side / 2] = 1.0;
    kernel
}

/// A square kernel without the zeros all around it, its middle where it was.
pub fn trimmed(kernel: &Plane) -> Plane {
    let (side, middle) = (kernel.width, kernel.width / 2);
    let full = kernel.data.iter().enumerate().filter(|(_, v)| **v > 0.0);
    let away = full.map(|(i, _)| (i % side).abs_diff(middle).max((i / side).abs_diff(middle)));
    let reach = away.max().unwrap_or(0);
    kernel.crop(Region {
        x: middle - reach,
        y: middle - reach,
        width: 2 * reach + 1,
        height: 2 * reach + 1,
    })
}

/// Sets pieces that do not hang together with the main one to zero, if they weigh little.
fn drop_pieces(kernel: &mut Plane) {
    let (width, height) = (kernel.width, kernel.height);
    let mut seen = vec![false; kernel.data.len()];
    let mut pieces: Vec<(f64, Vec<usize>)> = Vec::new();
    for start in 0..kernel.data.len() {
        if seen[start] || kernel.data[start] == 0.0 {
            continue;
        }
        seen[start] = true;
        let (mut piece, mut next) = (vec![start], 0);
        while let Some(&at) = piece.get(next) {
            next += 1;
            let (x, y) = (at % width, at / width);
            for row in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for column in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let other = row * width + column;
                    if !seen[other] && kernel.data[other] > 0.0 {
                        seen[other] = true;
                        piece.push(other);
                    }
                }
            }
        }
        let weight = piece.iter().map(|i| f64::from(kernel.data[*i])).sum();
        pieces.push((weight, piece));
    }
    let heaviest = pieces
        .iter()
        .fold(0.0, |m: f64, (weight, _)| m.max(*weight));
    for (weight, piece) in pieces {
        if weight < PIECE && weight < heaviest {
            piece.iter().for_each(|i| kernel.data[*i] = 0.0);
        }
    }
}

/// The middle of the mass against the middle of the plane, in pixels across and down.
pub fn offset(kernel: &Plane) -> (f64, f64) {
    let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
    for (i, v) in kernel.data.iter().enumerate() {
        let v = f64::from(*v);
        x += v * ((i % kernel.width) as f64 - (kernel.width / 2) as f64);
        y += v * ((i / kernel.width) as f64 - (kernel.height / 2) as f64);
        sum += v;
    }
    if sum > 0.0 {
        (x / sum, y / sum)
    } else {
        (0.0, 0.0)
    }
}

/// Moves the mass by whole pixels, its middle to the plane's.
pub fn centre(kernel: &mut Plane) {
    let (x, y) = offset(kernel);
    let (x, y) = (x.round() as i64, y.round() as i64);
    if (x, y) == (0, 0) {
        return;
    }
    let (width, height) = (kernel.width as i64, kernel.height as i64);
    let from = kernel.clone();
    *kernel = Plane::of(kernel.width, kernel.height, |column, row| {
        let (column, row) = (column as i64 + x, row as i64 + y);
        let inside = (0..width).contains(&column) && (0..height).contains(&row);
        if inside {
            from.at(column as usize, row as usize)
        } else {
            0.0
        }
    });
    kernel.normalise();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_in_one_piece_about_its_middle_and_of_sum_one() {
        let mut kernel = Plane::zeros(9, 9);
        for (x, y, v) in [
            (1, 1, 4.0),
            (2, 1, 4.0),
            (1, 2, 4.0),
            (7, 7, 1.0),
            (4, 8, -3.0),
        ] {
            kernel.data[y * 9 + x] = v;
        }
        project(&mut kernel);
        assert!((kernel.sum() - 1.0).abs() < 1e-6);
        assert!(kernel.data.iter().all(|v| *v >= 0.0));
        assert_eq!(kernel.data.iter().filter(|v| **v > 0.0).count(), 3);
        let (x, y) = offset(&kernel);
        assert!(x.abs() <= 0.5 && y.abs() <= 0.5, "{x}, {y}");
    }

    #[test]
    fn what_is_trimmed_keeps_its_middle() {
        let mut kernel = point(9);
        kernel.data[2 * 9 + 4] = 0.5;
        let trimmed = trimmed(&kernel);
        assert_eq!((trimmed.width, trimmed.height), (5, 5));
        assert_eq!((trimmed.at(2, 0), trimmed.at(2, 2)), (0.5, 1.0));
        assert_eq!(trimmed.sum(), 1.5);
    }

    #[test]
    fn a_solution_without_anything_positive_is_a_point() {
        for value in [0.0, -1.0, f32::NAN] {
            let mut kernel = Plane::of(5, 5, |_, _| value);
            project(&mut kernel);
            assert_eq!(kernel, point(5));
        }
    }
}
