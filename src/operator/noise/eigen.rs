// SPDX-License-Identifier: MPL-2.0
//! Eigenvalues and eigenvectors of a symmetric matrix of 3x3, by Jacobi's rotations.

/// A matrix by its rows.
pub type Matrix = [[f64; 3]; 3];

/// Sweeps over the three pairs. Each squares what is left beside the diagonal; six are enough for
/// all digits.
const SWEEPS: usize = 10;

/// Eigenvalues of the symmetric `matrix`, the least first, and as rows their orthonormal
/// eigenvectors.
pub fn eigen(mut matrix: Matrix) -> ([f64; 3], Matrix) {
    let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..SWEEPS {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            rotate(&mut matrix, &mut vectors, p, q);
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|a: &usize, b| matrix[*a][*a].total_cmp(&matrix[*b][*b]));
    (order.map(|i| matrix[i][i]), order.map(|i| vectors[i]))
}

/// Turns the axes `p` and `q` so that their element beside the diagonal becomes zero.
fn rotate(matrix: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    let beside = matrix[p][q];
    if beside == 0.0 {
        return;
    }
    // The smaller of the two angles that do it: tan² + 2 tan cot(2 angle) - 1 = 0.
    let cotangent = (matrix[q][q] - matrix[p][p]) / (2.0 * beside);
    let tangent = cotangent.signum() / (cotangent.abs() + cotangent.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turned = |a: f64, b: f64| (cosine * a - sine * b, sine * a + cosine * b);
    for row in matrix.iter_mut() {
        (row[p], row[q]) = turned(row[p], row[q]);
    }
    for k in 0..3 {
        (matrix[p][k], matrix[q][k]) = turned(matrix[p][k], matrix[q][k]);
        (vectors[p][k], vectors[q][k]) = turned(vectors[p][k], vectors[q][k]);
    }
    matrix[p][q] = 0.0;
    matrix[q][p] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The matrix of these eigenvalues and eigenvectors.
    fn product(values: [f64; 3], vectors: &Matrix) -> Matrix {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                (0..3)
                    .map(|k| values[k] * vectors[k][i] * vectors[k][j])
                    .sum()
            })
        })
    }

    fn assert_decomposed(matrix: Matrix) {
        let size = matrix
            .iter()
            .flatten()
            .fold(1e-300f64, |m, v| m.max(v.abs()));
        let (values, vectors) = eigen(matrix);
        assert!(values[0] <= values[1] && values[1] <= values[2]);
        let unit = product([1.0; 3], &vectors);
        let again = product(values, &vectors);
        for i in 0..3 {
            for j in 0..3 {
                let one = f64::from(u8::from(i == j));
                assert!((unit[i][j] - one).abs() < 1e-13, "{vectors:?}");
                assert!((again[i][j] - matrix[i][j]).abs() < 1e-13 * size);
            }
        }
    }

    #[test]
    fn known_matrices_have_their_eigenvalues() {
        let all = [[1.0; 3]; 3];
        assert_decomposed(all);
        assert!((eigen(all).0[2] - 3.0).abs() < 1e-14);
        assert_decomposed([[0.0; 3]; 3]);
        assert_eq!(
            eigen([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]).0,
            [1.0, 2.0, 3.0]
        );
        assert_decomposed([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]);
        assert_decomposed([[1.0, 1e-12, 0.0], [1e-12, 1.0, 1e-150], [0.0, 1e-150, 1.0]]);
    }

    proptest! {
        #[test]
        fn any_symmetric_matrix_is_its_eigenvectors_times_its_eigenvalues(
            v in prop::array::uniform6(-1.0f64..1.0), scale in -12i32..12,
        ) {
            let v = v.map(|v| v * 10f64.powi(scale));
            assert_decomposed([[v[0], v[1], v[2]], [v[1], v[3], v[4]], [v[2], v[4], v[5]]]);
        }
    }
}
