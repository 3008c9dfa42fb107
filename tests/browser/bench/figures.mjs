// Smoothness of a line, computed from its centre line.

/** Number of harmonics of a circle that count as its shape, not as jitter. */
const HARMONICS = 6
/** Length in CSS px over which the direction of a line is measured. */
const TANGENT = 2

/** Least squares: the coefficients of `basis` that best fit the values. */
function fitted(rows, values) {
  const size = rows[0].length
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1))
  rows.forEach((row, at) => {
    for (let i = 0; i < size; i += 1) {
      for (let k = 0; k < size; k += 1) matrix[i][k] += row[i] * row[k]
      matrix[i][size] += row[i] * values[at]
    }
  })
  for (let i = 0; i < size; i += 1) {
    let pivot = i
    for (let k = i; k < size; k += 1) if (Math.abs(matrix[k][i]) > Math.abs(matrix[pivot][i])) pivot = k
    ;[matrix[i], matrix[pivot]] = [matrix[pivot], matrix[i]]
    for (let k = 0; k < size; k += 1) {
      if (k === i) continue
      const factor = matrix[k][i] / matrix[i][i]
      for (let m = i; m <= size; m += 1) matrix[k][m] -= factor * matrix[i][m]
    }
  }
  return matrix.map((row, i) => row[size] / row[i])
}

/**
 * @param {(number | null)[]} middles beside the stations @param {number[][]} rows the smooth part at each station
 * @param {number} step CSS px between two stations
 * @returns {{ rms: number, max: number, tangent: number }} CSS px, and degrees of the direction's tremble
 */
export function figures(middles, rows, step) {
  const kept = middles.map((value, i) => ({ value, row: rows[i] })).filter(({ value }) => value !== null)
  if (kept.length < middles.length * 0.95) throw new Error(`${middles.length - kept.length} of ${middles.length} stations see no line`)
  const coefficients = fitted(kept.map(({ row }) => row), kept.map(({ value }) => value))
  const rest = kept.map(({ value, row }) => value - row.reduce((sum, term, i) => sum + term * coefficients[i], 0))
  const apart = Math.max(1, Math.round(TANGENT / step))
  const angles = rest.slice(apart).map((value, i) => Math.atan((value - rest[i]) / (apart * step)))
  const rms = (list) => Math.sqrt(list.reduce((sum, value) => sum + value * value, 0) / list.length)
  return { rms: rms(rest), max: Math.max(...rest.map(Math.abs)), tangent: (rms(angles) * 180) / Math.PI }
}

/** The smooth part of a circle at an angle, and of a straight line at a distance. */
export const circleRow = (angle) => [1, ...Array.from({ length: HARMONICS }, (_, i) => [Math.cos((i + 1) * angle), Math.sin((i + 1) * angle)]).flat()]
export const lineRow = (at) => [1, at]
