const assert = require('node:assert/strict')
const { test } = require('node:test')

const { Recorder, WITHDRAW_WITHIN, DOUBLE_TAP_WITHIN } = require('../lib/recorder')
const { View } = require('../lib/view')
const { fakeTime } = require('./fakes')

function setup(pen = {}) {
  const time = fakeTime(0)
  const log = []
  const calls = {}
  for (const name of ['begin', 'extend', 'end', 'withdraw', 'pinch', 'pinchEnd', 'twoFingerTap', 'twoFingerDoubleTap']) {
    calls[name] = (...args) => log.push([name, ...args])
  }
  const recorder = new Recorder({
    calls,
    pen: () => ({ tool: 'pen', color: '#22211f', width: 24, ...pen }),
    toGrid: (x, y) => ({ x: x * 5, y: y * 5 }),
    bounds: () => ({ x: 8192, y: 10924 }),
    at: () => 1234,
    now: time.now,
    timers: time,
  })
  const fingers = new Map()
  const event = (...changed) => ({
    touches: [...fingers].map(([identifier, [x, y]]) => ({ identifier, x, y })),
    changedTouches: changed.map(([identifier, [x, y]]) => ({ identifier, x, y })),
  })
  return {
    recorder, time, log,
    names: () => log.map(([name]) => name).filter((name, i, all) => name !== all[i - 1]),
    down(identifier, ...place) { fingers.set(identifier, place); recorder.start(event([identifier, place])) },
    move(identifier, ...place) { fingers.set(identifier, place); recorder.move(event([identifier, place])) },
    up(identifier) { const place = fingers.get(identifier); fingers.delete(identifier); recorder.end(event([identifier, place])) },
    cancel() { fingers.clear(); recorder.cancel({ touches: [], changedTouches: [] }) },
    strokes: () => log.filter(([name]) => name === 'end').map(([, stroke]) => stroke),
  }
}

test('a stroke is whole grid units, differences and milliseconds', async () => {
  const hand = setup()
  hand.down(0, 10.11, 20)
  await hand.time.pass(16)
  hand.move(0, 12, 21.5)
  await hand.time.pass(17)
  hand.move(0, 12, 21.5)
  await hand.time.pass(17)
  hand.move(0, 11, 30)
  hand.up(0)
  assert.deepEqual(hand.strokes(), [{ type: 'stroke', tool: 'pen', color: '#22211f', width: 24, at: 1234, points: [51, 100, 0, 9, 8, 16, -5, 42, 34] }])
  assert.deepEqual(hand.names(), ['begin', 'extend', 'end'])
})

test('a tap is one point, however long', async () => {
  const hand = setup({ tool: 'ink' })
  hand.down(0, 10, 20)
  await hand.time.pass(900)
  hand.up(0)
  assert.deepEqual(hand.strokes()[0].points, [50, 100, 0])
})

test('ink keeps the moment of lifting', async () => {
  const hand = setup({ tool: 'ink' })
  hand.down(0, 10, 20)
  await hand.time.pass(16)
  hand.move(0, 20, 20)
  await hand.time.pass(80)
  hand.up(0)
  assert.deepEqual(hand.strokes()[0].points, [50, 100, 0, 50, 0, 16, 0, 0, 80])
})

test('a second finger at once withdraws the stroke and pinches', async () => {
  const hand = setup()
  hand.down(0, 100, 100)
  await hand.time.pass(WITHDRAW_WITHIN)
  hand.down(1, 200, 100)
  hand.move(1, 300, 100)
  hand.move(1, 320, 100)
  hand.up(1)
  hand.move(0, 150, 150)
  hand.up(0)
  assert.deepEqual(hand.names(), ['begin', 'withdraw', 'pinch', 'pinchEnd'])
  const [, pinch] = hand.log.find(([name]) => name === 'pinch')
  assert.deepEqual(pinch, { factor: 2, x: 200, y: 100, dx: 50, dy: 0 })
  hand.down(2, 1, 1)
  assert.equal(hand.log.at(-1)[0], 'begin')
})

test('a later second touch is a palm: it ends the stroke and draws nothing', async () => {
  const hand = setup()
  hand.down(0, 100, 100)
  await hand.time.pass(WITHDRAW_WITHIN + 1)
  hand.move(0, 110, 100)
  hand.down(1, 300, 300)
  hand.move(0, 200, 200)
  hand.move(1, 350, 350)
  hand.up(0)
  hand.up(1)
  assert.deepEqual(hand.names(), ['begin', 'extend', 'end'])
  assert.deepEqual(hand.strokes()[0].points.length, 6)
})

