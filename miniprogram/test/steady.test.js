const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Recorder } = require('../lib/recorder')
const { Steady, readSteady, writeSteady } = require('../lib/steady')
const { penOn } = require('../lib/pen')
const { fakeTime, fakeWx } = require('./fakes')

/** CSS px per grid unit of a new drawing on a phone. */
const SCALE = 350 / 6144
/** The circle's radius, CSS px, and its middle. */
const RADIUS = 90
const MIDDLE = { x: 175.3, y: 200.7 }

/** Numbers with the standard deviation 1, always the same. */
function noise(seed) {
  let state = seed
  const next = () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return (state + 0.5) / 4294967296
  }
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next())
}

/** A circle as a hand draws it. */
function circle(count, { tremor = 0, whole = false } = {}) {
  const random = noise(count)
  return Array.from({ length: count + 1 }, (_, i) => {
    const angle = (i / count) * 2 * Math.PI - Math.PI / 2
    const x = MIDDLE.x + RADIUS * Math.cos(angle) + tremor * random()
    const y = MIDDLE.y + RADIUS * Math.sin(angle) + tremor * random()
    return whole ? { x: Math.round(x), y: Math.round(y) } : { x, y }
  })
}

/** The stroke that a recorder makes of it, its points in CSS px. */
function recorded(places, pen = {}) {
  const strokes = []
  const nothing = () => {}
  const recorder = new Recorder({
    calls: { begin: nothing, extend: nothing, end: (stroke) => strokes.push(stroke), withdraw: nothing, pinch: nothing, pinchEnd: nothing, twoFingerTap: nothing, twoFingerDoubleTap: nothing },
    pen: () => ({ tool: 'pen', color: '#22211f', width: 30, steady: true, ...pen }),
    toGrid: (x, y) => ({ x: x / SCALE, y: y / SCALE }),
    bounds: () => ({ x: 24_576, y: 32_768 }),
    at: () => 0,
    timers: fakeTime(0),
  })
  const event = (place, i, down) => ({ timeStamp: 1_000 + i * 16, touches: down ? [{ identifier: 0, ...place }] : [], changedTouches: [{ identifier: 0, ...place }] })
  places.forEach((place, i) => recorder[i ? 'move' : 'start'](event(place, i, true)))
  recorder.end(event(places.at(-1), places.length, false))
  const [{ points }] = strokes
  const knots = []
  let x = 0
  let y = 0
  for (let i = 0; i < points.length; i += 3) {
    x += points[i]
    y += points[i + 1]
    knots.push({ x: x * SCALE, y: y * SCALE })
  }
  return knots
}

/** How much the direction of the line trembles between points some 2 px apart: degrees, root of the mean square. */
function tremble(knots) {
  const angles = []
  for (let i = 2; i + 2 < knots.length; i += 1) {
    const [a, b, c] = [knots[i - 2], knots[i], knots[i + 2]]
    const turn = Math.atan2(c.y - b.y, c.x - b.x) - Math.atan2(b.y - a.y, b.x - a.x)
    angles.push(((turn + 3 * Math.PI) % (2 * Math.PI)) - Math.PI)
  }
  const mean = angles.reduce((sum, angle) => sum + angle, 0) / angles.length
  return (Math.sqrt(angles.reduce((sum, angle) => sum + (angle - mean) ** 2, 0) / angles.length) * 180) / Math.PI
}

test('a trembling hand and a mouse draw a steadier line', () => {
  for (const how of [{ tremor: 0.35 }, { whole: true }]) {
    const places = circle(240, how)
    const [rough, steady] = [tremble(recorded(places, { steady: false })), tremble(recorded(places))]
    assert.ok(steady < rough / 2, `${JSON.stringify(how)}: ${steady.toFixed(1)} beside ${rough.toFixed(1)} degrees`)
  }
})

test('a fast curve is not bent', () => {
  const knots = recorded(circle(48))
  const farthest = Math.max(...knots.map(({ x, y }) => Math.abs(Math.hypot(x - MIDDLE.x, y - MIDDLE.y) - RADIUS)))
  assert.ok(farthest < 0.3, `${farthest} px`)
})

test('the line begins and ends at the finger', () => {
  for (const count of [20, 48, 240]) {
    const places = circle(count, { tremor: 0.35 })
    const knots = recorded(places)
    for (const [knot, place] of [[knots[0], places[0]], [knots.at(-1), places.at(-1)]]) {
      assert.ok(Math.hypot(knot.x - place.x, knot.y - place.y) <= SCALE, JSON.stringify([knot, place]))
    }
  }
})

