'use strict'

/**
 * How a stroke looks: the port of the server's definition, `common/src/geometry.rs`, which documents it.
 * Both compute in doubles with the same operations in the same order, so they agree to the last bit;
 * `common/tests/vectors/geometry.json` holds both to it. Do not tidy an expression here without the other.
 *
 * All lengths are grid units. Ink's speeds and tolerances are those of the default grid: on a finer grid they
 * count in units (`unitOf`), so a drawing looks the same on any grid.
 *
 * @typedef {[number, number]} Position x to the right, y down
 * @typedef {{ tool: 'pen' | 'ink' | 'eraser', color: string, alpha?: number, width: number, points: number[] }} Stroke
 *   a stroke as it is on the wire: `points` is `[x0, y0, 0, dx, dy, dt, …]`
 * @typedef {[number, number] | [number, number, number, number]} Segment
 *   a line to `[x, y]`, or a quadratic curve `[controlX, controlY, x, y]`
 * @typedef {{ kind: 'line', width: number, start: Position, segments: Segment[] }} Line
 *   a path to be stroked with round caps and joins
 * @typedef {{ kind: 'outline', polygons: number[][] }} Outline
 *   closed polygons `[x, y, x, y, …]` to be filled as one path by the non-zero rule
 * @typedef {{ kind: 'dot', x: number, y: number, radius: number }} Dot a disc
 * @typedef {{ x: number, y: number, time: number }} Knot a distinct point and when the hand came there
 * @typedef {{ x: number, y: number, radius: number, dx: number, dy: number }} Sample
 *   a place on the flattened curve, and the direction of the hand there
 * @typedef {1 | -1} Sign 1 on the left of the hand's way, -1 on the right
 */

const { inkShape, inkWidth } = require('./geometry/ink')
const { size } = require('./geometry/vector')

/** The width of the default grid. */
const DEFAULT_WIDTH = 2048

/**
 * The length on a paper's grid that one unit of the default grid stands for. A coarser grid counts as the
 * default one.
 *
 * @param {{ width: number }} paper
 */
function unitOf(paper) {
  return (paper.width > DEFAULT_WIDTH ? paper.width : DEFAULT_WIDTH) / DEFAULT_WIDTH
}

/**
 * A stroke's shape, to be drawn with one call so that anti-aliased edges never add up.
 *
 * @param {Stroke} stroke
 * @param {number} [unit] the paper's
 * @returns {Line | Outline | Dot}
 */
function shape(stroke, unit = 1) {
  const width = stroke.width
  const { knots, end } = readKnots(stroke.points)
  if (knots.length === 0) {
    return { kind: 'outline', polygons: [] }
  }
  const first = knots[0]
  if (knots.length === 1) {
    return { kind: 'dot', x: first.x, y: first.y, radius: width * 0.5 }
  }
  if (stroke.tool === 'ink' && end > 0) {
    return inkOnGrid(knots, end, width, unit)
  }
  return { kind: 'line', width, start: [first.x, first.y], segments: lineSegments(knots) }
}

/**
 * @param {Knot[]} knots
 * @param {number} end
 * @param {number} width
 * @param {number} unit
 * @returns {Outline}
 */
function inkOnGrid(knots, end, width, unit) {
  if (unit === 1) {
    return inkShape(knots, end, width)
  }
  const scaled = knots.map(({ x, y, time }) => ({ x: x / unit, y: y / unit, time }))
  const { kind, polygons } = inkShape(scaled, end, width / unit)
  return { kind, polygons: polygons.map((polygon) => polygon.map((number) => number * unit)) }
}

/**
 * The length of the way through all points.
 *
 * @param {number[]} points as on the wire
 */
function pathLength(points) {
  let length = 0
  for (let i = 3; i + 1 < points.length; i += 3) {
    length += size(points[i], points[i + 1])
  }
  return length
}

/**
 * Puts a shape into a canvas's current path and draws it with the current colour, caps and joins being set
 * here. The canvas's transformation has to map grid units to pixels.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Line | Outline | Dot} shape
 * @param {string} color
 */
function draw(context, shape, color) {
  context.beginPath()
  if (shape.kind === 'line') {
    context.moveTo(shape.start[0], shape.start[1])
    for (const segment of shape.segments) {
      if (segment.length === 2) {
        context.lineTo(segment[0], segment[1])
      } else {
        context.quadraticCurveTo(segment[0], segment[1], segment[2], segment[3])
      }
    }
    context.lineWidth = shape.width
    context.lineCap = 'round'
    context.lineJoin = 'round'
    context.strokeStyle = color
    context.stroke()
    return
  }
  if (shape.kind === 'outline') {
    // Not closed one by one: a fill closes them all, and a browser pays for closing by the polygons before.
    for (const points of shape.polygons) {
      context.moveTo(points[0], points[1])
      for (let i = 2; i < points.length; i += 2) {
        context.lineTo(points[i], points[i + 1])
      }
    }
  } else {
    context.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI)
  }
  context.fillStyle = color
  context.fill()
}

/**
 * Draws a stroke on a transparent layer, the eraser taking away what is there.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 * @param {number} [unit] the paper's
 */
function paint(context, stroke, unit = 1) {
  const erases = stroke.tool === 'eraser'
  context.globalCompositeOperation = erases ? 'destination-out' : 'source-over'
  context.globalAlpha = stroke.alpha === undefined ? 1 : stroke.alpha / 255
  draw(context, shape(stroke, unit), erases ? '#000000' : stroke.color)
  context.globalAlpha = 1
  context.globalCompositeOperation = 'source-over'
}

/**
 * The points without repetitions of a place, and when the hand was lifted.
 *
 * @param {number[]} points
 * @returns {{ knots: Knot[], end: number }}
 */
function readKnots(points) {
  /** @type {Knot[]} */
  const knots = []
  let x = 0
  let y = 0
  let time = 0
  for (let i = 0; i + 2 < points.length; i += 3) {
    x += points[i]
    y += points[i + 1]
    time += points[i + 2]
    const last = knots[knots.length - 1]
    if (last === undefined || last.x !== x || last.y !== y) {
      knots.push({ x, y, time })
    }
  }
  return { knots, end: time }
}

/**
 * @param {Knot[]} knots
 * @returns {Segment[]}
 */
function lineSegments(knots) {
  /** @type {Segment[]} */
  const segments = []
  for (let i = 1; i < knots.length; i += 1) {
    const a = knots[i - 1]
    const b = knots[i]
    const x = (a.x + b.x) * 0.5
    const y = (a.y + b.y) * 0.5
    segments.push(i === 1 ? [x, y] : [a.x, a.y, x, y])
  }
  const last = knots[knots.length - 1]
  segments.push([last.x, last.y])
  return segments
}

module.exports = { shape, inkWidth, pathLength, draw, paint, unitOf, DEFAULT_WIDTH }