test('touchcancel keeps what is drawn', () => {
  const hand = setup()
  hand.down(0, 100, 100)
  hand.move(0, 110, 100)
  hand.cancel()
  hand.down(0, 1, 1)
  assert.deepEqual(hand.names(), ['begin', 'extend', 'end', 'begin'])
})

test('a touchend that never came does not join two strokes', () => {
  const hand = setup()
  hand.recorder.start({ touches: [{ identifier: 0, x: 1, y: 1 }], changedTouches: [{ identifier: 0, x: 1, y: 1 }] })
  hand.recorder.start({ touches: [{ identifier: 5, x: 90, y: 90 }], changedTouches: [{ identifier: 5, x: 90, y: 90 }] })
  assert.deepEqual(hand.names(), ['begin', 'end', 'begin'])
})

test('two fingers tap once to undo, twice to fit', async () => {
  const hand = setup()
  const tap = async () => {
    hand.down(0, 100, 100)
    await hand.time.pass(10)
    hand.down(1, 160, 100)
    await hand.time.pass(60)
    hand.up(0)
    hand.up(1)
  }
  await tap()
  await hand.time.pass(DOUBLE_TAP_WITHIN)
  assert.deepEqual(hand.names(), ['begin', 'withdraw', 'twoFingerTap'])
  hand.log.length = 0
  await tap()
  await hand.time.pass(50)
  await tap()
  await hand.time.pass(1_000)
  assert.deepEqual(hand.names(), ['begin', 'withdraw', 'begin', 'withdraw', 'twoFingerDoubleTap'])
})

test('a second tap that begins in time counts, though the clock runs out under it', async () => {
  const hand = setup()
  const both = (...places) => {
    hand.down(0, ...places[0])
    hand.down(1, ...places[1])
  }
  const lift = () => {
    hand.up(0)
    hand.up(1)
  }
  both([100, 100], [160, 100])
  lift()
  await hand.time.pass(DOUBLE_TAP_WITHIN - 10)
  both([100, 100], [160, 100])
  await hand.time.pass(60)
  lift()
  assert.equal(hand.names().at(-1), 'twoFingerDoubleTap')
  assert.ok(!hand.names().includes('twoFingerTap'))
})

test('a tap and at once a stroke: the tap counts before the stroke does, and not while it is drawn', async () => {
  const hand = setup()
  hand.down(0, 100, 100)
  hand.down(1, 160, 100)
  hand.up(0)
  hand.up(1)
  hand.down(0, 10, 10)
  hand.move(0, 20, 10)
  await hand.time.pass(DOUBLE_TAP_WITHIN * 2)
  hand.move(0, 30, 10)
  assert.ok(!hand.names().includes('twoFingerTap'))
  hand.up(0)
  assert.deepEqual(hand.names().slice(-2), ['twoFingerTap', 'end'])
})

test('events are judged by their own time, however late they are handled', async () => {
  const hand = setup({ tool: 'ink' })
  const send = (how, timeStamp, touches, changed) => hand.recorder[how]({ touches, changedTouches: [changed], timeStamp })
  const at = (identifier, x, y) => ({ identifier, x, y })
  // A second finger that came in time, and was handled a second later.
  send('start', 5_000, [at(0, 100, 100)], at(0, 100, 100))
  await hand.time.pass(1_000)
  send('start', 5_000 + WITHDRAW_WITHIN, [at(0, 100, 100), at(1, 160, 100)], at(1, 160, 100))
  assert.deepEqual(hand.names(), ['begin', 'withdraw'])
  send('end', 5_200, [], at(0, 100, 100))
  // Moves that are handled all at once keep their pace.
  hand.log.length = 0
  send('start', 9_000, [at(2, 10, 20)], at(2, 10, 20))
  send('move', 9_016, [at(2, 20, 20)], at(2, 20, 20))
  send('move', 9_050, [at(2, 30, 20)], at(2, 30, 20))
  await hand.time.pass(300)
  // What has no time of its own, as a call that comes in, is put where it would be on the same clock.
  hand.recorder.cancel({})
  assert.deepEqual(hand.strokes()[0].points, [50, 100, 0, 50, 0, 16, 50, 0, 34, 0, 0, 300])
})

