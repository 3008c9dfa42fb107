'use strict'

/**
 * Ink: its width follows the speed of the hand. The port of `common/src/geometry/ink.rs`. Lengths are units of a
 * paper that is 2048 wide.
 *
 * @typedef {import('../geometry').Knot} Knot
 * @typedef {import('../geometry').Sample} Sample
 * @typedef {import('../geometry').Outline} Outline
 * @typedef {{ x: number, y: number, radius: number }} Node
 */

const { TOLERANCE, outline } = require('./outline')
const { distance, size } = require('./vector')

/** The speed that gives the middle of both extremes, in units per millisecond. */
const MIDDLE_SPEED = 2.5
/** The width of a resting hand, in widths of the stroke. */
const SLOW = 1.15
/** The width that a fast hand comes near to, in widths of the stroke. */
const FAST = 0.3
/** How far to both sides speed is measured, in milliseconds. */
const WINDOW = 40
/** How long before it was lifted the hand's speed decides on the taper, in milliseconds. */
const LIFT_WINDOW = 50
/** The longest taper, in widths of the stroke. */
const TAPER = 6
/** The most of a stroke's way that the taper takes. */
const TAPER_SHARE = 0.75
/** The most pieces that one curve is cut into. */
const MOST_PIECES = 32

/**
 * The width of ink at a speed, as a factor of the stroke's width.
 *
 * @param {number} speed units per millisecond
 */
function inkWidth(speed) {
  const ratio = speed / MIDDLE_SPEED
  return FAST + (SLOW - FAST) / (1 + ratio * ratio)
}

/**
 * @param {Knot[]} knots at least two
 * @param {number} end
 * @param {number} width
 * @returns {Outline}
 */
function inkShape(knots, end, width) {
  const way = wayTo(knots)
  const radii = inkRadii(inkFactors(knots, way, width), way, width)
  const samples = flattened(knots, radii, width)
  taper(samples, liftSpeed(knots, way, end), width)
  return outline(samples)
}

/** @param {Knot[]} knots */
function wayTo(knots) {
  const way = [0]
  let total = 0
  for (let i = 1; i < knots.length; i += 1) {
    total += distance(knots[i - 1], knots[i])
    way.push(total)
  }
  return way
}

/**
 * The factors that the speeds give, smoothed forwards, from one knot on.
 *
 * @param {Knot[]} knots
 * @param {number[]} way
 * @param {number} strokeWidth
 * @param {number} [start]
 * @param {number} [seed] the factor of `start`, where it is known
 */
function inkFactors(knots, way, strokeWidth, start = 0, seed = undefined) {
  const last = knots.length - 1
  /** @type {number[]} */
  const factors = []
  let from = 0
  let to = start
  for (let i = start; i <= last; i += 1) {
    const knot = knots[i]
    while (from + 1 < i && knot.time - knots[from].time > WINDOW) {
      from += 1
    }
    while (to < last && (to <= i || knots[to + 1].time - knot.time <= WINDOW)) {
      to += 1
    }
    const duration = knots[to].time - knots[from].time
    factors.push(duration > 0 ? inkWidth((way[to] - way[from]) / duration) : 1)
  }
  if (seed !== undefined) {
    factors[0] = seed
  }
  for (let i = 1; i < factors.length; i += 1) {
    smooth(factors, i - 1, i, way[start + i] - way[start + i - 1], strokeWidth)
  }
  return factors
}

/**
 * The factors smoothed backwards too, as radii.
 *
 * @param {number[]} factors
 * @param {number[]} way
 * @param {number} strokeWidth
 * @param {number} [start] the knot of the first factor
 */
function inkRadii(factors, way, strokeWidth, start = 0) {
  const smoothed = factors.slice()
  for (let i = smoothed.length - 1; i > 0; i -= 1) {
    smooth(smoothed, i, i - 1, way[start + i] - way[start + i - 1], strokeWidth)
  }
  return smoothed.map((factor) => factor * strokeWidth * 0.5)
}

/**
 * Draws a factor towards the one before it.
 *
 * @param {number[]} factors
 * @param {number} before
 * @param {number} at
 * @param {number} step
 * @param {number} strokeWidth
 */
function smooth(factors, before, at, step, strokeWidth) {
  const value = factors[before]
  factors[at] = value + (factors[at] - value) * (step / (step + strokeWidth))
}

/**
 * The curve through the knots in pieces: all of it, or from the middle behind the knot `start`, and up to the
 * middle before the knot `upTo`.
 *
 * @param {Knot[]} knots
 * @param {number[]} radii of the knots from `start` on
 * @param {number} width
 * @param {number} [start]
 * @param {number} [upTo]
 */
