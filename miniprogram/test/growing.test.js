const assert = require('node:assert/strict')
const { test } = require('node:test')

const geometry = require('../lib/geometry')
const { Growing } = require('../lib/growing')

/** A hand that writes loops, slow and fast. @param {string} tool @param {number} count */
function loops(tool, count, { scale = 1, width = 52 } = {}) {
  const points = [600 * scale, 900 * scale, 0]
  for (let i = 1; i < count; i += 1) {
    const speed = 14 + 12 * Math.sin(i / 17)
    points.push(Math.round(speed * Math.cos(i / 9) * scale), Math.round(speed * Math.sin(i / 7) * scale), i % 3 ? 17 : 16)
  }
  return { tool, color: '#22211f', width: width * scale, points }
}

/** The widths of a shape's polygons or line at many places: how far points on a raster are inside. */
function inside(shapes, x, y) {
  return shapes.some((shape) => {
    if (shape.kind === 'dot') return Math.hypot(x - shape.x, y - shape.y) <= shape.radius
    if (shape.kind === 'line') return false
    let winding = 0
    for (const polygon of shape.polygons) {
      for (let i = 0; i < polygon.length; i += 2) {
        const [ax, ay] = [polygon[i], polygon[i + 1]]
        const [bx, by] = [polygon[(i + 2) % polygon.length], polygon[(i + 3) % polygon.length]]
        const right = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
        if (ay <= y && by > y && right > 0) winding += 1
        else if (ay > y && by <= y && right < 0) winding -= 1
      }
    }
    return winding !== 0
  })
}

/** The share of inked places in which two lists of shapes differ. */
function difference(a, b) {
  let inked = 0
  let differ = 0
  for (let y = 0; y < 2731; y += 7) {
    for (let x = 0; x < 2048; x += 7) {
      const [first, second] = [inside(a, x, y), inside(b, x, y)]
      if (first || second) inked += 1
      if (first !== second) differ += 1
    }
  }
  assert.ok(inked > 300, `${inked} places are inked`)
  return differ / inked
}

/** The settled pieces and the tail after each of the stroke's points. */
function grown(stroke, unit = 1) {
  const growing = new Growing(stroke, unit)
  const pieces = []
  for (let numbers = 3; numbers <= stroke.points.length; numbers += 3) {
    growing.read(numbers)
    const piece = growing.settle()
    if (piece) pieces.push(piece)
  }
  return { growing, pieces }
}

test('ink that is being drawn is the finished ink', () => {
  for (const width of [10, 52, 112]) {
    const stroke = loops('ink', 160, { width })
    const { growing, pieces } = grown(stroke)
    assert.ok(pieces.length > 3, `${pieces.length} pieces`)
    const share = difference([...pieces, growing.tail(0)], [geometry.shape(stroke)])
    assert.ok(share < 0.01, `${width}: ${share}`)
  }
})

test('settled ink is the ink of the finished stroke, though most of it is still to come', () => {
  const stroke = loops('ink', 160)
  const early = { ...stroke, points: stroke.points.slice(0, 240) }
  const { pieces } = grown(early)
  const whole = [geometry.shape(stroke)]
  let outside = 0
  let inked = 0
  for (let y = 0; y < 2731; y += 5) {
    for (let x = 0; x < 2048; x += 5) {
      if (!inside(pieces, x, y)) continue
      inked += 1
      if (!inside(whole, x, y)) outside += 1
    }
  }
  assert.ok(inked > 200 && outside / inked < 0.01, `${outside} of ${inked} places`)
})

test('the tail of ink reaches the finger, and a rest makes its end round', () => {
  const stroke = loops('ink', 20)
  const { growing } = grown(stroke)
  const last = growing.knots[growing.knots.length - 1]
  const far = (shape) => Math.min(...shape.polygons[0].map((x, i, all) => (i % 2 ? Infinity : Math.hypot(x - last.x, all[i + 1] - last.y))))
  const moving = growing.tail(0)
  const resting = growing.tail(100)
  assert.ok(far(moving) < far(resting), 'a moving hand draws the end out to a point')
  assert.deepEqual(resting, geometry.shape({ ...stroke, points: [...stroke.points, 0, 0, 100] }))
})

test('a line in pieces is the line', () => {
  const stroke = loops('pen', 90)
  const { growing, pieces } = grown(stroke)
  assert.ok(pieces.length > 3)
  const parts = [...pieces, growing.tail(0)]
  const whole = geometry.shape(stroke)
  assert.deepEqual(parts.flatMap(({ segments }) => segments), whole.segments)
  parts.slice(1).forEach(({ start }, i) => assert.deepEqual(start, parts[i].segments.at(-1).slice(-2)))
})

test('the last point may become another one', () => {
  const points = [100, 100, 0, 20, 0, 16, 20, 0, 16]
  const growing = new Growing({ tool: 'pen', color: '#22211f', width: 10, points }, 1)
  growing.read(points.length)
  points.splice(6, 3, 0, 30, 16)
  growing.read(points.length)
  assert.deepEqual(growing.knots.map(({ x, y }) => [x, y]), [[100, 100], [120, 100], [120, 130]])
})

test('on a finer grid it is the same in units', () => {
  const coarse = grown(loops('ink', 60))
  const fine = grown(loops('ink', 60, { scale: 4 }), 4)
  assert.equal(fine.pieces.length, coarse.pieces.length)
  assert.equal(fine.growing.width, coarse.growing.width)
})

test('a frame of a long stroke costs no more than one of a short stroke', () => {
  const long = grown(loops('ink', 3_000, { width: 10 })).growing
  const short = grown(loops('ink', 300, { width: 10 })).growing
  const knots = ({ knots: { length }, cut }) => length - cut
  assert.ok(knots(long) <= knots(short) + 20, `${knots(long)} knots in the tail after ${long.knots.length}`)
})