test('two fingers resting long are no tap', async () => {
  const hand = setup()
  hand.down(0, 100, 100)
  hand.down(1, 160, 100)
  await hand.time.pass(600)
  hand.up(0)
  hand.up(1)
  await hand.time.pass(600)
  assert.deepEqual(hand.names(), ['begin', 'withdraw'])
})

test('one stroke ends where its ink does, never a unit later', () => {
  for (const [dx, dy] of [[3, 1], [-7, 5], [40, 0], [0.3, -0.2]]) {
    const hand = setup({ length: 1000 })
    hand.down(0, 100, 100)
    for (let i = 1; i < 5000 && hand.strokes().length === 0; i += 1) hand.move(0, 100 + dx * i, 100 + dy * i)
    const [[, stroke, reason]] = hand.log.filter(([name]) => name === 'end')
    let way = 0
    for (let i = 3; i < stroke.points.length; i += 3) way += Math.hypot(stroke.points[i], stroke.points[i + 1])
    assert.equal(reason, 'limit')
    assert.ok(way <= 1000 && way > 990, String(way))
    hand.move(0, 500, 500)
    hand.up(0)
    assert.equal(hand.strokes().length, 1)
  }
})

test('a stroke that is full goes on in another', () => {
  const hand = setup()
  hand.recorder.maxPoints = 10
  hand.down(0, 0, 0)
  for (let i = 1; i < 25; i += 1) hand.move(0, i, 0)
  hand.up(0)
  const strokes = hand.strokes()
  assert.deepEqual(strokes.map(({ points }) => points.length / 3), [10, 10, 7])
  assert.equal(strokes[1].points[0], 9 * 5)
})

test('places far outside are kept within the bounds', () => {
  const hand = setup()
  hand.down(0, -9999, 9999)
  assert.deepEqual(hand.log[0][1].points, [-8192, 10924, 0])
})

test('a view keeps what lies between the fingers there, and the box covered', () => {
  const view = new View()
  view.resize(300, 400, { width: 2048 })
  const before = view.toGrid(100, 150)
  view.pinch({ factor: 3, x: 100, y: 150, dx: 0, dy: 0 })
  const after = view.toGrid(100, 150)
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9)
  view.pinch({ factor: 100, x: 0, y: 0, dx: 900, dy: 900 })
  assert.deepEqual([view.zoom, view.x, view.y], [8, 0, 0])
  view.pinch({ factor: 1, x: 0, y: 0, dx: -99999, dy: -99999 })
  assert.deepEqual(view.toGrid(300, 400), { x: 2048, y: (400 / 300) * 2048 })
  view.pinch({ factor: 0.001, x: 50, y: 50, dx: 0, dy: 0 })
  assert.deepEqual([view.zoom, view.x + 0, view.y + 0], [1, 0, 0])
})

test('a finger that rests where it came down holds: its stroke is withdrawn and nothing is drawn until it is lifted', async () => {
  const hand = setup({ holds: true })
  hand.recorder.calls.hold = (place) => hand.log.push(['hold', place])
  hand.down(0, 10, 20)
  await hand.time.pass(300)
  hand.move(0, 13, 22)
  await hand.time.pass(300)
  hand.move(0, 90, 90)
  hand.up(0)
  assert.deepEqual(hand.names(), ['begin', 'extend', 'withdraw', 'hold'])
  assert.deepEqual(hand.log.at(-1)[1], { x: 10, y: 20 })
})

test('a finger that moves, is lifted or is joined by another holds nothing', async () => {
  const holding = () => {
    const hand = setup({ holds: true })
    hand.recorder.calls.hold = () => hand.log.push(['hold'])
    hand.down(0, 10, 20)
    return hand
  }
  const moved = holding()
  moved.move(0, 17, 20)
  await moved.time.pass(900)
  assert.ok(!moved.names().includes('hold'))
  const lifted = holding()
  lifted.up(0)
  await lifted.time.pass(900)
  assert.deepEqual(lifted.names(), ['begin', 'end'])
  const joined = holding()
  joined.down(1, 90, 20)
  await joined.time.pass(900)
  assert.deepEqual(joined.names(), ['begin', 'withdraw'])
})