function flattened(knots, radii, width, start = 0, upTo = undefined) {
  const nodes = radii.map((radius, i) => ({ x: knots[start + i].x, y: knots[start + i].y, radius }))
  const first = start === 0 ? nodes[0] : middle(nodes[0], nodes[1])
  const dx = nodes[1].x - nodes[0].x
  const dy = nodes[1].y - nodes[0].y
  const length = size(dx, dy)
  /** @type {Sample[]} */
  const samples = [{ x: first.x, y: first.y, radius: first.radius, dx: dx / length, dy: dy / length }]
  let from = first
  const last = upTo === undefined ? nodes.length - 1 : upTo - start
  for (let i = start === 0 ? 1 : 2; i <= last; i += 1) {
    const end = middle(nodes[i - 1], nodes[i])
    flatten(from, start === 0 && i === 1 ? middle(from, end) : nodes[i - 1], end, width, samples)
    from = end
  }
  if (upTo === undefined) {
    flatten(from, middle(from, nodes[last]), nodes[last], width, samples)
  }
  return samples
}

/**
 * Cuts a quadratic curve into pieces and pushes the end of each.
 *
 * @param {Node} start
 * @param {Node} control
 * @param {Node} end
 * @param {number} width
 * @param {Sample[]} samples
 */
function flatten(start, control, end, width, samples) {
  const beforeX = control.x - start.x
  const beforeY = control.y - start.y
  const afterX = end.x - control.x
  const afterY = end.y - control.y
  const bend = size(afterX - beforeX, afterY - beforeY)
  const smoothly = Math.ceil(Math.sqrt(bend / (4 * TOLERANCE)))
  const shortly = Math.ceil((size(beforeX, beforeY) + size(afterX, afterY)) / width)
  const most = smoothly > shortly ? smoothly : shortly
  const pieces = most > MOST_PIECES ? MOST_PIECES : most

  for (let piece = 1; piece <= pieces; piece += 1) {
    const t = piece / pieces
    const u = 1 - t
    const x = u * beforeX + t * afterX
    const y = u * beforeY + t * afterY
    const length = size(x, y)
    const before = samples[samples.length - 1]
    samples.push({
      x: u * u * start.x + 2 * u * t * control.x + t * t * end.x,
      y: u * u * start.y + 2 * u * t * control.y + t * t * end.y,
      radius: u * u * start.radius + 2 * u * t * control.radius + t * t * end.radius,
      dx: length > 0 ? x / length : before.dx,
      dy: length > 0 ? y / length : before.dy,
    })
  }
}

/**
 * @param {Knot[]} knots
 * @param {number[]} way
 * @param {number} end
 */
function liftSpeed(knots, way, end) {
  let from = 0
  for (let i = 1; i < knots.length; i += 1) {
    if (end - knots[i].time >= LIFT_WINDOW) {
      from = i
    }
  }
  const duration = end - knots[from].time
  return duration > 0 ? (way[way.length - 1] - way[from]) / duration : 0
}

/** @param {Sample[]} samples */
function lengthOf(samples) {
  let total = 0
  for (let i = 1; i < samples.length; i += 1) {
    total += distance(samples[i - 1], samples[i])
  }
  return total
}

/**
 * Draws the end out to a point.
 *
 * @param {Sample[]} samples
 * @param {number} speed
 * @param {number} width
 * @param {number} [before] the length of the curve before the samples
 */
function taper(samples, speed, width, before = 0) {
  const ratio = speed / MIDDLE_SPEED
  const wanted = (ratio * ratio) / (1 + ratio * ratio)
  const total = before + lengthOf(samples)
  const most = (TAPER_SHARE * total) / (TAPER * width)
  const strength = wanted > most ? most : wanted
  const length = strength * TAPER * width

  let rest = 0
  for (let i = samples.length - 1; i >= 0; i -= 1) {
    const sample = samples[i]
    if (i + 1 < samples.length) {
      rest += distance(sample, samples[i + 1])
    }
    if (rest >= length) {
      return
    }
    const gone = 1 - rest / length
    sample.radius *= 1 - strength * gone * gone
  }
}

/**
 * @param {Node} a
 * @param {Node} b
 * @returns {Node}
 */
function middle(a, b) {
  return { x: (a.x + b.x) * 0.5, y: (a.y + b.y) * 0.5, radius: (a.radius + b.radius) * 0.5 }
}

module.exports = {
  LIFT_WINDOW, TAPER, WINDOW, flattened, inkFactors, inkRadii, inkShape, inkWidth, lengthOf, liftSpeed, taper,
}
