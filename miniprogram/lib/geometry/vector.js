'use strict'

/**
 * Lengths, directions and places beside a curve, for the modules of this folder.
 *
 * @typedef {import('../geometry').Position} Position
 * @typedef {import('../geometry').Sample} Sample
 * @typedef {import('../geometry').Sign} Sign
 */

/**
 * @param {{ x: number, y: number }} a
 * @param {{ x: number, y: number }} b
 */
function distance(a, b) {
  return size(b.x - a.x, b.y - a.y)
}

/**
 * Not Math.hypot, which differs in the last bits from one engine to the next.
 *
 * @param {number} x
 * @param {number} y
 */
function size(x, y) {
  return Math.sqrt(x * x + y * y)
}

/**
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 */
function dot(ax, ay, bx, by) {
  return ax * bx + ay * by
}

/**
 * The direction to the left (1) or the right (-1) of a direction.
 *
 * @param {number} dx
 * @param {number} dy
 * @param {Sign} sign
 * @returns {Position}
 */
function normal(dx, dy, sign) {
  return [dy * sign, -dx * sign]
}

/**
 * The edge's place beside a sample.
 *
 * @param {Sample} sample
 * @param {Sign} sign
 */
function side(sample, sign) {
  return reach(sample, normal(sample.dx, sample.dy, sign))
}

/**
 * The place at a sample's radius in a direction.
 *
 * @param {Sample} sample
 * @param {Position} direction
 * @returns {Position}
 */
function reach(sample, direction) {
  return [sample.x + direction[0] * sample.radius, sample.y + direction[1] * sample.radius]
}

module.exports = { distance, dot, normal, reach, side, size }