test('while it is drawn too, the line reaches the finger', () => {
  const seen = []
  const recorder = new Recorder({
    calls: { begin() {}, end() {}, withdraw() {}, pinch() {}, pinchEnd() {}, twoFingerTap() {}, twoFingerDoubleTap() {}, extend: ({ points }) => seen.push([0, 1].map((at) => points.filter((_, i) => i % 3 === at).reduce((sum, step) => sum + step))) },
    pen: () => ({ tool: 'ink', color: '#22211f', width: 30, steady: true }),
    toGrid: (x, y) => ({ x: x * 10, y: y * 10 }),
    bounds: () => ({ x: 9_999, y: 9_999 }),
    at: () => 0,
    timers: fakeTime(0),
  })
  const places = [[10, 10], [20, 11], [33, 13], [47, 16], [47.2, 16.4]]
  places.forEach(([x, y], i) => recorder[i ? 'move' : 'start']({ timeStamp: 1 + 16 * i, touches: [{ identifier: 0, x, y }], changedTouches: [{ identifier: 0, x, y }] }))
  assert.deepEqual(seen, places.slice(1).map(([x, y]) => [Math.round(x * 10), Math.round(y * 10)]))
})

test('the eraser, and a hand that wants no help, are taken as they are', () => {
  const places = circle(60, { tremor: 0.35 })
  const exact = places.map(({ x, y }) => [Math.round(x / SCALE), Math.round(y / SCALE)])
  for (const pen of [{ tool: 'eraser' }, { steady: false }]) {
    assert.deepEqual(recorded(places, pen).map(({ x, y }) => [Math.round(x / SCALE), Math.round(y / SCALE)]), exact)
  }
})

test('points of a steadied line are so far apart that the grid does not show', () => {
  const knots = recorded(circle(1_500))
  const steps = knots.slice(1, -1).map(({ x, y }, i) => Math.hypot(x - knots[i].x, y - knots[i].y) / SCALE)
  assert.ok(Math.min(...steps) >= 6, `${Math.min(...steps)} grid units`)
})

test('all positions of a movement count where the platform tells them', () => {
  const strokes = []
  const recorder = new Recorder({
    calls: { begin() {}, extend: () => strokes.push('extend'), end: (stroke) => strokes.push(stroke), withdraw() {}, pinch() {}, pinchEnd() {}, twoFingerTap() {}, twoFingerDoubleTap() {} },
    pen: () => ({ tool: 'pen', color: '#22211f', width: 30 }),
    toGrid: (x, y) => ({ x, y }),
    bounds: () => ({ x: 999, y: 999 }),
    at: () => 0,
    timers: fakeTime(0),
  })
  const touch = (x, coalesced) => ({ identifier: 0, x, y: 5, coalesced })
  recorder.start({ timeStamp: 100, touches: [touch(10)], changedTouches: [touch(10)] })
  const coalesced = [[12, 104], [15, 108], [20, 116]].map(([x, timeStamp]) => ({ x, y: 5, timeStamp }))
  recorder.move({ timeStamp: 116, touches: [touch(20)], changedTouches: [touch(20, coalesced)] })
  recorder.end({ timeStamp: 120, touches: [], changedTouches: [touch(20)] })
  assert.deepEqual(strokes[0], 'extend')
  assert.deepEqual(strokes[1].points, [10, 5, 0, 2, 0, 4, 3, 0, 4, 5, 0, 8])
  assert.equal(strokes.length, 2)
})

test('steady is on until it is switched off on this phone', () => {
  const wx = fakeWx()
  assert.equal(readSteady(wx), true)
  writeSteady(wx, false)
  assert.equal(readSteady(wx), false)
  writeSteady(wx, true)
  assert.equal(readSteady(wx), true)
})

test('a pen is as wide on a finer grid', () => {
  const wx = fakeWx()
  const limits = { one_stroke_length: 8_192 }
  const pen = (tool, mode, width) => penOn(wx, { tool, color: '#22211f', width: 24, mode }, { width }, limits)
  assert.deepEqual(pen('pen', 'free', 2_048), { tool: 'pen', color: '#22211f', width: 24, length: undefined, steady: true, holds: true })
  assert.deepEqual([pen('pen', 'one_stroke', 6_144).width, pen('pen', 'one_stroke', 6_144).length], [72, 24_576])
  assert.deepEqual([pen('eraser', 'free', 6_144).width, pen('eraser', 'free', 1_024).width], [144, 48])
})

test('the filter does not move a resting hand', () => {
  const steady = new Steady(10, 10, 0)
  for (let i = 1; i < 9; i += 1) assert.deepEqual(steady.next(10, 10, i * 16), { x: 10, y: 10 })
})
