'use strict'

/**
 * The outline of ink: the polygon around its samples, and fills for tight bends.
 *
 * @typedef {import('../geometry').Position} Position
 * @typedef {import('../geometry').Sample} Sample
 * @typedef {import('../geometry').Outline} Outline
 * @typedef {import('../geometry').Sign} Sign
 * @typedef {{ sign: Sign, points: Position[], folded: boolean }} Edge
 *   an edge of the outline as it grows, and whether its last piece was folded
 * @typedef {{ polygons: number[][], last: Sample | null }} Fills polygons that cover the inside of tight bends
 */

const { distance, dot, normal, reach, side, size } = require('./vector')

/** How far the outline may lie beside the true curve. */
const TOLERANCE = 0.125
/** The corners of a fill, in radii. */
const FILL = 0.95
/** How far fills are apart at least, in radii. */
const FILL_SPACING = 0.0625
/** Directions whose sum is shorter than this are opposite. */
const TINY = 1e-9

/**
 * The polygon around the samples: along the left edge, around the tip, back along the right edge, around the
 * start; and with it the polygons that fill folds.
 *
 * @param {Sample[]} samples
 * @returns {Outline}
 */
function outline(samples) {
  const first = samples[0]
  const last = samples[samples.length - 1]
  /** @type {Edge} */
  const left = { sign: 1, points: [side(first, 1)], folded: false }
  /** @type {Edge} */
  const right = { sign: -1, points: [side(first, -1)], folded: false }
  /** @type {Fills} */
  const fills = { polygons: [], last: null }
  for (let i = 1; i < samples.length; i += 1) {
    const a = samples[i - 1]
    const b = samples[i]
    const cross = a.dx * b.dy - a.dy * b.dx
    const bendsRight = cross === 0 ? dot(a.dx, a.dy, b.dx, b.dy) < 0 : cross > 0
    advance(left, a, b, bendsRight, fills)
    advance(right, a, b, !bendsRight, fills)
  }
  const around = left.points
  arc(last, normal(last.dx, last.dy, 1), normal(last.dx, last.dy, -1), [last.dx, last.dy], around)
  for (let i = right.points.length - 1; i >= 0; i -= 1) {
    around.push(right.points[i])
  }
  arc(first, normal(first.dx, first.dy, -1), normal(first.dx, first.dy, 1), [-first.dx, -first.dy], around)
  return { kind: 'outline', polygons: [flat(around)].concat(fills.polygons) }
}

/** @param {Position[]} positions */
function flat(positions) {
  /** @type {number[]} */
  const numbers = []
  for (const [x, y] of positions) {
    numbers.push(x, y)
  }
  return numbers
}

/**
 * Leads an edge from one sample to the next.
 *
 * @param {Edge} edge
 * @param {Sample} a
 * @param {Sample} b
 * @param {boolean} outer
 * @param {Fills} fills
 */
function advance(edge, a, b, outer, fills) {
  const { sign, points } = edge
  const next = side(b, sign)
  const chordX = b.x - a.x
  const chordY = b.y - a.y
  const turn = dot(a.dx, a.dy, b.dx, b.dy)
  if (outer && (turn < 0 || !straightEnough(turn, b.radius))) {
    const from = normal(a.dx, a.dy, sign)
    const to = normal(b.dx, b.dy, sign)
    const around = dot(b.dx, b.dy, chordX, chordY) > 0 ? a : b
    points.push(reach(around, from))
    arc(around, from, to, [a.dx, a.dy], points)
    points.push(reach(around, to))
  } else {
    const before = side(a, sign)
    const along = dot(next[0] - before[0], next[1] - before[1], chordX, chordY)
    if (turn < 0 || along <= 0) {
      if (edge.folded) {
        points.pop()
      } else {
        points.push([a.x, a.y])
        fill(fills, a)
      }
      fill(fills, b)
      points.push([b.x, b.y])
      points.push(next)
      edge.folded = true
      return
    }
  }
  points.push(next)
  edge.folded = false
}

/**
 * Covers the inside of a tight bend with an octagon.
 *
 * @param {Fills} fills
 * @param {Sample} sample
 */
function fill(fills, sample) {
  if (fills.last !== null && distance(fills.last, sample) < sample.radius * FILL_SPACING) {
    return
  }
  fills.last = sample
  const { dx, dy } = sample
  const straight = FILL
  const slant = FILL * Math.SQRT1_2
  /** @type {Position[]} */
  const corners = [
    [dx * straight, dy * straight],
    [(dx - dy) * slant, (dy + dx) * slant],
    [-dy * straight, dx * straight],
    [(-dy - dx) * slant, (dx - dy) * slant],
    [-dx * straight, -dy * straight],
    [(-dx + dy) * slant, (-dy - dx) * slant],
    [dy * straight, -dx * straight],
    [(dy + dx) * slant, (-dx + dy) * slant],
  ]
  fills.polygons.push(flat(corners.map((corner) => reach(sample, corner))))
}

/**
 * An arc around a sample between two directions, without both ends.
 *
 * @param {Sample} sample
 * @param {Position} from
 * @param {Position} to
 * @param {Position} front the middle of opposite directions
 * @param {Position[]} points
 */
function arc(sample, from, to, front, points) {
  if (straightEnough(dot(from[0], from[1], to[0], to[1]), sample.radius)) {
    return
  }
  const x = from[0] + to[0]
  const y = from[1] + to[1]
  const length = size(x, y)
  /** @type {Position} */
  const half = length > TINY ? [x / length, y / length] : front
  arc(sample, from, half, front, points)
  points.push(reach(sample, half))
  arc(sample, half, to, front, points)
}

/**
 * Whether a line may stand for an arc.
 *
 * @param {number} cosine
 * @param {number} radius
 */
function straightEnough(cosine, radius) {
  return (1 - cosine) * radius <= 4 * TOLERANCE
}

module.exports = { TOLERANCE, outline }
