'use strict'

/**
 * How a stroke looks: the port of the server's definition, `common/src/geometry.rs`, which documents it.
 * Both compute in doubles with the same operations in the same order, so they agree to the last bit;
 * `common/tests/vectors/geometry.json` holds both to it. Do not tidy an expression here without the other.
 *
 * All lengths are grid units.
 *
 * @typedef {[number, number]} Position x to the right, y down
 * @typedef {{ tool: 'pen' | 'ink' | 'eraser', color: string, width: number, points: number[] }} Stroke
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
 * @typedef {{ x: number, y: number, radius: number }} Node
 * @typedef {1 | -1} Sign 1 on the left of the hand's way, -1 on the right
 * @typedef {{ sign: Sign, points: Position[], folded: boolean }} Edge
 *   an edge of the outline as it grows, and whether its last piece was folded
 * @typedef {{ polygons: number[][], last: Sample | null }} Fills what covers the inside of tight bends
 */

/** The speed that gives the middle of both extremes, in grid units per millisecond. */
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
/** How far the outline may lie beside the true curve. */
const TOLERANCE = 0.125
/** The most pieces that one curve is cut into. */
const MOST_PIECES = 32
/** The corners of a fill, in radii. */
const FILL = 0.95
/** How far fills are apart at least, in radii. */
const FILL_SPACING = 0.0625
/** Directions whose sum is shorter than this are opposite. */
const TINY = 1e-9

/**
 * A stroke's shape, to be drawn with one call so that anti-aliased edges never add up.
 *
 * @param {Stroke} stroke
 * @returns {Line | Outline | Dot}
 */
function shape(stroke) {
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
    return inkShape(knots, end, width)
  }
  return { kind: 'line', width, start: [first.x, first.y], segments: lineSegments(knots) }
}

/**
 * The width of ink at a speed, as a factor of the stroke's width.
 *
 * @param {number} speed grid units per millisecond
 */
function inkWidth(speed) {
  const ratio = speed / MIDDLE_SPEED
  return FAST + (SLOW - FAST) / (1 + ratio * ratio)
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
 */
function paint(context, stroke) {
  const erases = stroke.tool === 'eraser'
  context.globalCompositeOperation = erases ? 'destination-out' : 'source-over'
  draw(context, shape(stroke), erases ? '#000000' : stroke.color)
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

/**
 * @param {Knot[]} knots at least two
 * @param {number} end
 * @param {number} width
 * @returns {Outline}
 */
function inkShape(knots, end, width) {
  const way = wayTo(knots)
  const radii = inkRadii(knots, way, width)
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
 * @param {Knot[]} knots
 * @param {number[]} way
 * @param {number} strokeWidth
 */
function inkRadii(knots, way, strokeWidth) {
  const last = knots.length - 1
  /** @type {number[]} */
  const factors = []
  let from = 0
  let to = 0
  knots.forEach((knot, i) => {
    while (from + 1 < i && knot.time - knots[from].time > WINDOW) {
      from += 1
    }
    while (to < last && (to <= i || knots[to + 1].time - knot.time <= WINDOW)) {
      to += 1
    }
    const duration = knots[to].time - knots[from].time
    factors.push(duration > 0 ? inkWidth((way[to] - way[from]) / duration) : 1)
  })

  for (let i = 1; i <= last; i += 1) {
    smooth(factors, i - 1, i, way[i] - way[i - 1], strokeWidth)
  }
  for (let i = last; i > 0; i -= 1) {
    smooth(factors, i, i - 1, way[i] - way[i - 1], strokeWidth)
  }
  return factors.map((factor) => factor * strokeWidth * 0.5)
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
 * @param {Knot[]} knots
 * @param {number[]} radii
 * @param {number} width
 */
function flattened(knots, radii, width) {
  /** @type {Sample[]} */
  const samples = []
  const nodes = knots.map(({ x, y }, i) => ({ x, y, radius: radii[i] }))
  const first = nodes[0]
  const dx = nodes[1].x - first.x
  const dy = nodes[1].y - first.y
  const length = size(dx, dy)
  samples.push({ x: first.x, y: first.y, radius: first.radius, dx: dx / length, dy: dy / length })
  let from = first
  for (let i = 1; i < nodes.length; i += 1) {
    const end = middle(nodes[i - 1], nodes[i])
    flatten(from, i === 1 ? middle(from, end) : nodes[i - 1], end, width, samples)
    from = end
  }
  const last = nodes[nodes.length - 1]
  flatten(from, middle(from, last), last, width, samples)
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

/**
 * Draws the end out to a point.
 *
 * @param {Sample[]} samples
 * @param {number} speed
 * @param {number} width
 */
function taper(samples, speed, width) {
  const ratio = speed / MIDDLE_SPEED
  const wanted = (ratio * ratio) / (1 + ratio * ratio)
  let total = 0
  for (let i = 1; i < samples.length; i += 1) {
    total += distance(samples[i - 1], samples[i])
  }
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

/**
 * @param {Node} a
 * @param {Node} b
 * @returns {Node}
 */
function middle(a, b) {
  return { x: (a.x + b.x) * 0.5, y: (a.y + b.y) * 0.5, radius: (a.radius + b.radius) * 0.5 }
}

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

module.exports = { shape, inkWidth, pathLength, draw, paint }
